"""Between what a measure of inequality lies where numbers of people are known as an interval.

The bounds of a measure are not the measure of the bounds: an index is highest where some numbers
are low and others high. Numbers may take any value between their bounds, each by itself. How:

* a mean, and what is one (FGT): exactly. The highest has the upper numbers of all values above some
  threshold and the lower ones of the rest; every threshold is tried.
* a quantile: exactly, with all lower numbers on one side of a value and all upper on the other.
* Gini and Theil: how the index changes with one more person is a convex function of their value. So
  it is highest with upper numbers at both ends and lower ones in the middle, lowest the other way
  around; at most the two values at the ends of the middle are in between. Every middle is tried
  for up to `inequality_search.EXACT` different values, then the ends of the best ones. Beyond that
  the middle is searched from a coarse grid to a fine one: bounds that were reached, and could be a
  little wider.
* the concentration index has no such order: it is searched by its slope from both ends. Bounds that
  were reached, and could be a little wider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.inequality import of_people, shortfalls
from geo_mbo.analysis.inequality_search import NOTHING, extremes, gini_of, theil_of
from geo_mbo.analysis.weighting import SLACK
from geo_mbo.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.analysis.weighting import Floats, Whole


def mean_bounds(
    values: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike
) -> tuple[float, float]:
    """Give the least and the greatest weighted mean, exactly.

    Parameters
    ----------
    values
        0 or more, finite.
    low, high
        Least and greatest number of people with each value.

    Returns
    -------
    tuple of float
        ``nan`` where nobody can be.

    Raises
    ------
    InputError
        Not as many of each; values of people that are missing, endless or below 0; a lowest above
        its highest.

    Examples
    --------
    One to four people have 30 minutes, and ten 10:

    >>> [round(bound, 3) for bound in mean_bounds([10, 30], [10, 1], [10, 4])]
    [11.818, 15.714]
    """
    x, least, most = _sorted(values, low, high)
    if not len(x):
        return NOTHING
    found = []
    for below, above in ((most, least), (least, most)):
        people = _split(below, above)
        sums = _split(below * x, above * x)
        mean = np.full(len(people), np.nan)
        np.divide(sums, people, out=mean, where=people > 0)
        found.append(mean)
    return float(np.nanmin(found[0])), float(np.nanmax(found[1]))


def fgt_bounds(
    values: npt.ArrayLike,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    *,
    line: float,
    alpha: float = 0,
) -> tuple[float, float]:
    """Give the bounds of `inequality.fgt`, exactly: it is a mean of shortfalls.

    Parameters
    ----------
    values, low, high
        As for `mean_bounds`.
    line, alpha
        As for `inequality.fgt`.

    Raises
    ------
    InputError
        As for `mean_bounds` and `inequality.fgt`.

    Examples
    --------
    >>> [round(bound, 3) for bound in fgt_bounds([0, 10], [1, 10], [4, 10], line=5)]
    [0.091, 0.286]
    """
    x, least, most = _sorted(values, low, high)
    return mean_bounds(shortfalls(x, line=line, alpha=alpha), least, most)


def percentile_bounds(
    values: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, *, share: float
) -> tuple[float, float]:
    """Give the bounds of one of `inequality.percentiles`, exactly.

    Parameters
    ----------
    values
        0 or more; ``inf`` (reaches nothing) comes last.
    low, high
        As for `mean_bounds`.
    share
        Above 0 and up to 1.

    Raises
    ------
    InputError
        As for `mean_bounds`; or a share beyond 0 to 1.

    Examples
    --------
    >>> percentile_bounds([10, 30, 60], [5, 1, 5], [5, 4, 5], share=0.5)
    (30.0, 30.0)
    """
    if not 0 < share <= 1:
        raise InputError.of("access_shares", count=1, value=str(share))
    x, least, most = _sorted(values, low, high, endless=True)
    if not len(x):
        return NOTHING
    bounds = []
    for below, above in ((most, least), (least, most)):
        reached = np.cumsum(below)
        beyond = above.sum() - np.cumsum(above)
        enough = (reached >= share * (reached + beyond) * (1 - SLACK)) & (reached > 0)
        # Where all lower numbers are 0 there may be people of the last value only.
        bounds.append(float(x[enough.argmax() if enough.any() else -1]))
    return bounds[0], bounds[1]


def gini_bounds(
    values: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike
) -> tuple[float, float]:
    """Give the bounds of `inequality.gini`; see the module for how, and how exactly.

    Parameters
    ----------
    values, low, high
        As for `mean_bounds`.

    Raises
    ------
    InputError
        As for `mean_bounds`.

    Examples
    --------
    >>> [round(bound, 3) for bound in gini_bounds([10, 30], [10, 1], [10, 4])]
    [0.14, 0.26]
    """
    return extremes(*_sorted(values, low, high), gini_of)


def theil_bounds(
    values: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike
) -> tuple[float, float]:
    """Give the bounds of the total of `inequality.theil_t`; see the module for how.

    Parameters
    ----------
    values, low, high
        As for `mean_bounds`.

    Raises
    ------
    InputError
        As for `mean_bounds`.

    Examples
    --------
    >>> [round(bound, 3) for bound in theil_bounds([10, 30], [10, 1], [10, 4])]
    [0.086, 0.147]
    """
    return extremes(*_sorted(values, low, high), theil_of)


def concentration_bounds(
    values: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, rank_by: npt.ArrayLike
) -> tuple[float, float]:
    """Give bounds of `inequality.concentration_index` that were reached; see the module for how.

    Parameters
    ----------
    values, low, high
        As for `mean_bounds`.
    rank_by
        As for `inequality.concentration_index`; who are equally well off share a rank.

    Raises
    ------
    InputError
        As for `mean_bounds`; or people without a rank.

    Examples
    --------
    >>> [round(b, 3) for b in concentration_bounds([10, 30], [10, 1], [10, 4], [1_000, 2_000])]
    [0.14, 0.26]
    """
    _crossed(low, high)
    x, most, least, ranks = of_people(values, high, low, rank_by)
    if not (x @ most > 0):
        return NOTHING
    order = np.argsort(ranks, kind="stable")
    x, least, most, ranks = x[order], least[order], most[order], ranks[order]
    first = np.searchsorted(ranks, ranks, side="left")
    last = np.searchsorted(ranks, ranks, side="right")
    found = []
    for sign in (-1.0, 1.0):
        best = -np.inf
        for start in ((least + most) / 2, least, most):
            people = start
            for _ in range(60):
                index, slope = _concentration(x, people, first, last)
                if not sign * index > best:
                    break
                best = sign * index
                people = np.where(sign * slope > 0, most, least)
        found.append(float(sign * best))
    return found[0], found[1]


def _concentration(x: Floats, people: Floats, first: Whole, last: Whole) -> tuple[float, Floats]:
    """Give the index of places in order of rank, and its slope by the people of each."""
    head, value = np.append(0.0, np.cumsum(people)), np.append(0.0, np.cumsum(people * x))
    everybody, whole = head[-1], value[-1]
    if not whole > 0:
        return float("nan"), np.zeros(len(x))
    gained = x * head[first] - value[first] + (whole - value[last]) - x * (everybody - head[last])
    pairs = float(people @ (x * head[first] - value[first]))
    index = pairs / (everybody * whole)
    slope: Floats = gained / (everybody * whole) - index * (1 / everybody + x / whole)
    return index, slope


def _sorted(
    values: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, *, endless: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Give different values in order, with the bounds of all people who have each."""
    _crossed(low, high)
    x, most, least = of_people(values, high, low, endless=endless)
    different, at = np.unique(x, return_inverse=True)
    fewest, greatest = np.zeros(len(different)), np.zeros(len(different))
    np.add.at(fewest, at, least)
    np.add.at(greatest, at, most)
    return different, fewest, greatest


def _crossed(low: npt.ArrayLike, high: npt.ArrayLike) -> None:
    least, most = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    of_people(np.zeros(least.shape), least)  # numbers of people that are none are told
    if least.shape != most.shape:
        raise InputError.of("access_uneven", sizes=f"{least.shape}, {most.shape}")
    wrong = least > most
    if wrong.any():
        place = int(wrong.argmax()) + 1
        raise InputError.of("access_bounds_crossed", count=int(wrong.sum()), place=place)


def _split(below: Floats, above: Floats) -> Floats:
    """Add up the first k of one and the rest of the other, for every k."""
    head, tail = np.append(0.0, np.cumsum(below)), np.append(0.0, np.cumsum(above[::-1]))
    sums: Floats = head + tail[::-1]
    return sums
