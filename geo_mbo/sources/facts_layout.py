"""How the columns of a table of numbers are laid out, so that one reader can read them all.

A layout is a table of plain values: ``[<data set>.table]`` in ``resources/sources/*.toml``, or what
`geo_mbo.sources.facts.read_mapped` makes of a user's mapping. Its keys:

``dims``
    Our name of a dimension to the publisher's header, or to several spellings of it through the
    years. ``optional`` holds those that a file may lack.
``values``
    The columns of numbers: ``header`` (``{year}`` stands for four digits), and, where they differ
    from the table's, ``measure`` and ``unit``; ``optional`` where it may be absent. Every other key
    is a dimension with the value that the column stands for, as in
    ``{ header = "MAN{year}", sex = "man" }``.
``across``
    A dimension that stands in the headers: a new column of counts is a new category of it.
``year``, ``year_is``
    The column that holds the year, or the year of all rows. Without both, and without ``{year}``,
    it is the one at the start of the file's name.
``kind``
    The column that tells history from forecast.
``measure``, ``unit``
    What is counted, and in what.
``masks``, ``mask_bounds``
    Cells that hide a number, and what they stand for: 1 to 4 people where nothing else is said; an
    empty list where the publisher does not say what is hidden.
``indication``
    The column that tells whether a 4 is masked (J).
``ignored``
    Columns that are no dimension, such as the number of a release.
``totals``
    Words that mark a row as a total of others.
``domains``
    Dimension to the name of its list of known categories in ``resources/domains.toml``.
``words``
    What may stand in place of a number: ``"classes"`` such as ``5 tot 10 km``, or ``"any"`` words.
``sheet``
    The sheet of a workbook.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from typing import Any

from geo_mbo.counts import ADDING, MASKED_HIGH, MASKED_LOW, PEOPLE
from geo_mbo.errors import Breach, InputError
from geo_mbo.sources.text import header

NEVER_BELOW = ADDING | {"km", "m", "minutes", "min"}
"""Units of which there is no less than nothing."""

TOTAL_WORDS = ("TOTAAL",)
_YEAR = "{YEAR}"
_OF_A_COLUMN = ("header", "measure", "unit", "optional")


@dataclass(frozen=True)
class ValueColumn:
    """One column of numbers, or one for each year.

    Attributes
    ----------
    header
        As published; ``{year}`` stands for four digits.
    measure, unit
        What is counted, and in what.
    stands_for
        Values of dimensions that the column stands for.
    needed
        It has to be there.
    """

    header: str
    measure: str
    unit: str
    stands_for: Mapping[str, str] = field(default_factory=dict)
    needed: bool = True

    @property
    def pattern(self) -> re.Pattern[str]:
        """The normalised header that it matches, with the year as a group."""
        spelled = re.escape(header(self.header)).replace(re.escape(_YEAR), r"((?:19|20)\d{2})")
        return re.compile(f"^{spelled}$")

    @property
    def yearly(self) -> bool:
        """Whether it stands for a column a year."""
        return _YEAR in header(self.header)


@dataclass(frozen=True)
class Layout:
    """A layout that was found in order; see the module for what its parts mean."""

    dims: Mapping[str, tuple[str, ...]]
    optional: Mapping[str, tuple[str, ...]]
    values: tuple[ValueColumn, ...]
    across: str
    year: str
    year_is: int | None
    kind: str
    measure: str
    unit: str
    masks: tuple[str, ...]
    mask_bounds: tuple[float, ...]
    indication: str
    ignored: tuple[str, ...]
    totals: tuple[str, ...]
    domains: Mapping[str, tuple[str, ...]]
    words: str
    sheet: str | None


def layout_of(table: Mapping[str, Any], *, where: str) -> Layout:
    """Give the layout that a table of plain values stands for.

    Parameters
    ----------
    table
        The keys of the module, all of them optional but ``values`` where numbers are read.
    where
        What to call the file in a message.

    Raises
    ------
    InputError
        Keys that are not known, all at once.

    Examples
    --------
    >>> found = layout_of({"dims": {"level": "NIVEAU"}, "values": [{"header": "MAN{year}",
    ...                    "sex": "M"}], "measure": "students", "unit": "students"}, where="x.csv")
    >>> found.values[0].stands_for, found.values[0].pattern.match("MAN2024")[1]
    ({'sex': 'M'}, '2024')
    """
    known = [part.name for part in fields(Layout)]
    unknown = sorted({*table}.difference(known))
    if unknown:
        allowed = ", ".join(known)
        raise InputError(
            [
                Breach("facts_layout", {"where": where, "value": key, "allowed": allowed})
                for key in unknown
            ]
        )
    unit = table.get("unit", "")
    people = (MASKED_LOW, MASKED_HIGH) if unit in PEOPLE else ()
    return Layout(
        dims=_spellings(table.get("dims", {})),
        optional=_spellings(table.get("optional", {})),
        values=tuple(_value(column, table) for column in table.get("values", ())),
        across=table.get("across", ""),
        year=table.get("year", ""),
        year_is=table.get("year_is"),
        kind=table.get("kind", ""),
        measure=table.get("measure", ""),
        unit=unit,
        masks=tuple(table.get("masks", ())),
        mask_bounds=tuple(float(side) for side in table.get("mask_bounds", people)),
        indication=table.get("indication", ""),
        ignored=tuple(table.get("ignored", ())),
        totals=tuple(word.upper() for word in table.get("totals", TOTAL_WORDS)),
        domains={dim: domain(name) for dim, name in table.get("domains", {}).items()},
        words=table.get("words", ""),
        sheet=table.get("sheet"),
    )


@cache
def domain(name: str) -> tuple[str, ...]:
    """Give the categories that a publisher is known to use, by the name of their list.

    Examples
    --------
    >>> domain("LEERWEG")
    ('BBL', 'BOLDT', 'BOLVT', 'EX')
    """
    page = files("geo_mbo") / "resources" / "domains.toml"
    lists: Mapping[str, Sequence[str]] = tomllib.loads(page.read_text(encoding="utf-8"))
    return tuple(lists[name])


def _spellings(named: Mapping[str, str | Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {ours: (t,) if isinstance(t, str) else tuple(t) for ours, t in named.items()}


def _value(column: Mapping[str, Any], table: Mapping[str, Any]) -> ValueColumn:
    return ValueColumn(
        header=column["header"],
        measure=column.get("measure", table.get("measure", "")),
        unit=column.get("unit", table.get("unit", "")),
        stands_for={k: v for k, v in column.items() if k not in _OF_A_COLUMN},
        needed=not column.get("optional", False),
    )
