"""How numbers of students grow: of providers to each forecast year, and from first to last year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.privacy import veiled
from geo_mbo.analysis.units import UNIT_COLUMNS
from geo_mbo.analysis.weighting import indexer, joined
from geo_mbo.counts import COUNTS, total

_FORECAST = {
    **UNIT_COLUMNS,
    "site_a": "str",
    "site_b": "str",
    "year": "int64",
    **{
        name.replace("students", f"students_{who}"): "float64"
        for who in ("a", "b", "together")
        for name in COUNTS
    },
}

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats


def growth_of(
    students: pd.DataFrame,
    sites: pd.DataFrame,
    providers: list[str],
    *,
    year: int | None = None,
    to: int | None = None,
) -> tuple[float, Floats]:
    """Give how many times as many students each provider is forecast to have.

    Parameters
    ----------
    students
        Contract STUDENTS; history and forecast. The sum of a provider's sites counts.
    sites
        Contract SITES: the institution of a site where a row does not tell it.
    providers
        Ids of institutions.
    year, to
        From the history of this year (None: the latest) to the forecast of that (None: the last).

    Returns
    -------
    tuple
        The forecast year (``nan``: there is none), and expected, low and high ratio: 3 x providers;
        ``nan`` where either year is not known, ``inf`` where there may be nobody now.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> t = sample_town().tables
    >>> year, ratio = growth_of(t.students, t.sites, ["90AA", "90BB"])
    >>> year, ratio[0].round(3)
    (2030.0, array([0.838, 0.725]))
    """
    rows = with_institutions(students, sites)
    counted, ahead = (rows[rows["kind"] == kind] for kind in ("history", "forecast"))
    last = to if to is not None else ahead["year"].max() if len(ahead) else np.nan
    first = year if year is not None else counted["year"].max() if len(counted) else np.nan
    now = _by_provider(counted[counted["year"] == first], providers)
    then = _by_provider(ahead[ahead["year"] == last], providers)
    expected = _ratio(then[0], now[0])
    return float(last), np.stack([expected, _ratio(then[1], now[2]), _ratio(then[2], now[1])])


def pair_forecast(
    pairs: pd.DataFrame,
    students: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    year: int | None = None,
) -> pd.DataFrame:
    """Give the students of each pair of sites, each and together, in every year of the forecast.

    Parameters
    ----------
    pairs
        Rows of `geo_mbo.analysis.pairs.provision_pairs`; choose those that matter first.
    students, sites
        Contracts STUDENTS and SITES.
    year
        Year of the students in `pairs`; None: the latest.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``unit``, ``level``, ``track``, ``site_a``, ``site_b``, ``year``, ``students_a``,
        ``students_b`` and ``students_together`` (and bounds): what the institutions would have when
        the unit keeps its part of their students. One row a pair and year, whatever the modes.

    Examples
    --------
    >>> from geo_mbo.analysis.pairs import provision_pairs
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> pairs = provision_pairs(town.tables, town.matrix.select(modes=["bike"]), limit_min=30)
    >>> found = pair_forecast(pairs, town.tables.students, town.tables.sites)
    >>> found[["unit", "year", "students_a", "students_b", "students_together"]].round(1)
        unit  year  students_a  students_b  students_together
    0  98001  2030        10.1         8.7               18.8
    1  98003  2030        16.8        12.3               29.1
    """
    keys = ["by", "unit", "level", "track", "site_a", "site_b"]
    rows = pairs.drop_duplicates(keys, ignore_index=True)
    owners = {side: rows[f"institution_{side}"].fillna(rows[f"site_{side}"]) for side in "ab"}
    names = sorted({*owners["a"], *owners["b"]})
    at = {side: indexer(owner, names) for side, owner in owners.items()}
    parts = []
    for ahead in sorted(students.loc[students["kind"] == "forecast", "year"].unique()):
        _, growth = growth_of(students, sites, names, year=year, to=int(ahead))
        part = rows[keys].assign(year=int(ahead))
        for k, name in enumerate(COUNTS):
            each = {
                side: rows[name.replace("students", f"students_{side}")] * growth[k, place]
                for side, place in at.items()
            }
            both = each["a"].where(at["a"] == at["b"], each["a"] + each["b"])
            for who, values in {**each, "together": both}.items():
                part[name.replace("students", f"students_{who}")] = values
        parts.append(part)
    return joined(parts, _FORECAST)


def _by_provider(rows: pd.DataFrame, providers: list[str]) -> Floats:
    sums = total(rows.dropna(subset=["institution_id"]), ["institution_id"])
    sums = veiled(sums).set_index("institution_id")[list(COUNTS)]
    return sums.reindex(providers).to_numpy(float).T


def _ratio(then: Floats, now: Floats) -> Floats:
    ratio = np.where(np.isnan(then) | np.isnan(now) | ((then == 0) & (now == 0)), np.nan, np.inf)
    np.divide(then, now, out=ratio, where=now > 0)
    return ratio


def with_institutions(students: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Fill in a missing institution by that of the site."""
    owners = sites.set_index("site_id")["institution_id"]
    return students.assign(
        institution_id=students["institution_id"].fillna(students["site_id"].map(owners))
    )
