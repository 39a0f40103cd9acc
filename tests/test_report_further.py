"""The sections of the planner's measures: their figures, their silence and their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_mbo.analysis import Choices, Findings, find
from geo_mbo.analysis.calibration import fitted_decay
from geo_mbo.report.further_access import access_and_equity
from geo_mbo.report.further_benchmark import beside_peers
from geo_mbo.report.further_catchments import three_catchments
from geo_mbo.report.further_coverage import three_states
from geo_mbo.report.further_flows import flows_and_decay, half_min
from geo_mbo.report.further_provision import small_programmes
from geo_mbo.report.index import findings_told
from geo_mbo.report.parts import Section
from geo_mbo.report.pictures import Panel, Row, _bars
from geo_mbo.report.view import view_of
from geo_mbo.report.wording import Names, names_of
from geo_mbo.sample import SampleTown, sample_town

TOLD = (
    three_catchments,
    three_states,
    small_programmes,
    access_and_equity,
    lambda findings, _, view: flows_and_decay(findings, view),
    lambda findings, _, view: beside_peers(findings, view),
)


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def found(town: SampleTown) -> Findings:
    choices = Choices(mode="bike", limit_min=30)
    return find(town.tables, town.matrix, choices, notify=lambda _: None)


@pytest.fixture
def names(town: SampleTown) -> Names:
    return names_of(town.tables, "nl")


def having(found: Findings, **frames: pd.DataFrame) -> Findings:
    return replace(found, further=replace(found.further, **frames))


def cells(part: Section) -> list[list[str]]:
    return [[cell.text for cell in row] for row in part.tables[0].rows]


def of_sites(**columns: Any) -> pd.DataFrame:
    base = {
        "site_id": ["90AA001", "90AA002", "90BB001"],
        "mode": "bike",
        "students": [200.0, 400.0, 99.0],
        "students_nearest": [300.0, 100.0, 1000.0],
        "students_model": [180.0, 420.0, 90.0],
        "students_passing": [3.0, 300.0, 99.0],
        "minutes_extra": [10.0, 20.0, 90.0],
        "draws_less": [True, False, True],
    } | columns
    rows = pd.DataFrame(base)
    for name in ("students", "students_nearest", "students_model", "students_passing"):
        rows[f"{name}_high"] = rows[name]
    return rows


def test_catchments_count_ranked_sites_only(found, names) -> None:
    given = having(found, site_differences=of_sites())
    (part,) = three_catchments(given, names, view_of(found, "nl"))
    # (3 x 10 + 300 x 20) / 303 = 20; |200 - 180| + |400 - 420| = 40 of 600 students.
    assert part.sentences[0].startswith("303 studenten (50 %) gaan met de fiets voorbij")
    assert "gemiddeld 20 minuten verder" in part.sentences[0]
    assert part.sentences[1].startswith("Eén van de 2 locaties trekt minder studenten")
    assert "7 % van de studenten naast" in part.sentences[2]
    assert [row[0] for row in cells(part)] == ["Alfa Boskerk", names.site("90AA001")]


def test_fewer_than_five_who_pass_are_not_told(found, names) -> None:
    given = having(found, site_differences=of_sites(students_passing=[3.0, 0.0, 0.0]))
    (part,) = three_catchments(given, names, view_of(found, "nl"))
    assert part.sentences[0].startswith("Er zijn geen vijf studenten")
    assert all(row[4:] == ["-", "-"] for row in cells(part))


def test_catchments_without_a_model(found, names) -> None:
    given = having(found, site_differences=of_sites(students_model=float("nan")))
    (part,) = three_catchments(given, names, view_of(found, "nl"))
    assert len(part.sentences) == 2
    assert "model" not in part.lead
    assert {len(row) for row in cells(part)} == {5}


def test_states_add_up_over_municipalities(found, names) -> None:
    rows = pd.DataFrame(
        {
            "unit": ["98001", "98001", "98002"],
            "level": float("nan"),
            "track": "BOL",
            "mode": "bike",
            "weighed_by": "young_people",
            "area_id": ["GM9001", "GM9002", "GM9001"],
            "whole": [300.0, 100.0, 400.0],
            "served": [150.0, 50.0, 400.0],
            "full": [0.0, 100.0 - 50.0, 0.0],
            "out": [150.0, 0.0, 0.0],
        }
    )
    (part,) = three_states(having(found, states=rows), names, view_of(found, "nl"))
    # 98001: 200 of 400 served, 50 full, 150 out; 98002 all served: means of 75, 6 and 19 %.
    assert "is 75 % van de jongeren met de fiets bediend, vindt 6 % alles vol" in part.sentences[0]
    assert "19 % verder dan 30 minuten" in part.sentences[0]
    assert not any("Nergens is alles vol" in told for told in part.sentences)


def test_new_offer_of_fewer_than_five_is_not_told(found, names) -> None:
    few = found.further.lacking.assign(students=4.9, students_high=4.9)
    (part,) = three_states(having(found, lacking=few), names, view_of(found, "nl"))
    assert part.tables == ()
    many = few.assign(students=6.0, students_high=6.0)
    (part,) = three_states(having(found, lacking=many), names, view_of(found, "nl"))
    assert {row[4] for row in cells(part)} == {"6"}


def of_units(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": ["98001", "98002", "98001"],
            "level": float("nan"),
            "track": ["BOL", "BOL", "BOL"],
            "region_level": ["province", "province", "country"],
            "region_id": ["PV91", "PV91", "NL"],
            "institutions": 2,
            "institutions_small": [2, 0, 2],
            "students": [20.0, 2.5, 20.0],
            "students_high": [20.0, 4.0, 20.0],
            "few": [True, False, True],
            "few_perhaps": [True, True, True],
        }
        | columns
    )


def test_signals_of_region_and_country_are_apart(found, names) -> None:
    given = having(found, signals=of_units(), pairs=found.further.pairs.iloc[:0])
    (part,) = small_programmes(given, names, view_of(found, "nl"))
    assert part.sentences[0].startswith("Bij één opleiding hebben ten minste twee instellingen")
    assert part.sentences[0].endswith(
        "Bij één andere is het misschien zo: de aantallen zijn afgeschermd."
    )
    assert part.sentences[1].startswith("Minder dan 50 studenten in het land")
    rows = cells(part)
    assert [row[-1] for row in rows] == ["zeker", "zeker", "misschien"]
    # The country is no home elsewhere in the country, and fewer than five are never told.
    assert [row[1] for row in rows][:2] == ["Nederland", names.area("PV91")]
    assert rows[-1][4] == "<5"


def test_country_in_english(town, found) -> None:
    (part,) = small_programmes(
        having(found, signals=of_units()), names_of(town.tables, "en"), view_of(found, "en")
    )
    assert cells(part)[0][1] == "The Netherlands"


def test_without_a_signal_no_table(found, names) -> None:
    quiet = of_units(few=False, few_perhaps=False)
    (part,) = small_programmes(having(found, signals=quiet), names, view_of(found, "nl"))
    assert part.sentences[0].startswith("Er is geen opleiding waarbij twee instellingen")
    assert part.tables == ()
    assert part.picture == ""


@pytest.mark.parametrize("form", ["exponential", "power", "log_normal"])
@pytest.mark.parametrize("rate", [0.15, 0.4, 1.5])
def test_half_of_the_weight_is_left(form, rate) -> None:
    weight = fitted_decay(pd.Series({"decay": form, "rate": rate}))
    assert weight(np.array([half_min(form, rate)]))[0] == pytest.approx(0.5)


def of_modes(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "mode": ["bike", "bike", "car"],
            "decay": ["power", "exponential", "exponential"],
            "rate": [1.0, np.log(2) / 30, -0.1],
            "rate_low": [0.9, np.log(2) / 40, -0.1],
            "rate_high": [1.1, np.log(2) / 20, -0.1],
            "aic": [200.0, 100.0, 50.0],
            "students": 500.0,
            "minutes_observed": 25.0,
            "minutes_predicted": 26.0,
            "pseudo_r2": 0.8,
        }
        | columns
    )


def test_best_falling_form_is_told(found) -> None:
    totals = pd.DataFrame({"gap": [0.0, 0.4, -7.0], "contradicted": [False, False, True]})
    given = having(found, decays=of_modes(), margins=totals)
    (part,) = flows_and_decay(given, view_of(found, "nl"))
    assert part.sentences[0].startswith("Met de fiets past de vorm 'exponentieel' het best: bij 30")
    assert "met 2 van de 3 gepubliceerde totalen" in part.sentences[1]
    assert part.sentences[1].endswith("Het grootste verschil is 7 studenten.")
    # A car that draws more from further off is no decay; a faster fall halves sooner.
    assert [row[:3] for row in cells(part)] == [["fiets", "exponentieel", "30 (20 t/m 40)"]]


def test_flows_of_fewer_than_five_are_not_told(found) -> None:
    view = view_of(found, "nl")
    assert flows_and_decay(having(found, decays=of_modes(students=4.0)), view) == ()
    near = pd.DataFrame({"gap": [3.0], "contradicted": [False]})
    (part,) = flows_and_decay(having(found, decays=of_modes(), margins=near), view)
    assert "verschil" not in part.sentences[1]


def test_small_municipalities_and_others_than_the_region_stay_out(found, names) -> None:
    view = view_of(found, "nl")
    few = found.further.access.assign(young_people=4.0)
    assert access_and_equity(having(found, access=few), names, view) == ()
    (part,) = access_and_equity(found, names, replace(view, focus=frozenset(["GM9002"])))
    assert [row[0] for row in cells(part)] == [names.area("GM9002")]


def test_not_reached_comes_first_and_in_words(found, names) -> None:
    access = found.further.access.copy()
    far = (access["area_id"] == "GM9001") & (access["measure"] == "minutes_1")
    access.loc[far, "value"] = np.inf
    (part,) = access_and_equity(having(found, access=access), names, view_of(found, "nl"))
    assert cells(part)[0][:2] == [names.area("GM9001"), "niet bereikbaar"]


def test_withheld_institutions_stay_out(found) -> None:
    view = view_of(found, "nl")
    (part,) = beside_peers(found, view)
    wide = found.further.wide
    one = wide["subject"] == cells(part)[0][0]
    rest = beside_peers(having(found, wide=wide.assign(withheld=wide["withheld"] | one)), view)
    assert all(cells(part)[0][0] not in [row[0] for row in cells(left)] for left in rest)
    few = wide.assign(value=wide["value"].mask(wide["measure"] == "students", 4.0))
    assert beside_peers(having(found, wide=few), view) == ()


def test_permuted_rows_tell_the_same(found, names) -> None:
    view = view_of(found, "nl")
    mixed = {
        name: frame.sample(frac=1, random_state=3) for name, frame in vars(found.further).items()
    }
    for tell in TOLD:
        assert tell(having(found, **mixed), names, view) == tell(found, names, view)


def test_rows_of_a_chart_run_down_in_every_number_of_panels() -> None:
    from matplotlib.figure import Figure

    for panels in (1, 2, 3):
        every = Figure().subplots(1, panels, sharey=True, squeeze=False)[0]
        for axes in every:
            _bars(axes, Panel("", (Row("first", 1.0, "1"), Row("last", 2.0, "2"))), 30)
        bottom, top = every[0].get_ylim()
        assert bottom > top


def test_anchors_and_titles_of_the_page_are_one_of_a_kind(found, names) -> None:
    parts = findings_told(found, names, view_of(found, "nl"))
    assert len({part.anchor for part in parts}) == len(parts)
    assert len({part.title for part in parts}) == len(parts)


@pytest.mark.parametrize("tell", TOLD)
def test_nothing_to_tell(found, names, tell) -> None:
    bare = {name: frame.iloc[:0] for name, frame in vars(found.further).items()}
    assert tell(having(found, **bare), names, view_of(found, "nl")) == ()


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("tell", TOLD)
def test_every_section_is_short_and_whole(town, found, tell, lang) -> None:
    before = {name: frame.copy() for name, frame in vars(found.further).items()}
    for part in tell(found, names_of(town.tables, lang), view_of(found, lang)):
        assert 1 <= len(part.sentences) <= 3
        assert len(part.tables) <= 1
        for table in part.tables:
            assert 1 <= len(table.rows) <= 10
            assert {len(row) for row in table.rows} == {len(table.heads)}
        if part.picture:
            assert part.picture.startswith("data:image/png;base64,")
            assert part.picture_alt
        said = [part.title, part.lead, *part.sentences, part.caution]
        assert not any("nan" in told.split() or "{" in told for told in said)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, getattr(found.further, name))
