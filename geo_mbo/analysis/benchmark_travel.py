"""Travel and choice of the students of institutions, regions and the country, with bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.benchmark_students import ENDS, KINDS, Students, tidy, together
from geo_mbo.analysis.weighting import indexer, open_sites, positions, provider_ids
from geo_mbo.counts import COUNTS
from geo_mbo.intervals import weighted_mean, weighted_quantiles, weighted_ratio

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Truths
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

QUANTILES = {0.5: "p50", 0.8: "p80", 0.95: "p95"}


def travelled_by(matrix: TravelMatrix, given: Students, mode: str) -> pd.DataFrame:
    """Give means and quantiles of minutes and kilometres of one mode."""
    moving, there = given.moving, given.there
    minutes = moving.values(there.minutes(matrix, mode))
    km = moving.values(matrix.meters(mode)[there.at]) / 1000
    reached = np.isfinite(minutes)
    within = _per_pair(given, reached.astype(float)).clip(0, 1)
    parts = []
    for kind in KINDS:
        some = moving.pairs[kind].notna().to_numpy()
        pairs = moving.pairs[some]
        lost = _ratio(pairs, 1 - within[some], np.ones(len(pairs)), kind)
        parts.append(tidy(lost, kind, "unreached_share", "share", mode))
        for unit, values in (("minutes", minutes), ("km", km)):
            if np.isnan(values[reached]).any():
                continue  # metres are not known
            above = _per_pair(given, np.where(reached, values, 0.0))
            mean = _ratio(pairs, np.where(within > 0, above, 0.0)[some], within[some], kind)
            nobody = (lost["value_low"] >= 1) & mean["value"].isna()
            mean[list(ENDS)] = mean[list(ENDS)].mask(nobody, np.inf)
            parts.append(tidy(mean, kind, f"{unit}_mean", unit, mode))
            far = np.where(reached, values, np.inf)
            spread = _spread(given, far, some[moving.row], kind)
            for part, name in QUANTILES.items():
                at = spread[spread["share"] == part]
                parts.append(tidy(at, kind, f"{unit}_{name}", unit, mode))
    return together(parts)


def _per_pair(given: Students, values: Floats) -> Floats:
    """Average the values of the parts of each pair of home and site."""
    moving = given.moving
    weights = moving.part * values
    return np.bincount(moving.row, weights=weights, minlength=len(moving.pairs)).astype(float)


def _ratio(pairs: pd.DataFrame, above: Floats, below: Floats, kind: str) -> pd.DataFrame:
    return weighted_ratio(pairs, above.tolist(), below.tolist(), by=[kind])


def _spread(given: Students, values: Floats, some: Truths, kind: str) -> pd.DataFrame:
    """Give quantiles over the parts of pairs.

    The parts of one pair have their bounds each, though they move together: the bounds of the
    quantiles hold, and may be wider than need be.
    """
    import pandas as pd

    moving = given.moving
    rows = moving.pairs.iloc[moving.row[some]].reset_index(drop=True)
    for name in COUNTS:
        rows[name] = rows[name].to_numpy(float) * moving.part[some]
    return weighted_quantiles(rows, pd.Series(values[some]), shares=list(QUANTILES), by=[kind])


def access_by(
    tables: Tables, matrix: TravelMatrix, given: Students, mode: str, limit_min: float
) -> pd.DataFrame:
    """Give how many institutions are within the limit of students' homes, beside the country."""
    usable = open_sites(tables.sites)
    columns = positions(usable["site_id"], matrix.sites, what="sites")
    owners = provider_ids(usable)
    providers = sorted(set(owners))
    moving, there = given.moving, given.there
    near = there.minutes(matrix, mode)[:, columns] <= limit_min
    offered = np.zeros((len(columns), len(providers)))
    offered[np.arange(len(columns)), indexer(owners, providers)] = 1
    choice = (near.astype(float) @ offered > 0).sum(axis=1).astype(float)
    of_pair = _per_pair(given, choice[moving.origin])
    everybody = moving.pairs["students"].to_numpy(float)
    mean = float((of_pair * everybody).sum() / everybody.sum()) if everybody.sum() else 0.0
    parts = []
    for kind in KINDS:
        some = moving.pairs[kind].notna().to_numpy()
        pairs = moving.pairs[some]
        found = weighted_mean(pairs, pairs["students"] * 0 + of_pair[some], by=[kind])
        found[list(ENDS)] = found[list(ENDS)] / mean if mean > 0 else np.nan
        parts.append(tidy(found, kind, "access_index", "index", mode))
    return together(parts)
