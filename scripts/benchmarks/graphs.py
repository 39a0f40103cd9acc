"""Real road graphs to search, with weights that are the same every time."""

from __future__ import annotations

import lzma
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.places import REAL_DATA


@dataclass(frozen=True, eq=False)
class Graph:
    """A directed graph: ends and weight (tenths of a second) of every arc."""

    name: str
    nodes: int
    tail: np.ndarray
    head: np.ndarray
    weight: np.ndarray


def pace16(name: str) -> Graph:
    """A road graph of the 9th DIMACS challenge as PACE 2016 keeps it: no weights, no places.

    Weights are 1 to 60 seconds from one seed; three in ten roads are slower one way.
    """
    with lzma.open(path_of(name)) as file:
        _, _, nodes, edges = file.readline().split()
        ends = np.array(file.read().split(), np.int32).reshape(int(edges), 2) - 1
    random = np.random.default_rng(1)
    there = random.integers(10, 600, len(ends)).astype(np.int32)
    back = np.where(random.random(len(ends)) < 0.3, random.integers(10, 600, len(ends)), there)
    return Graph(
        name,
        int(nodes),
        np.concatenate([ends[:, 0], ends[:, 1]]),
        np.concatenate([ends[:, 1], ends[:, 0]]),
        np.concatenate([there, back]).astype(np.int32),
    )


def path_of(name: str) -> Path:
    return REAL_DATA / "roads" / f"{name}.gr.xz"
