"""Reading OpenStreetMap into a network, against osmnx (read, simplify, speeds)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import osmium
import osmnx as ox

from benchmarks.places import EXAMPLE, REAL_DATA, quiet
from benchmarks.row import Row, cpu_seconds

MODES = ("walk", "bike", "ebike", "car")


def rows(*, quick: bool) -> list[Row]:
    from geo_mbo.network import read_network

    files = {"example": EXAMPLE / "wegen.osm.pbf"}
    if not quick:
        files |= {path.name: path for path in sorted((REAL_DATA / "osm").glob("*.osm.pbf"))}
    found = []
    for name, path in files.items():
        ours, network = cpu_seconds(lambda p=path: read_network(p, modes=MODES, notify=quiet))
        with tempfile.TemporaryDirectory() as folder:
            xml = as_xml(path, Path(folder) / "roads.osm")
            theirs, _ = cpu_seconds(lambda x=xml: osmnx_network(x), times=1)
        case = f"{name}, {len(network.tail)} stretches, four modes (osmnx: one)"
        found.append(Row("osm", case, ours, "osmnx", theirs, "CPU s", 3))
    return found


def as_xml(path: Path, to: Path) -> Path:
    """Write as XML, the only form that osmnx reads from disk; not part of what is timed."""
    with osmium.SimpleWriter(str(to)) as writer:
        for thing in osmium.FileProcessor(str(path)):
            writer.add(thing)
    return to


def osmnx_network(xml: Path) -> object:
    network = ox.graph_from_xml(xml, simplify=True, retain_all=True)
    network = ox.add_edge_speeds(network, fallback=30)
    for _, _, edge in network.edges(data=True):
        # osmnx leaves a speed empty where a sign is no number ("walk"), and then stops.
        edge["speed_kph"] = edge["speed_kph"] if edge["speed_kph"] > 0 else 30
    return ox.add_edge_travel_times(network)
