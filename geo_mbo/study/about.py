"""What a study was made from, each input with its digest and licence, and what it was made with."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib.metadata import version
from typing import Any

from geo_mbo.modes import chosen
from geo_mbo.provenance import About, Source
from geo_mbo.study.fetched import files_of
from geo_mbo.study.indicators import OWN
from geo_mbo.study.model import IndicatorFile, InputFile, Study

VERSIONED = ("geo-mbo", "geopandas", "shapely", "pyproj", "scipy", "numpy", "pandas", "osmium")
"""Packages that results depend on."""

MADE_UP: dict[str, Any] = {
    "publisher": "geo_mbo",
    "licence": "EUPL-1.2",
    "attribution": "geo_mbo",
}
"""Credit of made-up data."""


def about(study: Study) -> About:
    """Tell what a study is, with the digest and credit line of every input."""
    given = files_of(study)
    return About(
        title=study.title,
        made_up=study.made_up,
        created=date.today(),  # noqa: DTZ011  the day on the user's wall
        sources=tuple(dict.fromkeys(_source(study, key, file) for key, file in given.items())),
        parameters={**study.parameters.model_dump(mode="json"), **_asked(), **_speeds(study)},
        versions={name: version(name) for name in VERSIONED},
    )


def _asked() -> dict[str, object]:
    """Give what is counted with and cannot be chosen in a study."""
    from geo_mbo.analysis import Choices

    return {"min_share_out": Choices().min_share_out, "min_overlap": Choices().min_overlap}


def _speeds(study: Study) -> dict[str, str]:
    """Give the speed of each mode, over the network or as the crow flies."""
    told = {}
    for mode in chosen(study.parameters.modes):
        if mode.vehicle == "transit":
            continue
        speeds = set(mode.speeds_kmh.values())
        if study.inputs.roads is None:
            told[f"speed_{mode.name}"] = f"{mode.crow_flies_kmh:g} km/h; x {mode.detour:g}"
        else:
            told[f"speed_{mode.name}"] = f"{min(speeds):g}-{max(speeds):g} km/h"
    return told


def _source(study: Study, key: str, given: InputFile) -> Source:
    """Credit one input: as the study says, else as the catalogue knows its publisher."""
    from geo_mbo.sources import catalogue

    own = OWN if isinstance(given, IndicatorFile) else key
    known = catalogue.source_of(given.source or own, study.path(given))
    # Made-up data in a publisher's format are not the publisher's.
    credited = replace(known, **MADE_UP, url="") if study.made_up else known
    return replace(
        credited,
        publisher=given.publisher or credited.publisher,
        licence=given.licence or credited.licence,
        attribution=given.attribution or credited.attribution,
    )
