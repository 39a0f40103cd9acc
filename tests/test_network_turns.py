"""Turns that may not be made: exact against a search that remembers its whole way."""

from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.engine import Places
from geo_mbo.modes import TurnSeconds
from geo_mbo.network.costs import (
    FASTEST_MS,
    HORIZON_MIN,
    NO_WAY,
    meters_of,
    most_within,
    packed,
    seconds_of,
)
from geo_mbo.network.road import Turns
from geo_mbo.network.search import Searcher
from geo_mbo.network.turns import ABOUT_DEGREES, BEND_DEGREES, roads_of, shared_modes
from tests.roads import network, random_network
from tests.test_network_pairs import asked

INF = np.inf


def forbid(roads, *trails, modes=("bike",)):
    """Forbid sequences of arcs to some modes."""
    arc = np.array([a for trail in trails for a in trail], np.int64)
    start = np.cumsum([0, *map(len, trails)])
    return replace(roads, turns=Turns(arc, start, {m: np.ones(len(trails), bool) for m in modes}))


# A crossing in the middle of four streets of 600 m, a minute each: west, north, east, south.
CROSS = network(
    [(-600, 0), (0, 600), (600, 0), (0, -600), (0, 0)],
    [(0, 4, 60, 60), (1, 4, 60, 60), (2, 4, 60, 60), (3, 4, 60, 60)],
)
FROM_WEST, TO_NORTH, TO_EAST = 0, 3, 5
ENDS = [(-600.0, 0.0), (0.0, 600.0), (600.0, 0.0), (0.0, -600.0)]


@pytest.mark.parametrize("engine", ["plain", "prepared"])
def test_no_left_turn_by_hand(engine):
    free = asked(CROSS, ENDS, ENDS)[0]
    assert free[0, 1] == 2.0
    minutes, meters, words, _ = asked(
        forbid(CROSS, (FROM_WEST, TO_NORTH)), ENDS, ENDS, engine=engine
    )
    # Straight on, about at the end of the street, and to the right: four minutes.
    assert minutes[0, 1] == 4.0
    assert meters[0, 1] == 2400
    assert words[0, 1] == "ok"
    others = np.ones((4, 4), bool)
    others[0, 1] = False
    np.testing.assert_array_equal(minutes[others], free[others])


def test_who_starts_or_ends_near_the_turn_is_bound_too():
    roads = forbid(CROSS, (FROM_WEST, TO_NORTH))
    near = [(-60.0, 0.0), (0.0, 60.0), (0.0, 0.0)]
    minutes = asked(roads, near, near)[0] * 60
    assert minutes[0, 1] == pytest.approx(6 + 120 + 6)
    # From the crossing itself one may go anywhere, and to it too.
    assert minutes[2, 1] == pytest.approx(6)
    assert minutes[0, 2] == pytest.approx(6)
    assert minutes[1, 0] == pytest.approx(12)


def test_only_straight_on_binds_who_it_says():
    car = replace(CROSS, seconds=CROSS.seconds | {"car": CROSS.times("bike")})
    roads = forbid(car, (FROM_WEST, TO_NORTH), modes=("car",))
    graph = roads_of(roads)
    everywhere = Places.at(np.arange(4), dtype=np.int64)
    for mode, due in (("bike", 120), ("car", 240)):
        for engine in ("plain", "prepared"):
            cost = Searcher(graph, engine=engine).costs(mode, everywhere, everywhere)
            assert seconds_of(cost)[0, 1] == due


def test_a_way_between_two_turns():
    # 0 -- 1 -- 2 -- 3 with side streets 4 at 1 and 5 at 2: from 4 by 1-2 one may not go to 5.
    roads = network(
        [(0, 0), (600, 0), (1200, 0), (1800, 0), (600, 600), (1200, 600)],
        [(0, 1, 60, 60), (1, 2, 60, 60), (2, 3, 60, 60), (1, 4, 60, 60), (2, 5, 60, 60)],
    )
    places = [(0.0, 0.0), (1800.0, 0.0), (600.0, 600.0), (1200.0, 600.0)]
    free = asked(roads, places, places)[0]
    minutes = asked(forbid(roads, (2 * 3 + 1, 2 * 1, 2 * 4)), places, places)[0]
    assert (free[2, 3], free[0, 3], free[2, 1]) == (3, 3, 3)
    # On to 3, about, and in by the other way; who comes from elsewhere is free.
    assert minutes[2, 3] == 5
    assert (minutes[0, 3], minutes[2, 1], minutes[3, 2]) == (3, 3, 3)


def test_without_turns_nothing_is_added():
    graph = roads_of(CROSS)
    assert len(graph.junction) == len(CROSS.node_x)
    assert len(graph.arc) == 8
    assert len(roads_of(forbid(CROSS, (FROM_WEST, TO_NORTH))).junction) == 6


def lost_s(roads, mode, came, following):
    """Seconds of a turn by hand: left, right and about, where three or more roads meet."""
    lost = roads.turn_s[mode]
    if came ^ 1 == following:
        return lost.about_s
    tails = np.column_stack([roads.tail, roads.head]).ravel()
    heads = np.column_stack([roads.head, roads.tail]).ravel()
    legs = np.isfinite(roads.times(mode)).any(axis=0)
    meets = (roads.tail[legs] == heads[came]).sum() + (roads.head[legs] == heads[came]).sum()
    steps = [
        complex(
            roads.node_x[heads[arc]] - roads.node_x[tails[arc]],
            roads.node_y[heads[arc]] - roads.node_y[tails[arc]],
        )
        for arc in (came, following)
    ]
    turn = np.degrees(np.angle(steps[1] / steps[0]))
    if meets < 3 or abs(turn) <= BEND_DEGREES:
        return 0.0
    if abs(turn) >= ABOUT_DEGREES:
        return lost.about_s
    return lost.left_s if turn > 0 else lost.right_s


def by_memory(roads, mode, start, forbidden):
    """Dijkstra over (node, the last arcs travelled): plain, and as slow as it looks."""
    longest = max(map(len, forbidden), default=2)
    seconds = (roads.times(mode) + roads.delays(mode)).T.ravel()
    meters = np.repeat(roads.length_m, 2)
    cost = packed(seconds, meters).tolist()
    tails = np.column_stack([roads.tail, roads.head]).ravel().tolist()
    heads = np.column_stack([roads.head, roads.tail]).ravel().tolist()
    best = {start: 0}
    heap, done = [(0, start, ())], set()
    while heap:
        far, node, trail = heapq.heappop(heap)
        if (node, trail) in done:
            continue
        done.add((node, trail))
        best[node] = min(far, best.get(node, far))
        for arc, tail in enumerate(tails):
            after = (*trail, arc)
            barred = any(after[-len(f) :] == f for f in forbidden)
            if tail == node and cost[arc] < NO_WAY and not barred:
                more = cost[arc]
                if trail and mode in roads.turn_s:
                    more += round(lost_s(roads, mode, trail[-1], arc) * 10) << 32
                heapq.heappush(heap, (far + more, heads[arc], after[-longest + 1 :]))
    return best


@st.composite
def turning_towns(draw):
    """A small town with forbidden sequences along its arcs, two to four long, some overlapping."""
    roads = random_network(draw(st.integers(0, 30)), size=3)
    tails = np.column_stack([roads.tail, roads.head]).ravel()
    heads = np.column_stack([roads.head, roads.tail]).ravel()
    trails = []
    for _ in range(draw(st.integers(0, 12))):
        trail = [draw(st.integers(0, len(tails) - 1))]
        for _ in range(draw(st.integers(1, 3))):
            trail.append(draw(st.sampled_from(np.flatnonzero(tails == heads[trail[-1]]).tolist())))
        trails.append(tuple(trail))
    delay_s = np.full((2, len(roads.tail)), draw(st.sampled_from([0.0, 7.5])))
    turn_s = {"bike": TurnSeconds(8.0, 3.0, 20.0)} if draw(st.booleans()) else {}
    return replace(forbid(roads, *trails), delay_s={"bike": delay_s}, turn_s=turn_s), trails


@settings(max_examples=150, deadline=None)
@given(turning_towns())
def test_equal_to_a_search_that_remembers(town):
    roads, trails = town
    usable = np.isfinite(roads.times("bike")).T.ravel()
    forbidden = [trail for trail in trails if usable[list(trail)].all()]
    graph = roads_of(roads, "bike")
    nodes = len(roads.node_x)
    order = np.argsort(graph.junction, kind="stable")
    start = np.searchsorted(graph.junction[order], np.arange(nodes + 1))
    # Arriving at a junction is arriving at it or at any of its doubles.
    goals = Places(start, order.astype(np.int32), np.zeros(len(order), np.int64))
    origins = Places.at(np.arange(nodes), dtype=np.int64)
    found = [
        Searcher(graph, engine=engine).costs("bike", origins, goals)
        for engine in ("plain", "prepared")
    ]
    np.testing.assert_array_equal(*found)
    for a in range(nodes):
        due = by_memory(roads, "bike", a, forbidden)
        assert found[0][a].tolist() == [due.get(b, NO_WAY) for b in range(nodes)]


def test_turns_by_hand():
    roads = replace(CROSS, turn_s={"bike": TurnSeconds(8.0, 3.0, 20.0)})
    seconds = asked(roads, ENDS, ENDS)[0] * 60
    west_to = {"north": 120 + 8, "east": 120, "south": 120 + 3}
    np.testing.assert_allclose(seconds[0, 1:], list(west_to.values()), rtol=1e-6)
    # Who sets out or ends midway turns all the same; from the crossing itself nobody turns.
    near = [(-60.0, 0.0), (0.0, 60.0), (0.0, 0.0)]
    seconds = asked(roads, near, near)[0] * 60
    np.testing.assert_allclose(seconds[0], [0, 12 + 8, 6], rtol=1e-6)
    np.testing.assert_allclose(seconds[2], [6, 6, 0], rtol=1e-6)
    bend = network([(0, 0), (600, 0), (600, 600)], [(0, 1, 60, 60), (1, 2, 60, 60)])
    bend = replace(bend, turn_s={"bike": TurnSeconds(8.0, 3.0, 20.0)})
    assert asked(bend, [(0, 0)], [(600, 600)])[0][0, 0] == 2.0  # a bend is no turn


def test_back_by_a_road_beside_is_a_turn_about_and_no_left_or_right():
    # Two roads on one line between 0 and 1, and a third to the north: out by one, back by another.
    roads = network(
        [(0, 0), (600, 0), (600, 600)], [(0, 1, 60, INF), (0, 1, INF, 60), (1, 2, 60, 60)]
    )
    roads = replace(roads, turn_s={"bike": TurnSeconds(8.0, 3.0, 20.0)})
    graph = roads_of(roads, "bike")
    about = graph.turn_cost[(graph.arc == 3) & (graph.tail == graph.landing[0])]
    assert seconds_of(about).tolist() == [20.0]


def test_modes_that_turn_for_nothing_share_a_graph():
    both = replace(
        CROSS,
        seconds=CROSS.seconds | {"car": CROSS.times("bike")},
        turn_s={"car": TurnSeconds(8.0, 3.0, 20.0)},
    )
    assert shared_modes(both) == ["bike"]
    assert len(roads_of(both, "bike").junction) == 5
    assert len(roads_of(both, "car").junction) == 5 + 8


def test_a_delay_is_lost_on_arrival_only():
    roads = network([(0, 0), (600, 0), (1200, 0)], [(0, 1, 60, 60), (1, 2, 60, 60)])
    slow = replace(roads, delay_s={"bike": np.array([[30.0, 0.0], [0.0, 20.0]])})
    seconds = asked(slow, [(300, 0), (900, 0)], [(1200, 0), (0, 0), (450, 0), (750, 0)])[0] * 60
    # To the east one waits at the middle (30 s), to the west too (20 s); who ends before it, not.
    np.testing.assert_allclose(seconds, [[120, 30, 15, 75], [30, 110, 65, 15]], rtol=1e-6)


def test_costs_pack_what_they_say():
    cost = packed(np.array([0.0, 59.96, INF, 0.0]), np.array([0.0, 1234.56, 5.0, 3000.0]))
    assert seconds_of(cost).tolist() == [0.0, 60.0, INF, 1.5]  # nobody is faster than 2,048 m/s
    assert meters_of(cost).tolist() == [0.0, 1234.6, INF, 3000.0]
    endless = packed(np.array([1e9, 1e300, 60.0]), np.array([1e12, 0.0, 1e300]))
    assert (endless < NO_WAY).all()
    assert (seconds_of(endless) >= HORIZON_MIN * 60).all()
    assert packed(np.array([60.0]), np.array([0.0]))[0] <= most_within(1)
    assert packed(np.array([60.1]), np.array([0.0]))[0] > most_within(1)


@pytest.mark.parametrize("engine", ["plain", "prepared"])
def test_a_long_way_does_not_overflow(engine):
    # Ten stretches as fast and long as may be, up to the horizon and past it.
    far_m = FASTEST_MS * HORIZON_MIN * 60 / 8
    line = network(
        [(k * far_m, 0.0) for k in range(11)],
        [(k, k + 1, 0.0, 0.0) for k in range(10)],
    )
    graph = roads_of(line)
    at = Places.at(np.arange(11), dtype=np.int64)
    cost = Searcher(graph, engine=engine).costs("bike", at, at)
    np.testing.assert_allclose(seconds_of(cost)[0, :8], np.arange(8) * HORIZON_MIN * 60 / 8)
    np.testing.assert_allclose(meters_of(cost)[0, :8], np.arange(8) * far_m)
    assert (seconds_of(cost)[0, 9:] > HORIZON_MIN * 60).all()
    assert (cost < NO_WAY).all()
