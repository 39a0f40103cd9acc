"""Every protocol, asked over a real connection of publishers played on this machine."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import geopandas as gpd
import pyogrio
import pytest

from geo_mbo.errors import FetchError, InputError
from geo_mbo.sources import cbs, duo, geofile, rio
from geo_mbo.sources.catalogue import data_sets
from geo_mbo.sources.protocols import PROTOCOLS, fetch, files, ogc, walk
from geo_mbo.sources.protocols.walk import Page, pages
from tests.publishers import Fault, Publishers, publishers
from tests.publishers_data import DOI, EXAMPLE, FLOW, RESOURCES, STAFF_PAGE

AREAS = "https://api.pdok.nl/cbs/gebiedsindelingen/ogc/v1/collections"
MUNICIPALITIES = f"{AREAS}/gemeente_gegeneraliseerd/items"
WFS = "https://service.pdok.nl/cbs/gebiedsindelingen/{year}/wfs/v1_0"
FORECAST = RESOURCES["forecast"][0]
CKAN = {"by": "ckan", "resource": FORECAST}
DUMP = f"onderwijsdata.duo.nl/datastore/dump/{FORECAST}"
SEARCH = "onderwijsdata.duo.nl/api/3/action/datastore_search"


@pytest.fixture(scope="module")
def server() -> Iterator[Publishers]:
    with publishers() as opened:
        yield opened


@pytest.fixture
def shop(server: Publishers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publishers]:
    """The server, as new: nothing asked, nothing wrong."""
    monkeypatch.setattr(walk, "this_year", lambda: 2026)
    monkeypatch.setattr(ogc, "this_year", lambda: 2026)
    server.asked.clear()
    server.faults.clear()
    server.page_rows_3, server.page_rows_4, server.matched = 10_000, 100_000, True
    yield server
    server.faults.clear()


def refused(shop: Publishers, facts: dict[str, object], to: Path, says: str) -> FetchError:
    """See that fetching fails with this sentence, in both languages, and leaves nothing behind."""
    before = to.read_bytes() if to.exists() else None
    there = {path.name for path in to.parent.iterdir()}
    with pytest.raises(FetchError, match=says) as caught:
        fetch(shop.web(), facts, to)
    assert caught.value.text("nl") != caught.value.text("en")
    assert (to.read_bytes() if to.exists() else None) == before
    left = {path.name for path in to.parent.iterdir()} - there
    assert not {name for name in left if not name.endswith((".part", ".part.json"))}
    return caught.value


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


# --- CKAN ---------------------------------------------------------------------------------------


def test_a_dump_is_the_table_without_its_technical_column(shop: Publishers, tmp_path: Path) -> None:
    to, steps = tmp_path / "a.csv", []
    got = fetch(shop.web(), CKAN, to, progress=lambda part, _: steps.append(part))
    published = EXAMPLE / "mbo-studentenprognose_gemeente_onderwijslocatie.csv"
    assert cells(to) == cells(published)
    assert got.rows == len(cells(published)) - 1
    assert got.fetched.bytes == to.stat().st_size
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv"}


@pytest.mark.parametrize("gone", [Fault(status=404), Fault(status=403), Fault(page=True)])
def test_pages_of_the_datastore_where_there_is_no_dump(
    shop: Publishers, tmp_path: Path, gone: Fault
) -> None:
    shop.fail(DUMP, gone)
    to = tmp_path / "a.csv"
    got = fetch(shop.web(), CKAN, to)
    published = EXAMPLE / "mbo-studentenprognose_gemeente_onderwijslocatie.csv"
    assert cells(to) == cells(published)
    assert got.rows is not None
    assert got.rows > 3 * 5_000  # several pages
    assert duo.read_prognosis(to).equals(duo.read_prognosis(published))


def test_dates_of_the_datastore_are_those_of_the_file(shop: Publishers, tmp_path: Path) -> None:
    number = RESOURCES["providers"][0]
    shop.fail(f"onderwijsdata.duo.nl/datastore/dump/{number}", Fault(status=404))
    fetch(shop.web(), {"by": "ckan", "resource": number}, tmp_path / "a.csv")
    assert cells(tmp_path / "a.csv")[1][2:] == ["2001-01-01", "2019-12-31"]
    assert len(rio.read_providers(tmp_path / "a.csv")) == 6


def test_a_dump_that_broke_off_unseen_is_no_table(shop: Publishers, tmp_path: Path) -> None:
    to = tmp_path / "a.csv"
    to.write_text("the good one of before")
    shop.fail(DUMP, Fault(change=lambda body: body[: body.rindex(b"\n", 0, len(body) // 2)]))
    refused(shop, CKAN, to, "announced 15,520 and gave")


def test_a_resource_by_its_name(shop: Publishers, tmp_path: Path) -> None:
    facts = {"by": "ckan", "package": "mbo-studenten-per-instelling", "name": r"-11-studenten"}
    fetch(shop.web(), facts, tmp_path / "a.csv")
    assert cells(tmp_path / "a.csv")[0][5] == "WOONGEMEENTE"
    refused(shop, {**facts, "name": "-99-"}, tmp_path / "b.csv", "no resource fits '-99-'")
    refused(shop, {**facts, "name": "studenten"}, tmp_path / "b.csv", "several resources fit")
    refused(shop, {**facts, "package": "nothing"}, tmp_path / "b.csv", "does not have this")


def test_the_newest_of_several_years(shop: Publishers, tmp_path: Path) -> None:
    def renamed(body: bytes) -> bytes:
        told = json.loads(body)
        for row, year in zip(told["result"]["resources"], (2023, 2024), strict=True):
            row["name"], row["url"] = f"instroom {year}", f"https://duo.nl/{year}.csv"
        return json.dumps(told).encode()

    shop.fail("onderwijsdata.duo.nl/api/3/action/package_show", Fault(change=renamed))
    facts = {"by": "ckan", "package": "mbo-studenten-per-instelling", "name": "^instroom"}
    fetch(shop.web(), facts, tmp_path / "a.csv")
    fetch(shop.web(), {**facts, "year": 2023}, tmp_path / "b.csv")
    assert cells(tmp_path / "a.csv")[0] != cells(tmp_path / "b.csv")[0]


def test_a_refusal_of_the_portal_is_told(shop: Publishers, tmp_path: Path) -> None:
    no = Fault(change=lambda _: b'{"success": false, "error": {"message": "Geen toegang"}}')
    shop.fail(DUMP, Fault(status=404))
    shop.fail("onderwijsdata.duo.nl/api/3/action/", no)
    refused(shop, CKAN, tmp_path / "a.csv", "refuses: Geen toegang")


def test_a_file_inside_the_publishers_network_is_asked_at_the_dump(
    shop: Publishers, tmp_path: Path
) -> None:
    inside = "beheer-ggm-ckan-prd.apps.prd.duo.rijksapps.nl"
    url = f"https://{inside}/dataset/x/resource/{FORECAST}/download/a.csv"
    fetch(shop.web(), {"by": "file", "url": url}, tmp_path / "a.csv")
    assert shop.count(DUMP) == 1
    assert not shop.count(inside)


def test_a_resource_without_a_datastore(shop: Publishers, tmp_path: Path) -> None:
    resource = shop.data.resources[FORECAST]
    resource.datastore = False
    try:
        fetch(shop.web(), CKAN, tmp_path / "a.csv")
        assert cells(tmp_path / "a.csv")[0][0] == "Gemeentenaam"
        resource.inside = True
        refused(shop, CKAN, tmp_path / "b.csv", "only the publisher can reach it")
    finally:
        resource.datastore, resource.inside = True, False


# --- CBS ----------------------------------------------------------------------------------------


def test_odata_3_gives_every_row_and_what_they_mean(shop: Publishers, tmp_path: Path) -> None:
    shop.page_rows_3 = 700
    facts = {"by": "odata3", "table": "83502NED", "year": "newest"}
    got = fetch(shop.web(), facts, tmp_path / "a.json")
    told = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert (got.rows, got.year, len(told["rows"])) == (3000, 2024, 3000)
    assert told["table"] == "83502NED"
    assert [row["Type"] for row in told["properties"]][3:] == ["TimeDimension", "Topic"]
    assert {*told["dimensions"]} == {"Geslacht", "Leeftijd", "Postcode", "Perioden"}
    assert len({row["ID"] for row in told["rows"]}) == 3000
    young = {row["Key"] for row in told["dimensions"]["Leeftijd"] if "15 tot" in row["Title"]}
    plain = cbs.read_inhabitants(EXAMPLE / "83502NED.csv")
    there = sum(
        r["Bevolking_1"] for r in told["rows"] if r["Leeftijd"] in young and r["Bevolking_1"] > 0
    )
    assert there == plain.loc[plain["age_from"] == 15, "inhabitants"].sum()


def test_odata_3_selects_and_filters(shop: Publishers, tmp_path: Path) -> None:
    facts = {
        "by": "odata3",
        "table": "85353NED",
        "filter": "Niveau eq 'T001452'",
        "year": 2023,
        "select": ["ID", "RegioS", "Studenten_1"],
    }
    got = fetch(shop.web(), facts, tmp_path / "a.json")
    told = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert [row["RegioS"] for row in told["rows"]] == ["NL01    ", "GM9101  ", "GM9102  "]
    assert {*told["rows"][0]} == {"ID", "RegioS", "Studenten_1"}
    assert got.year == 2023
    with pytest.raises(InputError, match=r"no period '1999'. The newest are: 2023SJ00, 2024SJ00"):
        fetch(shop.web(), {**facts, "year": 1999}, tmp_path / "b.json")


def test_odata_4(shop: Publishers, tmp_path: Path) -> None:
    shop.page_rows_4 = 5
    got = fetch(shop.web(), {"by": "odata4", "table": "85353NED"}, tmp_path / "a.json")
    told = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert got.rows == len(told["rows"]) == 12
    assert told["measures"] == [{"Identifier": "M000001", "Title": "Studenten", "Unit": "aantal"}]
    assert [row["Value"] for row in told["rows"]].count(None) == 4
    year = {"by": "odata4", "table": "85353NED", "year": "newest"}
    assert fetch(shop.web(), year, tmp_path / "b.json").rows == 6


def test_odata_that_holds_rows_back(shop: Publishers, tmp_path: Path) -> None:
    def shorter(body: bytes) -> bytes:
        told = json.loads(body)
        return json.dumps({**told, "value": told["value"][:-1]}).encode()

    shop.fail("opendata.cbs.nl/ODataFeed/odata/83502NED/TypedDataSet", Fault(change=shorter))
    facts = {"by": "odata3", "table": "83502NED"}
    refused(shop, facts, tmp_path / "a.json", "announced 3,000 and gave 2,999")


def test_odata_without_a_count_is_still_read(shop: Publishers, tmp_path: Path) -> None:
    shop.fail("opendata.cbs.nl/ODataApi/odata/83502NED/TypedDataSet/$count", Fault(status=404))
    assert fetch(shop.web(), {"by": "odata3", "table": "83502NED"}, tmp_path / "a").rows == 3000


@pytest.mark.parametrize("by", ["odata3", "odata4"])
def test_a_table_that_is_not_there(shop: Publishers, tmp_path: Path, by: str) -> None:
    refused(shop, {"by": by, "table": "00000NED"}, tmp_path / "a", "does not have this")


# --- PDOK ---------------------------------------------------------------------------------------


def test_a_collection_becomes_a_layer_in_rd(shop: Publishers, tmp_path: Path) -> None:
    facts = {"by": "ogc", "url": MUNICIPALITIES, "year": "newest"}
    to = tmp_path / "a.gpkg"
    got = fetch(shop.web(), facts, to)
    assert (got.rows, got.year) == (24, 2025)
    about = pyogrio.read_info(to)
    assert [name for name, _ in pyogrio.list_layers(to)] == ["gemeente_gegeneraliseerd"]
    assert (about["crs"], about["geometry_type"]) == ("EPSG:28992", "MultiPolygon")
    published = geofile.read_areas(
        EXAMPLE / "cbsgebiedsindelingen2025.gpkg", layer="gemeente_gegeneraliseerd"
    )
    ours = geofile.read_areas(to)
    assert ours["code"].tolist() == published["code"].tolist()
    assert ours.geometry.geom_equals_exact(published.geometry, 0.001).all()


def test_without_a_year_the_newest_and_never_all_of_them(shop: Publishers, tmp_path: Path) -> None:
    got = fetch(shop.web(), {"by": "ogc", "url": MUNICIPALITIES}, tmp_path / "a.gpkg")
    assert (got.rows, got.year) == (24, 2025)


def test_a_collection_without_years(shop: Publishers, tmp_path: Path) -> None:
    found = data_sets()["municipalities_kadaster"]
    got = fetch(shop.web(), {"url": found.url, **found.fetch}, tmp_path / "a.gpkg")
    assert (got.rows, got.year) == (24, None)
    assert geofile.read_areas(tmp_path / "a.gpkg")["code"][0] == "GM9101"


def test_a_feature_without_a_place_stays(shop: Publishers, tmp_path: Path) -> None:
    def emptied(body: bytes) -> bytes:
        told = json.loads(body)
        told["features"][3]["geometry"] = None
        told["features"][5]["geometry"] = {"type": "Polygon", "coordinates": []}
        return json.dumps(told).encode()

    shop.fail("api.pdok.nl/cbs/gebiedsindelingen", Fault(change=emptied))
    facts = {"by": "ogc", "url": MUNICIPALITIES, "year": 2025}
    fetch(shop.web(), facts, tmp_path / "a.gpkg")
    found = gpd.read_file(tmp_path / "a.gpkg")
    assert len(found) == 24
    assert found.geometry[3] is None
    assert found.geometry[5].wkt == "MULTIPOLYGON EMPTY"


@pytest.mark.parametrize(
    ("feature", "says"),
    [
        ({"type": "Point", "coordinates": [1e5, 5e5]}, "differ in kind .MultiPoint, MultiPolygon"),
        ({"type": "Polygon", "coordinates": [[[5.0, 52.0]]]}, "differ in kind .degrees, metres"),
        ("nothing", "cannot be read"),
    ],
)
def test_features_that_do_not_belong_together(
    shop: Publishers, tmp_path: Path, feature: object, says: str
) -> None:
    def other(body: bytes) -> bytes:
        told = json.loads(body)
        told["features"][3]["geometry"] = feature
        return json.dumps(told).encode()

    shop.fail("api.pdok.nl/cbs/gebiedsindelingen", Fault(change=other))
    refused(shop, {"by": "ogc", "url": MUNICIPALITIES, "year": 2025}, tmp_path / "a.gpkg", says)


def test_pages_of_a_collection(shop: Publishers, tmp_path: Path) -> None:
    url = "https://api.pdok.nl/cbs/postcode4/ogc/v1/collections/postcode4/items"
    facts = {"by": "ogc", "url": url, "year": 2024, "params": {"limit": 40}}
    got = fetch(shop.web(), facts, tmp_path / "a.gpkg")
    assert got.rows == 150
    assert shop.count("api.pdok.nl/cbs/postcode4") == 4
    assert geofile.read_pc4(tmp_path / "a.gpkg")["code"].is_unique


def test_a_year_without_features_names_those_that_there_are(
    shop: Publishers, tmp_path: Path
) -> None:
    facts = {"by": "ogc", "url": MUNICIPALITIES, "year": 2019}
    refused(shop, facts, tmp_path / "a.gpkg", "year 2019. Years that there are: 2024, 2025")
    wfs = {"by": "wfs", "url": WFS, "type": "gemeente_gegeneraliseerd", "year": 2019}
    refused(shop, wfs, tmp_path / "a.gpkg", "year 2019. Years that there are: 2024, 2025")


def test_the_newest_year_is_not_looked_for_for_ever(
    shop: Publishers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ogc, "this_year", lambda: 2040)
    facts = {"by": "ogc", "url": MUNICIPALITIES, "year": "newest"}
    refused(shop, facts, tmp_path / "a.gpkg", "nothing from 2035 to 2040")
    assert shop.count("api.pdok.nl") == 6


def test_a_server_that_does_not_know_the_year(shop: Publishers, tmp_path: Path) -> None:
    other = Fault(change=lambda body: body.replace(b'"jaarcode": 2025', b'"jaarcode": 2024'))
    shop.fail("api.pdok.nl/cbs/gebiedsindelingen", other)
    facts = {"by": "ogc", "url": MUNICIPALITIES, "year": 2025}
    refused(shop, facts, tmp_path / "a.gpkg", "year 2025 was asked for, features of 2024 came")


def test_a_server_that_does_not_know_rd_gives_degrees(shop: Publishers, tmp_path: Path) -> None:
    shelf = shop.data.collections["gemeente_gegeneraliseerd"]
    before = shelf.features
    shelf.features = lambda year, _: before(year, False)
    try:
        facts = {"by": "ogc", "url": MUNICIPALITIES, "year": 2025}
        fetch(shop.web(), facts, tmp_path / "a.gpkg")
    finally:
        shelf.features = before
    published = gpd.read_file(
        EXAMPLE / "cbsgebiedsindelingen2025.gpkg", layer="gemeente_gegeneraliseerd"
    )
    ours = geofile.read_areas(tmp_path / "a.gpkg")
    assert ours.geometry.hausdorff_distance(published.geometry).max() < 0.3


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("https://elsewhere.nl/items?cursor=x", "which is another publisher"),
        ("http://api.pdok.nl/items?cursor=x", "which is another publisher"),
        ("file:///etc/passwd", "which is another publisher"),
        (None, "gives the same page again"),
    ],
)
def test_next_links_that_lead_astray(
    shop: Publishers, tmp_path: Path, link: str | None, says: str
) -> None:
    def astray(body: bytes) -> bytes:
        told = json.loads(body)
        told["links"].append({"rel": "next", "href": link or told["links"][0]["href"]})
        del told["numberMatched"]
        return json.dumps(told).encode()

    shop.fail("api.pdok.nl/cbs/gebiedsindelingen", Fault(change=astray))
    refused(shop, {"by": "ogc", "url": MUNICIPALITIES, "year": 2025}, tmp_path / "a.gpkg", says)
    assert not any("elsewhere" in asked for asked in shop.asked)


def test_fewer_features_than_announced(shop: Publishers, tmp_path: Path) -> None:
    def fewer(body: bytes) -> bytes:
        told = json.loads(body)
        return json.dumps({**told, "features": told["features"][1:]}).encode()

    shop.fail("api.pdok.nl/cbs/gebiedsindelingen", Fault(change=fewer))
    to = tmp_path / "a.gpkg"
    to.write_bytes(b"the good one of before")
    refused(
        shop, {"by": "ogc", "url": MUNICIPALITIES, "year": 2025}, to, "announced 24 and gave 23"
    )


def test_a_total_that_changes_on_the_way() -> None:
    there = {"https://x.nl/1": Page([1, 2], "?p=2", 3), "https://x.nl/1?p=2": Page([2, 3], "", 4)}
    with pytest.raises(FetchError, match="added or taken away"):
        list(pages("https://x.nl/1", there.__getitem__))


def test_a_named_row_that_comes_twice_in_a_row() -> None:
    rows = [{"id": n, "a": n // 2} for n in range(4)]
    there = {"https://x.nl/1": Page(rows[:3], "?p=2"), "https://x.nl/1?p=2": Page(rows[2:])}
    with pytest.raises(FetchError, match="added or taken away"):
        list(pages("https://x.nl/1", there.__getitem__))
    bare = {"https://x.nl/1": Page([{"a": 1}], "?p=2"), "https://x.nl/1?p=2": Page([{"a": 1}, {}])}
    assert len(list(pages("https://x.nl/1", bare.__getitem__))) == 2


def test_more_rows_than_announced_end_the_asking() -> None:
    asked: list[str] = []

    def endless(url: str) -> Page:
        asked.append(url)
        return Page([len(asked), 0], f"?p={len(asked)}")

    with pytest.raises(FetchError, match="announced 3 and gave 4"):
        list(pages("https://x.nl/1", endless, total=3))
    assert len(asked) == 2


def test_too_much_for_a_page_is_asked_in_smaller_ones(shop: Publishers, tmp_path: Path) -> None:
    url = "https://api.pdok.nl/cbs/postcode4/ogc/v1/collections/postcode4/items"
    facts = {"by": "ogc", "url": url, "year": 2024}
    web = shop.web(most_bytes=100_000)
    assert fetch(web, facts, tmp_path / "a.gpkg").rows == 150
    assert shop.count("api.pdok.nl/cbs/postcode4") > 4


def test_wfs(shop: Publishers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ogc, "PAGE_ROWS", 7)
    facts = {"by": "wfs", "url": WFS, "type": "gebiedsindelingen:gemeente_gegeneraliseerd"}
    got = fetch(shop.web(), {**facts, "year": "newest"}, tmp_path / "a.gpkg")
    assert (got.rows, got.year) == (24, 2025)
    assert [name for name, _ in pyogrio.list_layers(tmp_path / "a.gpkg")] == [
        "gemeente_gegeneraliseerd"
    ]
    assert shop.count("service.pdok.nl/cbs/gebiedsindelingen/2025") == 1 + 4


def test_wfs_that_repeats_itself(shop: Publishers, tmp_path: Path) -> None:
    first = Fault(
        change=lambda body: body.replace(b'"numberMatched": 24', b'"numberMatched": 9999')
    )
    again = "service.pdok.nl/cbs/gebiedsindelingen/2025"
    shop.fail(again, first)
    facts = {"by": "wfs", "url": WFS, "type": "gemeente_gegeneraliseerd", "year": 2025}
    refused(shop, facts, tmp_path / "a.gpkg", "announced 9,999 and gave 24")


# --- RIO, Dataverse, SDMX -----------------------------------------------------------------------


def test_rio(shop: Publishers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo_mbo.sources.protocols.rio_lod.PAGE_ROWS", 30)
    facts = {"by": "rio_lod", "resource": "onderwijslocaties"}
    got = fetch(shop.web(), facts, tmp_path / "a.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert got.rows == len(rows) == 76
    assert rows[0]["onderwijslocatiecode"] == "901X001"
    assert shop.count("lod.onderwijsregistratie.nl") == 3
    refused(shop, {**facts, "resource": "niets"}, tmp_path / "b", "does not have this")


@pytest.mark.parametrize(
    "answer", [{"fault": "timeout"}, {"_embedded": [1]}, {"_links": {"next": "x"}}]
)
def test_an_excuse_of_rio_is_no_last_page(shop: Publishers, tmp_path: Path, answer: object) -> None:
    shop.fail("lod.onderwijsregistratie.nl", Fault(change=lambda _: json.dumps(answer).encode()))
    facts = {"by": "rio_lod", "resource": "onderwijslocaties"}
    refused(shop, facts, tmp_path / "a.jsonl", "cannot be read")


@pytest.mark.parametrize("ending", ["empty page", "bare list"])
def test_rio_in_its_other_forms(
    shop: Publishers, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo_mbo.sources.protocols.rio_lod.PAGE_ROWS", 38)

    def other(body: bytes) -> bytes:
        told = json.loads(body)
        rows = next(iter(told.get("_embedded", {}).values()), [])
        if ending == "bare list":
            return json.dumps(rows).encode()
        onward = told["_links"]["self"]["href"].replace("page=1", "page=2")
        told["_links"].setdefault("next", {"href": onward})
        return json.dumps(told).encode()

    shop.fail("lod.onderwijsregistratie.nl", Fault(change=other))
    facts = {"by": "rio_lod", "resource": "onderwijslocaties"}
    assert fetch(shop.web(), facts, tmp_path / "a.jsonl").rows == 76


def test_dataverse(shop: Publishers, tmp_path: Path) -> None:
    facts = {"by": "dataverse", "host": "ssh.datastations.nl", "doi": DOI, "file": "2023"}
    fetch(shop.web(), facts, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "BRIN,OORDEEL\n91AA,Voldoende\n"
    fetch(shop.web(), {**facts, "file": "2024"}, tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_text() == "BRIN,OORDEEL\n91AA,Goed\n"
    refused(shop, {**facts, "file": "personen"}, tmp_path / "c", "only be had on request")
    refused(shop, {**facts, "file": "oordelen"}, tmp_path / "c", "2 files of this data set fit")
    refused(shop, {**facts, "doi": "10.1/none"}, tmp_path / "c", "does not have this")
    shop.fail("ssh.datastations.nl/api/access", Fault(change=bytes.swapcase))
    refused(shop, facts, tmp_path / "c", "another digest")


def test_sdmx(shop: Publishers, tmp_path: Path) -> None:
    facts = {"by": "sdmx", "flow": FLOW, "key": "NLD..", "start": 2023}
    got = fetch(shop.web(), facts, tmp_path / "a.csv")
    assert got.rows == 1
    assert cells(tmp_path / "a.csv")[1][4:9] == ["NLD", "Netherlands", "2023", "", "69.1"]
    assert fetch(shop.web(), {"by": "sdmx", "flow": FLOW, "api": 2}, tmp_path / "b.csv").rows == 4
    refused(shop, {**facts, "flow": "X,Y,1"}, tmp_path / "c", "does not have this")
    shop.fail("sdmx.oecd.org", Fault(change=lambda _: b'{"data": {}}'))
    refused(shop, facts, tmp_path / "c", "cannot be read")


# --- Files --------------------------------------------------------------------------------------


def test_a_file_and_the_rest_of_it_after_a_break(shop: Publishers, tmp_path: Path) -> None:
    url = "https://download.geofabrik.de/europe/netherlands-latest.osm.pbf"
    shop.fail("download.geofabrik.de", Fault(times=2, cut=0.6))
    got = fetch(shop.web(), {"by": "file", "url": url}, tmp_path / "a.pbf")
    assert (tmp_path / "a.pbf").read_bytes() == (EXAMPLE / "wegen.osm.pbf").read_bytes()
    assert got.fetched.etag
    again = fetch(shop.web(), {"by": "file", "url": url}, tmp_path / "a.pbf", known=got.fetched)
    assert again.fetched.sha256 == got.fetched.sha256


def test_a_link_on_a_page(shop: Publishers, tmp_path: Path) -> None:
    facts = {"by": "file", "page": f"https://{STAFF_PAGE}", "pattern": r"mbo-in-personen.*\.xlsx$"}
    fetch(shop.web(), facts, tmp_path / "a.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes().startswith(b"PK")
    says = "no link on this page fits 'niets'.*onderwijspersoneel-mbo-in-fte-2020-2024.xlsx"
    refused(shop, {**facts, "pattern": "niets"}, tmp_path / "b", says)
    refused(shop, {**facts, "pattern": "2024"}, tmp_path / "b", "several links on this page fit")


def test_a_file_of_the_newest_year(shop: Publishers, tmp_path: Path) -> None:
    at = "https://service.pdok.nl/cbs/gebiedsindelingen/atom/v1_0/downloads/"
    facts = {"by": "file", "url": at + "cbsgebiedsindelingen{year}.gpkg"}
    assert fetch(shop.web(), facts, tmp_path / "a.gpkg").year == 2025
    refused(shop, {**facts, "year": 2020}, tmp_path / "b.gpkg", "does not have this")


def zipped(tmp_path: Path, members: dict[str, bytes]) -> Path:
    import zipfile

    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return path


def test_what_a_zip_calls_a_file_does_not_say_where_it_goes(tmp_path: Path) -> None:
    archive = zipped(tmp_path, {"../../evil.csv": b"1", "b.csv": b"2"})
    (tmp_path / "in").mkdir()
    assert files.take_out(archive, "evil", tmp_path / "in" / "x.csv") == "../../evil.csv"
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")} == {
        "a.zip",
        "in",
        "in/x.csv",
    }


@pytest.mark.parametrize(
    ("pattern", "says"),
    [("csv", "2 files in this zip fit"), ("none", "0 files.*There are: a.csv, b.csv")],
)
def test_zips_that_do_not_fit(tmp_path: Path, pattern: str, says: str) -> None:
    archive = zipped(tmp_path, {"a.csv": b"1", "b.csv": b"2"})
    with pytest.raises(FetchError, match=says):
        files.take_out(archive, pattern, tmp_path / "x")
    archive.write_bytes(archive.read_bytes()[:-30])
    with pytest.raises(FetchError, match="no zip that can be read"):
        files.take_out(archive, "a.csv", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_zips_that_are_damaged_anywhere(tmp_path: Path) -> None:
    archive = zipped(tmp_path, {"a.csv": b"A;B\n" + b"".join(b"%d;x\n" % n for n in range(99))})
    whole, shuffled = archive.read_bytes(), random.Random(4)
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] = shuffled.randrange(256)
        archive.write_bytes(damaged)
        with suppress(FetchError):
            files.take_out(archive, "csv", tmp_path / "x")


def test_a_zip_bomb(tmp_path: Path) -> None:
    archive = zipped(tmp_path, {"a.csv": b"0" * 3_000_000})
    with pytest.raises(FetchError, match="larger than 1,000,000 bytes"):
        files.take_out(archive, "a", tmp_path / "x", most_bytes=1_000_000)
    assert not (tmp_path / "x").exists()


def test_a_member_of_a_fetched_zip(shop: Publishers, tmp_path: Path) -> None:
    url = "https://gtfs.ovapi.nl/nl/gtfs-nl.zip"
    fetch(shop.web(), {"by": "file", "url": url, "member": r"^stops\.txt$"}, tmp_path / "stops.txt")
    assert cells(tmp_path / "stops.txt")[0][0] == "stop_id"
    assert {path.name for path in tmp_path.iterdir()} == {"stops.txt"}


# --- All of them --------------------------------------------------------------------------------

EVERY = [
    (CKAN, "onderwijsdata.duo.nl"),
    ({"by": "odata3", "table": "85353NED"}, "opendata.cbs.nl"),
    ({"by": "odata4", "table": "85353NED"}, "datasets.cbs.nl"),
    ({"by": "ogc", "url": MUNICIPALITIES, "year": 2025}, "api.pdok.nl"),
    (
        {"by": "wfs", "url": WFS, "type": "gemeente_gegeneraliseerd", "year": 2025},
        "service.pdok.nl",
    ),
    ({"by": "rio_lod", "resource": "onderwijslocaties"}, "lod.onderwijsregistratie.nl"),
    (
        {"by": "dataverse", "host": "ssh.datastations.nl", "doi": DOI, "file": "2023"},
        "ssh.datastations.nl",
    ),
    ({"by": "sdmx", "flow": FLOW}, "sdmx.oecd.org"),
    ({"by": "file", "url": "https://gtfs.ovapi.nl/nl/gtfs-nl.zip"}, "gtfs.ovapi.nl"),
]
BY = [str(facts["by"]) for facts, _ in EVERY]


def test_every_protocol_is_tried_here() -> None:
    assert {*BY} == {*PROTOCOLS}


@pytest.mark.parametrize(("facts", "host"), EVERY, ids=BY)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(times=2, status=503),
        Fault(times=1, status=429, retry_after="0"),
        Fault(trickle_b=4096),
    ],
    ids=["503", "429", "slow"],
)
def test_faults_that_pass(
    shop: Publishers, tmp_path: Path, facts: dict[str, object], host: str, fault: Fault
) -> None:
    shop.fail(host, Fault(**vars(fault)))
    fetch(shop.web(), facts, tmp_path / "a")
    assert (tmp_path / "a").stat().st_size


@pytest.mark.parametrize(("facts", "host"), EVERY, ids=BY)
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(status=500), "refuses"),
        (Fault(status=401), "refuses"),
        (Fault(page=True), "a web page instead of data"),
        (Fault(redirect="http://127.0.0.1:9/x"), "not asked"),
        (Fault(redirect="http://169.254.169.254/latest"), "not asked"),
        (Fault(redirect="file:///etc/passwd"), "not asked|no answer"),
        (Fault(redirect="https://elsewhere.nl/x"), "not asked"),
        (Fault(cut=0.5), "no answer"),
    ],
    ids=["500", "401", "page", "loopback", "metadata", "file", "elsewhere", "cut"],
)
def test_faults_that_stay(
    shop: Publishers, tmp_path: Path, facts: dict[str, object], host: str, fault: Fault, says: str
) -> None:
    shop.fail(host, Fault(**vars(fault)))
    to = tmp_path / "a"
    to.write_text("the good one of before")
    refused(shop, facts, to, says)


@pytest.mark.real_data
def test_a_whole_country(real_data: Path, tmp_path: Path) -> None:
    """Real boundaries and a made-up mbo on them, which agree with each other."""
    with publishers(real=real_data) as shop:
        for key in ("municipalities", "postcodes", "locations", "forecast", "roads"):
            found = data_sets()[key]
            name = f"{key}.gpkg" if found.fetch["by"] == "ogc" else key
            fetch(shop.web(), {"url": found.url, **found.fetch}, tmp_path / name)
    areas = geofile.read_areas(tmp_path / "municipalities.gpkg")
    assert len(areas) == 342
    assert len(geofile.read_pc4(tmp_path / "postcodes.gpkg")) == 4067
    students = duo.read_prognosis(tmp_path / "forecast")
    assert {*students["municipality"]} <= {*areas["name"]}
    sites = rio.read_locations(tmp_path / "locations")
    assert {*students["site_id"]} <= {*sites["site_id"]}
    places = geofile.points_in_rd(sites["longitude"], sites["latitude"])
    assert places.distance(areas.union_all()).max() < 1_000
    assert (tmp_path / "roads").stat().st_size > 50_000


def test_facts_that_are_missing(shop: Publishers, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'pigeon' is no way of fetching"):
        fetch(shop.web(), {"by": "pigeon"}, tmp_path / "a")
    with pytest.raises(InputError, match="has to be said: host, doi, file"):
        fetch(shop.web(), {"by": "dataverse"}, tmp_path / "a")
    with pytest.raises(InputError, match="'nu' is no year"):
        fetch(shop.web(), {"by": "ogc", "url": MUNICIPALITIES, "year": "nu"}, tmp_path / "a")


def test_the_catalogue_names_known_protocols() -> None:
    for found in data_sets().values():
        # What only a person can fetch has a page.
        assert found.fetch.get("by", "page") in (*PROTOCOLS, "page"), found.key


def test_addresses_come_out_as_they_were(shop: Publishers) -> None:
    text = walk.address("https://x.nl/a", {"q": "a&b=c d#é%", "n": None})
    assert text == f"https://x.nl/a?q={quote('a&b=c d#é%').replace('%20', '+')}"
