"""Turn restrictions of OpenStreetMap: which sequences of stretches are forbidden, and to whom."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest

from geo_mbo.modes import chosen
from geo_mbo.network import read_network
from geo_mbo.network.places import metric_places
from geo_mbo.network.restrictions import rulings
from geo_mbo.travel import Search, travel_matrix
from tests.roads import osm_file

MODES = ("walk", "bike", "car")
# A crossing at 1 with arms to the west (2), east (3), north (4) and south (5).
CROSSING = {
    1: (5.0, 52.0), 2: (4.999, 52.0), 3: (5.001, 52.0), 4: (5.0, 52.001), 5: (5.0, 51.999),
    6: (5.0005, 52.0), 7: (4.9995, 52.0), 8: (5.0005, 52.001), 9: (5.0005, 51.999),
}  # fmt: skip
STREET = {"highway": "residential"}
WEST, EAST, NORTH, SOUTH = ([2, 1], STREET), ([1, 3], STREET), ([1, 4], STREET), ([5, 1], STREET)
ARMS = [WEST, EAST, NORTH, SOUTH]  # ways 1, 2, 3 and 4


def road_map(path, ways, relations, *, nodes=CROSSING, node_tags=None):
    """Write a map whose relations are (tags, members); a member is ``from:w1`` or ``via:n1``."""
    osm_file(path, nodes, ways, node_tags=node_tags)
    lines = path.read_text(encoding="utf-8").removesuffix("</osm>").splitlines()
    kinds = {"n": "node", "w": "way", "r": "relation"}
    for k, (tags, members) in enumerate(relations, 1):
        lines.append(f'<relation id="{k}" version="1">')
        for member in members.split():
            role, ref = member.split(":")
            lines.append(f'<member type="{kinds[ref[0]]}" ref="{ref[1:]}" role="{role}"/>')
        lines += [f'<tag k="{k}" v="{v}"/>' for k, v in tags.items()]
        lines.append("</relation>")
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def ban(value, members, **more):
    return ({"type": "restriction", "restriction": value, **more}, members)


def read(path, modes=MODES):
    notes = []
    found = read_network(path, modes=modes, notify=notes.append)
    return found, {n.code: n.count for n in notes}


def said(found):
    """Give the forbidden sequences as the OpenStreetMap nodes passed, with whom they bind."""
    told = {}
    for k in range(len(found.turns)):
        arcs = found.turns.arc[found.turns.start[k] : found.turns.start[k + 1]]
        ends = np.stack([found.tail[arcs >> 1], found.head[arcs >> 1]])
        begin, end = np.where(arcs & 1, ends[::-1], ends)
        assert (begin[1:] == end[:-1]).all()  # each goes on where the one before ends
        passed = tuple(found.node_osm[[begin[0], *end]].tolist())
        told[passed] = {mode for mode in found.modes if found.turns.binds[mode][k]}
    return told


def test_vehicles_are_bound_and_pedestrians_are_not(tmp_path):
    found, notes = read(
        road_map(tmp_path / "a.osm", ARMS, [ban("no_left_turn", "from:w1 via:n1 to:w3")])
    )
    assert said(found) == {(2, 1, 4): {"bike", "car"}}
    assert notes == {}


@pytest.mark.parametrize(
    ("tags", "bound"),
    [
        ({"restriction": "no_left_turn"}, "bike car speed_pedelec"),
        ({"restriction": "no_left_turn", "except": "psv;bicycle"}, "car speed_pedelec"),
        ({"restriction": "no_left_turn", "except": "motor_vehicle"}, "bike"),
        ({"restriction:hgv": "no_left_turn"}, ""),
        ({"restriction:motor_vehicle": "no_left_turn"}, "car speed_pedelec"),
        ({"restriction:motorcar": "no_left_turn"}, "car"),
        ({"restriction:bicycle": "no_left_turn"}, "bike"),
        ({"restriction:foot": "no_left_turn"}, "walk"),
        ({"restriction": "no", "restriction:foot": "no_left_turn"}, "walk"),
    ],
)
def test_who_is_bound(tags, bound):
    who = chosen(["walk", "bike", "car", "speed_pedelec"])
    told, timed = rulings({"type": "restriction", **tags}, who)
    found = zip(who, told.get("no_left_turn", (False,) * 4), strict=True)
    assert [mode.name for mode, so in found if so] == bound.split()
    assert not timed


def test_certain_times_only(tmp_path):
    timed = {"type": "restriction", "restriction:conditional": "no_u_turn @ (Mo-Fr 07:00-09:00)"}
    relations = [
        (timed, "from:w1 via:n1 to:w3"),
        ban("no_left_turn", "from:w1 via:n1 to:w3", hour_on="07:00", hour_off="09:00"),
        ({"type": "restriction", "restriction:hgv:conditional": "no_left_turn @ (wet)"}, ""),
    ]
    found, notes = read(road_map(tmp_path / "a.osm", ARMS, relations))
    assert (said(found), notes) == ({}, {"turns_conditional": 2})


def test_only_one_way_on_forbids_all_others_and_turning_back(tmp_path):
    relations = [ban("only_straight_on", "from:w1 via:n1 to:w2")]
    found, _ = read(road_map(tmp_path / "a.osm", ARMS, relations))
    assert set(said(found)) == {(2, 1, 4), (2, 1, 5), (2, 1, 2)}
    relations = [ban("only_u_turn", "from:w1 via:n1 to:w1")]
    found, _ = read(road_map(tmp_path / "a.osm", ARMS, relations))
    assert set(said(found)) == {(2, 1, 4), (2, 1, 5), (2, 1, 3)}


def test_what_is_closed_anyway_needs_no_ban(tmp_path):
    south = ([5, 1], STREET | {"oneway": "yes", "bicycle": "no"})
    relations = [ban("only_straight_on", "from:w1 via:n1 to:w2")]
    found, _ = read(road_map(tmp_path / "a.osm", [WEST, EAST, NORTH, south], relations))
    assert set(said(found)) == {(2, 1, 4), (2, 1, 2)}


def test_turning_back(tmp_path):
    relations = [ban("no_u_turn", "from:w1 via:n1 to:w1")]
    found, _ = read(road_map(tmp_path / "a.osm", ARMS, relations))
    assert set(said(found)) == {(2, 1, 2)}


def test_over_a_way_that_others_join(tmp_path):
    # The south lane joins the road between the two lanes of a dual carriageway halfway.
    ways = [WEST, ([1, 6, 3], STREET), ([3, 8], STREET), ([9, 6], STREET), ([4, 3], STREET)]
    turned = [ban("no_u_turn", "from:w1 via:w2 to:w3")]
    found, _ = read(road_map(tmp_path / "a.osm", ways, turned))
    assert set(said(found)) == {(2, 1, 6, 3, 8)}
    only = [ban("only_left_turn", "from:w1 via:w2 to:w3")]
    found, _ = read(road_map(tmp_path / "b.osm", ways, only))
    assert {passed[-2:] for passed in said(found)} == {(3, 4), (3, 6)}


def test_over_two_ways_in_either_order(tmp_path):
    ways = [WEST, ([1, 6], STREET), ([3, 6], STREET), ([3, 8], STREET), ([9, 6], STREET)]
    ways += [([1, 4], STREET), ([3, 5], STREET)]
    for via in ("via:w2 via:w3", "via:w3 via:w2"):
        relations = [ban("no_u_turn", f"from:w1 {via} to:w4")]
        found, notes = read(road_map(tmp_path / "a.osm", ways, relations))
        assert set(said(found)) == {(2, 1, 6, 3, 8)}
        assert notes == {}


def test_several_roads_of_a_role(tmp_path):
    relations = [ban("no_entry", "from:w1 from:w2 via:n1 to:w3")]
    found, notes = read(road_map(tmp_path / "a.osm", ARMS, relations))
    assert set(said(found)) == {(2, 1, 4), (3, 1, 4)}
    relations = [ban("no_exit", "from:w1 via:n1 to:w3 to:w4")]
    assert set(said(read(road_map(tmp_path / "a.osm", ARMS, relations))[0])) == {
        (2, 1, 4),
        (2, 1, 5),
    }
    relations = [ban("no_left_turn", "from:w1 from:w2 via:n1 to:w3")]
    found, notes = read(road_map(tmp_path / "a.osm", ARMS, relations))
    assert (said(found), notes) == ({}, {"turns_unclear": 1})


@pytest.mark.parametrize(
    "members",
    [
        "from:w1 to:w3",  # no via
        "from:w1 via:n1",  # no to
        "from:w1 via:n99 to:w3",
        "from:w1 via:n1 to:w99",
        "from:w1 via:n3 to:w3",  # they do not meet there
        "from:w1 via:n1 via:n2 to:w3",
        "from:w1 via:r1 to:w3",
        "from:w1 via:w99 to:w3",
    ],
)
@pytest.mark.parametrize("value", ["no_left_turn", "only_left_turn", "sharp_left"])
def test_what_is_not_clear_is_told(tmp_path, members, value):
    found, notes = read(road_map(tmp_path / "a.osm", ARMS, [ban(value, members)]))
    assert (said(found), notes) == ({}, {"turns_unclear": 1})


def test_a_road_on_both_sides_of_the_crossing(tmp_path):
    relations = [ban("no_left_turn", "from:w1 via:n1 to:w2")]
    through = [([2, 1, 3], STREET), NORTH, SOUTH]
    found, notes = read(road_map(tmp_path / "a.osm", through, relations))
    assert (said(found), notes) == ({}, {"turns_unclear": 1})
    one_way = [([2, 1, 3], STREET | {"oneway": "yes"}), NORTH, SOUTH]
    found, notes = read(road_map(tmp_path / "a.osm", one_way, relations))
    # From the east one can arrive by pushing a bicycle, so that both sides stay possible.
    assert (said(found), notes) == ({}, {"turns_unclear": 1})
    found, notes = read(road_map(tmp_path / "a.osm", one_way, relations), ("walk", "car"))
    assert (said(found), notes) == ({(2, 1, 4): {"car"}}, {})


def test_pieces_that_are_merged_keep_their_bans(tmp_path):
    ways = [([2, 7], STREET), ([1, 7], STREET), EAST, NORTH, SOUTH]
    relations = [ban("no_left_turn", "from:w2 via:n1 to:w4")]
    found, _ = read(road_map(tmp_path / "a.osm", ways, relations))
    assert len(found.tail) == 4
    assert set(said(found)) == {(2, 1, 4)}


def test_a_ban_between_two_roads_keeps_them_apart(tmp_path):
    ways = [([2, 1], STREET), ([1, 3], STREET)]
    found, _ = read(road_map(tmp_path / "a.osm", ways, [ban("no_u_turn", "from:w1 via:n1 to:w1")]))
    assert set(said(found)) == {(2, 1, 2)}
    assert len(read(road_map(tmp_path / "a.osm", ways, []))[0].tail) == 1


def test_a_gate_on_the_crossing(tmp_path):
    relations = [
        ban("no_left_turn", "from:w1 via:n1 to:w3"),
        ban("no_u_turn", "from:w1 via:n1 to:w1"),
    ]
    gate = {1: {"barrier": "bollard", "motor_vehicle": "no"}}
    found, _ = read(road_map(tmp_path / "a.osm", ARMS, relations, node_tags=gate))
    # Through the gate and on; back before the gate, or back in the middle of it; and, so that
    # nobody forgets where he came from, out of the gate and straight back in.
    assert set(said(found)) == {(2, 1, 1, 1, 4), (2, 1, 2), (2, 1, 1, 1, 2), (1, 1, 1)}


@pytest.mark.parametrize("engine", ["plain", "prepared"])
def test_a_gate_that_one_may_pass_frees_nobody_from_a_ban(tmp_path, engine):
    took = []
    for gate in ({}, {1: {"barrier": "bollard"}}):
        path = road_map(
            tmp_path / f"{len(gate)}.osm",
            ARMS,
            [ban("no_left_turn", "from:w1 via:n1 to:w3")],
            node_tags=gate,
        )
        roads, _ = read(path)
        at = {int(osm): k for k, osm in enumerate(roads.node_osm)}
        home, school = (
            gpd.GeoDataFrame(
                {f"{name}_id": ["x"]},
                geometry=gpd.points_from_xy([roads.node_x[at[osm]]], [roads.node_y[at[osm]]]),
                crs=roads.crs,
            )
            for name, osm in (("origin", 2), ("site", 4))
        )
        matrix = travel_matrix(
            roads, home, school, modes=["bike"], search=Search(engine=engine), notify=lambda _: None
        )
        took.append(matrix.meters("bike")[0, 0])
    assert took[0] == pytest.approx(took[1], abs=0.5)
    assert took[0] > 300  # the turn itself would be two arms long


def test_bans_outside_the_box_are_no_matter(tmp_path):
    ways = [*ARMS, ([6, 8], STREET)]
    relations = [ban("no_left_turn", "from:w5 via:n6 to:w99")]
    path = road_map(tmp_path / "a.osm", ways, relations)
    assert read(path)[1] == {"turns_unclear": 1}
    notes = []
    read_network(path, modes=MODES, box=(4.998, 51.9, 4.9991, 52.1), notify=notes.append)
    assert notes == []


def _random_town(seed):
    """Make streets on a grid, cut into ways at random places, and bans at random crossings."""
    rng = np.random.default_rng(seed)
    size = 5
    nodes = {
        1 + i * size + j: (5 + i * 1e-3, 52 + j * 1e-3) for i in range(size) for j in range(size)
    }
    lines = [[1 + i * size + j for j in range(size)] for i in range(size)]
    lines += [[1 + i * size + j for i in range(size)] for j in range(size)]
    ways = []
    for line in lines:
        at = 0
        while at < size - 1:
            end = min(size - 1, at + int(rng.integers(1, 4)))
            part = line[at : end + 1][:: int(rng.choice([1, -1]))]
            oneway = {"oneway": "yes"} if rng.random() < 0.2 else {}
            if rng.random() < 0.85:
                ways.append((part, STREET | oneway))
            at = end
    relations = []
    for _ in range(12):
        begin, end = rng.integers(len(ways), size=2)
        via = set(ways[begin][0]) & set(ways[end][0])
        if via:
            value = str(rng.choice(["no_left_turn", "only_right_turn"]))
            relations.append((value, int(begin), min(via), int(end)))
    return nodes, ways, relations


def _plain(ways, relations):
    """Read bans the plain way: as three nodes in a row that a car may not pass."""
    steps = {}
    for k, (part, tags) in enumerate(ways):
        for a, b in pairwise(part):
            steps[a, b] = k
            if "oneway" not in tags:
                steps[b, a] = k
    banned, unclear = set(), 0
    for value, begin, via, end in relations:
        came = [(a, b) for (a, b), k in steps.items() if k == begin and b == via]
        goes = [(a, b) for (a, b), k in steps.items() if k == end and a == via]
        beside = [sum(via in step for step in pairwise(ways[k][0]))
                  for k in (begin, end)]  # fmt: skip
        if len(came) * len(goes) > 1 or ((not came or not goes) and beside != [1, 1]):
            unclear += 1
            continue
        if not came:
            continue
        before = came[0][0]
        if value.startswith("only"):
            after = {b for a, b in steps if a == via} - {b for _, b in goes}
        else:
            after = {b for _, b in goes}
        banned |= {(before, via, b) for b in after}
    return banned, unclear


@pytest.mark.parametrize("seed", range(40))
def test_random_towns_agree_with_the_plain_way(tmp_path, seed):
    nodes, ways, relations = _random_town(seed)
    told = [ban(v, f"from:w{b + 1} via:n{n} to:w{e + 1}") for v, b, n, e in relations]
    found, notes = read(road_map(tmp_path / "a.osm", ways, told, nodes=nodes), ("car",))
    places = metric_places(*np.array(list(nodes.values())).T)
    at = {(round(x), round(y)): ref for ref, x, y in zip(nodes, places.x, places.y, strict=True)}

    def passed(arc):
        a, z = found.shape_start[arc >> 1 : (arc >> 1) + 2]
        line = [
            (round(x), round(y))
            for x, y in zip(found.shape_x[a:z], found.shape_y[a:z], strict=True)
        ]
        return [at[p] for p in (line[::-1] if arc & 1 else line)]

    banned = set()
    for k in range(len(found.turns)):
        first, last = found.turns.arc[found.turns.start[k] : found.turns.start[k + 1]].tolist()
        banned.add((passed(first)[-2], passed(first)[-1], passed(last)[1]))
    due, unclear = _plain(ways, relations)
    assert banned == due
    assert notes.get("turns_unclear", 0) == unclear


def test_a_ban_over_far_too_many_ways_is_unclear_at_once(tmp_path):
    members = "from:w1 " + "via:w5 " * 40 + "to:w3"
    ways = [*ARMS, ([1, 6, 8, 1], STREET)]
    assert read(road_map(tmp_path / "a.osm", ways, [ban("no_left_turn", members)]))[1] == {
        "turns_unclear": 1
    }
