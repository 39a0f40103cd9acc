"""Merging roads where nothing changes, and the seconds lost where they meet."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from geo_mbo.modes import modes
from geo_mbo.network import read_network
from geo_mbo.network.access import speeds_kmh
from geo_mbo.network.places import metric_places
from tests.roads import osm_file

ALL = ("walk", "bike", "car")
LINE = {k: (5.0 + 0.001 * k, 52.0) for k in range(1, 10)}  # about 68.6 m apart
STREET = {"highway": "residential"}
LOST = modes()["car"].delays_s


def read(path, nodes, ways, chosen=ALL, **more):
    return read_network(osm_file(path, nodes, ways, **more), modes=chosen, notify=lambda _: None)


def ends(found):
    pairs = zip(
        found.node_osm[found.tail].tolist(), found.node_osm[found.head].tolist(), strict=True
    )
    return sorted(pairs)


def test_ways_alike_become_one_stretch(tmp_path):
    ways = [
        ([3, 2, 1], STREET | {"name": "A"}),
        ([3, 4], STREET | {"name": "B"}),
        ([4, 5, 6], STREET),
    ]
    found = read(tmp_path / "a.osm", LINE, ways)
    assert ends(found) == [(1, 6)]
    assert found.length_m[0] == pytest.approx(5 * 68.6, abs=0.5)
    np.testing.assert_allclose(found.times("walk"), found.length_m[0] / (4.8 / 3.6))
    assert len(found.shape_x) == 6
    assert (np.diff(found.shape_x) > 0).all()


@pytest.mark.parametrize(
    "other",
    [
        {"highway": "tertiary"},
        STREET | {"oneway": "yes"},
        STREET | {"maxspeed": "10"},
        STREET | {"surface": "sand"},
        {"highway": "residential", "motor_vehicle": "no"},
    ],
)
def test_ways_that_differ_stay_apart(tmp_path, other):
    found = read(tmp_path / "a.osm", LINE, [([1, 2], STREET), ([2, 3], other)])
    assert ends(found) == [(1, 2), (2, 3)]


def test_what_no_chosen_mode_notices_is_no_change(tmp_path):
    ways = [([1, 2], STREET), ([2, 3], STREET | {"oneway": "yes"})]
    assert len(read(tmp_path / "a.osm", LINE, ways, ("walk",)).tail) == 1


def test_one_way_streets_drawn_either_way(tmp_path):
    ways = [([1, 2], STREET | {"oneway": "yes"}), ([3, 2], STREET | {"oneway": "-1"})]
    ways += [([4, 3], STREET | {"oneway": "-1"})]
    found = read(tmp_path / "a.osm", LINE, ways)
    assert ends(found) == [(1, 4)]
    assert np.isfinite(found.times("car")[:, 0]).tolist() == [True, False]
    against = [
        (part[::-1], tags | {"oneway": {"yes": "-1", "-1": "yes"}[tags["oneway"]]})
        for part, tags in ways
    ]
    same = read(tmp_path / "a.osm", LINE, against)
    np.testing.assert_array_equal(same.times("car"), found.times("car"))
    opposed = [([1, 2], STREET | {"oneway": "yes"}), ([3, 2], STREET | {"oneway": "yes"})]
    assert len(read(tmp_path / "a.osm", LINE, opposed).tail) == 2


def test_rings_and_loops(tmp_path):
    square = {
        1: (5.0, 52.0),
        2: (5.001, 52.0),
        3: (5.001, 52.001),
        4: (5.0, 52.001),
        5: (4.999, 52.0),
    }
    ring = [([3, 4, 1], STREET), ([1, 2, 3], STREET)]
    found = read(tmp_path / "a.osm", square, ring)
    assert ends(found) == [(1, 1)]
    assert found.length_m[0] == pytest.approx(2 * (111.2 + 68.6), abs=1)
    with_tail = [*ring, ([1, 5], STREET)]
    assert ends(read(tmp_path / "a.osm", square, with_tail)) == [(1, 1), (1, 5)]
    assert ends(read(tmp_path / "a.osm", square, [([2, 3, 4, 2], STREET)])) == [(2, 2)]


def test_roads_side_by_side_stay_two(tmp_path):
    ways = [([1, 2, 4], STREET), ([1, 3, 4], STREET), ([4, 5], STREET), ([1, 6], STREET)]
    assert ends(read(tmp_path / "a.osm", LINE, ways)) == [(1, 4), (1, 4), (1, 6), (4, 5)]


def test_ferries_keep_their_time_each(tmp_path):
    ways = [
        ([1, 2], {"route": "ferry", "duration": "10"}),
        ([2, 3], {"route": "ferry", "duration": "10"}),
    ]
    found = read(tmp_path / "a.osm", LINE, ways, ("walk",))
    assert found.times("walk").tolist() == [[600, 600], [600, 600]]


def _random_ways(seed, size=6):
    """Cut the streets of a grid into ways at random, and leave some out, so that chains arise."""
    rng = np.random.default_rng(seed)
    place = np.round(rng.uniform(-3e-4, 3e-4, (size, size, 2)), 7)  # as exact as the file
    nodes = {
        1 + i * size + j: (5 + i * 1e-3 + place[i, j, 0], 52 + j * 1e-3 + place[i, j, 1])
        for i in range(size)
        for j in range(size)
    }
    lines = [[1 + i * size + j for j in range(size)] for i in range(size)]
    lines += [[1 + i * size + j for i in range(size)] for j in range(size)]
    tags = [STREET, STREET | {"oneway": "yes"}, STREET | {"oneway": "-1"}, {"highway": "tertiary"}]
    ways = []
    for line in lines:
        at = 0
        while at < size - 1:
            end = min(size - 1, at + int(rng.integers(1, 4)))
            if rng.random() < 0.6:
                part = line[at : end + 1][:: int(rng.choice([1, -1]))]
                ways.append((part, tags[int(rng.choice(4, p=[0.7, 0.1, 0.1, 0.1]))]))
            at = end
    return nodes, ways


@pytest.mark.parametrize("seed", range(25))
def test_trips_are_those_of_the_roads_as_drawn(tmp_path, seed):
    nodes, ways = _random_ways(seed)
    found = read(tmp_path / "a.osm", nodes, ways)
    places = metric_places(*np.array(list(nodes.values())).T)
    at = dict(zip(nodes, zip(places.x, places.y, strict=True), strict=True))
    for mode in ("bike", "car"):
        plain, merged = nx.DiGraph(), nx.DiGraph()
        for part, tags in ways:
            there, back = speeds_kmh(tags, modes()[mode])
            for a, b in pairwise(part):
                for begin, end, kmh in ((a, b, there), (b, a, back)):
                    if kmh:
                        plain.add_edge(
                            begin, end, s=np.hypot(*np.subtract(at[a], at[b])) * 3.6 / kmh
                        )
        merged.add_nodes_from(found.node_osm.tolist())
        for e, (a, b) in enumerate(
            zip(found.node_osm[found.tail], found.node_osm[found.head], strict=True)
        ):
            for begin, end, way in ((a, b, 0), (b, a, 1)):
                seconds = found.times(mode)[way, e]
                known = merged.get_edge_data(begin, end, {"s": np.inf})["s"]
                if np.isfinite(seconds) and seconds < known:
                    merged.add_edge(begin, end, s=seconds)
        for begin in found.node_osm.tolist():
            due = (
                nx.single_source_dijkstra_path_length(plain, begin, weight="s")
                if begin in plain
                else {begin: 0}
            )
            got = nx.single_source_dijkstra_path_length(merged, begin, weight="s")
            assert got == pytest.approx({k: v for k, v in due.items() if k in got}, rel=1e-6)
            assert set(got) == set(due) & set(found.node_osm.tolist())
    drawn = {frozenset(step) for part, _ in ways for step in pairwise(part)}
    total = sum(np.hypot(*np.subtract(*(at[n] for n in step))) for step in drawn)
    assert found.length_m.sum() == pytest.approx(total)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_the_file_is_no_matter(tmp_path, seed):
    nodes, ways = _random_ways(seed)
    path = osm_file(tmp_path / "a.osm", nodes, ways)
    one = read_network(path, modes=ALL, notify=lambda _: None)
    lines = path.read_text(encoding="utf-8").splitlines()
    roads = [line for line in lines if line.startswith("<way")]
    np.random.default_rng(seed).shuffle(roads)
    rest = [line for line in lines if not line.startswith("<way")]
    path.write_text("\n".join([*rest[:-1], *roads, rest[-1]]), encoding="utf-8")
    other = read_network(path, modes=ALL, notify=lambda _: None)
    for name in ("node_osm", "tail", "head", "shape_x", "shape_start", "length_m"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(one.times("car"), other.times("car"))


def lost(found, mode="car"):
    """Give the seconds lost on the way between nodes, where any are."""
    tail, head = found.node_osm[found.tail].tolist(), found.node_osm[found.head].tolist()
    there, back = found.delays(mode).tolist()
    told = [*zip(tail, head, there, strict=True), *zip(head, tail, back, strict=True)]
    return {(a, b): seconds for a, b, seconds in told if seconds}


LIGHT = {"highway": "traffic_signals"}


@pytest.mark.parametrize(
    ("tags", "due"),
    [
        (LIGHT, {(1, 3), (5, 3)}),
        (LIGHT | {"traffic_signals:direction": "forward"}, {(1, 3)}),
        (LIGHT | {"direction": "backward"}, {(5, 3)}),
        (LIGHT | {"traffic_signals:direction": "both"}, {(1, 3), (5, 3)}),
        ({"highway": "crossing"}, set()),
    ],
)
def test_lights_on_a_road(tmp_path, tags, due):
    found = read(tmp_path / "a.osm", LINE, [([1, 2, 3, 4, 5], STREET)], node_tags={3: tags})
    assert lost(found) == dict.fromkeys(due, LOST["signals"])
    bicycle, walker = modes()["bike"].delays_s["signals"], modes()["walk"].delays_s["signals"]
    assert lost(found, "bike") == dict.fromkeys(due, bicycle)
    assert lost(found, "walk") == dict.fromkeys(due, walker)


def test_lights_at_a_dead_end_stop_nobody(tmp_path):
    found = read(tmp_path / "a.osm", LINE, [([1, 2, 3], STREET)], node_tags={3: LIGHT})
    assert lost(found) == {}
    assert found.delay_s == {}


def test_nothing_is_lost_where_one_may_not_go(tmp_path):
    ways = [([1, 2, 3], STREET | {"oneway": "yes"})]
    found = read(tmp_path / "a.osm", LINE, ways, node_tags={2: LIGHT})
    assert lost(found) == {(1, 2): LOST["signals"]}


CROSS = LINE | {11: (5.003, 52.001), 12: (5.003, 51.999), 13: (5.003, 52.0001)}
MAIN = {"highway": "primary"}


def test_the_lower_road_gives_way(tmp_path):
    found = read(tmp_path / "a.osm", CROSS, [([1, 3, 5], MAIN), ([11, 3, 12], STREET)])
    assert lost(found) == dict.fromkeys(((11, 3), (12, 3)), LOST["give_way"])
    assert set(lost(found, "bike").values()) == {modes()["bike"].delays_s["give_way"]}
    assert lost(found, "walk") == {}
    alike = read(tmp_path / "a.osm", CROSS, [([1, 3, 5], STREET), ([11, 3, 12], STREET)])
    assert lost(alike) == {}


def test_lights_or_signs_stand_for_giving_way(tmp_path):
    ways = [([1, 3, 5], MAIN), ([11, 13, 3, 12], STREET)]
    found = read(tmp_path / "a.osm", CROSS, ways, node_tags={3: LIGHT})
    assert lost(found) == dict.fromkeys(((1, 3), (5, 3), (11, 3), (12, 3)), LOST["signals"])
    # A sign eleven metres before the crossing: for who nears the crossing, and only once.
    found = read(tmp_path / "a.osm", CROSS, ways, node_tags={13: {"highway": "stop"}})
    assert lost(found) == {(11, 13): LOST["stop"], (12, 3): LOST["give_way"]}
    found = read(tmp_path / "a.osm", CROSS, ways, node_tags={3: {"highway": "give_way"}})
    assert lost(found) == dict.fromkeys(((11, 3), (12, 3)), LOST["give_way"])
    found = read(
        tmp_path / "a.osm",
        CROSS,
        ways,
        node_tags={13: {"highway": "stop", "direction": "backward"}},
    )
    assert lost(found)[3, 13] == LOST["stop"]


def test_an_all_way_stop_is_for_all(tmp_path):
    ways = [([1, 3, 5], STREET), ([11, 3, 12], STREET)]
    found = read(tmp_path / "a.osm", CROSS, ways, node_tags={3: {"highway": "stop"}})
    assert lost(found) == dict.fromkeys(((1, 3), (5, 3), (11, 3), (12, 3)), LOST["stop"])


def test_roundabouts_and_slip_roads(tmp_path):
    round_about = STREET | {"junction": "roundabout"}
    ways = [([3, 12, 5, 11, 3], round_about), ([1, 3], STREET), ([5, 7], MAIN)]
    found = read(tmp_path / "a.osm", CROSS, ways)
    assert lost(found) == {(1, 3): LOST["give_way"]}  # who enters; not who is on it
    ways = [([1, 3, 5], {"highway": "motorway"}), ([11, 3], {"highway": "motorway_link"})]
    assert lost(read(tmp_path / "a.osm", CROSS, ways, ("car",))) == {}


def test_one_waits_once_for_a_ferry(tmp_path):
    ways = [
        ([1, 2], STREET),
        ([2, 3], {"route": "ferry"}),
        ([3, 4], {"route": "ferry", "duration": "5"}),
    ]
    ways += [([4, 5], STREET)]
    found = read(tmp_path / "a.osm", LINE, ways)
    assert lost(found, "walk") == dict.fromkeys(((3, 4), (3, 2)), 300.0)
