"""Second opinions: judges written by others, and tests that the judges do judge."""
