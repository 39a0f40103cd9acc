"""Every result in one workbook for Excel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isinf, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_mbo.cache import replacing
from geo_mbo.errors import FileError
from geo_mbo.messages import Lang, text
from geo_mbo.notes import Note
from geo_mbo.provenance import About
from geo_mbo.report.background import day
from geo_mbo.report.cells import in_words, masked_in, told_numbers
from geo_mbo.report.sheets import MOST_ROWS, Sheet, dictionary, sheets
from geo_mbo.report.wording import FEWEST

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.scenario import Comparison
    from geo_mbo.tables import Tables

_SHARES = (
    "share",
    "change",
    "overlap",
    "within_",
    "reached_share",
    "unreached_share",
    "cumulative",
    "sorensen",
)
_ANY = (
    *("value", "national", "difference", "gini", "minutes_p80_p20", "peers"),
    *("decay_rate", "rate_se", "origin_exponent", "site_exponent", "competition_exponent"),
    *("pseudo_r2", "dispersion", "srmse", "factor", "gap", "fitted", "drawn"),
)
"""Numbers of any unit: written with the decimals they have."""

_FINE = ("minutes", "km", "distance", "published", "computed")
"""Numbers that get one decimal."""

_CODES = ("year", "level", "rank")
_MOST_SIGNS = 32_767
"""Longest text that Excel takes in a cell."""


@dataclass(frozen=True)
class _Looks:
    """Formats of the workbook, made once."""

    title: Any
    warning: Any
    head: Any
    wrap: Any
    label: Any
    whole: Any
    fine: Any
    share: Any
    plain: Any
    note: Any


def write_workbook(
    path: Path,
    tables: Tables,
    findings: Findings,
    about: About,
    notes: Sequence[Note],
    *,
    lang: Lang = "nl",
    scenarios: Sequence[Comparison] = (),
) -> Path:
    """Write every result as a sheet with filters, headings with units and a data dictionary.

    What was not reached is written in words, what is not known is empty. A count of one to four
    people is written ``<5``, with the least and the most it can be beside it. Texts are never
    taken for formulas.

    Parameters
    ----------
    path
        The file; what is there is replaced once the new one is whole.
    tables, findings
        What is written.
    about, notes
        Where it comes from, and what happened to the data on the way.
    lang
        Language of the sheets.
    scenarios
        Scenarios beside the present, one under the other on sheets of their own.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    FileError
        The file cannot be written, or the disk is full; no half file is left.

    Examples
    --------
    >>> import tempfile
    >>> from geo_mbo.analysis import find
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = find(town.tables, town.matrix, notify=lambda note: None)
    >>> path = write_workbook(Path(tempfile.mkdtemp()) / "town.xlsx", town.tables, found,
    ...                       About("Town"), [], lang="en")
    >>> from python_calamine import CalamineWorkbook
    >>> CalamineWorkbook.from_path(path).sheet_names[:2]
    ['Read me', 'Travel by municipality']
    """
    import xlsxwriter
    from xlsxwriter.exceptions import XlsxWriterException

    shown = sheets(tables, findings, about, notes, scenarios, lang=lang)
    shown.append(dictionary(shown, lang))
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with replacing(path) as fresh:
        book = xlsxwriter.Workbook(fresh, options)
        book.set_properties({"title": about.title, "created": _moment(about.created)})
        looks = _looks(book)
        _write_read_me(book, looks, shown, about, lang)
        for one in shown:
            _write_sheet(book, looks, one, lang)
        try:
            book.close()
        except XlsxWriterException as error:
            raise FileError.of("cannot_write", path=str(path), reason=str(error)) from error
    return path


def _moment(day: date | None) -> datetime:
    made = day or date(1970, 1, 1)
    # Excel knows no time zones.
    return datetime(made.year, made.month, made.day)  # noqa: DTZ001


def _looks(book: Any) -> _Looks:
    top = {"valign": "top"}
    return _Looks(
        title=book.add_format({"bold": True, "font_size": 18, "font_color": "#0b5a82"}),
        warning=book.add_format({"bold": True, "bg_color": "#fdf1e3", "text_wrap": True, **top}),
        head=book.add_format(
            {
                "bold": True,
                "text_wrap": True,
                "valign": "bottom",
                "bottom": 2,
                "bg_color": "#e4eff5",
            }
        ),
        wrap=book.add_format({"text_wrap": True, **top}),
        label=book.add_format({"bold": True, **top}),
        whole=book.add_format({"num_format": "#,##0"}),
        fine=book.add_format({"num_format": "#,##0.0"}),
        share=book.add_format({"num_format": "0.0 %"}),
        plain=book.add_format({"num_format": "0"}),
        note=book.add_format({"align": "right", "font_color": "#4b5966"}),
    )


def _write_read_me(
    book: Any, looks: _Looks, shown: Sequence[Sheet], about: About, lang: Lang
) -> None:
    page = book.add_worksheet(text("sheet.read_me", lang))
    page.hide_gridlines(2)
    page.set_column(0, 0, 34)
    page.set_column(1, 1, 96, looks.wrap)
    page.write_string(0, 0, about.title, looks.title)
    lines: list[tuple[str, str, Any]] = []
    if about.made_up:
        words = [text(f"report.made_up.{part}", lang) for part in ("title", "text")]
        lines.append((words[0], words[1], looks.warning))
    lines += [
        (text("sheet.read_me_date", lang), day(about.created, lang), looks.wrap),
        (text("sheet.read_me_counts", lang), text("sheet_about.counts", lang), looks.wrap),
        (text("sheet.read_me_reach", lang), text("sheet_about.reach", lang), looks.wrap),
        (
            text("sheet.read_me_sources", lang),
            "; ".join(about.attributions) or "-",
            looks.wrap,
        ),
    ]
    row = 2
    for label, told, look in lines:
        page.write_string(row, 0, label, looks.label)
        page.write_string(row, 1, told, look)
        row += 1
    page.write_string(row + 1, 0, text("sheet.read_me_sheets", lang), looks.label)
    for row_of, one in enumerate(shown, start=row + 2):
        name = text(f"sheet.{one.key}", lang)
        page.write_url(row_of, 0, f"internal:'{name}'!A1", string=name)
        page.write_string(row_of, 1, _about(one, lang), looks.wrap)


def _about(one: Sheet, lang: Lang) -> str:
    told = text(f"sheet_about.{one.key}", lang)
    if len(one.frame) <= MOST_ROWS:
        return told
    return f"{told} {text('sheet_about.cut', lang, shown=MOST_ROWS, count=len(one.frame))}"


def _write_sheet(book: Any, looks: _Looks, one: Sheet, lang: Lang) -> None:
    page = book.add_worksheet(text(f"sheet.{one.key}", lang))
    frame = one.frame.head(MOST_ROWS)
    heads = [text(f"field.{name}", lang) for name in frame.columns]
    page.set_row(0, 48)
    page.freeze_panes(1, 1)
    for column, name in enumerate(frame.columns):
        width = _write_column(page, looks, column, frame, str(name), lang)
        page.set_column(column, column, max(width, min(len(heads[column]), 16)) + 2)
    page.add_table(
        0,
        0,
        max(len(frame), 1),
        len(heads) - 1,
        {
            "columns": [{"header": head, "header_format": looks.head} for head in heads],
            "name": f"t_{one.key}",
            "style": "Table Style Light 1",
        },
    )


def _write_column(
    page: Any, looks: _Looks, column: int, frame: pd.DataFrame, name: str, lang: Lang
) -> int:
    """Write one column below its heading; give the width that its longest text asks."""
    import pandas as pd

    values = frame[name]
    if pd.api.types.is_bool_dtype(values):
        told = [text(f"value.{str(bool(v)).lower()}", lang) for v in values]
        return _write_texts(page, column, told)
    if not pd.api.types.is_numeric_dtype(values):
        return _write_texts(page, column, in_words(values, name, lang))
    values, masked = told_numbers(frame, name), masked_in(frame, name)
    look, beyond = _number_look(looks, name), text("value.not_reached", lang)
    for row, (value, few) in enumerate(zip(values.to_numpy(float), masked, strict=True), start=1):
        if few:
            page.write_string(row, column, f"<{FEWEST}", looks.note)
        elif isinf(value):
            page.write_string(row, column, beyond, looks.note)
        elif not isnan(value):
            page.write_number(row, column, value, look)
    return 12


def _write_texts(page: Any, column: int, told: Sequence[str | None]) -> int:
    for row, value in enumerate(told, start=1):
        if value:
            page.write_string(row, column, value[:_MOST_SIGNS])
    longest = max((len(value) for value in told if value), default=0)
    return min(longest, 60)


def _number_look(looks: _Looks, name: str) -> Any:
    if name.endswith(_CODES):
        return looks.plain
    if name.startswith(_ANY):
        return None
    if any(part in name for part in _SHARES) and "young_people" not in name:
        return looks.share
    return looks.fine if name.startswith(_FINE) else looks.whole
