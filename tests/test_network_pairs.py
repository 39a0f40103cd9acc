"""Trips over the network: exact, the same however asked for, and truthful about why not."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.cache import Cache
from geo_mbo.engine import Places
from geo_mbo.errors import CrsError, InputError
from geo_mbo.modes import TurnSeconds
from geo_mbo.network.pairs import walking_ms
from geo_mbo.network.road import largest_piece
from geo_mbo.network.search import Searcher, plain_searches, searchers_of
from geo_mbo.network.snapping import snap
from geo_mbo.network.turns import roads_of
from geo_mbo.schema import TRAVEL_STATUS
from geo_mbo.travel import Search, travel_matrix
from tests.roads import network, plain_trip, points, random_network

INF = np.inf


def asked(roads, homes, schools, limit_min=120, **search):
    """Ask for a matrix with defaults; give minutes, metres and the words of the status."""
    notes = []
    matrix = travel_matrix(
        roads,
        points("origin", homes),
        points("site", schools),
        modes=["bike"],
        limit_min=limit_min,
        search=Search(**search),
        notify=notes.append,
    )
    words = np.array(TRAVEL_STATUS)[matrix.status("bike")]
    return matrix.minutes("bike"), matrix.meters("bike"), words, notes


def random_places(seed: int, count: int) -> list[tuple[float, float]]:
    rng = np.random.default_rng(seed)
    return list(
        zip(
            100_000 + rng.uniform(-80, 600, count),
            500_000 + rng.uniform(-80, 600, count),
            strict=True,
        )
    )


@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_networkx(seed):
    roads = random_network(seed)
    homes, schools = random_places(seed, 12), random_places(seed + 100, 4)
    minutes, meters, _, _ = asked(roads, homes, schools, limit_min=1e6)
    from_home = snap(roads, shapely.points(homes), mode="bike")
    to_school = snap(roads, shapely.points(schools), mode="bike")
    for o in range(len(homes)):
        for s in range(len(schools)):
            walk_m = from_home.away_m[o] + to_school.away_m[s]
            seconds, along_m = plain_trip(
                roads,
                "bike",
                (int(from_home.edge[o]), float(from_home.share[o])),
                (int(to_school.edge[s]), float(to_school.share[s])),
            )
            due, due_m = (seconds + walk_m / walking_ms()) / 60, along_m + walk_m
            apart = np.hypot(*np.subtract(homes[o], schools[s]))
            if from_home.edge[o] == to_school.edge[s] and apart / walking_ms() / 60 < due:
                due, due_m = apart / walking_ms() / 60, apart
            assert minutes[o, s] == pytest.approx(due, rel=1e-6)
            assert meters[o, s] == pytest.approx(due_m, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.permutations(range(9)), st.permutations(range(4)), st.integers(1, 8))
def test_a_value_depends_on_its_own_pair_only(seed, rows, columns, cut):
    roads = random_network(seed)
    homes, schools = random_places(seed, 9), random_places(seed + 1, 4)
    whole = asked(roads, homes, schools)[:3]
    turned = asked(roads, [homes[k] for k in rows], [schools[k] for k in columns])[:3]
    parts = [asked(roads, part, schools)[:3] for part in (homes[:cut], homes[cut:])]
    one = [asked(roads, homes, [school])[:3] for school in schools]
    for k in range(3):
        np.testing.assert_array_equal(whole[k][np.ix_(rows, columns)], turned[k])
        np.testing.assert_array_equal(whole[k], np.vstack([part[k] for part in parts]))
        np.testing.assert_array_equal(whole[k], np.hstack([part[k] for part in one]))


def test_other_blocks_same_values(monkeypatch):
    roads = random_network(3)
    homes, schools = random_places(3, 9), random_places(4, 5)
    whole = asked(roads, homes, schools)[:3]
    monkeypatch.setattr("geo_mbo.network.search._BLOCK_BYTES", 1)
    for memory_mb, engine in product((1e-9, 1e-3, 1024.0), ("plain", "prepared")):
        again = asked(roads, homes, schools, memory_mb=memory_mb, engine=engine)[:3]
        for due, found in zip(whole, again, strict=True):
            np.testing.assert_array_equal(due, found)


def test_partial_edges_by_hand():
    # 0 --600 m, 60 s there, 120 s back-- 1 --300 m, 30 s both-- 2
    roads = network([(0, 0), (600, 0), (900, 0)], [(0, 1, 60, 120), (1, 2, 30, 30)])
    minutes, meters, words, _ = asked(roads, [(150, 0), (900, 0)], [(750, 0), (300, 0)])
    np.testing.assert_allclose(minutes * 60, [[45 + 15, 15], [15, 30 + 60]], rtol=1e-6)
    np.testing.assert_allclose(meters, [[600, 150], [150, 600]], rtol=1e-6)
    assert (words == "ok").all()


def test_one_edge_against_a_oneway_street_goes_round():
    # A ring of one-way streets: 100 m a side, 10 s a side.
    ring = [(0, 0), (100, 0), (100, 100), (0, 100)]
    roads = network(ring, [(0, 1, 10, INF), (1, 2, 10, INF), (2, 3, 10, INF), (3, 0, 10, INF)])
    minutes, meters, _, _ = asked(roads, [(20, 0), (80, 0)], [(50, 0)])
    np.testing.assert_allclose(minutes[:, 0] * 60, [3, 30 / walking_ms()], rtol=1e-6)
    np.testing.assert_allclose(meters[:, 0], [30, 30], rtol=1e-6)
    far = [(0, 0), (1000, 0), (1000, 1000), (0, 1000)]
    roads = network(far, [(0, 1, 10, INF), (1, 2, 10, INF), (2, 3, 10, INF), (3, 0, 10, INF)])
    minutes, meters, _, _ = asked(roads, [(800, 0)], [(500, 0)])
    assert minutes[0, 0] * 60 == pytest.approx(2 + 30 + 5)
    assert meters[0, 0] == pytest.approx(200 + 3000 + 500)


def test_next_door_takes_no_time():
    roads = network([(0, 0), (600, 0)], [(0, 1, 60, 60)])
    minutes, meters, words, _ = asked(roads, [(300, 40)], [(300, 40), (303, 44)])
    np.testing.assert_allclose(meters, [[0, 5]])
    np.testing.assert_allclose(minutes * 60, [[0, 5 / walking_ms()]], rtol=1e-6)
    assert (words == "ok").all()


def test_the_walk_to_the_road_counts():
    roads = network([(0, 0), (600, 0), (1200, 0)], [(0, 1, 60, 60), (1, 2, 60, 60)])
    minutes, meters, _, _ = asked(roads, [(100, 80)], [(1100, 40)])
    assert meters[0, 0] == pytest.approx(1000 + 120)
    assert minutes[0, 0] * 60 == pytest.approx(100 + 120 / walking_ms())


def test_the_fastest_of_parallel_edges_and_its_own_metres():
    nodes = [(0, 0), (600, 0), (1200, 0)]
    roads = network(nodes, [(0, 1, 90, 90), (0, 1, 60, 60), (0, 1, 70, 70), (1, 2, 60, 60)])
    minutes, _, _, _ = asked(roads, [(0, 0)], [(1200, 0)])
    assert minutes[0, 0] * 60 == pytest.approx(120)


def test_edges_without_time_do_not_vanish():
    # A gate takes no time: a sparse matrix that dropped its zero would lose the only way.
    nodes = [(0, 0), (600, 0), (600, 0), (1200, 0)]
    edges = [(0, 1, 60, 60), (1, 2, 0, 0), (2, 3, 60, 60)]
    roads = network(nodes, edges, joinable=[True, False, True])
    minutes, meters, words, _ = asked(roads, [(0, 0)], [(1200, 0)])
    assert words[0, 0] == "ok"
    assert minutes[0, 0] * 60 == pytest.approx(120)
    assert meters[0, 0] == pytest.approx(1200)


def test_search_by_itself_against_networkx():
    roads = random_network(7)
    arcs = nx.MultiDiGraph()
    for edge, (tail, head) in enumerate(zip(roads.tail.tolist(), roads.head.tolist(), strict=True)):
        there, back = roads.times("bike")[:, edge]
        for a, b, seconds in ((tail, head, there), (head, tail, back)):
            if np.isfinite(seconds):
                arcs.add_edge(a, b, tenths=round(seconds * 10))
    due = nx.single_source_dijkstra_path_length(arcs.reverse(), 5, weight="tenths")
    graph = roads_of(roads)
    ((_, found),) = plain_searches(graph, "bike", Places.at([5], dtype=np.int64))
    for node in range(len(roads.node_x)):
        assert np.floor(found[0, node] / 2**32) == due.get(node, INF)


def test_no_places_to_search_from():
    graph, none = roads_of(random_network(1)), Places.at([], dtype=np.int64)
    assert list(plain_searches(graph, "bike", none)) == []
    for engine in ("plain", "prepared"):
        found = Searcher(graph, engine=engine).costs("bike", Places.at([1], dtype=np.int64), none)
        assert found.shape == (1, 0)


@pytest.mark.parametrize("seed", range(8))
def test_both_engines_give_the_same(seed):
    roads = random_network(seed, size=9)
    homes, schools = random_places(seed, 40), random_places(seed + 100, 12)
    plain, prepared = (
        asked(roads, homes, schools, engine=engine)[:3] for engine in ("plain", "prepared")
    )
    for one, other in zip(plain, prepared, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_engine_chooses_itself(tmp_path):
    graph = roads_of(random_network(1))
    assert not Searcher(graph).prepares(10_000)
    assert Searcher(graph).prepares(2_000_000)
    assert Searcher(graph, engine="prepared").prepares(1)
    assert not Searcher(graph, engine="plain").prepares(2_000_000)


def test_what_was_prepared_is_kept(tmp_path):
    roads, cache = random_network(2), Cache(tmp_path)
    homes, schools = random_places(1, 9), random_places(2, 5)
    first = asked(roads, homes, schools, engine="prepared", cache=cache)
    kinds = {path.name.partition("-")[0] for path in tmp_path.iterdir()}
    assert kinds == {"hierarchy", "metric"}
    again = asked(roads, homes, schools, engine="prepared", cache=cache)
    np.testing.assert_array_equal(first[0], again[0])
    searcher = Searcher(roads_of(roads), cache)
    assert searcher.prepares(1_000_000)


MAIN = [(0, 0), (1000, 0), (2000, 0)]
PIECE = [(5000, 0), (5200, 0)]
APART = [(0, 1, 60, 60), (1, 2, 60, 60), (3, 4, 20, 20)]


def test_a_cut_off_piece_far_away_is_unreachable():
    roads = network([*MAIN, *PIECE], APART)
    _, _, words, notes = asked(roads, [(5100, 10), (100, 0)], [(1900, 0), (5150, 0)])
    assert words.tolist() == [["unreachable", "ok"], ["ok", "unreachable"]]
    told = {(n.code, n.rows) for n in notes}
    assert ("snap_cut_off", ("o0",)) in told
    assert ("snap_cut_off", ("s1",)) in told


def test_a_cut_off_piece_near_the_rest_gives_way_to_it():
    near = [(2000 + 300, 0), (2000 + 500, 0)]
    roads = network([*MAIN, *near], APART)
    minutes, _, words, notes = asked(roads, [(2400, 0)], [(0, 0)])
    assert words[0, 0] == "ok"
    assert minutes[0, 0] * 60 == pytest.approx(120 + 400 / walking_ms())
    assert {n.code for n in notes} == {"snap_far", "snap_moved"}
    _, _, words, _ = asked(roads, [(2400, 0)], [(0, 0)], snap_limit_m=300)
    assert words[0, 0] == "unreachable"


def test_too_far_over_the_limit_and_no_point():
    roads = network(MAIN, APART[:2])
    homes = [(0, 0), (0, 5000), (float("nan"), float("nan"))]
    minutes, meters, words, notes = asked(
        roads, homes, [(100, 0), (2000, 0), (0, 9000)], limit_min=0.5
    )
    assert words[0].tolist() == ["ok", "over_limit", "site_too_far"]
    assert words[1].tolist() == ["origin_too_far", "origin_too_far", "site_too_far"]
    assert words[2, 0] == "origin_too_far"
    assert np.isinf(minutes[words != "ok"]).all()
    assert np.isinf(meters[words != "ok"]).all()
    assert [n.rows for n in notes if n.code == "snap_beyond"] == [("o1", "o2"), ("s2",)]


def test_sites_without_a_point_are_columns_of_site_too_far():
    roads = network(MAIN, APART[:2])
    sites = points("site", [(0, 0), (0, 0)])
    sites.loc[1, "geometry"] = shapely.Point()
    matrix = travel_matrix(
        roads, points("origin", [(0, 0)]), sites, modes=["bike"], notify=lambda _: None
    )
    assert matrix.status("bike").tolist() == [[0, TRAVEL_STATUS.index("site_too_far")]]


def test_one_way_out_is_enough_to_leave():
    # From the dead end one can leave but not come back: home there is fine, school is not.
    roads = network([*MAIN, (2000, 3000)], [(0, 1, 60, 60), (1, 2, 60, 60), (3, 2, 300, INF)])
    _, _, words, _ = asked(roads, [(2000, 2900), (0, 0)], [(0, 0), (2000, 2800)], snap_limit_m=100)
    assert words.tolist() == [["ok", "ok"], ["ok", "unreachable"]]
    _, _, words, _ = asked(roads, [(2000, 2900)], [(0, 0)], snap_limit_m=100, limit_min=1)
    assert words[0, 0] == "over_limit"


def test_nobody_gets_on_at_a_motorway():
    roads = network(
        [(0, 0), (2000, 0), (2000, 200), (0, 200)],
        [(0, 1, 60, 60), (1, 2, 10, 10), (2, 3, 100, 100), (3, 0, 10, 10)],
        joinable=[False, True, True, True],
    )
    found = snap(roads, shapely.points([(1000.0, 50.0)]), mode="bike")
    assert found.edge.tolist() == [2]
    assert found.away_m.tolist() == [150.0]


def test_an_added_road_never_makes_a_trip_longer():
    roads = random_network(2)
    homes, schools = random_places(2, 20), random_places(5, 5)
    kept = roads.times("bike").copy()
    kept[:, :10] = INF
    ends = snap(replace(roads, seconds={"bike": kept}), shapely.points(homes), mode="bike")
    again = snap(roads, shapely.points(homes), mode="bike")
    same = ends.edge == again.edge  # a new road may be nearer: only where the point meets the same
    school = snap(replace(roads, seconds={"bike": kept}), shapely.points(schools), mode="bike")
    column = school.edge == snap(roads, shapely.points(schools), mode="bike").edge
    fewer = asked(replace(roads, seconds={"bike": kept}), homes, schools)[0]
    more = asked(roads, homes, schools)[0]
    assert same.any()
    assert column.any()
    assert (more <= fewer)[np.ix_(same, column)].all()


def test_direction_is_home_to_school():
    roads = network([(0, 0), (1000, 0)], [(0, 1, 60, 600)])
    minutes, _, _, _ = asked(roads, [(0, 0)], [(1000, 0)])
    back, _, _, _ = asked(roads, [(1000, 0)], [(0, 0)])
    assert (minutes[0, 0], back[0, 0]) == (1.0, 10.0)


def test_inputs_stay_as_they_were_and_zero_rows_keep_their_shape():
    roads = network(MAIN, APART[:2])
    origins, sites = points("origin", [(0, 0)]), points("site", [(500, 0)])
    before = origins.copy(), sites.copy(), roads.times("bike").copy()
    travel_matrix(roads, origins, sites, modes=["bike"])
    assert origins.equals(before[0])
    assert sites.equals(before[1])
    assert (roads.times("bike") == before[2]).all()
    for o, s in ((origins[:0], sites), (origins, sites[:0]), (origins[:0], sites[:0])):
        matrix = travel_matrix(roads, o, s, modes=["bike"])
        assert matrix.minutes("bike").shape == (len(o), len(s))
        assert len(matrix.to_long()) == 0


@pytest.mark.parametrize(
    ("crs", "code"), [(None, "crs_missing"), (4326, "crs_geographic"), (32631, "crs_differ")]
)
def test_another_coordinate_system_is_refused(crs, code):
    roads = network(MAIN, APART[:2])
    homes = points("origin", [(0, 0)]).set_crs(crs, allow_override=True)
    with pytest.raises(CrsError) as error:
        travel_matrix(roads, homes, points("site", [(0, 0)]), modes=["bike"])
    assert error.value.breaches[0].code == code


def test_a_mode_that_the_network_does_not_hold():
    with pytest.raises(InputError, match="no 'car', only: bike"):
        travel_matrix(
            network(MAIN, APART[:2]), points("origin", [(0, 0)]), points("site", []), modes=["car"]
        )


def test_largest_piece_with_nothing_open():
    roads = network(MAIN, [(0, 1, INF, INF)])
    assert not largest_piece(roads, "bike").any()
    _, _, words, _ = asked(roads, [(0, 0)], [(0, 0)])
    assert words.tolist() == [["site_too_far"]]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40), st.sampled_from([5.0, 40.0, 300.0, 5000.0]), st.integers(1, 30))
def test_snapping_finds_the_nearest_of_all(seed, limit_m, count):
    roads = random_network(seed)
    rng = np.random.default_rng(seed)
    at = np.column_stack(
        [rng.uniform(99_000, 102_000, count), rng.uniform(499_000, 502_000, count)]
    )
    at[::3] = np.array(random_places(seed, count))[::3]
    at[-1] = 1e9, -1e9
    found = snap(roads, shapely.points(at), mode="bike", limit_m=limit_m)
    lines = roads.lines(np.arange(len(roads.tail)))
    largest = largest_piece(roads, "bike")
    usable = np.isfinite(roads.times("bike")).any(axis=0)
    core = usable & largest[roads.tail] & largest[roads.head]
    for k, point in enumerate(shapely.points(at)):
        away = shapely.distance(lines, point)
        for edges in (core, usable & ~core):
            near = np.flatnonzero(edges & (away <= limit_m))
            if len(near):
                assert found.edge[k] == near[np.argmin(away[near])]
                assert found.away_m[k] == away[near].min()
                break
        else:
            assert found.edge[k] == -1


@pytest.mark.parametrize("limit_min", [0, 3, 1e9])
def test_many_pairs_are_told_the_same(monkeypatch, limit_min):
    roads = random_network(4, size=9)
    homes, schools = random_places(4, 40), [*random_places(5, 9), (0, 0)]
    few = asked(roads, homes, schools, limit_min=limit_min)[:3]
    monkeypatch.setattr("geo_mbo.network.pairs._MANY_PAIRS", 1)
    for one, other in zip(few, asked(roads, homes, schools, limit_min=limit_min)[:3], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("engine", ["plain", "prepared"])
def test_a_network_without_roads_and_a_mode_named_twice(engine):
    bare = network([(0, 0)], [])
    _, _, words, _ = asked(bare, [(0, 0)], [(0, 0)], engine=engine)
    assert words.tolist() == [["site_too_far"]]
    roads = network(MAIN, APART[:2])
    roads = replace(
        roads,
        seconds=roads.seconds | {"walk": roads.times("bike")},
        turn_s={"bike": TurnSeconds(1, 1, 1)},
    )
    assert set(searchers_of(roads, ["bike", "bike", "walk"])) == {"bike", "walk"}
    with pytest.raises(InputError, match="unique"):
        travel_matrix(
            roads, points("origin", [(0, 0)]), points("site", [(0, 0)]), modes=["bike", "bike"]
        )


@pytest.mark.parametrize(
    "wrong", [{"engine": "perpared"}, {"snap_limit_m": 0}, {"snap_limit_m": INF}, {"memory_mb": -1}]
)
def test_options_that_no_search_can_have(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Search(**wrong)


def test_weights_kept_for_another_order_are_not_taken(tmp_path, monkeypatch):
    roads, cache = random_network(2, size=9), Cache(tmp_path)
    homes, schools = random_places(1, 30), random_places(2, 9)
    due = asked(roads, homes, schools, engine="prepared", cache=cache)[0]
    (kept,) = tmp_path.glob("hierarchy-*.json")
    kept.unlink()
    monkeypatch.setitem(sys.modules, "pymetis", None)
    again = asked(roads, homes, schools, engine="prepared", cache=cache)[0]
    np.testing.assert_array_equal(again, due)
