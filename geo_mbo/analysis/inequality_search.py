"""The search for the least and the greatest Gini and Theil index under numbers between bounds.

See `geo_mbo.analysis.inequality_bounds` for why one middle of values decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from geo_mbo.analysis.weighting import Floats, Whole

EXACT = 1_500
"""Up to so many different values every middle is tried."""
NOTHING = (float("nan"), float("nan"))
_GRID, _ZOOMS, _TURNS, _FEW, _STARTS = 17, 4, 40, 16, 12
"""Numbers tried, how often finer, rounds, how many values are all searched, and from how many."""
_ENOUGH = 1e-9
"""A round that gains no more is the last."""


@dataclass(frozen=True)
class Sums:
    """Sums over the first k of values in order, or over pieces of them.

    Attributes
    ----------
    people, value, logs
        People, people x value, people x value x its log.
    pairs
        Differences of all pairs of people.
    """

    people: Floats
    value: Floats
    logs: Floats
    pairs: Floats

    @classmethod
    def of(cls, x: Floats, people: Floats) -> Sums:
        """Give the sums over the first 0, 1, 2 ... values."""
        logs = np.zeros(len(x))
        np.log(x, out=logs, where=x > 0)
        head, value = np.append(0.0, np.cumsum(people)), np.append(0.0, np.cumsum(people * x))
        pairs = np.append(0.0, np.cumsum(people * (x * head[:-1] - value[:-1])))
        return cls(head, value, np.append(0.0, np.cumsum(people * x * logs)), pairs)

    @classmethod
    def whole(cls, x: Floats, people: Floats) -> Sums:
        """Give the sums over all values, for each row of numbers of people."""
        logs = np.zeros(len(x))
        np.log(x, out=logs, where=x > 0)
        head, value = people.cumsum(axis=1) - people, (people * x).cumsum(axis=1) - people * x
        pairs = (people * (x * head - value)).sum(axis=1)
        return cls(people.sum(axis=1), people @ x, people @ (x * logs), pairs)

    def between(self, start: Whole, stop: Whole) -> Sums:
        """Give the sums of a piece; ``pairs`` are the differences of all pairs within it."""
        head, value = (s[stop] - s[start] for s in (self.people, self.value))
        across = self.people[start] * value - self.value[start] * head
        pairs = self.pairs[stop] - self.pairs[start] - across
        return Sums(head, value, self.logs[stop] - self.logs[start], pairs)

    def joined(self, above: Sums) -> Sums:
        """Put a piece of higher values behind this one."""
        across = self.people * above.value - self.value * above.people
        return Sums(
            self.people + above.people,
            self.value + above.value,
            self.logs + above.logs,
            self.pairs + above.pairs + across,
        )


Index = Callable[[Sums], "Floats"]


def gini_of(sums: Sums) -> Floats:
    """Give the Gini index out of its sums; ``nan`` where nobody has anything."""
    return _by(sums.pairs, sums.people * sums.value)


def theil_of(sums: Sums) -> Floats:
    """Give the Theil T index out of its sums; ``nan`` where nobody has anything."""
    with np.errstate(invalid="ignore", divide="ignore"):
        log_mean = np.log(_by(sums.value, sums.people))
    return np.maximum(_by(sums.logs, sums.value) - log_mean, 0)


def _by(part: Floats, whole: Floats) -> Floats:
    ratio = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=ratio, where=np.asarray(whole) > 0)
    return ratio


def extremes(x: Floats, least: Floats, most: Floats, index: Index) -> tuple[float, float]:
    """Give the least and greatest index of different values in order, with bounds of their people.

    Examples
    --------
    >>> some = np.array([1.0, 1.0])
    >>> extremes(np.array([10.0, 30.0]), some, some, gini_of)
    (0.25, 0.25)
    """
    if not (x @ most > 0):
        return NOTHING
    found = []
    for sign, ends, middle in ((-1.0, least, most), (1.0, most, least)):

        def signed(sums: Sums, sign: float = sign) -> Floats:
            values = sign * index(sums)
            return np.where(np.isnan(values), -np.inf, values)

        middles = _best_middles((Sums.of(x, ends), Sums.of(x, middle)), signed)
        best = middles[0][0]
        for _, start, stop in middles if len(x) <= EXACT else []:
            people = ends.copy()
            people[start:stop] = middle[start:stop]
            at = _at_ends(start, stop, len(x))
            best = max(best, _polished(x, people, at, (least, most), signed))
        found.append(float(sign * best))
    return found[0], found[1]


def _best_middles(sums: tuple[Sums, Sums], index: Index) -> list[tuple[float, int, int]]:
    """Find the middles with the highest index, best first: each the best of those that begin there.

    All are tried, or with many values from a coarse grid to a fine one.
    """
    size = len(sums[0].people) - 1
    step = 1 if size <= EXACT else -(-size // 256)
    starts = stops = np.unique(np.append(np.arange(0, size + 1, step), size))
    while True:
        found = []
        for start in starts:
            rest = stops[stops >= start]
            if len(rest):
                values = index(_three(sums, np.full(len(rest), start), rest))
                top = int(values.argmax())
                found.append((float(values[top]), int(start), int(rest[top])))
        found = sorted(found, key=lambda middle: (-middle[0], *middle[1:]))[:_STARTS]
        if step == 1:
            return found
        near, step = 2 * step, max(1, step // 8)
        starts, stops = (
            np.unique(np.arange(at - near, at + near + 1, step).clip(0, size))
            for at in found[0][1:]
        )


def _three(sums: tuple[Sums, Sums], start: Whole, stop: Whole) -> Sums:
    ends, middle = sums
    first, last = np.zeros_like(start), np.full_like(stop, len(ends.people) - 1)
    below, above = ends.between(first, start), ends.between(stop, last)
    return below.joined(middle.between(start, stop)).joined(above)


def _at_ends(start: int, stop: int, size: int) -> list[int]:
    """Give the values near both ends of the middle; of a few values all."""
    if size <= _FEW:
        return list(range(size))
    near = (end + k for end in (start, stop) for k in (-2, -1, 0, 1))
    return [k for k in dict.fromkeys(near) if 0 <= k < size]


def _polished(
    x: Floats, people: Floats, at: list[int], bounds: tuple[Floats, Floats], index: Index
) -> float:
    """Search the numbers at the ends of the middle, one after another, between their bounds."""
    best = -np.inf
    for _ in range(_TURNS):
        before = best
        for k in at:
            low, high = float(bounds[0][k]), float(bounds[1][k])
            for _ in range(_ZOOMS):
                tried = np.linspace(low, high, _GRID)
                rows = np.repeat(people[None], _GRID, axis=0)
                rows[:, k] = tried
                values = index(Sums.whole(x, rows))
                top = int(values.argmax())
                low, high = tried[max(top - 1, 0)], tried[min(top + 1, _GRID - 1)]
            people[k] = tried[top]
            best = max(best, float(values[top]))
        if best <= before + _ENOUGH:
            break
    return best
