"""The tables without geometry: travel times, programmes, notes, sources, the data dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.export.layers import Layer, explained, in_file, label
from geo_mbo.messages import Lang, text
from geo_mbo.notes import Note
from geo_mbo.provenance import About
from geo_mbo.schema import TRAVEL_STATUS

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.travel import TravelMatrix

MOST_PAIRS = 500_000
"""A matrix with more pairs is told by the nearest sites of each origin."""

NEAREST = 5
"""How many sites of each origin and mode are then told."""


def travel_times(findings: Findings, *, matrix: TravelMatrix | None, lang: Lang) -> Layer:
    """Give travel times by mode: all pairs, or the nearest sites of each origin."""
    if matrix is None:
        frame = findings.origin_times[["origin_id", "site_id", "mode", "minutes", "meters"]]
        return Layer("reistijden", "", frame, about=text("layer.reistijden_three", lang))
    size = len(matrix.modes) * len(matrix.origins) * len(matrix.sites)
    if size <= MOST_PAIRS:
        frame = matrix.to_long().rename(columns={"status": "travel_status"})
        return Layer("reistijden", "", frame, about=text("layer.reistijden_all", lang))
    return Layer(
        "reistijden",
        "",
        nearest_pairs(matrix),
        about=text("layer.reistijden_nearest", lang, count=NEAREST, pairs=size),
    )


def nearest_pairs(matrix: TravelMatrix, *, count: int = NEAREST) -> pd.DataFrame:
    """Give the nearest sites of each origin and mode, in long form.

    Returns
    -------
    pandas.DataFrame
        ``origin_id``, ``site_id``, ``mode``, ``minutes``, ``meters``, ``travel_status``; of equally
        near sites the first by place in the matrix. An origin that reaches none keeps its rows.
    """
    import pandas as pd

    origins, sites = np.asarray(matrix.origins, object), np.asarray(matrix.sites, object)
    parts = []
    for mode in matrix.modes:
        minutes = matrix.minutes(mode)
        at = np.argsort(minutes, axis=1, kind="stable")[:, :count]
        row = np.repeat(np.arange(len(origins)), at.shape[1])
        column = at.ravel()
        parts.append(
            pd.DataFrame(
                {
                    "origin_id": origins[row],
                    "site_id": sites[column],
                    "mode": mode,
                    "minutes": minutes[row, column],
                    "meters": matrix.meters(mode)[row, column],
                    "travel_status": np.asarray(TRAVEL_STATUS)[matrix.status(mode)[row, column]],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def programmes(findings: Findings) -> Layer:
    """List the programmes with a lacune, by every mode."""
    return Layer("lacunes_opleidingen", "", findings.gaps)


def institutions(findings: Findings) -> Layer:
    """Put institutions beside each other."""
    return Layer("instellingen", "", findings.benchmark)


def inequality(findings: Findings) -> Layer:
    """Give the inequality of travel time."""
    return Layer("ongelijkheid", "", findings.inequality)


def students_within(findings: Findings) -> Layer:
    """Count students by woongemeente within each limit."""
    return Layer("studenten_binnen", "", findings.students_within)


def notes_table(notes: Sequence[Note], lang: Lang) -> Layer:
    """List what was masked, dropped, guessed or moved."""
    import pandas as pd

    rows = [(found.code, found.count, found.text(lang)) for found in notes]
    columns = ["note_code", "note_count", "note_text"]
    frame = pd.DataFrame(rows, columns=columns).astype({"note_count": "int64"})
    return Layer("meldingen", "", frame)


def sources(about: About) -> Layer:
    """List every input with its publisher, licence, date and digest."""
    import pandas as pd

    rows = [
        {
            "source_name": source.name,
            "publisher": source.publisher,
            "licence": source.licence,
            "attribution": source.attribution,
            "file": PurePath(source.path).name or None,
            "sha256": source.sha256 or None,
            "bytes": source.bytes,
            "modified": source.modified.isoformat() if source.modified else None,
            "url": source.url or None,
        }
        for source in about.sources
    ]
    columns = [
        *("source_name", "publisher", "licence", "attribution"),
        *("file", "sha256", "bytes", "modified", "url"),
    ]
    return Layer("bronnen", "", pd.DataFrame(rows, columns=columns).astype({"bytes": "int64"}))


def parameters(about: About, lang: Lang) -> Layer:
    """List every parameter of the study, and what it was made with."""
    import pandas as pd

    rows = [
        (text("layer.title_row", lang), about.title),
        (text("layer.created_row", lang), about.created.isoformat() if about.created else ""),
        *((key, _plain(value)) for key, value in about.parameters.items()),
        *about.versions.items(),
    ]
    if about.made_up:
        rows.insert(0, (text("report.made_up.title", lang), text("report.made_up.text", lang)))
    return Layer("parameters", "", pd.DataFrame(rows, columns=["parameter", "value"]))


def dictionary(layers: Sequence[Layer], lang: Lang) -> Layer:
    """Give the data dictionary: every column of every layer, with its label and meaning."""
    import pandas as pd

    rows = [
        (layer.name, in_file(column), label(column, layer, lang), explained(column, lang))
        for layer in layers
        for column in layer.frame.columns
        if column != "geometry"
    ]
    columns = ["layer", "column", "label", "about"]
    return Layer("velden", "", pd.DataFrame(rows, columns=columns))


def _plain(value: object) -> str:
    """Write the value of a parameter as a study file has it, without signs of a program.

    Examples
    --------
    >>> [_plain(value) for value in (["walk", "bike"], 45.0, None, True)]
    ['walk, bike', '45', '', 'true']
    """
    if isinstance(value, list | tuple):
        return ", ".join(_plain(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)
