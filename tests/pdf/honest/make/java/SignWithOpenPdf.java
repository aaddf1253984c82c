import com.lowagie.text.Rectangle;
import com.lowagie.text.pdf.*;
import java.io.*;
import java.util.*;

/**
 * Saves a PDF incrementally with OpenPDF. Words: in= out= key= passphrase=, and do=sign|fill,
 * form=pades|pkcs7|sha1|x509 (the last two are OpenPDF's own old forms), permission=1..3, field=NAME, value=TEXT,
 * visible=yes.
 */
public class SignWithOpenPdf {
    public static void main(String[] given) throws Exception {
        Map<String, String> words = Cms.words(given);
        PdfReader reader = new PdfReader(words.get("in"), words.getOrDefault("password", "").getBytes());
        OutputStream output = new FileOutputStream(words.get("out"));
        if (words.getOrDefault("do", "sign").equals("fill")) {
            PdfStamper stamper = new PdfStamper(reader, output, '\0', true);
            stamper.getAcroFields().setField(words.get("field"), words.get("value"));
            stamper.close();
            return;
        }
        sign(reader, output, words);
    }

    static void sign(PdfReader reader, OutputStream output, Map<String, String> words) throws Exception {
        Cms cms = new Cms(words);
        PdfStamper stamper = PdfStamper.createSignature(reader, output, '\0', null, true);
        PdfSignatureAppearance appearance = stamper.getSignatureAppearance();
        appearance.setReason("Thử nghiệm");
        appearance.setSignDate(Calendar.getInstance());
        if (words.containsKey("permission")) {  // its 0 is a certification, too
            appearance.setCertificationLevel(Integer.parseInt(words.get("permission")));
        }
        if (words.containsKey("visible")) {
            appearance.setVisibleSignature(new Rectangle(350, 80, 500, 130), 1, words.get("field"));
            appearance.setLayer2Text("Nguyen Van Mau");
        } else if (words.containsKey("field")) {
            appearance.setVisibleSignature(words.get("field"));
        }
        String form = words.getOrDefault("form", "pades");
        if (form.equals("sha1") || form.equals("x509")) {
            PdfName old = form.equals("sha1") ? PdfSignatureAppearance.WINCER_SIGNED : PdfSignatureAppearance.SELF_SIGNED;
            appearance.setCrypto(cms.key, cms.chain, null, old);
            stamper.close();
            return;
        }
        boolean pades = form.equals("pades");
        PdfSignature dictionary = new PdfSignature(PdfName.ADOBE_PPKLITE,
            pades ? new PdfName("ETSI.CAdES.detached") : PdfName.ADBE_PKCS7_DETACHED);
        dictionary.setReason(appearance.getReason());
        dictionary.setDate(new PdfDate(appearance.getSignDate()));
        appearance.setCryptoDictionary(dictionary);
        int room = 6000;
        HashMap<PdfName, Integer> reserved = new HashMap<>();
        reserved.put(PdfName.CONTENTS, room * 2 + 2);
        appearance.preClose(reserved);
        byte[] signed = cms.detached(appearance.getRangeStream(), pades, "DER");
        PdfDictionary update = new PdfDictionary();
        update.put(PdfName.CONTENTS, new PdfString(Arrays.copyOf(signed, room)).setHexWriting(true));
        appearance.close(update);
    }
}
