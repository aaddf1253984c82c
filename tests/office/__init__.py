"""The office: numbers, registers, the way to issue, deadlines, and the store they are kept in."""
