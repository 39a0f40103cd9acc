"""A road map turned into a network: build, snap, search."""

from geo_mbo.network.overpass import Overpass, fetch_roads
from geo_mbo.network.reading import box_around, read_network
from geo_mbo.network.road import Network, network_summary

__all__ = [
    "Network",
    "Overpass",
    "box_around",
    "fetch_roads",
    "network_summary",
    "read_network",
]
