"""The sheets of the workbook: a frame each, with names beside codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from geo_mbo.analysis.indicators import published_only
from geo_mbo.analysis.validation import with_reasons
from geo_mbo.messages import Lang, catalogue, text
from geo_mbo.notes import Note
from geo_mbo.provenance import About, Source
from geo_mbo.report.background import parameter_name, said
from geo_mbo.report.measure_sheets import measure_frames
from geo_mbo.report.wording import Names, names_of

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.scenario import Comparison
    from geo_mbo.tables import Tables

MOST_ROWS = 100_000
"""A sheet holds no more rows than this: the first ones, and the read-me says so."""

_SOURCE = [
    *("source_name", "publisher", "licence", "attribution"),
    *("file", "sha256", "bytes", "modified", "url"),
]


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    Attributes
    ----------
    key
        Its name in the catalogue, under ``sheet`` and ``sheet_about``.
    frame
        What it shows; columns are named in the catalogue under ``field``.
    """

    key: str
    frame: pd.DataFrame


def sheets(
    tables: Tables,
    findings: Findings,
    about: About,
    notes: Sequence[Note],
    scenarios: Sequence[Comparison],
    *,
    lang: Lang,
) -> list[Sheet]:
    """Give every result as a sheet, in the order of the workbook."""
    names = names_of(tables, lang)
    results = [
        *_travel_sheets(findings),
        Sheet("catchment", findings.catchment),
        Sheet("site_reach", findings.site_reach),
        Sheet("gaps", findings.gaps.drop(columns="area_ids")),
        Sheet("gaps_by_area", _out_of_reach(tables, findings)),
        Sheet("duplication", findings.duplication),
        *_forecast_sheets(findings),
        Sheet("benchmark", findings.benchmark),
        Sheet("indicators", published_only(findings.indicators)),
        Sheet("published", with_reasons(findings.published, lang)),
        Sheet("inequality", findings.inequality),
        *(Sheet(key, frame) for key, frame in measure_frames(tables, findings, names).items()),
        *_scenario_sheets(scenarios),
    ]
    named = [Sheet(one.key, _named(one.frame, names)) for one in results]
    return [*named, *_background_sheets(about, notes, lang)]


def _travel_sheets(findings: Findings) -> list[Sheet]:
    by_area = findings.travel_by_area.rename(columns={"origin_id": "area_id"})
    return [
        Sheet("providers", findings.providers),
        Sheet("travel_by_area", by_area),
        Sheet("travel_by_site", findings.travel_by_site),
        Sheet("students_within", findings.students_within),
    ]


def _forecast_sheets(findings: Findings) -> list[Sheet]:
    renamed = {"origin_id": "area_id", "year": "forecast_year"}
    return [
        Sheet("forecast_by_area", findings.forecast_by_area.rename(columns=renamed)),
        Sheet("forecast_by_site", findings.forecast_by_site.rename(columns=renamed)),
    ]


def _scenario_sheets(scenarios: Sequence[Comparison]) -> list[Sheet]:
    """Put the scenarios one under the other; no sheets without scenarios."""
    import pandas as pd

    if not scenarios:
        return []
    found = []
    for key in ("areas", "people", "moved", "gaps"):
        parts = [getattr(one, key).assign(scenario=one.scenario.name) for one in scenarios]
        frame = pd.concat(parts, ignore_index=True)
        first = ["scenario"]
        found.append(
            Sheet(f"scenario_{key}", frame[first + [c for c in frame.columns if c not in first]])
        )
    return found


def _out_of_reach(tables: Tables, findings: Findings) -> pd.DataFrame:
    """Municipality x programme out of reach, by the reference mode, most people first."""
    table = findings.coverage
    rows = table[
        (table["mode"] == findings.choices.mode)
        & (table["share_out"] >= findings.choices.min_share_out)
    ]
    known = tables.offers.drop_duplicates("programme_id")[["programme_id", "programme", "level"]]
    rows = rows.merge(known, on="programme_id", how="left").drop(columns="state", errors="ignore")
    ahead = ["programme_id", "programme", "level"]
    order = ["young_people_out", "programme_id", "area_id"]
    rows = rows.sort_values(order, ascending=[False, True, True])
    ordered: pd.DataFrame = rows[ahead + [c for c in rows.columns if c not in ahead]]
    return ordered


def _named(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Put the name of an area or a site behind its code, where the frame has only the code."""
    found = frame.copy()
    for code, name, known in (
        ("area_id", "area", names.areas),
        ("site_id", "site", names.sites),
        ("site_a", "name_a", names.sites),
        ("site_b", "name_b", names.sites),
        ("from_site_id", "from_site", names.sites),
        ("to_site_id", "to_site", names.sites),
    ):
        if code in found and name not in found:
            place = int(found.columns.get_loc(code)) + 1  # type: ignore[arg-type]
            found.insert(place, name, found[code].map(known))
    return found


def _background_sheets(about: About, notes: Sequence[Note], lang: Lang) -> list[Sheet]:
    import pandas as pd

    told = pd.DataFrame(
        [(found.code, found.count, found.text(lang)) for found in notes],
        columns=["note_code", "note_count", "note_text"],
    )
    inputs = pd.DataFrame([_source_row(source) for source in about.sources], columns=_SOURCE)
    asked = [
        (parameter_name(key, lang), said(value, lang)) for key, value in about.parameters.items()
    ]
    made = pd.DataFrame([*asked, *about.versions.items()], columns=["parameter", "value"])
    return [Sheet("notes", told), Sheet("sources", inputs), Sheet("parameters", made)]


def _source_row(source: Source) -> tuple[object, ...]:
    return (
        source.name,
        source.publisher,
        source.licence,
        source.attribution,
        PurePath(source.path).name,
        source.sha256,
        source.bytes,
        source.modified.isoformat() if source.modified else "",
        source.url,
    )


def dictionary(shown: Sequence[Sheet], lang: Lang) -> Sheet:
    """Give the data dictionary: every column of every sheet, with what it means."""
    import pandas as pd

    words = catalogue(lang)
    rows = [
        (
            text(f"sheet.{one.key}", lang),
            text(f"field.{name}", lang),
            words.get(f"field_about.{name}", ""),
            name,
        )
        for one in shown
        for name in one.frame.columns
    ]
    return Sheet("columns", pd.DataFrame(rows, columns=["layer", "label", "about", "column"]))
