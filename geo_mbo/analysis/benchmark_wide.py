"""Benchmark of institutions and regions: beside the country, and beside peers of like size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.benchmark_students import (
    ENDS,
    KINDS,
    Students,
    gathered,
    subjects,
    tidy,
    together,
)
from geo_mbo.analysis.benchmark_travel import access_by, travelled_by
from geo_mbo.analysis.market import hhi_of, provider_flows
from geo_mbo.analysis.members import FEWEST, WIDE, catchments
from geo_mbo.analysis.privacy import veiled
from geo_mbo.analysis.weighting import indexer, joined
from geo_mbo.counts import COUNTS, share, total
from geo_mbo.intervals import growth, weighted_mean
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix


_WIDE = {
    "kind": "str",
    "subject_id": "str",
    "subject": "str",
    "mode": "str",
    "measure": "str",
    "unit": "str",
    **dict.fromkeys(ENDS, "float64"),
    **dict.fromkeys(("national", "national_low", "national_high"), "float64"),
    **dict.fromkeys(("peers_mean", "peers_low", "peers_high"), "float64"),
    "peer_ids": "str",
    "base_year": "float64",
    "year": "float64",
    "withheld": "bool",
}


def wide_benchmark(
    tables: Tables,
    matrix: TravelMatrix,
    *,
    limit_min: float,
    year: int | None = None,
    peers: int = 5,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Put each institution and region beside the country and beside peers of like size.

    Travel says as much about where students live as about an institution; peers of like size make a
    fairer comparison than the country, and neither is a norm.

    Parameters
    ----------
    tables
        Students, sites, origins and areas are used.
    matrix
        Travel times; also of sites that closed since.
    limit_min
        Limit in minutes of ``access_index``; exactly so long is within.
    year
        Year of the students; None: the latest.
    peers
        How many of the nearest in number of students are peers; equal ones by id.
    notify
        Gets a note on subjects of fewer than five students, of which nothing is told.

    Returns
    -------
    pandas.DataFrame
        One row a subject, mode and measure: ``kind`` (``institution``; ``region``: students who
        live there, labour-market regions where there are any, else provinces; ``country``),
        ``subject_id``, ``subject``, ``mode`` (missing where it plays no part), ``measure``,
        ``unit``, ``value`` with bounds, ``national`` with bounds, ``peers_mean`` and the range
        ``peers_low`` to ``peers_high`` of the peers' values, ``peer_ids`` with ``;`` between them,
        ``base_year`` (of growth), ``year``, ``withheld``: of fewer than five students, or of fewer
        than five whose trip can be told; the value is missing. Measures:

        ``students``; ``growth`` from the first to the last year of the past up to `year`;
        ``told_share``: share of them whose trip can be told; ``market_share``: share of an
        institution in all students who live in its own wide catchment; ``hhi``: mean concentration
        of providers where the students live (`geo_mbo.analysis.market.concentration`); by mode
        ``minutes_`` and ``km_`` ``mean``, ``p50``, ``p80`` and ``p95``, ``unreached_share``, and
        ``access_index``: mean number of institutions within the limit of the students' homes, as a
        part of that of the country.

        Bounds of ``minutes_mean``, ``km_mean``, shares and growth are exact; those of quantiles,
        ``hhi`` and ``access_index`` hold, but may not be reached.

    Raises
    ------
    InputError
        The matrix has no times for an origin or an open site.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = wide_benchmark(town.tables, town.matrix.select(modes=["bike"]), limit_min=30)
    >>> found.query("measure == 'minutes_mean'")[
    ...     ["subject_id", "value", "value_low", "value_high", "national", "peers_mean"]].round(2)
       subject_id  value  value_low  value_high  national  peers_mean
    5        90AA  16.77      16.46       17.08      16.4       15.46
    19       90BB  15.46      14.61       16.25      16.4       16.77
    32       PV90  16.40      15.94       16.84      16.4         NaN
    45         NL  16.40      15.94       16.84      16.4         NaN
    """
    given = gathered(tables, matrix, year)
    parts = [
        _numbers(given),
        _grown(tables, given),
        _held(given),
        _market(given),
        *(travelled_by(matrix, given, mode) for mode in matrix.modes),
        *(access_by(tables, matrix, given, mode, limit_min) for mode in matrix.modes),
    ]
    found = together(parts)
    if found.empty:
        return joined([], _WIDE)
    told = _beside(_withheld(found, given, notify), peers=peers)
    names = [given.names[k].get(i, i) for k, i in told[["kind", "subject_id"]].to_numpy()]
    told = told.assign(subject=names, year=float(given.year))
    order = told["kind"].map(KINDS.index)
    ordered = told.assign(order=order).sort_values(["order", "subject_id"], kind="stable")
    return joined([ordered], _WIDE)


def _numbers(given: Students) -> pd.DataFrame:
    """Give the number of students, and the share of them whose trip can be told."""
    parts = []
    for kind in KINDS:
        whole = _totals(given.rows, kind)
        parts.append(tidy(_valued(whole), kind, "students", "students"))
        placed = _totals(given.moving.pairs, kind).set_index(kind)
        part = placed.reindex(whole[kind]).fillna(0.0).reset_index()
        # Counts of 1-4 were widened part by part, so that a part may exceed its whole.
        ratio = share(part, _at_least(whole, part))
        ratio.columns = list(ENDS)
        parts.append(tidy(whole[[kind]].join(ratio), kind, "told_share", "share"))
    return together(parts)


def _totals(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    return veiled(total(rows.dropna(subset=[kind]), [kind]))


def _at_least(whole: pd.DataFrame, part: pd.DataFrame) -> pd.DataFrame:
    return whole.assign(**{name: np.maximum(whole[name], part[name]) for name in COUNTS})


def _valued(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.rename(columns=dict(zip(COUNTS, ENDS, strict=True)))


def _grown(tables: Tables, given: Students) -> pd.DataFrame:
    """Give the growth from the first year of the past to this one."""
    history = tables.students[tables.students["kind"] == "history"]
    years = sorted(there for there in set(history["year"]) if there <= given.year)
    if len(years) < 2:
        return together([])
    first = subjects(history[history["year"] == years[0]], tables, given.region)
    parts = []
    for kind in KINDS:
        before, after = (_totals(rows, kind).set_index(kind) for rows in (first, given.rows))
        both = before.index.union(after.index)
        change = growth(before.reindex(both).fillna(0.0), after.reindex(both).fillna(0.0))
        change.columns = list(ENDS)
        found = change.rename_axis(kind).reset_index()
        parts.append(tidy(found, kind, "growth", "share").assign(base_year=float(years[0])))
    return together(parts)


def _held(given: Students) -> pd.DataFrame:
    """Give the share of each institution in the students of its own wide catchment."""
    flows = provider_flows(given.rows, "institution_id")
    areas = catchments(flows.rename(columns={"provider_id": "site_id"}), core=0.5, wide=WIDE)
    inside = areas[areas["wide"]].rename(columns={"site_id": "institution"})
    all_of = flows.groupby("area_id")[list(COUNTS)].sum()
    own = inside.groupby("institution")[list(COUNTS)].sum()
    everybody = all_of.reindex(inside["area_id"]).set_axis(inside["institution"])
    whole = everybody.groupby(level=0).sum().reindex(own.index)
    ratio = share(own, whole)
    ratio.columns = list(ENDS)
    return tidy(ratio.reset_index(), "institution", "market_share", "share")


def _market(given: Students) -> pd.DataFrame:
    """Give the concentration of providers where the students of each subject live."""
    import pandas as pd

    flows = provider_flows(given.rows, "institution_id")
    areas = sorted(set(flows["area_id"]))
    place = indexer(flows["area_id"], areas)
    values = [flows[name].to_numpy(float) for name in COUNTS]
    index = dict(zip(ENDS, hhi_of(place, *values, count=len(areas)), strict=True))
    home = given.rows[given.rows["origin_kind"] == "municipality"]
    parts = []
    for kind in KINDS:
        rows = veiled(total(home.dropna(subset=[kind]), [kind, "origin_id"]))
        at = indexer(rows["origin_id"], areas)
        known = rows[at >= 0].reset_index(drop=True)
        of_row = {end: pd.Series(values[at[at >= 0]]) for end, values in index.items()}
        means = {end: weighted_mean(known, values, by=[kind]) for end, values in of_row.items()}
        ends = {end: mean[end] for end, mean in means.items()}
        parts.append(tidy(means["value"].assign(**ends), kind, "hhi", "share"))
    return together(parts)


def _withheld(found: pd.DataFrame, given: Students, notify: Notify) -> pd.DataFrame:
    """Leave out what would be of fewer than five students: all but their number, or their travel.

    Of a subject with more students the trips of fewer than five may be known.
    """
    number = found[found["measure"] == "students"].set_index(["kind", "subject_id"])["value_high"]
    few = set(number.index[number < FEWEST])
    if few:
        notify(note("subjects_withheld", sorted(subject for _, subject in few)))
    travelling = {
        (kind, subject)
        for kind in KINDS
        for subject, high in _totals(given.moving.pairs, kind)[[kind, COUNTS[2]]].to_numpy()
        if high >= FEWEST
    }
    of_subject = list(zip(found["kind"], found["subject_id"], strict=True))
    small = np.array([key in few for key in of_subject], dtype=bool)
    still = np.array([key not in travelling for key in of_subject], dtype=bool)
    hidden = small & (found["measure"] != "students").to_numpy()
    hidden |= still & found["mode"].notna().to_numpy()
    told = found.assign(withheld=small | hidden)
    told.loc[hidden, list(ENDS)] = np.nan
    return told


def _beside(found: pd.DataFrame, *, peers: int) -> pd.DataFrame:
    """Put the national figure and that of the peers beside each value."""
    keys = ["mode", "measure"]
    told = found.assign(mode=found["mode"].astype("str").fillna(""))
    country = told[told["kind"] == "country"].set_index(keys)[list(ENDS)]
    country.columns = ["national", "national_low", "national_high"]
    told = told.join(country, on=keys)
    near = _peers(told, peers)
    values = told.set_index(["kind", "subject_id", *keys])["value"].to_dict()
    summed = []
    for kind, subject, *key in told[["kind", "subject_id", *keys]].to_numpy():
        others = [values.get((kind, other, *key), np.nan) for other in near[kind, subject]]
        known = [value for value in others if np.isfinite(value)]
        summed.append(
            (np.mean(known), min(known), max(known)) if known else (np.nan, np.nan, np.nan)
        )
    told[["peers_mean", "peers_low", "peers_high"]] = summed
    ids = [";".join(near[k, s]) for k, s in told[["kind", "subject_id"]].to_numpy()]
    return told.assign(
        peer_ids=ids,
        mode=told["mode"].where(told["mode"] != ""),
        base_year=told.get("base_year", np.nan),
    )


def _peers(told: pd.DataFrame, count: int) -> dict[tuple[str, str], list[str]]:
    """Give the subjects of the same kind that are nearest in number of students."""
    sizes = told[told["measure"] == "students"]
    found = {}
    for kind in KINDS:
        rows = sizes[sizes["kind"] == kind].sort_values("subject_id")
        ids, size = rows["subject_id"].to_numpy(object), rows["value"].to_numpy(float)
        usable = ~rows["withheld"].to_numpy(bool)
        for k, subject in enumerate(ids):
            order = np.argsort(np.abs(size - size[k]), kind="stable")
            others = [ids[n] for n in order if n != k and usable[n]]
            found[kind, subject] = others[:count] if usable[k] else []
    return found
