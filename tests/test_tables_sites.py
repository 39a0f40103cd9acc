"""Sites: their institutions, addresses and points; and the whole example."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geo_mbo import tables
from geo_mbo.errors import ContractError, CrsError
from geo_mbo.notes import Note
from geo_mbo.sources import cbs, duo, geofile, own, rio
from geo_mbo.tables.addresses import place_name, postcodes
from tests.land import X, Y


@pytest.fixture
def raw(golden: Path) -> dict[str, pd.DataFrame]:
    """Everything that sites are made of, as read."""
    relations = "relaties_onderwijsaanbieders_onderwijsinstellingserkenningen.csv"
    students = "mbo-studentenprognose_gemeente_onderwijslocatie.csv"
    return {
        "offers": duo.read_offers(golden / "mbo_opleidingsaanbod.csv"),
        "students": duo.read_prognosis(golden / students),
        "locations": rio.read_locations(golden / "onderwijslocaties.csv"),
        "institutions": duo.read_institutions(golden / "instellingenmbo.csv"),
        "providers": rio.read_providers(golden / relations),
    }


def test_sites(raw: dict[str, pd.DataFrame], areas: gpd.GeoDataFrame, told: list[Note]) -> None:
    before = {name: frame.copy() for name, frame in raw.items()}
    found = tables.sites(areas=areas, notify=told.append, **raw)
    assert all(frame.equals(before[name]) for name, frame in raw.items())
    assert found["site_id"].tolist() == ["901X001", "901X002", "901X003", "901X004"]
    assert found["name"].tolist() == [
        "ROC Haverdam, Oude-Kade 1, Haverdam",
        "College Zand, Klei en Water, Laan 58A, 's-Walmeerde",
        "College Zand, Klei en Water, Laan 69A, 's-Walmeerde",
        "Onvindbaar College, Weg 2, Haverdam",
    ]
    assert found["institution_id"].fillna("").tolist() == ["01ZZ", "02ZZ", "02ZZ", ""]
    assert found["located_by"].tolist() == ["rio", "postcode4", "postcode4", "none"]
    assert found["located_quality"].tolist() == ["exact", "approximate", "approximate", "none"]
    assert found.geometry.is_empty.tolist() == [False, False, False, True]
    assert found["municipality_id"].fillna("").tolist() == ["GM0001", "GM0002", "GM0002", ""]
    assert {note.code: note.rows for note in told} == {
        "provider_unknown": ("Onvindbaar College",),
        "site_shared": ("901X001",),
        "site_caribbean": ("901X199",),
        "located_by_postcode4": ("901X002", "901X003"),
        "unlocated": ("901X004",),
    }


def test_order_of_rows_does_not_matter(
    raw: dict[str, pd.DataFrame], areas: gpd.GeoDataFrame
) -> None:
    shuffled = {
        name: frame.sample(frac=1, random_state=3).reset_index(drop=True)
        for name, frame in raw.items()
    }
    first, again = (
        tables.sites(areas=areas, notify=lambda _: None, **frames) for frames in (raw, shuffled)
    )
    pd.testing.assert_frame_equal(first, again)


def test_providers_found_by_name_alone(
    raw: dict[str, pd.DataFrame], areas: gpd.GeoDataFrame
) -> None:
    kept = {name: raw[name] for name in ("offers", "institutions")}
    found = tables.sites(areas=areas, notify=lambda _: None, **kept)
    owners = found.set_index("site_id")["institution_id"]
    assert owners[["901X001", "901X003"]].tolist() == ["01ZZ", "02ZZ"]


def test_only_the_prognosis(raw: dict[str, pd.DataFrame], areas: gpd.GeoDataFrame) -> None:
    found = tables.sites(areas=areas, students=raw["students"], notify=lambda _: None)
    assert found["name"].tolist() == [
        "ROC Haverdam, Oude-Kade-Haverdam",
        "College Zand, Klei en Water, Laan-'s-Walmeerde",
    ]
    assert (found["located_by"] == "none").all()


def test_nothing_gives_no_rows(areas: gpd.GeoDataFrame) -> None:
    found = tables.sites(areas=areas)
    assert len(found) == 0
    assert found.crs.to_epsg() == 28992


def test_addresses_are_looked_up(
    raw: dict[str, pd.DataFrame], areas: gpd.GeoDataFrame, told: list[Note]
) -> None:
    asked: list[pd.DataFrame] = []

    def geocode(addresses: pd.DataFrame) -> pd.DataFrame:
        asked.append(addresses)
        known = pd.DataFrame({"x_m": X + 50, "y_m": Y + 50}, index=addresses.index)
        known.iloc[0] = float("nan")
        return known

    found = tables.sites(areas=areas, geocode=geocode, notify=told.append, **raw)
    assert asked[0]["street"].tolist() == ["Laan", "Laan", "Weg"]
    assert asked[0].columns.tolist() == ["street", "number", "postcode", "place"]
    assert found["located_by"].tolist() == ["rio", "postcode4", "address", "address"]
    assert found["municipality_id"].tolist() == ["GM0001", "GM0002", "GM0001", "GM0001"]
    assert {note.code: note.rows for note in told}["located_by_address"] == ("901X003", "901X004")


def test_coordinates_that_are_astray_are_not_used(
    raw: dict[str, pd.DataFrame], areas: gpd.GeoDataFrame, told: list[Note]
) -> None:
    raw["locations"].loc[0, ["latitude", "longitude"]] = [52.1, 25.0]
    found = tables.sites(areas=areas, notify=told.append, **raw)
    assert found.set_index("site_id")["located_by"]["901X001"] == "postcode4"
    assert {note.code: note.rows for note in told}["site_astray"] == ("901X001",)


def test_a_site_outside_every_municipality_is_told(
    raw: dict[str, pd.DataFrame], areas: gpd.GeoDataFrame, told: list[Note]
) -> None:
    raw["locations"].loc[0, ["latitude", "longitude"]] = [53.0, 5.4]
    found = tables.sites(areas=areas, notify=told.append, **raw)
    assert found.set_index("site_id")["municipality_id"].isna()["901X001"]
    assert {note.code: note.rows for note in told}["site_outside"] == ("901X001",)


def test_own_sites(areas: gpd.GeoDataFrame, tmp_path: Path, told: list[Note]) -> None:
    path = tmp_path / "sites.csv"
    path.write_text(
        "site_id,name,postcode,place,x,y\n"
        f"B,Zuid,1001 ab,HAVERDAM,{X + 10},{Y + 10}\n"
        "A,Noord,1002,,,\n"
        "C,Nergens,geen,,,\n",
        encoding="utf-8",
    )
    found = tables.own_sites(own.read_sites(path), areas=areas, notify=told.append)
    assert found["site_id"].tolist() == ["A", "B", "C"]
    assert found["located_by"].tolist() == ["postcode4", "given", "none"]
    assert found["postcode"].fillna("").tolist() == ["1002", "1001AB", ""]
    assert found["municipality_id"].fillna("").tolist() == ["GM0002", "GM0001", ""]
    assert found["place"].fillna("").tolist() == ["", "Haverdam", ""]
    assert [note.code for note in told] == ["located_by_postcode4", "unlocated"]


def test_own_sites_twice_or_without_a_name(areas: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text(f"site_id,name,x,y\nA,Zuid,{X},{Y}\nA,,{X},{Y}\n", encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        tables.own_sites(own.read_sites(path), areas=areas)
    assert {b.code for b in caught.value.breaches} == {"duplicate_key", "missing_value"}
    assert "Eigen onderwijslocaties" in caught.value.text("nl")


@pytest.mark.parametrize(
    ("x", "y", "code"),
    [(5.387, 52.155, "degrees_as_metres"), (Y, X, "axes_swapped"), (X, 9e6, "outside_rd")],
)
def test_own_coordinates_that_cannot_be(
    areas: gpd.GeoDataFrame, tmp_path: Path, x: float, y: float, code: str
) -> None:
    path = tmp_path / "sites.csv"
    path.write_text(f"site_id,name,x,y\nA,Zuid,{x},{y}\nB,Nergens,,\n", encoding="utf-8")
    with pytest.raises(CrsError) as caught:
        tables.own_sites(own.read_sites(path), areas=areas, notify=lambda _: None)
    assert [b.code for b in caught.value.breaches] == [code]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("'S-GRAVENHAGE", "'s-Gravenhage"),
        ("S-HERTOGENBOSCH", "S-Hertogenbosch"),
        ("ALPHEN AAN DEN RIJN", "Alphen aan den Rijn"),
        ("DEN HAAG", "Den Haag"),
        ("IJSSELSTEIN UT", "IJsselstein UT"),
        ("Leeuwarden", "Leeuwarden"),
        ("'T VELD", "'t Veld"),
        ("2E EXLOERMOND", "2e Exloermond"),
    ],
)
def test_places_in_capitals(name: str, written: str) -> None:
    assert place_name(name) == written


def test_postcodes() -> None:
    found = postcodes(pd.Series(["1014AN", " 1014 an ", "1014", "0014AN", "1014A", None]))
    assert found.fillna("").tolist() == ["1014AN", "1014AN", "1014", "", "", ""]


def test_the_example_reads_from_end_to_end(example: Path, told: list[Note]) -> None:
    regions = example / "cbsgebiedsindelingen2025.gpkg"
    provinces = tables.provinces(geofile.read_areas(regions, layer="provincie_gegeneraliseerd"))
    municipalities = tables.municipalities(
        geofile.read_areas(regions, layer="gemeente_gegeneraliseerd"),
        provinces=provinces,
        notify=told.append,
    )
    pc4 = tables.pc4(
        geofile.read_pc4(example / "cbs_pc4_2024.gpkg"),
        municipalities=municipalities,
        notify=told.append,
    )
    areas = tables.all_areas(provinces, municipalities, pc4)
    changes = tables.municipality_changes(cbs.read_changes(example / "gemeente_herindelingen.csv"))
    forecast = next(example.glob("mbo-studentenprognose*"))
    offers, students = (
        duo.read_offers(example / "mbo_opleidingsaanbod.csv"),
        duo.read_prognosis(forecast),
    )
    enrolments = duo.read_enrolments(next(example.glob("*-03-*")))
    sites = tables.sites(
        areas=areas,
        offers=offers,
        students=students,
        locations=rio.read_locations(example / "onderwijslocaties.csv"),
        institutions=duo.read_institutions(example / "instellingenmbo.csv"),
        notify=told.append,
    )
    whole = {"areas": areas, "changes": changes, "notify": told.append}
    made = tables.students(students, **whole)
    homes = tables.residents(duo.read_residents(next(example.glob("*-11-*"))), **whole)
    indicators = tables.indicators(
        cbs.read_inhabitants(example / "83502NED.csv"), areas=areas, notify=told.append
    )
    origins = tables.origins(areas, indicators, notify=told.append)
    assert sites["institution_id"].notna().all()
    assert sites["municipality_id"].notna().all()
    assert {*made["site_id"].dropna()} <= {*sites["site_id"]}
    known = {*municipalities["area_id"], "BE", "DE", "ABROAD", "UNKNOWN"}
    assert {*made["origin_id"]} | {*homes["origin_id"]} <= known
    assert {*tables.offers(offers, enrolments=enrolments)["site_id"]} <= {*sites["site_id"]}
    assert {*origins["area_id"]} == {*municipalities["area_id"]}
    young = indicators["indicator"] == "inhabitants_15_24"
    pc4_rows = young & (indicators["key_kind"] == "pc4")
    assert origins["weight"].sum() == indicators.loc[pc4_rows, "value"].sum()
    assert "municipality_merged" in {note.code for note in told}
