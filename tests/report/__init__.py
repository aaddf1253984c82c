"""A Report as text and as JSON."""
