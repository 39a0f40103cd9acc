"""How indicators, units and numbers are written: the same on maps, in the report and in files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite

from geo_mbo.counts import adds
from geo_mbo.messages import Lang, catalogue, number


def indicator_name(name: str, lang: Lang) -> str:
    """Name an indicator: those that are always there in the language, others as they were given.

    Examples
    --------
    >>> indicator_name("inhabitants", "nl"), indicator_name("Mijn cijfer", "nl")
    ('Inwoners', 'Mijn cijfer')
    """
    return catalogue(lang).get(f"map.indicator.{name}", name)


def unit_name(unit: str, lang: Lang) -> str:
    """Name a unit in the language; one that is not known as it was given.

    Examples
    --------
    >>> unit_name("students", "nl"), unit_name("Z-score", "nl")
    ('studenten', 'Z-score')
    """
    return catalogue(lang).get(f"map.unit.{unit}", unit)


def speed_words(words: str, lang: Lang) -> str:
    """Write speeds (``"2.4-15 km/h"``) as the language does; other words as they are.

    Examples
    --------
    >>> speed_words("2.4-15 km/h", "nl"), speed_words("2.4-15 km/h", "en"), speed_words("a.b", "nl")
    ('2,4-15 km/u', '2.4-15 km/h', 'a.b')
    """
    if lang != "nl" or "km/h" not in words:
        return words
    return re.sub(r"(?<=\d)\.(?=\d)", ",", words).replace("km/h", "km/u")


def measured(value: float, unit: str, lang: Lang) -> str:
    """Write a number with its unit.

    Examples
    --------
    >>> measured(4.25, "%", "nl"), measured(1200, "students", "en"), measured(3, "Z", "nl")
    ('4,2 %', '1,200 students', '3 Z')
    """
    return f"{bare(value, lang, decimals_of([value], unit))} {unit_name(unit, lang)}".strip()


def bare(value: float, lang: Lang, decimals: int | None = None) -> str:
    """Write a number without its unit: whole ones whole, small ones with two decimals.

    Examples
    --------
    >>> [bare(value, "nl") for value in (1200.0, 14.25, 0.083, float("nan"))]
    ['1.200', '14,2', '0,08', '-']
    """
    return number(value, lang, decimals_of([value]) if decimals is None else decimals)


def decimals_of(values: Iterable[float], unit: str = "") -> int:
    """Give the decimals that tell these numbers apart: none for whole ones, two at most.

    Of counts a half does not tell: it is the middle of a masked cell.

    Examples
    --------
    >>> decimals_of([12, 14.5], "students"), decimals_of([12, 14.5], "%"), decimals_of([0.2, 0.25])
    (0, 1, 2)
    """
    known = [value for value in values if isfinite(value)]
    step = 2 if adds(unit) else 1
    if all(value * step == round(value * step) for value in known):
        return 0
    return 1 if max(map(abs, known)) >= 1 else 2
