"""Commands on measures: one study, one kind of finding, on the console or as tables."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.cli.console import bar, show_table, speaker
from geo_mbo.cli.studies import Mirror, Store, example, named_study, own_cache
from geo_mbo.messages import Lang, text

if TYPE_CHECKING:
    from geo_mbo.report.sheets import Sheet

SHEETS: dict[str, tuple[str, ...]] = {
    "catchment": (
        *("catchment", "site_reach", "catchments", "modelled"),
        *("differences", "site_differences", "overlap"),
    ),
    "coverage": ("gaps", "gaps_by_area", "states", "lacking", "offer_times"),
    "provision": ("duplication", "pairs", "signals"),
    "access": ("providers", "students_within", "travel_by_area", "travel_by_site", "access"),
    "flows": ("flows", "margins", "decays"),
    "equity": ("inequality", "equity"),
    "benchmark": ("benchmark", "wide"),
}
"""The tables of each command, by their key among the sheets of the workbook."""

ABOUT = {
    "catchment": "Say where each site's students come from, and what lies within reach of it.",
    "coverage": "Say which programmes are out of reach, where, and for how many young people.",
    "provision": "Say which sites offer the same to the same young people.",
    "access": "Say how long it takes to providers, and how far students travel now.",
    "flows": "Say who goes from where to which programme, and how travel time weighs in it.",
    "equity": "Say how unequal travel is.",
    "benchmark": "Put institutions beside each other.",
}


def command(verb: str) -> Callable[..., None]:
    """Make the command of a verb."""

    def measure(
        study: str = "",
        *,
        out: Path | None = None,
        rows: int = 12,
        lang: Lang | None = None,
        offline: bool = False,
        store: Store = None,
        mirror: Mirror = "",
    ) -> None:
        run_measure(
            verb, study, out=out, rows=rows, lang=lang, offline=offline, store=store, mirror=mirror
        )

    measure.__name__ = verb
    measure.__doc__ = f"""{ABOUT[verb]}

    Parameters
    ----------
    study
        Study file (TOML), or the name of a study that the program brings; without it, the example.
    out
        Folder for the whole tables, as CSV with readable headings.
    rows
        How many rows of each table are shown.
    lang
        Language of the answer: nl or en; otherwise the one that the study names.
    offline
        Ask nothing of the network.
    store
        Folder of files fetched from publishers; otherwise the user's own.
    mirror
        Address of a server that hands out publishers' data in their place.
    """
    return measure


def run_measure(
    verb: str,
    study: str,
    *,
    out: Path | None,
    rows: int,
    lang: Lang | None,
    offline: bool,
    store: Path | None,
    mirror: str,
) -> None:
    """Measure a study, show the first rows of its tables, and write them whole where asked."""
    from geo_mbo.report.cells import text_table
    from geo_mbo.report.sheets import sheets
    from geo_mbo.study import measure_study

    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    given = named_study(study or str(example()), mirror)
    language: Lang = lang or given.lang
    with bar(language) as progress:
        outcome = measure_study(
            given, offline=offline, cache=own_cache(), store=store, progress=progress
        )
    found = sheets(
        outcome.tables,
        outcome.findings,
        outcome.about,
        outcome.notes,
        outcome.comparisons,
        lang=language,
    )
    for one in found:
        if one.key in SHEETS[verb]:
            shown = text_table(one.frame.head(rows), language)
            _show(one, shown.to_numpy().tolist(), list(shown.columns), language)
            if out is not None:
                _write(out / f"{one.key}.csv", one, language)


def _show(one: Sheet, cells: list[list[str]], headings: list[str], lang: Lang) -> None:
    say = speaker(lang)
    print(f"\n{text(f'sheet.{one.key}', lang)}")  # noqa: T201
    show_table(headings, cells)
    if len(cells) < len(one.frame):
        say("cli.more_rows", count=len(one.frame) - len(cells))


def _write(path: Path, one: Sheet, lang: Lang) -> None:
    """Write a whole table, whole or not at all; a text that looks like a formula is made none."""
    from geo_mbo.cache import replacing
    from geo_mbo.report.cells import text_table

    table = text_table(one.frame, lang)
    safe = table.map(lambda cell: f"'{cell}" if str(cell).startswith(("=", "+", "@")) else cell)
    with replacing(path) as fresh:
        safe.to_csv(fresh, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    speaker(lang)("cli.wrote", folder=str(path))
