"""Roads of an area from an Overpass server, and what GraphML keeps of them."""

from __future__ import annotations

import json
import re
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from urllib.parse import parse_qs

import geopandas as gpd
import numpy as np
import osmnx
import pytest
import shapely

from geo_mbo.errors import CrsError, FetchError, InputError
from geo_mbo.network import Overpass, fetch_roads, read_network
from geo_mbo.network.access import telling_keys
from geo_mbo.network.road import largest_piece
from geo_mbo.sources.catalogue import data_set
from geo_mbo.sources.web import Web
from geo_mbo.travel import travel_matrix
from tests.roads import osm_file, points

KINDS = [
    {"highway": "residential"}, {"highway": "residential", "oneway": "yes"},
    {"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"},
    {"highway": "tertiary", "maxspeed": "50"}, {"highway": "secondary", "bicycle": "no"},
    {"highway": "unclassified", "oneway": "-1"}, {"highway": "cycleway"},
    {"highway": "footway", "bicycle": "yes"}, {"highway": "track", "surface": "sand"},
    {"highway": "service", "motor_vehicle": "private"}, {"highway": "path"},
    {"highway": "primary", "maxspeed:forward": "30", "maxspeed:backward": "80"},
    {"highway": "motorway", "oneway": "yes"}, {"highway": "steps"},
]  # fmt: skip
STOPS = [
    {"highway": "traffic_signals"}, {"barrier": "bollard"}, {"highway": "give_way"},
    {"barrier": "gate", "access": "private"}, {"highway": "crossing"},
    {"highway": "stop", "direction": "forward"}, {"highway": "turning_circle"},
]  # fmt: skip
MODES = ("walk", "bike", "car")


def made_map(seed, *, size=7, between=2):
    """Make a town of bent streets that cross: nodes, ways and tags as OpenStreetMap has them."""
    rng = np.random.default_rng(seed)
    at = {}
    for i in range(size):
        for j in range(size):
            bent = rng.uniform(-0.0004, 0.0004, 2)
            at[1 + i * size + j] = (5.1 + 0.002 * i + bent[0], 52.1 + 0.0015 * j + bent[1])
    pairs = [(a, a + 1) for a in at if a % size] + [(a, a + size) for a in at if a + size in at]
    nodes, ways, fresh = dict(at), [], 1000
    for a, b in pairs:
        if rng.random() < 0.1:
            continue
        row = [a]
        for step in range(1, between + 1):
            way = np.array(at[a]) + (np.array(at[b]) - at[a]) * step / (between + 1)
            nodes[fresh] = tuple((way + rng.uniform(-0.0002, 0.0002, 2)).tolist())
            row.append(fresh)
            fresh += 1
        row.append(b)
        kind = KINDS[0] if rng.random() < 0.5 else KINDS[rng.integers(len(KINDS))]
        if rng.random() < 0.3:  # what changes on the way makes two ways of one street
            other = KINDS[rng.integers(len(KINDS))]
            ways += [(row[:2], kind), (row[1:], other)]
        else:
            ways.append((row if rng.random() < 0.5 else row[::-1], kind))
    used = sorted({ref for refs, _ in ways for ref in refs})
    tags = {ref: STOPS[rng.integers(len(STOPS))] for ref in used if rng.random() < 0.15}
    # osmnx turns such a way round and forgets that it did: a sign for one direction is lost on it.
    turned = {ref for refs, kind in ways if kind.get("oneway") == "-1" for ref in refs}
    tags = {ref: told for ref, told in tags.items() if not (ref in turned and "direction" in told)}
    return {ref: nodes[ref] for ref in used}, ways, tags


def answer_of(town, outline):
    """Give what Overpass answers to osmnx: ways with a node inside, and all nodes of these."""
    nodes, ways, tags = town
    inside = {ref for ref, place in nodes.items() if outline.covers(shapely.Point(place))}
    elements, wanted = [], set()
    for k, (refs, told) in enumerate(ways, 1):
        if inside & {*refs}:
            elements.append({"type": "way", "id": k, "nodes": refs, "tags": told})
            wanted |= {*refs}
    for ref in sorted(wanted):
        lon, lat = nodes[ref]
        node = {"type": "node", "id": ref, "lat": lat, "lon": lon}
        elements.append({**node, "tags": tags[ref]} if ref in tags else node)
    return {
        "version": 0.6,
        "generator": "Overpass API 0.7.62.8 e802775f",
        "osm3s": {
            "timestamp_osm_base": "2026-11-01T10:00:00Z",
            "copyright": "The data included in this document is from www.openstreetmap.org. The "
            "data is made available under ODbL.",
        },
        "elements": elements,
    }


@dataclass
class Server:
    """An Overpass server on this machine: what it was asked, and what goes wrong first."""

    town: tuple
    url: str = ""
    asked: list = field(default_factory=list)
    wrong: list = field(default_factory=list)

    def answer(self, path, query):
        """Give status, headers and body."""
        self.asked.append((path, query))
        if self.wrong:
            return self.wrong.pop(0)
        (outline,) = re.findall(r"poly:'([0-9. -]+)'", query)
        lat_lon = np.array(outline.split(), float).reshape(-1, 2)
        told = answer_of(self.town, shapely.Polygon(lat_lon[:, ::-1]))
        return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()


@pytest.fixture
def overpass():
    server = Server(made_map(3, size=3))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            told = parse_qs(self.rfile.read(length).decode())
            status, headers, body = server.answer(self.path, told["data"][0])
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            server.asked.append((self.path, ""))
            self.send_error(404)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=[0.01], daemon=True)
    thread.start()
    yield server
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def fetched(overpass, tmp_path):
    """Fetch from the server on this machine, as by way of a mirror."""

    def fetch(area=None, *, attempts=3, to="roads.graphml", **more):
        web = Web(
            frozenset(["overpass-api.de"]), mirror=overpass.url, attempts=attempts, pause_s=0.001
        )
        return fetch_roads(
            area_of(overpass.town) if area is None else area,
            to=tmp_path / to,
            scratch=tmp_path / "answers",
            server=Overpass(web=web, timeout_s=20),
            **{"margin_km": 0.5, **more},
        )

    return fetch


def area_of(town):
    lon, lat = np.array(list(town[0].values())).T
    box = shapely.box(lon.min(), lat.min(), lon.max(), lat.max())
    return gpd.GeoDataFrame(geometry=[box], crs=4326).to_crs(28992)


def quiet(_):
    """Take a note and say nothing."""


def asked_for(network, seed=0, count=25):
    """Give points along the streets of a town; near a junction any of some may be the nearest."""
    rng = np.random.default_rng(seed)
    everybody = np.isfinite([network.times(mode) for mode in MODES]).all(axis=(0, 1))
    # Off the largest piece a point moves to the nearest junction that is on it, of two any.
    linked = np.all([largest_piece(network, mode)[network.tail] for mode in MODES], axis=0)
    streets = np.flatnonzero((network.length_m > 30) & everybody & linked)
    edges = rng.choice(streets, 2 * count)
    along = shapely.line_interpolate_point(
        network.lines(edges), rng.uniform(0.3, 0.7, len(edges)), normalized=True
    )
    x, y = shapely.get_coordinates(along).T
    places = list(zip(x, y, strict=True))
    return points("origin", places[:count]), points("site", places[count:])


@pytest.mark.parametrize("seed", range(6))
def test_travel_is_as_with_the_map_itself(overpass, fetched, tmp_path, seed):
    overpass.town = made_map(seed)
    nodes, ways, tags = overpass.town
    plain = read_network(
        osm_file(tmp_path / "map.osm", nodes, ways, node_tags=tags), modes=MODES, notify=quiet
    )
    notes = []
    graph = read_network(fetched(), modes=MODES, notify=notes.append)
    assert [n.code for n in notes] == ["graphml_no_turns"]
    homes, sites = asked_for(plain)
    one, other = (
        travel_matrix(network, homes, sites, modes=MODES, notify=quiet)
        for network in (plain, graph)
    )
    for mode in MODES:
        due, got = one.minutes(mode), other.minutes(mode)
        np.testing.assert_array_equal(np.isfinite(got), np.isfinite(due), err_msg=mode)
        assert np.isfinite(due).mean() > 0.2
        # A street is cut where a tag changes: each piece is rounded to a tenth of a second.
        known = np.isfinite(due)
        np.testing.assert_allclose(got[known], due[known], atol=0.01, err_msg=mode)


def test_a_country_of_one_street_each_way(overpass, fetched):
    nodes = {1: (5.1, 52.1), 2: (5.105, 52.1), 3: (5.11, 52.1)}
    overpass.town = (nodes, [([1, 2, 3], KINDS[0])], {2: {"highway": "traffic_signals"}})
    found = read_network(fetched(), modes=("car",), notify=quiet)
    assert sorted(found.node_osm.tolist()) == [1, 2, 3]
    assert len(found.tail) == 2
    assert np.isfinite(found.times("car")).all()
    # The lights are met from both sides; the dead ends are no junctions.
    assert sorted(found.delays("car").ravel().tolist()) == [0, 0, 7, 7]


def test_a_bollard_stops_cars_and_nobody_else(overpass, fetched):
    nodes = {1: (5.1, 52.1), 2: (5.105, 52.1), 3: (5.11, 52.1)}
    overpass.town = (nodes, [([1, 2, 3], KINDS[0])], {2: {"barrier": "bollard"}})
    found = read_network(fetched(), modes=("bike", "car"), notify=quiet)
    assert len(found.tail) == 4  # two streets, and the two sides of the bollard
    assert found.length_m[2:].tolist() == [0, 0]
    assert found.times("bike")[:, 2:].tolist() == [[0, 0], [0, 0]]
    assert np.isinf(found.times("car")[:, 2:]).all()
    assert np.isfinite(found.times("car")[:, :2]).all()
    assert found.joinable.tolist() == [True, True, False, False]


def test_what_is_asked_and_kept(overpass, fetched, tmp_path):
    first = fetched().read_bytes()
    assert {path for path, _ in overpass.asked} == {"/overpass-api.de/api/interpreter"}
    assert all("[timeout:20]" in query for _, query in overpass.asked)
    assert len(list((tmp_path / "answers").glob("*.json"))) == len(overpass.asked)
    count = len(overpass.asked)
    fetched(to="again.graphml")
    assert len(overpass.asked) == count  # all answers were kept
    dates = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
    assert dates.sub(b"", (tmp_path / "again.graphml").read_bytes()) == dates.sub(b"", first)


def test_an_answer_that_was_half_written_is_asked_again(overpass, fetched, tmp_path):
    fetched()
    (kept,) = (tmp_path / "answers").glob("*.json")
    kept.write_bytes(kept.read_bytes()[:-40])
    (tmp_path / "answers" / "mine.json").write_text("[")
    fetched()
    assert len(overpass.asked) == 2
    assert (tmp_path / "answers" / "mine.json").exists()


def test_osmnx_is_put_back_as_it_was(overpass, fetched, monkeypatch):
    monkeypatch.setattr(osmnx.settings, "useful_tags_way", ["name"])
    monkeypatch.setattr(osmnx.settings, "all_oneway", True)  # would spoil the graph
    before = {key: getattr(osmnx.settings, key) for key in osmnx.settings.__annotations__}
    looked_up = socket.getaddrinfo
    fetched()
    overpass.wrong = [(400, {}, b"no")]
    with pytest.raises(FetchError):
        fetched(margin_km=0.6)
    after = {key: getattr(osmnx.settings, key) for key in osmnx.settings.__annotations__}
    assert after == before
    assert socket.getaddrinfo is looked_up


@pytest.mark.parametrize(
    "wrong",
    [
        (429, {"Retry-After": "0"}, b"<html>no slot</html>"),
        (504, {}, b"<html>busy</html>"),
        (200, {}, b'{"elements": ['),
        (503, {}, b""),
    ],
)
def test_a_busy_server_is_asked_again_but_not_for_ever(overpass, fetched, wrong):
    overpass.wrong = [wrong] * 2
    fetched()
    assert len(overpass.asked) == 3
    overpass.asked.clear()
    overpass.wrong = [wrong] * 9
    with pytest.raises(FetchError, match=r"overpass-api\.de"):
        fetched(margin_km=0.7)
    assert len(overpass.asked) == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ((400, {}, b"<html>parse error</html>"), "400"),
        ((200, {}, b"<!DOCTYPE html><html>maintenance</html>"), "web page"),
        ((302, {"Location": "http://169.254.169.254/"}, b""), "302"),
        ((200, {}, b"{not json}"), "cannot be read"),
        (
            (
                200,
                {},
                b'{"elements": [],\n"remark": "runtime error: Query timed out in \\"query\\""}',
            ),
            "Query timed out",
        ),
    ],
)
def test_an_answer_that_is_no_data_is_one_clear_error(overpass, fetched, tmp_path, wrong, said):
    overpass.wrong = [wrong]
    with pytest.raises(FetchError, match=said):
        fetched()
    assert len(overpass.asked) == 1
    assert not (tmp_path / "roads.graphml").exists()
    assert not list((tmp_path / "answers").glob("*.json"))
    fetched()  # and the next time all is well


def test_an_area_without_roads_is_told(overpass, fetched):
    overpass.town = ({}, [], {})
    with pytest.raises(InputError, match="no roads in this area"):
        fetched(points("sites", [(155_000, 463_000)]), margin_km=1)


def test_what_cannot_be_asked_is_refused_beforehand(overpass, fetched, tmp_path):
    site = points("sites", [(155_000, 463_000)])
    for area, more, wrong in (
        (site, {"network_type": "boat"}, "boat"),
        (site, {"to": "roads.osm"}, r"roads\.osm"),
        (site, {"margin_km": 200}, "square kilometres"),
        (site, {"margin_km": -1}, "-1"),
        (site, {"margin_km": 0}, "place"),
        (site.iloc[:0], {}, "place"),
    ):
        with pytest.raises(InputError, match=wrong):
            fetched(area, **more)
    with pytest.raises(CrsError):
        fetched(gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)]))
    for url in ("http://overpass-api.de/api", "https://127.0.0.1/api", "file:///etc/passwd"):
        with pytest.raises(FetchError):
            fetch_roads(site, to=tmp_path / "x.graphml", scratch=tmp_path, server=Overpass(url=url))
    assert not overpass.asked


def test_the_address_is_that_of_the_catalogue():
    facts = data_set("overpass")
    assert facts.url == "https://overpass-api.de/api"
    assert not facts.fetch


def test_a_large_area_is_asked_in_parts(overpass, fetched):
    overpass.town = made_map(1, size=4)
    sites = points("sites", [(140_000, 460_000), (200_000, 460_000)])
    area = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(p.x, p.y) for p in sites.geometry])], crs=28992
    )
    found = read_network(fetched(area, margin_km=20), modes=("walk",), notify=quiet)
    assert len(overpass.asked) > 1
    edges = zip(found.tail.tolist(), found.head.tolist(), found.length_m.round(3), strict=True)
    assert len({*edges}) == len(found.tail), "a street that several answers hold is there once"


def test_every_tag_that_tells_something_is_kept(overpass, fetched):
    told = {key: "no" for key in sorted(telling_keys()) if key not in ("highway", "area", "oneway")}
    nodes = {k: (5.1 + k / 1000, 52.1) for k in range(3)}
    ways = [(list(pair), {"highway": "service", **told}) for pair in pairwise(nodes)]
    overpass.town = (nodes, ways, {})
    graph = osmnx.load_graphml(fetched())
    for _, _, data in graph.edges(data=True):
        assert told.keys() <= data.keys()
