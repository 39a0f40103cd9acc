"""Decay: how much less a place counts the longer the way to it.

A decay is a function made by a function. It takes minutes and gives weights from 0 to 1, of the
same shape; a place that is not reached (``inf``) weighs 0, and what is not known (``nan``) stays
``nan``. Any function of that kind will do in its place. Numbers of single precision stay so.

The forms are those of Kwan (1998) and of the R package accessibility (Pereira and Herszenhut);
its names for them are given. Each says what holds where a time equals a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import inf, pi, sqrt
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from geo_mbo.errors import Breach, InputError, above_zero

if TYPE_CHECKING:
    from geo_mbo.analysis.weighting import Floats

Decay: TypeAlias = "Callable[[Floats], Floats]"
"""Takes minutes (any shape), gives weights 0-1 of that shape."""

_MOST_EXPONENT = 80.0
"""Beyond this e to the power is all but endless in single precision too (its end is 88)."""


def exponential(*, rate: float) -> Decay:
    """Make exp(-rate x minutes) (accessibility: ``decay_exponential``); no limit, so no equality.

    Parameters
    ----------
    rate
        Per minute, above 0.

    Raises
    ------
    InputError
        The rate is no number above 0.

    Examples
    --------
    >>> exponential(rate=0.05)(np.array([0.0, 20.0, np.inf])).round(3)
    array([1.   , 0.368, 0.   ])
    """
    above_zero(rate=rate)
    return lambda minutes: np.exp(-rate * _floats(minutes))


def power(*, exponent: float, floor_min: float = 1.0) -> Decay:
    """Make (minutes / floor) to the power -exponent (accessibility: ``decay_power``).

    Parameters
    ----------
    exponent
        Above 0.
    floor_min
        Up to and including so many minutes the weight is 1: a power has no end near zero.

    Raises
    ------
    InputError
        A parameter is no number above 0.

    Examples
    --------
    >>> power(exponent=2)(np.array([0.0, 1.0, 10.0, np.inf]))
    array([1.  , 1.  , 0.01, 0.  ])
    """
    above_zero(exponent=exponent, floor_min=floor_min)
    return lambda minutes: (np.maximum(_floats(minutes), floor_min) / floor_min) ** -float(exponent)


def gaussian(*, sigma_min: float) -> Decay:
    """Make exp(-minutes squared / (2 sigma squared)); no limit, so no equality.

    Parameters
    ----------
    sigma_min
        Where the curve is steepest, in minutes; the weight is 0.607 there.

    Raises
    ------
    InputError
        Sigma is no number above 0.

    Examples
    --------
    >>> gaussian(sigma_min=20)(np.array([0.0, 20.0, 40.0, np.inf])).round(3)
    array([1.   , 0.607, 0.135, 0.   ])
    """
    above_zero(sigma_min=sigma_min)
    return lambda minutes: np.exp(-((_floats(minutes) / sigma_min) ** 2) / 2)


def linear(*, limit_min: float) -> Decay:
    """Make 1 - minutes / limit (accessibility: ``decay_linear``); at the limit and beyond it is 0.

    Parameters
    ----------
    limit_min
        Where the line reaches 0, in minutes.

    Raises
    ------
    InputError
        The limit is no number above 0.

    Examples
    --------
    >>> linear(limit_min=50)(np.array([0.0, 25.0, 50.0, 60.0, np.inf]))
    array([1. , 0.5, 0. , 0. , 0. ])
    """
    above_zero(limit_min=limit_min)
    return lambda minutes: np.maximum(1 - _floats(minutes) / limit_min, 0)


def logistic(*, inflection_min: float, sd_min: float) -> Decay:
    """Make a falling logistic curve, 1 at zero minutes (accessibility: ``decay_logistic``).

    The curve of Bauer and Groneberg (2016): of g(t) = 1 + exp((t - inflection) pi / (sd root 3))
    the weight is g(0) / g(t). No limit, so no equality.

    Parameters
    ----------
    inflection_min
        Where it falls fastest, in minutes; the weight is about a half there.
    sd_min
        Standard deviation, in minutes: near 0 it all but is a cut-off.

    Raises
    ------
    InputError
        A parameter is no number above 0.

    Examples
    --------
    >>> logistic(inflection_min=40, sd_min=10)(np.array([0.0, 40.0, 80.0, np.inf])).round(4)
    array([1.000e+00, 5.004e-01, 7.000e-04, 0.000e+00])
    """
    above_zero(inflection_min=inflection_min, sd_min=sd_min)
    slope = pi / (sd_min * sqrt(3))
    start = float(1 + np.exp(-inflection_min * slope))

    def decay(minutes: Floats) -> Floats:
        times = _floats(minutes)
        exponent = (times - inflection_min) * slope
        weight = start / (1 + np.exp(np.minimum(exponent, _MOST_EXPONENT)))
        return np.where(np.isposinf(times), times.dtype.type(0), weight)

    return decay


def stepped(*, steps_min: Sequence[float], weights: Sequence[float]) -> Decay:
    """Make weights that change at each step (accessibility: ``decay_stepped``).

    Who travels exactly to a step has the weight of that step, not the one before: steps are open on
    the right. PySAL's ``step_fn`` gives the weight before it; there the same limits include more.

    Parameters
    ----------
    steps_min
        Minutes at which the weight changes, above 0 and rising; before the first the weight is 1.
    weights
        Weight from each step on, 0-1. What is not reached weighs 0 whatever the last one is.

    Raises
    ------
    InputError
        There are no steps, not as many weights, steps that do not rise, or weights outside 0-1.

    Examples
    --------
    >>> steps = stepped(steps_min=[10, 20], weights=[0.6, 0.2])
    >>> steps(np.array([0.0, 9.9, 10.0, 20.0, 500.0, np.inf]))
    array([1. , 1. , 0.6, 0.2, 0.2, 0. ])
    """
    edges = np.array([float(step) for step in steps_min])
    levels = np.array([1.0, *(float(weight) for weight in weights)])
    breaches = _step_breaches(edges, levels[1:])
    if breaches:
        raise InputError(breaches)

    def decay(minutes: Floats) -> Floats:
        times = _floats(minutes)
        # Limits in the precision of the times: 30.1 in single precision is at a limit of 30.1.
        at = np.searchsorted(edges.astype(times.dtype), times, side="right")
        weight = levels.astype(times.dtype)[at]
        weight[np.isposinf(times)] = 0
        weight[np.isnan(times)] = np.nan
        return weight

    return decay


def binary(*, cutoff_min: float) -> Decay:
    """Make 1 up to and including the cut-off, 0 beyond (accessibility: ``decay_binary``).

    Parameters
    ----------
    cutoff_min
        In minutes; who travels exactly so long is within.

    Raises
    ------
    InputError
        The cut-off is no number above 0.

    Examples
    --------
    >>> binary(cutoff_min=30)(np.array([0.0, 30.0, 30.1, np.inf]))
    array([1., 1., 0., 0.])
    """
    above_zero(cutoff_min=cutoff_min)
    cutoff = float(cutoff_min)

    def decay(minutes: Floats) -> Floats:
        times = _floats(minutes)
        # A Python number compares in the precision of the times.
        return np.where(np.isnan(times), times, (times <= cutoff).astype(times.dtype))

    return decay


def log_normal(*, rate: float) -> Decay:
    """Make exp(-rate x (ln minutes) squared); up to and including 1 minute the weight is 1.

    Flatter than exponential near home, and falling faster than a power far from it; the form with
    one parameter that Taylor (1971) calls square-log.

    Parameters
    ----------
    rate
        Above 0.

    Raises
    ------
    InputError
        The rate is no number above 0.

    Examples
    --------
    >>> log_normal(rate=0.2)(np.array([0.0, 1.0, 20.0, np.inf])).round(3)
    array([1.   , 1.   , 0.166, 0.   ])
    """
    above_zero(rate=rate)
    return lambda minutes: np.exp(-rate * np.log(np.maximum(_floats(minutes), 1)) ** 2)


def _floats(minutes: Floats) -> Floats:
    """Give the minutes as floating numbers: whole ones become such, others keep their precision."""
    times = np.asarray(minutes)
    whole = not np.issubdtype(times.dtype, np.floating)
    return cast("Floats", times.astype(float) if whole else times)


def _step_breaches(edges: Floats, weights: Floats) -> list[Breach]:
    breaches = []
    if len(edges) != len(weights) or not len(edges):
        breaches.append(Breach("steps_uneven", {"steps": len(edges), "weights": len(weights)}))
    rising = all(before < step for before, step in pairwise([0.0, *edges, inf]))
    if not rising:
        breaches.append(Breach("steps_not_rising", {"value": ", ".join(f"{e:g}" for e in edges)}))
    outside = ~((weights >= 0) & (weights <= 1))
    if outside.any():
        first = f"{weights[outside][0]:g}"
        breaches.append(Breach("weights_outside", {"count": int(outside.sum()), "value": first}))
    return breaches
