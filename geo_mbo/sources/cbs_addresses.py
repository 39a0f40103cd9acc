"""Addresses by PC6 and house number, with municipality, district and neighbourhood (CBS).

The file of a year has ``PC6, Huisnummer, Buurt<year>, Wijk<year>, Gemeente<year>``: a semicolon
between them up to 2022, a comma in 2024; codes are whole numbers without letters (363, not GM0363).
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach, FileError, GeoMboError, InputError
from geo_mbo.sources.cbs_names import prefixed
from geo_mbo.sources.cells import known_year
from geo_mbo.sources.text import DELIMITERS, check_file, header, shown, wrong_cell

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    "pc6": r"PC6",
    "number": r"HUISNUMMER",
    "neighbourhood_id": r"BUURT ?(\d{4})?",
    "district_id": r"WIJK ?(\d{4})?",
    "municipality_id": r"GEMEENTE ?(\d{4})?",
}
_CODES = {"neighbourhood_id": ("BU", 8), "district_id": ("WK", 6), "municipality_id": ("GM", 4)}
_CHUNK = 500_000


def read_addresses(path: Path | str) -> pd.DataFrame:
    """Read the addresses of a year (pc6hnr).

    Parameters
    ----------
    path
        ``pc6hnr<year>0801_gwb.csv`` of CBS; eight million rows are read in parts.

    Returns
    -------
    pandas.DataFrame
        ``pc6`` (``1011AB``), ``number`` (text), ``neighbourhood_id``, ``district_id``,
        ``municipality_id`` (categories of codes with their letters), ``year``; missing codes are
        missing.

    Raises
    ------
    MissingFileError, FileError
        There is no such file, or it is empty, cut off or no text.
    InputError
        Columns are missing, the file says no year, or postcodes are none.
    """
    import pandas as pd

    path = Path(path)
    check_file(path)
    with path.open("rb") as raw:
        encoding = "utf-16" if raw.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        delimiter, places, year = _header(path, encoding)
        with pd.read_csv(
            path,
            sep=delimiter,
            dtype="str",
            usecols=[*places],
            chunksize=_CHUNK,
            encoding=encoding,
            index_col=False,
            on_bad_lines="error",
        ) as chunks:
            parts = [
                _part(chunk.set_axis([*places.values()], axis="columns"), path.name)
                for chunk in chunks
            ]
    except GeoMboError:
        raise
    except (ValueError, csv.Error) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)[:200]) from error
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty:
        raise InputError.of("no_rows", path=str(path))
    coded = {name: table[name].astype("category") for name in _CODES}
    return table.assign(**coded, year=year)[[*_COLUMNS, "year"]]


def _header(path: Path, encoding: str) -> tuple[str, dict[int, str], int]:
    """Give the delimiter, the places of our columns in their order, and the year."""
    with path.open(encoding=encoding) as file:
        line = next((text.strip() for text in file if text.strip()), "")
    delimiter = max(DELIMITERS, key=line.count)
    theirs = [header(cell) for cell in next(csv.reader([line], delimiter=delimiter), [])]
    places, years = {}, set()
    for place, column in enumerate(theirs):
        for ours, pattern in _COLUMNS.items():
            found = re.fullmatch(pattern, column)
            if found:
                places[place] = ours
                years |= {year for year in found.groups() if year}
    named = [*places.values()]
    absent = [ours for ours in _COLUMNS if ours not in named]
    if absent or len(named) > len(_COLUMNS):
        there = shown(", ".join(theirs))
        code = "missing_column" if absent else "header_twice"
        told = [{"there": there, "column": n} for n in absent] or [{"column": there}]
        raise InputError([Breach(code, {"where": path.name, **facts}) for facts in told])
    years = years or set(re.findall(r"(?<!\d)(20\d\d)(?=0801|\D|$)", path.stem))
    year = int(years.pop()) if len(years) == 1 else 0
    if not known_year(year):
        raise InputError.of("cbs_year_needed", where=path.name)
    return delimiter, places, year


def _part(chunk: pd.DataFrame, where: str) -> pd.DataFrame:
    rows = chunk.set_axis(chunk.index + 2)  # lines of the file: the header is line 1
    postcodes = rows["pc6"].str.replace(" ", "").str.upper()
    numbers = rows["number"].str.strip()
    checks = [
        ("no_pc6", "pc6", postcodes, r"[1-9]\d{3}[A-Z]{2}"),
        ("no_house_number", "number", numbers, r"\d{1,6}"),
    ]
    codes = {}
    for name, (prefix, digits) in _CODES.items():
        codes[name] = prefixed(rows[name], prefix, digits)
        known = codes[name].fillna(prefix + "0" * digits)
        checks.append(("no_area_code", name, known, rf"{prefix}\d{{{digits}}}"))
    for code, column, values, form in checks:
        wrong = ~values.str.fullmatch(form).fillna(False).astype(bool)
        if wrong.any():
            raise wrong_cell(code, rows[column], wrong, where=where, column=column)
    return rows.assign(pc6=postcodes, number=numbers, **codes)
