"""What makes a road map difficult: motorways, ferries, loops, barriers, turn restrictions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from scipy.interpolate import CubicSpline
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import LineString

from .land import Land, points_of
from .streets import RANK, Edge, Network

Floats = npt.NDArray[np.float64]

_RING = "35.5 566.5 37.6 570.6 42.8 571.2 48.2 566.6 47.0 559.4 42 560.2 37 562.0"
_SOUTH = "47.0 559.0 45.6 556.6 44.0 553.2 45.0 549.0 46.2 545.0 49.6 541.9 56 543.3 62.6 542.6"
_EAST = "48.6 566.2 53 565.6 58.3 568.6 64 570.6 67 571.9"
CAR = {"motorway", "motorway_link", "unclassified", "residential", "living_street", "service"}
CAR |= set(RANK) | {"track"}


@dataclass(frozen=True)
class Restriction:
    """A turn restriction: from one road, over a junction, into another."""

    source: Edge
    via: int
    target: Edge
    kind: str


def spline(control: Floats, closed: bool, step: float) -> Floats:
    """Return points about ``step`` metres apart on a smooth line through the control points."""
    if closed:
        control = np.vstack([control, control[:1]])
    t = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(control, axis=0).T))])
    curve = CubicSpline(t, control, bc_type="periodic" if closed else "natural")
    count = int(t[-1] / step)
    return np.asarray(curve(np.linspace(0, t[-1], count + 1)[: count + (not closed)]))


def _beside(line: Floats, off: float, closed: bool) -> Floats:
    """Return the line moved ``off`` metres to the right."""
    if closed:
        step = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    else:
        step = np.gradient(line, axis=0)
    unit = step / np.hypot(*step.T)[:, None]
    return line + off * np.column_stack([unit[:, 1], -unit[:, 0]])


def _carriageway(net: Network, line: Floats, land: Land, closed: bool, ref: str) -> list[int]:
    """Lay one carriageway in the order of the line; return its nodes."""
    nodes = [net.node(x, y) for x, y in line]
    pairs = [*pairwise(nodes), *([(nodes[-1], nodes[0])] * closed)]
    for a, b in pairs:
        tags = {"highway": "motorway", "oneway": "yes", "maxspeed": "100", "ref": ref, "lanes": "2"}
        if ref != "A901":
            tags["maxspeed"] = "130" if ref == "A903" else "120"
        if not shapely.covers(land.ground, LineString([net.xy[a], net.xy[b]])):
            tags |= {"bridge": "yes", "layer": "1"}
        net.edge(a, b).tags.update(tags)
    return nodes


def _link(net: Network, a: int, b: int) -> None:
    """Lay a ramp from a to b with one bend."""
    p, q = np.array(net.xy[a]), np.array(net.xy[b])
    middle = (p + q) / 2 + 0.1 * np.array([q[1] - p[1], p[0] - q[0]])
    net.edge(a, b, middle[None], highway="motorway_link", oneway="yes", maxspeed="80")


def _exits(gap: Floats, closed: bool) -> list[int]:
    """Choose the samples with an interchange: where a main road is near, 3 km apart."""
    free = np.ones(len(gap), dtype=bool)
    if not closed:
        free[:5], free[-5:] = False, False
    found = []
    for k in np.argsort(gap):
        if free[k] and gap[k] < 700:
            found.append(int(k))
            free[max(0, k - 6) : k + 7] = False
    return sorted(found)


def add_motorways(net: Network, land: Land) -> None:
    """Lay the ring between the two biggest towns and two roads that leave it."""
    main = sorted({n for e in net.edges if e.tags.get("highway") in RANK[1:] for n in (e.u, e.v)})
    tree = cKDTree(net.points()[main])

    def ground_junction(at: Floats) -> int:
        return main[int(tree.query(at)[1])]

    rings: list[list[int]] = []
    for text, ref in ((_RING, "A901"), (_SOUTH, "A902"), (_EAST, "A903")):
        closed = ref == "A901"
        middle = spline(points_of(text), closed, 520)
        right = _carriageway(net, _beside(middle, 12, closed), land, closed, ref)
        left = _carriageway(net, _beside(middle, -12, closed)[::-1], land, closed, ref)
        n = len(middle)
        for k in _exits(tree.query(middle)[0], closed):
            j = ground_junction(middle[k])
            for lane, i in ((right, k), (left, n - 1 - k)):
                _link(net, lane[(i - 1) % n], j)
                _link(net, j, lane[(i + 1) % n])
        if closed:
            rings = [right, left]
            continue
        for lane in rings:
            xy = np.array([net.xy[m] for m in lane])
            i = int(np.hypot(*(xy - middle[0]).T).argmin())
            _link(net, lane[(i - 1) % len(lane)], right[0])
            _link(net, left[-1], lane[(i + 1) % len(lane)])
        end = ground_junction(middle[-1])
        _link(net, right[-1], end)
        _link(net, end, left[0])


def add_ferries(net: Network) -> dict[str, tuple[int, int]]:
    """Lay the car ferry to the island and the bicycle ferry over the estuary."""
    xy = net.points()
    made = {}
    ends = {
        "Veer Zoutkerke - Vlieterplaat": ((29_900, 576_200), (27_300, 582_300), "00:35"),
        "Fietsveer Oude Mond": ((35_200, 551_700), (35_600, 547_200), "00:12"),
    }
    used = sorted({n for e in net.edges for n in (e.u, e.v) if e.tags["highway"] in CAR})
    for name, (a, b, duration) in ends.items():
        at = [used[int(np.hypot(*(xy[used] - p).T).argmin())] for p in (a, b)]
        t = np.arange(1, 6)[:, None] / 6
        line = xy[at[0]] + t * (xy[at[1]] - xy[at[0]])
        line[:, 0] -= 220 * np.sin(np.pi * t[:, 0])
        edge = net.edge(at[0], at[1], line, route="ferry", name=name, duration=duration)
        small = "Fiets" in name
        edge.tags.update({"foot": "yes", "bicycle": "yes"})
        edge.tags["motor_vehicle"] = "no" if small else "yes"
        made[name] = (at[0], at[1])
    return made


def add_loop_village(net: Network, hole: Floats) -> None:
    """Give the village a one-way loop as its only way in for cars."""
    outer = net.points()
    road = sorted({n for e in net.edges for n in (e.u, e.v) if e.tags["highway"] in CAR})
    order = np.hypot(*(outer[road] - hole).T).argsort()
    gate, back = road[int(order[0])], road[int(order[4])]
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    loop = [net.node(*(hole + 270 * np.array([np.cos(a), 0.8 * np.sin(a)]))) for a in angle]
    square = [net.node(*(hole + 110 * np.array([np.cos(a), np.sin(a)]))) for a in angle[::4]]
    for a, b in zip(loop, loop[1:] + loop[:1], strict=True):
        net.edge(a, b, highway="residential", oneway="yes", maxspeed="30", name="Ringlaantje")
    for k, (a, b) in enumerate(zip(square, square[1:] + square[:1], strict=True)):
        net.edge(a, b, highway="living_street", motor_vehicle="no", bicycle="yes")
        net.edge(loop[4 * k], a, highway="living_street", motor_vehicle="no", bicycle="yes")
    xy = net.points()
    nearest = min(loop, key=lambda n: float(np.hypot(*(xy[n] - xy[gate]))))
    net.edge(gate, nearest, highway="unclassified", maxspeed="60", name="Toegangsweg")
    other = min(loop, key=lambda n: float(np.hypot(*(xy[n] - xy[back]))))
    net.edge(back, other, highway="cycleway", surface="asphalt")


def add_cycleways(net: Network, rng: np.random.Generator) -> None:
    """Lay cycleways beside main roads outside the towns."""
    xy = net.points()
    for e in [*net.edges]:
        road = e.tags.get("highway")
        if road not in RANK[1:] or e.tags["maxspeed"] == "50" or "bridge" in e.tags:
            continue
        a, b = xy[e.u], xy[e.v]
        if np.hypot(*(b - a)) < 350 or rng.random() > 0.5:
            continue
        line = np.array([xy[n] for n in e.nodes])
        beside = _beside(line, 9, closed=False)[1:-1]
        if not len(beside):
            beside = ((a + b) / 2 + 9 * np.array([b[1] - a[1], a[0] - b[0]]) / 500)[None]
        net.edge(e.u, e.v, beside, highway="cycleway", surface="asphalt", foot="no")
        e.tags["bicycle"] = "use_sidepath"
        if road == "trunk":
            e.tags["foot"] = "no"


def make_trunks(net: Network) -> None:
    """Turn two country stretches of primary road into trunk roads: fast, no bicycles."""
    xy = net.points()
    for e in net.edges:
        x, y = xy[[e.u, e.v]].mean(axis=0)
        west = 40_500 < x < 47_500 and 535_500 < y < 541_500
        east = 62_000 < x < 68_000 and 546_500 < y < 550_500
        if e.tags.get("highway") == "primary" and e.tags["maxspeed"] == "80" and (west or east):
            e.tags.update({"highway": "trunk", "maxspeed": "100", "bicycle": "no", "foot": "no"})


def add_park(net: Network, middle: Floats, radius: float) -> None:
    """Replace a block of streets by a park with paths: the short cut on foot."""
    xy = net.points()
    inside = np.hypot(*(xy - middle).T) < radius
    rim: list[int] = []
    kept = []
    for e in net.edges:
        gone = (inside[e.u] or inside[e.v]) and e.tags.get("highway") not in RANK
        if gone:
            rim += [n for n in (e.u, e.v) if not inside[n]]
        else:
            kept.append(e)
    net.edges = kept
    alive = {n for e in kept for n in (e.u, e.v)}
    rim = sorted(set(rim) & alive)
    angle = np.arctan2(*(xy[rim] - middle).T)
    gates = [rim[int(i)] for i in np.argsort(angle)][:: max(1, len(rim) // 7)]
    pond = [net.node(*(middle + 60 * np.array([np.cos(a), np.sin(a)]))) for a in range(6)]
    for a, b in zip(pond, pond[1:] + pond[:1], strict=True):
        net.edge(a, b, highway="footway", surface="gravel")
    for k, gate in enumerate(gates):
        goal = min(pond, key=lambda n: float(np.hypot(*np.subtract(net.xy[n], xy[gate]))))
        tags = ({"highway": "footway"}, {"highway": "path", "bicycle": "yes"}, {"highway": "steps"})
        net.edge(gate, goal).tags.update(tags[k % 3])


def add_service(net: Network, sites: Floats, rng: np.random.Generator) -> list[int]:
    """Give every site a driveway; add parking aisles and private drives.  Return site nodes."""
    xy = net.points()
    street = {"residential", "unclassified", "tertiary", "secondary", "living_street"}
    road = sorted(
        {n for e in net.edges for n in (e.u, e.v) if e.tags.get("highway") in street}
        - {n for e in net.edges for n in (e.u, e.v) if e.tags.get("motor_vehicle") == "no"}
    )
    tree = cKDTree(xy[road])
    found = []
    for at in sites:
        nearest = road[int(tree.query(at)[1])]
        found.append(net.node(*at))
        net.edge(nearest, found[-1], highway="service", service="driveway")
    for n in rng.choice(road, 90, replace=False):
        spot = xy[n] + rng.normal(0, 45, 2)
        end = net.node(*spot)
        private = rng.random() < 0.5
        edge = net.edge(int(n), end, highway="service")
        edge.tags["service"] = "driveway" if private else "parking_aisle"
        if private:
            edge.tags["access"] = "private" if rng.random() < 0.8 else "no"
    return found


def add_bollards(net: Network, count: int, rng: np.random.Generator) -> None:
    """Put bollards in the middle of some streets: through for bicycles, not for cars."""
    free = [
        e for e in net.edges if e.tags.get("highway") == "residential" and "oneway" not in e.tags
    ]
    for i in sorted(rng.choice(len(free), count, replace=False)):
        e = free[i]
        if not e.shape and "motor_vehicle" not in e.tags:
            e.shape = [net.node(*np.mean([net.xy[e.u], net.xy[e.v]], axis=0))]
            net.node_tags[e.shape[0]] = {"barrier": "bollard", "bicycle": "yes", "foot": "yes"}


def _incident(net: Network) -> dict[int, list[Edge]]:
    by: dict[int, list[Edge]] = defaultdict(list)
    for e in net.edges:
        by[e.u].append(e)
        by[e.v].append(e)
    return by


def add_roundabouts(net: Network, count: int, rng: np.random.Generator) -> None:
    """Turn crossings of main roads into roundabouts (counter-clockwise, as one drives right)."""
    by = _incident(net)
    xy = net.points()
    fit = [
        n
        for n in sorted(by)
        if len(by[n]) >= 4
        and sum(e.tags.get("highway") in RANK for e in by[n]) >= 3
        and not any("bridge" in e.tags or "route" in e.tags for e in by[n])
        and all(np.hypot(*(xy[e.u] - xy[e.v])) > 90 for e in by[n])
    ]
    busy: set[int] = set()
    for n in [fit[int(i)] for i in rng.permutation(len(fit))]:
        near = {m for e in by[n] for m in (e.u, e.v)}
        if near & busy or count == 0:
            continue
        busy |= near
        count -= 1
        arms = []
        for e in by[n]:
            nodes = e.nodes if e.u == n else e.nodes[::-1]
            dx, dy = xy[nodes[1]] - xy[n] if nodes[1] < len(xy) else (1.0, 0.0)
            arms.append((float(np.arctan2(dy, dx)), e))
        arms.sort(key=lambda arm: arm[0])
        ring = []
        for angle, e in arms:
            m = net.node(*(xy[n] + 18 * np.array([np.cos(angle), np.sin(angle)])))
            ring.append(m)
            e.u, e.v = (m, e.v) if e.u == n else (e.u, m)
        best = max((RANK.index(e.tags["highway"]) for _, e in arms if e.tags["highway"] in RANK))
        for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
            net.edge(a, b, highway=RANK[best], junction="roundabout", maxspeed="30")


def drive(net: Network, e: Edge) -> tuple[bool, bool]:
    """Return whether a car may go along an edge (forward, backward)."""
    t = e.tags
    ferry = t.get("route") == "ferry" and t.get("motor_vehicle") == "yes"
    shut = t.get("motor_vehicle") == "no" or t.get("access") in ("private", "no")
    blocked = any("barrier" in net.node_tags.get(n, {}) for n in e.shape)
    if (t.get("highway") not in CAR and not ferry) or shut or blocked:
        return False, False
    if t.get("oneway") == "-1":
        return False, True
    forward_only = t.get("oneway") == "yes" or t.get("junction") == "roundabout"
    return True, not forward_only


def main_part(net: Network) -> tuple[set[int], set[int]]:
    """Return (junctions in the biggest car network, junctions in the biggest road map)."""
    ends = np.array([(e.u, e.v) for e in net.edges])
    way = np.array([drive(net, e) for e in net.edges])
    source = np.concatenate([ends[way[:, 0], 0], ends[way[:, 1], 1]])
    target = np.concatenate([ends[way[:, 0], 1], ends[way[:, 1], 0]])
    size = (len(net.xy),) * 2
    strong = connected_components(
        csr_matrix((np.ones(len(source)), (source, target)), size), connection="strong"
    )[1]
    weak = connected_components(
        csr_matrix((np.ones(len(ends)), tuple(ends.T)), size), directed=False
    )[1]
    return tuple(  # type: ignore[return-value]
        set(np.flatnonzero(part == np.bincount(part).argmax()).tolist()) for part in (strong, weak)
    )


def repair(net: Network, islet: Floats) -> None:
    """Drop lost scraps of road, and one-way signs that would lock somebody in.

    The islet keeps its roads: it is cut off on purpose.  So are the streets without cars.
    """
    net_xy = net.points()
    for _ in range(12):
        strong, whole = main_part(net)
        lost = {
            n for n in net.junctions() if n not in whole and np.hypot(*(net_xy[n] - islet)) > 2500
        }
        net.edges = [e for e in net.edges if e.u not in lost]
        trapped = [
            e
            for e in net.edges
            if e.u in whole
            and (e.u not in strong or e.v not in strong)
            and ("oneway" in e.tags or any(m in net.node_tags for m in e.shape))
            and e.tags.get("highway") == "residential"
            and e.tags.get("name") != "Ringlaantje"
        ]
        for e in trapped:
            e.tags.pop("oneway", None)
            e.tags.pop("oneway:bicycle", None)
            for m in e.shape:
                net.node_tags.pop(m, None)
        if not trapped and not lost:
            return


def restrictions(net: Network, count: int, rng: np.random.Generator) -> list[Restriction]:
    """Choose turn restrictions at crossings of main roads that keep every road in reach."""
    by = _incident(net)
    xy = net.points()
    found: list[Restriction] = []
    spots = [
        n
        for n in sorted(by)
        if len(by[n]) == 4
        and all(e.tags.get("highway") in {*RANK, "residential", "unclassified"} for e in by[n])
        and sum(e.tags.get("highway") in RANK for e in by[n]) >= 2
        and not any("oneway" in e.tags or "junction" in e.tags for e in by[n])
    ]
    for n in [spots[int(i)] for i in rng.permutation(len(spots))[:count]]:
        arms = sorted(
            by[n],
            key=lambda e: float(np.arctan2(*(xy[e.v if e.u == n else e.u] - xy[n])[::-1])),
        )
        k = int(rng.integers(4))
        kind = ("no_left_turn", "no_left_turn", "only_straight_on", "no_right_turn", "no_u_turn")[
            len(found) % 5
        ]
        # Counter-clockwise from where one comes: right, straight on, left.
        step = {"no_right_turn": 1, "only_straight_on": 2, "no_left_turn": 3, "no_u_turn": 0}[kind]
        found.append(Restriction(arms[k], n, arms[(k + step) % 4], kind))
    return found
