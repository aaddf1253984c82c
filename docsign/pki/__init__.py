"""Who signs and who is trusted: keys, certificates, trust, paths, time-stamps, an authority for trials."""
