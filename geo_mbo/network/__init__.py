"""A road map turned into a network: build, snap, search."""
