"""The form of a file that is to be open data: can a machine read it, and is it whole.

Text, spreadsheets and files with geometry are read part by part (sheets, layers). What is found is
told with the place of the first offender and what to do.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.errors import Breach, GeoMboError
from geo_mbo.notes import Note, note
from geo_mbo.sources.cells import YEARS
from geo_mbo.sources.figures import Counts, count_name, counts_of, sums_of, where_of
from geo_mbo.sources.grondslag_records import is_own_file
from geo_mbo.sources.text import DELIMITERS, SHEETS, header, read_bytes, read_text

if TYPE_CHECKING:
    import pandas as pd

TEXT = (".csv", ".txt", ".tsv")
GEOGRAPHY = (".gpkg", ".geojson", ".json", ".fgb", ".shp")
OPEN = (*TEXT, *GEOGRAPHY, ".xlsx", ".ods")
ROW_LIMITS = (32_000, 65_535, 65_536, 100_000, 1_048_575, 1_048_576)
"""Numbers of rows at which programs and services cut tables off."""

_KEYS = re.compile(
    r"^(?:INSTELLINGSCODE|BRIN NUMMER|VESTIGINGSNUMMER|VESTIGINGSCODE|ONDERWIJSLOCATIECODE|"
    r"ONDERWIJSLOCATIE|WOONGEMEENTE|GEMEENTENAAM|GEMEENTENUMMER|STATCODE|PC4|POSTCODE4|JAAR|"
    r"ERKENDE OPLEIDING CODE|SITE ID|PROGRAMME ID|YEAR)$"
)
_WIDTHS = {
    "GEMEENTENUMMER": 4,
    "GEMEENTENUMMER INSTELLING": 4,
    "BRIN NUMMER": 4,
    "INSTELLINGSCODE": 4,
}
_POWER = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
_COUNT_CELL = re.compile(r"-?\d+(?:[.,]\d+)*|<\s*\d+|[*.xX-]|geheim|n\.?b\.?")
_GROUPED = re.compile(r"-?\d{1,3}(?:\.\d{3})+|-?\d{1,3}(?:,\d{3}){2,}")
_COMMA = re.compile(r"-?\d+,\d+")
_WITH_UNIT = re.compile(
    r"(?:€|EUR|\$)\s*-?\d[\d.,]*|-?\d[\d.,]*\s*(?:%|€|km|min|fte)", re.IGNORECASE
)
_DAY_FIRST = re.compile(
    r"\d{1,2}[-/. ]\d{1,2}[-/. ](?:19|20)\d\d|(?:19|20)\d\d[/.]\d{1,2}[/.]\d{1,2}"
)
_YEAR_NAME = re.compile(r"^(?P<stem>\D*?) ?(?P<year>(?:19|20)\d\d)$")


@dataclass(frozen=True)
class Part:
    """A table of a file: its name (of the sheet or layer; blank for text), rows and counts."""

    name: str
    frame: pd.DataFrame
    counts: Counts


@dataclass(frozen=True)
class Form:
    """A file looked at.

    Attributes
    ----------
    parts
        The tables that could be read.
    faults
        What keeps a machine from reading it.
    unread
        Why it, or a part, could not be read: also a fault.
    personal
        It holds records of persons, as institutions send them to DUO.
    """

    parts: tuple[Part, ...]
    faults: tuple[Note | Breach, ...] = ()
    unread: tuple[Breach, ...] = field(default=())
    personal: bool = False


def looked_at(path: Path) -> Form:
    """Read a file as a machine would, and tell what stands in the way.

    What cannot be read is told, not raised.
    """
    kind = path.suffix.lower()
    if kind in GEOGRAPHY:
        parts, faults, unread = _layers(path)
    elif kind in SHEETS:
        parts, faults, unread = _sheets(path)
    else:
        return _text(path)
    faults += [found for part in parts for found in cell_faults(part)]
    if kind not in OPEN:
        faults.insert(0, note("mark_closed_format", count=1, value=kind))
    return Form(tuple(parts), tuple(faults), tuple(unread))


def _text(path: Path) -> Form:
    faults: list[Note] = []
    kind = path.suffix.lower()
    if kind not in OPEN:
        faults.append(note("mark_closed_format", count=1, value=kind or "-"))
    try:
        raw = read_bytes(path)
    except GeoMboError as error:
        return Form((), tuple(faults), error.breaches)
    own = Form((), (*faults, note("mark_no_header", count=1)), (), personal=True)
    if is_own_file(path):
        return own
    try:
        frame = read_text(path)
    except GeoMboError as error:
        if any(breach.code == "own_not_here" for breach in error.breaches):
            return own
        return Form((), tuple(faults), error.breaches)
    part = Part("", frame, counts_of(frame))
    faults += [*_bytes_faults(raw), *_line_faults(raw), *cell_faults(part)]
    return Form((part,), tuple(faults))


def _bytes_faults(raw: bytes) -> Iterator[Note]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield note("mark_encoding", count=1, value="UTF-16", row="1")
    else:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            yield note("mark_encoding", count=1, value="Windows-1252", row=str(line))
    outside = re.sub(rb'"[^"]*"', b"", raw)  # a cell between quotes may hold lines of its own
    ends = {outside.count(end) for end in (b"\r\n", b"\n", b"\r")}
    if len(ends - {0}) > 1:
        yield note("mark_line_ends", count=1)


def _line_faults(raw: bytes) -> Iterator[Note]:
    """Tell of lines above the header and below the rows that are no data."""
    encoding = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    lines = raw.decode(encoding, errors="replace").splitlines()
    filled = [line for line in lines if line.strip()]
    first = filled[0] if filled else ""
    if max(len(next(csv.reader([first], delimiter=d))) for d in DELIMITERS) == 1:
        yield note("mark_title", count=1, value=first.strip('" ')[:60])
    last = filled[-1].strip('"; ,') if filled else ""
    if len(filled) > 2 and last.startswith(("Bron:", "©")):
        yield note("mark_footer", count=1, value=last[:60])


def _sheets(path: Path) -> tuple[list[Part], list[Note | Breach], list[Breach]]:
    from python_calamine import CalamineError, CalamineWorkbook

    parts: list[Part] = []
    faults: list[Note | Breach] = []
    unread: list[Breach] = []
    try:
        read_text(path)  # which guards against what is too large
        book = CalamineWorkbook.from_path(path)
    except GeoMboError as error:
        return parts, faults, [*error.breaches]
    except CalamineError as error:
        breach = Breach("cannot_read", {"path": str(path), "reason": str(error)[:200]})
        return parts, faults, [breach]
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        if not sheet.total_height:
            continue
        merged = sheet.merged_cell_ranges or []
        if merged:
            (row, _), _ = merged[0]
            faults.append(note("mark_merged", count=len(merged), column=name, row=str(row + 1)))
        try:
            frame = read_text(path, sheet=name)
        except GeoMboError as error:
            unread += error.breaches
            continue
        if frame.index[0] > 2:
            faults.append(note("mark_title", count=1, value=name))
        parts.append(Part(name, frame, counts_of(frame)))
        faults += _text_numbers(name, sheet.to_python(), parts[-1].counts)
    return parts, faults, unread


def _text_numbers(name: str, rows: Sequence[Sequence[object]], counts: Counts) -> Iterator[Note]:
    """Tell of counts that a spreadsheet holds as text: sums and filters pass over them."""
    told = [
        (line, cell)
        for line, row in enumerate(rows[1:], start=2)
        for cell in row
        if isinstance(cell, str) and cell.strip().isdigit() and not cell.startswith("0")
    ]
    if told and counts.columns and len(told) >= counts.published.sum():
        yield note("mark_text_numbers", count=len(told), column=name, row=str(told[0][0]))


def _layers(path: Path) -> tuple[list[Part], list[Note | Breach], list[Breach]]:
    import pyogrio

    from geo_mbo.sources.geofile import read_geofile

    parts: list[Part] = []
    unread: list[Breach] = []
    try:
        layers = [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
    except pyogrio.errors.DataSourceError:
        layers = [("", "Unknown")]
    for name, kind in layers:
        try:
            frame = (
                read_geofile(path, layer=name or None)
                if kind
                else pyogrio.read_dataframe(path, layer=name, read_geometry=False)
            )
        except GeoMboError as error:
            unread += error.breaches
            continue
        parts.append(_as_text(name, frame))
    return parts, [], unread


def _as_text(name: str, frame: pd.DataFrame) -> Part:
    import pandas as pd

    columns = {}
    for column in frame.columns:
        if column == "geometry":
            continue
        values = frame[column]
        if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
            values = values.astype("Int64")
        columns[header(str(column))] = values.map(str, na_action="ignore").astype("str")
    index = pd.RangeIndex(1, len(frame) + 1, name="line")
    plain = pd.DataFrame({n: v.to_numpy() for n, v in columns.items()}, index=index, dtype="str")
    return Part(name, plain, counts_of(plain))


def cell_faults(part: Part) -> Iterator[Note]:
    """Tell of cells that a program reads wrongly: numbers, dates and identifiers."""
    for name in map(str, part.frame.columns):
        values = part.frame[name].dropna()
        if values.empty:
            continue
        for code, pattern in (
            ("mark_grouped", _GROUPED),
            ("mark_comma", _COMMA),
            ("mark_unit", _WITH_UNIT),
            ("mark_date", _DAY_FIRST),
        ):
            hit = values.str.fullmatch(pattern)
            if hit.any() and _meant(code, name, values):
                yield from _found(code, name, values, hit)
        if name in part.counts.columns:
            yield from _found("mark_no_number", name, values, ~values.str.fullmatch(_COUNT_CELL))
        if name in _WIDTHS or _KEYS.match(name):
            yield from _found("mark_power", name, values, values.str.fullmatch(_POWER))
        width = _WIDTHS.get(name, 0)
        short = values.str.fullmatch(r"\d+") & (values.str.len() < width)
        yield from _found("mark_zeros", name, values, short)


def _meant(code: str, name: str, values: pd.Series) -> bool:
    """Say whether a column holds numbers where some of its cells look odd as such.

    52.160 may be a latitude, 1,2 a list of two, 17KM the code of an institution and 9461 KM a
    postcode.
    """
    if code == "mark_grouped":
        return count_name(name)
    if code == "mark_date":
        return True
    plain = values.str.fullmatch(r"-?\d+(?:[.,]\d+)*")
    numbers = plain | values.str.fullmatch(_WITH_UNIT) if code == "mark_unit" else plain
    return bool(numbers.mean() > 0.9)


def _found(code: str, name: str, values: pd.Series, wrong: pd.Series) -> Iterator[Note]:
    hit = wrong.fillna(value=False).astype(bool)
    if hit.any():
        first = str(values[hit].iloc[0])[:40]
        line = str(values.index[hit.to_numpy()][0])
        yield note(code, count=int(hit.sum()), column=name, row=line, value=first)


def gaps(path: Path, parts: Sequence[Part]) -> Iterator[Note]:
    """Tell of what is missing from a file, as far as the file itself shows it."""
    if path.suffix.lower() in TEXT:
        with suppress(GeoMboError):  # that it cannot be read is told elsewhere
            yield from _cut_off(read_bytes(path))
    for part in parts:
        frame = part.frame
        yield from _years(frame)
        for name in frame.columns:
            blank = frame[name].isna()
            if _KEYS.match(str(name)) and blank.any():
                line = str(frame.index[blank.to_numpy()][0])
                yield note("mark_key_blank", count=int(blank.sum()), column=str(name), row=line)
        twice = frame.duplicated()
        if twice.any():
            line = str(frame.index[twice.to_numpy()][0])
            yield note("mark_rows_twice", count=int(twice.sum()), row=line)
        if len(frame) in ROW_LIMITS:
            yield note("mark_row_limit", count=len(frame))
        yield from _wrong_totals(part)


def _wrong_totals(part: Part) -> Iterator[Note]:
    _, wrong = sums_of(part.frame, part.counts)
    if wrong:
        row, column = where_of(part.frame, part.counts, wrong[0].total)
        yield note("mark_totals", count=len(wrong), column=column, row=row)


def _cut_off(raw: bytes) -> Iterator[Note]:
    """Tell of a last line that is shorter than the header and has no end."""
    if raw.endswith((b"\n", b"\r")) or raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return
    lines = raw.decode("utf-8", errors="replace").splitlines()
    if len(lines) < 2:
        return
    delimiter = max(DELIMITERS, key=lines[0].count)
    try:
        widths = [
            len(next(csv.reader([line], delimiter=delimiter))) for line in (lines[0], lines[-1])
        ]
    except (csv.Error, StopIteration):
        return
    if widths[1] < widths[0]:
        yield note("mark_cut_off", count=1, row=str(len(lines)))


def _years(frame: pd.DataFrame) -> Iterator[Note]:
    """Tell of years that are missing between the first and the last, in columns or in rows."""
    stems: dict[str, set[int]] = {}
    for name in map(str, frame.columns):
        if found := _YEAR_NAME.match(name):
            stems.setdefault(found["stem"], set()).add(int(found["year"]))
    for column in ("JAAR", "YEAR", "PEILJAAR"):
        if column in frame:
            text = frame[column].dropna()
            whole = text[text.str.fullmatch(r"\d{4}").fillna(value=False).astype(bool)].unique()
            stems.setdefault(column, set()).update(map(int, whole))
    for stem, years in stems.items():
        known = {year for year in years if YEARS[0] <= year <= YEARS[1]}
        lost = sorted(set(range(min(known), max(known))) - known) if known else []
        # A column named after one year that is far from the others is not a series.
        if lost and len(known) > len(lost):
            yield note("mark_year_gap", lost, column=stem or "-")


def total_rows(parts: Sequence[Part]) -> int:
    """Give the number of rows of all parts."""
    return int(np.sum([len(part.frame) for part in parts], dtype=int))
