"""A weight laid on a hierarchy, ready to be searched."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np

from geo_mbo.cache import load_arrays, save_arrays
from geo_mbo.engine.hierarchy import Hierarchy
from geo_mbo.errors import FileError, InputError

if TYPE_CHECKING:
    from geo_mbo.engine.types import Nodes, Runs, Starts, Truths, Weights

T = TypeVar("T")
R = TypeVar("R")

_PARTS = 32
"""Parts to deal out to threads: more than there are processors, so that none waits long."""


@dataclass(frozen=True, eq=False)
class Metric:
    """What every arc of a hierarchy weighs, up and down.

    Attributes
    ----------
    hierarchy
        The hierarchy.
    up, down
        Weight of each hierarchy arc from its lower to its higher node, and back.
    up_arcs, down_arcs
        The same without the arcs that no fastest path needs, in rows by the lower node.
    """

    hierarchy: Hierarchy
    up: Weights
    down: Weights
    up_arcs: Arcs
    down_arcs: Arcs

    @property
    def unreached(self) -> np.integer:
        """The weight that stands for *no way*: greater than that of any path."""
        return unreached(self.up.dtype)

    def turned(self) -> Self:
        """Turn all arcs round: what was a way to a place becomes the way from it."""
        return replace(
            self,
            up=self.down,
            down=self.up,
            up_arcs=self.down_arcs,
            down_arcs=self.up_arcs,
        )

    def save(self, path: Path) -> None:
        """Write the weights to a folder, whole or not at all; the hierarchy is kept by itself.

        Raises
        ------
        FileError
            The folder cannot be written.
        """
        arrays = {"up": self.up, "down": self.down}
        for name, arcs in (("up_arcs", self.up_arcs), ("down_arcs", self.down_arcs)):
            arrays |= {f"{name}.{part}": getattr(arcs, part) for part in ("row", "head", "weight")}
        save_arrays(path, arrays, told={})

    @classmethod
    def load(cls, path: Path, hierarchy: Hierarchy) -> Self:
        """Map weights that `save` wrote into memory, for the hierarchy they were laid on.

        Raises
        ------
        FileError
            There is no such folder, or it holds no weights.
        """
        arrays, _ = load_arrays(path)
        try:
            up_arcs, down_arcs = (
                Arcs(*(arrays[f"{name}.{part}"] for part in ("row", "head", "weight")))
                for name in ("up_arcs", "down_arcs")
            )
            return cls(hierarchy, arrays["up"], arrays["down"], up_arcs, down_arcs)
        except KeyError as error:
            raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error


@dataclass(frozen=True, eq=False)
class Arcs:
    """Arcs in rows by their lower node: higher node and weight."""

    row: Starts
    head: Nodes
    weight: Weights


def unreached(dtype: np.dtype[np.integer]) -> np.integer:
    """Give the weight that stands for *no way*: two of them together still fit.

    Examples
    --------
    >>> unreached(np.dtype(np.int32)), unreached(np.dtype(np.int64)) == 2**62 - 1
    (np.int32(1073741823), np.True_)
    """
    return dtype.type(np.iinfo(dtype).max // 2)


def customise(hierarchy: Hierarchy, weight: Weights, *, threads: int | None = None) -> Metric:
    """Lay a weight on a hierarchy.

    Parameters
    ----------
    hierarchy
        The hierarchy.
    weight
        Weight of each arc of the graph: int32 or int64, from 0 up to `unreached` (= closed). A
        path that weighs as much or more counts as none.
    threads
        How many; None: one a processor.

    Raises
    ------
    InputError
        A weight is no whole number, negative or too large, or there are too many or too few.
    """
    from geo_mbo.engine.kernels import triangles

    none = _checked(hierarchy, weight)
    h = hierarchy
    up = np.full(h.arcs, none, weight.dtype)
    down = up.copy()
    triangles.laid(h.slot, weight, up, down)
    subtrees, rest = _dealt(h)
    below = (h.row, h.up, h.below_row, h.below, h.below_arc, up, down)
    in_threads(lambda runs: triangles.triangles_below(runs, *below), subtrees, threads)
    triangles.triangles_below(rest, *below)
    least_up, least_down = up.copy(), down.copy()
    above = (h.row, h.up, least_up, least_down)
    triangles.triangles_above(rest, *above)
    in_threads(lambda runs: triangles.triangles_above(runs, *above), subtrees, threads)
    return Metric(h, up, down, _needed(h, up, least_up), _needed(h, down, least_down))


def in_threads(job: Callable[[T], R], parts: Sequence[T], threads: int | None = None) -> list[R]:
    """Do a job that lets go of Python's lock on every part, some at a time; keep the order."""
    count = min(threads or os.cpu_count() or 1, len(parts))
    if count <= 1:
        return [job(part) for part in parts]
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(job, parts))


def _checked(hierarchy: Hierarchy, weight: Weights) -> np.integer:
    if weight.dtype not in (np.int32, np.int64):
        raise InputError.of("weight_kind", value=str(weight.dtype))
    if len(weight) != len(hierarchy.slot):
        raise InputError.of("weight_count", count=len(weight), due=len(hierarchy.slot))
    none = unreached(weight.dtype)
    wrong = np.flatnonzero((weight < 0) | (weight > none))
    if len(wrong):
        value = int(weight[wrong[0]])
        raise InputError.of(
            "weight_range", count=len(wrong), row=int(wrong[0]), value=value, most=int(none)
        )
    return none


def _dealt(hierarchy: Hierarchy) -> tuple[list[Runs], Runs]:
    """Deal the ranks out: parts of whole subtrees, and the runs of ranks between these.

    No subtree depends on another; what lies between them lies above them.
    """
    most = max(hierarchy.nodes // _PARTS, 1)
    size, parent = hierarchy.size, hierarchy.parent
    above = np.where(parent >= 0, size[parent], hierarchy.nodes + 1)
    roots = np.flatnonzero((size <= most) & (above > most))
    subtrees = np.column_stack([roots + 1 - size[roots], roots + 1]).astype(np.int64)
    part = np.cumsum(size[roots]) // most
    cuts = np.flatnonzero(np.diff(part)) + 1
    edges = np.concatenate([[0], subtrees.ravel(), [hierarchy.nodes]]).reshape(-1, 2)
    return np.split(subtrees, cuts), edges[edges[:, 0] < edges[:, 1]].astype(np.int64)


def _needed(hierarchy: Hierarchy, weight: Weights, least: Weights) -> Arcs:
    keep: Truths = (weight == least) & (weight < unreached(weight.dtype))
    count = np.zeros(len(keep) + 1, np.int64)
    np.cumsum(keep, out=count[1:])
    return Arcs(count[hierarchy.row], hierarchy.up[keep], weight[keep])
