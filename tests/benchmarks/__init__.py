"""Benchmarks: each prints ratios against a peer measured in the same run; none is a timed test."""
