"""Signatures inside a PDF: fields, stamps, the appended revision, the judgement."""
