"""Places: where what is searched from and to meets the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.engine.types import Nodes, Starts, Weights


@dataclass(frozen=True, eq=False)
class Places:
    """Places, each with its doors: the nodes where it meets the graph, and the cost to each.

    Attributes
    ----------
    start
        Place ``i`` has the doors ``start[i]`` up to ``start[i + 1]``; it may have none.
    node, cost
        Of each door the node and the cost between the place and it.
    """

    start: Starts
    node: Nodes
    cost: Weights

    def __len__(self) -> int:
        return len(self.start) - 1

    @classmethod
    def at(cls, node: npt.ArrayLike, *, dtype: npt.DTypeLike = np.int32) -> Self:
        """Give places that lie at nodes, one each, at no cost."""
        nodes = np.asarray(node, np.int32)
        return cls(np.arange(len(nodes) + 1), nodes, np.zeros(len(nodes), dtype))

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """The place that each door belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def take(self, which: npt.NDArray[np.int64] | slice) -> Places:
        """Give some of the places, in the order asked.

        Examples
        --------
        >>> Places.at([7, 8, 9]).take(np.array([2, 0])).node
        array([9, 7], dtype=int32)
        """
        at = np.arange(len(self))[which]
        count = np.diff(self.start)[at]
        start = np.concatenate([[0], np.cumsum(count)])
        door = np.arange(start[-1]) + np.repeat(self.start[at] - start[:-1], count)
        return Places(start, self.node[door], self.cost[door])
