"""Signing: the verbs, the command, and what the tools of others say of the result."""
