"""The document: its values, its form, its pages."""
