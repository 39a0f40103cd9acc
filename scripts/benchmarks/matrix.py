"""The travel matrix against networkx: all origins to all sites by bicycle, exact in both."""

from __future__ import annotations

import networkx as nx
import numpy as np

from benchmarks.places import example_network, example_tables, quiet
from benchmarks.row import Row, cpu_seconds


def rows(*, quick: bool) -> list[Row]:
    from geo_mbo.network.turns import roads_of
    from geo_mbo.travel import travel_matrix

    network, tables = example_network(), example_tables()
    origins, sites = tables.origins, tables.sites
    ours, matrix = cpu_seconds(
        lambda: travel_matrix(network, origins, sites, modes=["bike"], notify=quiet)
    )

    roads = roads_of(network)
    seconds = network.times("bike").T.ravel()[roads.arc]
    links = np.flatnonzero(np.isfinite(seconds))
    there = nx.DiGraph()  # against the arcs: a search from a site finds the ways to it
    columns = (values[links].tolist() for values in (roads.head, roads.tail, seconds))
    there.add_weighted_edges_from(zip(*columns, strict=True), weight="seconds")
    step = max(1, len(network.node_x) // len(sites))
    some = range(0, step * (5 if quick else len(sites)), step)

    def search() -> list[dict[int, float]]:
        find = nx.single_source_dijkstra_path_length
        return [find(there, node, weight="seconds", cutoff=7200) for node in some]

    theirs, _ = cpu_seconds(search, times=1)
    theirs *= len(sites) / len(some)
    reached = np.isfinite(matrix.minutes("bike")).mean()
    case = f"example, {len(origins)} x {len(sites)} by bicycle, {reached:.0%} reached"
    return [Row("matrix", case, ours, "networkx", theirs, "CPU s", 5)]
