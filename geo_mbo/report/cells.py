"""What stands in a cell of a result: words for codes, and no count that tells few people apart.

The workbook and the tables on the console show the same cells.
"""

from __future__ import annotations

from math import isinf, isnan
from typing import TYPE_CHECKING

from geo_mbo.messages import Lang, catalogue, number, text
from geo_mbo.report.wording import FEWEST

if TYPE_CHECKING:
    import pandas as pd

_WORDS = {
    "mode": "mode",
    "people_kind": "value",
    "origin_kind": "value",
    "change": "value",
    "key_kind": "map.kind",
    "indicator": "map.indicator",
    "unit": "map.unit",
    "outcome": "outcome",
    "region_level": "map.kind",
    "kind": "subject_kind",
    "state": "state",
    "weighed_by": "weighed_by",
    "measured_from": "measured_from",
    "measure": "measure",
    "of": "measure",
    "table": "margin_table",
    "constraint": "constraint",
    "decay": "decay",
}
"""Text columns whose codes are written in words, and the section that has them."""

_SIDES = ("", "_low", "_high")
TOLD_BY = {
    **{f"share{side}": ("students",) for side in _SIDES},
    "share_nearest": ("students_nearest",),
    "share_model": ("students_model",),
    "drawn": ("students", "students_nearest"),
    "fitted": ("students_total",),
    **{
        f"{name}{side}": ("students_shared",)
        for name in ("sorensen", "share_a_in_b", "share_b_in_a")
        for side in _SIDES
    },
}
"""Numbers that would give the students back beside them, by the columns of those students."""

_MOST_DECIMALS, _CLOSE = 3, 1e-4


def text_table(frame: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Give a result as people read it: names of columns and cells in words, small counts masked.

    Parameters
    ----------
    frame
        A result; its columns are named in the catalogue under ``field``.
    lang
        Language of the words and numbers.

    Returns
    -------
    pandas.DataFrame
        Texts under readable headings; blank where nothing is known.
    """
    import pandas as pd

    columns = {
        text(f"field.{name}", lang): _texts(frame, str(name), lang) for name in frame.columns
    }
    return pd.DataFrame(columns, dtype="str", index=frame.index)


def _texts(frame: pd.DataFrame, name: str, lang: Lang) -> list[str]:
    import pandas as pd

    values = frame[name]
    if pd.api.types.is_bool_dtype(values):
        return [text(f"value.{str(bool(v)).lower()}", lang) for v in values]
    if not pd.api.types.is_numeric_dtype(values):
        return [told or "" for told in in_words(values, name, lang)]
    masked = masked_in(frame, name)
    plain = name.endswith(("year", "level", "rank"))
    return [
        _number(value, lang, few=few, plain=plain)
        for value, few in zip(told_numbers(frame, name).astype(float), masked, strict=True)
    ]


def _number(value: float, lang: Lang, *, few: bool, plain: bool) -> str:
    if few:
        return f"<{FEWEST}"
    if isnan(value):
        return ""
    if isinf(value):
        return text("value.not_reached", lang)
    if plain:
        return f"{value:.0f}"
    most = _MOST_DECIMALS if abs(value) < 1 else 1
    needed = (d for d in range(most) if abs(round(value, d) - value) < _CLOSE)
    return number(value, lang, next(needed, most))


def told_numbers(frame: pd.DataFrame, name: str) -> pd.Series:
    """Give the numbers of a column that may be told: bounds blurred, shares of few left out."""
    values = blurred(frame, name)
    for students in TOLD_BY.get(name, ()):
        # A share of a known whole would give the count back.
        values = values.mask(masked_in(frame, students))
    return values


def in_words(values: pd.Series, name: str, lang: Lang) -> list[str | None]:
    """Give the words of codes; texts that are none stay as they are, missing ones missing."""
    words = catalogue(lang)
    told = values.astype(object).where(values.notna(), None)
    if name not in _WORDS:
        return [None if value is None else str(value) for value in told]
    return [None if v is None else words.get(f"{_WORDS[name]}.{v}", str(v)) for v in told]


def blurred(frame: pd.DataFrame, name: str) -> pd.Series:
    """Give counts whose bounds never tell fewer than five people apart."""
    few = masked_in(frame, name.removesuffix("_low").removesuffix("_high"))
    if name.endswith("_low"):
        return frame[name].mask(few, frame[name].clip(upper=1.0) // 1)
    return frame[name].mask(few, FEWEST - 1.0) if name.endswith("_high") else frame[name]


def masked_in(frame: pd.DataFrame, name: str) -> pd.Series:
    """Mark expected counts of fewer than five people: their bounds stand beside them."""
    import pandas as pd

    high = f"{name}_high"
    if name == "value" and "masked" in frame:
        return frame["masked"]
    if not name.startswith("students") or high not in frame:
        return pd.Series(data=False, index=frame.index)
    return (frame[high] > 0) & (frame[high] < FEWEST)
