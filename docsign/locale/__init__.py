"""The Vietnamese catalogue of the library's sentences."""
