"""Room at sites: who gets a place where there is not room for all.

Young people ask the nearest site that offers what they seek and lies within the limit. A site with
more who ask than it has places takes those who live nearest; the others ask their next site. It
ends when no site has more than it has room for. A site whose capacity is not known has room.

Nobody is then refused by a site that took someone from further away, and nobody is without a place
while a site within the limit has one left: the stable matching of Gale and Shapley (1962), told by
cut-offs (Azevedo and Leshno 2016, "A supply and demand framework for two-sided matching markets").
Those who live equally far from the last places share them in proportion to how many ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.weighting import SLACK

if TYPE_CHECKING:
    from geo_mbo.analysis.weighting import Floats, Truths, Whole

_MOST_ROUNDS = 10_000
_SETTLED = 1e-7
"""A cut-off that falls by less than this share has settled."""


@dataclass(frozen=True)
class Allocation:
    """Who got a place.

    Attributes
    ----------
    served
        Share (0-1) of those at each origin who have a place: units x origins.
    reached
        Some site with the unit is within the limit: units x origins.
    asked
        How many each site is the nearest for.
    placed
        How many have a place at each site.
    """

    served: Floats
    reached: Truths
    asked: Floats
    placed: Floats


@dataclass
class _Queue:
    """The sites that the young people of one unit ask, nearest first, padded with ``inf``."""

    unit: int
    origin: Whole
    site: Whole
    minutes: Floats
    demand: Floats


def allocate(
    minutes: Floats,
    offering: list[Whole],
    demand: Floats,
    room: Floats,
    *,
    limit_min: float,
) -> Allocation:
    """Give places to those who live nearest, until each site is full.

    Parameters
    ----------
    minutes
        Origins x sites (``inf``: not reached). Of equally near sites the first column is asked
        first: give columns by id.
    offering
        Columns of the sites that offer each unit, rising.
    demand
        How many ask a place: units x origins.
    room
        Places of each site, for all units together; ``inf``: no end to them.
    limit_min
        Limit in minutes; exactly so long is within.

    Examples
    --------
    Three places: the nearest two have one each, the two others, equally far, share the third.

    >>> minutes = np.array([[4.0], [8.0], [12.0], [12.0], [60.0]])
    >>> found = allocate(minutes, [np.array([0])], np.ones((1, 5)), np.array([3.0]), limit_min=30)
    >>> found.served, found.reached[0].tolist()
    (array([[1. , 1. , 0.5, 0.5, 0. ]]), [True, True, True, True, False])
    >>> found.asked, found.placed
    (array([4.]), array([3.]))
    """
    bounded = np.isfinite(room)
    queues = [
        _queue(minutes, k, columns, demand[k], limit_min, bool(bounded[columns].any()))
        for k, columns in enumerate(offering)
    ]
    cut, part = np.full(len(room), np.inf), np.ones(len(room))
    contested = [queue for queue in queues if bounded[queue.site].any()]
    if contested:
        _settle(contested, room, bounded, (cut, part))
    served = np.zeros(demand.shape)
    reached = np.zeros(demand.shape, dtype=bool)
    asked, placed = np.zeros((2, len(room)))
    for queue in queues:
        got = _admitted(queue, cut, part) * _remaining(queue, cut, part)
        served[queue.unit, queue.origin] = got.sum(axis=1).clip(0, 1)
        reached[queue.unit, queue.origin] = True
        people = got * queue.demand[:, None]
        placed += np.bincount(queue.site.ravel(), weights=people.ravel(), minlength=len(room))
        first = queue.site[:, 0] if len(queue.origin) else queue.origin
        asked += np.bincount(first, weights=queue.demand, minlength=len(room))
    return Allocation(served, reached, asked, placed)


def _queue(
    minutes: Floats, unit: int, columns: Whole, demand: Floats, limit_min: float, contested: bool
) -> _Queue:
    """Put the sites of a unit in the order in which each origin asks them."""
    there = minutes[:, columns]
    within = there <= limit_min
    some = np.flatnonzero(within.any(axis=1))
    times = np.where(within[some], there[some].astype(float), np.inf)
    # Where every site has room nobody asks a second one.
    most = int(within.sum(axis=1).max(initial=0)) if contested else 1
    if not len(some):
        nothing = np.zeros((0, 1))
        return _Queue(unit, some, nothing.astype(np.intp), nothing, demand[some])
    order = np.argsort(times, axis=1, kind="stable")[:, :most]
    return _Queue(unit, some, columns[order], np.take_along_axis(times, order, 1), demand[some])


def _admitted(queue: _Queue, cut: Floats, part: Floats) -> Floats:
    """Give which share of those who ask each site it takes."""
    there = cut[queue.site]
    taken = np.where(queue.minutes < there, 1.0, 0.0)
    last = (queue.minutes == there) & np.isfinite(queue.minutes)
    taken[last] = part[queue.site[last]]
    return taken


def _remaining(queue: _Queue, cut: Floats, part: Floats) -> Floats:
    """Give which share of an origin comes to ask each site, refused by all nearer ones."""
    refused = 1 - _admitted(queue, cut, part)
    before = np.ones_like(refused)
    np.cumprod(refused[:, :-1], axis=1, out=before[:, 1:])
    return before


def _settle(
    queues: list[_Queue], room: Floats, bounded: Truths, cuts: tuple[Floats, Floats]
) -> None:
    """Lower the cut-offs until no site has more than its room.

    Each round all ask again what is left to them. Who asks a site never grows less from round to
    round, so that a cut-off never rises and the rounds end.
    """
    cut, part = cuts
    entries = [bounded[queue.site] & np.isfinite(queue.minutes) for queue in queues]
    site = np.concatenate([q.site[e] for q, e in zip(queues, entries, strict=True)])
    minutes = np.concatenate([q.minutes[e] for q, e in zip(queues, entries, strict=True)])
    order = np.lexsort((minutes, site))
    site, minutes = site[order], minutes[order]
    fresh = np.append(True, (np.diff(site) != 0) | (np.diff(minutes) != 0))
    tie = np.cumsum(fresh) - 1  # those who live equally far from one site
    tie_site, tie_minutes = site[fresh], minutes[fresh]
    first = np.searchsorted(tie_site, tie_site, side="left")
    for _ in range(_MOST_ROUNDS):
        asking = np.concatenate(
            [
                (_remaining(q, cut, part) * q.demand[:, None])[e]
                for q, e in zip(queues, entries, strict=True)
            ]
        )[order]
        amount = np.bincount(tie, weights=asking)
        upto = np.append(0.0, np.cumsum(amount))
        before = upto[:-1] - upto[first]
        over = before + amount > room[tie_site] * (1 + SLACK) + SLACK
        at = np.flatnonzero(over)
        sites, start = np.unique(tie_site[at], return_index=True)
        last = at[start]
        left = np.maximum(room[sites] - before[last], 0) / amount[last]
        now = tie_minutes[last]
        lower = (now < cut[sites]) | ((now == cut[sites]) & (left < part[sites] * (1 - _SETTLED)))
        if not lower.any():
            return
        cut[sites[lower]], part[sites[lower]] = now[lower], left[lower]
