"""``python -m relay_server``: the command ``docsign-relay``."""

from relay_server.cli import main

main()
