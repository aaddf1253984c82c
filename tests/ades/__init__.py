"""Signatures in their own forms: CMS, XML, time-stamps."""
