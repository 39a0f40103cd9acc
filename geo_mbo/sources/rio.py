"""Files of RIO, the register of institutions and programmes: where teaching may happen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_mbo.errors import FileError, InputError
from geo_mbo.sources.periods import days, ends, holds
from geo_mbo.sources.text import finite, header, once, read_bytes, read_text, take, wrong_cell

if TYPE_CHECKING:
    import pandas as pd

_LOCATIONS = {
    "site_id": "ONDERWIJSLOCATIECODE",
    "latitude": "GPS_LATITUDE",
    "longitude": "GPS_LONGITUDE",
}
_ADDRESS = {
    "street": "STRAATNAAM",
    "house": "HUISNUMMER",
    "addition": "HUISNUMMERTOEVOEGING",
    "postcode": "POSTCODE",
    "place": "PLAATSNAAM",
}
_JSON = (".json", ".jsonl", ".ndjson")
_API_FIELDS = {
    "onderwijslocatiecode": "ONDERWIJSLOCATIECODE",
    "bag-id": "BAG_ID",
    "gpsLatitude": "GPS_LATITUDE",
    "gpsLongitude": "GPS_LONGITUDE",
    "straatnaam": "STRAATNAAM",
    "huisnummer": "HUISNUMMER",
    "huisnummertoevoeging": "HUISNUMMERTOEVOEGING",
    "postcode": "POSTCODE",
    "plaatsnaam": "PLAATSNAAM",
}
"""Fields of an onderwijslocatie in the RIO LOD API v2, and the headers of the same in the file."""


def read_locations(path: Path | str) -> pd.DataFrame:
    """Read the onderwijslocaties with their GPS coordinates.

    Parameters
    ----------
    path
        ``onderwijslocaties.csv``; or, in JSON, what the RIO LOD API gives: an onderwijslocatie a
        line, or all of them in a list, by itself or under ``rows``.

    Returns
    -------
    pandas.DataFrame
        ``site_id``; ``latitude`` and ``longitude`` (degrees, WGS 84; missing where blank or
        both 0); ``street``, ``number``, ``postcode``, ``place`` (text).

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; the file is no JSON; columns are missing; a
        coordinate is no number; a location is there twice.
    """
    path = Path(path)
    frame = _api_frame(path) if _is_json(path) else read_text(path)
    taken = take(frame, _LOCATIONS, optional=_ADDRESS, where=path.name)
    once(taken[["site_id"]], where=path.name)
    number = taken["house"].fillna("") + taken["addition"].fillna("")
    _order_guard(taken, where=path.name)
    latitude = degrees(taken["latitude"], where=path.name, column="GPS_LATITUDE")
    longitude = degrees(taken["longitude"], where=path.name, column="GPS_LONGITUDE")
    # The API must give degrees: where nobody knows them, both are 0.
    nowhere = (latitude == 0) & (longitude == 0)
    read = taken.drop(columns=["house", "addition"]).assign(
        latitude=latitude.mask(nowhere),
        longitude=longitude.mask(nowhere),
        number=number.mask(number == ""),
    )
    order = ["site_id", "latitude", "longitude", "street", "number", "postcode", "place"]
    return read[order].reset_index(drop=True)


def read_providers(path: Path | str, *, on: date | None = None) -> pd.DataFrame:
    """Read which institution (BRIN) stands behind which onderwijsaanbieder.

    The file is ``relaties_onderwijsaanbieders_onderwijsinstellingserkenningen.csv``.

    Parameters
    ----------
    path
        The file.
    on
        The day on which a relation has to hold; without one, the relations that have no end.

    Returns
    -------
    pandas.DataFrame
        ``provider_id``, ``institution_id``; each pair once.

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; columns are missing, or a day is none.
    """
    path = Path(path)
    taken = take(
        read_text(path),
        {"provider_id": "ONDERWIJSAANBIEDERID", "institution_id": "OIE_CODE"},
        optional={"begins": "BEGINDATUM", "ended": "EINDDATUM"},
        where=path.name,
    )
    begins = days(taken["begins"], where=path.name, column="BEGINDATUM")
    ended = ends(taken["ended"], where=path.name, column="EINDDATUM")
    current = taken[holds(begins, ended, on)]
    return current[["provider_id", "institution_id"]].drop_duplicates().reset_index(drop=True)


def _is_json(path: Path) -> bool:
    """Say whether a file is, or starts like, JSON; False for what is not there."""
    if path.suffix.lower() in _JSON:
        return True
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        return False
    return start.decode("utf-8-sig", errors="replace").lstrip()[:1] in ("{", "[")


def _api_frame(path: Path) -> pd.DataFrame:
    """Give what the RIO LOD API gave as text under the headers of the file."""
    import pandas as pd

    raw = read_bytes(path)
    found = list(_api_rows(raw, path))
    if not found:
        raise InputError.of("no_rows", path=str(path))
    lines = pd.Index([line for line, _ in found], name="line", dtype="int64")
    there = {field for _, row in found for field in row}
    return pd.DataFrame(
        {
            header(theirs): pd.array([_text(row.get(field)) for _, row in found], dtype="str")
            for field, theirs in _API_FIELDS.items()
            if field in there
        },
        index=lines,
    )


def _api_rows(raw: bytes, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give each onderwijslocatie with the line it stands on, or its place in the list."""
    try:
        text = raw.decode("utf-8-sig")
        lines = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
        parsed = [(n, json.loads(line)) for n, line in lines] if _by_line(lines) else []
        rows = parsed or list(enumerate(_listed(json.loads(text)), start=1))
    except (ValueError, RecursionError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error
    wrong = [n for n, row in rows if not isinstance(row, dict)]
    if wrong:
        reason = f"JSON, line {wrong[0]}"
        raise FileError.of("cannot_read", path=str(path), reason=reason)
    yield from rows


def _by_line(lines: list[tuple[int, str]]) -> bool:
    """Say whether the first line is one onderwijslocatie, and not the start of a whole."""
    try:
        first = json.loads(lines[0][1]) if lines else None
    except ValueError:
        return False
    return isinstance(first, dict) and "rows" not in first


def _listed(whole: Any) -> list[Any]:
    rows = whole.get("rows") if isinstance(whole, dict) else whole
    if not isinstance(rows, list):
        raise ValueError("rows")  # noqa: TRY004  told as the fault of the file that it is
    return rows


def _text(value: Any) -> str | None:
    return None if value is None or str(value).strip() == "" else str(value).strip()


def _order_guard(taken: pd.DataFrame, *, where: str) -> None:
    """Refuse a file whose latitudes are the Netherlands' longitudes, and the other way round."""
    import pandas as pd

    latitude, longitude = (
        pd.to_numeric(taken[name], errors="coerce") for name in ("latitude", "longitude")
    )
    swapped = latitude.between(3, 8) & longitude.between(50, 54)
    if swapped.any():
        raise wrong_cell("degrees_swapped", taken["site_id"], swapped, where=where)


def degrees(values: pd.Series, *, where: str, column: str) -> pd.Series:
    """Read coordinates out of text cells, with a point or a comma; blank cells are missing.

    Raises
    ------
    InputError
        A cell holds no number.
    """
    numbers = finite(values.str.replace(",", ".", regex=False))
    wrong = numbers.isna() & values.notna()
    if wrong.any():
        raise wrong_cell("no_coordinate", values, wrong, where=where, column=column)
    return numbers
