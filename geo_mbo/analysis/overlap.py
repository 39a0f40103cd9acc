"""How far the observed catchments of two sites overlap, with the interval of masked counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.members import FEWEST, WIDE, members
from geo_mbo.analysis.privacy import veiled
from geo_mbo.analysis.weighting import SLACK, indexer, joined, named
from geo_mbo.counts import COUNTS, total

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Whole

SIDES = ("", "_low", "_high")
_MOST_STEPS = 50
_OVERLAP = {
    "site_a": "str",
    "site_b": "str",
    **{f"students_shared{side}": "float64" for side in SIDES},
    **{f"sorensen{side}": "float64" for side in SIDES},
    **{f"share_a_in_b{side}": "float64" for side in SIDES},
    **{f"share_b_in_a{side}": "float64" for side in SIDES},
    "withheld": "bool",
}


@dataclass(frozen=True)
class Overlaps:
    """The overlap of every two sites, each a table of sites x sites.

    Attributes
    ----------
    shared
        Expected, low and high (first axis): students that both sites draw from one area, added up:
        the lesser of the two numbers in each.
    sorensen
        Twice the shared students divided by the students of both; ``nan`` for sites without.
    inside
        Share of the students of the first site (rows) who live in the wide catchment of the second.
    few
        Sites with fewer than five students: what is above is missing for them.
    """

    shared: Floats
    sorensen: Floats
    inside: Floats
    few: Whole


def site_overlap(students: pd.DataFrame, *, wide: float = WIDE) -> pd.DataFrame:
    """Tell for every two sites how far their observed catchments overlap.

    The index of Sorensen (1948) on numbers of students, which is the similarity of Bray and Curtis
    (1957): 0 where no municipality sends students to both, 1 where each sends both as many.

    The bounds of the index are exact: of all numbers within the bounds of the counts none gives
    less or more. The shares have bounds that hold, but both ends may not be reached.

    Parameters
    ----------
    students
        Contract STUDENTS, the rows of one year; those with a known municipality count.
    wide
        Share (0-1) of a site's students that its wide catchment holds.

    Returns
    -------
    pandas.DataFrame
        ``site_a`` and ``site_b`` (the first by id is a), ``students_shared``: of each municipality
        the lesser of the two numbers, ``sorensen`` (0-1), ``share_a_in_b``: share of the students
        of a who live in the wide catchment of b (0-1), and ``share_b_in_a``; each with bounds.
        ``withheld``: one of them has fewer than five students, and numbers are missing. Every two
        sites with students are there.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> students = sample_town().tables.students.query("year == 2024")
    >>> found = site_overlap(students)
    >>> found[["site_a", "site_b", "sorensen", "sorensen_low", "sorensen_high"]].round(3)
        site_a   site_b  sorensen  sorensen_low  sorensen_high
    0  90AA001  90AA002     0.238         0.210          0.267
    1  90AA001  90BB001     0.717         0.690          0.743
    2  90AA002  90BB001     0.137         0.057          0.211
    """
    known = students[students["origin_kind"] == "municipality"].dropna(subset=["site_id"])
    ids = sorted(known.loc[known["students_high"] > 0, "site_id"].unique())
    found = overlaps(students, ids, wide=wide)
    a, b = np.triu_indices(len(ids), k=1)
    columns: dict[str, object] = {"site_a": named(ids, a), "site_b": named(ids, b)}
    for k, side in enumerate(SIDES):
        columns[f"students_shared{side}"] = found.shared[k, a, b]
        columns[f"sorensen{side}"] = found.sorensen[k, a, b]
        columns[f"share_a_in_b{side}"] = found.inside[k, a, b]
        columns[f"share_b_in_a{side}"] = found.inside[k, b, a]
    import pandas as pd

    few = found.few.astype(bool)
    return joined([pd.DataFrame({**columns, "withheld": few[a] | few[b]})], _OVERLAP)


def overlaps(students: pd.DataFrame, site_ids: Iterable[str], *, wide: float = WIDE) -> Overlaps:
    """Give the overlap of every two of these sites as tables of sites x sites.

    Parameters
    ----------
    students, wide
        As for `site_overlap`.
    site_ids
        The sites, in the order of the tables; those without students overlap with nobody.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> students = sample_town().tables.students.query("year == 2024")
    >>> overlaps(students, ["90AA001", "90BB901"]).sorensen[0]
    array([[ 1., nan],
           [nan, nan]])
    """
    ids = list(site_ids)
    counts = _dense(students, ids)
    whole = counts.sum(axis=1)
    shared = np.stack([_shared(each) for each in counts])
    index = np.stack([_sorensen(shared[0], whole[0]), *_sorensen_bounds(counts)])
    inside = _inside(counts, wide)
    few = whole[2] < FEWEST
    index[:, whole[2] == 0] = np.nan
    index[:, :, whole[2] == 0] = np.nan
    for table in (shared, index, inside):
        hidden = few & (whole[2] > 0)
        table[:, hidden] = np.nan
        table[:, :, hidden] = np.nan
    return Overlaps(shared, index, inside, few)


def _dense(students: pd.DataFrame, ids: list[str]) -> Floats:
    """Give expected, low and high students as areas x sites; areas by id."""
    known = students[students["origin_kind"] == "municipality"]
    flows = veiled(total(known.dropna(subset=["site_id"]), ["origin_id", "site_id"]))
    flows = flows[flows["site_id"].isin(ids) & (flows["students_high"] > 0)]
    areas = sorted(flows["origin_id"].unique())
    counts = np.zeros((len(COUNTS), len(areas), len(ids)))
    at = indexer(flows["origin_id"], areas), indexer(flows["site_id"], ids)
    for k, name in enumerate(COUNTS):
        counts[k][at] = flows[name].to_numpy(float)
    return counts


def _shared(counts: Floats) -> Floats:
    """Add up the lesser of two numbers over areas, for every two sites."""
    found = np.zeros((counts.shape[1], counts.shape[1]))
    for k in range(counts.shape[1]):
        some = counts[:, k] > 0
        found[k] = np.minimum(counts[some, k, None], counts[some]).sum(axis=0)
    return found


def _sorensen(shared: Floats, whole: Floats) -> Floats:
    both = whole[:, None] + whole[None, :]
    return np.divide(2 * shared, both, out=np.zeros_like(shared), where=both > 0)


def _sorensen_bounds(counts: Floats) -> tuple[Floats, Floats]:
    """Give the least and greatest index within the bounds of the counts.

    Most alike are two numbers that are equal, or as near as their bounds let them be. The least
    index is that of a ratio of sums with one term an area, found by the method of Dinkelbach
    (1967): at a given index the least term of an area has one number low and the other high.
    """
    _, low, high = counts
    size = counts.shape[2]
    least, most = np.ones((2, size, size))
    start = _sorensen(_shared(counts[0]), counts[0].sum(axis=0))
    for k in range(size):
        some = high[:, k] > 0
        mine = low[some, k, None], high[some, k, None]
        theirs = low[some, k + 1 :], high[some, k + 1 :]
        elsewhere = low[~some, k + 1 :].sum(axis=0), high[~some, k + 1 :].sum(axis=0)
        highest = _most_alike(mine, theirs, elsewhere[0])
        lowest = _least_alike(mine, theirs, elsewhere[1], start[k, k + 1 :])
        most[k, k + 1 :] = most[k + 1 :, k] = highest
        least[k, k + 1 :] = least[k + 1 :, k] = lowest
    return least, most


Bounds = tuple["Floats", "Floats"]


def _most_alike(mine: Bounds, theirs: Bounds, elsewhere: Floats) -> Floats:
    meeting = np.minimum(mine[1], theirs[1])
    one, other = np.maximum(mine[0], meeting), np.maximum(theirs[0], meeting)
    return _ratio(2 * np.minimum(one, other).sum(axis=0), (one + other).sum(axis=0) + elsewhere)


def _least_alike(mine: Bounds, theirs: Bounds, elsewhere: Floats, start: Floats) -> Floats:
    terms = [
        (2 * np.minimum(one, other), one + other)
        for one, other in ((mine[0], theirs[1]), (mine[1], theirs[0]))
    ]
    (first, first_both), (second, second_both) = terms
    found = start
    for _ in range(_MOST_STEPS):
        choose = first - found * first_both <= second - found * second_both
        shared = np.where(choose, first, second).sum(axis=0)
        both = np.where(choose, first_both, second_both).sum(axis=0) + elsewhere
        better = _ratio(shared, both)
        if (better >= found * (1 - SLACK)).all():
            break
        found = np.minimum(better, found)
    return found


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)


def _inside(counts: Floats, wide: float) -> Floats:
    """Give the share of each site's students in the wide catchment of each other."""
    inside = np.zeros(counts.shape, dtype=bool)
    for k in range(counts.shape[2]):
        some = np.flatnonzero(counts[2, :, k] > 0)
        _, low, high = counts[:, some, k]
        expected = counts[0, some, k]
        inside[0, some, k] = members(expected, expected, least=wide)[0]
        inside[1, some, k], inside[2, some, k] = members(low, high, least=wide)
    expected, low, high = counts
    within, surely, perhaps = inside.astype(float)
    return np.stack(
        [
            _part(expected.T @ within, expected.T @ (1 - within)),
            _part(low.T @ surely, high.T @ (1 - surely)),
            _part(high.T @ perhaps, low.T @ (1 - perhaps)),
        ]
    )


def _part(part: Floats, rest: Floats) -> Floats:
    whole = part + rest
    result = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
