"""The hierarchy of a graph: made once, whatever its arcs come to weigh."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from geo_mbo.cache import load_arrays, save_arrays
from geo_mbo.engine.order import elimination_order
from geo_mbo.errors import FileError

if TYPE_CHECKING:
    from geo_mbo.engine.types import Floats, Nodes, Starts


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """A graph with arcs added so that every fastest path goes up and then down.

    Nodes are known by their ranks. A subtree of the elimination tree is a run of ranks that ends at
    its root.

    Attributes
    ----------
    rank
        Rank of each node of the graph.
    parent, depth, size
        Of each rank: the parent in the elimination tree (-1: a root), how many ancestors it has,
        and how many nodes its subtree.
    row, up
        Upper neighbours of each rank, in rows, ascending: the arcs of the hierarchy.
    below_row, below, below_arc
        Lower neighbours of each rank, and which arc it is.
    slot
        Which hierarchy arc each arc of the graph lies on: ``k`` upwards, ``~k`` downwards; the
        number of arcs for a loop.
    by_slot
        The arcs of the graph in the order of their slots.
    """

    rank: Nodes
    parent: Nodes
    depth: Nodes
    size: Nodes
    row: Starts
    up: Nodes
    below_row: Starts
    below: Nodes
    below_arc: Nodes
    slot: Nodes
    by_slot: Nodes

    @property
    def nodes(self) -> int:
        """How many nodes the graph has."""
        return len(self.rank)

    @property
    def arcs(self) -> int:
        """How many arcs the hierarchy has; each serves both directions."""
        return len(self.up)

    @property
    def height(self) -> int:
        """How many nodes the longest path from a root of the elimination tree has."""
        return int(self.depth.max()) + 1 if self.nodes else 0

    def arcs_on(self, slot: int) -> Nodes:
        """Give the arcs of the graph that lie on a hierarchy arc: ``k`` upwards, ``~k`` back."""
        first, last = np.searchsorted(self.slot, (slot, slot + 1), sorter=self.by_slot)
        return self.by_slot[first:last]

    def save(self, path: Path) -> None:
        """Write it to a folder, whole or not at all.

        Raises
        ------
        FileError
            The folder cannot be written.
        """
        save_arrays(path, {f.name: getattr(self, f.name) for f in fields(self)}, told={})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Map a hierarchy that `save` wrote into memory.

        Raises
        ------
        FileError
            There is no such folder, or it holds no hierarchy.
        """
        arrays, _ = load_arrays(path)
        try:
            return cls(**{f.name: arrays[f.name] for f in fields(cls)})
        except KeyError as error:
            raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error


def build_hierarchy(
    nodes: int, tail: Nodes, head: Nodes, *, x: Floats | None = None, y: Floats | None = None
) -> Hierarchy:
    """Make the hierarchy of a graph: order, elimination tree and added arcs.

    Customizable contraction hierarchies (Dibbelt, Strasser & Wagner 2016, ACM J. Exp. Algorithmics
    21:1.5): nothing in it depends on a weight.

    Parameters
    ----------
    nodes
        How many there are.
    tail, head
        Ends of the arcs; loops and parallel arcs may be among them.
    x, y
        Coordinates of the nodes, needed only where METIS is not installed.

    Examples
    --------
    >>> made = build_hierarchy(3, np.array([0, 1, 2, 2]), np.array([1, 2, 1, 2]))
    >>> made.arcs, made.height, made.slot.tolist()[-1] == made.arcs
    (2, 2, True)
    """
    from geo_mbo.engine.kernels import chordal

    tail, head = np.asarray(tail, np.int32), np.asarray(head, np.int32)
    rank = elimination_order(nodes, tail, head, x=x, y=y)
    # The first tree gives numbers in which every subtree is one run; that adds the same arcs.
    first = chordal.elimination_tree(*chordal.upper_rows(rank[tail], rank[head], nodes))
    rank = chordal.postorder(first)[rank]
    start, above = chordal.upper_rows(rank[tail], rank[head], nodes)
    parent = chordal.elimination_tree(start, above)
    row, up = chordal.filled(start, above, parent)
    slot = chordal.slots(rank[tail], rank[head], row, up)
    below_row, below, below_arc = chordal.transposed(row, up)
    return Hierarchy(
        rank=rank,
        parent=parent,
        depth=chordal.depths(parent),
        size=chordal.subtree_sizes(parent),
        row=row,
        up=up,
        below_row=below_row,
        below=below,
        below_arc=below_arc,
        slot=slot,
        by_slot=np.argsort(slot, kind="stable").astype(np.int32),
    )
