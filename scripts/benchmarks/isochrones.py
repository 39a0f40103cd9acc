"""Isochrones against the recipe of the osmnx examples, and of a whole country against scipy."""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import shapely

from benchmarks.places import example_network, example_tables, quiet
from benchmarks.row import Row, cpu_seconds

CUTOFFS_MIN = (15, 30, 45)
MODES = ("walk", "bike", "car")
SITES, SAMPLE = 641, 24


def rows(*, quick: bool) -> list[Row]:
    return [example(quick=quick), *([] if quick else country())]


def example(*, quick: bool) -> Row:
    """The embedded example: ego graph of each site, edges buffered."""
    from geo_mbo.reach import isochrones

    network, sites = example_network(), example_tables().sites
    ours, made = cpu_seconds(
        lambda: isochrones(network, sites, mode="bike", cutoffs_min=CUTOFFS_MIN, notify=quiet),
        times=1 if quick else 3,
    )
    there = digraph(network, "bike")
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
    return Row("isochrones", case, ours, "networkx ego_graph + buffer", theirs, "CPU s", 1)


def digraph(network: Any, mode: str) -> nx.DiGraph:
    """The roads as networkx has them; of parallel ones the fastest."""
    forth, back = network.times(mode)
    seconds = np.concatenate([forth, back])
    tails = np.concatenate([network.tail, network.head])
    heads = np.concatenate([network.head, network.tail])
    order = np.argsort(-seconds)  # the last of parallel ones counts
    order = order[np.isfinite(seconds[order])]
    made = nx.DiGraph()
    made.add_nodes_from(range(len(network.node_x)))
    arcs = (tails[order].tolist(), heads[order].tolist(), seconds[order].tolist())
    made.add_weighted_edges_from(zip(*arcs, strict=True), weight="seconds")
    return made


def around(
    there: nx.DiGraph, points: list[tuple[float, float]], node: int, minutes: int
) -> shapely.Geometry:
    """The reach of one node: all edges of its ego graph, buffered and joined."""
    ego = nx.ego_graph(there, node, radius=minutes * 60, distance="seconds")
    lines = shapely.linestrings([[points[a], points[b]] for a, b in ego.edges])
    return shapely.union_all(shapely.buffer(lines, 50))


def country() -> list[Row]:
    """A made country: all preparation counts; the peer is one bounded search a site, and NumPy."""
    from benchmarks.made import made_country

    with tempfile.TemporaryDirectory() as folder:
        made_country().save(Path(folder) / "roads")
        # In processes of their own, so that each tells of its own memory only.
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            ours_s, ours_mb, limits = pool.apply(drawn, (folder, "auto", SITES))
            one_s, _, _ = pool.apply(drawn, (folder, "plain", 1))
            some_s, _, _ = pool.apply(drawn, (folder, "plain", 1 + SAMPLE))
    theirs_s = one_s + (some_s - one_s) / SAMPLE * (SITES - 1)
    case = f"made country, {SITES} sites, {len(CUTOFFS_MIN)} limits, {len(MODES)} modes"
    peer = f"scipy dijkstra + plain cells, {SAMPLE} sites scaled"
    same = f"{case}: peak memory"
    return [
        Row("isochrones", f"{case} ({limits})", ours_s, peer, theirs_s, "CPU s", 3),
        Row("isochrones", same, ours_mb / 1000, "bar", 4, "GB", 1),
    ]


def drawn(folder: str, engine: str, count: int) -> tuple[float, float, str]:
    """Load the roads and draw; give CPU seconds, peak MB, and the mean areas by car."""
    from benchmarks.made import made_sites
    from geo_mbo.cache import Cache
    from geo_mbo.network import Network
    from geo_mbo.network.search import Search
    from geo_mbo.reach import isochrones

    network = Network.load(Path(folder) / "roads")
    sites = made_sites(network, SITES)[:count]
    began = time.process_time()
    search = Search(engine=engine, cache=Cache(Path(folder) / "cache"))
    for mode in MODES:
        found = isochrones(
            network, sites, mode=mode, cutoffs_min=CUTOFFS_MIN, search=search, notify=quiet
        )
    took_s = time.process_time() - began
    km2 = np.asarray(found.area).reshape(-1, len(CUTOFFS_MIN)).mean(axis=0) / 1e6
    told = "by car " + ", ".join(f"{area:,.0f}" for area in km2) + " km2"
    return took_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, told
