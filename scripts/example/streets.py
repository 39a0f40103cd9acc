"""The road map as a graph: towns, villages, country roads, and a class for every road."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree
from shapely import LineString

from . import names
from .land import Land, town_radius

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BRIDGES = (52_600.0, 61_600.0)  # x of the two ordinary bridges; the motorway has its own
RANK = ("tertiary", "secondary", "primary", "trunk")


@dataclass
class Edge:
    """A stretch of road between two junctions, with the nodes that give it its bends."""

    u: int
    v: int
    tags: dict[str, str]
    shape: list[int] = field(default_factory=list)

    @property
    def nodes(self) -> list[int]:
        """Return all nodes in order."""
        return [self.u, *self.shape, self.v]


@dataclass
class Network:
    """A road map that can still grow."""

    xy: list[tuple[float, float]] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    node_tags: dict[int, dict[str, str]] = field(default_factory=dict)

    def node(self, x: float, y: float) -> int:
        """Add a node."""
        self.xy.append((round(float(x), 2), round(float(y), 2)))
        return len(self.xy) - 1

    def edge(self, u: int, v: int, shape: Floats | None = None, **tags: str) -> Edge:
        """Add a road; underscores before a colon-word stand for a colon."""
        bends = [] if shape is None else [self.node(x, y) for x, y in shape]
        made = Edge(u, v, {k.replace("__", ":"): t for k, t in tags.items()}, bends)
        self.edges.append(made)
        return made

    def points(self) -> Floats:
        """Return the coordinates of all nodes."""
        return np.array(self.xy)

    def junctions(self) -> list[int]:
        """Return the nodes where roads end or meet, in order."""
        return sorted({n for e in self.edges for n in (e.u, e.v)})


@dataclass(frozen=True)
class Patch:
    """A built-up area with its own street grid."""

    x: float
    y: float
    radius: float
    spacing: float
    urban: bool


def patches(land: Land) -> list[Patch]:
    """Return the built-up areas: one a town, one a village."""
    found = [
        Patch(g.x * 1000, g.y * 1000, town_radius(g.inhabitants), 185 + g.inhabitants * 0.08, True)
        for g in names.GEMEENTEN
    ]
    for p in land.pc4s:
        if not p.urban:
            radius = 160 + 9.5 * p.weight**0.5
            found.append(Patch(p.x, p.y, min(radius, 900), 150, False))
    return found


def grid(patch: Patch, rng: np.random.Generator) -> Floats:
    """Return the crossings of a turned, dented grid within an irregular outline."""
    n = int(patch.radius * 1.4 / patch.spacing) + 1
    i, j = np.meshgrid(np.arange(-n, n + 1.0), np.arange(-n, n + 1.0))
    turn = rng.uniform(0, np.pi)
    a = np.column_stack([i.ravel(), j.ravel()]) * patch.spacing
    a += rng.normal(0, 0.13 * patch.spacing, a.shape)
    # A bend in the whole grid: real quarters seldom follow straight lines.
    a[:, 0] += 0.12 * patch.radius * np.sin(a[:, 1] / patch.radius * 2 + turn)
    angle, away = np.arctan2(a[:, 1], a[:, 0]), np.hypot(*a.T)
    phase = rng.uniform(0, 2 * np.pi, 3)
    rim = 1 + sum(0.13 * np.sin((k + 2) * angle + phase[k]) for k in range(3))
    a = a[away < patch.radius * rim]
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return a @ rotation + (patch.x, patch.y)


def crossings(land: Land, hole: Floats, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Return all junctions and the number of their built-up area (-1: country)."""
    every = patches(land)
    shore = land.ground.buffer(-45)
    shapely.prepare(shore)
    xy, town = [], []
    for k, patch in enumerate(every):
        a = grid(patch, rng)
        xy.append(a)
        town.append(np.full(len(a), k))
    gx, gy = np.meshgrid(np.arange(19_000, 80_000, 1130.0), np.arange(520_000, 589_000, 1130.0))
    country = np.column_stack([gx.ravel(), gy.ravel()]) + rng.uniform(-480, 480, (gx.size, 2))
    centres = np.array([(p.x, p.y) for p in every])
    radii = np.array([p.radius for p in every])
    gap = np.hypot(*(country[:, None] - centres[None]).transpose(2, 0, 1)) - radii[None] * 1.25
    xy.append(country[gap.min(axis=1) > 420])
    town.append(np.full(len(xy[-1]), -1))
    points, owner = np.vstack(xy), np.concatenate(town).astype(np.int64)
    keep = shapely.contains_xy(shore, points[:, 0], points[:, 1])
    keep &= np.hypot(*(points - hole).T) > 620
    points, owner = points[keep], owner[keep]
    close = cKDTree(points).query_pairs(62, output_type="ndarray")
    drop = np.unique(close.max(axis=1)) if len(close) else np.array([], dtype=int)
    stay = np.setdiff1d(np.arange(len(points)), drop)
    return points[stay], owner[stay]


def _pairs(triangles: npt.NDArray[np.int32]) -> Ints:
    """Return the sides of triangles as sorted pairs."""
    e = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(e, axis=1), axis=0).astype(np.int64)


def _lengths(xy: Floats, e: Ints) -> Floats:
    return np.hypot(*(xy[e[:, 0]] - xy[e[:, 1]]).T)


def _keys(e: Ints, n: int) -> Ints:
    return e[:, 0] * n + e[:, 1]


def skeleton(xy: Floats, land: Land, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return (every possible road on land, the roads that are there).

    The roads are the Urquhart graph (Delaunay without the longest side of each triangle),
    thinned, but never below the shortest tree that joins everything.
    """
    triangles = Delaunay(xy).simplices
    possible = _pairs(triangles)
    possible = possible[_lengths(xy, possible) < 4500]
    shapely.prepare(land.ground)
    lines = shapely.linestrings(xy[possible])
    possible = possible[shapely.covers(land.ground, lines)]
    n = len(xy)
    sides = np.stack([_lengths(xy, triangles[:, [i, (i + 1) % 3]]) for i in range(3)], axis=1)
    k, rows = sides.argmax(axis=1), np.arange(len(triangles))
    longest = np.stack([triangles[rows, k], triangles[rows, (k + 1) % 3]], axis=1)
    longest = np.sort(longest, axis=1).astype(np.int64)
    chosen = possible[~np.isin(_keys(possible, n), _keys(longest, n))]
    chosen = chosen[rng.random(len(chosen)) > 0.09]
    weight = csr_matrix((_lengths(xy, possible), possible.T), (n, n))
    tree = coo_matrix(minimum_spanning_tree(weight))
    needed = np.sort(np.column_stack([tree.row, tree.col]), axis=1).astype(np.int64)
    roads = np.unique(np.vstack([chosen, needed]), axis=0)
    return possible, roads


def bridge_sites(xy: Floats, land: Land) -> Ints:
    """Return the pairs of junctions, north and south of the river, that a bridge joins."""
    order = np.argsort(land.river[:, 0])
    x, y = land.river[order].T
    level = np.interp(xy[:, 0], x, y)
    found = []
    for at in BRIDGES:
        off = np.hypot(xy[:, 0] - at, xy[:, 1] - np.interp(at, x, y))
        north = np.where(xy[:, 1] > level, off, np.inf).argmin()
        south = np.where(xy[:, 1] < level, off, np.inf).argmin()
        found.append(sorted((int(north), int(south))))
    return np.array(found, dtype=np.int64)


def _nearest(xy: Floats, at: Floats) -> Ints:
    return cKDTree(xy).query(at)[1].astype(np.int64)


def classes(xy: Floats, possible: Ints, land: Land) -> dict[tuple[int, int], int]:
    """Lay main roads along shortest paths between places; return the rank per pair.

    Primary roads join neighbouring towns, secondary roads a town and its villages, tertiary
    roads neighbouring villages.  A later road prefers to follow an earlier one.
    """
    n = len(xy)
    length = _lengths(xy, possible)
    rank: dict[tuple[int, int], int] = {}
    cost = length**1.06
    row_of = {(int(a), int(b)): i for i, (a, b) in enumerate(possible)}
    towns = np.array([(g.x * 1000, g.y * 1000) for g in names.GEMEENTEN])
    villages = np.array([(p.x, p.y) for p in land.pc4s if not p.urban])
    home = [p.gemeente for p in land.pc4s if not p.urban]
    town_of = {g.code: i for i, g in enumerate(names.GEMEENTEN)}
    t, v = _nearest(xy, towns), _nearest(xy, villages)
    pairs = [(t[a], t[b]) for a, b in _pairs(Delaunay(towns).simplices)]
    near = [(int(v[i]), int(t[town_of[code]])) for i, code in enumerate(home)]
    hamlets = _pairs(Delaunay(villages).simplices)
    hamlets = hamlets[_lengths(villages, hamlets) < 7500]
    for level, wanted in ((2, pairs), (1, near), (0, [(v[a], v[b]) for a, b in hamlets])):
        graph = csr_matrix((cost, possible.T), (n, n))
        starts = sorted({int(a) for a, _ in wanted})
        dist, back = dijkstra(graph, directed=False, indices=starts, return_predecessors=True)
        at = {s: i for i, s in enumerate(starts)}
        for a, b in wanted:
            i, w = at[int(a)], int(b)
            crow = float(np.hypot(*(xy[int(a)] - xy[w])))
            if not np.isfinite(dist[i, w]) or dist[i, w] > 2.6 * crow + 2000:
                continue
            while back[i, w] >= 0:
                p = int(back[i, w])
                key = (min(p, w), max(p, w))
                rank[key] = max(rank.get(key, -1), level)
                w = p
        for key in sorted(rank):
            cost[row_of[key]] = length[row_of[key]] * 0.72
    return rank


def bend(a: Floats, b: Floats, rng: np.random.Generator, step: float = 420) -> Floats | None:
    """Return the bends of a country road between two junctions."""
    length = float(np.hypot(*(b - a)))
    count = int(length / step)
    if count < 1:
        return None
    t = np.arange(1, count + 1) / (count + 1)
    side = np.array([a[1] - b[1], b[0] - a[0]])
    swing = rng.normal(0, 0.045) * np.sin(np.pi * t) + rng.normal(0, 0.012, count)
    return a + t[:, None] * (b - a) + swing[:, None] * side


def local_tags(
    kind: int, away: float, rng: np.random.Generator, loose: bool
) -> tuple[dict[str, str], bool]:
    """Return the tags of a road without rank, and whether it may be one-way."""
    r = rng.random()
    free = False
    if kind < 0 and loose and r < 0.13:
        tags = {"highway": "track", "surface": "unpaved", "tracktype": "grade3"}
    elif kind < 0:
        tags = {"highway": "unclassified"}
        if r < 0.55:
            tags |= {"maxspeed": "60", "surface": "asphalt"}
    elif loose and away < 420 and r < 0.35:
        tags = {"highway": "pedestrian", "bicycle": "yes" if r < 0.2 else "no"}
    elif loose and r < 0.012:
        tags = {"highway": "residential", "motor_vehicle": "no", "maxspeed": "30"}
    elif r < 0.10:
        tags = {"highway": "living_street", "maxspeed": "walk"}
    else:
        tags, free = {"highway": "residential"}, True
        if r < 0.75:
            tags["maxspeed"] = "30" if r < 0.55 else "NL:urban"
    return tags, free


def ranked_tags(rank: int, urban: bool) -> dict[str, str]:
    """Return the tags of a main road, within and outside the built-up area."""
    tags = {"highway": RANK[rank], "surface": "asphalt"}
    tags["maxspeed"] = "50" if urban else ("60", "80", "80", "100")[rank]
    return tags


def build_streets(land: Land, hole: Floats, rng: np.random.Generator) -> Network:
    """Make all roads but motorways, ferries and the special cases.

    Parameters
    ----------
    land : Land
        The map.
    hole : array of shape (2,)
        Middle of the village that gets streets of its own, and none from here.
    rng : numpy.random.Generator
        Source of every irregularity.
    """
    xy, owner = crossings(land, hole, rng)
    possible, roads = skeleton(xy, land, rng)
    spans = bridge_sites(xy, land)
    possible = np.unique(np.vstack([possible, spans]), axis=0)
    rank = classes(xy, possible, land)
    every = {(int(a), int(b)) for a, b in np.vstack([roads, spans])} | set(rank)
    tree = coo_matrix(
        minimum_spanning_tree(csr_matrix((_lengths(xy, possible), possible.T), (len(xy),) * 2))
    )
    needed = {(min(a, b), max(a, b)) for a, b in zip(tree.row, tree.col, strict=True)}
    bridges = {tuple(p) for p in spans.tolist()}
    middles = np.array([(p.x, p.y) for p in patches(land)])

    net = Network()
    for x, y in xy:
        net.node(x, y)
    for a, b in sorted(every):
        inside = owner[a] >= 0 and owner[b] >= 0
        kind = int(owner[a]) if inside else -1
        shape = None if inside else bend(xy[a], xy[b], rng)
        if (a, b) in bridges:
            tags = {**ranked_tags(2, urban=True), "bridge": "yes", "layer": "1"}
            shape = None
        elif (a, b) in rank:
            tags = ranked_tags(rank[a, b], inside)
        else:
            away = float(np.hypot(*(xy[a] - middles[kind]))) if inside else 0.0
            big = inside and kind < len(names.GEMEENTEN)
            tags, free = local_tags(kind, away if big else 9e9, rng, loose=(a, b) not in needed)
            if free and rng.random() < 0.11:
                tags["oneway"] = "-1" if rng.random() < 0.08 else "yes"
                if rng.random() < 0.6:
                    tags["oneway:bicycle"] = "no"
        if shape is not None and not shapely.covers(
            land.ground, LineString([xy[a], *shape, xy[b]])
        ):
            shape = None
        net.edge(a, b, shape).tags.update(tags)
    return net
