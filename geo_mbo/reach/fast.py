"""The compiled way from times of nodes to shapes, for large jobs."""

from __future__ import annotations

from collections.abc import Sequence
from threading import local
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.reach import kernels
from geo_mbo.reach.cells import FAR, assembled, most_enclosed

if TYPE_CHECKING:
    from shapely import MultiPolygon

    from geo_mbo.engine.types import Nodes
    from geo_mbo.reach.cells import CellTimes
    from geo_mbo.reach.frontage import Frontage


class Drawer:
    """Draws the areas of one site after another: the same as `cells.areas`.

    Each thread keeps arrays with a value for every cell, of which a site only touches what it
    reaches.
    """

    def __init__(self, front: Frontage, cell_m: float) -> None:
        self._front, self._cell_m = front, cell_m
        self._cells = front.column, front.row - np.int32(front.lowest), front.line
        self._kept = local()

    def __call__(
        self, nodes: Nodes, tenths: Nodes, own: CellTimes, mosts: Sequence[int]
    ) -> list[MultiPolygon]:
        """Give the area within each limit, for parameters as `cells.areas` has them."""
        front = self._front
        if not hasattr(self._kept, "least"):
            self._kept.least = np.full(len(front.column), FAR)
            self._kept.found = np.empty(len(front.column) + 1, np.int32)
        least, found = self._kept.least, self._kept.found
        streets = (front.place, front.start, front.cell, front.further)
        count = kernels.quickest(nodes, tenths, *streets, *own, max(mosts), least, found)
        shapes = [self._area(found[:count], least, most) for most in mosts]
        least[found[:count]] = FAR
        return shapes

    def _area(self, found: Nodes, least: Nodes, most: int) -> MultiPolygon:
        left, low, grid = kernels.laid(*self._cells, found, least, most)
        if not grid.size:
            return assembled(np.zeros((0, 2)), *np.zeros((3, 0), np.int64))
        kernels.fill(grid, most_enclosed(self._cell_m))
        corners, rings = kernels.rings(grid)
        corner = np.array([left, low + self._front.lowest], np.int64)
        return assembled((corners + corner) * float(self._cell_m), *rings.T)
