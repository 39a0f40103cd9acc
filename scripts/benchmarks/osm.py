"""Reading OpenStreetMap into a network, against osmnx and pyrosm; and a map as large as a country.

osmnx reads, simplifies and adds speeds for one mode; pyrosm gives nodes and edges for one mode;
ours are networks for four modes, ready to search.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import osmium
import osmnx as ox

from benchmarks.osm_made import write_copies
from benchmarks.places import EXAMPLE, REAL_DATA, quiet
from benchmarks.row import Row, cpu_seconds

MODES = ("walk", "bike", "ebike", "car")
PORTO = REAL_DATA / "osm" / "porto_portugal.osm.pbf"
COUNTRY_B, ROOM_MB = 1_000_000_000, 8_000
ONE_READ = """
import json, resource, sys, time
from geo_mbo.network import read_network
wall, cpu = time.monotonic(), time.process_time()
network = read_network(sys.argv[1], modes=sys.argv[2].split(","), notify=lambda _: None)
print(json.dumps({
    "wall_s": time.monotonic() - wall,
    "cpu_s": time.process_time() - cpu,
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    "edges": len(network.tail),
}))
"""


def rows(*, quick: bool) -> list[Row]:
    found = [osmnx_row("example", EXAMPLE / "wegen.osm.pbf", 3)]
    if quick:
        return found
    real = sorted((REAL_DATA / "osm").glob("*.osm.pbf"))
    found += [osmnx_row(path.name, path, 10 if path == PORTO else 3) for path in real]
    if PORTO.exists():
        found += pyrosm_rows() + country_rows()
    return found


def osmnx_row(name: str, path: Path, bar: float) -> Row:
    ours, network = read(path)
    with tempfile.TemporaryDirectory() as folder:
        xml = as_xml(path, Path(folder) / "roads.osm")
        theirs, _ = cpu_seconds(lambda: osmnx_network(xml), times=1)
    case = f"{name}, {len(network.tail)} stretches, four modes (osmnx: one)"
    return Row("osm", case, ours, "osmnx", theirs, "CPU s", bar)


def read(path: Path) -> tuple[float, Any]:
    """Read a file, once beforehand so that what is compiled is there."""
    from geo_mbo.network import read_network

    read_network(path, modes=MODES, notify=quiet)
    return cpu_seconds(lambda: read_network(path, modes=MODES, notify=quiet))


def pyrosm_rows() -> list[Row]:
    try:
        import pyrosm
    except ImportError as missing:
        print(f"osm: no row against pyrosm, since it is not installed here ({missing})")
        return []
    ours, _ = read(PORTO)
    theirs, _ = cpu_seconds(
        lambda: pyrosm.OSM(str(PORTO)).get_network(network_type="driving", nodes=True)
    )
    return [
        Row("osm", f"{PORTO.name}, four modes (pyrosm: one)", ours, "pyrosm", theirs, "CPU s", 1)
    ]


def country_rows() -> list[Row]:
    """Read a gigabyte in a process of its own: memory against the room there is, and time.

    The time is held against the plain reader (pyosmium) on the extract that the country is made of.
    """
    from geo_mbo.network import osm, read_network

    with tempfile.TemporaryDirectory() as folder:
        country = Path(folder) / "country.osm.pbf"
        copies = write_copies(PORTO, country, size_b=COUNTRY_B)
        size_mb = country.stat().st_size / 1e6
        command = [sys.executable, "-c", ONE_READ, str(country), ",".join(MODES)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    small, osm.SMALL_B = osm.SMALL_B, sys.maxsize
    plain, _ = cpu_seconds(lambda: read_network(PORTO, modes=MODES, notify=quiet), times=1)
    osm.SMALL_B = small
    speed = size_mb / told["wall_s"]
    case = f"country of {size_mb:.0f} MB, {told['edges'] / 1e6:.1f} M stretches, {speed:.1f} MB/s"
    return [
        Row("osm", case, told["cpu_s"], "pyosmium (x copies)", plain * copies, "CPU s", 1),
        Row("osm", f"{case}, memory", told["peak_mb"], "room", ROOM_MB, "MB", 1),
    ]


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
