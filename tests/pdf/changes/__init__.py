"""What later revisions changed, and what a signature allows."""
