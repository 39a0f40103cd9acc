"""Codes of regions in files of CBS: blanks behind them, numbers without a prefix, or names only."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from geo_mbo.errors import InputError
from geo_mbo.sources.text import shown

if TYPE_CHECKING:
    import pandas as pd

_CODE = r"(?:[A-Z]{2}\d+|[1-9]\d{3})"
_KINDS = {"PV": "PV", "GEMEENTE": "GM", "LD": "LD", "CR": "CR"}
_COUNTRY = ("nederland", "netherlands", "the netherlands")
_SHOWN = 12


def prefixed(values: pd.Series, prefix: str, digits: int) -> pd.Series:
    """Give codes with their letters and leading zeros; missing where there is none.

    Examples
    --------
    >>> import pandas as pd
    >>> prefixed(pd.Series(["363", "GM0363  ", None]), "GM", 4).fillna("-").tolist()
    ['GM0363', 'GM0363', '-']
    """
    bare = values.str.strip().str.upper().str.removeprefix(prefix)
    bare = bare.mask(bare == "")
    codes: pd.Series = (prefix + bare.str.zfill(digits)).where(bare.notna())
    return codes


def region_codes(values: pd.Series, *, where: str) -> pd.Series:
    """Give the codes of regions that are written as codes, or as names in the way of StatLine.

    StatLine exports names: ``Nederland``, ``Groningen (PV)``, ``Groningen (gemeente)``,
    ``Noord-Nederland (LD)``. Those of the country, provinces and municipalities are known;
    COROP regions and parts of the country become ``CR`` and ``LD`` without a number.

    Raises
    ------
    InputError
        Names that are not known, or that several municipalities bore: all of them at once.

    Examples
    --------
    >>> import pandas as pd
    >>> region_codes(pd.Series(["GM0363", "Groningen (PV)", "Nederland"]), where="x").tolist()
    ['GM0363', 'PV20', 'NL']
    """
    known: dict[str, str] = {}
    wrong = []
    for value in values.dropna().unique():
        text = str(value).strip()
        code = text if re.fullmatch(_CODE, text) else _code(text)
        if code:
            known[value] = code
        else:
            wrong.append(text)
    if wrong:
        named = ", ".join(wrong[:_SHOWN]) + (", ..." if len(wrong) > _SHOWN else "")
        raise InputError.of("cbs_region_names", where=where, count=len(wrong), value=shown(named))
    codes: pd.Series = values.map(known).astype("str")
    return codes


def _code(name: str) -> str:
    if name.lower() in _COUNTRY:
        return "NL"
    found = re.fullmatch(r"(.*\S)\s*\(([^()]+)\)", name)
    kind = _KINDS.get(found[2].upper().strip(), "") if found else ""
    if found and kind in ("CR", "LD"):
        return kind
    if found and kind == "PV":
        return _provinces().get(_key(found[1]), "")
    if kind == "GM" and found:
        return _municipalities().get(_key(found[1]), "")
    return _municipalities().get(_key(name), "")


def _key(name: str) -> str:
    return re.sub(r"[^\w]+", " ", name).strip().casefold()


@cache
def _provinces() -> Mapping[str, str]:
    page = files("geo_mbo") / "resources" / "aliases" / "provinces.csv"
    with page.open(encoding="utf-8") as file:
        names = {_key(row["alias"]): row["code"] for row in csv.DictReader(file)}
    return names | {_key("Fryslân"): "PV21"}


@cache
def _municipalities() -> Mapping[str, str]:
    """Give the code of every name since 2015 that one municipality bore."""
    page = files("geo_mbo") / "resources" / "municipalities.csv"
    found: dict[str, set[str]] = {}
    with page.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(_key(row["name"]), set()).add(row["code"])
    return {name: codes.pop() for name, codes in found.items() if len(codes) == 1}
