"""Write the road map as an OpenStreetMap file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import osmium
from osmium.osm import mutable

from .extras import Restriction
from .geo import to_wgs84
from .streets import Edge, Network

NODE0, WAY0, RELATION0 = 9_100_000_001, 910_000_001, 9_100_001


def _join(net: Network, alone: set[int]) -> list[tuple[list[int], list[Edge]]]:
    """Join stretches with equal tags that run straight on into longer ways."""
    xy = net.points()
    at: dict[tuple[int, tuple[tuple[str, str], ...]], list[int]] = defaultdict(list)
    keys = [tuple(sorted(e.tags.items())) for e in net.edges]
    for i, e in enumerate(net.edges):
        if i not in alone and e.tags.get("highway") and e.u != e.v:
            at[e.u, keys[i]].append(i)
            at[e.v, keys[i]].append(i)
    follow: dict[tuple[int, int], int] = {}  # (edge, junction) -> next edge
    for (n, _), ends in at.items():
        best = []
        for a in range(len(ends)):
            for b in range(a + 1, len(ends)):
                p, q = (_neighbour(net.edges[ends[k]], n) for k in (a, b))
                u, v = xy[p] - xy[n], xy[q] - xy[n]
                cos = float(u @ v / (np.hypot(*u) * np.hypot(*v) + 1e-9))
                one = any(k in net.edges[ends[a]].tags for k in ("oneway", "junction"))
                facing = (net.edges[ends[a]].v == n) != (net.edges[ends[b]].v == n)
                if cos < -0.82 and (facing or not one):
                    best.append((cos, ends[a], ends[b]))
        for _, a, b in sorted(best):
            if (a, n) not in follow and (b, n) not in follow:
                follow[a, n], follow[b, n] = b, a
    return _chains(net, follow)


def _neighbour(e: Edge, n: int) -> int:
    """Return the node next to the end ``n`` of an edge."""
    return e.nodes[1] if e.u == n else e.nodes[-2]


def _chains(net: Network, follow: dict[tuple[int, int], int]) -> list[tuple[list[int], list[Edge]]]:
    """Walk along the joined stretches; return the nodes and stretches of every way."""
    used: set[int] = set()
    ways = []
    for i, e in enumerate(net.edges):
        if i in used:
            continue
        used.add(i)
        nodes, parts = [*e.nodes], [e]
        for forward in (True, False):
            here, end = i, (e.v if forward else e.u)
            while (here, end) in follow and follow[here, end] not in used and len(nodes) < 500:
                here = follow[here, end]
                used.add(here)
                step = net.edges[here]
                parts.append(step)
                run = step.nodes if step.u == end else step.nodes[::-1]
                end = run[-1]
                nodes = nodes + run[1:] if forward else run[::-1][:-1] + nodes
        ways.append((nodes, parts))
    return ways


def write_osm(path: Path, net: Network, bans: list[Restriction]) -> dict[str, int]:
    """Write a PBF file without users, versions or times; return what was counted.

    Parameters
    ----------
    path : Path
        File to write.
    net : Network
        The road map.
    bans : list of Restriction
        Turn restrictions.
    """
    place = {id(e): i for i, e in enumerate(net.edges)}
    alone = {place[id(e)] for ban in bans for e in (ban.source, ban.target)}
    ways = _join(net, alone)
    used = sorted({n for nodes, _ in ways for n in nodes})
    number = {n: NODE0 + k for k, n in enumerate(used)}
    lon, lat = to_wgs84(*net.points()[used].T)
    lon, lat = np.round(lon, 7), np.round(lat, 7)
    header = osmium.io.Header()
    header.set("generator", "geo_mbo make_example")
    header.add_box(
        osmium.osm.Box(
            osmium.osm.Location(float(lon.min()), float(lat.min())),
            osmium.osm.Location(float(lon.max()), float(lat.max())),
        )
    )
    path.unlink(missing_ok=True)
    target = osmium.io.File(str(path), "pbf,add_metadata=false")
    with osmium.SimpleWriter(target, header=header) as writer:
        for n, x, y in zip(used, lon.tolist(), lat.tolist(), strict=True):
            tags = net.node_tags.get(n, {})
            writer.add_node(mutable.Node(id=number[n], location=(x, y), tags=tags))
        way_of: dict[int, int] = {}
        for k, (nodes, parts) in enumerate(ways):
            way_of |= {id(e): WAY0 + k for e in parts}
            tags = dict(sorted(parts[0].tags.items()))
            writer.add_way(mutable.Way(id=WAY0 + k, nodes=[number[n] for n in nodes], tags=tags))
        for k, ban in enumerate(bans):
            members = [
                ("w", way_of[id(ban.source)], "from"),
                ("n", number[ban.via], "via"),
                ("w", way_of[id(ban.target)], "to"),
            ]
            tags = {"type": "restriction", "restriction": ban.kind}
            writer.add_relation(mutable.Relation(id=RELATION0 + k, members=members, tags=tags))
    return {"nodes": len(used), "ways": len(ways), "restrictions": len(bans)}
