"""The search engine against scipy, RoutingKit and pandana: the same graphs, weights and pairs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.graphs import Graph, pace16, path_of
from benchmarks.row import Row, cpu_seconds
from geo_mbo.engine import Hierarchy, Metric, Places, build_hierarchy, customise, nearest, pin

SITES = 641
T = TypeVar("T")
CHECKED = 20
"""Sites that are held against scipy, origin by origin."""


def rows(*, quick: bool) -> list[Row]:
    graphs = [pace16(name) for name in (("NY",) if quick else ("FLA", "NE")) if here(name)]
    if not quick:
        graphs.append(made_graph())
    return [row for graph in graphs for row in of_graph(graph, quick=quick)]


def here(name: str) -> bool:
    there = path_of(name).exists()
    if not there:
        print(f"engine: {name} is left out, its file is not here")
    return there


def made_graph() -> Graph:
    """A made country of 1.5 million junctions, by car."""
    from benchmarks.made import made_country
    from geo_mbo.network.turns import roads_of

    roads = roads_of(made_country())
    tenths = roads.weights("car") >> 32
    weight = np.minimum(tenths, 2**30 - 1).astype(np.int32)
    return Graph("made", len(roads.junction), roads.tail, roads.head, weight)


def of_graph(graph: Graph, *, quick: bool) -> Iterator[Row]:
    warm_up(graph)
    hierarchy, prepared_s = walled(lambda: build_hierarchy(graph.nodes, graph.tail, graph.head))
    metric, customised_s = walled(lambda: customise(hierarchy, graph.weight))
    size = f"{graph.name}, {graph.nodes / 1e6:.2f} M nodes"
    yield Row("engine", f"{size}: prepare", prepared_s + customised_s, "bar", 45, "s", 1)
    yield Row("engine", f"{size}: customise again", customised_s, "bar", 5, "s", 1)
    yield Row("engine", f"{size}: load it all", loaded_s(metric), "bar", 1, "s", 1)
    random = np.random.default_rng(2)
    sites = random.choice(graph.nodes, SITES, replace=False)
    few, many, every = (
        random.choice(graph.nodes, min(count, graph.nodes), replace=False)
        for count in (4_068, 50_000, 460_000)
    )
    for origins in (few,) if quick else (few, many):
        yield from matrix(graph, metric, origins, sites, size=size)
    pins = pin(metric, Places.at(every))
    ours, _ = cpu_seconds(lambda: pins.costs(Places.at(sites[:1])))
    yield Row("engine", f"{size}: a new site, {len(every):,} origins", ours, "bar", 0.5, "CPU s", 1)
    if not quick:
        yield from nearest_five(graph, metric, sites, size=size)


def matrix(
    graph: Graph, metric: Metric, origins: np.ndarray, sites: np.ndarray, *, size: str
) -> Iterator[Row]:
    """Ours to all sites against one search a site, and against RoutingKit; checked, then told."""
    targets = Places.at(sites)
    ours, found = cpu_seconds(lambda: pin(metric, Places.at(origins)).costs(targets))
    checked = CHECKED if len(origins) > 10_000 else 3
    reversed_graph = csr_array(
        (graph.weight.astype(float), (graph.head, graph.tail)), shape=(graph.nodes,) * 2
    )
    theirs, due = cpu_seconds(
        lambda: dijkstra(reversed_graph, indices=sites[:checked])[:, origins], times=1
    )
    due = np.where(np.isfinite(due), due, metric.unreached)
    np.testing.assert_array_equal(found[:, :checked], due.T)
    bound, _ = cpu_seconds(lambda: np.full(found.shape, 1, found.dtype))
    case = f"{size}: {len(origins):,} x {SITES} (writing it alone: {bound:.3f})"
    theirs *= SITES / checked
    yield Row("engine", case, ours, "scipy dijkstra", theirs, "CPU s", 200)
    theirs_s = routingkit(graph, metric.hierarchy, origins, sites[:checked], found)
    if theirs_s is not None:
        bar = 30 if len(origins) > 10_000 else 10
        theirs_s *= SITES / checked
        yield Row("engine", case, ours, "RoutingKit, same order", theirs_s, "CPU s", bar)


def routingkit(
    graph: Graph, hierarchy: Hierarchy, origins: np.ndarray, sites: np.ndarray, due: np.ndarray
) -> float | None:
    """RoutingKit's own hierarchy, on our order, origins pinned: its best way for this job."""
    if find_spec("routingkit_cch") is None:
        print("engine: routingkit-cch is not installed, its rows are left out")
        return None
    import routingkit_cch as rk

    order = np.argsort(hierarchy.rank)
    cch = rk.CCH(order.tolist(), graph.tail.tolist(), graph.head.tolist(), False)
    metric = rk.CCHMetric(cch, graph.weight.tolist())

    def search() -> list[list[int | None]]:
        pinned = rk.CCHManyToOne(metric, origins.tolist())
        return [pinned.distances_to(int(site)) for site in sites]

    theirs, found = cpu_seconds(search, times=1)
    same = np.array([[np.nan if v is None else v for v in column] for column in found], float)
    reached = np.isfinite(same)
    np.testing.assert_array_equal(due[:, : len(sites)].T[reached], same[reached])
    return theirs


def nearest_five(graph: Graph, metric: Metric, sites: np.ndarray, *, size: str) -> Iterator[Row]:
    """The nearest five of all sites, for all nodes, against pandana's search on the same graph."""
    everywhere = pin(metric, Places.at(np.arange(graph.nodes)))
    nearest(everywhere, Places.at(sites[:9]), k=5)
    ours, (cost, _) = cpu_seconds(lambda: nearest(everywhere, Places.at(sites), k=5))
    if find_spec("pandana") is None:
        print("engine: pandana is not installed, its row is left out")
        return
    import pandana
    import pandas as pd

    at = np.arange(graph.nodes, dtype=float)  # it snaps by place: every node has one of its own
    arcs = pd.DataFrame({"cost": graph.weight.astype(float)})
    # It searches from a node to sites along its arcs, as we do.
    network = pandana.Network(
        pd.Series(at), pd.Series(at * 0), pd.Series(graph.tail), pd.Series(graph.head), arcs,
        twoway=False,
    )  # fmt: skip
    far = float(cost[cost < metric.unreached].max()) + 1
    network.set_pois("sites", far, 5, pd.Series(at[sites]), pd.Series(at[sites] * 0))
    theirs, found = cpu_seconds(lambda: network.nearest_pois(far, "sites", num_pois=5), times=1)
    agree = np.isclose(found.to_numpy()[:, 0], np.minimum(cost[:, 0], far)).mean()
    case = f"{size}: nearest 5 of {SITES} for every node ({agree:.1%} the same)"
    yield Row("engine", case, ours, "pandana nearest_pois", theirs, "CPU s", 10)


def loaded_s(metric: Metric) -> float:
    with tempfile.TemporaryDirectory() as folder:
        metric.hierarchy.save(Path(folder) / "hierarchy")
        metric.save(Path(folder) / "metric")

        def load() -> Any:
            return Metric.load(Path(folder) / "metric", Hierarchy.load(Path(folder) / "hierarchy"))

        return walled(load)[1]


def walled(job: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    result = job()
    return result, time.perf_counter() - began


def warm_up(graph: Graph) -> None:
    """Load what is compiled, so that it is not in the first figure."""
    some = (graph.tail < 500) & (graph.head < 500)
    metric = customise(build_hierarchy(500, graph.tail[some], graph.head[some]), graph.weight[some])
    pin(metric, Places.at([1, 2])).costs(Places.at([3]))
