"""Classes of a map: round breaks, at most five, the same on the page and in its picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SEQUENTIAL = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
"""YlGnBu in five steps: told apart with every kind of colour vision; dark is much, far or bad."""

INSTITUTIONS = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#7A6A58",
)  # fmt: skip
"""The colours of Okabe and Ito (2008), with a brown for black."""

MINUTES = ((5, 10, 15, 20), (10, 20, 30, 45), (15, 30, 45, 60), (30, 60, 90, 120))
SHARES = (0.2, 0.4, 0.6, 0.8)
_ROUND = np.array([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10])
CLASSES = 5
SKEWED = 4
"""Counts of which a tenth is above so many times the lowest tenth get breaks that grow by size."""
CATCHMENT_SHARES = (0.02, 0.05, 0.1, 0.2)


def minute_breaks(minutes: npt.ArrayLike) -> list[int]:
    """Choose the breaks that spread these minutes best: the first set that leaves a tenth beyond.

    Examples
    --------
    >>> minute_breaks([3, 8, 12, 14, 19, 21]), minute_breaks([20, 40, 58, 70])
    ([5, 10, 15, 20], [15, 30, 45, 60])
    """
    values = np.asarray(minutes, dtype=float)
    values = values[np.isfinite(values)]
    for breaks in MINUTES:
        if values.size and np.quantile(values, 0.9) <= breaks[-1] * 1.25:
            return list(breaks)
    return list(MINUTES[-1]) if values.size else list(MINUTES[2])


def count_breaks(counts: npt.ArrayLike) -> list[int]:
    """Choose round breaks that put about as many areas in each class.

    Examples
    --------
    >>> count_breaks([10, 40, 55, 130, 270, 610, 900, 1400, 2600])
    [50, 150, 500, 1000]
    """
    values = np.asarray(counts, dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        return [10, 100, 1000, 10000]
    found: list[int] = []
    for quantile in np.quantile(values, [0.2, 0.4, 0.6, 0.8]):
        nice = _round_number(float(quantile))
        while found and nice <= found[-1]:
            nice = _round_number(found[-1] * 2.0)
        found.append(nice)
    return found


def programme_breaks(count: int) -> list[int]:
    """Cut a number of programmes into five parts of about as many.

    Examples
    --------
    >>> programme_breaks(50), programme_breaks(437), programme_breaks(3)
    ([10, 20, 30, 40], [90, 170, 260, 350], [1, 2, 3, 4])
    """
    step = 10 if count >= 100 else 5 if count >= 25 else 1
    found: list[int] = []
    for part in SHARES:
        nice = round(count * part / step) * step
        found.append(max(nice, found[-1] + 1 if found else 1))
    return found


def _round_number(value: float) -> int:
    """Give the round number that is nearest: one digit and noughts, or a half between."""
    power = 10 ** np.floor(np.log10(max(value, 1)))
    choices = np.unique(np.ceil(_ROUND * power))
    return int(choices[np.abs(choices - value).argmin()])


def class_of(values: npt.ArrayLike, breaks: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Give the class of each value: a break belongs to the class below it; missing is -1."""
    numbers = np.asarray(values, dtype=float)
    found = np.searchsorted(np.asarray(breaks, dtype=float), numbers, side="left")
    return np.asarray(np.where(np.isnan(numbers), -1, found))


def spread_colours(nearness: npt.NDArray[np.floating], colours: int) -> list[int]:
    """Give each item one of a few colours, so that those near each other differ.

    There are more institutions than colours that people can tell apart; a colour comes back only
    far away. Greedy: the item with most neighbours first, each the colour that is least near.

    Parameters
    ----------
    nearness
        Square and symmetric; greater is nearer, 0 where it does not matter.
    colours
        How many colours there are.

    Examples
    --------
    >>> spread_colours(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0.0]]), 2)
    [1, 0, 1]
    """
    count = len(nearness)
    chosen = np.full(count, -1)
    for item in np.argsort(-nearness.sum(axis=1), kind="stable"):
        burden = np.zeros(colours)
        for colour in range(colours):
            burden[colour] = nearness[item, chosen == colour].sum()
        used = np.bincount(chosen[chosen >= 0], minlength=colours)
        chosen[item] = np.lexsort((used, burden))[0]
    return [int(colour) for colour in chosen]


def value_breaks(values: npt.ArrayLike, *, counts: bool) -> list[float]:
    """Choose at most four round breaks that put about as many areas in each class.

    Parameters
    ----------
    values
        Numbers; missing ones do not count.
    counts
        They are numbers of something, few small and some very large: breaks grow by size. Rates
        and distances get breaks that are multiples of one round step.

    Examples
    --------
    >>> value_breaks([1.2, 2.4, 3.1, 3.3, 4.8, 7.9], counts=False)
    [2.5, 3, 3.5, 5]
    >>> value_breaks([10, 40, 55, 130, 270, 610, 900, 1400, 2600], counts=True)
    [50, 150, 500, 1000]
    >>> value_breaks([7, 7, 7], counts=False), value_breaks([], counts=False)
    ([7], [0])
    """
    numbers = np.asarray(values, dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return [0]
    least, most = float(numbers.min()), float(numbers.max())
    if least == most:
        return [_plain_number(most)]
    low, high = (float(q) for q in np.quantile(numbers, [0.1, 0.9]))
    parts = min(CLASSES, len(np.unique(numbers)))
    if counts and parts == CLASSES and least >= 0 and high >= max(20, low * SKEWED):
        found = [float(b) for b in count_breaks(numbers)]
    else:
        step = _step(((high - low) or (most - least)) / 8)
        quantiles = np.quantile(numbers, [k / parts for k in range(1, parts)])
        found = sorted({round(float(np.round(q / step) * step), 9) for q in quantiles})
    within = [b for b in found if least <= b < most]
    return [_plain_number(b) for b in within] or [_plain_number(least)]


def _step(size: float) -> float:
    """Give the largest of 1, 2 or 5 times a power of ten that is not above this size."""
    power = 10.0 ** np.floor(np.log10(size))
    return float(max(digit for digit in (1, 2, 5) if digit * power <= size * (1 + 1e-9)) * power)


def _plain_number(value: float) -> float:
    return int(value) if value == int(value) else value


def shades(classes: int) -> list[str]:
    """Give the colours of so many classes, from lightest to darkest.

    Examples
    --------
    >>> shades(2) == [SEQUENTIAL[0], SEQUENTIAL[4]], len(shades(5)), shades(1) == [SEQUENTIAL[2]]
    (True, 5, True)
    """
    last = len(SEQUENTIAL) - 1
    if classes == 1:
        return [SEQUENTIAL[last // 2]]
    return [SEQUENTIAL[round(k * last / (classes - 1))] for k in range(classes)]
