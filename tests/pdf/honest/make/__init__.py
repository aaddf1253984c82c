"""How the honest files were made: run once by hand, never by the tests. README.md tells what is needed."""
