"""Where the relay keeps things: memory, SQLite, bodies on disk."""
