"""What a signature is, wherever it lives: CMS and XML forms, and how they are judged."""
