"""Envelopes: agency codes, edXML, the ASiC-E container, its judgement, sealing and opening."""
