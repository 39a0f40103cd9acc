"""A made-up country to measure on: as many roads as a real one, the same every time.

Points lie in towns whose sizes follow a power law, the rest in the open country. Streets are the
Urquhart graph of the points (Urquhart 1980, Electronics Letters 16:556-557): the triangulation
without the longest side of each triangle, which is connected, planar, and about as dense as roads
are. Along fastest ways between hubs run main roads, and between the largest of these motorways.
"""

from __future__ import annotations

from typing import Any

import numpy as np

WIDTH_M, HEIGHT_M = 200_000.0, 180_000.0
LEFT_M, LOW_M = 40_000.0, 380_000.0
IN_TOWNS, TOWNS = 0.85, 2_000
NODES_PER_KM2 = 250.0
"""In the towns."""
MAIN_HUBS, MOTORWAY_HUBS = 1_000, 60
STREET, RURAL, MAIN, MOTORWAY = range(4)
KMH = {
    "walk": np.array([4.8, 4.8, 4.8, 0.0]),
    "bike": np.array([15.0, 17.0, 16.0, 0.0]),
    "car": np.array([28.0, 55.0, 70.0, 105.0]),
}


def made_country(nodes: int = 1_500_000, seed: int = 1) -> Any:
    """Make the network of a country with so many junctions, for walk, bike and car."""
    from geo_mbo.network import Network

    rng = np.random.default_rng(seed)
    x, y, hubs, in_town = _points(rng, nodes)
    tail, head = _streets(x, y)
    length = np.hypot(x[tail] - x[head], y[tail] - y[head]).clip(0.5)
    kind = np.where(in_town[tail] | in_town[head], STREET, RURAL)
    _lay(kind, MAIN, (tail, head, length), (x, y), hubs[:MAIN_HUBS])
    _lay(kind, MOTORWAY, (tail, head, length), (x, y), hubs[:MOTORWAY_HUBS])
    with np.errstate(divide="ignore"):
        way = {mode: length / (kmh[kind] / 3.6) for mode, kmh in KMH.items()}
    return Network(
        node_x=x,
        node_y=y,
        node_osm=np.full(len(x), -1),
        tail=tail,
        head=head,
        length_m=length,
        seconds={mode: np.stack([seconds, seconds]) for mode, seconds in way.items()},
        joinable=kind != MOTORWAY,
        shape_x=np.column_stack([x[tail], x[head]]).ravel(),
        shape_y=np.column_stack([y[tail], y[head]]).ravel(),
        shape_start=2 * np.arange(len(tail) + 1),
        source="made up",
        crs="EPSG:28992",
    )


def made_sites(network: Any, count: int = 641, seed: int = 2) -> Any:
    """Put sites near junctions, so that most lie in towns."""
    import geopandas as gpd

    at = np.random.default_rng(seed).choice(len(network.node_x), count, replace=False)
    places = gpd.points_from_xy(network.node_x[at] + 10, network.node_y[at] + 10)
    ids = [f"s{k}" for k in range(count)]
    return gpd.GeoDataFrame({"site_id": ids}, geometry=places, crs=network.crs)


def _points(rng: np.random.Generator, nodes: int) -> tuple[np.ndarray, ...]:
    """Place all points; give x, y, the middles of the towns by size, and who lies in a town."""
    share = 1 / np.arange(1, TOWNS + 1) ** 0.8
    size = rng.multinomial(int(nodes * IN_TOWNS), share / share.sum())
    middle = rng.random((TOWNS, 2)) * [WIDTH_M, HEIGHT_M]
    spread = 1000 * np.sqrt(size / NODES_PER_KM2 / (4 * np.pi))
    town = np.repeat(np.arange(TOWNS), size)
    inside = middle[town] + rng.normal(size=(len(town), 2)) * spread[town][:, None]
    rest = rng.random((nodes - len(town), 2)) * [WIDTH_M, HEIGHT_M]
    at = np.concatenate([inside, rest]).clip(0, [WIDTH_M, HEIGHT_M])
    at, index = np.unique(at.round(1), axis=0, return_index=True)
    corner = np.array([LEFT_M, LOW_M])
    x, y = (at + corner).T.copy()
    return x, y, middle + corner, index < len(town)


def _streets(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial import Delaunay

    corners = Delaunay(np.column_stack([x, y])).simplices.astype(np.int64)
    sides = np.sort(np.stack([corners, np.roll(corners, -1, axis=1)], axis=-1), axis=-1)
    name = sides[..., 0] * len(x) + sides[..., 1]
    tail, head = sides[..., 0], sides[..., 1]
    longest = np.hypot(x[tail] - x[head], y[tail] - y[head]).argmax(axis=1)
    dropped = name[np.arange(len(name)), longest]
    kept = np.setdiff1d(name.ravel(), dropped)
    return kept // len(x), kept % len(x)


def _lay(
    kind: np.ndarray,
    as_kind: int,
    roads: tuple[np.ndarray, np.ndarray, np.ndarray],
    at: tuple[np.ndarray, np.ndarray],
    hubs: np.ndarray,
) -> None:
    """Turn the shortest ways between hubs and the three nearest others into roads of a kind."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra
    from scipy.spatial import cKDTree

    tail, head, length = roads
    count = len(at[0])
    cost = length * np.array([1.0, 1.0, 0.7, 0.5])[kind]
    graph = coo_array((cost, (tail, head)), shape=(count, count)).tocsr()
    number = coo_array((np.arange(1, len(tail) + 1), (tail, head)), shape=(count, count)).tocsr()
    number = (number + number.T).tocsr()
    hub = cKDTree(np.column_stack(at)).query(hubs)[1]
    away, near = cKDTree(hubs).query(hubs, k=4)
    for k in range(len(hubs)):
        limit = 1.6 * away[k].max()
        _, before = dijkstra(
            graph, directed=False, indices=hub[k], return_predecessors=True, limit=limit
        )
        for goal in hub[near[k, 1:]]:
            node = goal
            while before[node] >= 0:
                kind[number[before[node], node] - 1] = as_kind
                node = before[node]
