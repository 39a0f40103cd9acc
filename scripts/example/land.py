"""Coast, estuary, gemeenten, provinces and PC4s of the example province."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import gaussian_filter
from scipy.spatial import Voronoi, cKDTree
from shapely import MultiPolygon, Point, Polygon

from . import names

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_COAST = """
33 577 38 582 47 584.5 57 583.5 66 580 72.5 575 76.5 567 75 558 77 549 75.5 540 76 531.5 68 526.5
60 523.5 50 527 42 524.5 34 528.5 26 531 25.5 540 28.5 545.5 24 552 23 560 26 566.5 25.5 571.5
29.5 575
"""
_ISLAND = "20.5 581 24 584 29.5 586 33.5 587.5 32.5 585.2 27.5 582.3 22.5 580"
_ISLET = "28.2 548.4 30.2 548.9 31.2 548.2 29.8 547.4 28.4 547.5"
_RIVER = "71.5 558.5 66 560.8 60.5 557.6 55 556.8 49.5 554.6 43 551.4 37 549.8 30 548.2 16 546.8"


@dataclass(frozen=True)
class Pc4:
    """A postcode area before anybody lives there."""

    number: int
    gemeente: str
    place: str
    x: float
    y: float
    urban: bool
    weight: float


@dataclass(frozen=True)
class Land:
    """The map: land without water, and the two divisions of it."""

    ground: MultiPolygon
    river: Floats
    gemeenten: dict[str, MultiPolygon]
    pc4s: list[Pc4]
    areas: list[MultiPolygon]


def points_of(text: str) -> Floats:
    """Read points in km as metres."""
    return np.array(text.split(), dtype=float).reshape(-1, 2) * 1000


def displaced(
    line: Floats, levels: int, rough: float, rng: np.random.Generator, closed: bool
) -> Floats:
    """Return a fractal line: every midpoint moves sideways, again and again."""
    for _ in range(levels):
        after = np.roll(line, -1, axis=0) if closed else line[1:]
        before = line if closed else line[:-1]
        step = after - before
        side = np.column_stack([-step[:, 1], step[:, 0]])
        middle = (before + after) / 2 + side * rng.normal(0, rough, (len(step), 1))
        both = np.empty((len(line) + len(middle), 2))
        both[0::2], both[1::2] = line, middle
        line = both
    return line


def smooth_noise(
    rng: np.random.Generator, scale: float
) -> tuple[RegularGridInterpolator, RegularGridInterpolator]:
    """Return two smooth random fields (unit variance) with detail of about ``scale`` metres."""
    axis_x, axis_y = np.arange(0, 100_001, 500.0), np.arange(500_000, 610_001, 500.0)
    fields = []
    for _ in range(2):
        field = gaussian_filter(rng.normal(size=(axis_x.size, axis_y.size)), scale / 500)
        fields.append(RegularGridInterpolator((axis_x, axis_y), field / field.std()))
    return fields[0], fields[1]


def estuary(centre: Floats, rng: np.random.Generator) -> Polygon:
    """Return the water of the river: narrow at its source, broad at sea."""
    t = np.linspace(0, 1, len(centre))
    wobble = gaussian_filter(rng.normal(size=len(t)), 3.0)
    width = (110 + 4600 * t**2.1) * (1 + 0.5 * wobble)
    balls = [Point(p).buffer(w / 2, 8) for p, w in zip(centre, width, strict=True)]
    hulls = [shapely.union(a, b).convex_hull for a, b in pairwise(balls)]
    return shapely.union_all(hulls)


def _ground(rng: np.random.Generator) -> tuple[Polygon, Polygon, Polygon, Floats]:
    """Return mainland, island, islet (all without water) and the middle of the river."""
    coast = Polygon(displaced(points_of(_COAST), 6, 0.19, rng, closed=True)).buffer(0)
    centre = displaced(points_of(_RIVER), 4, 0.10, rng, closed=False)
    dry = coast.difference(estuary(centre, rng)).buffer(-30).buffer(30)
    parts = [p for p in shapely.get_parts(dry) if p.area > 3e6]
    mainland = shapely.union_all(parts)
    island = Polygon(displaced(points_of(_ISLAND), 5, 0.10, rng, closed=True)).buffer(0)
    islet = Polygon(displaced(points_of(_ISLET), 4, 0.08, rng, closed=True)).buffer(0)
    middle = centre[np.abs(centre[:, 0] - 29_700).argmin()] - np.array(islet.centroid.coords[0])
    islet = shapely.transform(islet, lambda xy: xy + middle)
    return mainland, island, islet, centre


def _side(xy: Floats, river: Floats) -> Ints:
    """Return 1 north of the river, -1 south of it, 0 beyond its source."""
    order = np.argsort(river[:, 0])
    level = np.interp(xy[:, 0], river[order, 0], river[order, 1])
    side = np.where(xy[:, 1] > level, 1, -1)
    return np.where(xy[:, 0] > river[:, 0].max() - 1500, 0, side).astype(np.int64)


def _spread(points: Floats, taken: Floats, count: int) -> Floats:
    """Return ``count`` points far from one another and from those already taken."""
    chosen = [*taken]
    for _ in range(count):
        gap = np.min([np.hypot(*(points - c).T) for c in chosen], axis=0)
        chosen.append(points[int(gap.argmax())])
    seats = np.array(chosen)
    for _ in range(4):  # Lloyd: villages move from the border to the middle of what is theirs
        mine = cKDTree(seats).query(points)[1]
        for k in range(len(taken), len(seats)):
            if (mine == k).any():
                seats[k] = points[mine == k].mean(axis=0)
    return seats[len(taken) :]


def _spiral(g: names.Gemeente) -> Floats:
    """Return the middles of the PC4s of a town: a sunflower, at the middle the densest."""
    k = np.arange(g.town_pc4s)
    radius = np.sqrt(k / max(g.town_pc4s, 1)) * town_radius(g.inhabitants) * 0.92
    angle = k * 2.399963 + g.x
    return np.column_stack(
        [g.x * 1000 + radius * np.cos(angle), g.y * 1000 + radius * np.sin(angle)]
    )


def town_radius(thousands: float) -> float:
    """Return the radius (m) of the built-up area of a town."""
    return 270.0 * thousands**0.5


def _faces(lines: list[shapely.Geometry]) -> list[Polygon]:
    """Return the faces between lines, noded so that neighbours share every vertex."""
    return list(shapely.get_parts(shapely.polygonize([shapely.union_all(lines)])))


def _borders(cells: npt.NDArray[np.object_], label: Ints) -> list[shapely.Geometry]:
    """Return the outlines of the unions of equal labels."""
    return [shapely.union_all(cells[label == k]).boundary for k in np.unique(label)]


def _merge_scraps(faces: list[Polygon], label: Ints, limit: float) -> Ints:
    """Give every loose scrap of an area to the neighbour with the longest shared border."""
    label = label.copy()
    tree = shapely.STRtree(faces)
    for k in np.unique(label):
        mine = np.flatnonzero(label == k)
        parts = shapely.get_parts(shapely.union_all([faces[i] for i in mine]))
        main = max(parts, key=lambda p: p.area)
        for i in mine:
            inside = main.covers(faces[i].representative_point())
            if inside or faces[i].area > limit:
                continue
            best, longest = int(label[i]), 0.0
            for j in tree.query(faces[i]):
                if label[j] != k:
                    shared = faces[i].boundary.intersection(faces[j].boundary).length
                    if shared > longest:
                        best, longest = int(label[j]), shared
            label[i] = best
    return label


def _coverage(faces: list[Polygon], label: Ints, tolerance: float) -> list[MultiPolygon]:
    """Union the faces by label and simplify the shared borders together."""
    polygons = [
        shapely.union_all([faces[i] for i in np.flatnonzero(label == k)]) for k in np.unique(label)
    ]
    # The borders on land bear more smoothing than the coast.
    simple = shapely.coverage_simplify(polygons, tolerance, simplify_boundary=False)
    simple = shapely.coverage_simplify(simple, tolerance / 5)
    rounded = shapely.set_precision(simple, 0.01, mode="pointwise")
    return [p if p.geom_type == "MultiPolygon" else MultiPolygon([p]) for p in rounded]


def _pc4_seeds(
    micro: Floats, owner: Ints, dry: npt.NDArray[np.bool_], islet: Polygon, rng: np.random.Generator
) -> list[Pc4]:
    """Place the PC4s: several in a town, the villages spread over the rest of the gemeente."""
    order = sorted(range(len(names.GEMEENTEN)), key=lambda i: -names.GEMEENTEN[i].y)
    villages = iter(names.village_names(120, rng))
    numbers = iter(names.pc4_numbers())
    found: list[Pc4] = []
    for i in order:
        g = names.GEMEENTEN[i]
        town, count = _spiral(g), g.pc4s - g.town_pc4s
        extra = g.code == names.ISLET_OWNER
        field = micro[(owner == i) & dry]
        rest = _spread(field, town, count - extra)
        share = 0.72 if g.town_pc4s > 2 else 0.52
        weights = rng.uniform(0.7, 1.3, len(town))
        weights *= g.inhabitants * 1000 * share / weights.sum()
        for (x, y), w in zip(town, weights, strict=True):
            place = names.place_of(g.name)
            found.append(Pc4(next(numbers), g.code, place, float(x), float(y), True, float(w)))
        weights = rng.uniform(0.4, 1.6, max(len(rest), 1))
        weights *= g.inhabitants * 1000 * (1 - share) / weights.sum()
        for (x, y), w in zip(rest, weights, strict=False):
            found.append(
                Pc4(next(numbers), g.code, next(villages), float(x), float(y), False, float(w))
            )
        if extra:
            p = islet.representative_point()
            found.append(Pc4(next(numbers), g.code, next(villages), p.x, p.y, False, 60.0))
    return found


def _straddle(owner: Ints, pc4: Ints, pc4s: list[Pc4], micro: Floats, dry: Floats) -> Ints:
    """Hand the edge of a few PC4s to the gemeente next door, as real borders do."""
    owner = owner.copy()
    near = cKDTree(micro[dry > 0])
    where = np.flatnonzero(dry > 0)
    for index in range(5, len(pc4s), 23):
        cells = np.flatnonzero((pc4 == index) & (dry > 0))
        _, around = near.query(micro[cells], k=6)
        foreign = owner[where[around]]
        touching = np.flatnonzero((foreign != owner[cells][:, None]).any(axis=1))
        if touching.size and not pc4s[index].urban:
            row = touching[: max(2, touching.size // 3)]
            other = [next(o for o in foreign[r] if o != owner[cells[r]]) for r in row]
            owner[cells[row]] = max(set(other), key=other.count)
    return owner


def build_land(rng: np.random.Generator) -> Land:
    """Make the map of the example province.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of every irregularity.

    Returns
    -------
    Land
        Coast, gemeenten and PC4s in RD New.
    """
    mainland, island, islet, river = _ground(rng)
    ground = shapely.union_all([mainland, island, islet])
    gx, gy = np.meshgrid(np.arange(18_000, 80_000, 560.0), np.arange(519_000, 590_000, 560.0))
    micro = np.column_stack([gx.ravel(), gy.ravel()]) + rng.uniform(-250, 250, (gx.size, 2))
    far = np.array([[-2e5, 5.5e5], [3e5, 5.5e5], [5e4, 3e5], [5e4, 8e5]])
    voronoi = Voronoi(np.vstack([micro, far]))
    cells = np.array(
        [Polygon(voronoi.vertices[voronoi.regions[r]]) for r in voronoi.point_region[: len(micro)]]
    )

    wave_x, wave_y = smooth_noise(rng, 2200)
    warped = micro + 900 * np.column_stack([wave_x(micro), wave_y(micro)])
    seats = np.array([(g.x, g.y) for g in names.GEMEENTEN]) * 1000
    reach = np.array([0.75 + 0.25 * (g.inhabitants / 30) ** 0.25 for g in names.GEMEENTEN])
    distance = np.hypot(*(warped[:, None, :] - seats[None]).transpose(2, 0, 1)) / reach
    side, seat_side = _side(micro, river), _side(seats, river)
    distance[side[:, None] * seat_side[None] < 0] += 1e6
    codes = [g.code for g in names.GEMEENTEN]
    lonely, islet_owner = codes.index(names.ISLAND), codes.index(names.ISLET_OWNER)
    distance[:, lonely] += 1e7
    owner = distance.argmin(axis=1).astype(np.int64)
    owner[shapely.dwithin(shapely.points(micro), island, 1500)] = lonely
    on_islet = shapely.dwithin(shapely.points(micro), islet, 500)
    owner[on_islet] = islet_owner

    inner = ground.buffer(-900)
    shapely.prepare(inner)
    dry = shapely.contains_xy(inner, micro[:, 0], micro[:, 1])
    pc4s = _pc4_seeds(micro, owner, dry, islet, rng)
    seeds = np.array([(p.x, p.y) for p in pc4s])
    seed_owner = np.array([codes.index(p.gemeente) for p in pc4s])
    islet_pc4 = max(i for i, p in enumerate(pc4s) if p.gemeente == names.ISLET_OWNER)
    gap = np.hypot(*(warped[:, None, :] - seeds[None]).transpose(2, 0, 1))
    gap[owner[:, None] != seed_owner[None]] += 1e6
    gap[:, islet_pc4] += 1e7
    pc4 = gap.argmin(axis=1).astype(np.int64)
    pc4[on_islet] = islet_pc4
    wet = shapely.contains_xy(ground, micro[:, 0], micro[:, 1]).astype(np.float64)
    owner = _straddle(owner, pc4, pc4s, micro, wet)

    lines = [ground.boundary, *_borders(cells, pc4), *_borders(cells, owner)]
    shapely.prepare(ground)
    faces = [f for f in _faces(lines) if ground.contains(f.representative_point())]
    inside = np.array([(f.representative_point().x, f.representative_point().y) for f in faces])
    nearest = cKDTree(micro).query(inside)[1]
    label_pc4 = _merge_scraps(faces, pc4[nearest], 4e5)
    label_gem = _merge_scraps(faces, owner[nearest], 4e5)
    areas = _coverage(faces, label_pc4, 300)
    shapes = dict(
        zip([codes[k] for k in np.unique(label_gem)], _coverage(faces, label_gem, 300), strict=True)
    )
    kept = [pc4s[k] for k in np.unique(label_pc4)]
    return Land(MultiPolygon(shapely.get_parts(ground)), river, shapes, kept, areas)
