"""Tables of numbers of which the user tells the columns: dashboards, reports, any publisher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_mbo.errors import Breach, InputError
from geo_mbo.notes import Note, Notify, to_log
from geo_mbo.sources.facts import FACTS, facts_of
from geo_mbo.sources.facts_layout import TOTAL_WORDS, layout_of
from geo_mbo.sources.geofile import read_geofile
from geo_mbo.sources.own import TEXT
from geo_mbo.sources.text import header, read_text, shown

if TYPE_CHECKING:
    import pandas as pd

KEYS = (
    "institution_id",
    "site_id",
    "location",
    "municipality_id",
    "municipality",
    "pc4",
    "province",
    "labour_market",
    "corop",
    "rmc",
    "district",
    "neighbourhood",
    "country",
    "programme_id",
    "sector",
)
"""What a number can be of; at least one has to be there."""

NUMBERS = ("value", "label", "year", "indication")
"""What a column can hold beside keys and further dimensions."""

CATEGORY = "category"
"""The dimension that stands in the headers of wide columns that are no years."""

_LABEL = "label_"


def read_mapped(
    path: Path | str,
    *,
    columns: Mapping[str, str],
    wide: Sequence[str] = (),
    year: int | None = None,
    unit: str = "",
    masks: Sequence[str] = (),
    sheet: str | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    r"""Read a table whose columns the user tells: long or wide, numbers, classes or judgements.

    Parameters
    ----------
    path
        Delimited text, a spreadsheet, or a file with geometry, of which only the columns count.
    columns
        Our name to the file's: one or more of `KEYS`; ``value`` (numbers, or classes such as
        ``5 tot 10 km``), ``label`` (words) and ``year``; ``indication`` where a column tells that a
        4 is masked (J). Any further name is a dimension, such as ``mode`` or ``track``.
    wide
        Headers of the columns of numbers where there are several: ``"Aantal {year}"`` for years,
        or each category by its own name, which becomes the dimension ``category``.
    year
        The year of all rows, where no column and no header has it.
    unit
        Unit of the numbers: ``students``, ``persons``, ``inhabitants`` and ``fte`` may be added up,
        anything else (``km``, ``min``, ``%``, ``ratio``) is not.
    masks
        Cells that hide a number: 1 to 4 where people are counted, otherwise nothing is known.
    sheet
        Name of the sheet or layer.
    notify
        Gets notes on totals that were left out and on masks that were not named.

    Returns
    -------
    pandas.DataFrame
        As of `geo_mbo.sources.facts.read_facts`; the measure is blank. A class is its interval,
        with ``expected`` in the middle and the words in ``label``; open classes have one bound.

    Raises
    ------
    InputError, FileError
        See `read_facts`; or the mapping names a column that is not there, or lacks a key, the
        numbers or the year.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "distances.csv"
    >>> _ = file.write_text("Gemeente;Afstand\nHaverdam;5 tot 10 km\nElders;8,4\n")
    >>> found = read_mapped(file, columns={"municipality": "Gemeente", "value": "Afstand"},
    ...                     year=2024, unit="km")
    >>> found[["municipality", "year", "expected", "low", "high"]]
      municipality  year  expected  low  high
    0     Haverdam  2024       7.5  5.0  10.0
    1       Elders  2024       8.4  8.4   8.4
    """
    path = Path(path)
    _guard(columns, wide, year, path.name)
    frame = _frame(path, sheet)
    only_words = "value" not in columns and not wide
    dims = {ours: t for ours, t in columns.items() if ours not in NUMBERS}
    if "label" in columns:
        dims[_LABEL] = columns["label"]
    table: dict[str, Any] = {
        "dims": dims,
        "values": _values(columns, wide),
        "year": columns.get("year", ""),
        "year_is": year,
        "unit": unit,
        "masks": tuple(masks),
        "indication": columns.get("indication", ""),
        "totals": (*TOTAL_WORDS, "TOTAL"),
        "words": "any" if only_words else "classes",
    }
    if table["indication"] and header(table["indication"]) not in frame.columns:
        there = shown(", ".join(map(str, frame.columns)))
        raise InputError.of(
            "missing_column", where=path.name, column=table["indication"], there=there
        )

    def told(found: Note) -> None:
        # The user left the other columns out on purpose.
        if found.code != "column_new":
            notify(found)

    plan = layout_of(table, where=path.name)
    # A year that the user gives holds, whatever the file is called.
    name = path.name if year is None else ""
    facts = facts_of(frame, plan, name=name, where=path.name, totals=False, notify=told)
    return _labelled(facts, only=only_words)


def _guard(columns: Mapping[str, str], wide: Sequence[str], year: int | None, where: str) -> None:
    reserved = [ours for ours in columns if ours in FACTS and ours not in NUMBERS]
    allowed = ", ".join((*KEYS, *NUMBERS))
    breaches = [
        Breach("mapping_unknown", {"where": where, "value": ours, "allowed": allowed})
        for ours in reserved
    ]
    if not any(key in columns for key in KEYS):
        breaches.append(Breach("mapping_no_key", {"where": where, "allowed": ", ".join(KEYS)}))
    if not wide and "value" not in columns and "label" not in columns:
        breaches.append(Breach("mapping_no_value", {"where": where}))
    if year is not None and "year" in columns:
        twice = {"year": str(year), "column": columns["year"]}
        breaches.append(Breach("mapping_two_years", {"where": where, **twice}))
    if breaches:
        raise InputError(breaches)


def _values(columns: Mapping[str, str], wide: Sequence[str]) -> list[dict[str, str]]:
    yearly = [{"header": name} for name in wide if "{year}" in name]
    named = [{"header": name, CATEGORY: name} for name in wide if "{year}" not in name]
    single = next((columns[n] for n in ("value", "label") if n in columns), None)
    return [*yearly, *named] or [{"header": str(single)}]


def _frame(path: Path, sheet: str | None) -> pd.DataFrame:
    import pandas as pd

    if path.suffix.lower() in TEXT:
        return read_text(path, sheet=sheet)
    layer = pd.DataFrame(read_geofile(path, layer=sheet).drop(columns="geometry"))
    cells = {
        header(str(name)): layer[name].map(str, na_action="ignore").astype("str").str.strip()
        for name in layer.columns
    }
    return pd.DataFrame({name: texts.mask(texts == "") for name, texts in cells.items()})


def _labelled(facts: pd.DataFrame, *, only: bool) -> pd.DataFrame:
    """Put the words of the column of judgements where they belong."""
    if _LABEL not in facts:
        return facts
    words = facts[_LABEL]
    rest = facts.drop(columns=_LABEL).assign(label=words.fillna(facts["label"]))
    if only:
        # A judgement may be written as a number; it is none.
        rest = rest.assign(**dict.fromkeys(("count", "expected", "low", "high"), float("nan")))
    return rest
