"""The four pages as values: what each says and what its script draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from geo_mbo.analysis.naming import speed_words
from geo_mbo.maps.indicators import area_levels, indicator_view
from geo_mbo.maps.page import VIEWS, Page
from geo_mbo.maps.shared import Basis, shared_data
from geo_mbo.maps.story import finding, still
from geo_mbo.maps.views import catchment_view, coverage_view, travel_view
from geo_mbo.messages import Lang, catalogue, number, percent, text
from geo_mbo.notes import Note
from geo_mbo.provenance import About

_DATA: dict[str, tuple[str, Callable[[Basis], dict[str, Any]]]] = {
    "verzorgingsgebieden": ("catchment", catchment_view),
    "reistijd": ("travel", travel_view),
    "dekking": ("coverage", coverage_view),
    "kenmerken": ("indicators", indicator_view),
}


def pages(basis: Basis, about: About, *, lang: Lang, notes: Sequence[Note]) -> Iterator[Page]:
    """Give the pages in the order of `VIEWS`; what they share is made once."""
    shared = shared_data(basis) | {"search_limit": about.parameters.get("search_limit_min")}
    for view in VIEWS:
        name, draw = _DATA[view]
        data = shared | {name: draw(basis)}
        if view == "kenmerken":
            data["areas"] = shared["areas"] | area_levels(basis)
        yield Page(
            view=view,
            lang=lang,
            title=about.title,
            heading=text(f"map.heading.{view}", lang),
            finding=finding(view, basis, lang),
            data=data,
            credits=about.attributions,
            notes=[told.text(lang) for told in notes],
            parameters=[
                (catalogue(lang).get(f"parameter.{name}", name), _written(v, lang))
                for name, v in about.parameters.items()
            ],
            about_text=text(
                f"map.about_text.{view}",
                lang,
                limit=number(basis.limit_min, lang),
                share=percent(basis.findings.choices.share, lang),
            ),
            made_up=about.made_up,
            picture=still(view, basis, data, about, lang),
        )


def _written(value: object, lang: Lang) -> str:
    """Write a parameter as people read it; years keep their four digits."""
    if isinstance(value, str):
        return speed_words(catalogue(lang).get(f"mode.{value}", value), lang) or "-"
    if isinstance(value, bool):
        return text(f"value.{str(value).lower()}", lang)
    if value is None or value in ("", [], ()):
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(_written(item, lang) for item in value)
    if isinstance(value, float):
        return number(value, lang, 0 if value.is_integer() else 2)
    return str(value)
