import java.io.ByteArrayInputStream;
import java.io.File;
import java.util.Map;
import java.util.Calendar;
import java.util.List;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.pdfwriter.compress.CompressParameters;
import org.apache.pdfbox.pdmodel.*;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.common.filespecification.*;
import org.apache.pdfbox.pdmodel.font.*;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotationWidget;
import org.apache.pdfbox.pdmodel.interactive.documentnavigation.outline.*;
import org.apache.pdfbox.pdmodel.interactive.form.*;

/** A form with outline and attachment. Words: OUT FONT compressed|plain. */
public class MakeWithPdfBox {
    public static void main(String[] words) throws Exception {
        try (PDDocument document = new PDDocument()) {
            PDFont serif = PDType0Font.load(document, new File(words[1]));
            PDDocumentOutline outline = new PDDocumentOutline();
            document.getDocumentCatalog().setDocumentOutline(outline);
            for (String text : new String[] {"BÁO CÁO THỬ NGHIỆM", "Phần hai"}) {
                PDPage page = new PDPage(PDRectangle.A4);
                document.addPage(page);
                try (PDPageContentStream content = new PDPageContentStream(document, page)) {
                    content.beginText();
                    content.setFont(serif, 14);
                    content.newLineAtOffset(72, 760);
                    content.showText(text);
                    content.endText();
                }
                PDOutlineItem item = new PDOutlineItem();
                item.setTitle(text);
                item.setDestination(page);
                outline.addLast(item);
            }
            PDAcroForm form = new PDAcroForm(document);
            document.getDocumentCatalog().setAcroForm(form);
            PDResources resources = new PDResources();
            resources.put(COSName.getPDFName("Helv"), new PDType1Font(Standard14Fonts.FontName.HELVETICA));
            form.setDefaultResources(resources);
            PDTextField field = new PDTextField(form);
            field.setPartialName("So");
            field.setDefaultAppearance("/Helv 11 Tf 0 g");
            form.getFields().add(field);
            PDAnnotationWidget widget = field.getWidgets().get(0);
            widget.setRectangle(new PDRectangle(72, 700, 120, 20));
            widget.setPage(document.getPage(0));
            document.getPage(0).getAnnotations().add(widget);
            field.setValue("");
            PDEmbeddedFile file = new PDEmbeddedFile(document, new ByteArrayInputStream("phu luc thu".getBytes()));
            PDComplexFileSpecification attached = new PDComplexFileSpecification();
            attached.setFile("phu-luc.txt");
            attached.setEmbeddedFile(file);
            PDEmbeddedFilesNameTreeNode tree = new PDEmbeddedFilesNameTreeNode();
            tree.setNames(Map.of("phu-luc.txt", attached));
            PDDocumentNameDictionary names = new PDDocumentNameDictionary(document.getDocumentCatalog());
            names.setEmbeddedFiles(tree);
            document.getDocumentCatalog().setNames(names);
            document.save(new File(words[0]), words[2].equals("plain") ? CompressParameters.NO_COMPRESSION : CompressParameters.DEFAULT_COMPRESSION);
        }
    }
}
