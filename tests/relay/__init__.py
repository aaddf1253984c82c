"""The relay: its rules, its stores, its use cases and its wire API over real TLS."""
