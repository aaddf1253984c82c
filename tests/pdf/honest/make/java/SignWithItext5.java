import com.itextpdf.text.Rectangle;
import com.itextpdf.text.pdf.*;
import com.itextpdf.text.pdf.security.*;
import java.io.*;
import java.util.*;

/**
 * Saves a PDF incrementally with iText 5. Words: in= out= key= passphrase=, and do=sign|fill|note|ltv|stamp,
 * form=pades|pkcs7, permission=1..3, field=NAME, value=TEXT, visible=yes, tsa=URL, crl=FILE (may repeat, by ',').
 */
public class SignWithItext5 {
    public static void main(String[] given) throws Exception {
        Map<String, String> words = Cms.words(given);
        PdfReader reader = new PdfReader(words.get("in"), words.getOrDefault("password", "").getBytes());
        OutputStream output = new FileOutputStream(words.get("out"));
        String what = words.getOrDefault("do", "sign");
        if (what.equals("sign") || what.equals("stamp")) {
            sign(reader, output, words, what.equals("stamp"));
            return;
        }
        PdfStamper stamper = new PdfStamper(reader, output, '\0', true);
        if (what.equals("fill")) {
            stamper.getAcroFields().setField(words.get("field"), words.get("value"));
        } else if (what.equals("note")) {
            Rectangle box = new Rectangle(500, 790, 520, 810);
            stamper.addAnnotation(PdfAnnotation.createText(stamper.getWriter(), box, "Xem", "Đã xem", false, "Note"), 1);
        } else {
            Cms cms = new Cms(words);
            List<byte[]> lists = new ArrayList<>();
            for (String name : words.get("crl").split(",")) {
                lists.add(new FileInputStream(name).readAllBytes());
            }
            LtvVerification store = stamper.getLtvVerification();
            List<byte[]> certificates = new ArrayList<>();
            for (java.security.cert.Certificate one : cms.chain) {
                certificates.add(one.getEncoded());
            }
            for (String name : stamper.getAcroFields().getSignatureNames()) {
                store.addVerification(name, null, lists, certificates);
            }
            store.merge();
        }
        stamper.close();
    }

    static void sign(PdfReader reader, OutputStream output, Map<String, String> words, boolean stamp) throws Exception {
        PdfStamper stamper = PdfStamper.createSignature(reader, output, '\0', null, true);
        PdfSignatureAppearance appearance = stamper.getSignatureAppearance();
        TSAClient tsa = words.containsKey("tsa") ? new TSAClientBouncyCastle(words.get("tsa"), null, null, 4096, "SHA-256") : null;
        if (stamp) {
            LtvTimestamp.timestamp(appearance, tsa, words.get("field"));
            return;
        }
        Cms cms = new Cms(words);
        appearance.setReason("Thử nghiệm");
        appearance.setCertificationLevel(Integer.parseInt(words.getOrDefault("permission", "0")));
        if (words.containsKey("visible")) {
            appearance.setVisibleSignature(new Rectangle(350, 80, 500, 130), 1, words.get("field"));
            appearance.setLayer2Text("Nguyen Van Mau");
        } else if (words.containsKey("field")) {
            appearance.setVisibleSignature(words.get("field"));
        }
        boolean pades = words.getOrDefault("form", "pades").equals("pades");
        MakeSignature.signDetached(appearance, new BouncyCastleDigest(), new PrivateKeySignature(cms.key, "SHA-256", null),
            cms.chain, null, null, tsa, 0, pades ? MakeSignature.CryptoStandard.CADES : MakeSignature.CryptoStandard.CMS);
    }
}
