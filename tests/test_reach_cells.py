"""Outlines of cells: the union of squares, valid, without a search."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geo_mbo.reach.cells import outline


def squares(filled, corner, cell_m):
    row, column = np.nonzero(filled)
    left, low = (column + corner[0]) * cell_m, (row + corner[1]) * cell_m
    return shapely.union_all(shapely.box(left, low, left + cell_m, low + cell_m))


@pytest.mark.parametrize("seed", range(40))
def test_it_is_the_union_of_the_squares(seed):
    rng = np.random.default_rng(seed)
    for _ in range(10):
        filled = np.pad(rng.random(rng.integers(1, 9, 2)) < rng.random(), 1)
        made = outline(filled, np.array([5, -3]), 10.0)
        assert made.is_valid
        assert made.geom_type == "MultiPolygon"
        assert made.equals(squares(filled, (5, -3), 10.0)) or (made.is_empty and not filled.any())


def test_corners_that_touch():
    diamond = np.pad(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], bool), 1)
    apart = outline(diamond, np.array([0, 0]), 1.0)
    assert len(apart.geoms) == 4  # they meet at corners only: no hole in the middle
    ring = np.pad(np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]], bool), 1)
    whole = outline(ring, np.array([0, 0]), 1.0)
    assert len(whole.geoms) == 1
    assert len(whole.geoms[0].interiors) == 1  # it touches the shell at one corner
    assert whole.is_valid


def test_no_point_too_many():
    block = np.pad(np.ones((3, 7), bool), 1)
    assert shapely.get_num_coordinates(outline(block, np.array([0, 0]), 100.0)) == 5
