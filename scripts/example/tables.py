"""Write the files of DUO, RIO and CBS in the spelling of their publishers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from . import names
from .geo import to_wgs84, write_layer
from .land import Land
from .people import BANDS, SENTINEL, forecast, offers

Floats = npt.NDArray[np.float64]

AGES = ("TM 15", "16", "17", "18", "19", "20 TM 22", "23 EN OUDER")
RESIDENCE = (
    "2021-2025-11-studenten-per-instelling-plaats-instelling-leerweg-woongemeente-"
    "woonprovincie-leeft.csv"
)
COURSES = (
    "2021-2025-03-studenten-per-instelling-plaats-van-de-instelling-sectorkamer-leerweg-"
    "opleiding-niv.csv"
)
FORECAST = "mbo-studentenprognose_gemeente_onderwijslocatie.csv"
VAVO_LEVEL = {
    "vmbo-tl": ("VO-VMBO-TL", "Vavo vmbo"),
    "havo": ("VO-HAVO", "Vavo havo"),
    "vwo": ("VO-VWO", "Vavo vwo"),
}


def write_csv(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    delimiter: str = ",",
    encoding: str = "utf-8-sig",
    quoting: Any = csv.QUOTE_MINIMAL,
) -> int:
    """Write a table; return the number of rows."""
    count = 0
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=quoting)
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def masked(n: int) -> int:
    """Return -1 for 1 to 4, as DUO does."""
    return -1 if 1 <= n <= 4 else int(n)


def upper_name(name: str) -> str:
    """Return a gemeente name as DUO shouts it: no apostrophe, no province suffix."""
    return names.place_of(name).replace("'", " ").replace("-", " ").strip().upper()


def gemeente(code: str) -> names.Gemeente:
    """Return a gemeente by its code."""
    return next(g for g in names.GEMEENTEN if g.code == code)


def province(code: str) -> str:
    """Return the name of the province of a gemeente."""
    return names.PROVINCES["PV92" if code >= "GM9122" else "PV91"]


def kind_of(brin: str) -> str:
    """Return SOORT INSTELLING: ROC or BER."""
    return next(i.kind for i in names.INSTITUTIONS if i.brin == brin)[:3]


def addresses(land: Land, spots: Floats) -> pd.DataFrame:
    """Return code, coordinates, street, number, postcode and place of every site."""
    lon, lat = to_wgs84(*spots.T)
    tree = shapely.STRtree(land.areas)
    rows = []
    for i, s in enumerate(names.sites()):
        number = land.pc4s[int(tree.nearest(shapely.Point(spots[i])))].number
        letters = "XY" if s.code in names.SAME_ADDRESS else chr(65 + i % 26) + chr(65 + i * 5 % 26)
        rows.append(
            {
                "code": s.code,
                "lat": round(float(lat[i]), 6),
                "lon": round(float(lon[i]), 6),
                "street": s.street,
                "number": s.number,
                "extra": "A" if i % 9 == 4 else "",
                "postcode": f"{number}{letters}",
                "place": names.place_of(gemeente(s.gemeente).name),
                "bag": f"0000{9_100_000_000 + i * 37:012d}",
            }
        )
    found = pd.DataFrame(rows).set_index("code")
    found.loc[names.SAME_ADDRESS[1]] = found.loc[names.SAME_ADDRESS[0]]
    found["place"] = found["place"].astype(str)
    return found


def write_institutions(path: Path, address: pd.DataFrame) -> int:
    """Write DUO's instellingenmbo.csv."""
    header = names.words(
        "MBO INSTELLINGSSOORT - CODE|MBO INSTELLINGSSOORT - NAAM|PROVINCIE|BEVOEGD GEZAG NUMMER|"
        "INSTELLINGSCODE|INSTELLINGSNAAM|STRAATNAAM|HUISNUMMER-TOEVOEGING|POSTCODE|PLAATSNAAM|"
        "GEMEENTENUMMER|GEMEENTENAAM|DENOMINATIE|TELEFOONNUMMER|INTERNETADRES|"
        "STRAATNAAM CORRESPONDENTIEADRES|HUISNUMMER-TOEVOEGING CORRESPONDENTIEADRES|"
        "POSTCODE CORRESPONDENTIEADRES|PLAATSNAAM CORRESPONDENTIEADRES|NODAAL GEBIED CODE|"
        "NODAAL GEBIED NAAM|RPA-GEBIED CODE|RPA-GEBIED NAAM|WGR-GEBIED CODE|WGR-GEBIED NAAM|"
        "COROPGEBIED CODE|COROPGEBIED NAAM|ONDERWIJSGEBIED CODE|ONDERWIJSGEBIED NAAM|"
        "RMC-REGIO CODE|RMC-REGIO NAAM",
        "|",
    )
    rows = []
    for k, i in enumerate(names.INSTITUTIONS):
        g = gemeente(i.gemeente)
        site = next(s for s in names.sites() if s.brin == i.brin and s.gemeente == i.gemeente)
        a = address.loc[site.code]
        region = province(g.code)
        rows.append(
            (
                i.kind, i.kind_name, region, 99901 + k, i.brin, i.name, a.street,
                f"{a.number}{a.extra}", a.postcode, a.place.upper(), g.code[2:],
                upper_name(g.name), "Algemeen bijzonder", f"00000000{k + 1:02d}",
                f"www.{i.url}.example", f"Postbus {900 + k}", "", a.postcode, a.place.upper(),
                "91", region, "91", region, "91", region, "91", region, "91", region, "91", region,
            )
        )  # fmt: skip
    return write_csv(path, header, rows)


def write_offer(path: Path, address: pd.DataFrame) -> int:
    """Write mbo_opleidingsaanbod.csv: a programme at a location in a learning path."""
    header = names.words(
        "OPLEIDINGSEENHEIDCODE OPLEIDINGSEENHEID_TYPE WAARDEDOCUMENTSOORT OPLEIDINGSEENHEID_NIVEAU "
        "OPLEIDINGSEENHEID_NAAM OPLEIDINGSEENHEID_INTERNATIONALE_NAAM_ENGELS STUDIELAST "
        "STUDIELASTEENHEID ERKENDEOPLEIDINGSCODE ERKENDEOPLEIDINGSTYPE ERKENDEOPLEIDINGSSTELSEL "
        "KWALIFICATIEDOSSIER DOMEIN ONDERWIJSAANBIEDERID NAAM ONDERWIJSBESTUURID KVK_NUMMER "
        "ONDERWIJSLOCATIECODE STRAATNAAM HUISNUMMER HUISNUMMERTOEVOEGING POSTCODE PLAATSNAAM "
        "AANGEBODEN_OPLEIDINGCODE AANGEBODEN_OPLEIDING_TYPE AFWIJKENDE_OPLEIDINGSDUUROMVANG "
        "AFWIJKENDE_OPLEIDINGSDUUREENHEID EIGEN_AANGEBODEN_OPLEIDINGSLEUTEL LEERTRAJECT MBONIVEAU "
        "VOERTAAL EIGENNAAM WEBSITE"
    )
    sites, courses = names.sites(), names.programmes()
    inst = {i.brin: (k, i) for k, i in enumerate(names.INSTITUTIONS)}
    rows = []
    for n, o in enumerate(offers()):
        c, s = courses[o.programme], sites[o.site]
        k, i = inst[s.brin]
        a = address.loc[s.code]
        vavo = c.level == 0
        level, dossier = (
            VAVO_LEVEL[c.name.split(", ")[1]] if vavo else (f"MBO-{c.level}", f"Dossier {c.group}")
        )
        rows.append(
            (
                f"9901O{c.crebo - 98000:04d}", "VAVOOPLEIDING" if vavo else "MBOKWALIFICATIE",
                "DIPLOMA", level, c.name, "", "" if vavo else 1600 * max(1, c.level - 1),
                "" if vavo else "SBU", c.crebo, "VAVOOPLEIDING" if vavo else "MBOKWALIFICATIE",
                "" if vavo else "HKS", dossier, "Vavo" if vavo else c.group, f"901A{k + 1:03d}",
                i.name, f"901B{k + 1:03d}", f"0000000{k + 1}", s.code, a.street, a.number, a.extra,
                a.postcode, a.place.upper(), f"9901A{n + 1:04d}",
                "AANGEBODENVAVOOPLEIDING" if vavo else "AANGEBODENMBOOPLEIDING", "", "",
                f"{i.brin}-{n + 1}", "" if vavo else o.path, "" if vavo else level, "NLD", c.name,
                f"https://{i.url}.example/{c.crebo}",
            )
        )  # fmt: skip
    return write_csv(path, header, rows)


def write_residence(path: Path, frame: pd.DataFrame, merged_pc4s: list[int]) -> int:
    """Write the -11- file: institution x gemeente of residence x age x leerweg."""
    by_code = {g.code: (province(g.code), names.place_of(g.name)) for g in names.GEMEENTEN}
    table = frame.assign(
        region=[a or by_code[c][0] for a, c in zip(frame.abroad, frame.gemeente, strict=True)],
        home=[a or by_code[c][1] for a, c in zip(frame.abroad, frame.gemeente, strict=True)],
    )
    lost = table["pc4"].isin(merged_pc4s) & (table["abroad"] == "")
    years = [f"y{y}" for y in names.YEARS]
    before, after = table[lost].copy(), table[lost].copy()
    before["home"] = names.MERGED[1]
    before[[y for y in years if y >= "y2023"]] = False
    after[[y for y in years if y < "y2023"]] = False
    table = pd.concat([table[~lost], before, after])
    keys = ["brin", "region", "home", "age", "leerweg"]
    counts = table.groupby(keys)[years].sum()
    inst = {i.brin: i for i in names.INSTITUTIONS}
    rows = []
    for (brin, region, home, age, leerweg), n in counts.iterrows():
        if n.sum() == 0:
            continue
        i = inst[brin]
        seat = names.place_of(gemeente(i.gemeente).name).upper()
        head = (brin, i.name, kind_of(brin), seat, region, home, AGES[age], leerweg)
        rows.append((*head, *(masked(int(v)) for v in n)))
    header = names.words(
        "INSTELLINGSCODE|INSTELLINGSNAAM|SOORT INSTELLING|PLAATSNAAM INSTELLING|WOONPROVINCIE|"
        "WOONGEMEENTE|LEEFTIJDSCATEGORIE|LEERWEG|JAAR_2021|JAAR_2022|JAAR_2023|JAAR_2024|JAAR_2025",
        "|",
    )
    return write_csv(path, header, rows)


def write_courses(path: Path, frame: pd.DataFrame) -> int:
    """Write the -03- file: institution x programme x leerweg, men and women by year."""
    years = [f"y{y}" for y in names.YEARS]
    keys = ["brin", "programme", "leerweg"]
    men = frame[~frame.woman].groupby(keys)[years].sum()
    women = frame[frame.woman].groupby(keys)[years].sum()
    both = sorted(set(men.index) | set(women.index))
    men, women = men.reindex(both, fill_value=0), women.reindex(both, fill_value=0)
    inst = {i.brin: i for i in names.INSTITUTIONS}
    courses = names.programmes()
    rows = []
    for brin, k, leerweg in both:
        pairs = [
            (int(men.loc[brin, k, leerweg][y]), int(women.loc[brin, k, leerweg][y])) for y in years
        ]
        if not sum(map(sum, pairs)):
            continue
        i, c = inst[brin], courses[k]
        seat = names.place_of(gemeente(i.gemeente).name).upper()
        head = (brin, i.name, kind_of(brin), seat, leerweg, c.level, c.crebo, c.name)
        rows.append((*head, c.chamber, c.group, *(masked(n) for pair in pairs for n in pair)))
    header = names.words(
        "INSTELLINGSCODE|INSTELLINGSNAAM|SOORT INSTELLING|PLAATSNAAM INSTELLING|LEERWEG|NIVEAU|"
        "ERKENDE OPLEIDING CODE|ERKENDE OPLEIDING NAAM|SECTORKAMER NAAM|HOOFDGROEP NAAM",
        "|",
    ) + [f"{sex}{y}" for y in names.YEARS for sex in ("MAN", "VROUW")]
    return write_csv(path, header, rows)


def write_forecast(
    path: Path, frame: pd.DataFrame, address: pd.DataFrame, rng: np.random.Generator
) -> int:
    """Write the prognosis by gemeente and location; a few small counts stay bare, as at DUO."""
    sites = names.sites()
    inst = {i.brin: i.name for i in names.INSTITUTIONS}
    statname = {g.code: g.name for g in names.GEMEENTEN} | {"": "Overig"}
    rows = []
    for code, site, year, n in forecast(frame, rng).itertuples(index=False):
        s = sites[site]
        a = address.loc[s.code]
        bare = rng.random() < 0.03
        label = f"{s.code}-{a.street}-{a.place}"
        kind = "Historie" if year <= 2025 else "Prognose"
        shown = n if bare else masked(n)
        rows.append((statname[code], inst[s.brin], s.brin, label, year, shown, kind, 2))
    header = "Gemeentenaam Instellingsnaam Instellingscode Onderwijslocatie Jaar Aantal Type Versie"
    return write_csv(path, names.words(header), rows)


def write_locations(path: Path, address: pd.DataFrame, land: Land, rng: np.random.Generator) -> int:
    """Write RIO's onderwijslocaties.csv: every sort of school, one without coordinates."""
    rows = []
    for code, a in address.iterrows():
        blank = code == names.NO_COORDINATES
        where = ("", "") if blank else (a.lat, a.lon)
        rows.append((code, a.bag, *where, a.street, a.number, a.extra, a.postcode, a.place.upper()))
    some = rng.choice(len(land.pc4s), 40, replace=False)
    for n, k in enumerate(some):
        p = land.pc4s[int(k)]
        lon, lat = to_wgs84(p.x + rng.normal(0, 200), p.y + rng.normal(0, 200))
        spot = (round(float(lat), 6), round(float(lon), 6))
        bag = f"0000{9_200_000_000 + n * 41:012d}"
        street = names.street_name(3 * n + 1)
        postcode = "" if n % 13 == 7 else f"{p.number}{chr(65 + n % 26)}Z"
        code = f"901X{101 + n}"
        rows.append((code, bag, *spot, street, 2 * n + 1, "", postcode, p.place.upper()))
    rows.append(("901X199", "", 12.1, -68.3, "Kaya Verzonnen", 7, "", "", "PLAYA NIET BESTAAND"))
    header = names.words(
        "ONDERWIJSLOCATIECODE,BAG_ID,GPS_LATITUDE,GPS_LONGITUDE,STRAATNAAM,HUISNUMMER,"
        "HUISNUMMERTOEVOEGING,POSTCODE,PLAATSNAAM",
        ",",
    )
    return write_csv(path, header, rows)


def write_ages(path: Path, land: Land, bands: npt.NDArray[np.int64]) -> int:
    """Write 83502NED in the spelling of StatLine."""
    rows = [
        ("Totaal mannen en vrouwen", band, str(p.number), "2024", int(bands[i, k]))
        for k, band in enumerate(BANDS)
        for i, p in enumerate(land.pc4s)
    ]
    header = ("Geslacht", "Leeftijd", "Postcode", "Perioden", "Bevolking (aantal)")
    return write_csv(path, header, rows, ";", "utf-8-sig", csv.QUOTE_NONNUMERIC)


def write_merger(path: Path) -> int:
    """Write the merged gemeente in the project's own format."""
    old, name, new, date = names.MERGED
    header = ("date", "old_code", "old_name", "new_code", "share")
    return write_csv(path, header, [(date, old, name, new, "1.0")], encoding="utf-8")


def write_maps(folder: Path, land: Land, bands: npt.NDArray[np.int64]) -> None:
    """Write gemeenten and provinces as PDOK does, and PC4s as the CBS does."""
    order = sorted(land.gemeenten)
    frame = gpd.GeoDataFrame(
        {
            "id": range(1, len(order) + 1),
            "statcode": order,
            "jrstatcode": [f"2025{c}" for c in order],
            "statnaam": [gemeente(c).name for c in order],
            "rubriek": "gemeente",
        },
        geometry=[land.gemeenten[c] for c in order],
        crs="EPSG:28992",
    )
    path = folder / "cbsgebiedsindelingen2025.gpkg"
    write_layer(path, "gemeente_gegeneraliseerd", frame)
    shapes = []
    for name in names.PROVINCES.values():
        joined = shapely.coverage_union_all(
            [land.gemeenten[c] for c in order if province(c) == name]
        )
        shapes.append(shapely.MultiPolygon(shapely.get_parts(joined)))
    provinces = gpd.GeoDataFrame(
        {
            "id": range(1, 3),
            "statcode": list(names.PROVINCES),
            "jrstatcode": [f"2025{c}" for c in names.PROVINCES],
            "statnaam": list(names.PROVINCES.values()),
            "rubriek": "provincie",
        },
        geometry=shapes,
        crs="EPSG:28992",
    )
    write_layer(path, "provincie_gegeneraliseerd", provinces, append=True)
    total = bands.sum(axis=1)
    young = np.where(total < 100, SENTINEL, bands[:, 3] + bands[:, 4])
    pc4 = gpd.GeoDataFrame(
        {
            "postcode": np.array([p.number for p in land.pc4s], dtype=np.int32),
            "aantal_inwoners": total.astype(np.int32),
            "aantal_inwoners_15_tot_25_jaar": young.astype(np.int32),
        },
        geometry=land.areas,
        crs="EPSG:28992",
    )
    write_layer(folder / "cbs_pc4_2024.gpkg", "postcode4", pc4)
