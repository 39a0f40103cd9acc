"""Indicators told: who is highest and lowest, institutions and areas beside each other, a chart."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geo_mbo.analysis.indicators import indicators_of, institution_indicators, published_only
from geo_mbo.analysis.naming import bare, decimals_of, indicator_name, measured, unit_name
from geo_mbo.messages import Lang, text
from geo_mbo.report.parts import Cell, Section, Table
from geo_mbo.report.pictures import Panel, Row, charts
from geo_mbo.report.view import View
from geo_mbo.report.wording import FEWEST, listed

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings

TOLD = 8
"""How many indicators are told in a sentence."""

COLUMNS = 5
"""How many indicators a table of the page shows; the workbook holds them all."""

BESIDE = 2
"""How many indicators stand beside the comparison of institutions."""

ROWS = 15
"""How many rows a table of the page has: the highest by its first indicator."""

BARS, PANELS = 12, 3
LEVELS = ("municipality", "labour_market", "province", "corop", "rmc")
_ORDER = ("institution", "site", *LEVELS, "pc4", "district", "neighbourhood", "programme", "sector")


@dataclass(frozen=True)
class Column:
    """An indicator in its last year, as a column of a table.

    Attributes
    ----------
    head
        Its name with unit and year.
    rows
        Its rows (`geo_mbo.analysis.indicators.COMPARED`) by key.
    words
        It judges in words.
    decimals
        Decimals of its numbers.
    lang
        Language of the cells.
    """

    head: str
    rows: Mapping[str, Mapping[Hashable, Any]]
    words: bool
    decimals: int
    lang: Lang

    def cell(self, key: str) -> Cell:
        """Give the cell of one key: its number with a bar, its judgement, or a dash."""
        row = self.rows.get(key)
        if row is None:
            return Cell("-")
        most = max((r["value"] for r in self.rows.values() if r["value"] > 0), default=1)
        bar = None if self.words or row["masked"] or most <= 0 else row["value"] / most
        return Cell(written(row, self.lang, self.decimals), bar)


def written(row: Mapping[Hashable, Any], lang: Lang, decimals: int | None = None) -> str:
    """Write the number or the judgement of a row: masked as "<5", none as a dash.

    Examples
    --------
    >>> known = {"masked": False, "judgement": None, "value": 4.25, "value_low": 4.25,
    ...          "value_high": 4.25}
    >>> written(known, "nl"), written({**known, "masked": True}, "nl")
    ('4,2', '<5')
    >>> written({**known, "value_low": 4.0, "value_high": 5.0}, "en")
    '4.2 (4 to 5)'
    """
    if row["masked"]:
        return f"<{FEWEST}"
    if row["value"] != row["value"]:
        return row["judgement"] if isinstance(row["judgement"], str) else "-"
    number = bare(row["value"], lang, decimals)
    if not row["value_low"] < row["value_high"]:
        return number
    low, high = (bare(row[name], lang, decimals) for name in ("value_low", "value_high"))
    return text("report.indicators.bounds", lang, value=number, low=low, high=high)


def columns_of(rows: pd.DataFrame, lang: Lang, *, most: int) -> list[Column]:
    """Give the latest of each indicator of one kind of key as columns, at most so many."""
    found = []
    for name, mine in list(rows.groupby("indicator", sort=False))[:most]:
        known = mine[mine["value"].notna() | mine["judgement"].notna()]
        latest = known[known["year"] == known["year"].max()]
        if latest.empty:
            continue
        first = latest.iloc[0]
        words = bool(latest["value"].isna().all())
        told = "" if words else unit_name(str(first["unit"]), lang)
        within = ", ".join(part for part in (told, str(first["year"])) if part)
        records = {str(row["key"]): row for row in latest.to_dict("records")}
        head = f"{indicator_name(str(name), lang)} ({within})"
        decimals = decimals_of(latest["value"], str(first["unit"]))
        found.append(Column(head, records, words, decimals, lang))
    return found


def beside(findings: Findings, lang: Lang) -> list[Column]:
    """Give the indicators of institutions that stand in the comparison of institutions."""
    return columns_of(
        institution_indicators(published_only(findings.indicators)), lang, most=BESIDE
    )


def indicators(findings: Findings, view: View) -> Section:
    """Tell the indicators that the study asked for; without any, who lives where."""
    lang = view.lang
    found = published_only(findings.indicators)
    names = _asked(found)
    shown = found[found["indicator"].isin(names)]
    title = text("report.indicators.title", lang)
    if shown.empty:
        return Section("kenmerken", title, text("report.indicators.none", lang))
    sentences = [_sentence(shown[shown["indicator"] == name], lang) for name in names[:TOLD]]
    tables = [_table(shown, kind, lang) for kind in ("institution", *LEVELS)]
    lead = text("report.indicators.lead", lang)
    if len(names) > TOLD:
        lead += " " + text("report.indicators.more", lang, shown=TOLD, count=len(names))
    panels = _panels(shown, lang)
    if any(panel.line is not None for panel in panels):
        lead += " " + text("report.indicators.dashed", lang)
    return Section(
        "kenmerken",
        title,
        lead,
        tuple(sentence for sentence in sentences if sentence),
        tables=tuple(table for table in tables if table),
        caution=text("report.indicators.caution", lang),
        picture=charts(panels) if panels else "",
        picture_alt=text("report.indicators.chart", lang, names=listed(_titles(panels), lang)),
    )


def _asked(found: pd.DataFrame) -> list[str]:
    """Give the indicators that were asked for; those that are always there where there are none."""
    told = found[found["value"].notna() | found["judgement"].notna()]
    lists = [indicators_of(told, str(kind)) for kind in told["key_kind"].unique()]
    asked = {name for one in lists for name in one.loc[one["asked"], "indicator"]}
    names = [str(name) for name in told["indicator"].unique()]
    return [name for name in names if name in asked] or names


def _first_kind(rows: pd.DataFrame) -> str:
    """Give the kind of key that an indicator is told for; what was published goes first."""
    known = rows[rows["value"].notna() | rows["judgement"].notna()]
    published = set(known.loc[~known["summed"], "key_kind"])
    there = [kind for kind in _ORDER if kind in set(known["key_kind"])]
    return next((kind for kind in there if kind in published), there[0] if there else "")


def _sentence(rows: pd.DataFrame, lang: Lang) -> str:
    """Say who is highest and lowest in the last year, or how often each judgement was given."""
    kind = _first_kind(rows)
    known = rows[rows["value"].notna() | rows["judgement"].notna()]
    mine = known[known["key_kind"] == kind]
    mine = mine[(mine["year"] == mine["year"].max()) & mine["name"].notna()]
    if mine.empty:
        return ""
    name, year = indicator_name(str(mine["indicator"].iloc[0]), lang), str(mine["year"].iloc[0])
    if mine["value"].isna().all():
        counts = mine["judgement"].value_counts().sort_index()
        words = listed([f"{word} ({count})" for word, count in counts.items()], lang)
        return text("report.indicators.judged", lang, name=name, year=year, words=words)
    ranked = mine[~mine["masked"]].dropna(subset="value").sort_values("value", kind="stable")
    if len(ranked) < 2:
        return ""
    ends = {
        f"{end}_{what}": told
        for end, row in (("most", ranked.iloc[-1]), ("least", ranked.iloc[0]))
        for what, told in (
            ("name", row["name"]),
            ("value", measured(row["value"], str(row["unit"]), lang)),
        )
    }
    per = text(f"map.per.{kind}", lang)
    said = text("report.indicators.ends", lang, name=name, year=year, per=per, **ends)
    return f"{said} {_nation_told(mine, lang)}".strip()


def _nation_told(rows: pd.DataFrame, lang: Lang) -> str:
    """Say the number of the country, where it was published."""
    told = rows[rows["national"].notna() & ~rows["national_summed"]]
    if told.empty:
        return ""
    first = told.iloc[0]
    value = measured(first["national"], str(first["unit"]), lang)
    return text("report.indicators.nation", lang, value=value)


def _table(shown: pd.DataFrame, kind: str, lang: Lang) -> Table | None:
    """Put the keys of one kind beside each other; municipalities only the highest of them."""
    rows = shown[shown["key_kind"] == kind]
    columns = columns_of(rows, lang, most=COLUMNS)
    if not columns:
        return None
    named = rows.drop_duplicates("key").set_index("key")["name"]
    keys = {key for column in columns for key in column.rows}
    order = sorted(keys, key=lambda key: _place(columns, key))[:ROWS]
    cells = [
        (
            Cell(str(named[key]) if isinstance(named[key], str) else key),
            *(column.cell(key) for column in columns),
        )
        for key in order
    ]
    caption = "caption_cut" if len(keys) > len(order) else "caption"
    said = {"per": text(f"map.per.{kind}", lang), "shown": len(order), "count": len(keys)}
    return Table(
        text(f"report.indicators.{caption}", lang, **said),
        (text(f"map.kind.{kind}", lang).capitalize(), *(column.head for column in columns)),
        (*cells, *_nation_row(columns, lang)),
        words=frozenset(k + 1 for k, column in enumerate(columns) if column.words),
    )


def _place(columns: Sequence[Column], key: str) -> tuple[float, str]:
    row = columns[0].rows.get(key)
    value = row["value"] if row is not None and not row["masked"] else float("-inf")
    return (-value if value == value else float("inf"), key)  # noqa: PLR0124 - not a number


def _nation_row(columns: Sequence[Column], lang: Lang) -> list[tuple[Cell, ...]]:
    """Give the row of the country, where one of the columns has its number."""
    told = []
    for column in columns:
        rows = [r for r in column.rows.values() if r["national"] == r["national"]]
        known = [r for r in rows if not r["national_summed"]]
        told.append(Cell(bare(known[0]["national"], lang, column.decimals) if known else "-"))
    if all(cell.text == "-" for cell in told):
        return []
    return [(Cell(text("map.nation", lang).capitalize()), *told)]


def _panels(shown: pd.DataFrame, lang: Lang) -> list[Panel]:
    """Give what the chart shows: the numbers of institutions, else of the first kind of area."""
    numbers = shown[shown["value"].notna()]
    kinds = [kind for kind in _ORDER if (numbers["key_kind"] == kind).any()]
    if not kinds:
        return []
    rows = numbers[numbers["key_kind"] == kinds[0]]
    columns = [c for c in columns_of(rows, lang, most=COLUMNS) if not c.words][:PANELS]
    named = rows.drop_duplicates("key").set_index("key")["name"].to_dict()
    keys = {key for column in columns for key in column.rows}
    order = sorted(keys, key=lambda key: _place(columns, key))[:BARS]
    names = [str(named[key]) if isinstance(named[key], str) else key for key in order]
    return [
        Panel(
            column.head,
            tuple(_bar(column, key, name) for key, name in zip(order, names, strict=True)),
            _line(column),
        )
        for column in columns
    ]


def _bar(column: Column, key: str, name: str) -> Row:
    row = column.rows.get(key)
    hidden = row is None or row["masked"]
    value = float("nan") if row is None or hidden else float(row["value"])
    told = (
        "-"
        if row is None
        else f"<{FEWEST}"
        if hidden
        else bare(value, column.lang, column.decimals)
    )
    return Row(name if len(name) <= 40 else f"{name[:38].rstrip()}…", value, told)


def _line(column: Column) -> float | None:
    """Give the number of the country to compare rates with; one of counts would dwarf all bars."""
    most = max(float(row["value"]) for row in column.rows.values())
    for row in column.rows.values():
        if not row["national_summed"] and 0 <= row["national"] <= 1.5 * most:
            return float(row["national"])
    return None


def _titles(panels: Sequence[Panel]) -> list[str]:
    return [panel.title for panel in panels]
