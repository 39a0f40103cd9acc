"""What the measures share: people at their origins, areas as distributions, quantiles.

A municipality is not a point. Its travel time is a distribution over the origins inside it, each
with the weight of the young people who live there. Three rules hold in every measure:

* A *quantile* is the smallest value whose cumulative weight reaches the share asked, over all
  the weight: who reaches nothing counts as ``inf`` at the far end. When 40 % reach nothing the 80 %
  quantile is ``inf``.
* A *mean* is over those who reach something, and always stands beside the share that does; it is
  ``inf`` where nobody does.
* In an area where no young people live its origins count equally in distributions and shares; its
  number of people stays 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from geo_mbo.counts import COUNTS
from geo_mbo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from geo_mbo.travel import TravelMatrix

    Floats = NDArray[np.floating[Any]]
    Whole = NDArray[np.integer[Any]]
    Truths = NDArray[np.bool_]

SLACK = 1e-9
"""Relative slack where a sum of weights meets a share: rounding never decides."""

OPEN = ("existing", "competitor")
"""Status of the sites where one can go to school now."""


@dataclass(frozen=True)
class Homes:
    """Origins put in the order of their areas, with their place in a travel matrix.

    Attributes
    ----------
    ids, area_ids
        The origins; the areas, each once. Both sorted: areas by id, origins by id within.
    at
        Position of each origin in the matrix.
    area
        Position in `area_ids` of each origin's area.
    starts
        Position of the first origin of each area.
    people
        Young people of each origin.
    weight
        The same; 1 each in areas where nobody young lives.
    """

    ids: pd.Index[Any]
    area_ids: pd.Index[Any]
    at: Whole
    area: Whole
    starts: Whole
    people: Floats
    weight: Floats

    @property
    def stops(self) -> Whole:
        """Give the position behind the last origin of each area."""
        return np.append(self.starts, len(self.ids))[1:]

    def minutes(self, matrix: TravelMatrix, mode: str) -> Floats:
        """Give the minutes of one mode, origins in this order."""
        return cast("Floats", matrix.minutes(mode)[self.at])

    def per_area(self, values: Floats) -> Floats:
        """Add up values of origins (last axis) by area."""
        if len(self.starts) == 0:
            return np.zeros((*values.shape[:-1], 0))
        return np.add.reduceat(values, self.starts, axis=-1)


def homes(matrix: TravelMatrix, origins: pd.DataFrame) -> Homes:
    """Put origins in the order of their areas.

    Raises
    ------
    InputError
        The matrix has no row for an origin.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> there = homes(town.matrix, town.tables.origins)
    >>> list(there.area_ids), there.starts, there.per_area(there.people)
    (['GM9001', 'GM9002', 'GM9003'], array([0, 2, 4]), array([400., 250.,  50.]))
    """
    import pandas as pd

    table = origins[["origin_id", "area_id", "weight"]].sort_values(["area_id", "origin_id"])
    area_ids = pd.Index(table["area_id"].unique())
    area = area_ids.get_indexer(pd.Index(table["area_id"]))
    people = table["weight"].to_numpy(float)
    inhabited = np.bincount(area, weights=people, minlength=len(area_ids))[area] > 0
    return Homes(
        ids=pd.Index(table["origin_id"]),
        area_ids=area_ids,
        at=positions(table["origin_id"], matrix.origins, what="origins"),
        area=area,
        starts=np.flatnonzero(np.diff(area, prepend=-1)),
        people=people,
        weight=np.where(inhabited, people, 1.0),
    )


def positions(wanted: Iterable[str], known: Iterable[str], *, what: str) -> Whole:
    """Give where the ids `wanted` stand in `known`.

    Raises
    ------
    InputError
        Some stand nowhere: the matrix was made for other origins or sites.
    """
    at = indexer(wanted, known)
    if (at < 0).any():
        absent = np.array(list(wanted), dtype=object)[at < 0]
        raise InputError.of(f"matrix_lacks_{what}", count=len(absent), first=str(absent[0]))
    return at


def indexer(wanted: Iterable[str], known: Iterable[str]) -> Whole:
    """Give where the ids `wanted` stand in `known`; -1 for those that stand nowhere."""
    import pandas as pd

    ids = pd.Index(np.array(list(known), dtype=object))
    return cast("Whole", ids.get_indexer(pd.Index(np.array(list(wanted), dtype=object))))


def open_sites(sites: pd.DataFrame) -> pd.DataFrame:
    """Give the sites where one can go to school now: existing ones and competitors, by site_id.

    Candidates and closed sites are left out; a scenario opens and closes them.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> list(open_sites(sample_town().tables.sites)["site_id"])
    ['90AA001', '90AA002', '90BB001']
    """
    return sites[sites["status"].isin(OPEN)].sort_values("site_id", ignore_index=True)


def provider_ids(sites: pd.DataFrame) -> pd.Series:
    """Give the provider of each site: its institution, or the site itself where none is known."""
    return sites["institution_id"].fillna(sites["site_id"])


def reached_stats(minutes: Floats, there: Homes) -> dict[str, Floats]:
    """Give mean, quantiles and reached share by area.

    Parameters
    ----------
    minutes
        Minutes (or ``inf``), measures in rows, origins in columns in the order of `there`.
    there
        The origins and their weights.

    Returns
    -------
    dict
        ``minutes_mean``, ``minutes_p50``, ``minutes_p80``, ``reached_share``: measures x areas.
    """
    reached = np.isfinite(minutes)
    whole = there.per_area(there.weight)
    within = there.per_area(reached * there.weight)
    added = there.per_area(np.where(reached, minutes, 0.0) * there.weight)
    mean = np.full(within.shape, np.inf)
    np.divide(added, within, out=mean, where=within > 0)
    at = area_quantiles(minutes, there, shares=(0.5, 0.8))
    halves, eighty = np.take_along_axis(minutes[None], at, axis=-1).astype(float)
    return {
        "minutes_mean": mean,
        "minutes_p50": halves,
        "minutes_p80": eighty,
        "reached_share": within / whole,
    }


def area_quantiles(minutes: Floats, there: Homes, *, shares: tuple[float, ...]) -> Whole:
    """Find the origin at each weighted quantile of each area.

    Returns
    -------
    numpy.ndarray
        Positions of origins: shares x measures x areas.
    """
    found = np.zeros((len(shares), len(minutes), len(there.starts)), dtype=np.intp)
    # One area after another: a few hundred sorts of narrow blocks beat one sort of everything.
    for k, (start, stop) in enumerate(zip(there.starts, there.stops, strict=True)):
        order = np.argsort(minutes[:, start:stop], axis=1, kind="stable")
        reached = np.cumsum(there.weight[start:stop][order], axis=1)
        for i, share in enumerate(shares):
            enough = reached >= share * reached[:, -1:] * (1 - SLACK)
            first = enough.argmax(axis=1)[:, None]
            found[i, :, k] = start + np.take_along_axis(order, first, axis=1)[:, 0]
    return found


def group_quantiles(
    values: Floats, weights: Floats, groups: Whole, *, count: int, shares: tuple[float, ...]
) -> Floats:
    """Give weighted quantiles of groups in long form.

    Parameters
    ----------
    values, weights, groups
        One item each: its value (may be ``inf``), its weight, its group 0..`count` - 1.
    count
        Number of groups.
    shares
        Quantiles asked, 0-1.

    Returns
    -------
    numpy.ndarray
        Shares x groups; ``nan`` for a group without weight.

    Examples
    --------
    >>> import numpy as np
    >>> group_quantiles(np.array([8.0, 16.0]), np.array([1.0, 3.0]), np.array([0, 0]), count=2,
    ...                 shares=(0.25, 0.5))
    array([[ 8., nan],
           [16., nan]])
    """
    some = weights > 0
    values, weights, groups = values[some], weights[some], groups[some]
    order = np.lexsort((values, groups))
    values, weights, groups = values[order], weights[order], groups[order]
    reached = np.cumsum(weights)
    whole = np.bincount(groups, weights=weights, minlength=count)
    ends = np.searchsorted(groups, np.arange(count), side="right")
    before = np.append(0.0, reached)[np.searchsorted(groups, np.arange(count), side="left")]
    result = np.full((len(shares), count), np.nan)
    filled = whole > 0
    for i, share in enumerate(shares):
        due = before[filled] + share * whole[filled] * (1 - SLACK)
        at = np.minimum(np.searchsorted(reached, due, side="left"), ends[filled] - 1)
        result[i, filled] = values[at]
    return result


def scaled(counts: pd.DataFrame, part: Floats | Truths, groups: Whole, count: int) -> pd.DataFrame:
    """Add up parts of counts by group: ``students``, ``students_low``, ``students_high``.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> cell = pd.DataFrame({"students": [10.0], "students_low": [8.0], "students_high": [12.0]})
    >>> scaled(cell, np.array([0.25]), np.array([0]), 1)
       students  students_low  students_high
    0       2.5           2.0            3.0
    """
    import pandas as pd

    return pd.DataFrame(
        {
            name: np.bincount(groups, weights=counts[name].to_numpy(float) * part, minlength=count)
            for name in COUNTS
        }
    )


def named(ids: Iterable[str], at: Whole) -> Any:
    """Give the ids at these positions as a text column; -1 is missing.

    Examples
    --------
    >>> named(["90AA001", "90BB001"], np.array([1, -1])).tolist()
    ['90BB001', nan]
    """
    import pandas as pd

    return pd.array(list(ids), dtype="str").take(at, allow_fill=True)


def joined(parts: list[pd.DataFrame], like: Mapping[str, str]) -> pd.DataFrame:
    """Put frames under each other; without any, the columns of `like` with their types."""
    import pandas as pd

    filled = [part for part in parts if len(part)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in like.items()})
    return pd.concat(filled, ignore_index=True)[list(like)].astype(dict(like))
