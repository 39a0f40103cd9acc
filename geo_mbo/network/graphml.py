"""A network from a GraphML file that osmnx wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import numpy as np

from geo_mbo.errors import FileError
from geo_mbo.modes import Mode, turn_seconds
from geo_mbo.network.access import joinable, speeds_kmh
from geo_mbo.network.places import metric_places
from geo_mbo.network.road import Network, polyline_lengths
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import networkx as nx

_TAGS = ("highway", "maxspeed", "access", "junction", "width", "est_width")


def read_graphml(path: Path, *, modes: Sequence[Mode], notify: Notify = to_log) -> Network:
    """Read a graph of osmnx; a street that it holds in both directions becomes one edge.

    osmnx keeps few tags of a way. What it does not keep (barriers, contraflow for bicycles, access
    by vehicle) cannot be told from it: a note says so, and an ``.osm.pbf`` does better.

    Parameters
    ----------
    path
        File that `osmnx.save_graphml` wrote.
    modes
        Modes to give seconds for.
    notify
        Gets the notes.

    Raises
    ------
    FileError
        The file is broken, no graph of osmnx, or holds no road.
    """
    graph = _graph(path)
    ids = list(graph.nodes)
    at = {node: k for k, node in enumerate(ids)}
    streets = _streets(graph)
    if not streets:
        raise FileError.of("no_roads", path=str(path))
    shapes = [_shape(graph, u, v, data) for u, v, data, _ in streets]
    counts = np.array([len(shape) for shape in shapes])
    x, y, crs = _in_metres(np.concatenate([*shapes, _points(graph, ids)]), graph, notify)
    points = int(counts.sum())
    start = np.concatenate([[0], np.cumsum(counts)])
    length = polyline_lengths(x[:points], y[:points], start)
    speeds = [
        [speeds_kmh(_tags(data, oneway=oneway), mode) for mode in modes]
        for _, _, data, oneway in streets
    ]
    kmh = np.array(speeds, float).reshape(len(streets), len(modes), 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        seconds = np.where(kmh > 0, length[:, None, None] / (kmh / 3.6), np.inf)
    notify(note("few_tags", count=len(streets)))
    return Network(
        node_x=x[points:],
        node_y=y[points:],
        node_osm=np.array([node if isinstance(node, int) else -1 for node in ids], np.int64),
        tail=np.array([at[u] for u, *_ in streets], np.int64),
        head=np.array([at[v] for _, v, *_ in streets], np.int64),
        length_m=length,
        seconds={mode.name: seconds[:, k].T.copy() for k, mode in enumerate(modes)},
        joinable=np.array([joinable(_tags(data, oneway=False)) for _, _, data, _ in streets]),
        shape_x=x[:points],
        shape_y=y[:points],
        shape_start=start,
        source=path.name,
        crs=crs,
        turn_s=turn_seconds(modes),
    )


def _graph(path: Path) -> nx.MultiDiGraph[Any]:
    import osmnx

    try:
        graph: nx.MultiDiGraph[Any] = osmnx.load_graphml(path)
        if "crs" not in graph.graph or not all("x" in d for _, d in graph.nodes(data=True)):
            raise KeyError("crs, x, y")  # noqa: TRY301 - told below
    except (ParseError, KeyError, ValueError, OSError, TypeError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error
    return graph


def _streets(graph: nx.MultiDiGraph[Any]) -> list[tuple[Any, Any, Mapping[str, Any], bool]]:
    """List the streets once: its ends, its data, and whether only one direction is there."""
    found: dict[tuple[Any, ...], tuple[Any, Any, Mapping[str, Any], bool]] = {}
    for u, v, data in graph.edges(data=True):
        name = (str(data.get("osmid")), round(float(data.get("length", 0)), 2))
        if (v, u, *name) in found and u != v:
            found[(v, u, *name)] = (*found[(v, u, *name)][:3], False)
        else:
            found.setdefault((u, v, *name), (u, v, data, not _both_ways(u, v, data)))
    return list(found.values())


def _both_ways(u: Any, v: Any, data: Mapping[str, Any]) -> bool:
    """Tell it of a loop, which is its own way back: only its tag can."""
    return bool(u == v and not data.get("oneway", False))


def _tags(data: Mapping[str, Any], *, oneway: bool) -> dict[str, str]:
    """Give the tags osmnx kept; of several (a street of several ways) the first."""
    tags = {}
    for key in _TAGS:
        value = data.get(key)
        if isinstance(value, list | tuple):
            value = ";".join(map(str, value)) if key == "maxspeed" else value[0]
        if value is not None:
            tags[key] = str(value)
    # The direction is that of the graph, also where a roundabout or motorway implies one.
    return {**tags, "oneway": "yes" if oneway else "no"}


def _shape(
    graph: nx.MultiDiGraph[Any], u: Any, v: Any, data: Mapping[str, Any]
) -> np.ndarray[Any, Any]:
    import shapely

    if "geometry" in data:
        return np.asarray(shapely.get_coordinates(data["geometry"]))
    return _points(graph, [u, v])


def _points(graph: nx.MultiDiGraph[Any], ids: Sequence[Any]) -> np.ndarray[Any, Any]:
    return np.array([(graph.nodes[node]["x"], graph.nodes[node]["y"]) for node in ids], float)


def _in_metres(
    points: np.ndarray[Any, Any], graph: nx.MultiDiGraph[Any], notify: Notify
) -> tuple[Any, Any, str]:
    from pyproj import CRS, Transformer

    crs = CRS.from_user_input(graph.graph["crs"])
    if crs.to_epsg() == 28992:
        return points[:, 0], points[:, 1], "EPSG:28992"
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    places = metric_places(*to_degrees.transform(points[:, 0], points[:, 1]))
    places.tell(notify)
    return places.x, places.y, places.crs
