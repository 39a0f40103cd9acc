"""How the report says names, counts, times and lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

from geo_mbo.messages import Lang, catalogue, number, text

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.tables import Tables

FEWEST = 5
"""Fewer people than this are never told exactly: they might be traced."""

PLACES = ("NL", "BE", "DE", "ABROAD", "UNKNOWN")
"""Homes that are no municipality."""


@dataclass(frozen=True)
class Names:
    """Names of areas, sites and institutions by their identifier."""

    areas: Mapping[str, str]
    sites: Mapping[str, str]
    institutions: Mapping[str, str]
    homes: Mapping[str, str] = field(default_factory=dict)
    """The municipality of each site."""
    programmes: Mapping[str, str] = field(default_factory=dict)
    """Each programme with its level."""

    def area(self, area_id: str) -> str:
        """Name an area; one without a name by its identifier."""
        return self.areas.get(area_id, area_id)

    def site(self, site_id: str) -> str:
        """Name a site; one without a name by its identifier."""
        return self.sites.get(site_id, site_id)

    def institution(self, institution_id: str) -> str:
        """Name an institution; one without a name by its identifier."""
        return self.institutions.get(institution_id, institution_id)

    def programme(self, programme_id: str, track: object = None) -> str:
        """Name a programme with its level, and its track where given; else by its identifier."""
        name = self.programmes.get(programme_id, programme_id)
        return f"{name}, {track}" if isinstance(track, str) and track else name

    def about(self, ids: Iterable[str], focus: frozenset[str] | None) -> frozenset[str]:
        """Keep the areas in the focus of the study, and the sites that stand in them."""
        return frozenset(i for i in ids if focus is None or self.homes.get(i, i) in focus)


def names_of(tables: Tables, lang: Lang) -> Names:
    """Collect the names that stand in the tables."""
    areas, sites = tables.areas, tables.sites
    named = sites.dropna(subset=["institution_id", "institution"])
    return Names(
        dict(zip(areas["area_id"], areas["name"], strict=True))
        | {place: text(f"value.{place}", lang) for place in PLACES},
        dict(zip(sites["site_id"], sites["name"], strict=True)),
        dict(zip(named["institution_id"], named["institution"], strict=True)),
        dict(zip(sites["site_id"], sites["municipality_id"].fillna(""), strict=True)),
        _programmes(tables.offers, lang),
    )


def _programmes(offers: pd.DataFrame, lang: Lang) -> dict[str, str]:
    named = offers.dropna(subset=["programme"]).drop_duplicates("programme_id")
    levels = named["level"].astype("float64")
    told = (
        "" if level != level else f" ({text('report.level', lang, level=str(int(level)))})"  # noqa: PLR0124
        for level in levels
    )
    names = (f"{name}{level}" for name, level in zip(named["programme"], told, strict=True))
    return dict(zip(named["programme_id"], names, strict=True))


def by_mode(mode: str, lang: Lang) -> str:
    """Say how one travels: "met de fiets"; a mode from elsewhere by its own name.

    Examples
    --------
    >>> by_mode("bike", "nl"), by_mode("walk", "en"), by_mode("ferry", "en")
    ('met de fiets', 'on foot', 'by ferry')
    """
    key = f"report.by.{mode}"
    return text(key, lang) if key in catalogue(lang) else text("report.by.other", lang, mode=mode)


def mode_name(mode: str, lang: Lang) -> str:
    """Name a mode; one from elsewhere by its own name.

    Examples
    --------
    >>> mode_name("bike", "nl"), mode_name("ferry", "nl")
    ('fiets', 'ferry')
    """
    return catalogue(lang).get(f"mode.{mode}", mode)


def count(students: float, high: float, lang: Lang) -> str:
    """Say a number of people: fewer than five as "<5", a missing one as a dash.

    Parameters
    ----------
    students, high
        Expected number of people, and the most there can be.
    lang
        Language of the digits.

    Examples
    --------
    >>> count(1234.0, 1240.0, "nl"), count(2.5, 4.0, "nl"), count(0.0, 0.0, "nl")
    ('1.234', '<5', '0')
    """
    if 0 < high < FEWEST:
        return f"<{FEWEST}"
    return number(round(students) if isfinite(students) else students, lang)


def minutes(value: float, lang: Lang) -> str:
    """Say a travel time in whole minutes; not reached in words.

    Examples
    --------
    >>> minutes(45.4, "nl"), minutes(float("inf"), "nl")
    ('45', 'niet bereikbaar')
    """
    return number(value, lang) if value < float("inf") else text("value.not_reached", lang)


def listed(names: Sequence[str], lang: Lang) -> str:
    """Join names to a list as one says it.

    Examples
    --------
    >>> listed(["Aalst", "Broek", "Delden"], "nl"), listed(["Aalst"], "nl"), listed([], "nl")
    ('Aalst, Broek en Delden', 'Aalst', '')
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {text('report.and', lang)} {names[-1]}"


def counted(key: str, number_of: int, lang: Lang, **params: object) -> str:
    """Give the message of `key` for so many; its own sentence (``_one``) where there is one.

    Examples
    --------
    >>> counted("report.scenario.vanishes", 1, "en", gaps="Cook in Aalst")
    'One gap disappears: Cook in Aalst.'
    """
    single = f"{key}_one"
    chosen = single if number_of == 1 and single in catalogue(lang) else key
    return text(chosen, lang, count=number_of, **params)
