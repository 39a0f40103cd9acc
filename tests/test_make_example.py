"""The made-up example: true formats, nothing real, every hard case really there."""

from __future__ import annotations

import csv
import hashlib
import re
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data" / "example"
REAL = ROOT.parent / "shared" / "data"
RESIDENCE = (
    "2021-2025-11-studenten-per-instelling-plaats-instelling-leerweg-woongemeente-"
    "woonprovincie-leeft.csv"
)
COURSES = (
    "2021-2025-03-studenten-per-instelling-plaats-van-de-instelling-sectorkamer-leerweg-"
    "opleiding-niv.csv"
)
FORECAST = "mbo-studentenprognose_gemeente_onderwijslocatie.csv"
YEARS = [f"JAAR_{y}" for y in range(2021, 2026)]
BRIN = ["91AA", "91AB", "91AC", "91AD", "91AE", "91AF"]
ABROAD = {"BELGIE", "DUITSLAND", "OVERIG BUITENLAND", "ONBEKEND"}
real_data = pytest.mark.skipif(
    not (REAL / "duo").is_dir(), reason="the real data are not beside the project"
)


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name, encoding="utf-8-sig", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def residence() -> pd.DataFrame:
    return table(RESIDENCE)


@pytest.fixture(scope="module")
def courses() -> pd.DataFrame:
    return table(COURSES)


@pytest.fixture(scope="module")
def forecast() -> pd.DataFrame:
    found = table(FORECAST)
    return found.assign(Jaar=found["Jaar"].astype(int), Aantal=found["Aantal"].astype(int))


@pytest.fixture(scope="module")
def locations() -> pd.DataFrame:
    return table("onderwijslocaties.csv").set_index("ONDERWIJSLOCATIECODE")


@pytest.fixture(scope="module")
def gemeenten() -> gpd.GeoDataFrame:
    path = DATA / "cbsgebiedsindelingen2025.gpkg"
    return gpd.read_file(path, layer="gemeente_gegeneraliseerd")


@pytest.fixture(scope="module")
def pc4() -> gpd.GeoDataFrame:
    return gpd.read_file(DATA / "cbs_pc4_2024.gpkg", layer="postcode4")


@pytest.fixture(scope="module")
def roads() -> tuple[dict[int, tuple[float, float]], list[tuple[list[int], dict[str, str]]], list]:
    nodes, ways, relations = {}, [], []
    for o in osmium.FileProcessor(str(DATA / "wegen.osm.pbf")):
        if o.is_node():
            nodes[o.id] = (o.lon, o.lat)
        elif o.is_way():
            ways.append(([n.ref for n in o.nodes], dict(o.tags)))
        else:
            members = [(m.type, m.ref, m.role) for m in o.members]
            relations.append((dict(o.tags), members))
    return nodes, ways, relations


def bounds(counts: pd.Series) -> tuple[int, int]:
    hidden = int((counts == -1).sum())
    seen = int(counts[counts >= 0].sum())
    return seen + hidden, seen + 4 * hidden


# ------------------------------------------------------------------ the same bytes


def test_committed_files_are_the_ones_of_the_digests() -> None:
    for line in (DATA / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == digest, name


def test_made_anew_gives_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "make_example.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)

    def versions(folder: Path) -> str:
        text = (folder / "README.md").read_text(encoding="utf-8")
        return next(line for line in text.splitlines() if line.startswith("    numpy "))

    if versions(tmp_path) != versions(DATA):
        pytest.skip(f"made with {versions(DATA).strip()}; here are other versions")
    assert (tmp_path / "SHA256SUMS").read_text() == (DATA / "SHA256SUMS").read_text()


def test_size() -> None:
    assert sum(p.stat().st_size for p in DATA.iterdir()) < 8_000_000


# ------------------------------------------------------------------ formats


@pytest.mark.parametrize(
    "name",
    [
        "instellingenmbo.csv",
        "mbo_opleidingsaanbod.csv",
        RESIDENCE,
        COURSES,
        FORECAST,
        "onderwijslocaties.csv",
        "83502NED.csv",
    ],
)
def test_encoding_and_delimiter(name: str) -> None:
    raw = (DATA / name).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    mark = ";" if name == "83502NED.csv" else ","
    rows = list(csv.reader(raw.decode("utf-8-sig").splitlines(), delimiter=mark))
    assert len({len(row) for row in rows}) == 1
    assert len(rows[0]) > 3


@real_data
@pytest.mark.real_data
@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("instelling_opleiding_geslacht", COURSES),
        ("instelling_woongemeente_leeftijd", RESIDENCE),
        ("prognose_gemeente_onderwijslocatie", FORECAST),
        ("adressen_instellingen", "instellingenmbo.csv"),
        ("opleidingsaanbod", "mbo_opleidingsaanbod.csv"),
        ("rio_onderwijslocaties", "onderwijslocaties.csv"),
    ],
)
def test_columns_are_the_publishers(key: str, name: str) -> None:
    import json

    schemas = json.loads((REAL / "duo" / "duo_mbo_resource_schemas.json").read_text("utf-8"))
    resource = schemas["resources"][key]
    assert list(table(name)) == [c.partition(":")[0] for c in resource["columns"]]
    assert resource["file"] == name


def test_residence_domains(residence: pd.DataFrame) -> None:
    assert set(residence["SOORT INSTELLING"]) == {"ROC", "BER"}
    assert set(residence["LEERWEG"]) == {"BBL", "BOLDT", "BOLVT", "EX"}
    ages = {"TM 15", "16", "17", "18", "19", "20 TM 22", "23 EN OUDER"}
    assert set(residence["LEEFTIJDSCATEGORIE"]) == ages
    assert set(residence["WOONPROVINCIE"]) == {"Haverland", "Zandgouw"} | ABROAD
    assert not residence.duplicated(list(residence)[:8]).any()
    numbers = residence[YEARS].astype(int).to_numpy()
    assert not np.isin(numbers, [1, 2, 3, 4]).any()
    assert (numbers >= -1).all()


def test_courses_domains(courses: pd.DataFrame) -> None:
    assert set(courses["NIVEAU"]) == {"1", "2", "3", "4"}
    numbers = courses.iloc[:, 10:].astype(int).to_numpy()
    assert not np.isin(numbers, [1, 2, 3, 4]).any()
    assert (numbers == -1).any()
    crebo = courses["ERKENDE OPLEIDING CODE"].astype(int)
    assert crebo.between(98001, 98050).all()


@real_data
@pytest.mark.real_data
def test_words_are_the_publishers(courses: pd.DataFrame) -> None:
    import json

    domains = json.loads((REAL / "duo" / "duo_mbo_resource_schemas.json").read_text("utf-8"))[
        "domains"
    ]
    for name in ("SECTORKAMER NAAM", "HOOFDGROEP NAAM"):
        assert set(courses[name]) <= set(domains[name])
    kinds = set(table("instellingenmbo.csv")["MBO INSTELLINGSSOORT - CODE"])
    assert kinds <= set(domains["MBO INSTELLINGSSOORT - CODE"])


def test_forecast_domains(forecast: pd.DataFrame, locations: pd.DataFrame) -> None:
    assert set(forecast["Versie"]) == {"2"}
    past = forecast["Type"] == "Historie"
    assert set(forecast.loc[past, "Jaar"]) == set(range(2021, 2026))
    assert set(forecast.loc[~past, "Jaar"]) == set(range(2026, 2041))
    code = forecast["Onderwijslocatie"].str.partition("-")[0]
    assert code.str.fullmatch(r"901X\d{3}").all()
    assert code.nunique() == 35
    assert set(code) <= set(locations.index)
    place = [locations.loc[c, "STRAATNAAM"] for c in sorted(set(code))]
    assert len(place) == 35


def test_offer(locations: pd.DataFrame) -> None:
    offer = table("mbo_opleidingsaanbod.csv")
    assert offer["ERKENDEOPLEIDINGSCODE"].nunique() == 50
    vavo = offer["OPLEIDINGSEENHEID_TYPE"] == "VAVOOPLEIDING"
    assert set(offer.loc[vavo, "OPLEIDINGSEENHEID_NIVEAU"]) == {"VO-VMBO-TL", "VO-HAVO", "VO-VWO"}
    assert set(offer.loc[vavo, "NAAM"]) == {"Volwassenencollege De Nieuwe Start"}
    assert set(offer.loc[~vavo, "MBONIVEAU"]) == {"MBO-1", "MBO-2", "MBO-3", "MBO-4"}
    assert set(offer.loc[~vavo, "LEERTRAJECT"]) == {"BOL", "BBL"}
    assert (offer.loc[~vavo, ["KWALIFICATIEDOSSIER", "DOMEIN"]] != "").all(axis=None)
    assert offer["ONDERWIJSAANBIEDERID"].str.fullmatch(r"901A\d{3}").all()
    assert offer["ONDERWIJSBESTUURID"].str.fullmatch(r"901B\d{3}").all()
    assert set(offer["ONDERWIJSLOCATIECODE"]) <= set(locations.index)


def test_ages(pc4: gpd.GeoDataFrame) -> None:
    ages = pd.read_csv(DATA / "83502NED.csv", sep=";", encoding="utf-8-sig")
    columns = ["Geslacht", "Leeftijd", "Postcode", "Perioden", "Bevolking (aantal)"]
    assert list(ages) == columns
    assert set(ages["Geslacht"]) == {"Totaal mannen en vrouwen"}
    assert ages["Leeftijd"].nunique() == 20
    assert {"0 tot 5 jaar", "15 tot 20 jaar", "95 jaar of ouder"} <= set(ages["Leeftijd"])
    assert (ages["Bevolking (aantal)"] % 5 == 0).all()
    total = ages.groupby("Postcode")["Bevolking (aantal)"].sum()
    shown = pc4.set_index("postcode")["aantal_inwoners"]
    assert (total == shown.reindex(total.index)).all()
    assert total.min() > 0


# ------------------------------------------------------------------ maps


def test_maps(gemeenten: gpd.GeoDataFrame, pc4: gpd.GeoDataFrame) -> None:
    assert list(gemeenten.columns[:5]) == ["id", "statcode", "jrstatcode", "statnaam", "rubriek"]
    provinces = gpd.read_file(
        DATA / "cbsgebiedsindelingen2025.gpkg", layer="provincie_gegeneraliseerd"
    )
    assert list(provinces["statcode"]) == ["PV91", "PV92"]
    assert len(gemeenten) == 24
    assert len(pc4) == 150
    for frame in (gemeenten, pc4, provinces):
        assert frame.crs.to_epsg() == 28992
        assert set(frame.geom_type) == {"MultiPolygon"}
        assert frame.is_valid.all()
        assert shapely.coverage_is_valid(frame.geometry.to_numpy())
    west, south, east, north = gemeenten.total_bounds
    assert (west > 18_000) & (east < 82_000) & (south > 518_000) & (north < 592_000)


def test_pc4_straddles_some_borders(gemeenten: gpd.GeoDataFrame, pc4: gpd.GeoDataFrame) -> None:
    left, right = pc4[["postcode", "geometry"]], gemeenten[["statcode", "geometry"]]
    pieces = gpd.overlay(left, right, keep_geom_type=False)
    pieces["share"] = pieces.area / pieces["postcode"].map(pc4.set_index("postcode").area)
    most = pieces.groupby("postcode")["share"].max()
    assert (most > 0.5).all()
    assert 3 <= (most < 0.98).sum() <= 25


def test_hidden_inhabitants(pc4: gpd.GeoDataFrame) -> None:
    hidden = pc4["aantal_inwoners_15_tot_25_jaar"] == -99997
    assert hidden.sum() == 3
    assert pc4.loc[hidden, "aantal_inwoners"].max() < 100


# ------------------------------------------------------------------ hard cases in the numbers


def test_files_agree(residence: pd.DataFrame, courses: pd.DataFrame, forecast: pd.DataFrame):
    """The three counts of 2025 by institution overlap within what is hidden."""
    latest = forecast[forecast["Jaar"] == 2025]
    for brin in BRIN:
        a = bounds(residence.loc[residence["INSTELLINGSCODE"] == brin, "JAAR_2025"].astype(int))
        rows = courses["INSTELLINGSCODE"] == brin
        b = bounds(courses.loc[rows, ["MAN2025", "VROUW2025"]].astype(int).stack())
        c = bounds(latest.loc[latest["Instellingscode"] == brin, "Aantal"])
        assert max(a[0], b[0], c[0]) <= min(a[1], b[1], c[1]), brin


def test_hidden_and_bare_counts(residence: pd.DataFrame, forecast: pd.DataFrame) -> None:
    assert (residence[YEARS].astype(int) == -1).any().all()
    assert (forecast["Aantal"] == -1).any()
    assert forecast["Aantal"].between(1, 4).any()


def test_merged_gemeente(residence: pd.DataFrame, gemeenten: gpd.GeoDataFrame) -> None:
    text = (DATA / "gemeente_herindelingen.csv").read_text(encoding="utf-8")
    assert text.splitlines() == [
        "date,old_code,old_name,new_code,share",
        "2023-01-01,GM9121,Klaverdijk,GM9116,1.0",
    ]
    old = residence.loc[residence["WOONGEMEENTE"] == "Klaverdijk", YEARS].astype(int)
    assert (old[["JAAR_2021", "JAAR_2022"]] != 0).any().all()
    assert (old[["JAAR_2023", "JAAR_2024", "JAAR_2025"]] == 0).all(axis=None)
    assert "GM9121" not in set(gemeenten["statcode"])
    assert "GM9116" in set(gemeenten["statcode"])


def test_twin_name(residence: pd.DataFrame, gemeenten: gpd.GeoDataFrame, forecast: pd.DataFrame):
    twins = {"Broekwaarde (H.)", "Broekwaarde (Z.)"}
    assert twins <= set(gemeenten["statnaam"])
    assert twins <= set(forecast["Gemeentenaam"])
    rows = residence[residence["WOONGEMEENTE"] == "Broekwaarde"]
    assert set(rows["WOONPROVINCIE"]) == {"Haverland", "Zandgouw"}
    assert not residence["WOONGEMEENTE"].str.contains("(", regex=False).any()


def test_abroad(residence: pd.DataFrame, forecast: pd.DataFrame) -> None:
    assert set(residence["WOONPROVINCIE"]) >= ABROAD
    assert "Overig" in set(forecast["Gemeentenaam"])
    assert set(forecast["Gemeentenaam"]) - {"Overig"} == set(
        gpd.read_file(DATA / "cbsgebiedsindelingen2025.gpkg", layer="gemeente_gegeneraliseerd")[
            "statnaam"
        ]
    )


def test_locations(locations: pd.DataFrame, forecast: pd.DataFrame) -> None:
    used = set(forecast["Onderwijslocatie"].str[:7])
    blank = locations[locations["GPS_LATITUDE"] == ""]
    assert list(blank.index) == ["901X031"]
    assert blank["POSTCODE"].item()
    assert "901X031" in used
    same = locations.loc[["901X002", "901X033"]]
    assert same.nunique().max() == 1
    assert (locations["GPS_LATITUDE"].replace("", "52").astype(float) < 50).sum() == 1
    assert "901X199" not in used
    assert len(set(locations.index) - used) >= 20
    assert locations.loc[sorted(used), "POSTCODE"].str.fullmatch(r"\d{4}[A-Z]{2}").all()
    ids = locations["BAG_ID"]
    assert ids[ids != ""].str.fullmatch(r"0000\d{12}").all()


def test_hyphens_apostrophe_ampersand(forecast: pd.DataFrame) -> None:
    text = set(forecast["Onderwijslocatie"])
    assert "901X002-Jonkvrouw-Adelheidlaan-Haverdam" in text
    assert "901X007-Sint-Jorisdreef-'s-Jorisveen" in text
    schools = table("instellingenmbo.csv")
    assert "Beroepscollege 't Want & Roer" in set(schools["INSTELLINGSNAAM"])
    assert schools["GEMEENTENAAM"].str.isupper().all()
    assert schools["GEMEENTENUMMER"].str.fullmatch(r"\d{4}").all()


def test_doubling(courses: pd.DataFrame, locations: pd.DataFrame) -> None:
    rows = courses[courses["ERKENDE OPLEIDING CODE"] == "98044"]
    assert set(rows["INSTELLINGSCODE"]) == {"91AA", "91AC"}
    for _, part in rows.groupby("INSTELLINGSCODE"):
        low, high = bounds(part[["MAN2025", "VROUW2025"]].astype(int).stack())
        assert 5 <= low <= high < 18
    offer = table("mbo_opleidingsaanbod.csv")
    at = offer.loc[offer["ERKENDEOPLEIDINGSCODE"] == "98044", "ONDERWIJSLOCATIECODE"].unique()
    spot = locations.loc[at, ["GPS_LONGITUDE", "GPS_LATITUDE"]].astype(float)
    points = gpd.points_from_xy(*spot.to_numpy().T, crs="EPSG:4326").to_crs("EPSG:28992")
    assert points[0].distance(points[1]) < 5000


def test_decline_and_growth(forecast: pd.DataFrame) -> None:
    seen = forecast.assign(n=forecast["Aantal"].where(forecast["Aantal"] >= 0, 2.5))
    sums = seen.pivot_table(index="Gemeentenaam", columns="Jaar", values="n", aggfunc="sum")
    fall = sums.loc[["Grauwerkapel", "Vlierhaven"]].sum()
    rise = sums.loc[["Walmeerde", "Lindewaarde", "'s-Jorisveen"]].sum()
    assert 0.70 < fall[2035] / fall[2025] < 0.80
    assert rise[2035] / rise[2025] > 1.08


def test_most_go_near_but_not_all_nearest(forecast: pd.DataFrame) -> None:
    rows = forecast[(forecast["Jaar"] == 2025) & (forecast["Gemeentenaam"] == "Walmeerde")]
    here = rows["Onderwijslocatie"].str.endswith(("-Walmeerde", "-Lindewaarde"))
    share = rows.loc[here, "Aantal"].clip(lower=0).sum() / rows["Aantal"].clip(lower=0).sum()
    assert 0.5 < share < 0.97


# ------------------------------------------------------------------ roads and timetable


def parts(ways: list[tuple[list[int], dict[str, str]]]) -> list[set[int]]:
    import networkx as nx

    graph = nx.Graph()
    for nodes, _ in ways:
        nx.add_path(graph, nodes)
    return sorted(nx.connected_components(graph), key=len, reverse=True)


def test_roads(roads) -> None:
    nodes, ways, relations = roads
    used = {n for refs, _ in ways for n in refs}
    assert used == set(nodes)
    assert 18_000 <= len(nodes) <= 22_000
    kinds = Counter(tags.get("highway") for _, tags in ways)
    assert set(kinds) >= {
        *("motorway", "motorway_link", "trunk", "primary", "secondary", "tertiary"),
        *("unclassified", "residential", "living_street", "service", "track", "cycleway"),
        *("footway", "pedestrian", "steps", "path"),
    }
    every = {f"{k}={v}" for _, tags in ways for k, v in tags.items()}
    assert every >= {
        *("oneway=yes", "oneway=-1", "oneway:bicycle=no", "maxspeed=30", "maxspeed=NL:urban"),
        *("maxspeed=walk", "access=private", "access=no", "motor_vehicle=no", "foot=no"),
        *("bicycle=use_sidepath", "route=ferry", "duration=00:35", "bridge=yes", "layer=1"),
        *("junction=roundabout", "service=driveway", "service=parking_aisle"),
    }
    assert len(relations) >= 30
    ends = dict.fromkeys(nodes, 0)
    for refs, _ in ways:
        ends[refs[0]] += 1
        ends[refs[-1]] += 1
    for tags, members in relations:
        assert tags["type"] == "restriction"
        assert [role for *_, role in members] == ["from", "via", "to"]
        assert ends[members[1][1]] >= 2


def test_file_order_and_header() -> None:
    reader = osmium.io.Reader(str(DATA / "wegen.osm.pbf"))
    box = reader.header().box()
    assert box.valid()
    reader.close()
    seen = [(o.type_str(), o.id) for o in osmium.FileProcessor(str(DATA / "wegen.osm.pbf"))]
    assert seen == sorted(seen, key=lambda pair: ("nwr".index(pair[0]), pair[1]))
    for o in osmium.FileProcessor(str(DATA / "wegen.osm.pbf"), osmium.osm.NODE):
        assert not o.user
        assert o.version == 0
        break


def test_island_and_cut_off_part(roads, pc4: gpd.GeoDataFrame, gemeenten) -> None:
    nodes, ways, _ = roads
    with_ferry = parts(ways)
    without = parts([way for way in ways if "route" not in way[1]])
    assert len(with_ferry) == 2
    assert len(without) == 3
    lost = gpd.GeoSeries(
        gpd.points_from_xy(*zip(*[nodes[n] for n in sorted(with_ferry[1])], strict=True)),
        crs="EPSG:4326",
    ).to_crs("EPSG:28992")
    home = pc4[pc4.covers(lost.iloc[0])]
    assert len(home) == 1
    assert home["aantal_inwoners"].item() < 100
    assert home.covers(lost.union_all()).all()
    island = gemeenten.loc[gemeenten["statnaam"] == "Vlieterplaat", "geometry"].item()
    dry = gpd.GeoSeries(
        [shapely.Point(nodes[n]) for n in sorted(without[1])], crs="EPSG:4326"
    ).to_crs("EPSG:28992")
    assert dry.within(island.buffer(100)).all()


def test_loop_village(roads) -> None:
    _, ways, _ = roads
    loop = [(refs, tags) for refs, tags in ways if tags.get("name") == "Ringlaantje"]
    assert loop
    assert all(tags["oneway"] == "yes" for _, tags in loop)
    around = {n for refs, _ in loop for n in refs}
    cars = {"unclassified", "residential", "tertiary", "secondary", "primary", "living_street"}
    ways_in = [
        tags
        for refs, tags in ways
        if around & {refs[0], refs[-1]}
        and tags.get("name") != "Ringlaantje"
        and tags.get("highway") in cars
        and tags.get("motor_vehicle") != "no"
    ]
    assert [tags.get("name") for tags in ways_in] == ["Toegangsweg"]


def test_lacuna_is_far() -> None:
    """Only in Wierdinge, and Vlierhaven lies more than 45 km from it as the crow flies."""
    offer = table("mbo_opleidingsaanbod.csv")
    rows = offer[offer["ERKENDEOPLEIDINGSCODE"] == "98045"]
    assert set(rows["PLAATSNAAM"]) == {"WIERDINGE"}
    assert np.hypot(68.0 - 30.6, 573.6 - 535.6) > 45


def test_timetable() -> None:
    with zipfile.ZipFile(DATA / "gtfs.zip") as feed:
        names = {n.removesuffix(".txt") for n in feed.namelist()}
        assert {i.date_time for i in feed.infolist()} == {(2025, 10, 1, 0, 0, 0)}
        read = {n: pd.read_csv(feed.open(f"{n}.txt"), dtype=str) for n in sorted(names)}
    assert names == {
        *("agency", "stops", "routes", "trips", "stop_times", "calendar", "calendar_dates"),
        *("transfers", "feed_info"),
    }
    assert Counter(read["routes"]["route_type"]) == {"2": 1, "3": 12, "4": 1}
    assert set(read["calendar"]["start_date"]) == {"20250818"}
    assert set(read["calendar"]["end_date"]) == {"20260717"}
    assert (read["stops"]["location_type"] == "1").sum() == 8
    times = read["stop_times"]
    assert set(times["stop_id"]) <= set(read["stops"]["stop_id"])
    assert set(times["trip_id"]) == set(read["trips"]["trip_id"])
    assert (times["departure_time"] >= "24:00:00").any()
    order = times.sort_values(
        ["trip_id", "stop_sequence"], key=lambda c: c.astype(str).str.zfill(9)
    )
    later = order.groupby("trip_id")["departure_time"].apply(lambda t: t.is_monotonic_increasing)
    assert later.all()
    train = read["trips"][
        (read["trips"]["route_id"] == "T1") & (read["trips"]["service_id"] == "WEEKDAG")
    ]
    first = times[times["stop_sequence"] == "1"].set_index("trip_id")["departure_time"]
    out = first.loc[train.loc[train["direction_id"] == "0", "trip_id"]].sort_values()
    assert set(pd.to_timedelta(out).diff().dropna()) == {pd.Timedelta("30min")}


# ------------------------------------------------------------------ nothing real


def test_codes_are_the_invented_ones(pc4: gpd.GeoDataFrame, locations: pd.DataFrame) -> None:
    free = {*range(8942, 9001), *range(6746, 6811), *range(4945, 5011)}
    assert set(pc4["postcode"]) <= free
    codes = locations["POSTCODE"]
    assert set(codes[codes != ""].str[:4].astype(int)) <= free
    schools = table("instellingenmbo.csv")
    assert set(schools["INSTELLINGSCODE"]) == set(BRIN)
    assert schools["TELEFOONNUMMER"].str.startswith("000").all()
    assert schools["INTERNETADRES"].str.endswith(".example").all()
    assert table("mbo_opleidingsaanbod.csv")["WEBSITE"].str.contains(".example/", regex=False).all()


@real_data
@pytest.mark.real_data
def test_nothing_real(residence, forecast, locations, gemeenten, pc4) -> None:
    def column(path: str, name: str) -> set[str]:
        with (REAL / path).open(encoding="utf-8-sig", newline="") as file:
            return {row[name].strip().lower() for row in csv.DictReader(file) if row[name]}

    real = column("nl/pc4_attributes.csv", "plaats") | column("nl/pc4_attributes.csv", "gemeente")
    offer, schools = table("mbo_opleidingsaanbod.csv"), table("instellingenmbo.csv")
    with zipfile.ZipFile(DATA / "gtfs.zip") as feed:
        stops = pd.read_csv(feed.open("stops.txt"), dtype=str)["stop_name"].str.partition(",")[0]
    places = {
        *gemeenten["statnaam"].str.partition(" (")[0],
        *residence["WOONGEMEENTE"],
        *forecast["Onderwijslocatie"].str.extract(r"-(?:'s-)?([^-]+)$")[0],
        *forecast["Gemeentenaam"],
        *locations["PLAATSNAAM"],
        *offer["PLAATSNAAM"],
        *schools["GEMEENTENAAM"],
        *stops,
    }
    assert not {p.lower() for p in places} & real
    assert not {str(p) for p in pc4["postcode"]} & column("nl/pc4_attributes.csv", "postcode")
    crebo = set(offer["ERKENDEOPLEIDINGSCODE"])
    assert not crebo & column("duo/mbo_opleidingcodes.csv", "Opleidingcode")
    assert not {n.lower() for n in offer["OPLEIDINGSEENHEID_NAAM"]} & column(
        "duo/mbo_opleidingcodes.csv", "Opleidingsnaam"
    )
    assert not {b.lower() for b in BRIN} & column("duo/mbo_brin_names.csv", "BRIN")
    names = column("duo/mbo_brin_names.csv", "school")
    assert not {n.lower() for n in schools["INSTELLINGSNAAM"]} & names
    # And no BRIN anywhere in the text of any table.
    brins = column("duo/mbo_brin_names.csv", "BRIN")
    for path in sorted(DATA.glob("*.csv")):
        words = set(re.findall(r"\b\d{2}[a-z]{2}\b", path.read_text("utf-8-sig").lower()))
        assert not words & brins, path.name


def test_readme_tells_all() -> None:
    text = (DATA / "README.md").read_text(encoding="utf-8")
    assert "made up" in text
    for word in ("vavo", "-1", "ferry", "Klaverdijk", "98044", "98045", "901X031", "from memory"):
        assert word in text, word
    made = [line.split("  ")[1] for line in (DATA / "SHA256SUMS").read_text().splitlines()]
    for name in made:
        assert name in text or name == "README.md", name
