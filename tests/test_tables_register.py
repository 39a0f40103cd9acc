"""Sites by the register, and what it knows beside the programmes on offer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geo_mbo import tables
from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.schema import SITES, checked
from geo_mbo.sources import duo, rio, rio_register
from geo_mbo.tables.register import Register, register_places, register_sites, site_routes

DAY = date(2025, 10, 1)


def register_of(golden: Path, on: date | None, *, uses: bool = False) -> Register:
    folder = golden / "rio"
    owned = "relaties_onderwijsinstellingserkenningen_vestigingserkenningen.csv"
    used = "relaties_onderwijslocatiegebruiken_vestigingserkenningen.csv"
    in_use = rio_register.read_location_uses(folder / "onderwijslocatiegebruiken.csv", on=on)
    return Register(
        establishments=rio_register.read_establishments(
            folder / "vestigingserkenningen.csv", on=on
        ),
        used=rio_register.read_establishment_locations(folder / used, on=on),
        owned=rio_register.read_institution_establishments(folder / owned, on=on),
        uses=in_use if uses else None,
    )


@pytest.mark.parametrize(
    ("on", "found"),
    [
        (date(2014, 1, 1), ["901X001 01ZZ", "901X002 01ZZ", "901X200 01ZZ"]),
        (DAY, ["901X001 01ZZ", "901X002 02ZZ", "901X199 02ZZ", "901X200 01ZZ"]),
        (
            date(2026, 8, 1),
            ["901X001 01ZZ", "901X002 02ZZ", "901X199 02ZZ", "901X200 01ZZ", "901X300 02ZZ"],
        ),
    ],
)
def test_the_route_on_a_day(golden: Path, told: list[Note], on: date, found: list[str]) -> None:
    places = register_places(register_of(golden, on), notify=told.append)
    assert (places["site_id"] + " " + places["institution_id"]).tolist() == found
    assert set(places["law"]) == {"WEB"}
    assert not told


def test_what_hangs_loose_is_told(golden: Path, told: list[Note]) -> None:
    files = register_of(golden, DAY, uses=True)
    owned = files.owned[files.owned["establishment_id"] != "01ZZ00"]
    cut = Register(files.establishments, files.used, owned, files.uses)
    places = register_places(cut, notify=told.append)
    assert places["site_id"].tolist() == ["901X199"]
    assert {note.code: note.rows for note in told} == {
        "location_out_of_use": ("901X002",),
        "establishment_without_institution": ("01ZZ00",),
    }
    told.clear()
    bare = Register(files.establishments, files.used.iloc[:0], files.owned)
    assert register_places(bare, notify=told.append).empty
    assert [note.code for note in told] == ["establishment_without_location"]


def test_the_study_says_which_establishments_count(golden: Path) -> None:
    files = register_of(golden, DAY)
    assert register_places(files, chosen={"SOORT": ["TVST"]})["site_id"].tolist() == [
        "901X002",
        "901X199",
    ]
    both = register_places(files, chosen={"wet": ["WEB", "WVO"]})
    assert "901X400" in set(both["site_id"])
    with pytest.raises(InputError, match=r"has ROC .* 'SOORT' .* There are: TVST, VST"):
        register_places(files, chosen={"SOORT": ["ROC"]})
    with pytest.raises(InputError, match=r"'NAAM' is no column .*WET"):
        register_places(files, chosen={"NAAM": ["x"]})
    with pytest.raises(InputError, match="There are: -"):
        register_places(register_of(golden, date(1990, 1, 1)))


def test_sites_of_the_register(golden: Path, areas: gpd.GeoDataFrame, told: list[Note]) -> None:
    places = register_places(register_of(golden, DAY))
    before = places.copy()
    found = register_sites(
        places,
        areas=areas,
        locations=rio.read_locations(golden / "onderwijslocaties.csv"),
        institutions=duo.read_institutions(golden / "instellingenmbo.csv"),
        notify=told.append,
    )
    pd.testing.assert_frame_equal(places, before)
    checked(found, SITES)
    assert found["site_id"].tolist() == ["901X001", "901X002", "901X200"]
    assert found["name"].tolist() == [
        "ROC Haverdam, Oude-Kade 1, Haverdam",
        "College Zand, Klei en Water, Laan 58A, 's-Walmeerde",
        "ROC Haverdam, Elders 3, Haverdam",
    ]
    assert found["located_by"].tolist() == ["rio", "postcode4", "rio"]
    assert told[0].code == "site_caribbean"


def test_without_names_and_addresses_the_establishment_gives_its_name(
    areas: gpd.GeoDataFrame, golden: Path, told: list[Note]
) -> None:
    places = register_places(register_of(golden, DAY))
    twice = pd.concat([places, places.iloc[:1].assign(institution_id="02ZZ")])
    found = register_sites(twice, areas=areas, notify=told.append)
    assert found["institution"].iloc[0] == "ROC Haverdam"
    assert set(found["located_by"]) == {"none"}
    assert told[0].code == "register_shared"
    assert told[0].rows == ("901X001",)
    nobody = register_sites(places.iloc[:0], areas=areas)
    assert nobody.empty
    checked(nobody, SITES)


def test_each_site_says_by_which_route_it_is_there(
    golden: Path, areas: gpd.GeoDataFrame, told: list[Note]
) -> None:
    locations = rio.read_locations(golden / "onderwijslocaties.csv")
    offers = duo.read_offers(golden / "mbo_opleidingsaanbod.csv")
    by_offers = tables.sites(areas=areas, offers=offers, locations=locations, notify=lambda _: None)
    by_register = register_sites(
        register_places(register_of(golden, DAY)),
        areas=areas,
        locations=locations,
        notify=lambda _: None,
    )
    routes = site_routes(by_offers, by_register, notify=told.append)
    assert dict(routes.itertuples(index=False)) == {
        "901X001": "both",
        "901X002": "register",
        "901X003": "offers",
        "901X004": "offers",
        "901X200": "register",
    }
    assert [(note.code, note.count) for note in told] == [
        ("sites_by_both", 1),
        ("sites_by_offers", 2),
        ("sites_by_register", 2),
    ]
