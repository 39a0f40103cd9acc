"""One region of the country with what lies around it: the tables of a regional study.

Who lives near a border crosses it, so the sites and students within a margin around the region
count too. What is farther away is left out and told; students from there stay, as from elsewhere in
the Netherlands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, cast

from geo_mbo.counts import COUNTS, total
from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import STUDENTS, Frame, checked
from geo_mbo.tables.areas import inside, of_level
from geo_mbo.tables.names import name_key

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.tables import Tables

ELSEWHERE = "NL"
"""Origin of students who live in the Netherlands, but beyond the margin."""

_LISTED = 40
"""How many names a message lists at most."""

_LARGER = ("country", "province", "labour_market", "corop", "rmc")
_SMALL = ("pc4", "district", "neighbourhood")
_RATES = ("%", "km", "min", "ratio", "-")
"""Units that no measure adds up."""

_INPUTS = {
    "province": "provinces",
    "labour_market": "labour_markets",
    "corop": "corop",
    "rmc": "rmc",
    "municipality": "municipalities",
}


@dataclass(frozen=True)
class Cut:
    """The tables of a region.

    Attributes
    ----------
    tables
        Of the region and its surroundings.
    municipalities
        Identifiers of the municipalities of the region itself.
    """

    tables: Tables
    municipalities: frozenset[str]


def cut_out(
    tables: Tables,
    *,
    level: str,
    names: Sequence[str],
    margin_km: float,
    notify: Notify = to_log,
) -> Cut:
    """Give the tables of a region and its surroundings.

    A municipality is in the region where a point inside it is; it is in the surroundings where it
    comes within `margin_km` of the region.

    Parameters
    ----------
    tables
        Those of the whole country.
    level, names
        Which areas are the region: their level, and names or codes.
    margin_km
        How far the surroundings reach, in kilometres.
    notify
        Gets a note on the sites that are beyond, and on the students who go there; and on
        indicators of institutions and sites that are nowhere in the country.

    Returns
    -------
    Cut
        Its students from beyond have origin ``NL`` (elsewhere in the Netherlands); those who leave
        the surroundings for a site farther away are not in it. A larger region or an institution
        that is only partly in it has the numbers published of it, or none: not the sum of a part.

    Raises
    ------
    InputError
        There are no areas of this level, or none of this name.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> found = cut_out(sample_town().tables, level="municipality", names=["Aldermeer"],
    ...                 margin_km=0, notify=lambda found: None)
    >>> sorted(found.municipalities)
    ['GM9001']
    """
    region = _region(tables.areas, level, names)
    whole = region.geometry.union_all()
    towns = of_level(tables.areas, "municipality")
    central = towns.geometry.representative_point().within(whole)
    # Without a margin a neighbour that only shares the border is none of the surroundings.
    near = central | ((margin_km > 0) & (towns.geometry.distance(whole) <= margin_km * 1000))
    kept = towns.loc[near, "area_id"]
    site_near = tables.sites["municipality_id"].isin(kept)
    sites = tables.sites[site_near].reset_index(drop=True)
    away = tables.students["site_id"].notna() & ~tables.students["site_id"].isin(sites["site_id"])
    leaving = tables.students[away & tables.students["origin_id"].isin(kept)]
    _tell(leaving, len(tables.sites) - len(sites), region, margin_km, notify)
    _tell_nowhere(tables, notify)
    areas = _areas_near(tables.areas, kept)
    institutions = _owners(sites)
    cut = replace(
        tables,
        sites=sites,
        areas=areas,
        offers=_of(tables.offers, "site_id", frozenset(sites["site_id"])),
        students=_from_elsewhere(tables.students[~away], kept),
        enrolments=_of(tables.enrolments, "institution_id", institutions),
        residents=_from_elsewhere(_of(tables.residents, "institution_id", institutions), kept),
        origins=_of(tables.origins, "area_id", frozenset(kept)),
        indicators=_without_partial_sums(
            _indicators_near(tables.indicators, areas, sites, institutions),
            {
                **_partly_here(tables.areas, areas),
                "institution": _owners(tables.sites[~site_near]) & institutions,
            },
        ),
    )
    return Cut(cut, frozenset(towns.loc[central, "area_id"]))


def _region(areas: gpd.GeoDataFrame, level: str, names: Sequence[str]) -> gpd.GeoDataFrame:
    there = of_level(areas, level)
    if there.empty:
        raise InputError.of("region_without_areas", level=level, key=_INPUTS[level])
    wanted = {name_key(name) for name in names}
    found = there[there["name"].map(name_key).isin(wanted) | there["area_id"].isin(names)]
    known = {*found["name"].map(name_key), *found["area_id"].map(name_key)}
    absent = sorted(name for name in names if name_key(name) not in known)
    if absent:
        listed = _near(absent, sorted(there["name"]))
        raise InputError.of("unknown_region", level=level, value=", ".join(absent), there=listed)
    return cast("gpd.GeoDataFrame", found)


def _near(absent: Sequence[str], names: Sequence[str]) -> str:
    """Name the areas that may have been meant; all of them where they are few or none is near."""
    spelled = {name_key(name): name for name in names}
    near = [k for n in absent for k in get_close_matches(name_key(n), spelled, n=3, cutoff=0.6)]
    meant = [spelled[key] for key in dict.fromkeys(near)]
    shown = meant if meant and len(names) > _LISTED else names
    return ", ".join(shown[:_LISTED]) + (", ..." if len(shown) < len(names) else "")


def _areas_near(areas: gpd.GeoDataFrame, kept: pd.Series) -> gpd.GeoDataFrame:
    """Keep the municipalities near, what lies in them, and the larger regions they lie in."""
    names, level = frozenset(kept), areas["level"]
    town = (level == "municipality") & areas["area_id"].isin(names)
    small = level.isin(_SMALL) & areas["parent_id"].isin(names)
    points = areas.loc[town].geometry.representative_point()
    around = {of for name in _LARGER for of in inside(points, of_level(areas, name)).dropna()}
    larger = level.isin(_LARGER) & areas["area_id"].isin(around)
    return cast("gpd.GeoDataFrame", areas[town | small | larger].reset_index(drop=True))


def _from_elsewhere(students: pd.DataFrame, kept: pd.Series) -> pd.DataFrame:
    """Let students from beyond the margin come from elsewhere in the Netherlands, added up."""
    beyond = (students["origin_kind"] == "municipality") & ~students["origin_id"].isin(kept)
    named = students.assign(
        origin_id=students["origin_id"].mask(beyond, ELSEWHERE),
        origin_kind=students["origin_kind"].mask(beyond, "elsewhere"),
    )
    by = [name for name in STUDENTS.columns if name not in COUNTS]
    return checked(total(named, by), STUDENTS)


def _indicators_near(
    indicators: pd.DataFrame,
    areas: pd.DataFrame,
    sites: pd.DataFrame,
    institutions: frozenset[str],
) -> pd.DataFrame:
    """Keep the numbers of what is still there, and those of no place at all."""
    kind, key = indicators["key_kind"], indicators["key"]
    of_area = key.isin(areas["area_id"]) & kind.isin(areas["level"].unique())
    of_site = (kind == "site") & key.isin(sites["site_id"])
    of_owner = (kind == "institution") & key.isin(institutions)
    nowhere = kind.isin(["country", "programme", "sector"])
    return indicators[of_area | of_site | of_owner | nowhere].reset_index(drop=True)


def _partly_here(whole: gpd.GeoDataFrame, near: gpd.GeoDataFrame) -> dict[str, frozenset[str]]:
    """Give by level the larger regions of which some municipalities are not there any more."""
    towns = of_level(whole, "municipality")
    gone = towns[~towns["area_id"].isin(near["area_id"])]
    points = gone.geometry.representative_point()
    found = {}
    for level in _LARGER:
        ids = of_level(near, level)["area_id"]
        around = (
            gone["parent_id"] if level == "province" else inside(points, of_level(whole, level))
        )
        found[level] = frozenset(ids[ids.isin(around.dropna())])
    return found


def _owners(sites: pd.DataFrame) -> frozenset[str]:
    return frozenset(sites["institution_id"].dropna())


def _without_partial_sums(near: pd.DataFrame, partly: dict[str, frozenset[str]]) -> pd.DataFrame:
    """Give wholes that are partly here a row without a number, so that no part is told as theirs.

    Measures add the parts of a whole that has no row of its own, which would pass here for all.
    """
    import pandas as pd

    of = ["indicator", "year"]
    made = [near]
    for kind, ids in partly.items():
        part = "site" if kind == "institution" else "municipality"
        small = () if part == "site" else _SMALL
        below = near["key_kind"].isin([part, *small])
        asked = near[below & near["value"].notna() & ~near["unit"].isin(_RATES)].drop_duplicates(of)
        there = pd.MultiIndex.from_frame(near.loc[near["key_kind"] == kind, ["key", *of]])
        for key in sorted(ids):
            rows = asked.assign(key_kind=kind, key=key, label=None)
            rows = rows[~pd.MultiIndex.from_frame(rows[["key", *of]]).isin(there)]
            made.append(
                rows.assign(value=float("nan"), value_low=float("nan"), value_high=float("nan"))
            )
    return pd.concat([frame for frame in made if len(frame)] or [near], ignore_index=True)


def _of(frame: Frame, column: str, values: frozenset[str]) -> Frame:
    return frame[frame[column].isin(values)].reset_index(drop=True)


def _tell(
    leaving: pd.DataFrame, beyond: int, region: pd.DataFrame, margin_km: float, notify: Notify
) -> None:
    latest = leaving[leaving["kind"] == "history"]
    latest = latest[latest["year"] == latest["year"].max()]
    notify(
        note(
            "region_cut",
            count=beyond,
            name=", ".join(region["name"]),
            margin=int(margin_km) if float(margin_km).is_integer() else margin_km,
            students=round(float(latest["students"].sum())),
        )
    )


def _tell_nowhere(tables: Tables, notify: Notify) -> None:
    """Tell of keys that no institution or site has: afterwards all would pass for far away."""
    told, sites = tables.indicators, tables.sites
    for kind, code, known in (
        ("institution", "indicator_institutions_nowhere", _owners(sites)),
        ("site", "indicator_sites_nowhere", frozenset(sites["site_id"])),
    ):
        keys = told.loc[told["key_kind"] == kind, "key"]
        nowhere = sorted(set(keys) - known)
        if nowhere:
            notify(note(code, nowhere))
