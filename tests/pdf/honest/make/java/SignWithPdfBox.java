import java.io.*;
import java.util.*;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.cos.*;
import org.apache.pdfbox.pdmodel.*;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.interactive.annotation.*;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.*;
import org.apache.pdfbox.pdmodel.interactive.form.*;

/**
 * Saves a PDF incrementally with PDFBox. Words: in= out= key= passphrase=, and
 * do=sign|fill|note, form=pades|pkcs7, permission=1..3 (certifies), field=NAME (signs or fills it), value=TEXT,
 * password=TEXT (of the file), encoding=BER|DER (of the CMS).
 */
public class SignWithPdfBox {
    public static void main(String[] given) throws Exception {
        Map<String, String> words = Cms.words(given);
        String password = words.getOrDefault("password", "");
        try (PDDocument document = Loader.loadPDF(new File(words.get("in")), password);
             OutputStream output = new FileOutputStream(words.get("out"))) {
            switch (words.getOrDefault("do", "sign")) {
                case "fill" -> fill(document, words);
                case "note" -> note(document);
                default -> sign(document, words);
            }
            document.saveIncremental(output);
        }
    }

    static void sign(PDDocument document, Map<String, String> words) throws Exception {
        Cms cms = new Cms(words);
        boolean pades = words.getOrDefault("form", "pades").equals("pades");
        PDSignature signature = new PDSignature();
        signature.setFilter(PDSignature.FILTER_ADOBE_PPKLITE);
        signature.setSubFilter(pades ? PDSignature.SUBFILTER_ETSI_CADES_DETACHED : PDSignature.SUBFILTER_ADBE_PKCS7_DETACHED);
        signature.setName("Nguyễn Văn Mẫu");
        signature.setReason("Thử nghiệm");
        signature.setSignDate(Calendar.getInstance());
        if (words.containsKey("field")) {
            PDField field = document.getDocumentCatalog().getAcroForm().getField(words.get("field"));
            field.getCOSObject().setItem(COSName.V, signature);
            field.getCOSObject().setNeedToBeUpdated(true);
        }
        if (words.containsKey("permission")) {
            certify(document, signature, Integer.parseInt(words.get("permission")));
        }
        SignatureOptions options = new SignatureOptions();
        options.setPreferredSignatureSize(6000);
        document.addSignature(signature, content -> {
            try {
                return cms.detached(content, pades, words.getOrDefault("encoding", "BER"));
            } catch (Exception error) {
                throw new IOException(error);
            }
        }, options);
    }

    static void certify(PDDocument document, PDSignature signature, int permission) {
        COSDictionary parameters = new COSDictionary();
        parameters.setItem(COSName.TYPE, COSName.getPDFName("TransformParams"));
        parameters.setInt(COSName.P, permission);
        parameters.setName(COSName.V, "1.2");
        parameters.setDirect(true);
        COSDictionary reference = new COSDictionary();
        reference.setItem(COSName.TYPE, COSName.getPDFName("SigRef"));
        reference.setItem("TransformMethod", COSName.DOCMDP);
        reference.setItem("TransformParams", parameters);
        reference.setDirect(true);
        COSArray references = new COSArray();
        references.add(reference);
        references.setDirect(true);
        signature.getCOSObject().setItem("Reference", references);
        COSDictionary catalog = document.getDocumentCatalog().getCOSObject();
        COSDictionary permissions = new COSDictionary();
        permissions.setItem(COSName.DOCMDP, signature);
        catalog.setItem(COSName.PERMS, permissions);
        catalog.setNeedToBeUpdated(true);
        permissions.setNeedToBeUpdated(true);
    }

    static void fill(PDDocument document, Map<String, String> words) throws IOException {
        PDField field = document.getDocumentCatalog().getAcroForm().getField(words.get("field"));
        field.setValue(words.get("value"));
        field.getCOSObject().setNeedToBeUpdated(true);
        for (PDAnnotationWidget widget : field.getWidgets()) {
            widget.getCOSObject().setNeedToBeUpdated(true);
            widget.getAppearance().getCOSObject().setNeedToBeUpdated(true);
            widget.getNormalAppearanceStream().getCOSObject().setNeedToBeUpdated(true);
        }
    }

    static void note(PDDocument document) throws IOException {
        PDPage page = document.getPage(0);
        PDAnnotationText note = new PDAnnotationText();
        note.setContents("Đã xem");
        note.setRectangle(new PDRectangle(500, 790, 20, 20));
        note.constructAppearances(document);
        List<PDAnnotation> notes = page.getAnnotations();
        notes.add(note);
        page.setAnnotations(notes);
        page.getCOSObject().setNeedToBeUpdated(true);
        note.getCOSObject().setNeedToBeUpdated(true);
    }
}
