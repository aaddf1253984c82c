"""Attacks on signed PDFs and legal changes to them: a function per trick, and what must be answered."""
