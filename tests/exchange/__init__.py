"""Talking to a relay: the wire, the client, the outbox, the inbox, the commands."""
