"""Addresses as people write them: postcodes without blanks, places in lower case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_POSTCODE = r"[1-9]\d{3}(?:[A-Z]{2})?"
_SMALL = frozenset(
    [
        "aan",
        "bij",
        "de",
        "den",
        "der",
        "en",
        "het",
        "in",
        "op",
        "over",
        "te",
        "ten",
        "ter",
        "'s",
        "'t",
    ]
)
_PROVINCES = frozenset(
    ["DR", "FL", "FR", "GLD", "GN", "GR", "LB", "NB", "NH", "OV", "UT", "ZH", "ZLD"]
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|'[^\W\d_]+")


def postcodes(values: pd.Series) -> pd.Series:
    """Give postcodes as ``1014AN`` or ``1014``; missing for what is none.

    Examples
    --------
    >>> import pandas as pd
    >>> postcodes(pd.Series(["7822 HG", "1014an", "0000"])).tolist()
    ['7822HG', '1014AN', nan]
    """
    plain = values.str.replace(" ", "", regex=False).str.upper()
    return plain.where(plain.str.fullmatch(_POSTCODE).fillna(False).astype(bool))


def place_name(name: str) -> str:
    """Write a place that comes in capitals as it is written in the Netherlands.

    Examples
    --------
    >>> [place_name(n) for n in ("'S-GRAVENHAGE", "IJMUIDEN", "BERGEN OP ZOOM", "HENGELO OV")]
    ["'s-Gravenhage", 'IJmuiden', 'Bergen op Zoom', 'Hengelo OV']
    """
    if not name.isupper():
        return name

    def written(found: re.Match[str]) -> str:
        word, first = found[0], found.start() == 0
        if not first and word in _PROVINCES:
            return word
        small = word.lower()
        ordinal = not first and name[found.start() - 1].isdigit()
        if ordinal or (small in _SMALL and (not first or small.startswith("'"))):
            return small
        return "IJ" + small[2:] if small.startswith("ij") else small.capitalize()

    return _WORD.sub(written, name)


def place_names(values: pd.Series) -> pd.Series:
    """Give every place as `place_name` does; missing stays missing."""
    return values.map(place_name, na_action="ignore").astype("str")


def whole_address(rows: pd.DataFrame) -> pd.Series:
    """Give ``street number, place`` with what is known of it."""
    street = (rows["street"].fillna("") + " " + rows["number"].fillna("")).str.strip()
    place = rows["place"].fillna("")
    comma = (street != "") & (place != "")
    return street + comma.map({True: ", ", False: ""}) + place
