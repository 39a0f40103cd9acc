"""What the publishers on this machine have: the embedded example, as they would publish it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from tests.publishers_answers import CbsTable, Resource
from tests.publishers_more import Collection, Deposit

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "data" / "example"
OSM = "download.geofabrik.de/europe/netherlands-latest.osm.pbf"
GTFS = "gtfs.ovapi.nl/nl/gtfs-nl.zip"
AREAS = "service.pdok.nl/cbs/gebiedsindelingen/atom/v1_0/downloads/cbsgebiedsindelingen2025.gpkg"
STAFF_PAGE = (
    "duo.nl/open_onderwijsdata/middelbaar-beroepsonderwijs/personeel/"
    "onderwijspersoneel-mbo-in-aantal-personen.jsp"
)
STAFF = "duo.nl/open_onderwijsdata/images/"
DOI = "doi:10.17026/made-up"
FLOW = "OECD.EDU.IMEP,DSD_MADE_UP@DF_UP,1.0"

PACKAGES = {
    "adressen_mbo": "1bafae09-10e4-47b5-a54e-1c01f5776a60",
    "mbo-studenten-per-instelling": "63c2b502-5675-4110-83a0-a111c3f46332",
    "studentprognoses-mbo-per-instelling": "a9e3a468-3c11-4d7d-aa8b-1935d3709b5e",
    "mbo_opleidingsaanbod": "0f6c0f5e-0000-4000-8000-000000000001",
    "rio_nfo_po_vo_vavo_mbo_ho": "c416acd1-e083-4ec6-9203-3b20f98fe143",
}
_PER_INSTITUTION = "studenten-per-instelling-plaats"
RESOURCES = {
    "institutions": ("1a946297-a7ca-48d5-9ae8-19ad73bf8176", "adressen_mbo", "instellingenmbo"),
    "students_by_home": (
        "4ca1ec61-61aa-46f2-b01f-b657633fadf0",
        "mbo-studenten-per-instelling",
        f"2021-2025-11-{_PER_INSTITUTION}-instelling-leerweg-woongemeente-woonprovincie-leeft",
    ),
    "students_by_programme": (
        "0cf33778-666c-4a6d-bd58-0b4d1ddefb61",
        "mbo-studenten-per-instelling",
        f"2021-2025-03-{_PER_INSTITUTION}-van-de-instelling-sectorkamer-leerweg-opleiding-niv",
    ),
    "forecast": (
        "d8262ba4-9ad2-4a82-bc62-6cb620b3e2ab",
        "studentprognoses-mbo-per-instelling",
        "mbo-studentenprognose_gemeente_onderwijslocatie",
    ),
    "offers": (
        "5776abd4-d34b-4489-9b1b-fd639b05acdb",
        "mbo_opleidingsaanbod",
        "mbo_opleidingsaanbod",
    ),
    "locations": (
        "a7e3f323-6e46-4dca-a834-369d9d520aa8",
        "rio_nfo_po_vo_vavo_mbo_ho",
        "onderwijslocaties",
    ),
    "providers": (
        "6aac8002-8458-42fd-8e4b-604387b56273",
        "rio_nfo_po_vo_vavo_mbo_ho",
        "relaties_onderwijsaanbieders_onderwijsinstellingserkenningen",
    ),
}
"""Identifier, package and name of each resource, by the key of the data set."""

Features = Callable[[int, bool], list[dict[str, Any]]]


@dataclass
class Data:
    """Everything the publishers have, made when it is asked for."""

    files: dict[str, Callable[[], Path]] = field(default_factory=dict)
    pages: dict[str, list[str]] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    tables: dict[str, CbsTable] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    addresses: Sequence[Mapping[str, Any]] = ()
    rio: dict[str, Sequence[Any]] = field(default_factory=dict)
    deposits: list[Deposit] = field(default_factory=list)
    flows: dict[str, str] = field(default_factory=dict)
    doi: str = DOI
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="publishers-")))
    more_hosts: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, real: Path | None = None) -> Data:
        """Give the example, or the real country (with a made-up mbo) in folder `real`."""
        if real is None:
            return example()
        from tests.publishers_country import country

        return country(real)

    @property
    def hosts(self) -> set[str]:
        """The hosts of all publishers: the catalogue's, and those played here."""
        return {
            "onderwijsdata.duo.nl",
            "duo.nl",
            "www.duo.nl",
            "opendata.cbs.nl",
            "datasets.cbs.nl",
            "download.cbs.nl",
            "api.pdok.nl",
            "service.pdok.nl",
            "lod.onderwijsregistratie.nl",
            "ssh.datastations.nl",
            "sdmx.oecd.org",
            "download.geofabrik.de",
            "gtfs.ovapi.nl",
            *self.more_hosts,
        }

    def add_file(self, address: str, body: bytes) -> None:
        """Put a file at an address (``HOST/PATH``)."""
        path = self.folder / hashlib.sha256(address.encode()).hexdigest()[:16]
        path.write_bytes(body)
        self.files[address] = lambda: path

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def example() -> Data:
    """Give the embedded example as its publishers would publish it."""
    data = Data()
    for key, (_, _, name) in RESOURCES.items():
        if key != "providers":
            add_resource(data, key, partial(_text, EXAMPLE / f"{name}.csv"))
    add_resource(data, "providers", example_providers)
    data.files[OSM] = lambda: EXAMPLE / "wegen.osm.pbf"
    data.files[GTFS] = lambda: EXAMPLE / "gtfs.zip"
    data.files[AREAS] = lambda: EXAMPLE / "cbsgebiedsindelingen2025.gpkg"
    areas = EXAMPLE / "cbsgebiedsindelingen2025.gpkg"
    for layer in ("gemeente_gegeneraliseerd", "provincie_gegeneraliseerd"):
        add_collection(data, layer, {y: partial(frame_of, areas, layer) for y in (2024, 2025)})
    add_collection(data, "arbeidsmarktregio_gegeneraliseerd", {2025: partial(_regions, areas)})
    add_collection(data, "gemeentegebied", {2025: partial(_kadaster, areas)}, dated=False)
    postcodes = {2024: partial(frame_of, EXAMPLE / "cbs_pc4_2024.gpkg", "postcode4")}
    add_collection(data, "postcode4", postcodes)
    add_inhabitants(data, _example_ages(), "2024")
    add_rest(data)
    data.addresses = addresses_of(rows_of(EXAMPLE / "onderwijslocaties.csv"), "9101")
    data.rio = {"onderwijslocaties": rio_locations(rows_of(EXAMPLE / "onderwijslocaties.csv"))}
    return data


def add_resource(data: Data, key: str, text: Callable[[], str], **more: Any) -> Resource:
    """Put a table at the data portal, in its datastore."""
    number, package, name = RESOURCES[key]
    found = Resource(number, package, PACKAGES[package], name, text, **more)
    data.resources[number] = found
    return found


def add_collection(
    data: Data, name: str, years: Mapping[int, Callable[[], Any]], *, dated: bool = True
) -> None:
    """Put areas at PDOK: a frame in RD New for each year; or of today, that do not tell theirs."""

    @lru_cache(maxsize=8)
    def features(year: int, in_rd: bool) -> list[dict[str, Any]]:
        frame = years[year]()
        frame = frame if in_rd else frame.to_crs(4326)
        frame = frame.assign(jaarcode=year) if dated else frame
        told = json.loads(frame.to_json(drop_id=True, show_bbox=False))
        for k, feature in enumerate(told["features"]):
            feature["id"] = f"{name}.{year}.{k}"
        return list(told["features"])

    data.collections[name] = Collection(name, features, sorted(years))


def add_inhabitants(data: Data, rows: Iterable[tuple[str, str, Any]], year: str) -> None:
    """Put inhabitants by postcode and age at StatLine: table 83502NED."""
    kept = list(rows)
    ages = {
        title: f"{70_000 + 100 * k}" for k, title in enumerate(dict.fromkeys(r[1] for r in kept), 1)
    }
    postcodes = dict.fromkeys(f"PC{r[0]}" for r in kept)
    data.tables["83502NED"] = CbsTable(
        "83502NED",
        "Bevolking; geslacht, leeftijd en viercijferige postcode, 1 januari",
        (
            ("Geslacht", "Dimension", {"T001038": "Totaal mannen en vrouwen"}),
            ("Leeftijd", "Dimension", {code: title for title, code in ages.items()}),
            ("Postcode", "GeoDimension", {code: code[2:] for code in postcodes}),
            ("Perioden", "TimeDimension", {f"{year}JJ00": year}),
        ),
        (("Bevolking_1", "Bevolking", "aantal"),),
        cache(
            lambda: [
                ("T001038", ages[age], f"PC{pc4}", f"{year}JJ00", count) for pc4, age, count in kept
            ]
        ),
    )


def add_rest(data: Data) -> None:
    """Put the small made-up things that no study needs."""
    name = "onderwijspersoneel-mbo-in-personen-2020-2024.xlsx"
    data.pages[STAFF_PAGE] = [
        "../../images/onderwijspersoneel-mbo-in-personen-2019-2023.xlsx",
        f"../../images/{name}",
        "../../images/onderwijspersoneel-mbo-in-fte-2020-2024.xlsx",
        "/contact/",
    ]
    data.add_file(STAFF + name, _staff())
    data.tables["85353NED"] = _students_by_region()
    kept, table = b"BRIN,OORDEEL\n91AA,Voldoende\n", b"BRIN\tOORDEEL\n91AA\tGoed\n"
    data.deposits = [
        Deposit(11, "oordelen-2023.csv", kept, _md5(kept)),
        Deposit(12, "oordelen-2024.tab", table, _md5(table), table.replace(b"\t", b",")),
        Deposit(13, "personen.csv", kept, _md5(kept), restricted=True),
    ]
    head = "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,REF_AREA,Reference area"
    about = "DATAFLOW,OECD.EDU.IMEP:DSD_MADE_UP@DF_UP(1.0),Made up,I"
    data.flows[FLOW] = "\n".join(
        [
            f"{head},TIME_PERIOD,Time period,OBS_VALUE,Observation value,OBS_STATUS",
            *(
                f"{about},{code},{name},{year},,{value},,A"
                for code, name in (("NLD", "Netherlands"), ("BEL", "Belgium"))
                for year, value in ((2022, 68.5), (2023, 69.1))
            ),
        ]
    )


def addresses_of(locations: Iterable[Mapping[str, str]], municipality: str) -> list[dict[str, Any]]:
    """Give the addresses of sites as the Locatieserver has them."""
    from geo_mbo.sources.geofile import points_in_rd

    rows = [r for r in locations if r["GPS_LATITUDE"] and float(r["GPS_LATITUDE"]) > 50]
    points = points_in_rd(
        [float(r["GPS_LONGITUDE"]) for r in rows], [float(r["GPS_LATITUDE"]) for r in rows]
    )
    made = []
    for row, point in zip(rows, points, strict=True):
        house = row["HUISNUMMER"] + row["HUISNUMMERTOEVOEGING"]
        text = f"{row['STRAATNAAM']} {house}, {row['POSTCODE']} {row['PLAATSNAAM'].title()}"
        made.append(
            {
                "id": f"adr-{row['ONDERWIJSLOCATIECODE'].lower()}",
                "type": "adres",
                "weergavenaam": text,
                "gemeentecode": municipality,
                "postcode": row["POSTCODE"],
                "centroide_rd": f"POINT({point.x:.3f} {point.y:.3f})",
                "centroide_ll": f"POINT({row['GPS_LONGITUDE']} {row['GPS_LATITUDE']})",
                "words": " ".join({*text.lower().replace(",", " ").split()}),
            }
        )
    return made


def rio_locations(locations: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Give sites as the linked data of RIO has them."""
    made = []
    for row in locations:
        told: dict[str, Any] = {
            "id": row["ONDERWIJSLOCATIECODE"],
            "onderwijslocatiecode": row["ONDERWIJSLOCATIECODE"],
            "gpsLatitude": float(row["GPS_LATITUDE"] or 0),
            "gpsLongitude": float(row["GPS_LONGITUDE"] or 0),
            "bag-id": row["BAG_ID"],
            "straatnaam": row["STRAATNAAM"],
            "plaatsnaam": row["PLAATSNAAM"],
        }
        if row["HUISNUMMER"]:
            told["huisnummer"] = int(row["HUISNUMMER"])
        if row["POSTCODE"]:
            told["postcode"] = row["POSTCODE"]
        made.append(told)
    return made


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV of a publisher."""
    return list(csv.DictReader(io.StringIO(_text(path).lstrip("\ufeff"))))


def as_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Write rows as the data portal does: comma, UTF-8 with its mark."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return "\ufeff" + out.getvalue()


def providers_of(offers: Iterable[Mapping[str, str]], institutions: Mapping[str, str]) -> str:
    """Give which institution stands behind which provider; an ended relation among them."""
    found = {row["ONDERWIJSAANBIEDERID"]: institutions[row["NAAM"]] for row in offers}
    rows = [
        {"ONDERWIJSAANBIEDERID": p, "OIE_CODE": i, "BEGINDATUM": "2020-01-01", "EINDDATUM": ""}
        for p, i in found.items()
    ]
    ended = {**rows[0], "BEGINDATUM": "2001-01-01", "EINDDATUM": "2019-12-31"}
    return as_text([ended, *rows])


def example_providers() -> str:
    names = {
        r["INSTELLINGSNAAM"]: r["INSTELLINGSCODE"] for r in rows_of(EXAMPLE / "instellingenmbo.csv")
    }
    return providers_of(rows_of(EXAMPLE / "mbo_opleidingsaanbod.csv"), names)


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def frame_of(path: Path, layer: str) -> Any:
    import geopandas as gpd

    return gpd.read_file(path, layer=layer)


def _regions(path: Path) -> Any:
    """Stand-ins for labour-market regions: the provinces, under other codes."""
    frame = frame_of(path, "provincie_gegeneraliseerd")
    codes = frame["statcode"].str.replace("PV", "AM", regex=False)
    return frame.assign(statcode=codes, rubriek="arbeidsmarktregio")


def _kadaster(path: Path) -> Any:
    """The municipalities as the land registry has them."""
    frame = frame_of(path, "gemeente_gegeneraliseerd")
    return frame.assign(
        code=frame["statcode"].str[2:],
        identificatie=frame["statcode"],
        naam=frame["statnaam"],
        ligt_in_provincie_code="91",
    )[["code", "identificatie", "naam", "ligt_in_provincie_code", "geometry"]]


def _example_ages() -> list[tuple[str, str, int]]:
    with (EXAMPLE / "83502NED.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return [
        (row["Postcode"], row["Leeftijd"], int(row["Bevolking (aantal)"]))
        for row in rows
        if re.fullmatch(r"\d{4}", row["Postcode"])
    ]


def _students_by_region() -> CbsTable:
    """85353NED in small: codes of regions have blanks behind them, a cell is not known."""
    regions = {"NL01    ": "Nederland", "GM9101  ": "Haverdam", "GM9102  ": "Walmeerde"}
    periods = {"2023SJ00": "2023/'24", "2024SJ00": "2024/'25*"}
    levels = {"T001452": "Totaal mbo", "A050044": "Mbo-1"}
    rows = [
        (level, region, period, None if (level, region[:2]) == ("A050044", "GM") else 100 + k)
        for k, (level, region, period) in enumerate(
            (x, y, z) for x in levels for y in regions for z in periods
        )
    ]
    dimensions = (
        ("Niveau", "Dimension", levels),
        ("RegioS", "GeoDimension", regions),
        ("Perioden", "TimeDimension", periods),
    )
    title = "Mbo; studenten, niveau, leerweg, studierichting, regiokenmerken"
    measures = (("Studenten_1", "Studenten", "aantal"),)
    return CbsTable("85353NED", title, dimensions, measures, lambda: rows)


def _staff() -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("owtype-best-instelling")
        for k, row in enumerate(
            [["INSTELLINGSCODE", "PERSONEN 2024"], ["91AA", 312], ["91AB", "*"]]
        ):
            sheet.write_row(k, 0, row)
    return out.getvalue()


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
