"""Files of Statistics Netherlands (CBS): inhabitants by postcode, and merged municipalities."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.sources.cbs_odata import TOTALS, read_table, withheld
from geo_mbo.sources.cells import known_year
from geo_mbo.sources.text import finite, header, read_text, take, wrong_cell

if TYPE_CHECKING:
    import pandas as pd

OLDEST = 200
"""The age, in years, that nobody reaches: the end of the open band ("95 jaar of ouder")."""

_BAND = r"(?a)^(\d{1,3})(?: tot (\d{1,3})| ?- ?(\d{1,3})|(\+| jaar of ouder))?(?: jaar)?$"
_TOTALS = ("totaal", "nederland")
_CHANGES = ("date", "old_code", "old_name", "new_code", "share")


def read_inhabitants(path: Path | str) -> pd.DataFrame:
    """Read inhabitants by PC4 and age, from StatLine (83502NED; csv or OData) or a plain table.

    StatLine writes ``"15 tot 20 jaar"``; a plain table (postcode, leeftijd, inwoners) ``"15-19"``.
    Rows that are totals of others (all ages, the whole country) are left out; where both sexes
    and their total are there, the total is read, and otherwise men and women are added up.

    Returns
    -------
    pandas.DataFrame
        ``pc4`` (text), ``age_from`` and ``age_to`` (years, `age_to` not included), ``year``
        (that of the periods, else the last one in the name of the file; missing where there is
        none), ``inhabitants`` (missing where CBS withholds the number: blank, ``.`` or a negative
        sentinel).

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; columns are missing; an age or number is none.
    """
    import pandas as pd

    path = Path(path)
    taken = take(
        _odata(path) if path.suffix.lower() == ".json" else read_text(path),
        {"pc4": "Postcode", "age": "Leeftijd", "inhabitants": "Inwoners"},
        optional={"sex": "Geslacht", "period": "Perioden"},
        where=path.name,
    )
    rows = _both_sexes(taken[~(_is_total(taken["age"]) | _is_total(taken["pc4"]))])
    bands = _age_bands(rows["age"], path.name)
    named = re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", path.stem)
    year = rows["period"].fillna(named[-1] if named else pd.NA).str.extract(r"(\d{4})")[0]
    read = pd.DataFrame(
        {
            "pc4": rows["pc4"],
            "age_from": bands["age_from"],
            "age_to": bands["age_to"],
            "year": _years(year, rows["period"], path.name),
            "inhabitants": _inhabitants(rows["inhabitants"], path.name),
        }
    )
    key = ["pc4", "age_from", "age_to", "year"]
    return read.groupby(key, dropna=False, sort=False, as_index=False).sum(min_count=1)


def read_changes(path: Path | str) -> pd.DataFrame:
    """Read which municipalities went into which: ``date, old_code, old_name, new_code, share``.

    A municipality that was split has a row for each successor; ``share`` is the part of its
    inhabitants (0-1) that went there, and may be blank where there is one successor.

    Returns
    -------
    pandas.DataFrame
        ``date``, ``old_code``, ``old_name``, ``new_code`` (text, codes as ``GM0363``), ``share``
        (missing where the parts of a split are not known).

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; columns are missing; a code or share is none.
    """
    import pandas as pd

    path = Path(path)
    taken = take(read_text(path), {name: name for name in _CHANGES}, where=path.name)
    for column in ("old_code", "new_code"):
        taken[column] = _municipality_codes(taken[column], path.name, column)
    shares = pd.to_numeric(taken["share"].str.replace(",", ".", regex=False), errors="coerce")
    wrong = taken["share"].notna() & ~shares.between(0, 1, inclusive="right")
    if wrong.any():
        raise wrong_cell("no_share", taken["share"], wrong, where=path.name, column="share")
    alone = ~taken.duplicated("old_code", keep=False)
    taken["share"] = shares.mask(shares.isna() & alone, 1.0).astype(float)
    return taken.reset_index(drop=True)


def _odata(path: Path) -> pd.DataFrame:
    """Give the table of OData as StatLine would have exported it: with titles."""
    import pandas as pd

    table = read_table(path, keep={"Geslacht": TOTALS})
    people = table.measures.loc[table.measures["stem"].str.startswith("Bevolking"), "key"]
    columns = {}
    for name in table.kinds:
        titles = table.titles[name] if name != "Perioden" else {}
        columns[header(name)] = table.rows[name].map(lambda c, t=titles: t.get(c) or c)
    if len(people):
        cells = table.rows[people.iloc[0]]
        columns["INWONERS"] = cells.mask(withheld(cells)).map(str, na_action="ignore")
    return pd.DataFrame(columns).astype("str")


def _municipality_codes(values: pd.Series, where: str, column: str) -> pd.Series:
    codes = "GM" + values.str.removeprefix("GM").str.zfill(4)
    wrong = ~codes.str.fullmatch(r"GM[0-9]{4}").fillna(False).astype(bool)
    if wrong.any():
        raise wrong_cell("no_municipality_code", values, wrong, where=where, column=column)
    return codes


def _both_sexes(rows: pd.DataFrame) -> pd.DataFrame:
    both = _is_total(rows["sex"])
    return rows[both] if both.any() else rows


def _is_total(values: pd.Series) -> pd.Series:
    return values.fillna("").str.lower().str.startswith(_TOTALS)


def _age_bands(ages: pd.Series, where: str) -> pd.DataFrame:
    import pandas as pd

    known = ages.drop_duplicates()
    parts = known.str.extract(_BAND)
    wrong = ages.isin(known[parts[0].isna()])
    if wrong.any():
        raise wrong_cell("no_age_band", ages, wrong, where=where)
    start, until, last = (pd.to_numeric(parts[n]) for n in (0, 1, 2))
    stop = until.fillna(last + 1).fillna((start + 1).mask(parts[3].notna(), OLDEST))
    bands = pd.DataFrame({"age_from": start.astype("int64"), "age_to": stop.astype("int64")})
    return bands.set_axis(known).loc[ages].set_axis(ages.index)


def _years(years: pd.Series, periods: pd.Series, where: str) -> pd.Series:
    numbers = finite(years)
    wrong = numbers.notna() & ~known_year(numbers)
    if wrong.any():
        raise wrong_cell("year_unlikely", periods, wrong, where=where)
    return numbers.astype("Int64")


def _inhabitants(values: pd.Series, where: str) -> pd.Series:
    known = values.mask(values == ".")
    numbers = finite(known)
    wrong = numbers.isna() & known.notna()
    if wrong.any():
        raise wrong_cell("no_count", values, wrong, where=where, column="inwoners")
    # CBS writes what it withholds or does not know as -99997, -99995 and the like.
    return numbers.mask(numbers < 0)
