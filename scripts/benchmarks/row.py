"""One line of the benchmark table, and how a figure is taken."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """What was measured: ours and theirs in one unit, less is better, and the ratio to reach."""

    bench: str
    case: str
    ours: float
    peer: str
    theirs: float
    unit: str
    bar: float

    @property
    def ratio(self) -> float:
        """Theirs / ours: above 1 is better."""
        return self.theirs / self.ours if self.ours else float("inf")


def cpu_seconds(job: Callable[[], T], *, times: int = 3) -> tuple[float, T]:
    """Give the median CPU seconds of a job over some runs, and its result.

    CPU seconds, since wall time on a shared machine tells of its other users.
    """
    taken = []
    for _ in range(times):
        gc.collect()
        began = time.process_time()
        result = job()
        taken.append(time.process_time() - began)
    return median(taken), result
