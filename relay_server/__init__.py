"""The relay a province runs: it accepts envelopes, keeps them safe, hands them over, and can prove it."""
