"""Access that adds up: the family of Wilson, with the total, one side or both sides given.

Sums such as `accessibility.gravity` have no unit of their own: they grow with the decay. Here a
constraint keeps them in places or in people: Soukhov, Pereira, Higgins and Paez (2025), "A family
of accessibility measures derived from spatial interaction principles", after Wilson (1971), "A
family of spatial interaction models", Environment and Planning 3:1-32 (accessibility:
``constrained_accessibility``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.blocks import (
    TINY,
    Times,
    amounts_of,
    blocks,
    by_decay,
    counted,
    plane_of,
    reached_sums,
    shared_out,
)
from geo_mbo.analysis.competition import spatial_availability
from geo_mbo.errors import InputError, above_zero
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Whole

_SAME_TOTAL = 1e-6
"""Relative difference of the totals of people and places that still counts as none."""


def total_constrained(
    minutes: Times,
    amounts: npt.ArrayLike,
    *,
    decay: Callable[[Floats], Floats],
    passive: bool = False,
) -> Floats:
    """Share out the total over origins, by what each can reach (``constraint = "total"``).

    Parameters
    ----------
    minutes
        Origins x sites; ``inf``: not reached.
    amounts
        Places by site (passive: people by origin), 0 or more.
    decay
        One of `geo_mbo.analysis.decay`, or any function from minutes to weights of 0 or more.
    passive
        Tell of sites instead of origins.

    Returns
    -------
    numpy.ndarray
        One number an origin (passive: a site), in the unit of `amounts`, adding up to their total;
        all 0 where nothing at all is reached.

    Raises
    ------
    InputError
        Times that are no times, amounts that do not fit or are below 0, a decay that gives no
        weights.

    Examples
    --------
    >>> from geo_mbo.analysis.decay import binary
    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> total_constrained(bike, [400, 300, 200, 0], decay=binary(cutoff_min=20))
    array([300., 300., 150., 150.,   0.])
    """
    plane = plane_of(minutes)
    (numbers,) = amounts_of({"amounts": (amounts, plane.shape[0 if passive else 1])})
    sums = reached_sums(plane, numbers, by_decay(decay), passive=passive)
    whole: Floats = sums * float(shared_out(numbers.sum(), np.asarray(sums.sum())))
    return whole


def singly_constrained(
    minutes: Times,
    demand: npt.ArrayLike,
    supply: npt.ArrayLike,
    *,
    decay: Callable[[Floats], Floats],
    passive: bool = False,
) -> Floats:
    """Share out the places of each site over origins (``constraint = "singly"``).

    Active, the places of a site go to origins by people and weight: this is
    `competition.spatial_availability`. Passive, the people of an origin go to sites by places and
    weight: the load that each site has to serve, as in the model of Huff (1963).

    Parameters
    ----------
    minutes, decay
        As for `total_constrained`.
    demand, supply
        People by origin, places by site; 0 or more.
    passive
        Share out people over sites instead of places over origins.

    Returns
    -------
    numpy.ndarray
        Places by origin, adding up to those within reach of somebody; passive: people by site,
        adding up to those who reach something.

    Raises
    ------
    InputError
        As for `total_constrained`.

    Examples
    --------
    >>> from geo_mbo.analysis.decay import binary
    >>> from geo_mbo.sample import sample_town
    >>> bike = sample_town().matrix.select(modes=["bike"])
    >>> people, places = [300, 100, 200, 50, 50], [300, 300, 100, 0]
    >>> singly_constrained(bike, people, places, decay=binary(cutoff_min=20), passive=True)
    array([300., 250., 100.,   0.])
    """
    if not passive:
        return spatial_availability(minutes, demand, supply, decay=decay)
    plane = plane_of(minutes)
    people, places = amounts_of(
        {"demand": (demand, plane.shape[0]), "supply": (supply, plane.shape[1])}
    )
    weigh = by_decay(decay)
    load = np.zeros(plane.shape[1])
    for rows, block in blocks(plane):
        weights = weigh(block)
        weights *= places
        load += shared_out(people[rows], weights.sum(axis=1)) @ weights
    return load


@dataclass(frozen=True)
class DoublyConstrained:
    """Flows that meet the people of every origin and the places of every site.

    Attributes
    ----------
    origin_factor, site_factor
        The balancing factors A and B; the flow of a pair is A x people x B x places x weight.
    error
        How far people and places are from being met, as a share of the people.
    rounds
        How many rounds that took.
    """

    minutes: Floats
    demand: Floats
    supply: Floats
    decay: Callable[[Floats], Floats]
    origin_factor: Floats
    site_factor: Floats
    error: float
    rounds: int

    def flows(self, rows: slice | Whole = slice(None)) -> Floats:
        """Give the flows of some origins, or all: origins x sites."""
        weights = by_decay(self.decay)(self.minutes[rows])
        weights *= (self.origin_factor * self.demand)[rows][:, None]
        weights *= self.site_factor * self.supply
        return weights

    def table(self, least: float = 0.0) -> pd.DataFrame:
        """Give flows above `least`, one row a pair: ``origin``, ``site`` (positions), ``flow``."""
        import pandas as pd

        parts = []
        for rows, _ in blocks(self.minutes):
            flow = self.flows(rows)
            origin, site = np.nonzero(flow > least)
            columns = {"origin": origin + rows.start, "site": site, "flow": flow[origin, site]}
            parts.append(pd.DataFrame(columns))
        kinds = {"origin": "int64", "site": "int64", "flow": "float64"}
        empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
        return pd.concat(parts, ignore_index=True).astype(kinds) if parts else empty


def doubly_constrained(
    minutes: Times,
    demand: npt.ArrayLike,
    supply: npt.ArrayLike,
    *,
    decay: Callable[[Floats], Floats],
    tolerance: float = 1e-10,
    rounds: int = 1000,
    notify: Notify = to_log,
) -> DoublyConstrained:
    """Find the flows that meet both people and places (``constraint = "doubly"``).

    The factors are balanced in turn, those of origins first, from B = 1 (Furness 1965). This goes
    on until both sides are met; accessibility stops at one in a thousand, so that its flows differ
    from these by as much as its own ``error`` says.

    Parameters
    ----------
    minutes, decay
        As for `total_constrained`.
    demand, supply
        People by origin, places by site: as many of both.
    tolerance
        What may be left unmet, as a share of the people, above 0.
    rounds
        After so many it stops, and tells so: where some cannot be met because nothing is reached.

    Returns
    -------
    DoublyConstrained
        Balancing factors, error, and flows as they are asked for.

    Raises
    ------
    InputError
        As for `total_constrained`; or not as many people as places.

    Examples
    --------
    >>> import numpy as np
    >>> from geo_mbo.analysis.decay import exponential
    >>> minutes = np.array([[10.0, 30.0], [30.0, 10.0]])
    >>> met = doubly_constrained(minutes, [100, 50], [80, 70], decay=exponential(rate=0.1))
    >>> met.flows().round(1)
    array([[77.1, 22.9],
           [ 2.9, 47.1]])
    """
    above_zero(tolerance=tolerance)
    counted(rounds=rounds)
    plane = plane_of(minutes)
    people, places = amounts_of(
        {"demand": (demand, plane.shape[0]), "supply": (supply, plane.shape[1])}
    )
    _same_total(float(people.sum()), float(places.sum()))
    weigh = by_decay(decay)
    a: Floats = np.zeros(len(people))
    b: Floats = np.ones(len(places))
    error, turn = 0.0, 0
    if people.sum() > 0:
        for turn in range(1, rounds + 1):
            # One walk a round: what is left of the origins is seen when they are balanced anew.
            reach = reached_sums(plane, b * places, weigh, passive=False)
            unmet = np.abs(people - a * people * reach).sum()
            error = float(unmet / people.sum())
            if turn > 1 and error <= tolerance:
                break
            a = _inverse(reach)
            b = _inverse(reached_sums(plane, a * people, weigh, passive=True))
        else:
            percent = f"{100 * error:.2g}"
            notify(note("access_not_met", count=round(unmet), rounds=rounds, percent=percent))
    return DoublyConstrained(plane, people, places, decay, a, b, error, turn)


def _inverse(sums: Floats) -> Floats:
    found = np.zeros(len(sums))
    np.divide(1.0, sums, out=found, where=sums > TINY)
    return found


def _same_total(people: float, places: float) -> None:
    if abs(people - places) > _SAME_TOTAL * max(people, places):
        raise InputError.of("access_totals", people=f"{people:g}", places=f"{places:g}")
