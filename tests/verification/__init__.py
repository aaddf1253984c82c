"""The verdict: good files pass, every attack has its answer, nothing raises."""
