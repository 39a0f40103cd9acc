"""What the map of indicators shows: numbers and judgements of areas, institutions and sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.analysis.indicators import indicators_of
from geo_mbo.analysis.naming import decimals_of
from geo_mbo.counts import adds
from geo_mbo.maps.classes import INSTITUTIONS, value_breaks
from geo_mbo.maps.geometry import label_points, topology
from geo_mbo.maps.pack import packed_json, plain, positions
from geo_mbo.schema import AREA_LEVELS, KEY_KINDS

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.maps.shared import Basis

DRAWN_HERE = ("municipality", "pc4")
"""Levels of area that every page has already."""

FIRST_KINDS = (
    *("municipality", "institution", "site", "labour_market", "province", "corop", "rmc"),
    *("pc4", "district", "neighbourhood", "programme", "sector", "country"),
)
"""Which kind of key is shown first, where an indicator has several."""

DECIMALS = 2


def indicator_view(basis: Basis) -> dict[str, Any]:
    """Give every indicator with its values by kind of key and year, packed.

    A masked number is a position in ``m`` and nothing more: neither its bounds nor anything that
    it could be worked out from is on the page.
    """
    found = basis.findings.indicators
    items = {kind: _items(basis, found, kind) for kind in KEY_KINDS}
    return {
        "categories": list(INSTITUTIONS),
        "items": {kind: frame.to_dict("list") for kind, frame in items.items() if _listed(kind)},
        "list": [_indicator(found, str(name), items) for name in _shown(found, items)],
    }


def area_levels(basis: Basis) -> dict[str, Any]:
    """Give the areas of further levels that an indicator has numbers for, borders packed."""
    found = basis.findings.indicators
    levels = {}
    for level in AREA_LEVELS:
        areas = level_areas(basis, level)
        there = found.loc[found["key_kind"] == level, "key"].isin(areas["area_id"])
        if level in (*DRAWN_HERE, "country") or not there.any():
            continue
        levels[level] = {
            "topo": packed_json(topology(areas)),
            "id": list(areas["area_id"]),
            "name": list(areas["name"]),
            "label": label_points(areas),
            "parent": basis.at_municipality(areas["parent_id"]).tolist(),
        }
    return levels


def level_areas(basis: Basis, level: str) -> gpd.GeoDataFrame:
    """Give the areas of a level in the order of the page."""
    if level == "municipality":
        return basis.municipalities
    if level == "pc4":
        return basis.pc4
    areas = basis.tables.areas
    return areas[areas["level"] == level].sort_values("name", kind="stable").reset_index(drop=True)


def kinds_of(rows: pd.DataFrame) -> list[str]:
    """Give the kinds of key that an indicator is shown for, the first to show first.

    What was published comes before what was added up here; a country alone is there to compare
    with, unless there is nothing else.
    """
    known = rows[rows["value"].notna() | rows["judgement"].notna()]
    there = [kind for kind in FIRST_KINDS if (known["key_kind"] == kind).any()]
    if known.loc[known["key_kind"] == "country", "key"].nunique() == 1 and len(there) > 1:
        there.remove("country")
    published = set(known.loc[~known["summed"], "key_kind"])
    return sorted(there, key=lambda kind: kind not in published)


def first_shown(found: pd.DataFrame, *, among: tuple[str, ...] = FIRST_KINDS) -> tuple[str, str]:
    """Give the indicator and the kind of key that are shown first; empty where there is none."""
    for name in found["indicator"].unique():
        kinds = kinds_of(found[found["indicator"] == name])
        kind = next((kind for kind in kinds if kind in among), "")
        if kind:
            return str(name), kind
    return "", ""


def _listed(kind: str) -> bool:
    """Say whether a kind of key comes with a list of its own: areas and sites are on the page."""
    return kind not in (*AREA_LEVELS, "site") or kind == "country"


def _items(basis: Basis, found: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Give the keys of a kind and their names, in the order of the page.

    Institutions without a site come behind those that have one; areas and sites that the study does
    not have are on no map.
    """
    import pandas as pd

    if kind == "site":
        return pd.DataFrame({"id": list(basis.sites["site_id"]), "name": list(basis.sites["name"])})
    if not _listed(kind):
        areas = level_areas(basis, kind)
        return pd.DataFrame({"id": list(areas["area_id"]), "name": list(areas["name"])})
    rows = found[found["key_kind"] == kind].drop_duplicates("key")
    told = pd.DataFrame({"id": list(rows["key"]), "name": list(rows["name"].fillna(rows["key"]))})
    told = told.sort_values("name", kind="stable")
    if kind == "institution":
        here = basis.institutions.set_axis(["id", "name"], axis=1)
        told = pd.concat([here, told[~told["id"].isin(here["id"])]], ignore_index=True)
    return told.reset_index(drop=True)


def _shown(found: pd.DataFrame, items: dict[str, pd.DataFrame]) -> list[str]:
    """Give the indicators that have at least one number or judgement of something in the study."""
    known = found[found["value"].notna() | found["judgement"].notna()]
    here = [
        known["key_kind"].eq(kind) & known["key"].isin(frame["id"]) for kind, frame in items.items()
    ]
    return list(known.loc[np.logical_or.reduce(here), "indicator"].unique())


def _indicator(found: pd.DataFrame, name: str, items: dict[str, pd.DataFrame]) -> dict[str, Any]:
    rows = found[found["indicator"] == name]
    kinds = {}
    for kind in kinds_of(rows):
        mine = rows[rows["key_kind"] == kind]
        at = positions(mine["key"], list(items[kind]["id"]))
        mine, at = mine[at >= 0], at[at >= 0]
        if mine["value"].notna().any() or mine["judgement"].notna().any():
            kinds[kind] = _kind(mine.assign(at=at), len(items[kind]))
    first = rows.iloc[0]
    sources = list(dict.fromkeys(rows["indicator_source"]))
    return {
        "name": name,
        "unit": first["unit"],
        "source": ", ".join(sources),
        "adds": int(adds(first["unit"])),
        "decimals": decimals_of(rows["value"], str(first["unit"])),
        "kinds": kinds,
    }


def _kind(rows: pd.DataFrame, count: int) -> dict[str, Any]:
    """Give the years, the classes and the values of one kind of key; classes hold for all years."""
    unit = str(rows["unit"].iloc[0])
    shown = rows["value"].mask(rows["masked"])
    words = indicators_of(rows, str(rows["key_kind"].iloc[0]))["words"].all()
    said = rows["judgement"].value_counts()
    categories = sorted(said.index, key=lambda word: (-said[word], word))
    years = {str(year): _year(mine, count, categories) for year, mine in rows.groupby("year")}
    return {
        "years": [int(year) for year in years],
        "breaks": value_breaks(shown, counts=adds(unit)),
        "least": plain([shown.min()], decimals=DECIMALS)[0],
        "most": plain([shown.max()], decimals=DECIMALS)[0],
        "words": categories if words else [],
        "nation": {str(year): _nation(mine) for year, mine in rows.groupby("year")},
        "packed": packed_json(years),
    }


def _year(rows: pd.DataFrame, count: int, categories: list[str]) -> dict[str, Any]:
    """Give one year in the order of the keys: numbers, bounds where they differ, and marks."""
    masked = rows["masked"].to_numpy(bool)
    at = rows["at"].to_numpy(int)

    def spread(values: np.ndarray) -> list[float | None]:
        every = np.full(count, np.nan)
        every[at] = np.where(masked, np.nan, values)
        return plain(every, decimals=DECIMALS)

    low, high = rows["value_low"].to_numpy(float), rows["value_high"].to_numpy(float)
    made: dict[str, Any] = {"v": spread(rows["value"].to_numpy(float))}
    if ((low < high) & ~masked).any():
        made |= {"l": spread(low), "h": spread(high)}
    if masked.any():
        made["m"] = at[masked].tolist()
    if rows["summed"].any():
        made["s"] = at[rows["summed"].to_numpy(bool)].tolist()
    if rows["judgement"].notna().any():
        place = {word: float(k) for k, word in enumerate(categories)}
        made["w"] = _plain_words(rows["judgement"].map(place).to_numpy(float), at, count)
    return made


def _plain_words(words: np.ndarray, at: np.ndarray, count: int) -> list[float | None]:
    every = np.full(count, np.nan)
    every[at] = words
    return plain(every, decimals=0)


def _nation(rows: pd.DataFrame) -> list[float | None]:
    """Give the country's number of a year with its bounds, and whether it is a sum."""
    told = rows.dropna(subset="national")
    if told.empty:
        return []
    first = told.iloc[0]
    ends = [float(first[name]) for name in ("national", "national_low", "national_high")]
    if bool(first["national_summed"]) and 0 < ends[2] < 5:
        return []
    return [*plain(ends, decimals=DECIMALS), int(first["national_summed"])]
