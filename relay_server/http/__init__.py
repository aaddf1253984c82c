"""The wire API over HTTP."""
