"""All measures of a study at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from geo_mbo.analysis.access import origin_times, student_travel, students_within, time_to_providers
from geo_mbo.analysis.benchmark import institution_benchmark
from geo_mbo.analysis.catchment import observed_catchment, site_reach, travel_catchment
from geo_mbo.analysis.coverage import coverage, gaps
from geo_mbo.analysis.equity import travel_inequality
from geo_mbo.analysis.forecast import forecast_change
from geo_mbo.analysis.further import Further, further, mapped
from geo_mbo.analysis.indicators import compared_indicators
from geo_mbo.analysis.provision import duplication
from geo_mbo.analysis.published import Yardstick, compare_indicators
from geo_mbo.analysis.trips import trips
from geo_mbo.analysis.weighting import homes, open_sites
from geo_mbo.errors import Breach, InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.progress import Progress, silent

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix


@dataclass(frozen=True)
class Choices:
    """What a study chooses to ask.

    Attributes
    ----------
    mode
        Reference mode: of the travel catchment and of duplication. Empty: the matrix's first.
    limit_min
        Limit in minutes of reach, coverage and duplication; exactly so long is within.
    cutoffs_min
        Limits in minutes of ``students_within``.
    year
        Year of the students. None: the newest that all tables of counted students share.
    forecast_year
        Year to look ahead to. None: the latest forecast; there need not be one.
    share
        Share of a site's students (0-1) that its observed catchment holds.
    min_share_out
        Share of a municipality's young people (0-1) out of reach that makes a gap (lacune).
    min_overlap
        Overlap (0-1) that makes a duplication (dubbeling).
    focus
        Municipalities that the study is about: reach, coverage and gaps are of their young people,
        travel and forecast by home of their students; around them a study has no sites beyond its
        margin, and would find gaps that are none. None: all of them.
    yardsticks
        Indicators of distance or time that travel is held against.
    """

    mode: str = ""
    limit_min: float = 45
    cutoffs_min: tuple[float, ...] = (15, 30, 45, 60)
    year: int | None = None
    forecast_year: int | None = None
    share: float = 0.8
    min_share_out: float = 0.5
    min_overlap: float = 0.5
    focus: frozenset[str] | None = None
    yardsticks: tuple[Yardstick, ...] = ()


@dataclass(frozen=True)
class Findings:
    """The results of all measures; the columns of each stand with the function that makes it.

    Attributes
    ----------
    choices
        What was asked, with years and mode filled in where they were left open.
    catchment
        `catchment.observed_catchment`, of ``choices.year``.
    travel_catchment
        `catchment.travel_catchment` by the reference mode.
    site_reach
        `catchment.site_reach`.
    providers, origin_times
        `access.time_to_providers`, `access.origin_times`, the three nearest.
    travel_by_area, travel_by_site, travel_by_institution
        `access.student_travel` by ``origin_id``, ``site_id``, ``institution_id``.
    students_within
        `access.students_within`.
    coverage, gaps
        `coverage.coverage`, `coverage.gaps`.
    duplication
        `provision.duplication` of different institutions, by the reference mode.
    forecast_by_area, forecast_by_site
        `forecast.forecast_change` by ``origin_id`` and ``site_id``; no rows without a forecast.
    inequality
        `equity.travel_inequality`.
    benchmark
        `benchmark.institution_benchmark`.
    further
        The planner's measures (`geo_mbo.analysis.further`).
    indicators
        `indicators.compared_indicators`.
    published, published_summary, published_worst
        `published.compare_indicators`, of ``choices.yardsticks``; no rows without any.
    """

    choices: Choices
    catchment: pd.DataFrame
    travel_catchment: pd.DataFrame
    site_reach: pd.DataFrame
    providers: pd.DataFrame
    origin_times: pd.DataFrame
    travel_by_area: pd.DataFrame
    travel_by_site: pd.DataFrame
    travel_by_institution: pd.DataFrame
    students_within: pd.DataFrame
    coverage: pd.DataFrame
    gaps: pd.DataFrame
    duplication: pd.DataFrame
    forecast_by_area: pd.DataFrame
    forecast_by_site: pd.DataFrame
    inequality: pd.DataFrame
    benchmark: pd.DataFrame
    further: Further
    indicators: pd.DataFrame
    published: pd.DataFrame
    published_summary: pd.DataFrame
    published_worst: pd.DataFrame


def find(
    tables: Tables,
    matrix: TravelMatrix,
    choices: Choices | None = None,
    *,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> Findings:
    """Run all measures.

    Parameters
    ----------
    tables
        The tables; where students, offers or enrolments are empty, what needs them has no rows.
    matrix
        Travel times from the origins to at least the open sites; it may hold more.
    choices
        What to ask; `Choices()` where not given.
    progress
        Told before each measure.
    notify
        Gets the notes: students without a trip to tell, municipalities without origins, what
        could not be told because a table is empty.

    Returns
    -------
    Findings
        Frames with all their columns, also where they have no rows.

    Raises
    ------
    InputError
        The matrix has no times for an origin or an open site, or not by the reference mode; the
        tables have no students in a year asked for.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = find(town.tables, town.matrix, Choices(mode="bike", limit_min=30),
    ...              notify=lambda note: None)
    >>> found.choices.year, found.choices.forecast_year
    (2024, 2030)
    >>> found.gaps.query("mode == 'bike'")[["programme", "areas", "young_people_out"]]
          programme  areas  young_people_out
    3      Timmeren      2             450.0
    4    Verzorging      2             300.0
    5  Programmeren      1              50.0
    """
    import pandas as pd

    asked = settled(choices or Choices(), tables, matrix)
    usable = open_sites(tables.sites)
    now = _with_institutions(tables.students[tables.students["year"] == asked.year], tables.sites)
    _tell(tables, matrix, now, asked, notify)
    parts: dict[str, Callable[[], pd.DataFrame]] = {
        **_of_young_people(tables, matrix.select(sites=usable["site_id"]), usable, asked),
        **_of_students(tables, matrix, now, asked),
    }
    made: dict[str, pd.DataFrame] = {}
    for k, (name, make) in enumerate(parts.items()):
        progress(k / len(parts) / 2, name)
        made[name] = make()
    progress(0.5, "further")
    deeper = further(
        tables,
        matrix.select(sites=usable["site_id"]),
        now,
        mode=asked.mode,
        limit_min=asked.limit_min,
        year=asked.year,
        young=of_focus(tables.origins, asked),
        notify=notify,
    )
    shown = pd.concat(
        [tables.indicators, mapped(deeper, mode=asked.mode, year=asked.year)], ignore_index=True
    )
    made["indicators"] = compared_indicators(replace(tables, indicators=shown), notify=notify)
    beside = compare_indicators(tables, matrix, now, yardsticks=asked.yardsticks, notify=notify)
    progress(1.0, "")
    return Findings(
        choices=asked,
        gaps=gaps(made["coverage"], tables.offers, min_share=asked.min_share_out),
        published=beside.rows,
        published_summary=beside.summary,
        published_worst=beside.worst,
        further=deeper,
        **made,
    )


def _of_young_people(
    tables: Tables, matrix: TravelMatrix, usable: pd.DataFrame, asked: Choices
) -> dict[str, Callable[[], pd.DataFrame]]:
    """List the measures that need the open sites and young people only."""
    origins, limit = of_focus(tables.origins, asked), asked.limit_min
    offers = tables.offers[tables.offers["site_id"].isin(usable["site_id"])]
    by_mode = matrix.select(modes=[asked.mode])
    enrolled = latest(tables.enrolments, asked.year)
    return {
        "travel_catchment": lambda: travel_catchment(
            matrix, origins, mode=asked.mode, limit_min=limit
        ),
        "site_reach": lambda: site_reach(matrix, origins, usable, limit_min=limit),
        "providers": lambda: time_to_providers(matrix, origins, usable),
        "origin_times": lambda: origin_times(matrix, origins, usable),
        "coverage": lambda: coverage(
            matrix, offers, origins, limit_min=limit, programmes=tables.offers["programme_id"]
        ),
        "duplication": lambda: duplication(
            by_mode,
            offers,
            usable,
            origins,
            enrolled,
            limit_min=limit,
            min_overlap=asked.min_overlap,
        ),
    }


def of_focus(origins: gpd.GeoDataFrame, asked: Choices) -> gpd.GeoDataFrame:
    """Give the origins in the municipalities that the study is about."""
    if asked.focus is None:
        return origins
    return origins[origins["area_id"].isin(asked.focus)].reset_index(drop=True)


def living_in_focus(students: pd.DataFrame, asked: Choices) -> pd.DataFrame:
    """Give the students who live in the municipalities that the study is about."""
    if asked.focus is None:
        return students
    return students[students["origin_id"].isin(asked.focus)].reset_index(drop=True)


def _of_students(
    tables: Tables, matrix: TravelMatrix, now: pd.DataFrame, asked: Choices
) -> dict[str, Callable[[], pd.DataFrame]]:
    """List the measures that need students; they may go to sites that closed since."""
    origins = tables.origins
    usable = matrix.select(sites=open_sites(tables.sites)["site_id"])
    change = _forecast(tables.students, asked)
    # Who lives in a region is told of the region; who goes to a site, of all who go there.
    mine = living_in_focus(now, asked)
    ahead = _forecast(living_in_focus(tables.students, asked), asked)
    return {
        "catchment": lambda: observed_catchment(now, share=asked.share),
        "travel_by_area": lambda: student_travel(matrix, mine, origins, by="origin_id"),
        "travel_by_site": lambda: student_travel(matrix, now, origins, by="site_id"),
        "travel_by_institution": lambda: student_travel(matrix, now, origins, by="institution_id"),
        "students_within": lambda: students_within(
            matrix, mine, of_focus(origins, asked), cutoffs_min=asked.cutoffs_min
        ),
        "forecast_by_area": lambda: ahead("origin_id"),
        "forecast_by_site": lambda: change("site_id"),
        "inequality": lambda: travel_inequality(
            usable, mine, of_focus(origins, asked), limit_min=asked.limit_min
        ),
        "benchmark": lambda: institution_benchmark(
            matrix, now, tables.offers, tables.sites, origins
        ),
    }


def _forecast(
    students: pd.DataFrame, asked: Choices
) -> Callable[[Literal["origin_id", "site_id"]], pd.DataFrame]:
    """Give the change by a column; without a forecast a frame without rows."""
    base, year = asked.year, asked.forecast_year
    rows = students if base is not None and year is not None else students.iloc[:0]
    return lambda by: forecast_change(rows, base_year=base or 0, year=year or 0, by=by)


def settled(choices: Choices, tables: Tables, matrix: TravelMatrix) -> Choices:
    """Fill in the years and the mode that were left open; refuse years that are not there."""
    years = tables.students.groupby("kind")["year"].agg(lambda values: sorted(set(values)))
    counted, ahead = (list(years.get(kind, [])) for kind in ("history", "forecast"))
    filled = replace(
        choices,
        mode=choices.mode or matrix.modes[0],
        year=choices.year or max(_shared(counted, tables), default=None),
        forecast_year=choices.forecast_year or max(ahead, default=None),
    )
    there = {*counted, *ahead}
    breaches = [
        Breach("no_such_year", {"year": str(year), "there": ", ".join(map(str, sorted(there)))})
        for year in (filled.year, filled.forecast_year)
        if there and year is not None and year not in there
    ]
    if breaches:
        raise InputError(breaches)
    return filled


def _shared(counted: Sequence[int], tables: Tables) -> Sequence[int]:
    """Give the years that all tables of students have; all of `counted` where they share none."""
    shared = set(counted)
    for others in (tables.enrolments, tables.residents):
        known = set(others.loc[others["kind"] == "history", "year"])
        shared &= known or shared
    return sorted(shared) or counted


def latest(enrolments: pd.DataFrame, year: int | None) -> pd.DataFrame:
    """Give the enrolments of the latest year up to `year`, or of the first after it."""
    years = sorted(set(enrolments["year"]))
    if not years:
        return enrolments
    upto = [there for there in years if year is None or there <= year]
    rows: pd.DataFrame = enrolments[enrolments["year"] == (upto[-1] if upto else years[0])]
    return rows


def _with_institutions(students: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Fill in a missing institution by that of the site."""
    owners = sites.set_index("site_id")["institution_id"]
    return students.assign(
        institution_id=students["institution_id"].fillna(students["site_id"].map(owners))
    )


def _tell(
    tables: Tables, matrix: TravelMatrix, now: pd.DataFrame, asked: Choices, notify: Notify
) -> None:
    """Say what could not be told, and of whom."""
    history = tables.students[tables.students["kind"] == "history"]["year"]
    if asked.year is not None and len(history) and asked.year < history.max():
        notify(note("year_shared", count=1, year=str(asked.year), newest=str(history.max())))
    empty = [name for name in ("students", "offers", "enrolments") if getattr(tables, name).empty]
    if empty:
        notify(note("tables_empty", empty))
    lost = trips(matrix, now, homes(matrix, tables.origins)).unplaced
    home = lost["origin_kind"] == "municipality"
    for code, rows in (("students_elsewhere", ~home), ("students_unplaced", home)):
        if rows.any():
            notify(note(code, count=round(float(lost.loc[rows, "students"].sum()))))
    municipalities = tables.areas[tables.areas["level"] == "municipality"]["area_id"]
    bare = sorted(set(municipalities) - set(tables.origins["area_id"]))
    if bare:
        notify(note("areas_without_origins", bare))
    usable = open_sites(tables.sites)
    lone = usable.loc[usable["institution_id"].isna(), "site_id"]
    if len(lone):
        notify(note("sites_without_institution", lone))
    used = set(latest(tables.enrolments, asked.year)["year"])
    if used and asked.year is not None and asked.year not in used:
        notify(note("enrolments_other_year", count=1, year=str(asked.year), used=str(used.pop())))
