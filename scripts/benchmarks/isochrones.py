"""Isochrones against the recipe of the osmnx examples: ego graph of each site, edges buffered."""

from __future__ import annotations

import networkx as nx
import shapely

from benchmarks.places import example_network, example_tables, quiet
from benchmarks.row import Row, cpu_seconds

CUTOFFS_MIN = (15, 30, 45)


def rows(*, quick: bool) -> list[Row]:
    from geo_mbo.network.search import graph
    from geo_mbo.reach import isochrones

    network, sites = example_network(), example_tables().sites
    ours, made = cpu_seconds(
        lambda: isochrones(network, sites, mode="bike", cutoffs_min=CUTOFFS_MIN, notify=quiet),
        times=1 if quick else 3,
    )
    roads = graph(network, "bike").seconds
    there = nx.from_scipy_sparse_array(roads, create_using=nx.DiGraph, edge_attribute="seconds")
    points = list(zip(network.node_x, network.node_y, strict=True))
    some = [
        int(((network.node_x - p.x) ** 2 + (network.node_y - p.y) ** 2).argmin())
        for p in sites.geometry
        if not p.is_empty
    ][: 2 if quick else None]

    def recipe() -> list[shapely.Geometry]:
        return [around(there, points, node, minutes) for node in some for minutes in CUTOFFS_MIN]

    theirs, _ = cpu_seconds(recipe, times=1)
    theirs *= made["site_id"].nunique() / len(some)
    case = f"example, {made['site_id'].nunique()} sites, {len(CUTOFFS_MIN)} limits by bicycle"
    return [Row("isochrones", case, ours, "networkx ego_graph + buffer", theirs, "CPU s", 1)]


def around(
    there: nx.DiGraph, points: list[tuple[float, float]], node: int, minutes: int
) -> shapely.Geometry:
    """The reach of one node: all edges of its ego graph, buffered and joined."""
    ego = nx.ego_graph(there, node, radius=minutes * 60, distance="seconds")
    lines = shapely.linestrings([[points[a], points[b]] for a, b in ego.edges])
    return shapely.union_all(shapely.buffer(lines, 50))
