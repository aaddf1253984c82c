"""Coverage-guided fuzzing: any bytes have a defined verdict, and raise nothing but errors of our own."""
