"""The whole way, by real processes."""
