"""What the pages speak of: the language, the reference mode, the limit and the years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geo_mbo.messages import Lang, text

if TYPE_CHECKING:
    from geo_mbo.analysis.findings import Findings


@dataclass(frozen=True)
class View:
    """The choices that hold for a whole report.

    Attributes
    ----------
    lang
        Language of every text.
    mode
        Reference mode: the one that lacunes and the longest times are told for.
    limit_min
        What counts as within reach (minutes, one way).
    year
        Year of the students; None: not said.
    forecast_year
        Year that the forecast looks to; None: not said.
    share
        Share of a site's students (0-1) that its catchment holds.
    min_share_out
        Share of young people out of reach (0-1) that makes a lacune.
    search_limit_min
        How far trips were searched for (minutes); None: not said.
    focus
        Municipalities that the study is about: only they and their sites are ranked. None: all.
    """

    lang: Lang = "nl"
    mode: str = "bike"
    limit_min: float = 45
    year: int | None = None
    forecast_year: int | None = None
    share: float = 0.8
    min_share_out: float = 0.5
    search_limit_min: float | None = None
    focus: frozenset[str] | None = None


def told_of(view: View) -> str:
    """Say that only what lies in the region is ranked, where a study is about one."""
    return "" if view.focus is None else f" {text('report.region.ranked', view.lang)}"


def view_of(findings: Findings, lang: Lang) -> View:
    """Give the choices that the findings were made with, and the language to tell them in."""
    asked = findings.choices
    return View(
        lang,
        asked.mode,
        asked.limit_min,
        asked.year,
        asked.forecast_year,
        asked.share,
        asked.min_share_out,
        focus=asked.focus,
    )
