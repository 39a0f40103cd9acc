"""Nearest of all: the nearest site, the nearest providers, the nearest site with a programme.

All take minutes as origins x sites (``inf``: not reached). Of equally near ones the first column
is taken; callers give columns by id, so that the answer does not hang on the order of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.weighting import positions, provider_ids

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Whole
    from geo_mbo.travel import TravelMatrix


def nearest_site(minutes: Floats) -> Whole:
    """Give the column of each row's least time; -1 where nothing is reached.

    Examples
    --------
    >>> nearest_site(np.array([[8.0, 8.0, 12.0], [np.inf, 9.0, np.inf], [np.inf] * 3]))
    array([ 0,  1, -1])
    """
    if not minutes.shape[1]:
        return np.full(len(minutes), -1)
    at = minutes.argmin(axis=1)
    return np.where(np.isfinite(minutes[np.arange(len(minutes)), at]), at, -1)


def nearest_providers(
    minutes: Floats, matrix: TravelMatrix, sites: pd.DataFrame, n: int
) -> tuple[Floats, Whole]:
    """Give minutes and site (position in `sites`, -1: none) of the n nearest, each n x origins."""
    providers = provider_ids(sites)
    order = np.lexsort((sites["site_id"].to_numpy(object), providers.to_numpy(object)))
    columns = positions(sites["site_id"].iloc[order], matrix.sites, what="sites")
    first = np.flatnonzero(~providers.iloc[order].duplicated().to_numpy())
    times = np.full((n, len(minutes)), np.inf)
    at = np.full((n, len(minutes)), -1, dtype=np.intp)
    if not len(first) or not len(minutes):
        return times, at
    there = minutes[:, columns]
    best = np.minimum.reduceat(there, first, axis=1)
    ranked = np.argsort(best, axis=1, kind="stable")[:, :n]
    found = np.take_along_axis(best, ranked, axis=1)
    times[: ranked.shape[1]] = found.T
    stops = np.append(first[1:], len(order))
    for provider, (start, stop) in enumerate(zip(first, stops, strict=True)):
        near, rank = np.nonzero((ranked == provider) & np.isfinite(found))
        at[rank, near] = order[start + there[near, start:stop].argmin(axis=1)]
    return times, at


def nearest_offering(minutes: Floats, offering: list[Whole]) -> tuple[Floats, Whole]:
    """Give time and column of the nearest site of each programme, each programmes x origins.

    Examples
    --------
    >>> times, at = nearest_offering(np.array([[8.0, 16.0]]), [np.array([1]), np.array([0, 1])])
    >>> times.tolist(), at.tolist()
    ([[16.0], [8.0]], [[1], [0]])
    """
    times = np.full((len(offering), len(minutes)), np.inf, dtype=np.float32)
    at = np.full((len(offering), len(minutes)), -1, dtype=np.int32)
    # Rows of the turned plane lie together in memory: minima over them are several times faster.
    by_site = np.ascontiguousarray(minutes.T)
    everyone = np.arange(len(minutes))
    for k, columns in enumerate(offering):
        if len(columns) and len(minutes):
            first = by_site[columns].argmin(axis=0)
            times[k] = by_site[columns[first], everyone]
            at[k] = np.where(np.isfinite(times[k]), columns[first], -1)
    return times, at
