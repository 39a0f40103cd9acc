"""The search engine: equal to Dijkstra on any graph, however it is asked."""

from __future__ import annotations

import sys
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.engine import (
    Hierarchy,
    Places,
    build_hierarchy,
    customise,
    nearest,
    pin,
    route,
    unreached,
    within,
)
from geo_mbo.engine.order import neighbours, order_by_place
from geo_mbo.errors import FileError, InputError

PACKED = 2**32
KINDS = [np.int32, np.int64]


@st.composite
def graphs(draw):
    """Directed multigraphs with loops, zero weights, parallel arcs, dead ends and cut-off parts."""
    nodes = draw(st.integers(1, 14))
    node = st.integers(0, nodes - 1)
    arcs = draw(st.lists(st.tuples(node, node, st.integers(0, 9)), max_size=45))
    tail, head, weight = np.array(arcs, np.int32).reshape(-1, 3).T.copy()
    kind = draw(st.sampled_from(KINDS))
    return nodes, tail, head, weight.astype(kind) * (1 if kind is np.int32 else PACKED + 3)


def dijkstra(nodes, tail, head, weight):
    """All pairs by networkx: the plain second implementation."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(nodes))
    for a, b, w in zip(tail.tolist(), head.tolist(), weight.tolist(), strict=True):
        graph.add_edge(a, b, weight=w)
    none = int(unreached(weight.dtype))
    found = np.full((nodes, nodes), none, weight.dtype)
    for a, far in nx.all_pairs_dijkstra_path_length(graph):
        for b, cost in far.items():
            found[a, b] = cost
    return found


def all_costs(graph, **more):
    nodes, tail, head, weight = graph
    metric = customise(build_hierarchy(nodes, tail, head), weight)
    everywhere = Places.at(np.arange(nodes), dtype=weight.dtype)
    return pin(metric, everywhere).costs(everywhere, **more)


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_equal_to_dijkstra(graph):
    np.testing.assert_array_equal(all_costs(graph), dijkstra(*graph))


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_the_triangle_inequality_and_nothing_at_home(graph):
    cost = all_costs(graph).astype(object)
    assert (np.diag(cost) == 0).all()
    for via in range(len(cost)):
        none = int(unreached(graph[3].dtype))
        assert (cost <= np.minimum(cost[:, via, None] + cost[None, via, :], none)).all()


@settings(max_examples=60, deadline=None)
@given(graphs(), st.data())
def test_to_take_an_arc_away_never_shortens(graph, data):
    nodes, tail, head, weight = graph
    if not len(tail):
        return
    gone = data.draw(st.integers(0, len(tail) - 1))
    kept = np.arange(len(tail)) != gone
    before = all_costs(graph)
    assert (all_costs((nodes, tail[kept], head[kept], weight[kept])) >= before).all()
    # A closed arc is one that is not there, on the same hierarchy.
    closed = np.where(kept, weight, unreached(weight.dtype)).astype(weight.dtype)
    everywhere = Places.at(np.arange(nodes), dtype=weight.dtype)
    metric = customise(build_hierarchy(nodes, tail, head), closed)
    np.testing.assert_array_equal(
        pin(metric, everywhere).costs(everywhere),
        all_costs((nodes, tail[kept], head[kept], weight[kept])),
    )


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_symmetric_only_where_the_graph_is(graph):
    nodes, tail, head, weight = graph
    both = (nodes, np.r_[tail, head], np.r_[head, tail], np.r_[weight, weight])
    cost = all_costs(both)
    np.testing.assert_array_equal(cost, cost.T)
    metric = customise(build_hierarchy(nodes, tail, head), weight)
    everywhere = Places.at(np.arange(nodes), dtype=weight.dtype)
    np.testing.assert_array_equal(
        pin(metric.turned(), everywhere).costs(everywhere), dijkstra(*graph).T
    )


def random_graph(seed, nodes=400, kind=np.int32):
    """A grid with one-way streets, parallel arcs and holes, and places with up to three doors."""
    rng = np.random.default_rng(seed)
    side = int(np.sqrt(nodes))
    at = np.arange(side * side).reshape(side, side)
    a = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    b = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    kept = rng.random(len(a)) < 0.8
    a, b = a[kept], b[kept]
    back = rng.random(len(a)) < 0.85
    tail, head = np.r_[a, b[back], a[:9]], np.r_[b, a[back], b[:9]]
    weight = rng.integers(0, 500, len(tail)).astype(kind)
    return side * side, tail.astype(np.int32), head.astype(np.int32), weight


def places(seed, count, nodes, kind=np.int32):
    rng = np.random.default_rng(seed)
    doors = rng.integers(0, 4, count)
    return Places(
        np.r_[0, np.cumsum(doors)],
        rng.integers(0, nodes, doors.sum()).astype(np.int32),
        rng.integers(0, 300, doors.sum()).astype(kind),
    )


def by_doors(cost, origins, targets):
    """Costs between places, door by door."""
    none = int(unreached(cost.dtype))
    found = np.full((len(origins), len(targets)), none, object)
    for o in range(len(origins)):
        for t in range(len(targets)):
            for p in range(origins.start[o], origins.start[o + 1]):
                for q in range(targets.start[t], targets.start[t + 1]):
                    between = int(cost[origins.node[p], targets.node[q]])
                    if between < none:
                        far = int(origins.cost[p]) + between + int(targets.cost[q])
                        found[o, t] = min(found[o, t], far)
    return found.astype(cost.dtype)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_places_with_doors(seed, kind):
    graph = random_graph(seed, kind=kind)
    origins, targets = places(seed, 90, graph[0], kind), places(seed + 9, 70, graph[0], kind)
    due = by_doors(dijkstra(*graph), origins, targets)
    metric = customise(build_hierarchy(*graph[:3]), graph[3])
    found = pin(metric, origins).costs(targets)
    np.testing.assert_array_equal(found, due)
    assert (due == unreached(due.dtype)).any()
    np.testing.assert_array_equal(pin(metric, origins).costs(targets, threads=1), due)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 5), st.permutations(range(30)), st.permutations(range(12)), st.integers(1, 29)
)
def test_splitting_turning_and_repeating_changes_nothing(seed, rows, columns, cut):
    graph = random_graph(seed, 100)
    origins, targets = places(seed, 30, graph[0]), places(seed + 9, 12, graph[0])
    metric = customise(build_hierarchy(*graph[:3]), graph[3])
    whole = pin(metric, origins).costs(targets)
    turned = pin(metric, origins.take(np.array(rows))).costs(targets.take(np.array(columns)))
    np.testing.assert_array_equal(turned, whole[np.ix_(rows, columns)])
    parts = [pin(metric, origins.take(s)).costs(targets) for s in (slice(cut), slice(cut, None))]
    np.testing.assert_array_equal(np.vstack(parts), whole)
    twice = np.array([3, 3, 5])
    np.testing.assert_array_equal(
        pin(metric, origins.take(twice)).costs(targets.take(twice)), whole[np.ix_(twice, twice)]
    )


@pytest.mark.parametrize("k", [1, 3, 50])
@pytest.mark.parametrize("seed", range(3))
def test_the_nearest_few(seed, k):
    graph = random_graph(seed)
    origins, targets = places(seed, 90, graph[0]), places(seed + 9, 20, graph[0])
    metric = customise(build_hierarchy(*graph[:3]), graph[3])
    pins = pin(metric, origins)
    cost, which = nearest(pins, targets, k=k)
    whole = pins.costs(targets)
    order = np.argsort(whole, axis=1, kind="stable")[:, :k]
    due = np.take_along_axis(whole, order, axis=1)
    none = unreached(due.dtype)
    np.testing.assert_array_equal(cost[:, : due.shape[1]], due)
    np.testing.assert_array_equal(which[:, : due.shape[1]], np.where(due < none, order, -1))
    assert (cost[:, due.shape[1] :] == none).all()


@pytest.mark.parametrize("limit", [0, 400, 2_000, 2**40])
@pytest.mark.parametrize("seed", range(3))
def test_within_a_limit(seed, limit):
    graph = random_graph(seed, 900)
    targets = places(seed, 70, graph[0])
    metric = customise(build_hierarchy(*graph[:3]), graph[3])
    whole = pin(metric, Places.at(np.arange(graph[0]))).costs(targets)
    reached = list(within(metric, targets, limit=limit))
    assert len(reached) == len(targets)
    for t, (node, cost) in enumerate(reached):
        due = np.flatnonzero((whole[:, t] <= limit) & (whole[:, t] < metric.unreached))
        assert sorted(node.tolist()) == due.tolist()
        np.testing.assert_array_equal(cost, whole[node, t])


def test_within_a_limit_and_little_memory(monkeypatch):
    graph = random_graph(1, 900)
    targets = places(1, 70, graph[0])
    metric = customise(build_hierarchy(*graph[:3]), graph[3])
    due = list(within(metric, targets, limit=2_000))
    for room in (0, 500, 20_000):
        monkeypatch.setattr(sys.modules["geo_mbo.engine.within"], "_ROOM", room)
        found = list(within(metric, targets, limit=2_000))
        assert len(found) == len(due)
        for (node, cost), (other, far) in zip(found, due, strict=True):
            order, back = np.argsort(node), np.argsort(other)
            np.testing.assert_array_equal(node[order], other[back])
            np.testing.assert_array_equal(cost[order], far[back])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_the_way_of_a_pair_adds_up(seed, kind):
    nodes, tail, head, weight = random_graph(seed, kind=kind)
    origins, targets = places(seed, 12, nodes, kind), places(seed + 9, 12, nodes, kind)
    metric = customise(build_hierarchy(nodes, tail, head), weight)
    whole = pin(metric, origins).costs(targets)
    found = 0
    for o in range(12):
        for t in range(12):
            origin, target = origins.take(np.array([o])), targets.take(np.array([t]))
            way = route(metric, weight, origin, target)
            if whole[o, t] == metric.unreached:
                assert way is None
                continue
            found += 1
            first = origin.cost[origin.node == way.first].min()
            last = target.cost[target.node == way.last].min()
            assert way.cost == whole[o, t] == first + last + weight[way.arcs].sum()
            on = [way.first, *head[way.arcs].tolist()]
            assert on[-1] == way.last
            assert [(a, b) for a, b in pairwise(on)] == list(
                zip(tail[way.arcs].tolist(), head[way.arcs].tolist(), strict=True)
            )
    assert found > 20


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_overflows(kind):
    none = int(unreached(np.dtype(kind)))
    line = np.arange(6, dtype=np.int32)
    for each in (none, none - 1, none // 2, none // 5, none // 5 + 1):
        weight = np.full(5, each, kind)
        metric = customise(build_hierarchy(6, line[:-1], line[1:]), weight)
        cost = pin(metric, Places.at(line, dtype=kind)).costs(Places.at(line, dtype=kind))
        for a in range(6):
            for b in range(6):
                due = none if b < a else min((b - a) * each, none)
                assert cost[a, b] == due
    heavy = Places(np.array([0, 1]), np.array([0], np.int32), np.array([none], kind))
    assert (pin(metric, heavy).costs(heavy) == none).all()


def test_weights_that_cannot_be():
    line = build_hierarchy(3, np.array([0, 1]), np.array([1, 2]))
    for weight, code in (
        (np.array([1.0, 2.0]), "weight_kind"),
        (np.array([1, 2, 3], np.int32), "weight_count"),
        (np.array([1, -2], np.int32), "weight_range"),
        (np.array([1, 2**30], np.int32), "weight_range"),
    ):
        with pytest.raises(InputError) as error:
            customise(line, weight)
        assert error.value.breaches[0].code == code
        assert str(error.value)


def test_graphs_without_nodes_arcs_or_places():
    none = build_hierarchy(0, np.zeros(0, np.int32), np.zeros(0, np.int32))
    assert (none.arcs, none.height) == (0, 0)
    empty = np.zeros(0, np.int32)
    bare = customise(build_hierarchy(3, empty, empty), empty)
    assert pin(bare, Places.at([0, 2])).costs(Places.at([2])).tolist() == [[2**30 - 1], [0]]
    assert pin(bare, Places.at([])).costs(Places.at([1])).shape == (0, 1)
    assert pin(bare, Places.at([0])).costs(Places.at([])).shape == (1, 0)
    assert list(within(bare, Places.at([]), limit=5)) == []


def test_kept_on_disk_and_mapped(tmp_path):
    graph = random_graph(1)
    made = build_hierarchy(*graph[:3])
    made.save(tmp_path / "kept")
    again = Hierarchy.load(tmp_path / "kept")
    everywhere = Places.at(np.arange(graph[0]))
    for one in (made, again):
        cost = pin(customise(one, graph[3]), everywhere).costs(everywhere)
        np.testing.assert_array_equal(cost, dijkstra(*graph))
    (tmp_path / "kept" / "row.npy").write_bytes(b"spoilt")
    with pytest.raises(FileError):
        Hierarchy.load(tmp_path / "kept")


def test_without_metis_the_order_comes_from_coordinates(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymetis", None)
    nodes, tail, head, weight = random_graph(2)
    side = int(np.sqrt(nodes))
    x, y = np.divmod(np.arange(nodes, dtype=float), side)
    metric = customise(build_hierarchy(nodes, tail, head, x=x, y=y), weight)
    everywhere = Places.at(np.arange(nodes))
    np.testing.assert_array_equal(
        pin(metric, everywhere).costs(everywhere), dijkstra(nodes, tail, head, weight)
    )
    assert metric.hierarchy.arcs < 12 * nodes
    with pytest.raises(InputError):
        build_hierarchy(nodes, tail, head)


@settings(max_examples=50, deadline=None)
@given(graphs(), st.randoms())
def test_an_order_by_place_ranks_every_node_once(graph, random):
    nodes, tail, head, _ = graph
    x, y = (np.array([random.random() for _ in range(nodes)]) for _ in range(2))
    rank = order_by_place(*neighbours(nodes, tail, head), x, y)
    assert sorted(rank.tolist()) == list(range(nodes))


def test_more_threads_than_parts_and_one_thread_agree():
    graph = random_graph(5, 2500)
    made = build_hierarchy(*graph[:3])
    one, many = (customise(made, graph[3], threads=k) for k in (1, 8))
    for name in ("up", "down"):
        np.testing.assert_array_equal(getattr(one, name), getattr(many, name))
    np.testing.assert_array_equal(one.up_arcs.weight, many.up_arcs.weight)
