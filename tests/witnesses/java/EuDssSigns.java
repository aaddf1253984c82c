import eu.europa.esig.dss.signature.AbstractSignatureParameters;
import eu.europa.esig.dss.asic.cades.ASiCWithCAdESSignatureParameters;
import eu.europa.esig.dss.asic.cades.signature.ASiCWithCAdESService;
import eu.europa.esig.dss.asic.xades.ASiCWithXAdESSignatureParameters;
import eu.europa.esig.dss.asic.xades.signature.ASiCWithXAdESService;
import eu.europa.esig.dss.cades.CAdESSignatureParameters;
import eu.europa.esig.dss.cades.signature.CAdESService;
import eu.europa.esig.dss.enumerations.ASiCContainerType;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.enumerations.SignaturePackaging;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.SignatureValue;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.service.http.commons.TimestampDataLoader;
import eu.europa.esig.dss.service.tsp.OnlineTSPSource;
import eu.europa.esig.dss.signature.DocumentSignatureService;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.token.DSSPrivateKeyEntry;
import eu.europa.esig.dss.token.Pkcs12SignatureToken;
import eu.europa.esig.dss.xades.XAdESSignatureParameters;
import eu.europa.esig.dss.xades.signature.XAdESService;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;

/**
 * Lets EU DSS sign. Arguments: the time-stamping service, a PKCS#12 file and its passphrase, then the certificates
 * (.pem) and revocation lists (.crl) of the authority. A line on stdin: form, shape, level, file, file to write; on
 * stdout the line comes back with "ok" or what went wrong behind it.
 */
public class EuDssSigns {
    private static final CommonCertificateVerifier VERIFIER = new CommonCertificateVerifier();
    private static Pkcs12SignatureToken token;
    private static DSSPrivateKeyEntry key;
    private static OnlineTSPSource tsa;

    public static void main(String[] given) throws Exception {
        tsa = new OnlineTSPSource(given[0]);
        tsa.setDataLoader(new TimestampDataLoader());
        token = new Pkcs12SignatureToken(given[1], new KeyStore.PasswordProtection(given[2].toCharArray()));
        key = token.getKeys().get(0);
        CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
        List<InputStream> lists = new ArrayList<>();
        for (int place = 3; place < given.length; place++) {
            if (given[place].endsWith(".crl")) lists.add(new FileInputStream(given[place]));
            else anchors.addCertificate(DSSUtils.loadCertificate(new File(given[place])));
        }
        VERIFIER.setTrustedCertSources(anchors);
        VERIFIER.setCrlSource(new ExternalResourcesCRLSource(lists.toArray(new InputStream[0])));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            String[] words = line.split("\t");
            String answer = "ok";
            try {
                sign(words[0], words[1], words[2], new FileDocument(words[3])).save(words[4]);
            } catch (Exception error) { // it is the answer about this file
                answer = String.valueOf(error).replaceAll("\\s+", " ");
            }
            System.out.println(line + "\t" + answer);
        }
    }

    private static DSSDocument sign(String form, String shape, String level, DSSDocument document) throws Exception {
        SignatureLevel wanted = SignatureLevel.valueOf(form + "_BASELINE_" + level.substring(2));
        boolean container = shape.startsWith("ASiC");
        switch (container ? "ASiC " + form : form) {
            case "PAdES":
                return signed(new PAdESService(VERIFIER), new PAdESSignatureParameters(), wanted, null, document);
            case "CAdES":
                return signed(new CAdESService(VERIFIER), new CAdESSignatureParameters(), wanted, shape, document);
            case "XAdES":
                return signed(new XAdESService(VERIFIER), new XAdESSignatureParameters(), wanted, shape, document);
            case "ASiC CAdES":
                ASiCWithCAdESSignatureParameters cms = new ASiCWithCAdESSignatureParameters();
                cms.aSiC().setContainerType(ASiCContainerType.valueOf(shape.replace('-', '_')));
                return signed(new ASiCWithCAdESService(VERIFIER), cms, wanted, null, document);
            default:
                ASiCWithXAdESSignatureParameters xml = new ASiCWithXAdESSignatureParameters();
                xml.aSiC().setContainerType(ASiCContainerType.valueOf(shape.replace('-', '_')));
                return signed(new ASiCWithXAdESService(VERIFIER), xml, wanted, null, document);
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // the services differ in nothing but the kind of parameters
    private static DSSDocument signed(DocumentSignatureService service, AbstractSignatureParameters parameters,
            SignatureLevel level, String packaging, DSSDocument document) throws Exception {
        service.setTspSource(tsa);
        parameters.setSignatureLevel(level);
        if (packaging != null) parameters.setSignaturePackaging(SignaturePackaging.valueOf(packaging));
        parameters.setDigestAlgorithm(DigestAlgorithm.SHA256);
        parameters.setSigningCertificate(key.getCertificate());
        parameters.setCertificateChain(key.getCertificateChain());
        SignatureValue value = token.sign(service.getDataToSign(document, parameters), DigestAlgorithm.SHA256, key);
        return service.signDocument(document, parameters, value);
    }
}
