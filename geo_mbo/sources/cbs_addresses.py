"""Addresses by PC6 and house number, with municipality, district and neighbourhood (CBS).

The file of a year has ``PC6, Huisnummer, Buurt<year>, Wijk<year>, Gemeente<year>``: a semicolon
between them up to 2022, a comma in 2024; codes are whole numbers without letters (363, not GM0363).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach, FileError, InputError
from geo_mbo.sources.cbs_names import prefixed
from geo_mbo.sources.text import check_file

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    "pc6": r"pc6",
    "number": r"huisnummer",
    "neighbourhood_id": r"buurt_?(\d{4})?",
    "district_id": r"wijk_?(\d{4})?",
    "municipality_id": r"gemeente_?(\d{4})?",
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
    delimiter, names, year = _header(path)
    try:
        with pd.read_csv(
            path,
            sep=delimiter,
            dtype="str",
            usecols=list(names),
            chunksize=_CHUNK,
            encoding="utf-8-sig",
        ) as chunks:
            parts = [_part(chunk.rename(columns=names), path.name) for chunk in chunks]
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)[:200]) from error
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty:
        raise InputError.of("no_rows", path=str(path))
    coded = {name: table[name].astype("category") for name in _CODES}
    return table.assign(**coded, year=year)[[*_COLUMNS, "year"]]


def _header(path: Path) -> tuple[str, dict[str, str], int]:
    """Give the delimiter, the publisher's columns to ours, and the year."""
    check_file(path)
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        line = file.readline().strip()
    delimiter = max(";,\t", key=line.count)
    theirs = [cell.strip().strip('"') for cell in line.split(delimiter)]
    names, years = {}, set()
    for ours, pattern in _COLUMNS.items():
        for column in theirs:
            found = re.fullmatch(pattern, column, re.IGNORECASE)
            if found:
                names[column] = ours
                years |= {year for year in found.groups() if year}
    absent = [ours for ours in _COLUMNS if ours not in names.values()]
    if absent:
        there = ", ".join(theirs)[:600]
        raise InputError(
            [
                Breach("missing_column", {"where": path.name, "column": n, "there": there})
                for n in absent
            ]
        )
    years = years or set(re.findall(r"(?<!\d)(20\d\d)(?=0801|\D|$)", path.stem))
    if len(years) != 1:
        raise InputError.of("cbs_year_needed", where=path.name)
    return delimiter, names, int(years.pop())


def _part(chunk: pd.DataFrame, where: str) -> pd.DataFrame:
    postcodes = chunk["pc6"].str.replace(" ", "").str.upper()
    wrong = ~postcodes.str.fullmatch(r"[1-9]\d{3}[A-Z]{2}").fillna(False).astype(bool)
    if wrong.any():
        raise InputError.of(
            "no_pc6",
            where=where,
            count=int(wrong.sum()),
            value=str(chunk.loc[wrong, "pc6"].iloc[0]),
            row=str(int(wrong[wrong].index[0]) + 2),
        )
    codes = {name: prefixed(chunk[name], *form) for name, form in _CODES.items()}
    return chunk.assign(pc6=postcodes, **codes)
