"""Keys, certificates, trust, paths, time-stamps, the trial authority."""
