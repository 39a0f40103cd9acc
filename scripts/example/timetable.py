"""A timetable: one railway, a dozen bus lines and a ferry, as GTFS."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from . import names
from .extras import drive
from .geo import to_wgs84
from .streets import Network

Floats = npt.NDArray[np.float64]

# Stations: name and place in km.
STATIONS = (
    ("Hoornstede", 66.2, 543.9),
    ("Terhagel", 58.6, 549.8),
    ("Zuiderlo", 50.2, 546.2),
    ("Haverdam Centraal", 51.3, 558.2),
    ("Haverdam Noord", 51.0, 561.4),
    ("Lindewaarde", 45.9, 563.6),
    ("Walmeerde", 39.9, 566.2),
    ("Zoutkerke", 31.3, 571.5),
)
RUN = (9, 9, 12, 5, 7, 7, 9)  # minutes between stations, with the stop
HARBOUR = "HARBOUR"
# Bus lines: towns on the way, minutes between buses.
BUSES = (
    ("101", ("GM9101", "GM9112", "GM9105"), 30),
    ("102", ("GM9101", "GM9107", "GM9106"), 30),
    ("103", ("GM9107", "GM9108"), 60),
    ("104", ("GM9102", "GM9104", "GM9105"), 30),
    ("105", ("GM9102", "GM9109", "GM9103", HARBOUR), 60),
    ("106", ("GM9101", "GM9110", "GM9109"), 60),
    ("107", ("GM9113", "GM9114", "GM9115"), 60),
    ("108", ("GM9113", "GM9119", "GM9116"), 60),
    ("109", ("GM9122", "GM9125", "GM9119"), 60),
    ("110", ("GM9122", "GM9123", "GM9124"), 60),
    ("111", ("GM9117", "GM9118", "GM9122"), 60),
    ("112", ("GM9101", "GM9113"), 15),
)
FIRST, LAST = 20250818, 20260717
SERVICES = {
    "WEEKDAG": (1, 1, 1, 1, 1, 0, 0),
    "ZATERDAG": (0, 0, 0, 0, 0, 1, 0),
    "ZONDAG": (0, 0, 0, 0, 0, 0, 1),
}
HOLIDAYS = (20251225, 20251226, 20260101, 20260406, 20260427, 20260514, 20260525)
Row = tuple[object, ...]


@dataclass
class Feed:
    """Rows of every table, in order."""

    tables: dict[str, list[Row]]

    def add(self, table: str, *row: object) -> None:
        """Append a row."""
        self.tables[table].append(row)


HEADERS: dict[str, str] = {
    "agency": "agency_id,agency_name,agency_url,agency_timezone,agency_lang",
    "stops": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,platform_code",
    "routes": "route_id,agency_id,route_short_name,route_long_name,route_type",
    "trips": "route_id,service_id,trip_id,trip_headsign,direction_id",
    "stop_times": "trip_id,arrival_time,departure_time,stop_id,stop_sequence",
    "calendar": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date"
    ),
    "calendar_dates": "service_id,date,exception_type",
    "transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time",
    "feed_info": (
        "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date,"
        "feed_version"
    ),
}


def clock(minutes: float) -> str:
    """Return HH:MM:SS; after midnight the hours count on."""
    seconds = round(minutes * 60)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def departures(service: str, every: int) -> Iterator[int]:
    """Yield minutes after midnight of the departures of a line."""
    first, last = {"WEEKDAG": (330, 1480), "ZATERDAG": (390, 1480), "ZONDAG": (450, 1420)}[service]
    step = every if service == "WEEKDAG" else max(every, 60)
    yield from range(first, last, step)


def bus_paths(net: Network, harbour: int) -> dict[str, tuple[list[int], list[float]]]:
    """Return the nodes of the stops of every bus line and the minutes from its start."""
    rows, cols, minutes = [], [], []
    xy = net.points()
    for e in net.edges:
        if e.tags.get("highway", "track").startswith(("motorway", "service", "track")):
            continue
        forward, back = drive(net, e)
        if forward and back:
            length = float(np.hypot(*np.diff(xy[e.nodes], axis=0).T).sum())
            rows.append(e.u)
            cols.append(e.v)
            fast = e.tags.get("maxspeed") in ("80", "60", "100")
            minutes.append(length / (720 if fast else 400))
    graph = csr_matrix((minutes, (rows, cols)), (len(xy),) * 2)
    towns = {g.code: (g.x * 1000 + 120, g.y * 1000) for g in names.GEMEENTEN}
    towns[HARBOUR] = net.xy[harbour]
    road = np.unique(rows)
    tree = cKDTree(xy[road])
    anchor = {code: int(road[tree.query(at)[1]]) for code, at in towns.items()}
    starts = sorted({anchor[c] for _, line, _ in BUSES for c in line})
    dist, back = dijkstra(graph, directed=False, indices=starts, return_predecessors=True)
    row = {s: i for i, s in enumerate(starts)}
    found = {}
    for name, line, _ in BUSES:
        path, time = [anchor[line[0]]], [0.0]
        for a, b in pairwise(line):
            i, leg, w = row[anchor[a]], [], anchor[b]
            while back[i, w] >= 0:
                leg.append(w)
                w = int(back[i, w])
            begin = time[-1]
            path += leg[::-1]
            time += [begin + float(dist[i, n]) for n in leg[::-1]]
        stops, at = [path[0]], [0.0]
        far = 0.0
        for k in range(1, len(path)):
            far += float(np.hypot(*(xy[path[k]] - xy[path[k - 1]])))
            if far > 1400 or k == len(path) - 1 or path[k] in anchor.values():
                stops.append(path[k])
                at.append(time[k] + 0.4 * len(stops))
                far = 0.0
        found[name] = (stops, at)
    return found


def _runs(
    feed: Feed,
    route: str,
    stops: list[list[str]],
    minutes: list[float],
    every: int,
    sign: list[str],
) -> None:
    """Add the trips of a line both ways, on every sort of day."""
    for service in SERVICES:
        for way in (0, 1):
            at = minutes if way == 0 else [minutes[-1] - m for m in reversed(minutes)]
            for k, start in enumerate(departures(service, every)):
                trip = f"{route}-{service[:2]}-{way}-{k:02d}"
                feed.add("trips", route, service, trip, sign[way], way)
                for n, (stop, m) in enumerate(zip(stops[way], at, strict=True)):
                    time = clock(start + way * every / 2 + round(m))
                    feed.add("stop_times", trip, time, time, stop, n + 1)


def _stop(
    feed: Feed, key: str, name: str, at: tuple[float, float], parent: str = "", side: str = ""
) -> None:
    """Add a stop; a key of S and a number is a whole station."""
    lon, lat = to_wgs84(*at)
    kind = int(key.startswith("S") and not parent)
    feed.add("stops", key, name, f"{lat:.6f}", f"{lon:.6f}", kind, parent, side)


def _rail(feed: Feed) -> None:
    """Add the railway: stations with two platforms, a train every half hour."""
    for k, (name, x, y) in enumerate(STATIONS):
        _stop(feed, f"S{k}", name, (x * 1000, y * 1000))
        for side in (1, 2):
            _stop(feed, f"S{k}P{side}", name, (x * 1000 + 8 * side, y * 1000), f"S{k}", str(side))
        feed.add("transfers", f"S{k}P1", f"S{k}P2", 2, 120)
    feed.add("routes", "T1", "HSM", "T1", "Hoornstede - Zoutkerke", 2)
    minutes = [0.0, *np.cumsum(RUN).astype(float).tolist()]
    order = range(len(STATIONS))
    sides = [[f"S{k}P1" for k in order], [f"S{k}P2" for k in reversed(order)]]
    _runs(feed, "T1", sides, minutes, 30, ["Zoutkerke", "Hoornstede"])


def _bus_stop(feed: Feed, key: str, number: int, at: tuple[float, float]) -> None:
    """Add a bus stop, and the walk to the platforms of a station nearby."""
    near = min(names.GEMEENTEN, key=lambda g: float(np.hypot(g.x * 1e3 - at[0], g.y * 1e3 - at[1])))
    _stop(feed, key, f"{names.place_of(near.name)}, {names.street_name(number * 3)}", at)
    for k, (_, x, y) in enumerate(STATIONS):
        gap = float(np.hypot(x * 1000 - at[0], y * 1000 - at[1]))
        if gap < 700:
            for side in (1, 2):
                feed.add("transfers", f"S{k}P{side}", key, 2, int(60 + gap / 1.2))
                feed.add("transfers", key, f"S{k}P{side}", 2, int(60 + gap / 1.2))


def build_feed(net: Network, harbours: tuple[int, int]) -> Feed:
    """Return the whole timetable."""
    feed = Feed({name: [] for name in HEADERS})
    for key, name, host in (
        ("HSM", "Haverlandse Spoorweg", "spoor"),
        ("KBD", "Kust Busdienst", "bus"),
        ("RVP", "Rederij Vlieterplaat", "veer"),
    ):
        feed.add("agency", key, name, f"https://{host}.example", "Europe/Amsterdam", "nl")
    _rail(feed)

    titles = {g.code: names.place_of(g.name) for g in names.GEMEENTEN}
    titles[HARBOUR] = "Zoutkerke veerhaven"
    known: dict[int, str] = {}
    for (name, line, every), (nodes, at) in zip(
        BUSES, bus_paths(net, harbours[0]).values(), strict=True
    ):
        for n in nodes:
            if n not in known:
                known[n] = f"B{len(known) + 1:03d}"
                _bus_stop(feed, known[n], len(known), net.xy[n])
        ends = [titles[c] for c in (line[0], line[-1])]
        feed.add("routes", f"L{name}", "KBD", name, f"{ends[0]} - {ends[1]}", 3)
        keys = [known[n] for n in nodes]
        _runs(feed, f"L{name}", [keys, keys[::-1]], at, every, [ends[1], ends[0]])

    for k, n in enumerate(harbours):
        _stop(feed, f"V{k}", ("Zoutkerke, veerhaven", "Vlieterplaat, veerdam")[k], net.xy[n])
        if n in known:
            feed.add("transfers", known[n], f"V{k}", 2, 180)
            feed.add("transfers", f"V{k}", known[n], 2, 180)
    feed.add("routes", "V1", "RVP", "Veer", "Zoutkerke - Vlieterplaat", 4)
    _runs(feed, "V1", [["V0", "V1"], ["V1", "V0"]], [0.0, 35.0], 120, ["Vlieterplaat", "Zoutkerke"])
    for name, days in SERVICES.items():
        feed.add("calendar", name, *days, FIRST, LAST)
    for day in HOLIDAYS:
        feed.add("calendar_dates", "WEEKDAG", day, 2)
        feed.add("calendar_dates", "ZONDAG", day, 1)
    feed.add(
        "feed_info", "Verzonnen vervoer", "https://vervoer.example", "nl", FIRST, LAST, "example-1"
    )
    return feed


def write_gtfs(path: Path, feed: Feed) -> dict[str, int]:
    """Write the zip with fixed times; return rows per table."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for name, rows in feed.tables.items():
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\r\n")
            writer.writerow(HEADERS[name].split(","))
            writer.writerows(rows)
            entry = zipfile.ZipInfo(f"{name}.txt", (2025, 10, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            target.writestr(entry, text.getvalue())
    return {name: len(rows) for name, rows in feed.tables.items()}
