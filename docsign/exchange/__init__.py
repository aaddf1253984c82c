"""Talking to a relay: wire protocol, client, outbox, inbox."""
