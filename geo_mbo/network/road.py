"""A road network as plain arrays: nodes, stretches of road between them, seconds by mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zipfile import BadZipFile

import numpy as np

from geo_mbo.cache import replacing
from geo_mbo.errors import FileError, InputError, MissingFileError

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
        """Write the network to one ``.npz`` file, whole or not at all.

        Raises
        ------
        FileError
            The file cannot be written.
        """
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        arrays |= {f"seconds:{mode}": values for mode, values in self.seconds.items()}
        arrays |= {"source": np.array(self.source), "crs": np.array(self.crs)}
        with replacing(path) as fresh, fresh.open("wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a network that `save` wrote.

        Raises
        ------
        FileError
            There is no such file, or it holds no network.
        """
        if not path.exists():
            raise MissingFileError.of("file_missing", path=str(path))
        try:
            with np.load(path, allow_pickle=False) as kept:
                seconds = {
                    name.partition(":")[2]: kept[name]
                    for name in kept.files
                    if name.startswith("seconds:")
                }
                arrays = {name: kept[name] for name in _ARRAYS}
                return cls(
                    **arrays, seconds=seconds, source=str(kept["source"]), crs=str(kept["crs"])
                )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise FileError.of("not_a_network", path=str(path)) from error


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
