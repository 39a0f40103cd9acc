"""Files of RIO, the register of institutions and programmes: where teaching may happen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.sources.text import once, read_text, take, wrong_cell

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


def read_locations(path: Path | str) -> pd.DataFrame:
    """Read the onderwijslocaties (``onderwijslocaties.csv``) with their GPS coordinates.

    Returns
    -------
    pandas.DataFrame
        ``site_id``; ``latitude`` and ``longitude`` (degrees, WGS 84; missing where blank);
        ``street``, ``number``, ``postcode``, ``place`` (text).

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; columns are missing; a coordinate
        is no number; a location is there twice.
    """
    path = Path(path)
    taken = take(read_text(path), _LOCATIONS, optional=_ADDRESS, where=path.name)
    once(taken[["site_id"]], where=path.name)
    number = taken["house"].fillna("") + taken["addition"].fillna("")
    _order_guard(taken, where=path.name)
    read = taken.drop(columns=["house", "addition"]).assign(
        latitude=degrees(taken["latitude"], where=path.name, column="GPS_LATITUDE"),
        longitude=degrees(taken["longitude"], where=path.name, column="GPS_LONGITUDE"),
        number=number.mask(number == ""),
    )
    order = ["site_id", "latitude", "longitude", "street", "number", "postcode", "place"]
    return read[order].reset_index(drop=True)


def read_providers(path: Path | str) -> pd.DataFrame:
    """Read which institution (BRIN) stands behind which onderwijsaanbieder, as it is now.

    The file is ``relaties_onderwijsaanbieders_onderwijsinstellingserkenningen.csv``; relations
    that have ended are left out, as they say nothing about today.

    Returns
    -------
    pandas.DataFrame
        ``provider_id``, ``institution_id``; each pair once.

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; or columns are missing.
    """
    path = Path(path)
    taken = take(
        read_text(path),
        {"provider_id": "ONDERWIJSAANBIEDERID", "institution_id": "OIE_CODE"},
        optional={"ended": "EINDDATUM"},
        where=path.name,
    )
    current = taken[taken["ended"].isna()]
    return current[["provider_id", "institution_id"]].drop_duplicates().reset_index(drop=True)


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
    import pandas as pd

    numbers = pd.to_numeric(values.str.replace(",", ".", regex=False), errors="coerce")
    wrong = numbers.isna() & values.notna()
    if wrong.any():
        raise wrong_cell("no_coordinate", values, wrong, where=where, column=column)
    return numbers.astype(float)
