"""Signals of small provision, each a reason to look and never a verdict.

The Beleidsregel macrodoelmatigheid beroepsonderwijs (2015) weighs several criteria. Two of them
start from a number: fewer than 18 students at each of several institutions in a region, and fewer
than 50 in the country with more than one provider. Here they stand beside distance, shared young
people and overlap, and nowhere alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.privacy import veiled
from geo_mbo.analysis.provision import SMALL_STUDENTS
from geo_mbo.analysis.regions import region_of_sites
from geo_mbo.analysis.units import UNIT_COLUMNS, Unit, enrolled, place_of, units_in
from geo_mbo.analysis.weighting import indexer, joined, open_sites, provider_ids
from geo_mbo.counts import COUNTS
from geo_mbo.notes import Notify, to_log

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Truths, Whole
    from geo_mbo.tables import Tables

FEW_NATIONALLY = 50
"""Fewer students than this in the country, with more than one provider, are a signal."""
COUNTRY = "NL"

_SIGNALS = {
    **UNIT_COLUMNS,
    "region_level": "str",
    "region_id": "str",
    "institutions": "int64",
    "institutions_small": "int64",
    "institutions_small_perhaps": "int64",
    **dict.fromkeys(COUNTS, "float64"),
    "few": "bool",
    "few_perhaps": "bool",
}


@dataclass(frozen=True)
class Provision:
    """Who offers what where, with students by provider and unit.

    Attributes
    ----------
    sites
        The open sites, by id.
    units
        The units that they offer.
    at_unit, at_site
        One item an offer, each pair once: positions in `units` and `sites`.
    providers
        The institutions that offer or have students (a site without one is its own).
    of_site
        Position of each site's provider.
    students
        Expected, low and high: 3 x providers x units; ``nan``: not known.
    region_level, region
        Kind of region, and the region of each site (missing: none).
    """

    sites: gpd.GeoDataFrame
    units: pd.DataFrame
    at_unit: Whole
    at_site: Whole
    providers: list[str]
    of_site: Whole
    students: Floats
    region_level: str
    region: pd.Series

    @property
    def provides(self) -> Truths:
        """Say which provider offers a unit at an open site, or has students in it."""
        found: Truths = self.students[1] > 0
        found[self.of_site[self.at_site], self.at_unit] = True
        return found


def provision_of(
    tables: Tables, unit: Unit, *, year: int | None = None, notify: Notify = to_log
) -> Provision:
    """Put offers, enrolments and regions of the open sites together.

    Parameters
    ----------
    tables
        Sites, offers, enrolments and areas are used.
    unit
        What counts as the same.
    year
        Year of the enrolments; None: the latest. Where there are none of that year, those of the
        latest before it are taken, or of the first after it.
    notify
        Gets a note on enrolments without a key.
    """
    usable = open_sites(tables.sites)
    offers = tables.offers[tables.offers["site_id"].isin(usable["site_id"])]
    units, of_offer = units_in(offers, unit)
    site = indexer(offers["site_id"], usable["site_id"])
    pairs = np.unique(np.column_stack([of_offer, site])[of_offer >= 0], axis=0).reshape(-1, 2)
    now = enrolments_of(tables.enrolments, year)
    counts = enrolled(now, tables.offers, unit, notify=notify)
    owners = provider_ids(usable)
    providers = sorted({*owners, *counts["institution_id"]})
    level, region = region_of_sites(usable, tables.areas)
    return Provision(
        sites=usable,
        units=units,
        at_unit=pairs[:, 0],
        at_site=pairs[:, 1],
        providers=providers,
        of_site=indexer(owners, providers),
        students=_dense(veiled(counts), providers, units, unit),
        region_level=level,
        region=region,
    )


def enrolments_of(enrolments: pd.DataFrame, year: int | None) -> pd.DataFrame:
    """Give the enrolments of the year, else of the latest before it, else of the first after it."""
    counted = enrolments[enrolments["kind"] == "history"]
    years = sorted(set(counted["year"]))
    before = [there for there in years if year is None or there <= year]
    chosen = before[-1:] or years[:1]
    rows: pd.DataFrame = counted[counted["year"].isin(chosen)]
    return rows


def _dense(counts: pd.DataFrame, providers: list[str], units: pd.DataFrame, unit: Unit) -> Floats:
    found = np.full((len(COUNTS), len(providers), len(units)), np.nan)
    owner = indexer(counts["institution_id"], providers)
    place = place_of(counts, units, unit)
    known = (owner >= 0) & (place >= 0)
    for k, name in enumerate(COUNTS):
        found[k, owner[known], place[known]] = counts[name].to_numpy(float)[known]
    return found


def provision_signals(
    tables: Tables, *, unit: Unit | None = None, year: int | None = None, notify: Notify = to_log
) -> pd.DataFrame:
    """List by unit and region how many institutions are small, and the same for the country.

    Parameters
    ----------
    tables
        Sites, offers, enrolments and areas are used.
    unit
        What counts as the same; default: programme, level and track (BOL and BBL apart).
    year
        Year of the enrolments; None: the latest.
    notify
        Gets a note on enrolments without a key.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``unit``, ``level``, ``track``, ``region_level`` (``labour_market`` where there are
        such areas, else ``province``; ``country``), ``region_id``, ``institutions`` that offer it
        at an open site there, ``institutions_small``: with surely fewer than 18 students,
        ``institutions_small_perhaps``, ``students`` (and bounds) of these institutions, at all
        their sites (missing where not one is known); for the country also those with students and
        no offer. ``few``: of a region that two or more
        institutions are small, of the country that there are fewer than 50 students and more than
        one institution; surely, and ``few_perhaps``. Every unit has rows for the country and for
        the regions where it is offered.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> found = provision_signals(sample_town().tables)
    >>> found[["unit", "track", "region_id", "institutions", "students", "few", "few_perhaps"]]
        unit track region_id  institutions  students    few  few_perhaps
    0  98001   BOL      PV90             2      24.0   True         True
    1  98001   BOL        NL             2      24.0   True         True
    2  98002   BBL      PV90             1      40.0  False        False
    3  98002   BBL        NL             1      40.0  False        False
    4  98003   BOL      PV90             2      37.0  False        False
    5  98003   BOL        NL             2      37.0   True         True
    """
    found = provision_of(tables, unit or Unit(levels=True), year=year, notify=notify)
    region = found.region.to_numpy(object)[found.at_site]
    inside = found.region.notna().to_numpy()[found.at_site]
    owner = found.of_site[found.at_site]
    names = sorted(set(region[inside]))
    place = indexer(region, names)
    keys = np.column_stack([found.at_unit, place, owner])
    regional = np.unique(keys[inside], axis=0).reshape(-1, 3)
    provider, offered = np.nonzero(found.provides)
    country = np.full(len(offered), len(names))
    parts = [
        _summed(found, *regional.T).assign(region_level=found.region_level),
        _summed(found, offered, country, provider).assign(region_level="country"),
    ]
    told = [part.assign(region_id=[[*names, COUNTRY][k] for k in part["region"]]) for part in parts]
    told[0] = told[0].assign(
        few=told[0]["institutions_small"] > 1,
        few_perhaps=told[0]["institutions_small_perhaps"] > 1,
    )
    several = told[1]["institutions"] > 1
    told[1] = told[1].assign(
        few=several & (told[1]["students_high"] < FEW_NATIONALLY),
        few_perhaps=several & (told[1]["students_low"] < FEW_NATIONALLY),
    )
    import pandas as pd

    rows = pd.concat(told, ignore_index=True) if len(found.units) else told[0].iloc[:0]
    return joined([rows.sort_values(["place", "region"], kind="stable")], _SIGNALS)


def _summed(found: Provision, unit: Whole, region: Whole, owner: Whole) -> pd.DataFrame:
    """Add up institutions and their students by unit and region."""
    import pandas as pd

    counts = {name: found.students[k, owner, unit] for k, name in enumerate(COUNTS)}
    rows = pd.DataFrame({"place": unit, "region": region, **counts})
    rows = rows.assign(
        institutions=1,
        institutions_small=rows["students_high"] < SMALL_STUDENTS,
        institutions_small_perhaps=rows["students_low"] < SMALL_STUDENTS,
    )
    groups = rows.groupby(["place", "region"], sort=True)
    numbers = ["institutions", "institutions_small", "institutions_small_perhaps"]
    sums = groups[numbers].sum().join(groups[list(COUNTS)].sum(min_count=1)).reset_index()
    each = {name: found.units[name].array.take(sums["place"]) for name in UNIT_COLUMNS}
    return sums.assign(**each)
