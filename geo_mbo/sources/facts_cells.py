"""Cells of a table of numbers: counts, rates, masks, and classes such as ``5 tot 10 km``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.counts import PEOPLE
from geo_mbo.notes import Notify, note
from geo_mbo.sources.cells import MASKS
from geo_mbo.sources.facts_layout import NEVER_BELOW, Layout
from geo_mbo.sources.text import wrong_cell

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("count", "masked", "expected", "low", "high", "label")
"""What a cell comes to; see `geo_mbo.sources.facts.read_facts`."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?")
_SENTINEL = re.compile(r"-9999\d+(?:[.,]0+)?")
_NONE = float("nan")
_PLAIN = r"(\d+(?:\.\d+)?)"
_CLASSES = (
    (re.compile(rf"^(?:van )?{_PLAIN} ?(?:tot en met|t/m|tot|-) ?{_PLAIN}$"), (1, 2)),
    (re.compile(rf"^(?:tot|minder dan|korter dan|hoogstens|<|<=|≤) ?{_PLAIN}$"), (None, 1)),
    (re.compile(rf"^(?:vanaf|meer dan|langer dan|minstens|>|>=|≥) ?{_PLAIN}$"), (1, None)),
    (re.compile(rf"^{_PLAIN} ?(?:of meer|en meer|of langer|en langer|en verder|\+)$"), (1, None)),
)
_UNITS = re.compile(r"(?:\b|(?<=[\d½]))(?:kilometers?|km|minuten|minuut|min|meters?|jaar)\b\.?")


def numbers(
    cells: pd.DataFrame,
    plan: Layout,
    *,
    unit: str,
    where: str,
    indication: pd.Series | None = None,
    notify: Notify,
) -> pd.DataFrame:
    """Read the numbers of columns of one unit.

    Parameters
    ----------
    cells
        The columns as text.
    plan
        The layout: its masks, what they stand for, and whether words are allowed.
    unit
        People are whole numbers of 0 or more; what else adds up, and distances and times, are 0
        or more.
    where
        What to call the file in a message.
    indication
        The column INDICATIEAVG of the same rows, where the file has one.
    notify
        Gets a note on masks that this file is not known to use.

    Returns
    -------
    pandas.DataFrame
        `NUMBERS`, the columns under each other, with a fresh index.

    Raises
    ------
    InputError
        Cells are neither a number nor a mask.
    """
    import pandas as pd

    values = pd.concat([cells[name] for name in cells.columns])
    codes, texts = pd.factorize(values)
    # The code of a blank cell is -1: the last one.
    read = pd.DataFrame([*(_cell(str(text), plan, unit) for text in texts), _Cell()])
    _guard(cells, set(texts[read["wrong"].to_numpy()[:-1]]), plan, unit=unit, where=where)
    _tell(cells, set(texts[read["other"].to_numpy()[:-1]]), where=where, notify=notify)
    found: pd.DataFrame = read.take(codes).reset_index(drop=True)
    if indication is not None:
        marked = np.tile((indication.str.upper() == "J").to_numpy(bool), len(cells.columns))
        small = (values == "4").to_numpy(bool) & marked
        low, high = plan.mask_bounds or (_NONE, _NONE)
        found.loc[small, ["count", "masked", "low", "high"]] = [_NONE, True, low, high]
    found["expected"] = found["count"].fillna((found["low"] + found["high"]) / 2)
    typed: pd.DataFrame = found[list(NUMBERS)].astype({"masked": bool, "label": "str"})
    return typed


def _guard(cells: pd.DataFrame, wrong: set[str], plan: Layout, *, unit: str, where: str) -> None:
    for column in cells.columns if wrong else ():
        values = cells[column]
        if values.isin(wrong).any():
            masks = dict.fromkeys([*plan.masks, *(MASKS if unit in PEOPLE else ())])
            told = {"where": where, "column": str(column), "masks": ", ".join(masks) or "-"}
            raise wrong_cell("facts_no_number", values, values.isin(wrong), **told)


def _tell(cells: pd.DataFrame, other: set[str], *, where: str, notify: Notify) -> None:
    for column in cells.columns if other else ():
        unusual = cells[column][cells[column].isin(other)]
        if len(unusual):
            params = {"where": where, "column": str(column)}
            notify(note("mask_other", unusual.unique(), len(unusual), **params))


@dataclass(frozen=True)
class _Cell:
    """What the text of one cell comes to."""

    count: float = float("nan")
    masked: bool = False
    low: float = float("nan")
    high: float = float("nan")
    label: str | None = None
    other: bool = False
    wrong: bool = False


def _cell(text: str, plan: Layout, unit: str) -> _Cell:
    people = unit in PEOPLE
    usual = text in plan.masks
    if usual or (people and text in MASKS):
        low, high = plan.mask_bounds if people and plan.mask_bounds else (_NONE, _NONE)
        return _Cell(masked=True, low=low, high=high, other=not usual)
    plain = text.removesuffix("%").strip() if unit == "%" else text
    if _NUMBER.fullmatch(plain):
        count = float(plain.replace(",", "."))
        wrong = not isfinite(count) or (unit in NEVER_BELOW and count < 0)
        # What CBS does not know it writes as a number, which would pass for a rate or an amount.
        wrong = wrong or bool(_SENTINEL.fullmatch(plain))
        wrong = wrong or (people and not count.is_integer())
        return _Cell(count=count, low=count, high=count, wrong=wrong)
    bounds = _bounds(text)
    classed = bounds != (None, None) and not people and plan.words == "classes"
    if not classed and plan.words != "any":
        return _Cell(wrong=True)
    least, most = (_NONE if side is None else side for side in bounds)
    return _Cell(low=least, high=most, label=text)


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
