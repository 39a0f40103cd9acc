"""Tables of StatLine in every form: regions, students by residence, proximity, addresses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from geo_mbo.errors import FileError, GeoMboError, InputError, MissingFileError
from geo_mbo.notes import Note
from geo_mbo.schema import INDICATORS, KEY_KINDS, checked
from geo_mbo.sources import cbs
from geo_mbo.sources.catalogue import data_set, data_sets
from geo_mbo.sources.cbs_addresses import read_addresses
from geo_mbo.sources.cbs_indicators import FORM, read_indicators, read_statline
from geo_mbo.sources.cbs_names import region_codes
from geo_mbo.sources.cbs_odata import TOTALS, read_table, withheld
from geo_mbo.sources.cbs_regions import read_regions
from geo_mbo.sources.protocols import fetch
from geo_mbo.tables.year_weights import address_weights
from geo_mbo.tables.years import to_year
from tests.publishers import publishers
from tests.publishers_data import EXAMPLE


def quiet(_: Note) -> None:
    """Leave the notes unread."""


@pytest.fixture
def statline(golden: Path) -> Path:
    """Folder of made-up tables in the forms of StatLine."""
    return golden / "cbs"


def changed(path: Path, to: Path, **more: object) -> Path:
    """Write the table of `path` with some of its facts replaced."""
    page = json.loads(path.read_text("utf-8")) | more
    to.write_text(json.dumps(page), encoding="utf-8")
    return to


# --- tables ---------------------------------------------------------------------------------------


def test_a_table_of_odata_3(statline: Path) -> None:
    table = read_table(statline / "85353NED.json")
    assert table.table == "85353NED"
    assert table.kinds["Regio"] == "GeoDimension"
    assert table.kinds["Perioden"] == "TimeDimension"
    assert {*table.rows["Regio"]} == {"NL01", "LD99", "PV98", "GM9801", "GM9802"}
    assert table.titles["Regio"]["GM9801"] == "Walmeerde"
    assert table.measures[["stem", "title", "unit"]].to_numpy().tolist() == [
        ["MboStudenten", "Mbo-studenten", "aantal"]
    ]
    assert len(table.rows) == 60


def test_only_what_is_wanted_is_read(statline: Path) -> None:
    path = statline / "85353NED.json"
    chosen = read_table(path, keep={"Geslacht": TOTALS, "Regio": ["GM9801", "GM9802"]})
    assert {*chosen.rows["Regio"]} == {"GM9801", "GM9802"}
    assert {*chosen.rows["Geslacht"]} == {"T001038"}
    assert len(read_table(path, keep={"Herkomst": ["1"], "Vooropleiding": TOTALS}).rows) == 60
    with pytest.raises(InputError, match="no rows"):
        read_table(path, keep={"Regio": ["GM0000"]})


def test_rows_on_one_line_each_or_not_read_the_same(statline: Path, tmp_path: Path) -> None:
    lines = read_table(statline / "85353NED.json")
    whole = read_table(changed(statline / "85353NED.json", tmp_path / "85353NED.json"))
    assert_frame_equal(lines.rows, whole.rows)
    assert_frame_equal(lines.measures, whole.measures)


def test_odata_4_gives_the_same_numbers(statline: Path) -> None:
    third = read_statline("mbo_by_residence", statline / "85353NED.json", notify=quiet)
    fourth = read_statline("mbo_by_residence", statline / "85353NED_v4.json", notify=quiet)
    assert_frame_equal(third, fourth)


def test_groups_of_titles(statline: Path) -> None:
    table = read_table(statline / "nabijheid_2025.json")
    groups = table.measures.set_index("key")["group"]
    assert groups["AfstandTotSchool_60"] == "Onderwijs > Basisonderwijs"
    assert groups["Gemeentenaam_1"] == ""
    assert table.period == "2025"


@pytest.mark.parametrize(
    "spoil",
    [
        {"properties": 5},
        {"properties": []},
        {"properties": [{"Key": "X_1", "Type": "Topic"}]},
        {"rows": None},
    ],
)
def test_what_is_no_table(statline: Path, tmp_path: Path, spoil: dict[str, object]) -> None:
    path = changed(statline / "85353NED.json", tmp_path / "x.json", **spoil)
    with pytest.raises(InputError, match="no table of StatLine"):
        read_table(path)


def test_no_file_no_json_no_rows(statline: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_table(tmp_path / "gone.json")
    path = tmp_path / "x.json"
    path.write_text("<html>", encoding="utf-8")
    with pytest.raises(FileError, match="cannot be read"):
        read_table(path)
    with pytest.raises(InputError, match="no rows"):
        read_table(changed(statline / "85353NED.json", path, rows=[]))
    with pytest.raises(InputError, match="is no row of StatLine"):
        read_table(changed(statline / "85353NED.json", path, rows=[1]))


def test_a_file_that_was_cut_off_is_never_half_a_table(statline: Path, tmp_path: Path) -> None:
    whole = (statline / "85353NED.json").read_bytes()
    path = tmp_path / "85353NED.json"
    for end in range(1, len(whole) - 3, 97):
        path.write_bytes(whole[:end])
        with pytest.raises(GeoMboError):
            read_table(path)


def test_the_same_number_twice(statline: Path, tmp_path: Path) -> None:
    page = json.loads((statline / "85353NED_v4.json").read_text("utf-8"))
    path = changed(statline / "85353NED_v4.json", tmp_path / "x.json", rows=page["rows"] * 2)
    with pytest.raises(InputError, match="same number more than once"):
        read_table(path)


@given(st.sampled_from(["-99997", "-99995", "-99998", "-99997997", "-99999998", ".", ""]))
def test_sentinels(word: str) -> None:
    assert withheld(pd.Series([word, f"{word}.0" if word.startswith("-") else None])).all()


def test_what_is_no_sentinel() -> None:
    values = pd.Series([-1, -99, -9999, 0, 99997, "-12.5", "-9999.5", -99990])
    assert not withheld(values).any()


# --- indicators -----------------------------------------------------------------------------------


def test_students_by_residence(statline: Path, told: list[Note]) -> None:
    found = read_statline("mbo_by_residence", statline / "85353NED.json", notify=told.append)
    assert_frame_equal(checked(found, INDICATORS), found)
    values = found.set_index(["key_kind", "key", "indicator", "year"])
    every, level = "Mbo-studenten", "Mbo-studenten; Bol totaal; Mbo niveau 2"
    assert {*found["indicator"]} == {every, level}
    assert {*found["unit"]} == {"students"}
    assert {*found["source"]} == {"CBS 85353NED"}
    assert values.loc[("municipality", "GM9801", every, 2023), "value"] == 205
    assert values.loc[("country", "NL", every, 2022), "value"] == 600
    assert values.loc[("province", "PV98", level, 2022), "value"] == 280
    few = values.loc[("municipality", "GM9802", level, 2022)]
    assert few[["value", "value_low", "value_high"]].tolist() == [2.5, 1.0, 4.0]
    assert pd.isna(values.loc[("municipality", "GM9802", level, 2023), "value"])
    assert {note.code: (note.count, note.rows) for note in told} == {
        "cbs_regions_passed": (1, ("LD",)),
        "cbs_periods_passed": (1, ("2023KW01",)),
        "cbs_withheld": (1, ()),
        "count_small": (1, ()),
    }


def test_sexes_and_fields_have_indicators_of_their_own_where_they_are_asked(statline: Path) -> None:
    found = read_indicators(statline / "85353NED.json", notify=quiet)
    assert {*found["indicator"]} == {
        "Mbo-studenten",
        "Mbo-studenten; Mannen",
        "Mbo-studenten; Bol totaal; Mbo niveau 2",
        "Mbo-studenten; Bol totaal; Mbo niveau 2; Techniek",
    }


def test_typed_csv(statline: Path) -> None:
    found = read_indicators(statline / "85353NED_typed.csv", notify=quiet)
    # Without titles, codes tell the indicators apart; T001038 and its kin are totals.
    assert found.set_index("indicator")["value"].to_dict() == {
        "MboStudenten": 600,
        "MboStudenten; 3000": 599,
        "MboStudenten; A000011; A000002": 300,
        "MboStudenten; A000011; A000002; A000021": 300,
    }
    assert found["key"].tolist() == ["NL"] * 4
    assert found["year"].tolist() == [2022] * 4


def test_an_export_of_statline_has_names(statline: Path) -> None:
    found = read_statline("mbo_by_residence", statline / "85353NED_statline.csv", notify=quiet)
    assert found.set_index("key")["value"].fillna(-1).to_dict() == {
        "NL": 600,
        "PV20": 60,
        "GM0014": 20,
        "GM0518": -1,
    }
    assert {*found["year"]} == {2023}
    assert {*found["unit"]} == {"students"}


def test_names_of_regions() -> None:
    names = [
        "Nederland",
        "Fryslân (PV)",
        "Utrecht (gemeente)",
        "Bergen (NH.)",
        "Noord-Nederland (LD)",
    ]
    assert region_codes(pd.Series(names), where="x").tolist() == [
        "NL",
        "PV21",
        "GM0344",
        "GM0373",
        "LD",
    ]
    with pytest.raises(InputError, match=r"2 names of regions .* Atlantis, Rungholt \(gemeente\)"):
        region_codes(pd.Series(["Atlantis", "Rungholt (gemeente)"]), where="x")


def test_columns_are_found_by_name_whatever_their_number(statline: Path, tmp_path: Path) -> None:
    path = statline / "nabijheid_2025.json"
    asked = ["Basisonderwijs: AfstandTotSchool", "afstandtottreinstationstotaal"]
    found = read_indicators(path, measures=asked, notify=quiet)
    moved = tmp_path / "nabijheid_2024.json"
    text = path.read_text("utf-8").replace("_60", "_160").replace("_90", "_105")
    moved.write_text(text, encoding="utf-8")
    assert_frame_equal(found, read_indicators(moved, measures=asked, notify=quiet))
    assert {*found["indicator"]} == {
        "Onderwijs > Basisonderwijs > Afstand tot school",
        "Afstand tot treinstations totaal",
    }
    values = found.set_index(["key_kind", "indicator"])["value"]
    assert values["district", "Onderwijs > Basisonderwijs > Afstand tot school"] == 0.6
    assert {*found["unit"]} == {"km"}
    assert {*found["key_kind"]} == {"country", "municipality", "district", "neighbourhood"}
    with pytest.raises(InputError, match="1 columns are not there: AfstandTotMaan"):
        read_indicators(path, measures=["AfstandTotMaan", "AantalInwoners"], notify=quiet)


def test_all_numbers_of_a_table(statline: Path, told: list[Note]) -> None:
    found = read_indicators(statline / "nabijheid_2025.json", notify=told.append)
    assert found["indicator"].nunique() == 5
    units = found.drop_duplicates("indicator").set_index("indicator")["unit"]
    assert units["Aantal inwoners"] == "inhabitants"
    assert units["Binnen 3 km"] == "aantal"
    assert {*found["year"]} == {2025}
    assert [(n.code, n.count) for n in told] == [("cbs_withheld", 6)]


def test_means_of_cbs_are_never_added_up_over_municipalities(statline: Path) -> None:
    found = read_indicators(statline / "nabijheid_2025.json", notify=quiet)
    local = found[found["key"] == "GM9801"].assign(key="GM0381", year=2015)
    with pytest.raises(InputError) as raised:
        to_year(local, from_year=2015, to_year=2025, column="key", notify=quiet)
    assert "Binnen 3 km (aantal)" in str(raised.value)
    assert "Aantal inwoners" not in str(raised.value)


def test_several_years_without_their_periods_are_not_taken_for_one(
    statline: Path, tmp_path: Path
) -> None:
    info = {"Title": "Nabijheid", "Period": "2006-2025"}
    path = changed(statline / "nabijheid_2025.json", tmp_path / "n.json", info=info)
    with pytest.raises(InputError, match="does not say of which year"):
        read_indicators(path, notify=quiet)


def test_a_table_without_a_year(statline: Path, tmp_path: Path) -> None:
    path = changed(statline / "nabijheid_2025.json", tmp_path / "n.json", info={})
    with pytest.raises(InputError, match="does not say of which year"):
        read_indicators(path, notify=quiet)
    assert {*read_indicators(path, year=2024, notify=quiet)["year"]} == {2024}


def test_a_cell_that_is_no_number(statline: Path, tmp_path: Path) -> None:
    path = tmp_path / "n_2025.json"
    text = (statline / "nabijheid_2025.json").read_text("utf-8").replace(": 0.7,", ': "veel",')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"'AfstandTotSchool_60' holds 1 values .* first 'veel'"):
        read_indicators(path, notify=quiet)


def test_regions_that_are_named_by_the_user(statline: Path) -> None:
    found = read_indicators(
        statline / "85353NED.json", levels={"LD": "labour_market"}, notify=quiet
    )
    assert "LD99" in {*found.loc[found["key_kind"] == "labour_market", "key"]}


def test_every_table_of_the_catalogue_can_be_asked(statline: Path) -> None:
    keys = [key for key, found in data_sets().items() if found.table.get("form") == FORM]
    assert {"mbo_by_residence", "key_figures_2021", "proximity_2025"} <= {*keys}
    for key in keys:
        assert {*data_set(key).joins} <= {*KEY_KINDS}
        assert {*data_set(key).table} <= {"form", "measures", "totals"}
    found = read_statline("proximity_2025", statline / "nabijheid_2025.json", notify=quiet)
    assert found["indicator"].nunique() == 5
    with pytest.raises(InputError, match=r"'offers' is no regional table .*proximity_2022"):
        read_statline("offers", statline / "nabijheid_2025.json")


@pytest.mark.parametrize("by", ["odata3", "odata4"])
def test_what_was_fetched_can_be_read(by: str, tmp_path: Path) -> None:
    with publishers() as server:
        facts = {"by": by, "table": "85353NED"}
        fetch(server.web(), facts, tmp_path / "85353NED.json")
        found = read_statline("mbo_by_residence", tmp_path / "85353NED.json", notify=quiet)
        assert found.groupby("key_kind")["key"].nunique().to_dict() == {
            "country": 1,
            "municipality": 2,
        }
        assert {*found["indicator"]} == {"Studenten", "Studenten; Mbo-1"}
        assert found["value"].isna().sum() == 4
        if by == "odata3":
            facts = {"by": by, "table": "83502NED", "year": "newest"}
            fetch(server.web(), facts, tmp_path / "83502NED.json")
            ages = cbs.read_inhabitants(tmp_path / "83502NED.json")
            plain = cbs.read_inhabitants(EXAMPLE / "83502NED.csv")
            key = ["pc4", "age_from", "age_to", "year"]
            assert_frame_equal(
                ages.sort_values(key, ignore_index=True), plain.sort_values(key, ignore_index=True)
            )


# --- regions --------------------------------------------------------------------------------------


def test_regions_of_every_municipality(statline: Path, told: list[Note]) -> None:
    found = read_regions(statline / "gebieden_2025.json", notify=told.append)
    levels = found.groupby("level")["municipality_id"].count().to_dict()
    assert levels == {"corop": 3, "labour_market": 2, "part": 3, "province": 3, "rmc": 3}
    rows = found.set_index(["municipality_id", "level"])
    assert rows.loc[("GM9801", "province")].tolist() == ["PV98", "Haverland"]
    assert rows.loc[("GM9803", "corop"), "code"] == "CR92"
    assert [(n.code, n.rows, n.params["level"]) for n in told] == [
        ("region_absent", ("GM9803",), "labour_market")
    ]


def test_other_column_numbers_and_no_titles(statline: Path, tmp_path: Path) -> None:
    text = (statline / "gebieden_2025.json").read_text("utf-8")
    path = tmp_path / "gebieden_2018.json"
    path.write_text(text.replace("_28", "_32x").replace("_29", "_33x"), encoding="utf-8")
    first = read_regions(statline / "gebieden_2025.json", notify=quiet)
    assert_frame_equal(first, read_regions(path, notify=quiet))
    rows = read_table(statline / "gebieden_2025.json").rows
    bare = tmp_path / "gebieden.csv"
    rows.to_csv(bare, index=False, sep=";")
    found = read_regions(bare, notify=quiet)
    assert {*found["level"]} == {"corop", "part", "province"}
    assert found.loc[found["level"] == "province", "name"].unique().tolist() == ["Haverland"]


def test_a_municipality_in_two_provinces(statline: Path, tmp_path: Path) -> None:
    page = json.loads((statline / "gebieden_2025.json").read_text("utf-8"))
    page["rows"].append(page["rows"][0] | {"Code_28": "PV99"})
    path = changed(statline / "gebieden_2025.json", tmp_path / "x.json", rows=page["rows"])
    with pytest.raises(InputError, match=r"2 municipalities .* first GM9801 \(province\)"):
        read_regions(path, notify=quiet)


def test_no_regions_in_it(statline: Path) -> None:
    with pytest.raises(InputError, match="no column holds regions"):
        read_regions(statline / "85353NED.json", notify=quiet)


# --- inhabitants ----------------------------------------------------------------------------------


def test_inhabitants_of_odata(statline: Path) -> None:
    found = cbs.read_inhabitants(statline / "83502NED.json").set_index(["pc4", "age_from", "year"])
    assert found.loc[("1001", 15, 2024), "inhabitants"] == 30
    assert pd.isna(found.loc[("1002", 15, 2025), "inhabitants"])
    assert found.loc[("1002", 95, 2025), "age_to"] == cbs.OLDEST
    assert len(found) == 8


# --- addresses ------------------------------------------------------------------------------------


def test_addresses_of_two_years(statline: Path, told: list[Note]) -> None:
    old = read_addresses(statline / "pc6hnr20220801_gwb.csv")
    new = read_addresses(statline / "pc6hnr20240801_gwb.csv")
    assert old["year"].unique().tolist() == [2022]
    assert old["municipality_id"].tolist() == ["GM0363", "GM0363", "GM9801", "GM9802"]
    assert old["district_id"].astype("str").fillna("-").tolist() == [
        "WK036300",
        "WK036300",
        "WK980100",
        "-",
    ]
    assert old["neighbourhood_id"].iloc[0] == "BU03630000"
    weights = address_weights(old, new, notify=told.append)
    assert weights.to_numpy().tolist() == [["GM0363", "GM0363", 1.0], ["GM9801", "GM9802", 1.0]]
    assert told[0].count == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("PC6;Huisnummer;Buurt2022\n1001AA;1;1\n", "'district_id' is missing"),
        ("PC6;Huisnummer;Buurt2022;Wijk2022;Gemeente2022\n1001;1;1;1;1\n", "'1001' in line 2"),
        ("PC6;Huisnummer;Buurt2022;Wijk2022;Gemeente2022\n", "no rows"),
        ("PC6;Huisnummer;Buurt2022;Wijk2021;Gemeente2022\n1001AA;1;1;1;1\n", "which year"),
    ],
)
def test_wrong_addresses(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "pc6hnr.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_addresses(path)


def test_addresses_that_were_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "pc6hnr.csv"
    head = "PC6;Huisnummer;Buurt2022;Wijk2022;Gemeente2022\n"
    path.write_text(head + '1001AA;1;1;1;"1\n1001AB;1;1;1;1;5;6\n', encoding="utf-8")
    with pytest.raises(GeoMboError):
        read_addresses(path)


# --- the real figures of 2021 ---------------------------------------------------------------------


@pytest.mark.real_data
def test_real_key_figures_in_the_form_of_odata(real_data: Path, tmp_path: Path) -> None:
    page = json.loads(
        (real_data / "nl" / "cbs_85039NED_gemeenten_kerncijfers.json").read_text("utf-8")
    )
    rows = [
        {
            "WijkenEnBuurten": f"{code}    ",
            "AantalInwoners_5": facts["Population"],
            "AfstandTotSchool_109": facts.get("Services", {}).get("Distance to school (km)"),
        }
        for code, facts in page["Gemeente"].items()
    ]
    properties = [
        {"Key": "WijkenEnBuurten", "Type": "GeoDimension", "Title": "Wijken en buurten"},
        {"Key": "AantalInwoners_5", "Type": "Topic", "Title": "Aantal inwoners", "Unit": "aantal"},
        {
            "Key": "AfstandTotSchool_109",
            "Type": "Topic",
            "Title": "Afstand tot school",
            "Unit": "km",
        },
    ]
    path = tmp_path / "85039NED_2021.json"
    about = {"table": "85039NED", "properties": properties, "dimensions": {}, "rows": rows}
    path.write_text(json.dumps(about), encoding="utf-8")
    found = read_indicators(path, notify=quiet)
    people = found[found["indicator"] == "Aantal inwoners"]
    assert len(people) == 352
    assert people["value"].sum() == pytest.approx(17_475_415, rel=0.001)
    moved = to_year(people, from_year=2021, to_year=2025, column="key", notify=quiet)
    assert len(moved) == 342
    assert moved["value"].sum() == pytest.approx(people["value"].sum(), rel=1e-12)
    with pytest.raises(InputError, match=r"Afstand tot school \(km\)"):
        to_year(found, from_year=2021, to_year=2025, column="key", notify=quiet)


@pytest.mark.real_data
def test_real_ages_read_the_same_from_odata(real_data: Path, tmp_path: Path) -> None:
    plain = pd.read_csv(real_data / "nl" / "pc4_population_age5_2021.csv", dtype="str")
    plain = plain[plain["leeftijd"].isin(["15-19", "20-24"])]
    names = {"15-19": "15 tot 20 jaar", "20-24": "20 tot 25 jaar"}
    rows = [
        {
            "Geslacht": "T001038   ",
            "Leeftijd": age,
            "Postcode": f"{pc4}      ",
            "Perioden": "2021JJ00",
            "Bevolking_1": int(float(people)) if isinstance(people, str) else None,
        }
        for pc4, age, people in plain[["postcode", "leeftijd", "inwoners"]].itertuples(index=False)
    ]
    kinds = {"Geslacht": "", "Leeftijd": "", "Postcode": "Geo", "Perioden": "Time"}
    about = {
        "table": "83502NED",
        "properties": [
            *({"Key": n, "Type": f"{kind}Dimension", "Title": n} for n, kind in kinds.items()),
            {"Key": "Bevolking_1", "Type": "Topic", "Title": "Bevolking", "Unit": "aantal"},
        ],
        "dimensions": {
            "Geslacht": [{"Key": "T001038   ", "Title": "Totaal mannen en vrouwen"}],
            "Leeftijd": [{"Key": key, "Title": title} for key, title in names.items()],
        },
    }
    path = tmp_path / "83502NED.json"
    path.write_text(json.dumps(about | {"rows": rows}), encoding="utf-8")
    found = cbs.read_inhabitants(path)
    assert found["pc4"].nunique() == 4_074
    assert found["inhabitants"].sum() == 2_138_790
