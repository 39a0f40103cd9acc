"""A road network as plain arrays: nodes, stretches of road between them, seconds by mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from geo_mbo.cache import load_arrays, save_arrays
from geo_mbo.errors import FileError, InputError, MissingFileError
from geo_mbo.modes import TurnSeconds

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]
    Truths = npt.NDArray[np.bool_]

_ARRAYS = (
    "node_x",
    "node_y",
    "node_osm",
    "tail",
    "head",
    "length_m",
    "joinable",
    "shape_x",
    "shape_y",
    "shape_start",
)


@dataclass(frozen=True, eq=False)
class Turns:
    """Sequences of arcs that may not be travelled one right after the other.

    An arc is one direction of an edge: ``2 * edge`` from tail to head, ``2 * edge + 1`` back.

    Attributes
    ----------
    arc
        The arcs of all sequences in a row, at least two each.
    start
        Sequence ``i`` has the arcs ``start[i]`` up to ``start[i + 1]``.
    binds
        By mode: which sequences bind it; a mode that is not named is bound by none.
    """

    arc: Whole = field(default_factory=lambda: np.zeros(0, np.int64))
    start: Whole = field(default_factory=lambda: np.zeros(1, np.int64))
    binds: Mapping[str, Truths] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.start) - 1


@dataclass(frozen=True, eq=False)
class Network:
    """Stretches of road between junctions, each with its seconds there and back by mode.

    Attributes
    ----------
    node_x, node_y
        Junctions and ends, in metres of `crs`.
    node_osm
        OpenStreetMap id of each node; -1 where there is none.
    tail, head
        Nodes between which each stretch (edge) lies, in the direction of its geometry.
    length_m
        Length of each edge in metres.
    seconds
        By mode an array of two rows: tail to head (0) and head to tail (1); ``inf`` = closed.
    joinable
        False where nobody gets on or off along the way: motorways, ferries, gates.
    shape_x, shape_y, shape_start
        Geometry: edge ``i`` has the points ``shape_start[i]`` up to ``shape_start[i + 1]``.
    source
        What it was made from; shown on every output.
    crs
        Coordinate system, as ``"EPSG:28992"``.
    delay_s
        By mode two rows: seconds lost on arriving at the head (0) and at the tail (1) of each edge,
        as at traffic lights; who sets out or ends midway loses them not. A mode that is not named
        loses none.
    turns
        Turns that may not be made.
    turn_s
        By mode the seconds that turns take; a mode that is not named turns for nothing.
    """

    node_x: Floats
    node_y: Floats
    node_osm: Whole
    tail: Whole
    head: Whole
    length_m: Floats
    seconds: Mapping[str, Floats]
    joinable: Truths
    shape_x: Floats
    shape_y: Floats
    shape_start: Whole
    source: str
    crs: str
    delay_s: Mapping[str, Floats] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    turn_s: Mapping[str, TurnSeconds] = field(default_factory=dict)

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of the modes it has seconds for."""
        return tuple(self.seconds)

    def times(self, mode: str) -> Floats:
        """Give the seconds of one mode (2 x edges).

        Raises
        ------
        InputError
            The network has no such mode.
        """
        if mode not in self.seconds:
            raise InputError.of("mode_not_in_network", value=mode, there=", ".join(self.modes))
        return self.seconds[mode]

    def delays(self, mode: str) -> Floats:
        """Give the seconds lost on arriving at the head and the tail of each edge (2 x edges)."""
        return self.delay_s.get(mode, np.zeros((2, len(self.tail))))

    @cached_property
    def boxes(self) -> Floats:
        """Least x and y and greatest x and y of each edge (edges x 4)."""
        if not len(self.tail):
            return np.zeros((0, 4))
        starts, sides = self.shape_start[:-1], (self.shape_x, self.shape_y)
        return np.column_stack(
            [way.reduceat(side, starts) for way in (np.minimum, np.maximum) for side in sides]
        )

    def lines(self, edges: Whole) -> npt.NDArray[Any]:
        """Give the geometry of these edges as shapely LineStrings."""
        import shapely

        counts = np.diff(self.shape_start)[edges]
        at = ragged(self.shape_start[edges], counts)
        points = np.column_stack([self.shape_x[at], self.shape_y[at]])
        return np.asarray(
            shapely.linestrings(points, indices=np.repeat(np.arange(len(edges)), counts))
        )

    def save(self, path: Path) -> None:
        """Write the network to a folder, whole or not at all.

        Raises
        ------
        FileError
            The folder cannot be written.
        """
        arrays: dict[str, npt.NDArray[Any]] = {name: getattr(self, name) for name in _ARRAYS}
        for name, by_mode in (
            ("seconds", self.seconds),
            ("delay_s", self.delay_s),
            ("binds", self.turns.binds),
        ):
            arrays |= {f"{name}.{mode}": values for mode, values in by_mode.items()}
        arrays |= {"turns.arc": self.turns.arc, "turns.start": self.turns.start}
        turn_s = {mode: asdict(lost) for mode, lost in self.turn_s.items()}
        save_arrays(path, arrays, told={"source": self.source, "crs": self.crs, "turn_s": turn_s})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a network that `save` wrote; what is not used is not read from disk.

        Raises
        ------
        FileError
            There is no such folder, or it holds no network.
        """
        if not path.exists():
            raise MissingFileError.of("file_missing", path=str(path))
        try:
            arrays, told = load_arrays(path)
            return cls(
                **{name: arrays[name] for name in _ARRAYS},
                seconds=_by_mode(arrays, "seconds"),
                source=told["source"],
                crs=told["crs"],
                delay_s=_by_mode(arrays, "delay_s"),
                turns=Turns(arrays["turns.arc"], arrays["turns.start"], _by_mode(arrays, "binds")),
                turn_s={mode: TurnSeconds(**lost) for mode, lost in told["turn_s"].items()},
            )
        except (FileError, KeyError) as error:
            raise FileError.of("not_a_network", path=str(path)) from error


def _by_mode(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> dict[str, npt.NDArray[Any]]:
    return {
        key.partition(".")[2]: values
        for key, values in arrays.items()
        if key.partition(".")[0] == name
    }


def ragged(starts: Whole, counts: Whole) -> Whole:
    """Give the positions ``starts[i] ... starts[i] + counts[i] - 1`` of all i in a row.

    Examples
    --------
    >>> ragged(np.array([0, 10]), np.array([2, 3]))
    array([ 0,  1, 10, 11, 12])
    """
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - ends + counts, counts)


def polyline_lengths(x: Floats, y: Floats, start: Whole) -> Floats:
    """Lengths in metres of the lines whose points lie at ``start[i]`` up to ``start[i + 1]``."""
    if len(start) < 2:
        return np.zeros(0)
    steps = np.concatenate([[0.0], np.hypot(np.diff(x), np.diff(y))])
    steps[start[:-1]] = 0.0  # from the end of one line to the start of the next is no road
    lengths: Floats = np.add.reduceat(steps, start[:-1])
    return lengths


def largest_piece(network: Network, mode: str) -> Truths:
    """Mark the nodes of the largest piece in which one can get from anywhere to anywhere.

    It is the largest strongly connected component (Tarjan 1972, SIAM J. Comput. 1:146-160); of two
    of one size the one with the lowest node.
    """
    pieces, used = _pieces(network, mode)
    if not used.any():
        return used
    sizes = np.bincount(pieces[used], minlength=int(pieces.max()) + 1)
    first = pieces[np.flatnonzero(used & (sizes[pieces] == sizes.max()))[0]]
    return np.asarray(used & (pieces == first))


def network_summary(network: Network) -> pd.DataFrame:
    """Tell by mode how large the network is and how well it hangs together.

    Returns
    -------
    pandas.DataFrame
        ``mode``, ``nodes``, ``edges`` (each direction one), ``km`` (each stretch once), ``pieces``
        (of more than one node), ``nodes_in_largest`` and ``share_in_largest`` (0-1; 0 without
        nodes).
    """
    import pandas as pd

    rows = []
    for mode in network.modes:
        open_ways = np.isfinite(network.times(mode))
        pieces, used = _pieces(network, mode)
        largest = int(largest_piece(network, mode).sum())
        nodes = int(used.sum())
        rows.append(
            {
                "mode": mode,
                "nodes": nodes,
                "edges": int(open_ways.sum()),
                "km": float(network.length_m[open_ways.any(axis=0)].sum() / 1000),
                "pieces": int((np.bincount(pieces[used]) > 1).sum()),
                "nodes_in_largest": largest,
                "share_in_largest": largest / nodes if nodes else 0.0,
            }
        )
    names = ["mode", "nodes", "edges", "km", "pieces", "nodes_in_largest", "share_in_largest"]
    return pd.DataFrame(rows, columns=names)


def _pieces(network: Network, mode: str) -> tuple[Whole, Truths]:
    """Give every node the number of its strongly connected piece, and whether it is used at all."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    there, back = np.isfinite(network.times(mode))
    nodes = len(network.node_x)
    tails = np.concatenate([network.tail[there], network.head[back]])
    heads = np.concatenate([network.head[there], network.tail[back]])
    used = np.zeros(nodes, dtype=bool)
    used[tails] = used[heads] = True
    arcs = coo_array((np.ones(len(tails), np.int8), (tails, heads)), shape=(nodes, nodes))
    _, pieces = connected_components(arcs.tocsr(), directed=True, connection="strong")
    return pieces.astype(np.int64), used
