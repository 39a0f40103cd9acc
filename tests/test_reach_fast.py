"""The compiled way to draw areas against the plain one, and both against single trips."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.errors import InputError
from geo_mbo.modes import TurnSeconds
from geo_mbo.network.costs import packed, seconds_of
from geo_mbo.network.doors import ways_in, ways_out
from geo_mbo.network.pairs import walking_ms
from geo_mbo.network.search import Search, Searcher
from geo_mbo.network.snapping import snap
from geo_mbo.network.turns import roads_of
from geo_mbo.reach import isochrones, kernels
from geo_mbo.reach.cells import assembled, outline
from geo_mbo.reach.frontage import on_road
from tests.roads import points, random_network
from tests.test_network_turns import forbid

EAST, NORTH = 100_000, 500_000


@st.composite
def towns(draw):
    """A town with one-way streets, delays and forbidden turns, anywhere, and sites in it."""
    roads = random_network(draw(st.integers(0, 200)), size=draw(st.integers(3, 6)))
    tails = np.column_stack([roads.tail, roads.head]).ravel()
    heads = np.column_stack([roads.head, roads.tail]).ravel()
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    trails = []
    for _ in range(draw(st.integers(0, 20))):
        trail = [int(rng.integers(len(tails)))]
        for _ in range(rng.integers(1, 3)):
            trail.append(int(rng.choice(np.flatnonzero(tails == heads[trail[-1]]))))
        trails.append(tuple(trail))
    delay = {"bike": rng.choice([0.0, 4.0, 9.5], (2, len(roads.tail)))}
    joinable = rng.random(len(roads.tail)) < 0.95
    sites = rng.uniform(-80, 600, (draw(st.integers(1, 5)), 2)) + np.array([EAST, NORTH])
    lost = {"bike": TurnSeconds(5.0, 2.0, 20.0)} if draw(st.booleans()) else {}
    town = replace(forbid(roads, *trails), delay_s=delay, joinable=joinable, turn_s=lost)
    return town, sites.tolist()


def drawn(roads, sites, engine, **more):
    """Draw areas by one engine."""
    return isochrones(
        roads,
        points("site", [tuple(at) for at in sites]),
        mode="bike",
        search=Search(engine=engine),
        **{"cutoffs_min": [0.4, 1, 2, 5], "notify": lambda _: None, **more},
    )


@settings(max_examples=150, deadline=None)
@given(towns(), st.sampled_from(["to", "from"]), st.sampled_from([17.0, 50.0, 400.0]))
def test_both_ways_give_the_same_shapes(town, direction, cell_m):
    plain, fast = (
        drawn(*town, engine, direction=direction, cell_m=cell_m) for engine in ("plain", "prepared")
    )
    assert plain.is_valid.all()
    assert plain.geometry.to_wkb().tolist() == fast.geometry.to_wkb().tolist()


@settings(max_examples=60, deadline=None)
@given(towns(), st.booleans(), st.integers(0, 4000))
def test_both_engines_reach_the_same_nodes(town, towards, tenths):
    roads, sites = town
    graph, limit = roads_of(roads, "bike"), ((tenths + 1) << 32) - 1
    at = snap(roads, shapely.points(sites), mode="bike")
    doors = (ways_in if towards else ways_out)(graph, at, "bike")
    plain, swept = (
        {
            place: sorted(zip(nodes.tolist(), cost.tolist(), strict=True))
            for place, nodes, cost in Searcher(graph, engine=engine).reached(
                "bike", doors, towards=towards, limit=limit
            )
        }
        for engine in ("plain", "prepared")
    )
    assert plain == swept
    assert sorted(plain) == list(range(len(sites)))


@settings(max_examples=60, deadline=None)
@given(towns(), st.sampled_from(["to", "from"]))
def test_true_to_single_trips_with_turns_and_delays(town, direction):
    roads, sites = town
    cell_m, limit_min = 20.0, 2.0
    area = drawn(roads, sites[:1], "plain", direction=direction, cell_m=cell_m).geometry[2]
    usable = np.isfinite(roads.times("bike")).any(axis=0) & roads.joinable
    edges = np.flatnonzero(usable)
    site = snap(roads, shapely.points(sites[:1]), mode="bike")
    edge = np.append(np.repeat(edges, 25), site.edge)
    share = np.append(np.tile(np.linspace(0, 1, 25), len(edges)), site.share)
    there = on_road(edge, share)
    graph = roads_of(roads, "bike")
    origin, target = (there, site) if direction == "to" else (site, there)
    costs = (
        Searcher(graph)
        .costs("bike", ways_out(graph, origin, "bike"), ways_in(graph, target, "bike"))
        .reshape(-1)
    )
    ahead = (site.share[0] - share) * (1 if direction == "to" else -1)
    way = np.where(ahead > 0, *roads.times("bike")[:, edge])
    with np.errstate(invalid="ignore"):
        seconds = np.where(ahead == 0, 0.0, np.abs(ahead) * way)
    direct = packed(seconds, np.abs(ahead) * roads.length_m[edge])
    costs = np.where(edge == site.edge[0], np.minimum(costs, direct), costs)
    within = seconds_of(costs) + site.away_m[0] / walking_ms() <= limit_min * 60
    places = shapely.line_interpolate_point(roads.lines(edge), share, normalized=True)
    inside = shapely.intersects(area, places)
    assert inside[within].all()
    if not within.any():
        return
    reached = shapely.STRtree(places[within])
    _, far = reached.query_nearest(places, return_distance=True, all_matches=False)
    # A reached stretch can slip between samples, which lie some 5 m apart.
    assert not (inside & (far > cell_m * np.sqrt(2) + 8)).any()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.floats(0, 1))
def test_outlines_are_the_same_to_the_bit(seed, rows, columns, density):
    filled = np.pad(np.random.default_rng(seed).random((rows, columns)) < density, 1)
    plain = outline(filled, np.array([-7, 12]), 25.0)
    corners, rings = kernels.rings(filled.astype(np.uint8))
    fast = assembled((corners + np.array([-7, 12])) * 25.0, *rings.T)
    assert plain.wkb == fast.wkb
    assert plain.is_valid
    assert plain.area == filled.sum() * 625


@pytest.mark.parametrize("engine", ["plain", "prepared"])
@pytest.mark.parametrize("direction", ["to", "from"])
def test_no_open_road_and_no_time_give_empty_rows(engine, direction):
    roads = random_network(1)
    site = [(EAST + 200.0, NORTH + 200.0)]
    closed = replace(roads, seconds={"bike": np.full((2, len(roads.tail)), np.inf)})
    assert drawn(closed, site, engine, direction=direction).is_empty.all()
    # The walk to the road alone takes longer.
    far = [(EAST - 600.0, NORTH)]
    found = drawn(roads, far, engine, direction=direction, cutoffs_min=[-1, 0, 1, 30])
    assert found.is_empty.tolist() == [True, True, True, False]


@pytest.mark.parametrize("engine", ["plain", "prepared"])
def test_west_and_south_of_the_origin_too(engine):
    roads = random_network(5)
    moved = replace(
        roads,
        node_x=roads.node_x - 100_300,
        node_y=roads.node_y - 500_300,
        shape_x=roads.shape_x - 100_300,
        shape_y=roads.shape_y - 500_300,
    )
    here = drawn(roads, [(100_310, 500_290)], engine, cell_m=50).geometry
    there = drawn(moved, [(10, -10)], engine, cell_m=50).geometry
    assert there.is_valid.all()
    back = there.translate(100_300, 500_300)
    assert back.symmetric_difference(here).area.max() < 1e-6


def test_a_small_job_compiles_nothing():
    job = """
import sys
from tests.roads import points, random_network
from geo_mbo.reach import isochrones
isochrones(random_network(1), points("site", [(100_200, 500_200)] * 35), mode="bike")
assert "geo_mbo.reach.kernels" not in sys.modules
assert "geo_mbo.engine.kernels" not in sys.modules
"""
    root = Path(__file__).resolve().parents[1]
    subprocess.run([sys.executable, "-c", job], cwd=root, check=True)


def test_a_mode_that_nobody_searches_is_refused():
    roads = random_network(1)
    with pytest.raises(InputError, match="tram"):
        isochrones(roads, points("site", [(EAST, NORTH)]), mode="tram")


@pytest.mark.parametrize("engine", ["plain", "prepared"])
def test_progress_goes_up_to_one(engine):
    told = []
    drawn(
        random_network(1),
        [(100_200.0, 500_200.0)] * 3,
        engine,
        progress=lambda f, _: told.append(f),
    )
    assert told == sorted(told)
    assert told[-1] == 1.0
