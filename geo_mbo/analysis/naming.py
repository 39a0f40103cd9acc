"""How indicators, units and numbers are written: the same on maps, in the report and in files."""

from __future__ import annotations

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


def measured(value: float, unit: str, lang: Lang) -> str:
    """Write a number with its unit.

    Examples
    --------
    >>> measured(4.25, "%", "nl"), measured(1200, "students", "en"), measured(3, "Z", "nl")
    ('4,2 %', '1,200 students', '3 Z')
    """
    return f"{bare(value, lang)} {unit_name(unit, lang)}".strip()


def bare(value: float, lang: Lang) -> str:
    """Write a number without its unit: whole ones whole, small ones with two decimals.

    Examples
    --------
    >>> [bare(value, "nl") for value in (1200.0, 14.25, 0.083, float("nan"))]
    ['1.200', '14,2', '0,08', '-']
    """
    whole = value != value or value == round(value)  # noqa: PLR0124 - not a number
    return number(value, lang, 0 if whole else 1 if abs(value) >= 1 else 2)
