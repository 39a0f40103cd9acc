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
