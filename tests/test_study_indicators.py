"""A study may name any data set: its numbers reach the map, the report and the files."""

from __future__ import annotations

import tomllib
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geo_mbo.errors import InputError, StudyError
from geo_mbo.notes import Note
from geo_mbo.study import run_study
from geo_mbo.study.file import study_of
from geo_mbo.study.indicators import read_wishes
from geo_mbo.study.model import Study


def study(*wishes: dict[str, object]) -> Study:
    raw = {"title": "x", "inputs": {"municipalities": {"source": "municipalities"}}}
    return study_of({**raw, "indicator": list(wishes)}, path=Path("x.toml"))


@pytest.fixture
def read(areas: gpd.GeoDataFrame, changes: pd.DataFrame, golden: Path, told: list[Note]):
    """Read wishes on the golden files: `file` under tests/golden."""

    def reading(*wishes: dict[str, object]) -> pd.DataFrame:
        placed = [{**wish, "path": str(golden / str(wish["path"]))} for wish in wishes]
        return read_wishes(study(*placed), areas=areas, changes=changes, notify=told.append)

    return reading


def numbers(found: pd.DataFrame, year: int) -> dict[str, list[float]]:
    rows = found[found["year"] == year].set_index("key")
    return {
        str(key): row.tolist() for key, row in rows[["value", "value_low", "value_high"]].iterrows()
    }


def test_no_wishes_no_rows(read) -> None:
    assert list(read().columns)[:4] == ["key_kind", "key", "indicator", "year"]


def test_graduates_by_institution(read) -> None:
    found = read(
        {
            "name": "Gediplomeerden bol",
            "path": "duo/graduates.csv",
            "source": "graduates",
            "by": "institution",
            "where": {"LEERWEG": "BOLVT"},
        }
    )
    assert set(found["indicator"]) == {"Gediplomeerden bol"}
    assert numbers(found, 2024) == {"01ZZ": [31, 31, 31]}
    assert numbers(found, 2025) == {"01ZZ": [26.5, 25, 28]}


def test_a_filter_in_our_words_or_the_publishers(read) -> None:
    wish = {"name": "n", "path": "duo/graduates.csv", "source": "graduates", "by": "institution"}
    ours, theirs = (read({**wish, "where": {name: "BBL"}}) for name in ("track", "LEERWEG"))
    pd.testing.assert_frame_equal(ours, theirs)


@pytest.mark.parametrize(
    ("source", "file", "by", "more"),
    [
        ("students_by_track", "duo/students_by_track.csv", "institution", {}),
        ("students_by_sector", "duo/students_by_sector.csv", "institution", {}),
        ("students_by_stay", "duo/students_by_stay.csv", "institution", {}),
        ("students_by_home_province", "duo/students_by_home_province.csv", "institution", {}),
        ("students_sector_by_home", "duo/sector_by_home.csv", "municipality", {}),
        ("students_level_by_home", "duo/level_by_home.csv", "municipality", {}),
        ("students_sector_by_province", "duo/sector_by_province.csv", "sector", {}),
        ("students_programme_by_stay", "duo/programme_by_stay.csv", "programme", {}),
        (
            "inflow_by_kind_2024",
            "duo/2024-inflow_by_kind.csv",
            "institution",
            {},
        ),
        (
            "inspection",
            "duo/judgements.csv",
            "institution",
            {"columns": {"institution_id": "BRIN", "year": "Jaar", "label": "Kwaliteitszorg"}},
        ),
        (
            "travel_distances",
            "duo/distances_long.csv",
            "municipality",
            {
                "columns": {
                    "municipality": "Gemeente",
                    "year": "Schooljaar",
                    "value": "Gemiddelde reisafstand",
                },
                "unit": "km",
            },
        ),
        (
            "mbo_by_residence",
            "cbs/85353NED.json",
            "municipality",
            {},
        ),
    ],
)
def test_any_data_set(read, source: str, file: str, by: str, more: dict[str, object]) -> None:
    found = read({"name": "Getal", "path": file, "source": source, "by": by, **more})
    assert len(found)
    assert set(found["key_kind"]) == {by}
    assert found["indicator"].str.startswith("Getal").all()
    assert (found["value"].notna() | found["label"].notna()).any()
    known = found["value"].notna()
    assert (found["value_low"][known] <= found["value"][known]).all()
    assert (found["value"][known] <= found["value_high"][known]).all()


def test_no_two_indicators_tell_what_the_file_masks(read, tmp_path: Path) -> None:
    path = tmp_path / "graduates_website.csv"
    rows = (
        "BRIN NUMMER;TYPE MBO;KWALIFICATIENIVEAU;KWALIFICATIE CODE;DIPMAN2018;DIPVRW2018\n"
        "01ZZ;BOL;3;98001;<5;6\n"
        "01ZZ;BOL;3;98002;9;6\n"
        "01ZZ;BOL;3;TOTAAL;12;12\n"
    )
    path.write_text(rows, encoding="cp1252")
    wish = {"name": "n", "path": str(path), "source": "graduates_website", "by": "institution"}
    of_men = {**wish, "where": {"sex": "man"}}
    part = {**wish, "where": {"sex": "man", "programme_id": "98001"}}
    other = {**wish, "where": {"sex": "man", "programme_id": "98002"}}
    whole, masked, known = (
        read(one)[["value", "value_low", "value_high"]].to_numpy()[0]
        for one in (of_men, part, other)
    )
    # 12 - 9 = 3 stands in the file; nothing that is shown says more of it than 1 to 4.
    assert masked.tolist() == [2.5, 1, 4]
    assert known.tolist() == [9, 9, 9]
    assert (whole - known).tolist() == [2.5, 1, 4]


def test_all_that_is_wrong_is_told_at_once(read) -> None:
    with pytest.raises(InputError) as caught:
        read(
            {"name": "a", "path": "duo/graduates.csv", "source": "graduates", "by": "pc4"},
            {"name": "b", "path": "duo/graduates.csv", "source": "gradaten", "by": "institution"},
            {"name": "c", "path": "duo/judgements.csv", "source": "", "by": "institution"},
            {
                "name": "d",
                "path": "cbs/85353NED.json",
                "source": "mbo_by_residence",
                "by": "municipality",
                "value": "Olifanten",
            },
        )
    assert len(caught.value.breaches) >= 4
    assert "graduates" in str(caught.value)
    assert "Olifanten" in str(caught.value)


def test_a_key_that_is_none_is_told_with_its_neighbour() -> None:
    with pytest.raises(StudyError, match="Did you mean 'source'"):
        study({"name": "a", "sorce": "graduates", "by": "institution"})
    with pytest.raises(StudyError, match="indicator"):
        study({"name": "a", "by": "institution"})


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, example: Path):
    """The example with the graduates of its institutions, run to its files."""
    folder = tmp_path_factory.mktemp("indicators")
    institutions = ("91AA", "91AB", "91AC")
    lines = [
        (
            "INSTELLINGSCODE,LEERWEG,NIVEAU,ERKENDE OPLEIDING CODE,SECTORKAMER NAAM,"
            "HOOFDGROEP NAAM,DIPMAN2024,DIPVROUW2024"
        )
    ]
    lines += [
        f"{brin},BOL,4,98001,Handel,Handel,{40 + n},{60 + n}" for n, brin in enumerate(institutions)
    ]
    (folder / "diploma.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    raw = tomllib.loads((example / "study.toml").read_text(encoding="utf-8"))
    raw["inputs"] = {
        key: {**(given if isinstance(given, dict) else {"path": given})}
        for key, given in raw["inputs"].items()
    }
    for given in raw["inputs"].values():
        given["path"] = str(example / given["path"])
    raw["parameters"] |= {"isochrones": False, "modes": ["bike"], "forecast_year": None}
    raw["parameters"].pop("forecast_year")
    raw.pop("scenario")
    wish = {
        "name": "Gediplomeerden <b>bol</b>",
        "path": str(folder / "diploma.csv"),
        "source": "graduates",
        "by": "institution",
    }
    plan = study_of({**raw, "indicator": [wish]}, path=folder / "study.toml")
    return folder, run_study(plan, folder=folder / "maps", offline=True)


def test_it_shows_on_the_map_in_the_report_and_in_the_files(outcome) -> None:
    import pyogrio
    from python_calamine import CalamineWorkbook

    folder, found = outcome
    page = (folder / "maps" / "kenmerken.html").read_text(encoding="utf-8")
    assert "Gediplomeerden" in page
    assert "<b>bol</b>" not in page, "a name is text, never markup"
    report = (folder / "maps" / "index.html").read_text(encoding="utf-8")
    assert "Gediplomeerden &lt;b&gt;bol&lt;/b&gt;" in report
    assert "Gediplomeerde mbo-studenten" in report, "its source is credited"
    layers = [name for name, _ in pyogrio.list_layers(folder / "maps" / "resultaten.gpkg")]
    assert "kenmerken" in layers
    frame = pyogrio.read_dataframe(folder / "maps" / "resultaten.gpkg", layer="kenmerken")
    assert frame.astype("str").apply(lambda c: c.str.contains("Gediplomeerden")).any(axis=None)
    sheets = CalamineWorkbook.from_path(folder / "maps" / "resultaten.xlsx").sheet_names
    assert any("enmerk" in name for name in sheets), sheets
    told = found.tables.indicators
    assert len(told[told["indicator"].str.startswith("Gediplomeerden")]) == 3
