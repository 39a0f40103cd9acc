"""All measures at once, and what holds for every one of them."""

from __future__ import annotations

from dataclasses import fields, replace
from operator import attrgetter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_mbo.analysis import Choices, Findings, find
from geo_mbo.analysis.further import Further
from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.schema import OFFERS, ORIGINS, SITES, STUDENTS, empty
from geo_mbo.tables import Tables
from geo_mbo.travel import TravelMatrix, matrix_from_long

FURTHER = [f"further.{field.name}" for field in fields(Further)]
FRAMES = [field.name for field in fields(Findings) if field.name not in ("choices", "further")]
FRAMES += FURTHER
ASKED = Choices(mode="bike", limit_min=30)


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def found(town: SampleTown) -> Findings:
    return quiet(town.tables, town.matrix)


def quiet(tables: Tables, matrix: TravelMatrix, asked: Choices = ASKED) -> Findings:
    return find(tables, matrix, asked, notify=lambda _: None)


def told(tables: Tables, matrix: TravelMatrix, asked: Choices = ASKED) -> list[str]:
    notes: list[Note] = []
    find(tables, matrix, asked, notify=notes.append)
    assert all(note.text(lang) for note in notes for lang in ("nl", "en"))
    return [note.code for note in notes]


def test_everything_is_found(found: Findings) -> None:
    asked = [name for name in FRAMES if not name.startswith("published")]
    assert all(len(attrgetter(name)(found)) for name in asked)
    assert found.choices == replace(ASKED, year=2024, forecast_year=2030)
    assert set(found.coverage["mode"]) == {"walk", "bike", "car"}
    assert set(found.travel_catchment["mode"]) == set(found.duplication["mode"]) == {"bike"}


def test_candidates_do_not_count(found: Findings) -> None:
    assert "90BB901" not in set(found.site_reach["site_id"]) | set(found.origin_times["site_id"])
    assert found.providers.query("area_id == 'GM9003'")["reached_share"].eq(0).all()


def test_inputs_are_unchanged(town: SampleTown) -> None:
    before = {f.name: getattr(town.tables, f.name).copy() for f in fields(Tables)}
    minutes = town.matrix.data.copy(deep=True)
    quiet(town.tables, town.matrix)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(getattr(town.tables, name), frame)
    assert town.matrix.data.identical(minutes)


def test_permuted_rows_give_the_same_answer(town: SampleTown, found: Findings) -> None:
    rng = np.random.default_rng(3)

    def mixed(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)

    tables = Tables(**{f.name: mixed(getattr(town.tables, f.name)) for f in fields(Tables)})
    matrix = town.matrix.select(
        origins=rng.permutation(town.matrix.origins), sites=rng.permutation(town.matrix.sites)
    )
    again = quiet(tables, matrix)
    for name in FRAMES:
        pd.testing.assert_frame_equal(attrgetter(name)(again), attrgetter(name)(found))


@pytest.mark.parametrize(
    "lost",
    [
        ("students",),
        ("offers",),
        ("enrolments",),
        ("students", "offers", "enrolments"),
        ("sites", "offers"),
        ("origins",),
        ("origins", "sites", "offers", "students", "enrolments"),
    ],
)
def test_zero_rows_keep_columns_and_types(
    town: SampleTown, found: Findings, lost: tuple[str, ...]
) -> None:
    contracts = {"offers": OFFERS, "origins": ORIGINS, "sites": SITES}
    nothing = {name: empty(contracts.get(name, STUDENTS)) for name in lost}
    poor = quiet(replace(town.tables, **nothing), town.matrix)
    for name in FRAMES:
        frame, due = attrgetter(name)(poor), attrgetter(name)(found)
        assert list(frame.columns) == list(due.columns), name
        assert frame.dtypes.tolist() == due.dtypes.tolist(), name


def test_young_people_are_told_of_without_students(town: SampleTown, found: Findings) -> None:
    tables = replace(
        town.tables, students=empty(STUDENTS), offers=empty(OFFERS), enrolments=empty(STUDENTS)
    )
    poor = quiet(tables, town.matrix)
    assert poor.choices.year is None
    for name in ("travel_catchment", "site_reach", "providers", "origin_times"):
        pd.testing.assert_frame_equal(attrgetter(name)(poor), attrgetter(name)(found))
    assert poor.students_within["students"].eq(0).all()
    young = poor.inequality.query("people_kind == 'young_people'")
    assert young["people"].eq(700).all()
    for name in ("catchment", "travel_by_area", "coverage", "gaps", "duplication"):
        assert attrgetter(name)(poor).empty
    assert told(tables, town.matrix)[:1] == ["tables_empty"]


def test_notes_say_who_is_not_told_of(town: SampleTown) -> None:
    assert told(town.tables, town.matrix)[:1] == ["students_elsewhere"]
    some = town.tables.origins.query("area_id != 'GM9003'")
    codes = told(replace(town.tables, origins=some), town.matrix)
    assert codes[:3] == ["students_elsewhere", "students_unplaced", "areas_without_origins"]


def test_sites_without_an_institution_are_told(town: SampleTown) -> None:
    """Each counts as a provider of its own, which may be one too many."""
    owners = town.tables.sites["institution_id"].mask(town.tables.sites["site_id"] == "90AA002")
    sites = town.tables.sites.assign(institution_id=owners)
    assert "sites_without_institution" in told(replace(town.tables, sites=sites), town.matrix)


def test_enrolments_of_another_year_are_noted(town: SampleTown, found: Findings) -> None:
    earlier = town.tables.enrolments.assign(year=2022)
    later = town.tables.enrolments.assign(year=2023, students=99.0)
    tables = replace(town.tables, enrolments=pd.concat([later, earlier]))
    assert "enrolments_other_year" in told(tables, town.matrix)
    assert (quiet(tables, town.matrix).duplication["students_b"] == 99).all()


def test_a_closed_site_has_students_but_no_reach(town: SampleTown) -> None:
    sites = town.tables.sites.assign(
        status=town.tables.sites["status"].mask(town.tables.sites["site_id"] == "90AA002", "closed")
    )
    found = quiet(replace(town.tables, sites=sites), town.matrix)
    assert "90AA002" in set(found.travel_by_site["site_id"])
    assert "90AA002" not in set(found.site_reach["site_id"])
    # Its programme is still one that people ask for: out of reach everywhere.
    wood = found.coverage.query("programme_id == '98002'")
    assert wood["state"].eq("out_of_reach").all()


def test_missing_institutions_follow_from_the_site(town: SampleTown, found: Findings) -> None:
    bare = town.tables.students.assign(institution_id=pd.array([None] * 18, dtype="str"))
    again = quiet(replace(town.tables, students=bare), town.matrix)
    pd.testing.assert_frame_equal(again.travel_by_institution, found.travel_by_institution)
    pd.testing.assert_frame_equal(again.benchmark, found.benchmark)


def test_years_that_are_not_there_are_refused_together(town: SampleTown) -> None:
    with pytest.raises(InputError) as error:
        quiet(town.tables, town.matrix, replace(ASKED, year=2019, forecast_year=2050))
    assert len(error.value.breaches) == 2
    assert "2024, 2030" in error.value.text("nl")


def test_without_a_forecast_there_is_no_change(town: SampleTown) -> None:
    counted = town.tables.students.query("kind == 'history'").reset_index(drop=True)
    found = quiet(replace(town.tables, students=counted), town.matrix)
    assert found.choices.forecast_year is None
    assert found.forecast_by_area.empty
    assert not found.travel_by_area.empty


def test_progress_runs_to_the_end(town: SampleTown) -> None:
    steps: list[tuple[float, str]] = []
    find(
        town.tables,
        town.matrix,
        ASKED,
        progress=lambda f, m: steps.append((f, m)),
        notify=lambda _: None,
    )
    fractions = [fraction for fraction, _ in steps]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)


def test_a_matrix_from_disk_gives_the_same(
    town: SampleTown, found: Findings, tmp_path: Path
) -> None:
    town.matrix.save(tmp_path / "matrix.zarr")
    again = quiet(town.tables, TravelMatrix.open(tmp_path / "matrix.zarr"))
    for name in FRAMES:
        pd.testing.assert_frame_equal(attrgetter(name)(again), attrgetter(name)(found))


def test_minutes_without_metres_tell_no_kilometres(town: SampleTown, found: Findings) -> None:
    rows = town.matrix.to_long().drop(columns="meters")
    poor = quiet(town.tables, matrix_from_long(rows, notify=lambda _: None))
    assert poor.travel_by_site["km_mean"].isna().all()
    reached = poor.origin_times.dropna(subset=["site_id"])
    assert reached["meters"].isna().all()
    pd.testing.assert_frame_equal(
        poor.travel_by_site.drop(columns="km_mean"), found.travel_by_site.drop(columns="km_mean")
    )


def test_the_year_is_the_newest_that_all_sources_share(town: SampleTown) -> None:
    later = town.tables.students[town.tables.students["year"] == 2024]
    newer = pd.concat([town.tables.students, later.assign(year=2025)], ignore_index=True)
    ahead = replace(town.tables, students=newer)
    assert quiet(ahead, town.matrix).choices.year == 2024
    assert "year_shared" in told(ahead, town.matrix)
    assert quiet(ahead, town.matrix, replace(ASKED, year=2025)).choices.year == 2025
    alone = replace(ahead, enrolments=empty(STUDENTS), residents=empty(STUDENTS))
    assert quiet(alone, town.matrix).choices.year == 2025
    apart = replace(ahead, enrolments=town.tables.enrolments.assign(year=2010))
    assert quiet(apart, town.matrix).choices.year == 2025
