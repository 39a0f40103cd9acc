"""A network from a GraphML file that osmnx wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import numpy as np

from geo_mbo.errors import FileError
from geo_mbo.modes import Mode, turn_seconds
from geo_mbo.network.access import telling_keys, telling_node_keys
from geo_mbo.network.delays import Ends, delay_s, reasons
from geo_mbo.network.gates import Gates, Graph, gates_of, with_gates
from geo_mbo.network.gathered import Judge
from geo_mbo.network.places import metric_places
from geo_mbo.network.road import Network, polyline_lengths
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import networkx as nx

    from geo_mbo.network.gathered import Short
    from geo_mbo.network.road import Floats

_BY_VEHICLE = ("foot", "bicycle", "motor_vehicle", "oneway:bicycle")
"""Tags that osmnx does not keep unless asked: without any of them little is known of access."""


@dataclass
class _Street:
    """A street, once, in the direction of its way, which tags for one direction speak of.

    Attributes
    ----------
    tail, head
        Nodes at its ends.
    data
        What the graph holds of it.
    turned
        Its shape runs from head to tail.
    there, back
        Whether the graph leads from tail to head, and from head to tail.
    rule
        Number of its rule among the roads of the judge.
    """

    tail: Any
    head: Any
    data: Mapping[str, Any]
    turned: bool
    there: bool = False
    back: bool = False
    rule: int = -1

    @property
    def oneway(self) -> str:
        """Give the direction as a tag; of a loop, its own way back, only its tag can tell it."""
        round_about = self.tail == self.head and not self.data.get("oneway", False)
        if round_about or (self.there and self.back):
            return "no"
        return "yes" if self.there else "-1"


def read_graphml(path: Path, *, modes: Sequence[Mode], notify: Notify = to_log) -> Network:
    """Read a graph of osmnx; a street that it holds in both directions becomes one edge.

    osmnx keeps few tags of a way unless it is asked to keep more (as `fetch_roads` does), and no
    turn restrictions. What it does not keep cannot be told from it: a note says so, and an
    ``.osm.pbf`` does better.

    Parameters
    ----------
    path
        File that `osmnx.save_graphml` wrote.
    modes
        Modes to give seconds for; a street that is open to none of them is left out.
    notify
        Gets the notes.

    Raises
    ------
    FileError
        The file is broken, no graph of osmnx, or holds no road.
    """
    graph = _graph(path)
    ids = list(graph.nodes)
    judge = Judge(modes)
    streets = _streets(graph, judge)
    if not streets:
        raise FileError.of("no_roads", path=str(path))
    shapes = [_shape(graph, street) for street in streets]
    counts = np.array([len(shape) for shape in shapes])
    x, y, crs = _in_metres(np.concatenate([*shapes, _points(graph, ids)]), graph, notify)
    spot = np.array([judge.node(_node_tags(graph.nodes[node])) for node in ids], np.int32)
    plain = _plain(streets, ids, counts)
    gate = np.array([told.gate for told in judge.spots] + [False], bool)  # -1 is the last: none
    gates = gates_of(plain, gate[spot])
    whole = with_gates(plain, gates)
    length = polyline_lengths(x[whole.vertex], y[whole.vertex], whole.start)
    seconds = _seconds(streets, judge, gates, spot, length)
    _tell(streets, notify)
    osm = np.array([node if isinstance(node, int) else -1 for node in ids], np.int64)
    joins = [judge.roads[street.rule].joinable for street in streets]
    return Network(
        node_x=x[whole.node],
        node_y=y[whole.node],
        node_osm=osm[whole.node - counts.sum()],
        tail=whole.tail,
        head=whole.head,
        length_m=length,
        seconds=seconds,
        joinable=np.array(joins + [False] * len(gates), bool),
        shape_x=x[whole.vertex],
        shape_y=y[whole.vertex],
        shape_start=whole.start,
        source=path.name,
        crs=crs,
        delay_s=_delays(streets, judge, plain, spot, length, seconds),
        turn_s=turn_seconds(modes),
    )


def _plain(streets: Sequence[_Street], ids: Sequence[Any], counts: Short) -> Graph:
    """Give the streets as a graph; first come the points of their shapes, then the nodes."""
    at = {node: k for k, node in enumerate(ids)}
    points = int(counts.sum())
    return Graph(
        node=(points + np.arange(len(ids))).astype(np.int32),
        tail=np.array([at[street.tail] for street in streets], np.int64),
        head=np.array([at[street.head] for street in streets], np.int64),
        vertex=np.arange(points, dtype=np.int32),
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )


def _seconds(
    streets: Sequence[_Street], judge: Judge, gates: Gates, spot: Short, length: Floats
) -> dict[str, Floats]:
    """Seconds there and back by mode; through a gate nothing, for who may pass."""
    rule = [street.rule for street in streets]
    kmh = np.array([road.kmh for road in judge.roads])[rule]  # streets x modes x directions
    passable = np.array([told.passable for told in judge.spots], bool)
    passable = passable.reshape(-1, len(judge.modes))
    found = {}
    for k, mode in enumerate(judge.modes):
        with np.errstate(divide="ignore"):  # closed ways divide by 0
            along = np.where(kmh[:, k].T > 0, length[: len(streets)] * 3.6 / kmh[:, k].T, np.inf)
        through = np.where(passable[spot[gates.hub], k], 0.0, np.inf)
        found[mode.name] = np.concatenate([along, np.stack([through, through])], axis=1)
    return found


def _delays(
    streets: Sequence[_Street],
    judge: Judge,
    plain: Graph,
    spot: Short,
    length: Floats,
    seconds: Mapping[str, Floats],
) -> dict[str, Floats]:
    """Seconds lost at lights and signs and on giving way, of the modes that lose any."""
    own = len(streets)
    why = reasons(
        Ends(
            node=np.stack([plain.head, plain.tail]).astype(np.int32),
            onward=np.stack([np.ones(own, bool), np.zeros(own, bool)]),
            rule=np.array([street.rule for street in streets], np.int32),
            length_m=length[:own],
            spot=spot,
        ),
        judge,
    )
    found = {mode.name: delay_s(why, mode, seconds[mode.name]) for mode in judge.modes}
    return {name: lost for name, lost in found.items() if lost.any()}


def _tell(streets: Sequence[_Street], notify: Notify) -> None:
    """Say what such a graph does not know."""
    more = any(key in street.data for street in streets for key in _BY_VEHICLE)
    notify(note("graphml_no_turns" if more else "few_tags", count=len(streets)))


def _graph(path: Path) -> nx.MultiDiGraph[Any]:
    import osmnx

    try:
        graph: nx.MultiDiGraph[Any] = osmnx.load_graphml(path)
        if "crs" not in graph.graph or not all("x" in d for _, d in graph.nodes(data=True)):
            raise KeyError("crs, x, y")  # noqa: TRY301 - told below
    except (ParseError, KeyError, ValueError, OSError, TypeError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error
    return graph


def _streets(graph: nx.MultiDiGraph[Any], judge: Judge) -> list[_Street]:
    """List the streets that somebody may use, each once."""
    found: dict[tuple[Any, ...], _Street] = {}
    for u, v, data in graph.edges(data=True):
        turned = data.get("reversed") is True
        tail, head = (v, u) if turned else (u, v)
        name = (_ids(data.get("osmid")), round(float(data.get("length", 0)), 2))
        key = (head, tail, *name) if (head, tail, *name) in found else (tail, head, *name)
        street = found.setdefault(key, _Street(tail, head, data, turned))
        back = turned if u == v else u != street.tail
        street.there, street.back = street.there or not back, street.back or back
    for street in found.values():
        street.rule = judge.way(_tags(street))
    return [street for street in found.values() if street.rule >= 0]


def _ids(osmid: Any) -> tuple[str, ...]:
    """Give the ids of the ways of a street; osmnx lists them in an order that is no matter."""
    several = osmid if isinstance(osmid, list | tuple) else [osmid]
    return tuple(sorted(map(str, several)))


def _tags(street: _Street) -> dict[str, str]:
    """Give the tags osmnx kept; of several (a street of several ways) the first."""
    tags = {}
    for key in sorted(telling_keys() & street.data.keys()):
        value = street.data[key]
        if isinstance(value, list | tuple):
            value = ";".join(map(str, value)) if key == "maxspeed" else value[0]
        tags[key] = str(value)
    # The direction is that of the graph, also where a roundabout or motorway implies one.
    return {**tags, "oneway": street.oneway}


def _node_tags(data: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(data[key]) for key in sorted(telling_node_keys() & data.keys())}


def _shape(graph: nx.MultiDiGraph[Any], street: _Street) -> np.ndarray[Any, Any]:
    import shapely

    if "geometry" in street.data:
        shape = np.asarray(shapely.get_coordinates(street.data["geometry"]))
        return shape[::-1] if street.turned else shape
    return _points(graph, [street.tail, street.head])


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
