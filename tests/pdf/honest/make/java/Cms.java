import java.io.FileInputStream;
import java.io.InputStream;
import java.security.*;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.*;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.cms.*;
import org.bouncycastle.asn1.ess.*;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.operator.jcajce.*;

/** A key of a PKCS#12 file and the CMS that BouncyCastle makes with it. */
class Cms {
    final PrivateKey key;
    final Certificate[] chain;

    Cms(Map<String, String> words) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        char[] passphrase = words.get("passphrase").toCharArray();
        try (InputStream file = new FileInputStream(words.get("key"))) {
            store.load(file, passphrase);
        }
        String alias = store.aliases().nextElement();
        key = (PrivateKey) store.getKey(alias, passphrase);
        chain = store.getCertificateChain(alias);
    }

    /** Words of the form name=value. */
    static Map<String, String> words(String[] given) {
        Map<String, String> words = new LinkedHashMap<>();
        for (String word : given) {
            int place = word.indexOf('=');
            words.put(word.substring(0, place), word.substring(place + 1));
        }
        return words;
    }

    /**
     * Detached signed data, "BER" (indefinite lengths, as programs write what BouncyCastle gives them) or "DER".
     * PAdES has a signing certificate and no signing time, the older form the reverse.
     */
    byte[] detached(InputStream content, boolean pades, String encoding) throws Exception {
        X509Certificate signer = (X509Certificate) chain[0];
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        String algorithm = key.getAlgorithm().startsWith("EC") ? "SHA256withECDSA" : "SHA256withRSA";
        JcaSignerInfoGeneratorBuilder builder =
            new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build());
        if (pades) {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(signer.getEncoded());
            SigningCertificateV2 named = new SigningCertificateV2(new ESSCertIDv2[] {new ESSCertIDv2(hash)});
            Attribute attribute = new Attribute(PKCSObjectIdentifiers.id_aa_signingCertificateV2, new DERSet(named));
            AttributeTable fixed = new AttributeTable(new DERSet(attribute));
            builder.setSignedAttributeGenerator(new DefaultSignedAttributeTableGenerator(fixed) {
                @Override
                protected Hashtable createStandardAttributeTable(Map parameters) {
                    Hashtable table = super.createStandardAttributeTable(parameters);
                    table.remove(CMSAttributes.signingTime);
                    return table;
                }
            });
        }
        generator.addSignerInfoGenerator(builder.build(new JcaContentSignerBuilder(algorithm).build(key), signer));
        generator.addCertificates(new JcaCertStore(Arrays.asList(chain)));
        return generator.generate(new CMSProcessableByteArray(content.readAllBytes()), false).getEncoded(encoding);
    }
}
