"""Indicators: numbers and judgements of areas, sites and institutions, each beside the others.

Counts add up, rates and averages do not: the unit tells which. A region without a number of its own
gets the sum of its parts only where every part has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from geo_mbo.analysis.disclosure import PARTS, guarded, parents_of
from geo_mbo.analysis.weighting import joined
from geo_mbo.counts import MASKED_HIGH, PEOPLE, adds
from geo_mbo.errors import one_of
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import AREA_LEVELS, INDICATORS, KEY_KINDS

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.tables import Tables

COUNTED = PEOPLE | {"fte"}
"""Units of which fewer than five are never told: a fraction of a post is somebody's as well."""

MEASURED = (
    *("access_minutes_1", "access_minutes_3", "access_sites_within", "access_places_2sfca"),
    *("offers_served", "offers_full", "offers_out"),
)
"""Indicators that the measures of a study give of each municipality."""

BUILT_IN = ("inhabitants_15_24", "inhabitants", *MEASURED)
"""Indicators that every study with postcode areas has; those that a user asked for come first."""

COUNTRY = "NL"
VALUES = ("value", "value_low", "value_high")
_OF = ["key_kind", "indicator", "year"]
_EACH = ["key_kind", "key", "indicator"]

COMPARED = {
    "key_kind": "str",
    "key": "str",
    "name": "str",
    "indicator": "str",
    "year": "int64",
    **dict.fromkeys(VALUES, "float64"),
    "masked": "bool",
    "judgement": "str",
    "unit": "str",
    "indicator_source": "str",
    "summed": "bool",
    "national": "float64",
    "national_low": "float64",
    "national_high": "float64",
    "national_summed": "bool",
    "rank": "int64",
    "ranked": "int64",
    "first_year": "int64",
    "difference": "float64",
    "difference_low": "float64",
    "difference_high": "float64",
}


def counts_people(unit: str) -> bool:
    """Say whether numbers of this unit count people, so that fewer than five are never told.

    Examples
    --------
    >>> counts_people("fte"), counts_people("households")
    (True, False)
    """
    return unit.strip().lower() in COUNTED


def compared_indicators(tables: Tables, *, notify: Notify = to_log) -> pd.DataFrame:
    """Put every indicator of every key beside the country, the others and its own past.

    Parameters
    ----------
    tables
        The tables; ``indicators`` (contract INDICATORS) may have no rows. Areas, sites and offers
        give names, and say what lies in what.
    notify
        Gets notes on keys that the study does not have, and on totals that are told with bounds
        because they would give away fewer than five people.

    Returns
    -------
    pandas.DataFrame
        One row a kind of key, key, indicator and year: ``name`` (missing where the study does not
        know the key); ``value`` with its bounds in the ``unit`` of the indicator, missing where
        there is none; ``masked``: it counts one to four people, and is the range of a masked cell;
        ``judgement``: what it says in words, where it is no number; ``indicator_source``;
        ``summed``: it was added up here; ``national`` with its bounds: the number of the country,
        else (``national_summed``) the sum of all keys of this kind, for what adds up; ``rank``: 1
        is the highest number, equal numbers share a rank, 0 where there is none to rank, out of
        ``ranked``; ``difference`` with its bounds: with the number of ``first_year``, the first
        there is. Sorted by indicator (those of `BUILT_IN` last), kind, key and year.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> found = compared_indicators(sample_town().tables)
    >>> young = found.query("indicator == 'inhabitants_15_24' and key_kind != 'pc4'")
    >>> young[["name", "value", "national", "rank", "summed"]].reset_index(drop=True)
                name  value  national  rank  summed
    0  Voorbeeldland  700.0     700.0     1    True
    1      Aldermeer  400.0     700.0     1   False
    2        Boskerk  250.0     700.0     2   False
    3     Cattewaard   50.0     700.0     3   False
    """
    told = tables.indicators
    if told.empty:
        return joined([], COMPARED)
    links = parents_of(told, tables.areas, tables.sites)
    safe = guarded(_blurred(told), links, notify=notify)
    whole = _with_sums(safe, links)
    named = whole.assign(name=_names(whole, tables))
    _tell_unknown(named, notify)
    found = _with_past(_ranked(_with_nation(named)))
    order = {name: k for k, name in enumerate(_ordered(told))}
    kinds = {kind: k for k, kind in enumerate(INDICATORS.columns["key_kind"].among)}
    found = found.assign(_a=found["indicator"].map(order), _b=found["key_kind"].map(kinds))
    found = found.sort_values(["_a", "_b", "key", "year"], kind="stable")
    renamed = found.rename(columns={"label": "judgement", "source": "indicator_source"})
    return joined([renamed], COMPARED)


def published_only(found: pd.DataFrame) -> pd.DataFrame:
    """Leave out the indicators that the measures give: they have parts of their own in a report."""
    kept: pd.DataFrame = found[~found["indicator"].isin(MEASURED)].reset_index(drop=True)
    return kept


def indicators_of(found: pd.DataFrame, kind: str) -> pd.DataFrame:
    """List the indicators that a kind of key has, in the order they should be shown.

    Parameters
    ----------
    found
        Result of `compared_indicators`.
    kind
        One of `geo_mbo.schema.KEY_KINDS`.

    Returns
    -------
    pandas.DataFrame
        ``indicator``, ``unit``, ``indicator_source``, ``words`` (it judges in words and has no
        numbers), ``first_year``, ``last_year``, ``keys``: how many have a number or a judgement in
        the last year, ``asked``: a user asked for it.

    Raises
    ------
    InputError
        There is no such kind.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> found = compared_indicators(sample_town().tables)
    >>> indicators_of(found, "municipality")[["indicator", "last_year", "keys", "asked"]]
               indicator  last_year  keys  asked
    0  inhabitants_15_24       2024     3  False
    1        inhabitants       2024     3  False
    """
    one_of("kind", kind, KEY_KINDS)
    rows = found[found["key_kind"] == kind]
    rows = rows[rows["value"].notna() | rows["judgement"].notna()]
    groups = rows.groupby("indicator", sort=False)
    last = groups["year"].transform("max") == rows["year"]
    listed = groups.agg(
        unit=("unit", "first"),
        indicator_source=("indicator_source", "first"),
        words=("value", lambda values: bool(values.isna().all())),
        first_year=("year", "min"),
        last_year=("year", "max"),
    )
    listed["keys"] = rows[last].groupby("indicator").size().reindex(listed.index)
    table: pd.DataFrame = listed.reset_index()
    kept = table.astype({"words": "bool", "first_year": "int64", "last_year": "int64"})
    return kept.assign(keys=kept["keys"].astype("int64"), asked=~kept["indicator"].isin(BUILT_IN))


def institution_indicators(found: pd.DataFrame) -> pd.DataFrame:
    """Give the latest number or judgement of each institution for each of its indicators.

    Parameters
    ----------
    found
        Result of `compared_indicators`.

    Returns
    -------
    pandas.DataFrame
        The same columns, one row an institution and indicator: that of the last year in which any
        institution has one, also where this institution has none.
    """
    rows = found[found["key_kind"] == "institution"]
    known = rows["value"].notna() | rows["judgement"].notna()
    last = rows[known].groupby("indicator")["year"].max()
    return rows[rows["year"] == rows["indicator"].map(last)].reset_index(drop=True)


def _blurred(told: pd.DataFrame) -> pd.DataFrame:
    """Make every count of fewer than five people the range of a masked cell."""
    people = told["unit"].map(counts_people).astype(bool)
    low = told["value_low"].fillna(told["value"])
    high = told["value_high"].fillna(told["value"])
    few = people & (high > 0) & (high < MASKED_HIGH + 1)
    # A count has at least one person; an estimate of part of one may have none.
    least = (low >= 1).astype(float)
    return told.assign(
        value=told["value"].mask(few, (least + MASKED_HIGH) / 2),
        value_low=low.mask(few, least),
        value_high=high.mask(few, float(MASKED_HIGH)),
        masked=few,
        summed=False,
        adding=told["unit"].map(adds).astype(bool),
    )


def _with_sums(table: pd.DataFrame, links: dict[tuple[str, str], pd.Series]) -> pd.DataFrame:
    """Add the sums of parts for wholes that have no number: only where every part has one."""
    import pandas as pd

    for part, whole in PARTS:
        parent = links.get((part, whole))
        if parent is None:
            continue
        rows = table[(table["key_kind"] == part) & table["adding"] & table["value"].notna()]
        rows = rows.assign(key=rows["key"].map(parent)).dropna(subset="key")
        by = ["key", "indicator", "year"]
        sums = rows.groupby(by, sort=False).agg(
            **{name: (name, "sum") for name in VALUES},
            parts=("value", "size"),
            unit=("unit", "first"),
            source=("source", "first"),
        )
        every = parent.value_counts().reindex(sums.index.get_level_values("key")).to_numpy()
        complete = sums[sums["parts"].to_numpy() == every].drop(columns="parts").reset_index()
        made = complete.assign(key_kind=whole, summed=True, adding=True, masked=False)
        made["label"] = pd.Series(pd.NA, index=made.index, dtype="str")
        there = table[table["key_kind"] == whole].set_index(by).index
        made = made[~made.set_index(by).index.isin(there)]
        if len(made):
            table = pd.concat([table, made], ignore_index=True)
    return table


def _with_nation(table: pd.DataFrame) -> pd.DataFrame:
    """Set the number of the country beside each, else the sum of its kind where that is right."""
    country = table[(table["key_kind"] == "country") & (table["key"] == COUNTRY)]
    told = country.set_index(["indicator", "year"])[list(VALUES)]
    told = told[~told.index.duplicated()].dropna(subset="value")
    groups = table.groupby(_OF, sort=False)
    sums = groups[list(VALUES)].transform("sum")
    whole = groups["value"].transform("count") == groups["value"].transform("size")
    right = whole & table["adding"] & (table["key_kind"] != "country")
    published = told.reindex([table["indicator"], table["year"]]).set_axis(table.index)
    own = (table["key_kind"] == "country") | table["value"].isna()
    made = published["value"].isna() & right
    found = table.assign(national_summed=made & ~own)
    for name in VALUES:
        beside = published[name].where(~made, sums[name]).mask(own)
        found[name.replace("value", "national")] = beside
    return found


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Rank by number, the highest first; a masked number has no rank."""
    known = table["value"].mask(table["masked"])
    groups = known.groupby([table[name] for name in _OF], sort=False)
    rank = groups.rank(method="min", ascending=False)
    return table.assign(rank=rank.fillna(0), ranked=groups.transform("count"))


def _with_past(table: pd.DataFrame) -> pd.DataFrame:
    """Give the difference with the first number of the same key; none where either is masked."""
    known = table[table["value"].notna() & ~table["masked"]].sort_values("year", kind="stable")
    first = known.drop_duplicates(_EACH).set_index(_EACH)[["year", *VALUES]]
    past = first.reindex([table[name] for name in _EACH]).set_axis(table.index)
    year = past["year"].fillna(table["year"])
    later = (table["year"] > year) & ~table["masked"]
    return table.assign(
        first_year=year,
        difference=(table["value"] - past["value"]).where(later),
        difference_low=(table["value_low"] - past["value_high"]).where(later),
        difference_high=(table["value_high"] - past["value_low"]).where(later),
    )


def _names(table: pd.DataFrame, tables: Tables) -> pd.Series:
    """Name each key by the kind of thing that it is."""
    import pandas as pd

    sites, offers = tables.sites, tables.offers
    owners = sites.dropna(subset=["institution_id"]).drop_duplicates("institution_id")
    programmes = offers.drop_duplicates("programme_id")
    known = {
        "site": dict(zip(sites["site_id"], sites["name"], strict=True)),
        "institution": dict(zip(owners["institution_id"], owners["institution"], strict=True)),
        "programme": dict(zip(programmes["programme_id"], programmes["programme"], strict=True)),
        "sector": {name: name for name in table.loc[table["key_kind"] == "sector", "key"]},
    }
    named = pd.Series(pd.NA, index=table.index, dtype="str")
    for kind, rows in table.groupby("key_kind", sort=False):
        names = known.get(str(kind)) or _area_names(tables.areas, str(kind))
        named.loc[rows.index] = rows["key"].map(names).astype("str")
    return named


def _area_names(areas: gpd.GeoDataFrame, level: str) -> dict[str, str]:
    rows = areas[areas["level"] == level]
    return dict(zip(rows["area_id"], rows["name"], strict=True))


def _tell_unknown(named: pd.DataFrame, notify: Notify) -> None:
    """Tell which keys the study does not have: they are in the files, and on no map."""
    unknown = named[named["name"].isna() & (named["key_kind"] != "country")]
    for code, kinds in (
        ("indicator_areas_elsewhere", AREA_LEVELS),
        ("indicator_sites_elsewhere", ("site",)),
        ("indicator_institutions_elsewhere", ("institution",)),
    ):
        keys = unknown.loc[unknown["key_kind"].isin(kinds), "key"].unique()
        if len(keys):
            notify(note(code, keys))


def _ordered(told: pd.DataFrame) -> list[str]:
    """Give the indicators in the order they were asked for, those that are always there last."""
    names = cast("list[str]", list(dict.fromkeys(told["indicator"])))
    return [n for n in names if n not in BUILT_IN] + [n for n in BUILT_IN if n in names]
