"""Indicators in the GeoPackage: the whole as a table, the latest numbers beside the areas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from geo_mbo.analysis.indicators import BUILT_IN, published_only
from geo_mbo.analysis.naming import indicator_name, unit_name
from geo_mbo.analysis.validation import with_reasons
from geo_mbo.export.layers import Layer, Look
from geo_mbo.messages import Lang

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.tables import Tables

REGIONS = ("province", "labour_market", "corop", "rmc", "district", "neighbourhood")
"""Levels of area that have a layer together, the largest first: small ones are drawn on top."""

SHADES = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
STEM, LONGEST = "k_", 31
"""Columns of indicators begin with this; no name is longer (ArcGIS)."""


def table(findings: Findings) -> Layer:
    """Give every indicator of every key and year."""
    return Layer("kenmerken", "", published_only(findings.indicators))


def published(findings: Findings, lang: Lang) -> Layer:
    """Give published distances and times beside what was computed."""
    return Layer("gepubliceerd", "", with_reasons(findings.published, lang))


def wide(
    found: pd.DataFrame, kinds: Sequence[str], lang: Lang
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Put the latest number or judgement of each indicator beside each other.

    Parameters
    ----------
    found
        Result of `geo_mbo.analysis.compared_indicators`.
    kinds
        Kinds of key; a key is of one of them.
    lang
        Language of the labels.

    Returns
    -------
    pandas.DataFrame
        Indexed by key, a column an indicator and year, named ``k_<name>_<year>``; a masked number
        is missing here (the table has its range).
    dict
        The label of each column, with unit, year and source.

    Examples
    --------
    >>> from geo_mbo.analysis import compared_indicators
    >>> from geo_mbo.sample import sample_town
    >>> frame, labels = wide(compared_indicators(sample_town().tables), ["province"], "en")
    >>> frame.to_dict("index")
    {'PV90': {'k_inhabitants_15_24_2024': 700.0, 'k_inhabitants_2024': 5600.0}}
    >>> labels["k_inhabitants_2024"]
    'Inhabitants (persons, 2024; made up)'
    """
    import pandas as pd

    rows = found[found["key_kind"].isin(list(kinds))]
    rows = rows[rows["value"].notna() | rows["judgement"].notna()]
    columns: dict[str, pd.Series] = {}
    labels: dict[str, str] = {}
    for name, mine in rows.groupby("indicator", sort=False):
        latest = mine[mine["year"] == mine["year"].max()].set_index("key")
        first = latest.iloc[0]
        words = bool(latest["value"].isna().all())
        column = _column(str(name), int(first["year"]), taken=set(columns))
        columns[column] = (
            latest["judgement"] if words else latest["value"].mask(latest["masked"]).astype(float)
        )
        source = first["indicator_source"]
        unit = "" if words else unit_name(str(first["unit"]), lang)
        within = ", ".join(part for part in (unit, str(first["year"])) if part)
        labels[column] = f"{indicator_name(str(name), lang)} ({within}; {source})"
    return pd.DataFrame(columns), labels


def beside(
    frame: pd.DataFrame, findings: Findings, kind: str, *, on: str, lang: Lang
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Give a layer's frame with the indicators that were asked for, and the labels of these."""
    found = published_only(findings.indicators)
    asked = found[~found["indicator"].isin(BUILT_IN)]
    latest, labels = wide(asked, [kind], lang)
    if latest.empty:
        return frame, {}
    return frame.merge(latest, left_on=on, right_index=True, how="left"), labels


def regions(tables: Tables, findings: Findings, *, lang: Lang) -> Layer:
    """Draw the regions that an indicator has numbers for, in the colours of the first."""
    areas = tables.areas[tables.areas["level"].isin(REGIONS)]
    latest, labels = wide(published_only(findings.indicators), REGIONS, lang)
    order = areas["level"].map({level: k for k, level in enumerate(REGIONS)})
    frame = areas.assign(order=order).sort_values(["order", "area_id"], kind="stable")
    frame = frame[frame["area_id"].isin(latest.index)]
    frame = frame[["area_id", "name", "level", "geometry"]].rename(
        columns={"area_id": "region_id", "level": "area_kind"}
    )
    shapes = frame.pop("geometry")
    if len(frame):
        frame = frame.merge(latest, left_on="region_id", right_index=True, how="left")
    frame = frame.assign(geometry=shapes.to_numpy())
    return Layer("regios", "MultiPolygon", frame, _look(frame), labels)


def _look(frame: pd.DataFrame) -> Look:
    """Colour by the first indicator with different numbers, as many areas in each class."""
    for column in frame.select_dtypes("number"):
        values = frame[column].dropna()
        steps = values.quantile([0.2, 0.4, 0.6, 0.8]).round(2)
        breaks = tuple(sorted({float(step) for step in steps if step < values.max()}))
        # Breaks up to one would be written as percentages.
        if len(breaks) == len(SHADES) - 1 and breaks[-1] > 1:
            return Look(str(column), breaks, SHADES)
    return Look(shades=(SHADES[1],))


def _column(name: str, year: int, *, taken: set[str]) -> str:
    """Name the column of an indicator: lower case, no signs, not too long, and once only.

    Examples
    --------
    >>> _column("Vsv-ers (in %) van het hele land", 2024, taken=set())
    'k_vsv_ers_in_van_het_hele_2024'
    >>> _column("vsv", 2024, taken={"k_vsv_2024"})
    'k_vsv_2_2024'
    """
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "kenmerk"
    for number in range(1, len(taken) + 2):
        more = f"_{number}" if number > 1 else ""
        room = LONGEST - len(STEM) - len(more) - len(f"_{year}")
        found = f"{STEM}{plain[:room].strip('_')}{more}_{year}"
        if found not in taken:
            break
    return found
