"""How much is within reach of each origin: sums with a cut-off or a decay, and times to so much.

All take minutes from home to school (origins x sites, ``inf``: not reached; or a travel matrix of
one mode) and amounts in the order of its columns; the answer is in the order of its rows. *Active*
measures tell of an origin what it can reach. With ``passive=True`` they tell of a site by how much
it can be reached: amounts are then those of the origins, and the answer is in the order of sites.
Formulas are those of the R package accessibility (Pereira and Herszenhut), under the names given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.blocks import (
    Times,
    amounts_of,
    blocks,
    by_decay,
    by_limit,
    counted,
    exact,
    plane_of,
    reached_sums,
)
from geo_mbo.analysis.weighting import SLACK
from geo_mbo.errors import InputError, above_zero

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from geo_mbo.analysis.weighting import Floats


def cumulative(
    minutes: Times, amounts: npt.ArrayLike, *, cutoff_min: float, passive: bool = False
) -> Floats:
    """Add up all that is within a cut-off (accessibility: ``cumulative_cutoff``).

    The cumulative opportunities of Ingram (1971), "The concept of accessibility: a search for an
    operational form", Regional Studies 5:101-107.

    Parameters
    ----------
    minutes
        Origins x sites; ``inf``: not reached.
    amounts
        What is counted at each site (passive: at each origin), 0 or more.
    cutoff_min
        Above 0; who travels exactly so long is within.
    passive
        Tell of sites instead of origins.

    Returns
    -------
    numpy.ndarray
        One number an origin (passive: a site), in the unit of `amounts`.

    Raises
    ------
    InputError
        Times that are no times, amounts that do not fit or are below 0, no cut-off above 0.

    Examples
    --------
    Places within 16 minutes by bicycle, and young people within 16 minutes of each site:

    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> cumulative(bike, [400, 300, 200, 100], cutoff_min=16)
    array([600., 600., 300.,   0., 100.])
    >>> cumulative(bike, [300, 100, 200, 50, 50], cutoff_min=16, passive=True)
    array([400., 200., 400.,  50.])
    """
    above_zero(cutoff_min=cutoff_min)
    plane = plane_of(minutes)
    (numbers,) = amounts_of({"amounts": (amounts, plane.shape[0 if passive else 1])})
    return reached_sums(plane, numbers, by_limit(cutoff_min), passive=passive)


def cumulative_interval(
    minutes: Times,
    amounts: npt.ArrayLike,
    *,
    from_min: float,
    to_min: float,
    step_min: float = 1.0,
    rounded_down: bool = False,
    passive: bool = False,
) -> Floats:
    """Give the mean of cumulative access over an interval of cut-offs.

    One cut-off is arbitrary; Tomasiello, Herszenhut, Oliveira, Braga and Pereira (2023), "A time
    interval metric for cumulative opportunity accessibility", Applied Geography 157:103007, average
    over many (accessibility: ``cumulative_interval`` with the mean).

    Parameters
    ----------
    minutes, amounts, passive
        As for `cumulative`.
    from_min, to_min
        First and last cut-off, above 0; the last counts only where steps end on it.
    step_min
        From one cut-off to the next, above 0. Exactly at a cut-off is within it.
    rounded_down
        Round down to whole numbers, as accessibility always does: who reaches 2.8 places reaches
        2. Meant for whole amounts; otherwise the mean stays as it is.

    Returns
    -------
    numpy.ndarray
        One number an origin (passive: a site), in the unit of `amounts`.

    Raises
    ------
    InputError
        As for `cumulative`; or the interval ends before it begins.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> cumulative_interval(bike, [400, 300, 200, 100], from_min=8, to_min=16, step_min=4)
    array([200., 600., 200.,   0., 100.])
    """
    above_zero(from_min=from_min, to_min=to_min, step_min=step_min)
    if to_min < from_min:
        raise InputError.of("access_interval", from_min=f"{from_min:g}", to_min=f"{to_min:g}")
    plane = plane_of(minutes)
    (numbers,) = amounts_of({"amounts": (amounts, plane.shape[0 if passive else 1])})
    count = int((to_min - from_min) / step_min * (1 + SLACK)) + 1
    cutoffs = np.round(from_min + step_min * np.arange(count), 9).astype(plane.dtype)

    def weigh(block: Floats) -> Floats:
        # In how many cut-offs each pair is: whole numbers, so that sums are exact.
        before = np.searchsorted(cutoffs, block, side="left")
        return (count - before).astype(np.float64)

    mean = reached_sums(plane, numbers, weigh, passive=passive) / count
    return np.floor(mean) if rounded_down else mean


def gravity(
    minutes: Times,
    amounts: npt.ArrayLike,
    *,
    decay: Callable[[Floats], Floats],
    passive: bool = False,
) -> Floats:
    """Add up all there is, each with the weight of the way to it (accessibility: ``gravity``).

    Hansen (1959), "How accessibility shapes land use", Journal of the American Institute of
    Planners 25:73-76.

    Parameters
    ----------
    minutes, amounts, passive
        As for `cumulative`.
    decay
        One of `geo_mbo.analysis.decay`, or any function from minutes to weights of 0 or more. What
        holds at a limit is said by the decay. What is not reached weighs 0 whatever it gives.

    Returns
    -------
    numpy.ndarray
        One number an origin (passive: a site), in the unit of `amounts`.

    Raises
    ------
    InputError
        As for `cumulative`; or the decay gives no weights.

    Examples
    --------
    >>> from geo_mbo.analysis.decay import linear
    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> gravity(bike, [400, 300, 200, 100], decay=linear(limit_min=40)).round(1)
    array([360., 540., 270., 150.,  90.])
    """
    plane = plane_of(minutes)
    (numbers,) = amounts_of({"amounts": (amounts, plane.shape[0 if passive else 1])})
    return reached_sums(plane, numbers, by_decay(decay), passive=passive)


def time_to_nth(
    minutes: Times, amounts: npt.ArrayLike | None = None, *, n: int = 1, passive: bool = False
) -> Floats:
    """Give the time within which so many are reached (accessibility: ``cost_to_closest``).

    What planners call dual access: Neutens, Schwanen, Witlox and De Maeyer (2010), "Equity of urban
    service delivery", Environment and Planning A 42:1613-1635.

    Parameters
    ----------
    minutes, passive
        As for `cumulative`.
    amounts
        How many there are at each site (passive: at each origin). None: each site is one.
    n
        How many have to be reached, 1 or more.

    Returns
    -------
    numpy.ndarray
        Minutes, one number an origin (passive: a site); ``inf`` where so many are not reached.

    Raises
    ------
    InputError
        As for `cumulative`; or `n` is no whole number from 1.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> time_to_nth(bike, n=3)
    array([40., 32., 36., 44., inf])
    >>> time_to_nth(bike, [300, 100, 200, 50, 50], n=400, passive=True)
    array([16., 40., 16., inf])
    """
    counted(n=n)
    plane = plane_of(minutes)
    plane = plane.T if passive else plane
    given = np.ones(plane.shape[1]) if amounts is None else amounts
    (numbers,) = amounts_of({"amounts": (given, plane.shape[1])})
    return _time_until(plane, numbers, np.full(len(plane), n * (1 - SLACK)))


def balancing_time(
    minutes: Times, demand: npt.ArrayLike, supply: npt.ArrayLike, *, step_min: float | None = None
) -> Floats:
    """Give the time within which there is more supply than people at the origin.

    Barboza, Carneiro, Falavigna, Luz and Orrico (2021), "Balancing time: using a new accessibility
    measure in Rio de Janeiro", Journal of Transport Geography 90:102924 (accessibility:
    ``balancing_cost``).

    Parameters
    ----------
    minutes
        Origins x sites; ``inf``: not reached.
    demand
        People at each origin.
    supply
        Places at each site.
    step_min
        Round up to a multiple of so many minutes; accessibility does so with 1. None: do not.

    Returns
    -------
    numpy.ndarray
        Minutes by origin: strictly more places than people are within that time. 0 where nobody
        lives, ``inf`` where so many places are not reached.

    Raises
    ------
    InputError
        As for `cumulative`; or no step above 0.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> balancing_time(bike, [300, 100, 200, 50, 50], [200, 300, 100, 50])
    array([40.,  8., 12., 20., inf])
    """
    if step_min is not None:
        above_zero(step_min=step_min)
    plane = plane_of(minutes)
    people, places = amounts_of(
        {"demand": (demand, plane.shape[0]), "supply": (supply, plane.shape[1])}
    )
    # The next number above the people: reaching it is reaching more than them.
    times = _time_until(plane, places, np.nextafter(people * (1 + SLACK), np.inf))
    if step_min is not None:
        times = np.ceil(times / step_min * (1 - SLACK)) * step_min
    times[people == 0] = 0
    return times


def _time_until(plane: Floats, amounts: Floats, wanted: Floats) -> Floats:
    """Give for each row the least time within which at least so much is reached."""
    there = np.flatnonzero(amounts > 0)
    amounts = amounts[there]
    times = np.full(len(plane), np.inf)
    if not len(there):
        return times
    for rows, whole in blocks(plane):
        block = whole[:, there]
        due = wanted[rows]
        if due.max() <= amounts.min():  # the nearest has enough
            times[rows] = exact(block.min(axis=1))
            continue
        order = np.argsort(block, axis=1)
        enough = np.cumsum(amounts[order], axis=1) >= due[:, None]
        at = np.take_along_axis(order, enough.argmax(axis=1)[:, None], axis=1)
        found = exact(np.take_along_axis(block, at, axis=1)[:, 0])
        times[rows] = np.where(enough[:, -1], found, np.inf)
    return times
