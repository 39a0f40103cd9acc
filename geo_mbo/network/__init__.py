"""A road map turned into a network: build, snap, search."""

from geo_mbo.network.reading import read_network
from geo_mbo.network.road import Network, network_summary

__all__ = ["Network", "network_summary", "read_network"]
