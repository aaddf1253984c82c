"""Signatures inside a PDF."""
