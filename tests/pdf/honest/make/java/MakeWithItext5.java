import java.io.FileOutputStream;
import com.itextpdf.text.*;
import com.itextpdf.text.pdf.*;

/** A form with outline and attachment. Words: OUT FONT compressed|plain. */
public class MakeWithItext5 {
    public static void main(String[] words) throws Exception {
        Document document = new Document(PageSize.A4);
        PdfWriter writer = PdfWriter.getInstance(document, new FileOutputStream(words[0]));
        if (words[2].equals("compressed")) writer.setFullCompression();
        BaseFont serif = BaseFont.createFont(words[1], BaseFont.IDENTITY_H, BaseFont.EMBEDDED);
        document.addTitle("BÁO CÁO THỬ NGHIỆM");
        document.open();
        for (String text : new String[] {"BÁO CÁO THỬ NGHIỆM", "Phần hai"}) {
            document.newPage();
            document.add(new Paragraph(text, new Font(serif, 14)));
            new PdfOutline(writer.getRootOutline(), new PdfDestination(PdfDestination.FIT), text);
            if (text.startsWith("B")) {
                TextField field = new TextField(writer, new Rectangle(72, 700, 192, 720), "So");
                field.setFontSize(11);
                writer.addAnnotation(field.getTextField());
            }
        }
        writer.addFileAttachment("Phụ lục", "phu luc thu".getBytes(), null, "phu-luc.txt");
        document.close();
    }
}
