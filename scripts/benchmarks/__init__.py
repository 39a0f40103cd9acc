"""Benchmarks: ours against a named peer, in one run, as ratios."""
