"""Facts of any publisher to indicators: one number a key and year, with its bounds.

Counts add up, masked ones as intervals; rates, means and judgements do not, and are taken only
where there is one of them a key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from geo_mbo.counts import MASKED_EXPECTED, MASKED_HIGH, MASKED_LOW, PEOPLE, adds
from geo_mbo.errors import Breach, InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import INDICATORS, KEY_KINDS, checked
from geo_mbo.sources.facts import FACTS
from geo_mbo.tables.facts_keys import keys_of

if TYPE_CHECKING:
    import pandas as pd

Filters = Mapping[str, str | int | Sequence[str | int]]
"""A dimension, ``year``, ``kind`` or ``measure``, to the value or values to keep."""

_SIDES = ("expected", "low", "high")


def facts_as_indicators(
    facts: pd.DataFrame,
    *,
    by: str,
    indicator: str,
    where: Filters | None = None,
    areas: pd.DataFrame,
    changes: pd.DataFrame | None = None,
    source: str,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give the indicator that facts come to, by key and year.

    Parameters
    ----------
    facts
        Facts (`geo_mbo.sources.facts.read_facts`), tightened by totals or not.
    by
        Kind of key (`geo_mbo.schema.KEY_KINDS`). A municipality is known by its code or by its
        name; a province by either, or through its municipalities; for ``country`` without a column
        of countries everything counts for the Netherlands.
    indicator
        Name of the indicator.
    where
        What to keep: dimension to value or values, capitals aside; ``year``, ``kind`` and
        ``measure`` as well. Numbers that may not be added up need filters that leave one a key.
    areas
        The table of areas, with the municipalities and regions of today.
    changes
        Municipalities that went into others; the package's list where none are given.
    source
        Whose numbers they are; stands in every row.
    notify
        Gets notes on masked, hidden, small and blank numbers, on rows of no area, and on
        municipalities that are no more.

    Returns
    -------
    pandas.DataFrame
        Indicators (`geo_mbo.schema.INDICATORS`). The value of a masked number is the middle of its
        bounds; a number of 1 to 4 people of the past is masked, whoever published it. Missing
        where nothing is known. A judgement stands in ``label``.

    Raises
    ------
    InputError
        A filter names what is not there; the facts are of several measures or units; they do not
        tell the key; names of municipalities or regions are unknown; or several rates, means or
        judgements fall on one key.

    Examples
    --------
    >>> import pandas as pd
    >>> facts = pd.DataFrame({"institution_id": ["01ZZ", "01ZZ"], "track": ["BOL", "BBL"],
    ...     "year": 2024, "kind": "history", "measure": "students", "unit": "students",
    ...     "count": [12.0, None], "masked": [False, True], "expected": [12.0, 2.5],
    ...     "low": [12.0, 1.0], "high": [12.0, 4.0], "label": None})
    >>> nowhere = pd.DataFrame(columns=["area_id", "level", "name", "parent_id"])
    >>> found = facts_as_indicators(facts, by="institution", indicator="Studenten",
    ...                             areas=nowhere, source="DUO", notify=lambda found: None)
    >>> found[["key", "year", "value", "value_low", "value_high"]]
        key  year  value  value_low  value_high
    0  01ZZ  2024   14.5       13.0        16.0
    """
    if by not in KEY_KINDS:
        allowed = ", ".join(KEY_KINDS)
        raise InputError.of("not_one_of", name="by", value=by, allowed=allowed)
    rows = _filtered(facts, where or {}, source).reset_index(drop=True)
    unit = _one_of_a_kind(rows, source)
    rows = _guarded(rows, unit, source=source, notify=notify)
    keys = keys_of(rows, by=by, areas=areas, changes=changes, source=source, notify=notify)
    keyed = rows.iloc[keys["row"]].reset_index(drop=True)
    keyed = keyed.assign(**{name: keys[name] for name in ("key", "share", "published", "part")})
    if adds(unit):
        table = _added(keyed)
    else:
        table = _single(keyed, by=by, unit=unit, source=source, notify=notify)
    if unit in PEOPLE:
        table = _untraceable(table)
    named = {"expected": "value", "low": "value_low", "high": "value_high"}
    told = table.rename(columns=named).assign(
        key_kind=by, indicator=indicator, unit=unit or "-", source=source
    )
    return checked(told.sort_values(["key", "year"]), INDICATORS, source=source)


def _filtered(facts: pd.DataFrame, where: Filters, source: str) -> pd.DataFrame:
    known = [name for name in facts.columns if name not in FACTS]
    allowed = ", ".join([*known, "year", "kind", "measure"])
    breaches = [
        Breach("facts_no_filter", {"source": source, "value": name, "allowed": allowed})
        for name in where
        if name not in (*known, "year", "kind", "measure")
    ]
    if breaches:
        raise InputError(breaches)
    for name, wanted in where.items():
        values = [wanted] if isinstance(wanted, str | int) else list(wanted)
        cells = facts[name].map(_word, na_action="ignore")
        absent = [str(v) for v in values if _word(v) not in {*cells}]
        if absent:
            there = ", ".join(sorted(map(str, facts[name].dropna().unique()))[:20]) or "-"
            raise InputError.of(
                "facts_no_rows", source=source, column=name, value=", ".join(absent), there=there
            )
        facts = facts[cells.isin([_word(v) for v in values])]
    return facts


def _word(value: object) -> str:
    """Bring a category to one spelling: capitals aside, and 3.0 is 3."""
    return str(value).strip().upper().removesuffix(".0")


def _one_of_a_kind(rows: pd.DataFrame, source: str) -> str:
    for column in ("measure", "unit"):
        several = rows[column].dropna().unique()
        if len(several) > 1:
            value = ", ".join(map(str, several))
            raise InputError.of("facts_several", source=source, value=value, column="measure")
    units = rows["unit"].dropna().unique()
    return str(units[0]) if len(units) else ""


def _guarded(rows: pd.DataFrame, unit: str, *, source: str, notify: Notify) -> pd.DataFrame:
    """Mask what would let people be traced, and tell what is masked, hidden and blank."""
    small = rows["count"].between(1, MASKED_HIGH) & (rows["kind"] == "history")
    small &= unit in PEOPLE
    hidden = rows["masked"] & rows["low"].isna()
    blank = rows["expected"].isna() & ~rows["masked"] & rows["label"].isna()
    told = (("count_masked", rows["masked"] & ~hidden), ("count_small", small))
    for code, cells in (*told, ("count_blank", blank)):
        if cells.any():
            notify(note(code, count=int(cells.sum()), where=source))
    if hidden.any():
        notify(note("facts_hidden", count=int(hidden.sum()), source=source))
    bounds = zip(_SIDES, (MASKED_EXPECTED, MASKED_LOW, MASKED_HIGH), strict=True)
    masked = {side: rows[side].mask(small, float(bound)) for side, bound in bounds}
    return rows.assign(**masked, hidden=hidden)


def _added(keyed: pd.DataFrame) -> pd.DataFrame:
    """Add counts up; a hidden number leaves only what the sum is at least."""
    shared = keyed.assign(**{side: keyed[side] * keyed["share"] for side in _SIDES})
    groups = shared.groupby(["key", "year", "kind"])
    table = groups[list(_SIDES)].sum(min_count=1)
    hidden = groups["hidden"].any()
    table[["expected", "high"]] = table[["expected", "high"]].mask(hidden)
    return table.reset_index().assign(label=None)


def _single(
    keyed: pd.DataFrame, *, by: str, unit: str, source: str, notify: Notify
) -> pd.DataFrame:
    """Take the one number or judgement of each key; refuse several, unless a merger made them."""
    at = ["key", "year", "kind"]
    several = keyed.duplicated([*at, "published"], keep=False)
    worded = keyed["expected"].isna() & keyed["label"].notna()
    if several.any():
        first = keyed[several].iloc[0]
        dims = [name for name in keyed.columns if name not in FACTS and keyed[name].nunique() > 1]
        there = ", ".join(
            n for n in dims if n not in ("key", "share", "published", "part", "hidden")
        )
        params = {"source": source, "key": by, "value": f"{first['key']} ({first['year']})"}
        params |= {"count": keyed.loc[several, "key"].nunique(), "there": there or "-"}
        if worded[several].any():
            raise InputError.of("facts_labels", **params)
        raise InputError.of("facts_not_additive", **params, unit=unit or "-")
    # The rate of one part is none of the whole, also where the other parts are not told.
    merged = keyed.duplicated(at, keep=False) | (keyed["share"] < 1) | keyed["part"]
    if merged.any():
        notify(note("facts_merged", keyed.loc[merged, "published"].unique(), source=source))
    blank = {side: keyed[side].mask(merged) for side in _SIDES}
    table = keyed.assign(**blank, label=keyed["label"].mask(merged))
    return table.drop_duplicates(at)[[*at, *_SIDES, "label"]].reset_index(drop=True)


def _untraceable(table: pd.DataFrame) -> pd.DataFrame:
    """Widen what is known to be fewer than five people to the whole of a mask."""
    few = (table["kind"] == "history") & (table["low"] > 0) & (table["high"] <= MASKED_HIGH)
    bounds = zip(_SIDES, (MASKED_EXPECTED, MASKED_LOW, MASKED_HIGH), strict=True)
    return table.assign(**{side: table[side].mask(few, float(bound)) for side, bound in bounds})
