"""The plain reader of OpenStreetMap files: pyosmium, one Python object a way.

It reads every kind of file there is, and starts at once; large ``.osm.pbf`` files are faster
through `pbf_reader`.
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import numpy as np

from geo_mbo.errors import FileError
from geo_mbo.network.access import telling_keys, telling_node_keys
from geo_mbo.network.gathered import (
    NOWHERE,
    ROAD_KEYS,
    Gathered,
    Judge,
    Relation,
    places_of,
    starts,
    tells_of_turns,
)


def gather(path: Path, judge: Judge) -> Gathered:
    """Run through a file once; osmium fills in the places of the nodes.

    Raises
    ------
    FileError
        The file is broken, or no OpenStreetMap file.
    """
    import osmium

    roads, spots, relations = _Roads(), dict[int, int](), list[Relation]()
    on_ways, on_nodes = telling_keys(), telling_node_keys()
    wanted = osmium.filter.KeyFilter(*ROAD_KEYS, "type", *on_nodes)
    thing: Any  # osmium tells the kinds apart by methods that not all of them have
    try:
        for thing in osmium.FileProcessor(str(path)).with_locations().with_filter(wanted):
            if thing.is_node():
                spot = judge.node({tag.k: tag.v for tag in thing.tags if tag.k in on_nodes})
                if spot >= 0:
                    spots[thing.id] = spot
            elif thing.is_way():
                rule = judge.way({tag.k: tag.v for tag in thing.tags if tag.k in on_ways})
                if rule >= 0:
                    roads.take(thing, rule)
            elif tells_of_turns(thing.tags):
                members = [(member.type, member.ref, member.role) for member in thing.members]
                relations.append(Relation(dict(thing.tags), members, thing.id))
    except (RuntimeError, OSError, ValueError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error
    return roads.gathered(spots, relations)


class _Roads:
    """Ways as they come, in plain arrays."""

    def __init__(self) -> None:
        self._ref, self._lon, self._lat = array("q"), array("i"), array("i")
        self._way, self._rule, self._count = array("q"), array("q"), array("q")

    def take(self, way: Any, rule: int) -> None:
        nodes = [(node.ref, node.x, node.y) for node in way.nodes]
        self._ref.extend(node[0] for node in nodes)
        self._lon.extend(node[1] for node in nodes)
        self._lat.extend(node[2] for node in nodes)
        self._way.append(way.id)
        self._rule.append(rule)
        self._count.append(len(nodes))

    def gathered(self, spots: dict[int, int], relations: list[Relation]) -> Gathered:
        refs = np.array(self._ref, np.int64)
        ids, first = np.unique(refs, return_index=True)
        known = np.array(sorted(spots), np.int64)
        spot = np.full(len(ids), -1, np.int32)
        on_road = known[np.isin(known, ids)]
        spot[np.searchsorted(ids, on_road)] = [spots[ref] for ref in on_road.tolist()]
        lon, lat = (
            np.array(side, np.int32)[first] if len(first) else np.full(0, NOWHERE, np.int32)
            for side in (self._lon, self._lat)
        )
        return Gathered(
            ref=ids,
            lon=lon,
            lat=lat,
            spot=spot,
            way=np.array(self._way, np.int64),
            rule=np.array(self._rule, np.int64),
            node=places_of([refs], ids),
            start=starts(np.array(self._count, np.int64)),
            relations=relations,
        )
