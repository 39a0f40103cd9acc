"""Provision: the same programme twice within each other's reach (dubbeling)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.weighting import homes, indexer, joined, open_sites, positions
from geo_mbo.counts import COUNTS, total

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats
    from geo_mbo.travel import TravelMatrix

SMALL_STUDENTS = 18
"""Fewer students in a programme at each of several institutions in a region are a signal in the
Beleidsregel macrodoelmatigheid beroepsonderwijs (2015)."""

_A = tuple(name.replace("students", "students_a") for name in COUNTS)
_B = tuple(name.replace("students", "students_b") for name in COUNTS)
_DUPLICATION = {
    "programme_id": "str",
    "programme": "str",
    "track": "str",
    "site_a": "str",
    "site_b": "str",
    "institution_a": "str",
    "institution_b": "str",
    "same_institution": "bool",
    "mode": "str",
    "limit_min": "float64",
    "distance_km": "float64",
    "young_people_a": "float64",
    "young_people_b": "float64",
    "young_people_both": "float64",
    "overlap": "float64",
    **dict.fromkeys(_A, "float64"),
    **dict.fromkeys(_B, "float64"),
    "small": "bool",
    "small_possible": "bool",
}


def duplication(
    matrix: TravelMatrix,
    offers: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    origins: pd.DataFrame,
    enrolments: pd.DataFrame,
    *,
    limit_min: float,
    min_overlap: float = 0.5,
    within_institution: bool = False,
) -> pd.DataFrame:
    """Find pairs of sites that offer the same programme and track to the same young people.

    The overlap of two sites is the number of young people within the limit of both, divided by
    that of the smaller one (Szymkiewicz-Simpson coefficient): 1 when one lies wholly in the other.

    A row is a reason to look, never a verdict. The signal of fewer than 18 students at both is one
    of several in the Beleidsregel macrodoelmatigheid beroepsonderwijs (2015); SBB advises never to
    decide on one number, and one name does not always mean one programme.

    Parameters
    ----------
    matrix
        Travel times.
    offers
        Contract OFFERS; those of sites that are not open are left out.
    sites
        Contract SITES; open ones count (existing and competitor).
    origins
        Contract ORIGINS; the weight is the number of young people.
    enrolments
        Contract STUDENTS, institution x programme, the rows of one year; may be empty.
    limit_min
        Limit in minutes; exactly so long is within.
    min_overlap
        Least overlap (0-1) of a pair that is listed.
    within_institution
        List pairs of one institution too; the column ``same_institution`` tells them apart.

    Returns
    -------
    pandas.DataFrame
        ``programme_id``, ``programme``, ``track``, ``site_a`` and ``site_b`` (the first by id is
        a), ``institution_a``, ``institution_b``, ``same_institution``, ``mode``, ``limit_min``,
        ``distance_km`` as the crow flies (``nan``: not located), ``young_people_a``, ``_b``,
        ``_both`` within the limit, ``overlap``, ``students_a`` and ``students_b`` (and bounds):
        the institution's enrolment in the programme in all its tracks (``nan``: not known),
        ``small``: both surely have fewer than 18, ``small_possible``: both may have. Modes in the
        order of the matrix; within each the most shared young people first.

    Raises
    ------
    InputError
        The matrix has no times for an origin or a site.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> t = town.tables
    >>> found = duplication(town.matrix.select(modes=["bike"]), t.offers, t.sites, t.origins,
    ...                     t.enrolments, limit_min=30)
    >>> found[["programme_id", "site_a", "site_b", "overlap", "students_a", "students_b", "small"]]
      programme_id   site_a   site_b  overlap  students_a  students_b  small
    0        98001  90AA001  90BB001      1.0        14.5        12.0   True
    """
    usable = open_sites(sites)
    pairs = _pairs(offers, usable)
    if not within_institution:
        pairs = pairs[~pairs["same_institution"]]
    there = homes(matrix, origins)
    columns = positions(usable["site_id"], matrix.sites, what="sites")
    known = total(enrolments, ["institution_id", "programme_id"])
    parts = []
    for mode in matrix.modes:
        within = (there.minutes(matrix, mode)[:, columns] <= limit_min).astype(float)
        # One product of matrices counts the shared people of all pairs of sites at once.
        shared = within.T @ (within * there.people[:, None])
        found = _overlaps(pairs, shared, least=min_overlap)
        found = _with_enrolments(found.assign(mode=mode, limit_min=float(limit_min)), known)
        parts.append(
            found.sort_values(
                ["young_people_both", "programme_id", "track", "site_a", "site_b"],
                ascending=[False, True, True, True, True],
            )
        )
    return joined(parts, _DUPLICATION)


def _pairs(offers: pd.DataFrame, sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """List all pairs of open sites with the same programme and track; `a`, `b`: their positions."""
    import pandas as pd

    offered = offers[offers["site_id"].isin(sites["site_id"])].sort_values(
        ["programme_id", "track", "site_id"], ignore_index=True
    )
    group = offered.groupby(["programme_id", "track"], sort=False).ngroup().to_numpy()
    partners = np.searchsorted(group, group, side="right") - np.arange(len(group)) - 1
    first = np.repeat(np.arange(len(group)), partners)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(partners) - partners, partners)
    at = indexer(offered["site_id"], sites["site_id"])
    a, b = at[first], at[second]
    owners = sites["institution_id"].to_numpy(object)
    x, y = sites.geometry.x.to_numpy(), sites.geometry.y.to_numpy()
    named = offered[["programme_id", "programme", "track"]].iloc[first]
    return named.reset_index(drop=True).assign(
        a=a,
        b=b,
        site_a=sites["site_id"].to_numpy(object)[a],
        site_b=sites["site_id"].to_numpy(object)[b],
        institution_a=pd.array(owners[a], dtype="str"),
        institution_b=pd.array(owners[b], dtype="str"),
        same_institution=(owners[a] == owners[b]) & sites["institution_id"].notna().to_numpy()[a],
        distance_km=np.hypot(x[a] - x[b], y[a] - y[b]) / 1000,
    )


def _overlaps(pairs: pd.DataFrame, shared: Floats, *, least: float) -> pd.DataFrame:
    """Keep the pairs with enough shared people; `shared` has one's own people on its diagonal."""
    a, b = pairs["a"].to_numpy(int), pairs["b"].to_numpy(int)
    smaller = np.minimum(shared[a, a], shared[b, b])
    overlap = np.divide(shared[a, b], smaller, out=np.zeros(len(a)), where=smaller > 0)
    keep = (smaller > 0) & (overlap >= least)
    a, b = a[keep], b[keep]
    kept: pd.DataFrame = pairs[keep]
    return kept.assign(
        young_people_a=shared[a, a],
        young_people_b=shared[b, b],
        young_people_both=shared[a, b],
        overlap=overlap[keep],
    )


def _with_enrolments(found: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Add what both institutions enrol in the programme, and whether both are small."""
    result = found
    for side, names in (("a", _A), ("b", _B)):
        owner = f"institution_{side}"
        counts = known.rename(
            columns={"institution_id": owner, **dict(zip(COUNTS, names, strict=True))}
        )
        # An institution that is not known must not meet enrolments that lack one.
        result = result.merge(counts.dropna(subset=[owner]), on=[owner, "programme_id"], how="left")
    return result.assign(
        small=(result[[_A[2], _B[2]]] < SMALL_STUDENTS).all(axis=1),
        small_possible=(result[[_A[1], _B[1]]] < SMALL_STUDENTS).all(axis=1),
    )
