"""Where the findings come from: the notes, the sources, the parameters, how to cite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import PurePath
from typing import Any

from geo_mbo.analysis.naming import speed_words
from geo_mbo.messages import Lang, catalogue, number, text
from geo_mbo.notes import Note
from geo_mbo.provenance import About, Source
from geo_mbo.report.parts import Cell, Section, Table
from geo_mbo.report.wording import mode_name

DIGITS = 12
"""How much of a digest a page shows; run.json holds it whole."""


def data_notes(notes: Sequence[Note], lang: Lang) -> Section:
    """Tell all that was masked, dropped, guessed or moved on the way."""
    return Section(
        "opmerkingen",
        text("report.notes.title", lang),
        text("report.notes.lead" if notes else "report.notes.none", lang, count=len(notes)),
        tuple(found.text(lang) for found in notes),
    )


def sources(about: About, lang: Lang) -> Section:
    """List every input with its publisher, licence, date and digest."""
    fields = ("name", "publisher", "licence", "modified", "sha256")
    table = Table(
        text("report.sources.caption", lang, digits=DIGITS),
        tuple(text(f"report.sources.{name}", lang) for name in fields),
        tuple(_source_row(source, lang) for source in about.sources),
        words=frozenset({1, 2, 3, 4}),
    )
    return Section(
        "bronnen",
        text("report.sources.title", lang),
        text("report.sources.lead", lang),
        about.attributions,
        tables=(table,) if about.sources else (),
    )


def _source_row(source: Source, lang: Lang) -> tuple[Cell, ...]:
    file = PurePath(source.path).name
    return (
        Cell(f"{source.name} ({file})" if file else source.name),
        Cell(source.publisher),
        Cell(source.licence),
        Cell(day(source.modified, lang)),
        Cell(source.sha256[:DIGITS] or "-"),
    )


def parameters(about: About, lang: Lang) -> Section:
    """List every parameter, and the versions of what results depend on."""
    rows = [
        (parameter_name(key, lang), said(value, lang) if value is not None else _open(key, lang))
        for key, value in about.parameters.items()
    ]
    rows += list(about.versions.items())
    table = Table(
        text("report.parameters.caption", lang),
        (text("report.parameters.name", lang), text("report.parameters.value", lang)),
        tuple((Cell(name), Cell(value)) for name, value in rows),
        words=frozenset({1}),
    )
    return Section(
        "parameters",
        text("report.parameters.title", lang),
        text("report.parameters.lead", lang),
        tables=(table,) if rows else (),
    )


def _open(key: str, lang: Lang) -> str:
    """Say what holds where a parameter was left open: of years the newest."""
    return text("value.newest", lang) if key in ("year", "forecast_year") else "-"


def citation(about: About, lang: Lang) -> Section:
    """Say how to cite this study."""
    made = text("report.cite.made", lang, version=version(about))
    told = [about.title.rstrip("."), day(about.created, lang), " ".join(made.split())]
    cited = ". ".join(part for part in told if part != "-") + "."
    credited = [line.removeprefix("Bron: ") for line in about.attributions]
    if credited:
        cited += " " + text("report.cite.data", lang, sources="; ".join(credited))
    return Section(
        "citeren", text("report.cite.title", lang), text("report.cite.lead", lang), (cited,)
    )


def version(about: About) -> str:
    """Give the version of geo_mbo that a study was made with; empty where it is not known.

    Examples
    --------
    >>> version(About("Town", versions={"geo-mbo": "1.0"})), version(About("Town"))
    ('1.0', '')
    """
    return about.versions.get("geo-mbo") or about.versions.get("geo_mbo", "")


def parameter_name(key: str, lang: Lang) -> str:
    """Name a parameter in the language; one that the catalogue does not know by its key.

    Examples
    --------
    >>> parameter_name("limit_min", "nl"), parameter_name("detour", "nl")
    ('Grens (minuten)', 'detour')
    """
    return catalogue(lang).get(f"parameter.{key}", key)


def said(value: Any, lang: Lang) -> str:
    """Write the value of a parameter: lists in a row, modes by name, years as they are.

    Examples
    --------
    >>> [said(value, "nl") for value in ([15, 30], "bike", 2024, 0.8, None)]
    ['15, 30', 'fiets', '2024', '0,8', '-']
    """
    if value is None or value == "":
        return "-"
    if isinstance(value, str):
        return speed_words(mode_name(value, lang), lang)
    if isinstance(value, bool):
        return text(f"value.{str(value).lower()}", lang)
    if isinstance(value, float):
        return _fraction(value, lang)
    if isinstance(value, dict):
        value = [f"{key}: {said(one, lang)}" for key, one in value.items()]
    many = isinstance(value, Iterable)
    return ", ".join(said(one, lang) for one in value) or "-" if many else str(value)


def _fraction(value: float, lang: Lang) -> str:
    return number(value, lang, next(d for d in (0, 1, 2, 3) if d == 3 or round(value, d) == value))


def day(moment: date | None, lang: Lang) -> str:
    """Write a date in full; a dash where there is none.

    Examples
    --------
    >>> day(date(2026, 10, 1), "nl"), day(None, "en")
    ('1 oktober 2026', '-')
    """
    from babel.dates import format_date

    if moment is None:
        return "-"
    return str(format_date(moment, "d MMMM y", locale="nl_NL" if lang == "nl" else "en_GB"))
