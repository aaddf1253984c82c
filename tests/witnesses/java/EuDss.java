import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.EvidenceRecordWrapper;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks EU DSS about files, without any network. Arguments: certificates to trust. A line on stdin: a file, a tab,
 * the files it signs (with semicolons). A line on stdout for each: the file, then one field for every signature
 * (S|indication|sub-indication|form|intact|valid), time-stamp (T|…|kind|digest right|valid), evidence record
 * (E|…|form), or exception (X|name|message).
 */
public class EuDss {
    public static void main(String[] anchors) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        for (String anchor : anchors) trusted.addCertificate(DSSUtils.loadCertificate(new File(anchor)));
        for (String line; (line = in.readLine()) != null; ) {
            String[] parts = line.split("\t");
            StringBuilder answer = new StringBuilder(parts[0]);
            try {
                ask(parts, trusted, answer);
            } catch (Throwable error) { // whatever it is, it is the answer about this file
                field(answer, "X", error.getClass().getSimpleName(),
                        String.valueOf(error.getMessage()).replaceAll("\\s+", " "));
            }
            out.println(answer);
        }
    }

    private static void ask(String[] parts, CommonTrustedCertificateSource trusted, StringBuilder answer) {
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(parts[0]));
        CommonCertificateVerifier verifier = new CommonCertificateVerifier(true);
        verifier.setTrustedCertSources(trusted);
        validator.setCertificateVerifier(verifier);
        if (parts.length > 1 && !parts[1].isEmpty()) {
            List<DSSDocument> contents = new ArrayList<>();
            for (String one : parts[1].split(";")) contents.add(new FileDocument(one));
            validator.setDetachedContents(contents);
        }
        Reports reports = validator.validateDocument();
        SimpleReport simple = reports.getSimpleReport();
        DiagnosticData data = reports.getDiagnosticData();
        for (SignatureWrapper one : data.getSignatures())
            field(answer, "S", simple.getIndication(one.getId()), simple.getSubIndication(one.getId()),
                    one.getSignatureFormat(), one.isSignatureIntact(), one.isSignatureValid());
        for (TimestampWrapper one : data.getTimestampList())
            field(answer, "T", simple.getIndication(one.getId()), simple.getSubIndication(one.getId()),
                    one.getType(), one.isMessageImprintDataIntact(), one.isSignatureValid());
        for (EvidenceRecordWrapper one : data.getEvidenceRecords())
            field(answer, "E", simple.getIndication(one.getId()), simple.getSubIndication(one.getId()),
                    one.getEvidenceRecordType());
    }

    private static void field(StringBuilder answer, Object... words) {
        answer.append('\t');
        for (int place = 0; place < words.length; place++)
            answer.append(place == 0 ? "" : "|").append(words[place] == null ? "" : words[place]);
    }
}
