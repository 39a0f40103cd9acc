"""Flows from travel time: the family of Wilson, forward.

From totals (or masses) of origins and sites and a decay come flows, in four ways (Wilson 1971):

``unconstrained``  one known total, shared out over pairs by mass x mass x decay
``production``     what leaves each origin is known; sites attract by their mass
``attraction``     what arrives at each site is known; origins send by their mass
``doubly``         both are known; balancing factors make both add up

The direction is home to school everywhere: times there and back may differ. `calibrate` in
`geo_mbo.analysis.calibration` goes the other way, from flows to a decay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from geo_mbo.analysis.weighting import indexer
from geo_mbo.errors import Breach, InputError, one_of
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.decay import Decay
    from geo_mbo.analysis.weighting import Floats, Whole

Constraint = Literal["unconstrained", "production", "attraction", "doubly"]
CONSTRAINTS: tuple[Constraint, ...] = get_args(Constraint)

BALANCED = 1e-10
"""Balancing stops where no total is farther off than this share of it."""

_ROUNDS = 10_000
_RUNAWAY = 1e100
_SAME_TOTAL = 1e-6
_PAIR = ("origin_id", "site_id", "minutes")


@dataclass(frozen=True)
class Sides:
    """Where each pair stands among the origins and the sites that there are.

    Attributes
    ----------
    origin_ids, site_ids
        Each once, sorted.
    origin, site
        Of each pair, the position in these.
    """

    origin_ids: list[str]
    site_ids: list[str]
    origin: Whole
    site: Whole

    def by_origin(self, values: Floats) -> Floats:
        """Add up values of pairs by origin."""
        return _added(self.origin, values, len(self.origin_ids))

    def by_site(self, values: Floats) -> Floats:
        """Add up values of pairs by site."""
        return _added(self.site, values, len(self.site_ids))


def interaction_flows(
    pairs: pd.DataFrame,
    *,
    origins: pd.Series,
    sites: pd.Series,
    decay: Decay,
    constraint: Constraint,
    total: float | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Estimate how many go from each origin to each site.

    Parameters
    ----------
    pairs
        ``origin_id``, ``site_id``, ``minutes`` from home to school (``inf``: not reached), each
        pair once. A pair that is not there has no flow.
    origins
        By origin_id: students who leave (production, doubly), or the mass that sends them. Origins
        that are not there count as 0.
    sites
        By site_id: students who arrive (attraction, doubly), or the mass that draws them.
    decay
        What minutes weigh, such as of `geo_mbo.analysis.decay`.
    constraint
        Which totals hold: see the module.
    total
        How many there are, where no side is known (unconstrained); the sum of `origins` else.
    notify
        Gets a note on students who reach nothing, and on totals that cannot be met at once.

    Returns
    -------
    pandas.DataFrame
        ``origin_id``, ``site_id``, ``minutes``, ``students``: the rows of `pairs` in their order.

    Raises
    ------
    InputError
        Columns are missing, pairs are twice there, minutes or masses are negative or unknown, or
        the totals of both sides differ (doubly).

    Notes
    -----
    A.G. Wilson (1971), A family of spatial interaction models, *Environment and Planning* 3, 1-32.
    The family of accessibility measures of Soukhov and others (2025) are its margins.

    Examples
    --------
    >>> import pandas as pd
    >>> from geo_mbo.analysis.decay import exponential
    >>> pairs = pd.DataFrame({"origin_id": ["a", "a", "b", "b"], "site_id": ["x", "y", "x", "y"],
    ...                       "minutes": [10.0, 20.0, 30.0, 5.0]})
    >>> interaction_flows(pairs, origins=pd.Series({"a": 30.0, "b": 70.0}),
    ...                   sites=pd.Series({"x": 1.0, "y": 1.0}), decay=exponential(rate=0.1),
    ...                   constraint="production").round(1)
      origin_id site_id  minutes  students
    0         a       x     10.0      21.9
    1         a       y     20.0       8.1
    2         b       x     30.0       5.3
    3         b       y      5.0      64.7
    """
    one_of("constraint", constraint, CONSTRAINTS)
    check_pairs(pairs)
    sides = sides_of(pairs)
    masses = [
        values.reindex(ids).fillna(0.0).to_numpy(float)
        for values, ids in ((origins, sides.origin_ids), (sites, sides.site_ids))
    ]
    whole = float(origins.sum()) if total is None else float(total)
    _check_masses(origins, sites, whole, constraint)
    weights = decay(pairs["minutes"].to_numpy(float))
    if constraint == "unconstrained":
        flows = _shared_out(weights, masses, sides, whole)
    elif constraint == "production":
        flows = _one_side(weights * masses[1][sides.site], masses[0], sides.by_origin, sides.origin)
    elif constraint == "attraction":
        flows = _one_side(weights * masses[0][sides.origin], masses[1], sides.by_site, sides.site)
    else:
        flows = _balanced(weights, masses, sides)
    if constraint in ("unconstrained", "production"):
        _tell_stranded(origins, sides.by_origin(flows), sides.origin_ids, "origins", notify)
    elif constraint == "attraction":
        _tell_stranded(sites, sides.by_site(flows), sides.site_ids, "sites", notify)
    else:
        sums = sides.by_origin(flows), sides.by_site(flows)
        _tell_unmet((origins, sites), sums, (sides.origin_ids, sides.site_ids), notify)
    return pairs[list(_PAIR)].reset_index(drop=True).assign(students=flows)


def sides_of(pairs: pd.DataFrame) -> Sides:
    """Give the origins and sites of pairs, and where each pair stands among them.

    Examples
    --------
    >>> import pandas as pd
    >>> sides_of(pd.DataFrame({"origin_id": ["b", "a"], "site_id": ["x", "x"]})).origin
    array([1, 0])
    """
    origin_ids, site_ids = (sorted({*pairs[name]}) for name in ("origin_id", "site_id"))
    return Sides(
        origin_ids,
        site_ids,
        indexer(pairs["origin_id"], origin_ids),
        indexer(pairs["site_id"], site_ids),
    )


def check_pairs(pairs: pd.DataFrame, more: tuple[str, ...] = ()) -> None:
    """Refuse pairs that lack columns, are there twice, or have numbers below zero or unknown.

    Parameters
    ----------
    pairs
        One row a pair.
    more
        Columns with numbers of 0 or more, beside the minutes; minutes alone may be ``inf``.

    Raises
    ------
    InputError
        All that is wrong.
    """
    absent = [name for name in (*_PAIR, *more) if name not in pairs.columns]
    if absent:
        there = ", ".join(map(str, pairs.columns))
        raise InputError(
            [
                Breach("missing_column", {"where": "pairs", "column": name, "there": there})
                for name in absent
            ]
        )
    breaches = []
    labels = pairs["origin_id"].astype(str) + ", " + pairs["site_id"].astype(str)
    twice = pairs.duplicated(["origin_id", "site_id"]).to_numpy()
    if twice.any():
        found = {"count": int(twice.sum()), "value": labels[twice].iloc[0]}
        breaches.append(Breach("pairs_twice", found))
    for name in ("minutes", *more):
        values = pairs[name].to_numpy(float)
        wrong = ~(values >= 0) | (np.isinf(values) & (name != "minutes"))
        if wrong.any():
            found = {"count": int(wrong.sum()), "value": labels[wrong].iloc[0], "column": name}
            breaches.append(Breach("pairs_below_zero", found))
    if breaches:
        raise InputError(breaches)


def _check_masses(
    origins: pd.Series, sites: pd.Series, whole: float, constraint: Constraint
) -> None:
    breaches = []
    for name, values in (("origins", origins), ("sites", sites)):
        wrong = ~(values >= 0) | np.isinf(values)
        if wrong.any():
            first = str(values.index[wrong][0])
            found = {"name": name, "count": int(wrong.sum()), "value": first}
            breaches.append(Breach("masses_below_zero", found))
    if not (np.isfinite(whole) and whole >= 0):
        found = {"name": "total", "count": 1, "value": f"{whole:g}"}
        breaches.append(Breach("masses_below_zero", found))
    if breaches:
        raise InputError(breaches)
    leave, arrive = float(origins.sum()), float(sites.sum())
    if constraint == "doubly" and abs(leave - arrive) > _SAME_TOTAL * max(leave, arrive):
        raise InputError.of("totals_differ", origins=leave, sites=arrive)


def _shared_out(weights: Floats, masses: list[Floats], sides: Sides, whole: float) -> Floats:
    parts = masses[0][sides.origin] * masses[1][sides.site] * weights
    added = float(parts.sum())
    return parts * (whole / added) if added > 0 else np.zeros(len(parts))


def _one_side(
    parts: Floats, totals: Floats, added: Callable[[Floats], Floats], at: Whole
) -> Floats:
    return parts * _ratio(totals, added(parts))[at]


def _balanced(weights: Floats, masses: list[Floats], sides: Sides) -> Floats:
    """Alternate between both sides until neither is off by more than `BALANCED`."""
    leave, arrive = masses
    to: Floats = np.ones(len(sides.site_ids))
    flows: Floats = np.zeros(len(weights))
    for _ in range(_ROUNDS):
        away = _ratio(leave, sides.by_origin(weights * to[sides.site]))
        to = _ratio(arrive, sides.by_site(weights * away[sides.origin]))
        flows = weights * away[sides.origin] * to[sides.site]
        gap = np.abs(sides.by_origin(flows) - leave) * (away > 0)
        off = float((gap / np.where(leave > 0, leave, 1.0)).max(initial=0.0))
        # Factors that run away belong to totals that cannot be met.
        if off <= BALANCED or max(away.max(initial=0.0), to.max(initial=0.0)) > _RUNAWAY:
            break
    return flows


def _tell_unmet(
    wanted: Sequence[pd.Series], met: Sequence[Floats], ids: Sequence[list[str]], notify: Notify
) -> None:
    """Tell of totals of either side that the flows do not add up to."""
    missed: list[str] = []
    for totals, sums, known in zip(wanted, met, ids, strict=True):
        found = dict(zip(known, sums, strict=True))
        missed += [
            key
            for key, due in zip(map(str, totals.index), totals.to_numpy(float), strict=True)
            if abs(found.get(key, 0.0) - due) > _SAME_TOTAL * due
        ]
    if missed:
        notify(note("interaction_unbalanced", missed))


def _added(at: Whole, values: Floats, count: int) -> Floats:
    added: Floats = np.bincount(at, weights=values, minlength=count).astype(float)
    return added


def _ratio(whole: Floats, parts: Floats) -> Floats:
    ratio = np.zeros(len(whole))
    np.divide(whole, parts, out=ratio, where=parts > 0)
    return ratio


def _tell_stranded(
    masses: pd.Series, flows: Floats, ids: list[str], what: str, notify: Notify
) -> None:
    """Tell of those who have a mass, and no flow since nothing is reached."""
    served = {key for key, flow in zip(ids, flows, strict=True) if flow > 0}
    stranded = masses[(masses > 0) & ~masses.index.isin(served)]
    if len(stranded):
        people = round(float(stranded.sum()), 1)
        notify(note(f"interaction_stranded_{what}", stranded.index, people=people))
