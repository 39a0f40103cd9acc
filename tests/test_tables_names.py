"""Names of municipalities to codes."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geo_mbo import tables
from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.sources import cbs, geofile
from geo_mbo.tables.names import name_key, province_code, province_key, resolve


def one(name: str, province: str, areas: gpd.GeoDataFrame, changes: pd.DataFrame) -> list[object]:
    """Resolve one name: its origins, and their shares where there are several."""
    found = resolve(
        pd.Series([name]),
        provinces=pd.Series([province]),
        areas=areas,
        changes=changes,
        where="x.csv",
        notify=lambda _: None,
    )
    pairs = found[["origin_id", "share"]].values.tolist()
    return pairs[0][0] if len(pairs) == 1 else pairs


@pytest.mark.parametrize(
    ("name", "province", "expected"),
    [
        ("Haverdam", "", "GM0001"),
        (" HAVERDAM ", "", "GM0001"),
        ("Haverdam (gemeente)", "", "GM0001"),
        ("Haverdam (H)", "Haverland", "GM0001"),
        ("S WALMEERDE", "Haverland", "GM0002"),
        ("\u2019s-Walmeerde", "", "GM0002"),
        ("Broekwaarde (H.)", "", "GM0003"),
        ("Broekwaarde (H)", "", "GM0003"),
        ("BROEKWAARDE (Z.)", "Haverland", "GM0004"),
        ("Broekwaarde", "Haverland", "GM0003"),
        ("Broekwaarde", "Zandgouw", "GM0004"),
        ("GM0004", "", "GM0004"),
        ("GM0009", "", "GM0002"),
        ("Klaverdijk", "Haverland", "GM0002"),
        ("Oudland", "", [["GM0001", 0.75], ["GM0002", 0.25]]),
        ("BELGIE", "BELGIE", "BE"),
        ("Brasschaat", "BELGIE", "BE"),
        ("België", "", "BE"),
        ("DUITSLAND", "DUITSLAND", "DE"),
        ("OVERIG BUITENLAND", "OVERIG BUITENLAND", "ABROAD"),
        ("ONBEKEND", "ONBEKEND", "UNKNOWN"),
        ("Overig", "", "UNKNOWN"),
        ("Haverdam", "ONBEKEND", "GM0001"),
        ("", "", "UNKNOWN"),
    ],
)
def test_a_name_stands_for(
    name: str, province: str, expected: object, areas: gpd.GeoDataFrame, changes: pd.DataFrame
) -> None:
    assert one(name, province, areas, changes) == expected


def test_twins_are_told_apart_by_their_suffix_where_no_provinces_are_known(
    areas: gpd.GeoDataFrame, changes: pd.DataFrame
) -> None:
    alone = areas[areas["level"] == "municipality"].assign(parent_id=None)
    assert one("Broekwaarde", "Zandgouw", alone, changes) == "GM0004"
    assert one("Haverdam (X)", "", alone, changes) == "GM0001"


def test_all_unknown_names_come_at_once_with_suggestions(
    areas: gpd.GeoDataFrame, changes: pd.DataFrame
) -> None:
    names = pd.Series(["Haverdamm", "Haverdam", "Broekwaarde", "Xyz", "Oudlant", "Xyz"])
    with pytest.raises(InputError) as caught:
        resolve(names, areas=areas, changes=changes, where="x.csv")
    unknown, ambiguous = caught.value.breaches
    assert unknown.params["count"] == 3
    assert unknown.params["value"] == "Haverdamm (Haverdam?); Xyz; Oudlant (OUDLAND?)"
    assert ambiguous.params["value"] == "Broekwaarde (Broekwaarde (H.), Broekwaarde (Z.))"
    assert "herindelingen" in caught.value.text("nl")


def test_a_wrong_suffix_is_no_match(areas: gpd.GeoDataFrame, changes: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"Haverdam \(NH\)"):
        one("Haverdam (NH)", "", areas, changes)


def test_a_split_without_shares_is_refused(areas: gpd.GeoDataFrame, changes: pd.DataFrame) -> None:
    nothing = changes.assign(share=float("nan"))
    with pytest.raises(InputError, match=r"shares are not known: Oudland \(GM0008\)"):
        one("Oudland", "", areas, nothing)


def test_a_circle_of_changes_ends(areas: gpd.GeoDataFrame) -> None:
    circle = pd.DataFrame(
        [("GM8001", "Ronde", "GM8002", 1.0), ("GM8002", "Kring", "GM8001", 1.0)],
        columns=["old_code", "old_name", "new_code", "share"],
    )
    with pytest.raises(InputError, match="not known: Ronde"):
        one("Ronde", "", areas, circle)


def test_old_names_are_told(
    areas: gpd.GeoDataFrame, changes: pd.DataFrame, told: list[Note]
) -> None:
    names = pd.Series(["Klaverdijk", "Haverdam", "Oudland", None])
    found = resolve(names, areas=areas, changes=changes, where="x.csv", notify=told.append)
    assert [note.code for note in told] == [
        "municipality_merged",
        "municipality_split",
        "municipality_blank",
    ]
    assert told[0].rows == ("Klaverdijk > 's-Walmeerde",)
    assert found["row"].tolist() == [0, 1, 2, 2, 3]
    assert found.groupby("row")["share"].sum().tolist() == [1, 1, 1, 1]


def test_permuted_rows_give_the_same_answer(areas: gpd.GeoDataFrame, changes: pd.DataFrame) -> None:
    names = pd.Series(["Oudland", "Haverdam", "Klaverdijk", "BELGIE"])
    order = [2, 0, 3, 1]
    first = resolve(names, areas=areas, changes=changes, where="x", notify=lambda _: None)
    again = resolve(
        names.iloc[order], areas=areas, changes=changes, where="x", notify=lambda _: None
    )
    again["row"] = [order[row] for row in again["row"]]
    again = again.sort_values(["row", "origin_id"], ignore_index=True)
    pd.testing.assert_frame_equal(first, again)


def test_no_names_keep_the_columns(areas: gpd.GeoDataFrame, changes: pd.DataFrame) -> None:
    found = resolve(pd.Series([], dtype="str"), areas=areas, changes=changes, where="x")
    assert found.columns.tolist() == ["row", "origin_id", "origin_kind", "share"]
    assert len(found) == 0


def test_keys() -> None:
    assert name_key("Noardeast-Fryslân") == "NOARDEAST FRYSLAN"
    assert province_key("NH.") == province_key("Noord-Holland")
    assert province_code("Friesland") == "PV21"
    assert province_code("Haverland") == ""


def test_the_study_s_own_changes_take_the_place_of_the_package_s(golden: Path) -> None:
    own = pd.DataFrame(
        {
            "date": "2019-01-01",
            "old_code": "GM0053",
            "old_name": "Winsum",
            "new_code": ["GM1966", "GM1969"],
            "share": [0.9, 0.1],
        }
    )
    package = tables.municipality_changes()
    assert package.loc[package["old_code"] == "GM0053", "share"].tolist() == [0.883, 0.117]
    both = tables.municipality_changes(own)
    assert both.loc[both["old_code"] == "GM0053", "share"].tolist() == [0.9, 0.1]
    assert len(both) == len(package)
    with pytest.raises(InputError, match=r"GM0053 \(0.8\)"):
        tables.municipality_changes(own.assign(share=0.4))


def test_every_change_of_the_package_ends_in_a_code_of_four_digits() -> None:
    changes = tables.municipality_changes()
    assert changes["old_name"].notna().all()
    assert changes["old_code"].nunique() == 72
    known = changes.dropna(subset="share").groupby("old_code")["share"].sum()
    assert ((known - 1).abs() < 1e-9).all()
    assert sorted(changes.loc[changes["share"].isna(), "old_name"].unique()) == ["Littenseradiel"]


@pytest.mark.real_data
def test_the_package_s_changes_are_the_facts(real_data: Path) -> None:
    facts = pd.read_csv(real_data / "nl" / "gemeente_opgeheven_2017_2023.csv", dtype=str)
    changes = tables.municipality_changes()
    for row in facts.itertuples():
        ours = changes.loc[changes["old_code"] == f"GM{row.old_code}", "new_code"]
        assert {*ours} == {f"GM{code}" for code in row.new_codes_by_size.split()}


@pytest.mark.real_data
def test_real_names_of_mixed_years(real_data: Path, told: list[Note]) -> None:
    nl = real_data / "nl"
    provinces = tables.provinces(geofile.read_areas(nl / "provincies_2022_rd.gpkg"))
    areas = tables.all_areas(
        provinces,
        tables.municipalities(
            geofile.read_areas(nl / "gemeenten_2025_rd.gpkg"), provinces=provinces
        ),
    )
    rows = pd.read_csv(nl / "pc4_attributes.csv", dtype=str)
    found = resolve(
        rows["gemeente"],
        provinces=rows["provincie"],
        areas=areas,
        changes=tables.municipality_changes(),
        where="pc4_attributes.csv",
        notify=told.append,
    )
    named = found[found["origin_kind"] == "municipality"]
    assert rows["gemeente"].nunique() == 353
    assert named["row"].nunique() == rows["gemeente"].notna().sum()
    assert named["origin_id"].nunique() == 342
    assert {note.code: note.count for note in told} == {
        "municipality_merged": 14,
        "municipality_split": 1,
        "municipality_blank": 0,
    }
    upper = resolve(
        areas.loc[areas["level"] == "municipality", "name"].str.upper().str.replace("'", ""),
        areas=areas,
        changes=cbs.read_changes(Path(__file__).parent / "golden" / "gemeente_herindelingen.csv"),
        where="x",
    )
    assert upper["origin_id"].tolist() == [*areas.loc[areas["level"] == "municipality", "area_id"]]
