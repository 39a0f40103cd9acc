"""The travel matrix against networkx: all origins to all sites by bicycle, exact in both."""

from __future__ import annotations

import networkx as nx
import numpy as np

from benchmarks.places import example_network, example_tables, quiet
from benchmarks.row import Row, cpu_seconds


def rows(*, quick: bool) -> list[Row]:
    from geo_mbo.network.search import graph
    from geo_mbo.travel import travel_matrix

    network, tables = example_network(), example_tables()
    origins, sites = tables.origins, tables.sites
    ours, matrix = cpu_seconds(
        lambda: travel_matrix(network, origins, sites, modes=["bike"], notify=quiet)
    )

    roads = graph(network, "bike").seconds
    there = nx.from_scipy_sparse_array(roads, create_using=nx.DiGraph, edge_attribute="seconds")
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
