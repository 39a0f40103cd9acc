"""Counts of people in a table that nobody described: which columns, what ranges, which totals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.counts import MASKED_HIGH, MASKED_LOW
from geo_mbo.sources.cells import INDICATION, MASKS
from geo_mbo.sources.totals import Sum, adds_up

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_COUNT = re.compile(
    r"^(?:JAAR )?(?:19|20)\d\d$|\b(?:MAN|VROUW|DIPMAN|DIPVROUW|DIPVRW) ?(?:(?:19|20)\d\d)?\b|"
    r"\b(?:AANTAL|AANTALLEN|STUDENTEN|STUDENTS|DEELNEMERS|LEERLINGEN|PUPILS|PERSONEN|PERSONS|"
    r"INSTROOM|GEDIPLOMEERDEN|INWONERS|INHABITANTS|COUNT|TOTAAL|TOTAL|BBL|BOL|BOLDT|BOLVT|EX)(?![A-Z])|"
    r"^SECTORKAMER .|^AANTAL INWONERS"
)
_NO_PEOPLE = re.compile(
    r"\b(VESTIGINGEN|SCHOLEN|LOCATIES|INSTELLINGEN|OPLEIDINGEN|GEBOUWEN|UREN|DAGEN|WEKEN|FTE|KM|"
    r"MINUTEN|EURO|BEDRAG|PERCENTAGE|AANDEEL|CODE|NUMMER|SITES|SCHOOLS|MINUTES)\b"
)
_TOTAL_CELL = re.compile(r"^(?:totaal|total|alle|all|tezamen|samen|nederland)\b", re.IGNORECASE)
_TOTAL_NAME = re.compile(r"\b(?:TOTAAL|TOTAL)(?![A-Z])")
_YEAR = re.compile(r"((?:19|20)\d\d)")
_UNDER = re.compile(r"^<\s*(\d+)$")
_WITHHELD = (".", "x", "X", "-", "geheim", "n.b.", "nb")
_SENTINEL = -99_990
_READABLE = 0.9


@dataclass(frozen=True)
class Counts:
    """The counts of a table: a range for every cell, and where they stand.

    Attributes
    ----------
    columns
        Names of the columns of counts.
    low, high
        Range of each cell: rows x columns. Known cells have both alike, masked ones 1 and 4.
    published
        True where the cell shows a number.
    """

    columns: tuple[str, ...]
    low: Floats
    high: Floats
    published: NDArray[np.bool_]


def counts_of(frame: pd.DataFrame) -> Counts:
    """Find the columns that count people, by their names and by what stands in them.

    Parameters
    ----------
    frame
        Text under normalised headers, as `geo_mbo.sources.text.read_text` gives.

    Examples
    --------
    >>> import pandas as pd
    >>> found = counts_of(pd.DataFrame({"BRIN": ["01ZZ"], "AANTAL": ["<5"], "NIVEAU": ["3"]}))
    >>> found.columns, found.low.tolist(), found.high.tolist()
    (('AANTAL',), [[1.0]], [[4.0]])
    """
    indication = frame.get(INDICATION)
    columns = [name for name in map(str, frame.columns) if name != INDICATION]
    found = {name: _ranges(frame[name], indication) for name in columns}
    kept = tuple(name for name in columns if _counts(name, frame[name], *found[name]))
    for low, high, _ in (found[name] for name in kept):
        # A cell that holds no count may be any number.
        high[np.isnan(low)] = np.inf
        low[np.isnan(low)] = 0
    shape = (len(frame), 0)
    sides = [
        np.column_stack([found[name][side] for name in kept]) if kept else np.zeros(shape)
        for side in range(3)
    ]
    return Counts(kept, sides[0], sides[1], sides[2].astype(bool))


def count_name(name: str) -> bool:
    """Say whether a column is called as counts of people are.

    Examples
    --------
    >>> [count_name(name) for name in ("JAAR 2024", "MAN2024", "AANTAL VESTIGINGEN", "JAAR")]
    [True, True, False, False]
    """
    return bool(_COUNT.search(name)) and not _NO_PEOPLE.search(name)


def sums_of(frame: pd.DataFrame, counts: Counts) -> tuple[list[Sum], list[Sum]]:
    """Find the totals that a table gives: those that add up, and those that do not.

    Totals are rows that say so in a column (``Totaal``), and columns that say so in their name.
    What only looks like a total, and mostly is not the sum of the rest, counts as none.

    Returns
    -------
    tuple of list of Sum
        Positions are row times number of columns plus column.
    """
    low, high = counts.low.ravel(), counts.high.ravel()
    right, wrong = [], []
    for kind in (*_row_totals(frame, counts), *_column_totals(counts)):
        holds = [adds_up(found, low, high) for found in kind]
        if sum(holds) * 2 > len(holds):
            right += [found for found, good in zip(kind, holds, strict=True) if good]
            wrong += [found for found, good in zip(kind, holds, strict=True) if not good]
    return right, wrong


def where_of(frame: pd.DataFrame, counts: Counts, cell: int) -> tuple[str, str]:
    """Give the line and the column of a cell by its position."""
    row, column = divmod(cell, len(counts.columns))
    return str(frame.index[row]), counts.columns[column]


def _ranges(values: pd.Series, indication: pd.Series | None) -> tuple[Floats, Floats, Floats]:
    """Give the range of each cell (``nan`` where it is no count) and whether it is published."""
    import pandas as pd

    text = values.fillna("").astype("str").str.strip()
    numbers = pd.to_numeric(text, errors="coerce")
    whole = numbers.where((numbers >= 0) & (numbers % 1 == 0)).to_numpy(float)
    low, high = whole.copy(), whole.copy()
    masked = text.isin(MASKS).to_numpy()
    if indication is not None:
        masked = masked | ((text == "4") & (indication.fillna("").str.upper() == "J")).to_numpy()
    low[masked], high[masked] = MASKED_LOW, MASKED_HIGH
    under = text.str.extract(_UNDER)[0].astype(float).to_numpy()
    other = ~masked & ~np.isnan(under)
    low[other], high[other] = 0, under[other] - 1
    withheld = (text.isin((*_WITHHELD, "")) | (numbers <= _SENTINEL)).to_numpy()
    low[withheld], high[withheld] = 0, np.inf
    return low, high, ~np.isnan(whole) & ~masked


def _counts(name: str, values: pd.Series, low: Floats, high: Floats, published: Floats) -> bool:
    """Say whether a column counts people."""
    if _NO_PEOPLE.search(name) or not len(low) or (~np.isnan(low)).mean() < _READABLE:
        return False
    filled = values.notna().to_numpy()
    masks = filled & (low != high)
    shown = filled & (published > 0)
    if not (shown | masks).any():
        return False
    # A mask beside whole numbers is a count, whatever its name is.
    return count_name(name) or bool((masks & (high == MASKED_HIGH)).any() and shown.any())


def _row_totals(frame: pd.DataFrame, counts: Counts) -> Iterator[list[Sum]]:
    """Rows that say in a column that they are the total of others, column by column."""
    width = len(counts.columns)
    keys = frame[[n for n in frame.columns if n not in counts.columns]].fillna("").astype("str")
    labelled = {n: keys[n].str.contains(_TOTAL_CELL).to_numpy() for n in keys.columns}
    done: set[bytes] = set()
    for name, totals in labelled.items():
        if not totals.any() or totals.all() or totals.tobytes() in done:
            continue
        done.add(totals.tobytes())
        # Columns that a total leaves blank, or that say the same, belong to this one.
        blank = {
            n for n in keys.columns if (labelled[n] | (keys[n] == "").to_numpy())[totals].all()
        }
        by = [n for n in keys.columns if n != name and n not in blank]
        whole = keys.groupby(by, sort=False).ngroup().to_numpy() if by else np.zeros(len(keys), int)
        found = []
        for rows in _groups(whole):
            tops = rows[totals[rows]]
            parts = rows[~totals[rows]]
            if len(tops) == 1 and len(parts) > 1:
                found += [
                    Sum(int(tops[0]) * width + c, tuple(int(r) * width + c for r in parts))
                    for c in range(width)
                ]
        if found:
            yield found


def _column_totals(counts: Counts) -> Iterator[list[Sum]]:
    """Columns that say in their name that they are the total of others, row by row."""
    width = len(counts.columns)
    for at, name in enumerate(counts.columns):
        if not _TOTAL_NAME.search(name):
            continue
        year = _YEAR.findall(name)
        parts = [
            n
            for n, other in enumerate(counts.columns)
            if not _TOTAL_NAME.search(other) and _YEAR.findall(other) == year
        ]
        known = counts.published[:, [at, *parts]].all(axis=1) & (counts.low[:, at] > 0)
        equal = counts.low[:, at] == counts.low[:, parts].sum(axis=1)
        # Without a row that shows it, nothing says of what it is the total.
        if len(parts) > 1 and (known & equal).any():
            yield [
                Sum(row * width + at, tuple(row * width + n for n in parts))
                for row in range(len(counts.low))
            ]


def _groups(codes: NDArray[np.integer[Any]]) -> Iterator[NDArray[np.intp]]:
    """Give the positions of each group."""
    order = np.argsort(codes, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
