"""PDFs by many producers, made once; index.toml says what each is and what the verdict must be."""
