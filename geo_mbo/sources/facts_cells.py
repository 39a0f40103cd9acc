"""Cells of a table of numbers: counts, rates, masks, and classes such as ``5 tot 10 km``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note
from geo_mbo.sources.cells import MASKS
from geo_mbo.sources.facts_layout import ADDITIVE, PEOPLE, Layout
from geo_mbo.sources.text import wrong_cell

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("count", "masked", "expected", "low", "high", "label")
"""What a cell comes to; see `geo_mbo.sources.facts.read_facts`."""

_NUMBER = r"[+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_PLAIN = r"(\d+(?:\.\d+)?)"
_CLASSES = (
    (re.compile(rf"^(?:van )?{_PLAIN} ?(?:tot en met|t/m|tot|-) ?{_PLAIN}$"), (1, 2)),
    (re.compile(rf"^(?:tot|minder dan|korter dan|hoogstens|<|<=|≤) ?{_PLAIN}$"), (None, 1)),
    (re.compile(rf"^(?:vanaf|meer dan|langer dan|minstens|>|>=|≥) ?{_PLAIN}$"), (1, None)),
    (re.compile(rf"^{_PLAIN} ?(?:of meer|en meer|of langer|en langer|en verder|\+)$"), (1, None)),
)
_UNITS = re.compile(r"(?:\b|(?<=[\d½]))(?:kilometers?|km|minuten|minuut|min|meters?|jaar)\b\.?")


def numbers(
    values: pd.Series,
    plan: Layout,
    *,
    unit: str,
    where: str,
    indication: pd.Series | None = None,
    notify: Notify,
) -> pd.DataFrame:
    """Read the numbers of one column.

    Parameters
    ----------
    values
        Cells as text; the name of the series is the column's.
    plan
        The layout: its masks, what they stand for, and whether words are allowed.
    unit
        People are whole numbers of 0 or more; what else adds up is 0 or more.
    where
        What to call the file in a message.
    indication
        The column INDICATIEAVG of the same rows, where the file has one.
    notify
        Gets a note on masks that this file is not known to use.

    Returns
    -------
    pandas.DataFrame
        `NUMBERS`, on the index of `values`.

    Raises
    ------
    InputError
        Cells are neither a number nor a mask.
    """
    import pandas as pd

    column = str(values.name)
    masked = values.isin(plan.masks)
    other = values.isin(MASKS) & ~masked & (unit in PEOPLE)
    if other.any():
        shown = values[other].unique()
        notify(note("mask_other", shown, int(other.sum()), where=where, column=column))
    masked |= other
    if indication is not None:
        masked |= (values == "4") & (indication.str.upper() == "J")
    given = values.mask(masked)
    counts = _counts(given.str.removesuffix("%").str.strip() if unit == "%" else given)
    words = given[given.notna() & counts.isna()] if plan.words else given.iloc[:0]
    bounds = class_bounds(words)
    if plan.words == "classes":
        words = words[bounds.notna().any(axis=1) & (unit not in PEOPLE)]
        bounds = bounds.loc[words.index]
    _guard(given, counts, unit, plan, where=where, skip=words.index)
    low, high = counts.copy(), counts.copy()
    low.loc[bounds.index], high.loc[bounds.index] = bounds["low"], bounds["high"]
    if plan.mask_bounds and unit in PEOPLE:
        low, high = (s.mask(masked, b) for s, b in zip((low, high), plan.mask_bounds, strict=True))
    found = {
        "count": counts,
        "masked": masked.astype(bool),
        "expected": counts.fillna((low + high) / 2),
        "low": low,
        "high": high,
    }
    return pd.DataFrame(found).assign(label=words.reindex(values.index).astype("str"))


def class_bounds(words: pd.Series) -> pd.DataFrame:
    """Give what a class of distance, time or age lies between.

    Parameters
    ----------
    words
        Such as ``"5 tot 10 km"``, ``"1½-3½"``, ``"<1½km"`` or ``"50 km of meer"``.

    Returns
    -------
    pandas.DataFrame
        ``low`` and ``high`` in the unit of the class itself, on the index of `words`; missing
        where there is no such bound, both where the words are no class.

    Examples
    --------
    >>> import pandas as pd
    >>> class_bounds(pd.Series(["0 tot 0,5 km", "1½-3½", "50 km of meer", "onbekend"]))
        low  high
    0   0.0   0.5
    1   1.5   3.5
    2  50.0   NaN
    3   NaN   NaN
    """
    import pandas as pd

    known = {text: _bounds(text) for text in words.dropna().unique()}
    sides = [known.get(text, (None, None)) for text in words]
    return pd.DataFrame(sides, index=words.index, columns=["low", "high"], dtype=float)


def _bounds(text: str) -> tuple[float | None, float | None]:
    plain = text.lower().replace(",", ".").replace("\N{EN DASH}", "-")
    plain = _UNITS.sub("", plain)
    plain = re.sub(r"(\d)½", r"\1.5", plain).replace("½", "0.5")
    plain = " ".join(plain.split())
    for pattern, (low, high) in _CLASSES:
        found = pattern.match(plain)
        if found:
            least = float(found[low]) if low else 0.0
            return least, float(found[high]) if high else None
    return None, None


def _counts(values: pd.Series) -> pd.Series:
    """Give numbers, with a point or a decimal comma; missing for what is none."""
    import pandas as pd

    known = values.where(values.str.fullmatch(_NUMBER).fillna(False).astype(bool))
    return pd.to_numeric(known.str.replace(",", ".", regex=False), errors="coerce").astype(float)


def _guard(
    values: pd.Series,
    counts: pd.Series,
    unit: str,
    plan: Layout,
    *,
    where: str,
    skip: pd.Index[Any],
) -> None:
    """Refuse what is no number of this unit: with its line and all masks that are allowed."""
    wrong = values.notna() & counts.isna()
    if unit in ADDITIVE:
        wrong |= counts < 0
    if unit in PEOPLE:
        wrong |= counts.notna() & (counts % 1 != 0)
    wrong &= ~wrong.index.isin(skip)
    if wrong.any():
        masks = ", ".join(dict.fromkeys([*plan.masks, *(MASKS if unit in PEOPLE else ())])) or "-"
        raise _wrong(values, wrong, where=where, column=str(values.name), masks=masks)


def _wrong(values: pd.Series, wrong: pd.Series, **params: object) -> InputError:
    return wrong_cell("facts_no_number", values, wrong, **params)
