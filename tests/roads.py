"""Small road networks for tests, and the slow, plain way to find a trip over them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely

from geo_mbo.network import Network

RD = "EPSG:28992"


def points(name: str, places: list[tuple[float, float]], crs: str = RD) -> gpd.GeoDataFrame:
    """Make a table of points: ids are the name's first letter and a number."""
    ids = [f"{name[0]}{k}" for k in range(len(places))]
    geometry = shapely.points(np.array(places, float).reshape(-1, 2))
    return gpd.GeoDataFrame({f"{name}_id": ids}, geometry=geometry, crs=crs)


def network(
    nodes: list[tuple[float, float]],
    edges: list[tuple[int, int, float, float]],
    *,
    mode: str = "bike",
    joinable: list[bool] | None = None,
    crs: str = RD,
) -> Network:
    """Make a network of straight edges (tail, head, seconds there, seconds back)."""
    x, y = np.array(nodes, float).reshape(-1, 2).T
    tail, head = (np.array([e[k] for e in edges], np.int64) for k in (0, 1))
    return Network(
        node_x=x,
        node_y=y,
        node_osm=np.full(len(x), -1, np.int64),
        tail=tail,
        head=head,
        length_m=np.hypot(x[head] - x[tail], y[head] - y[tail]),
        seconds={mode: np.array([[e[k] for e in edges] for k in (2, 3)], float)},
        joinable=np.ones(len(edges), bool) if joinable is None else np.array(joinable),
        shape_x=np.column_stack([x[tail], x[head]]).ravel(),
        shape_y=np.column_stack([y[tail], y[head]]).ravel(),
        shape_start=2 * np.arange(len(edges) + 1),
        source="test",
        crs=crs,
    )


def random_network(seed: int, *, size: int = 6) -> Network:
    """Make a grid town with bent times, one-way streets, parallel edges and a cut-off corner."""
    rng = np.random.default_rng(seed)
    nodes = [
        (100_000 + 100 * i + rng.uniform(-30, 30), 500_000 + 100 * j + rng.uniform(-30, 30))
        for i in range(size)
        for j in range(size)
    ]
    pairs = [(i * size + j, i * size + j + 1) for i in range(size) for j in range(size - 1)]
    pairs += [(i * size + j, (i + 1) * size + j) for i in range(size - 1) for j in range(size)]
    kept = [pair for pair in pairs if rng.random() < 0.85]
    kept += [kept[k] for k in rng.integers(0, len(kept), 3)]
    edges = []
    for a, b in kept:
        there, back = rng.uniform(5, 60, 2)
        kind = rng.random()
        edges.append((a, b, np.inf if kind > 0.85 else there, np.inf if kind < 0.15 else back))
    return network(nodes, edges)


def plain_trip(
    roads: Network, mode: str, home: tuple[int, float], school: tuple[int, float]
) -> tuple[float, float]:
    """Find seconds and metres between two places (edge, share) with networkx.

    The places are put into a graph as nodes that cut their edges; metres are those of the shortest
    of the fastest paths. A place at the end of an edge is the node there. Turns are free.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(roads.node_x)))
    cuts: dict[int, list[tuple[float, object]]] = {}
    for name, (edge, share) in (("home", home), ("school", school)):
        cuts.setdefault(edge, []).append((share, name))
    for edge, (tail, head) in enumerate(zip(roads.tail.tolist(), roads.head.tolist(), strict=True)):
        stops = [(0.0, tail), *sorted(cuts.get(edge, []), key=lambda c: c[0]), (1.0, head)]
        for (s, a), (t, b) in pairwise(stops):
            there, back = (
                0.0 if t == s else float(way * (t - s)) for way in roads.times(mode)[:, edge]
            )
            at_head, at_tail = roads.delays(mode)[:, edge].tolist()
            there, back = there + at_head * (s < t == 1), back + at_tail * (0 == s < t)
            _faster(graph, a, b, there, (t - s) * roads.length_m[edge])
            _faster(graph, b, a, back, (t - s) * roads.length_m[edge])
    try:
        cost = nx.dijkstra_path_length(graph, "home", "school", weight="cost")
    except nx.NetworkXNoPath:
        return np.inf, np.inf
    return cost // 10**9 / 10, cost % 10**9 / 10


def _faster(graph: nx.DiGraph, a: object, b: object, seconds: float, meters: float) -> None:
    """Keep the fastest way, of equals the shortest: tenths of a second first, then decimetres."""
    if not np.isfinite(seconds):
        return
    cost = round(seconds * 10) * 10**9 + round(meters * 10)
    if not graph.has_edge(a, b) or graph.edges[a, b]["cost"] > cost:
        graph.add_edge(a, b, cost=cost)


def osm_file(
    path: Path,
    nodes: dict[int, tuple[float, float]],
    ways: list[tuple[list[int], dict[str, str]]],
    *,
    node_tags: dict[int, dict[str, str]] | None = None,
    relations: list[dict[str, str]] | None = None,
) -> Path:
    """Write an OpenStreetMap file; nodes are (lon, lat)."""

    def tags(found: dict[str, str]) -> str:
        return "".join(f'<tag k="{k}" v="{v}"/>' for k, v in found.items())

    lines = ["<?xml version='1.0'?>", '<osm version="0.6">']
    for ref, (lon, lat) in nodes.items():
        told = tags((node_tags or {}).get(ref, {}))
        lines.append(f'<node id="{ref}" version="1" lat="{lat}" lon="{lon}">{told}</node>')
    for k, (refs, found) in enumerate(ways, 1):
        inside = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{k}" version="1">{inside}{tags(found)}</way>')
    for k, found in enumerate(relations or [], 1):
        lines.append(f'<relation id="{k}" version="1">{tags(found)}</relation>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path
