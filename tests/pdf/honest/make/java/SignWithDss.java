import eu.europa.esig.dss.enumerations.*;
import eu.europa.esig.dss.model.*;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.pades.*;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.service.http.commons.TimestampDataLoader;
import eu.europa.esig.dss.service.tsp.OnlineTSPSource;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.token.*;
import java.io.File;
import java.security.KeyStore;
import java.util.Map;

/**
 * Signs or extends with the EU's DSS. Words: in= out= key= passphrase= trust=FOLDER tsa=URL level=B|T|LT|LTA, and
 * do=sign|extend, permission=1..3, field=NAME.
 */
public class SignWithDss {
    public static void main(String[] given) throws Exception {
        Map<String, String> words = Cms.words(given);
        String trust = words.get("trust");
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
        // DSS asks no list about an issuer that names no address of one: the issuing authority is an anchor here
        for (String name : new String[] {"root.pem", "issuing.pem"}) {
            anchors.addCertificate(DSSUtils.loadCertificate(new File(trust, name)));
        }
        verifier.setTrustedCertSources(anchors);
        verifier.setCrlSource(new ExternalResourcesCRLSource(
            new java.io.FileInputStream(trust + "/root.crl"), new java.io.FileInputStream(trust + "/issuing.crl")));
        PAdESService service = new PAdESService(verifier);
        OnlineTSPSource tsp = new OnlineTSPSource(words.get("tsa"));
        tsp.setDataLoader(new TimestampDataLoader());
        service.setTspSource(tsp);
        PAdESSignatureParameters parameters = new PAdESSignatureParameters();
        parameters.setSignatureLevel(SignatureLevel.valueOf("PAdES_BASELINE_" + words.get("level")));
        parameters.setDigestAlgorithm(DigestAlgorithm.SHA256);
        DSSDocument document = new FileDocument(words.get("in"));
        DSSDocument result;
        if (words.getOrDefault("do", "sign").equals("extend")) {
            result = service.extendDocument(document, parameters);
        } else {
            char[] passphrase = words.get("passphrase").toCharArray();
            try (Pkcs12SignatureToken token = new Pkcs12SignatureToken(words.get("key"), new KeyStore.PasswordProtection(passphrase))) {
                DSSPrivateKeyEntry key = token.getKeys().get(0);
                parameters.setSigningCertificate(key.getCertificate());
                parameters.setCertificateChain(key.getCertificateChain());
                parameters.setReason("Thử nghiệm");
                if (words.containsKey("permission")) {
                    parameters.setPermission(CertificationPermission.values()[Integer.parseInt(words.get("permission")) - 1]);
                }
                if (words.containsKey("field")) {
                    parameters.getImageParameters().getFieldParameters().setFieldId(words.get("field"));
                }
                ToBeSigned bytes = service.getDataToSign(document, parameters);
                SignatureValue value = token.sign(bytes, DigestAlgorithm.SHA256, key);
                result = service.signDocument(document, parameters, value);
            }
        }
        result.save(words.get("out"));
    }
}
