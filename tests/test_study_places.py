"""A study with the register, providers and an institution's own delivery."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest

from geo_mbo.cache import Cache
from geo_mbo.errors import GeoMboError, InputError, StudyError
from geo_mbo.notes import Note
from geo_mbo.study import measure_study, read_study, run_study
from geo_mbo.study.checking import check_table
from geo_mbo.study.inputs import read_tables
from geo_mbo.tables import Tables

PERIOD = "BEGINDATUM,EINDDATUM"
FILES = {
    "vestigingen.csv": f"""VESTIGINGSCODE,{PERIOD},SOORT,VOLLEDIGE_NAAM,WET
91AA00,2005-08-01,,VST,ROC Havermonde,WEB
91AA01,2026-08-01,,VST,ROC Havermonde later,WEB
99ZZ00,2005-08-01,2999-12-31,TVST,Nieuw College,WEB
""",
    "gebruik.csv": f"""ONDERWIJSLOCATIECODE,ONDERWIJSBESTUURID,VESTIGINGSCODE,{PERIOD}
901X001,901B001,91AA00,2005-08-01,
901X901,901B001,91AA00,2005-08-01,
901X902,901B001,91AA01,2026-08-01,
901X903,901B009,99ZZ00,2005-08-01,
""",
    "van.csv": f"""OIE_CODE,VESTIGINGSCODE,{PERIOD}
91AA,91AA00,2005-08-01,
91AA,91AA01,2026-08-01,
99ZZ,99ZZ00,2005-08-01,
""",
    "in_bedrijf.csv": """ONDERWIJSLOCATIECODE,ONDERWIJSBESTUURID,INBEDRIJFDATUM,UITBEDRIJFDATUM
901X001,901B001,2005-08-01,
901X901,901B001,2005-08-01,2050-01-01
901X903,901B009,2005-08-01,2024-08-01
""",
    "aanbieders.csv": f"""ONDERWIJSAANBIEDERID,OIE_CODE,{PERIOD}
901A001,91AB,2005-08-01,
""",
}
REGISTER = """
establishments = { path = "vestigingen.csv", on = 2025-10-01 }
establishment_locations = "gebruik.csv"
institution_establishments = "van.csv"
"""
OWN = 'own_students = { path = "GRONDSLAG_IP_MBO_91AA_20251119_2025.csv", on = "2025-10-01" }\n'


@pytest.fixture
def folder(example: Path, tmp_path: Path) -> Path:
    """The example without its road map, and the files of the register."""
    folder = tmp_path / "example"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("*.pbf", "gtfs.zip"))
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def study(folder: Path) -> Callable[[str], Path]:
    def write(inputs: str) -> Path:
        path = folder / "study.toml"
        text = path.read_text(encoding="utf-8").replace('roads = "wegen.osm.pbf"\n', "")
        path.write_text(text.replace("[inputs]\n", f"[inputs]\n{inputs}"), encoding="utf-8")
        return path

    return write


def tables_of(path: Path, notes: list[Note]) -> Tables:
    return read_tables(read_study(path), offline=True, notify=notes.append)


def test_the_register_brings_sites_beside_those_with_programmes(
    study: Callable[[str], Path], told: list[Note]
) -> None:
    sites = tables_of(study(REGISTER), told).sites.set_index("site_id")
    assert {"901X001", "901X901", "901X903"} <= {*sites.index}
    assert "901X902" not in sites.index
    assert sites.loc["901X901", ["institution_id", "institution"]].tolist() == [
        "91AA",
        "ROC Havermonde",
    ]
    assert sites.loc["901X903", "name"] == "Nieuw College"
    rows = {note.code: (note.count, note.rows) for note in told}
    assert rows["sites_by_register"] == (2, ("901X901", "901X903"))
    assert rows["sites_by_both"][0] == 1
    assert rows["sites_by_offers"][0] == len(sites) - 3


def test_what_is_no_longer_in_use_is_no_site(
    study: Callable[[str], Path], told: list[Note]
) -> None:
    text = REGISTER.replace(" on = 2025-10-01", ' on = 2025-10-01, where = { SOORT = "TVST" }')
    path = study(text + 'location_uses = "in_bedrijf.csv"\n')
    sites = tables_of(path, told).sites
    assert not {"901X901", "901X903"} & {*sites["site_id"]}
    assert ("location_out_of_use", ("901X903",)) in {(note.code, note.rows) for note in told}


def test_half_a_register_is_told(study: Callable[[str], Path]) -> None:
    with pytest.raises(StudyError, match=r"Missing: inputs.establishments, inputs.establishment_l"):
        read_study(study('institution_establishments = "van.csv"\n'))


def test_a_column_that_cannot_be_chosen_by_is_told(
    study: Callable[[str], Path], told: list[Note]
) -> None:
    text = REGISTER.replace(" on = 2025-10-01", ' where = { NAAM = ["A", "B"] }')
    with pytest.raises(InputError, match="'NAAM' is no column"):
        tables_of(study(text), told)


def test_a_day_or_a_choice_that_does_nothing_is_told(study: Callable[[str], Path]) -> None:
    text = REGISTER.replace('"gebruik.csv"', '{ path = "gebruik.csv", on = "2025-10-01" }')
    text += 'providers = { path = "aanbieders.csv", where = { OIE_CODE = "91AA" } }\n'
    with pytest.raises(StudyError) as caught:
        read_study(study(text))
    assert [str(breach.params["key"]) for breach in caught.value.breaches] == [
        "inputs.providers.where",
        "inputs.establishment_locations.on",
    ]


def test_providers_say_whose_a_site_is(study: Callable[[str], Path], told: list[Note]) -> None:
    """The prognosis says otherwise, so that without it the providers decide."""
    path = study('providers = "aanbieders.csv"\n')
    text = path.read_text("utf-8")
    cut = "\n".join(line for line in text.splitlines() if not line.startswith("forecast ="))
    path.write_text(cut.replace("forecast_year = 2035\n", ""), encoding="utf-8")
    sites = tables_of(path, told).sites.set_index("site_id")
    assert sites.loc["901X001", "institution_id"] == "91AB"


def own_delivery(folder: Path, *, site: str = "901X001") -> list[str]:
    """Write a delivery: nine students from the first PC4 of the map, two from the next."""
    pc4 = gpd.read_file(folder / "cbs_pc4_2024.gpkg")["postcode"].astype(str).tolist()
    people = [pc4[0]] * 9 + [pc4[1]] * 2 + ["0010"] * 6
    lines = ["VLP;91AA;2025;20251119;V"]
    for k, home in enumerate(people):
        number = f"98765{k:04d}"
        lines += [
            f"PER;{number};17;17;18;17;V;{home};20261231;19991231;;6030;6030;6030;;;0001;;;;;",
            f"ISG;{number};91AA;C1;20250801;20260731;;",
            f"ISP;{number};91AA;C1;20250801;;98001;MBO-3;BOL;;1;901A001;{site};;",
        ]
    lines.append("SLR;17;17;17;0;0;0;0;0;0;0;0")
    path = folder / "GRONDSLAG_IP_MBO_91AA_20251119_2025.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return pc4[:2]


def test_own_students_stand_for_what_duo_counts(
    study: Callable[[str], Path], folder: Path, told: list[Note]
) -> None:
    plain = tables_of(study(""), told).students
    told.clear()
    first, _ = own_delivery(folder)
    found = tables_of(study(OWN), told)
    mine = found.students.query("institution_id == '91AA' and year == 2025 and kind == 'history'")
    assert set(mine["site_id"]) == {"901X001"}
    towns = found.areas.set_index("area_id")["parent_id"]
    home = mine.set_index("home_id").loc[first]
    assert (home["origin_id"], home["students"]) == (towns[first], 9.0)
    assert mine.query("origin_id == 'BE'")["students"].tolist() == [6.0]
    assert mine["students_high"].sum() == 9 + 6 + 4
    others = "not (institution_id == '91AA' and year == 2025 and kind == 'history')"
    assert found.students.query(others)["students"].sum() == pytest.approx(
        plain.query(others)["students"].sum(),
        rel=1e-4,  # ranges guard small counts
    )
    codes = {note.code for note in told}
    assert {"own_counted", "own_students_first"} <= codes


def test_an_ro_does_not_take_homes_away(
    study: Callable[[str], Path], folder: Path, golden: Path, told: list[Note]
) -> None:
    plain = tables_of(study(""), told).students
    text = (golden / "rio" / "RO_01ZZ_20250801_20260731.CSV").read_text("utf-8")
    (folder / "RO.csv").write_text(text.replace("VLP|01ZZ", "VLP|91AA"), encoding="utf-8")
    told.clear()
    found = tables_of(study('own_students = { path = "RO.csv", on = "2025-10-01" }\n'), told)
    assert found.students.equals(plain)
    assert "own_students_homeless" in {note.code for note in told}


def test_a_site_that_only_own_students_know_is_a_site(
    study: Callable[[str], Path], folder: Path, told: list[Note]
) -> None:
    own_delivery(folder, site="901X900")
    sites = tables_of(study(OWN), told).sites.set_index("site_id")
    assert sites.loc["901X900", ["institution_id", "institution"]].tolist() == [
        "91AA",
        "ROC Havermonde",
    ]


def test_nothing_of_a_person_is_anywhere_in_a_run(
    study: Callable[[str], Path],
    folder: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Numbers are planted: no byte that a run writes, logs or keeps may hold one."""
    own_delivery(folder)
    path = study(OWN + REGISTER)
    cache, out = tmp_path / "cache", tmp_path / "out"
    with caplog.at_level(logging.DEBUG):
        outcome = run_study(read_study(path), folder=out, offline=True, cache=Cache(cache))
    written = [file for root in (out, cache) for file in root.rglob("*") if file.is_file()]
    assert len(written) > 5
    heard = "".join(capfd.readouterr()) + caplog.text + repr(outcome.notes) + repr(outcome.about)
    for planted in ("98765", "20261231", "19991231"):
        assert planted not in heard
        for file in written:
            assert planted.encode() not in file.read_bytes(), file
    travel = outcome.findings.travel_by_institution.query("mode == 'bike'")
    row = travel.set_index("institution_id").loc["91AA"]
    assert row["students"] == pytest.approx(9 + 2.5)
    assert row["students_unplaced"] == 6.0


def test_checking_an_own_delivery_shows_no_value(folder: Path) -> None:
    own_delivery(folder)
    path = folder / "GRONDSLAG_IP_MBO_91AA_20251119_2025.csv"
    assert check_table(path).what == "GRONDSLAG_IP_MBO, RO"
    lines = path.read_text("utf-8").splitlines()
    for cut in (lines[1:], lines[:-1], [*lines[:3], lines[2].replace("98765", "98766")]):
        path.write_text("\n".join(cut), encoding="utf-8")
        with pytest.raises(GeoMboError) as caught:
            check_table(path)
        assert "9876" not in str(caught.value)


@pytest.mark.parametrize("name", ["vestigingen.csv", "gebruik.csv", "van.csv", "in_bedrijf.csv"])
def test_checking_knows_the_register(folder: Path, name: str) -> None:
    assert check_table(folder / name).rows > 0


def test_measuring_with_the_register_alone(study: Callable[[str], Path]) -> None:
    path = study(REGISTER)
    text = path.read_text("utf-8")
    gone = ("offers =", "forecast =", "students_by", "forecast_year")
    kept = [line for line in text.splitlines() if not line.startswith(gone)]
    at = kept.index("[[scenario]]")
    path.write_text("\n".join(kept[:at]), encoding="utf-8")
    outcome = measure_study(read_study(path), offline=True)
    assert set(outcome.tables.sites["site_id"]) == {"901X001", "901X901", "901X903"}
