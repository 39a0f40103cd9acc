"""The planner's measures of a study: three catchments, three states, pairs, access, flows, equity.

They build on what students do now: a decay is estimated from their flows, and with it a model of
choice; who would go where by that model stands beside who goes where, and who lives nearest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from geo_mbo.analysis.benchmark_wide import wide_benchmark
from geo_mbo.analysis.calibration import fitted_decay
from geo_mbo.analysis.catchment import observed_catchments
from geo_mbo.analysis.differences import catchment_differences, site_differences
from geo_mbo.analysis.flows import student_flows
from geo_mbo.analysis.huff import huff_chances
from geo_mbo.analysis.lacking import lacking_offers
from geo_mbo.analysis.modelled import modelled_catchments
from geo_mbo.analysis.offer_times import time_to_offers
from geo_mbo.analysis.overlap import site_overlap
from geo_mbo.analysis.pairs import provision_pairs
from geo_mbo.analysis.scores import access_scores, equity_scores
from geo_mbo.analysis.signals import provision_signals
from geo_mbo.analysis.states import coverage_states
from geo_mbo.analysis.units import Unit, participation
from geo_mbo.counts import total
from geo_mbo.notes import Note, Notify, note, to_log
from geo_mbo.schema import INDICATORS, checked, empty

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.analysis.decay import Decay
    from geo_mbo.analysis.weighting import Floats
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix


_MAPPED = ("minutes_1", "minutes_3", "sites_within", "places_2sfca")
_STATES = {
    "share_served": "offers_served",
    "share_full": "offers_full",
    "share_out": "offers_out",
}


@dataclass(frozen=True)
class Further:
    """Frames of the planner's measures; the columns of each stand with the function that makes it.

    Attributes
    ----------
    catchments, overlap
        `catchment.observed_catchments`, `overlap.site_overlap`.
    modelled, differences, site_differences
        `modelled.modelled_catchments`, `differences.catchment_differences` and
        `differences.site_differences`; without rows where no decay could be estimated.
    states, lacking, offer_times
        `states.coverage_states`, `lacking.lacking_offers`, `offer_times.time_to_offers`.
    pairs, signals
        `pairs.provision_pairs`, `signals.provision_signals`.
    wide
        `benchmark_wide.wide_benchmark`.
    access, equity
        `scores.access_scores`, `scores.equity_scores`.
    flows, margins, decays
        `flows.student_flows`.
    """

    catchments: pd.DataFrame
    overlap: pd.DataFrame
    modelled: pd.DataFrame
    differences: pd.DataFrame
    site_differences: pd.DataFrame
    states: pd.DataFrame
    lacking: pd.DataFrame
    offer_times: pd.DataFrame
    pairs: pd.DataFrame
    signals: pd.DataFrame
    wide: pd.DataFrame
    access: pd.DataFrame
    equity: pd.DataFrame
    flows: pd.DataFrame
    margins: pd.DataFrame
    decays: pd.DataFrame


def further(
    tables: Tables,
    matrix: TravelMatrix,
    students: pd.DataFrame,
    *,
    mode: str,
    limit_min: float,
    year: int | None,
    young: gpd.GeoDataFrame | None = None,
    notify: Notify = to_log,
) -> Further:
    """Run the planner's measures.

    Parameters
    ----------
    tables, matrix
        As for `geo_mbo.analysis.findings.find`.
    students
        The students of the year, with the institution filled in.
    mode
        The mode whose decay and reach count where one has to be chosen.
    limit_min
        Limit in minutes; exactly so long is within.
    year
        Year of the students; None where there are none.
    young
        Origins whose young people a study is about; all of them where not given.
    notify
        Gets the notes.

    Returns
    -------
    Further
        Frames with all their columns, also where they have no rows.

    Raises
    ------
    InputError
        As for the measures.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> now = town.tables.students.query("year == 2024")
    >>> found = further(town.tables, town.matrix, now, mode="bike", limit_min=30, year=2024,
    ...                 notify=lambda _: None)
    >>> found.states.query("mode == 'bike' and unit == '98002'")["state"].tolist()
    ['out_of_reach', 'served', 'out_of_reach']
    """

    def told(found: Note) -> None:
        # Who does not reach a site is told by the trips; here it would be told for every mode.
        if found.code != "calibration_unreached":
            notify(found)

    flows = student_flows(tables, matrix, mode=mode, year=year, notify=told)
    decay = _decay(flows.decays, mode, notify)
    of_mode = matrix.select(modes=[mode])
    modelled, differences = _modelled(tables, of_mode, students, mode, decay, notify)
    unit, homes = Unit(), replace(tables, origins=young if young is not None else tables.origins)
    rates = participation(tables.enrolments, tables.offers, tables.origins, unit=unit)
    states, lacking, access, equity = (
        partial(measure, homes, limit_min=limit_min, notify=notify)
        for measure in (coverage_states, lacking_offers, access_scores, equity_scores)
    )
    return Further(
        catchments=observed_catchments(students),
        overlap=site_overlap(students),
        modelled=modelled,
        differences=differences,
        site_differences=site_differences(differences, notify=notify),
        states=states(matrix, rates=rates, unit=unit),
        lacking=lacking(of_mode, rates=rates, unit=unit),
        offer_times=time_to_offers(homes, of_mode, unit=unit, notify=notify),
        pairs=provision_pairs(
            tables, of_mode, limit_min=limit_min, unit=unit, year=year, notify=notify
        ),
        signals=provision_signals(tables, unit=unit, year=year, notify=notify),
        wide=wide_benchmark(tables, of_mode, limit_min=limit_min, year=year, notify=notify),
        access=access(matrix, decay=decay, year=year),
        equity=equity(matrix, decay=decay, year=year),
        flows=flows.flows,
        margins=flows.margins,
        decays=flows.decays,
    )


def mapped(found: Further, *, mode: str, year: int | None) -> pd.DataFrame:
    """Give what the measures say of each municipality as indicators, so that a map can show it.

    Returns
    -------
    pandas.DataFrame
        Contract INDICATORS: minutes to the first and third provider, sites within the limit,
        places for each young person (2SFCA), and the share of what is on offer (programme and
        track alike) that is served, full and out of reach, of the reference mode.
    """
    import pandas as pd

    if year is None:
        return empty(INDICATORS)
    access = found.access[(found.access["mode"] == mode) & found.access["measure"].isin(_MAPPED)]
    of_access = access.rename(columns={"area_id": "key"}).assign(
        indicator=access["measure"].map(lambda measure: f"access_{measure}"),
        unit=access["unit"].replace({"minutes": "min"}),
    )
    states = found.states[found.states["mode"] == mode]
    shares = states.groupby("area_id")[list(_STATES)].mean().mul(100).rename(columns=_STATES)
    of_states = shares.rename_axis("key").reset_index().melt("key", var_name="indicator")
    of_states = of_states.assign(unit="%")
    of_states = of_states.assign(value_low=of_states["value"], value_high=of_states["value"])
    rows = pd.concat([of_access, of_states], ignore_index=True)
    finite = rows[rows["value"].abs() != float("inf")]
    told = finite.assign(key_kind="municipality", year=year, source="geo_mbo")
    told["label"] = None
    return checked(told, INDICATORS, source="measures")


def _decay(decays: pd.DataFrame, mode: str, notify: Notify) -> Decay | None:
    """Give the decay of a mode that fits the flows best; None where none falls with time."""
    usable = decays[(decays["mode"] == mode) & (decays["rate"] > 0)].dropna(subset=["aic"])
    if usable.empty:
        notify(note("no_decay", count=1, mode=mode))
        return None
    return fitted_decay(usable.sort_values("aic", kind="stable").iloc[0])


def _modelled(
    tables: Tables,
    matrix: TravelMatrix,
    students: pd.DataFrame,
    mode: str,
    decay: Decay | None,
    notify: Notify,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Let students choose by travel time and size of the sites; without a decay nobody does."""
    import numpy as np

    counted = total(students.dropna(subset=["site_id"]), ["site_id"]).set_index("site_id")
    size = counted["students"].reindex(matrix.sites).fillna(0.0)
    if decay is None or not (size > 0).any():
        choice: Floats = np.zeros((len(matrix.origins), len(matrix.sites)))
        return (
            modelled_catchments(
                matrix, students.iloc[:0], tables.origins, choice=choice, notify=lambda _: None
            ),
            catchment_differences(matrix, students, tables.origins, mode=mode),
        )
    choice = huff_chances(matrix, size, mode=mode, decay=decay)
    return (
        modelled_catchments(matrix, students, tables.origins, choice=choice, notify=notify),
        catchment_differences(matrix, students, tables.origins, mode=mode, choice=choice),
    )
