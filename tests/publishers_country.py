"""The real country with a made-up mbo: what a nationwide study asks of its publishers.

Boundaries, postcodes and ages are the real ones beside the project. Institutions, sites,
programmes, students and roads are made up from one seed, under names and codes that no one has:
students go where a site is large and near.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests import publishers_data as shelf
from tests.publishers_data import EXAMPLE, Data, as_text, rows_of

SITES, INSTITUTIONS, NEAREST = 220, 56, 10
YEARS, FORECAST = range(2021, 2026), range(2026, 2041)
SHARE = 0.2  # students among people of 15 to 25
DECAY_KM = 12.0
AGES = {
    "TM 15": 0.01,
    "16": 0.12,
    "17": 0.22,
    "18": 0.22,
    "19": 0.17,
    "20 TM 22": 0.18,
    "23 EN OUDER": 0.08,
}
TRACKS = {"BOLVT": 0.72, "BBL": 0.26, "EX": 0.02}
PROVINCES = {
    "Groningen": "PV20",
    "Friesland": "PV21",
    "Drenthe": "PV22",
    "Overijssel": "PV23",
    "Flevoland": "PV24",
    "Gelderland": "PV25",
    "Utrecht": "PV26",
    "Noord-Holland": "PV27",
    "Zuid-Holland": "PV28",
    "Zeeland": "PV29",
    "Noord-Brabant": "PV30",
    "Limburg": "PV31",
}
ROADS = "netherlands-latest.osm.pbf"

Rows = list[dict[str, object]]


def country(real: Path) -> Data:
    """Give the real country in folder `real`, with a made-up mbo."""
    made = Country(real)
    data = Data()
    tables = {
        "institutions": made.institutions,
        "offers": made.offers,
        "locations": made.locations,
        "students_by_home": made.students_by_home,
        "students_by_programme": made.students_by_programme,
        "forecast": made.forecast,
    }
    for key, rows in tables.items():
        shelf.add_resource(data, key, kept(lambda rows=rows: as_text(rows())))
    shelf.add_resource(data, "providers", kept(made.providers))
    for name, frame in made.areas.items():
        shelf.add_collection(data, name, {2025: partial(lambda found: found, frame)})
    shelf.add_collection(data, "postcode4", {2024: lambda: made.postcodes})
    shelf.add_inhabitants(data, made.ages(), "2024")
    data.files[shelf.OSM] = kept(lambda: write_roads(made, data.folder / ROADS))
    data.files[shelf.GTFS] = lambda: real / "transit" / "ams_gtfs_20260720_20260819.zip"
    data.files[shelf.AREAS] = kept(lambda: write_areas(made, data.folder / "areas.gpkg"))
    shelf.add_rest(data)
    texts = [{k: str(v) for k, v in row.items()} for row in made.locations()]
    data.addresses = shelf.addresses_of(texts, "0000")
    data.rio = {"onderwijslocaties": shelf.rio_locations(texts)}
    return data


def kept(make: Any) -> Any:
    """Make something once, when it is asked for."""
    found: list[Any] = []

    def give() -> Any:
        if not found:
            found.append(make())
        return found[0]

    return give


@dataclass
class Country:
    """What is real, and the mbo that is made up on it."""

    real: Path

    @cached_property
    def municipalities(self) -> Any:
        frame = shelf.frame_of(
            self.real / "nl" / "gemeenten_2025_rd.gpkg", "gemeenten_2025_rd_fixed"
        )
        frame = frame.assign(jrstatcode="2025" + frame["statcode"], rubriek="gemeente")
        inside = frame.set_geometry(frame.representative_point())
        joined = inside.sjoin_nearest(self.provinces[["statnaam", "geometry"]], rsuffix="p")
        province = joined.groupby(level=0)["statnaam_p"].first()
        return frame.assign(id=range(1, len(frame) + 1), province=province)

    @cached_property
    def provinces(self) -> Any:
        frame = shelf.frame_of(self.real / "nl" / "provincies_2022_rd.gpkg", "geo_provincies")
        codes = frame["provincie"].map(PROVINCES)
        return frame.assign(
            id=range(1, 13),
            statcode=codes,
            jrstatcode="2025" + codes,
            statnaam=frame["provincie"],
            rubriek="provincie",
        )[["id", "statcode", "jrstatcode", "statnaam", "rubriek", "geometry"]]

    @cached_property
    def areas(self) -> dict[str, Any]:
        """The collections of a year; COROP areas stand in for labour-market regions."""
        corop = shelf.frame_of(self.real / "nl" / "corop_2022_rd.gpkg", "geo_nuts3")
        codes = [f"AM{k:02}" for k in range(1, len(corop) + 1)]
        regions = corop.assign(statcode=codes, statnaam=corop["nuts3"], rubriek="arbeidsmarktregio")
        return {
            "gemeente_gegeneraliseerd": self.municipalities.drop(columns="province"),
            "provincie_gegeneraliseerd": self.provinces,
            "arbeidsmarktregio_gegeneraliseerd": regions[
                ["statcode", "statnaam", "rubriek", "geometry"]
            ],
        }

    @cached_property
    def postcodes(self) -> Any:
        frame = shelf.frame_of(self.real / "nl" / "pc4_rd.gpkg", "pc4")
        frame = frame[~frame.is_empty].reset_index(drop=True)  # one postcode has no area at all
        codes = frame["postcode"].astype(int)
        young = codes.map(self.young).fillna(-99997).astype(int)
        return frame.assign(postcode=codes, aantal_inwoners_15_tot_25_jaar=young)[
            ["postcode", "inwoners", "aantal_inwoners_15_tot_25_jaar", "geometry"]
        ].rename(columns={"inwoners": "aantal_inwoners"})

    @cached_property
    def young(self) -> pd.Series:
        rows = pd.read_csv(self.real / "nl" / "pc4_population_age5_2021.csv")
        rows = rows[rows["leeftijd"].isin(["15-19", "20-24"])]
        return rows.groupby("postcode")["inwoners"].sum()

    def ages(self) -> Iterator[tuple[str, str, int]]:
        path = self.real / "nl" / "pc4_population_age5_2021.csv"
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                first, _, last = row["leeftijd"].partition("-")
                band = f"{first} tot {int(last) + 1} jaar" if last else "95 jaar of ouder"
                yield row["postcode"], band, int(row["inwoners"] or -99997)

    @cached_property
    def towns(self) -> pd.DataFrame:
        """Each municipality: its young people, and the middle of its largest postcode."""
        points = self.postcodes.set_geometry(self.postcodes.representative_point())
        points = points.assign(young=points["postcode"].map(self.young).fillna(0))
        joined = points.sjoin(self.municipalities[["statcode", "geometry"]], predicate="within")
        largest = joined.sort_values("young").groupby("statcode").last()
        found = self.municipalities.set_index("statcode")[["statnaam", "province"]]
        found = found.join(joined.groupby("statcode")["young"].sum())
        place = largest.geometry.reindex(found.index)
        found["x"], found["y"] = place.x, place.y
        found["postcode"] = largest["postcode"]
        return found.dropna(subset=["x"]).assign(young=lambda f: f["young"].fillna(0))

    @cached_property
    def sites(self) -> pd.DataFrame:
        """Sites in the towns with most young people, several in the largest."""
        from geo_mbo.schema import RD

        rng = np.random.default_rng(4)
        weight = self.towns["young"].to_numpy()
        at = np.sort(rng.choice(len(weight), SITES, p=weight / weight.sum()))
        towns = self.towns.iloc[at].reset_index()
        shift = rng.uniform(-600, 600, (SITES, 2))
        points = np.column_stack([towns["x"], towns["y"]]) + shift
        owner = np.arange(SITES) * INSTITUTIONS // SITES
        codes = [f"9{k // 26}{chr(65 + k % 26)}A" for k in range(INSTITUTIONS)]
        found = pd.DataFrame(
            {
                "site": [f"9{k // 1000:02}X{k % 1000:03}" for k in range(SITES)],
                "institution": [codes[k] for k in owner],
                "name": [f"Verzonnen College {k + 1}" for k in owner],
                "provider": [f"9{k // 1000:02}A{k % 1000:03}" for k in owner],
                "street": [f"Verzonnenweg {chr(65 + k % 26)}" for k in range(SITES)],
                "number": rng.integers(1, 200, SITES),
                "postcode": [f"{int(p)}AA" for p in towns["postcode"]],
                "town": towns["statnaam"],
                "municipality": towns["statcode"],
                "province": towns["province"],
                "size": rng.lognormal(0, 0.5, SITES),
                "x": points[:, 0],
                "y": points[:, 1],
            }
        )
        lonlat = _degrees(points, RD)
        return found.assign(lon=lonlat[:, 0].round(6), lat=lonlat[:, 1].round(6))

    @cached_property
    def programmes(self) -> list[list[dict[str, str]]]:
        """The programmes of the example at each site: so many, drawn from them all."""
        rng = np.random.default_rng(5)
        by_code: dict[str, dict[str, str]] = {
            row["ERKENDEOPLEIDINGSCODE"]: row
            for row in rows_of(EXAMPLE / "mbo_opleidingsaanbod.csv")
            if row["MBONIVEAU"]
        }
        every = list(by_code.values())
        counts = rng.integers(4, 16, SITES)
        return [[every[k] for k in sorted(rng.choice(len(every), n, False))] for n in counts]

    @cached_property
    def flows(self) -> pd.DataFrame:
        """Students of 2025 from each municipality to its likeliest sites."""
        towns, sites = self.towns, self.sites
        gap = np.hypot(
            towns["x"].to_numpy()[:, None] - sites["x"].to_numpy(),
            towns["y"].to_numpy()[:, None] - sites["y"].to_numpy(),
        )
        pull = sites["size"].to_numpy() * np.exp(-gap / 1000 / DECAY_KM)
        best = np.argsort(-pull, axis=1)[:, :NEAREST]
        share = np.take_along_axis(pull, best, axis=1)
        share /= share.sum(axis=1, keepdims=True)
        students = np.rint(share * SHARE * towns["young"].to_numpy()[:, None]).astype(int)
        town, rank = np.nonzero(students)
        return pd.DataFrame(
            {
                "town": towns["statnaam"].to_numpy()[town],
                "province": towns["province"].to_numpy()[town],
                "site": best[town, rank],
                "students": students[town, rank],
            }
        )

    def institutions(self) -> Rows:
        template = rows_of(EXAMPLE / "instellingenmbo.csv")[0]
        firsts = self.sites.groupby("institution", sort=False).first().reset_index()
        return [
            {
                **template,
                "PROVINCIE": row.province,
                "INSTELLINGSCODE": row.institution,
                "INSTELLINGSNAAM": row.name_,
                "STRAATNAAM": row.street,
                "HUISNUMMER-TOEVOEGING": row.number,
                "POSTCODE": row.postcode,
                "PLAATSNAAM": row.town.upper(),
                "GEMEENTENUMMER": row.municipality[2:],
                "GEMEENTENAAM": row.town.upper().replace("'S-", "S "),
            }
            for row in firsts.rename(columns={"name": "name_"}).itertuples()
        ]

    def offers(self) -> Rows:
        rows: Rows = []
        for site, programmes in zip(self._sites(), self.programmes, strict=True):
            rows += [
                {
                    **programme,
                    "ONDERWIJSAANBIEDERID": site["provider"],
                    "NAAM": site["name"],
                    "ONDERWIJSLOCATIECODE": site["site"],
                    "STRAATNAAM": site["street"],
                    "HUISNUMMER": site["number"],
                    "HUISNUMMERTOEVOEGING": "",
                    "POSTCODE": site["postcode"],
                    "PLAATSNAAM": site["town"].upper(),
                    "AANGEBODEN_OPLEIDINGCODE": f"9{len(rows) + k:08}",
                    "WEBSITE": "",
                }
                for k, programme in enumerate(programmes)
            ]
        return rows

    def locations(self) -> Rows:
        return [
            {
                "ONDERWIJSLOCATIECODE": site["site"],
                "BAG_ID": f"{k:016}",
                "GPS_LATITUDE": site["lat"],
                "GPS_LONGITUDE": site["lon"],
                "STRAATNAAM": site["street"],
                "HUISNUMMER": site["number"],
                "HUISNUMMERTOEVOEGING": "",
                "POSTCODE": site["postcode"],
                "PLAATSNAAM": site["town"].upper(),
            }
            for k, site in enumerate(self._sites())
        ]

    def providers(self) -> str:
        names = dict(zip(self.sites["name"], self.sites["institution"], strict=True))
        rows = [{k: str(v) for k, v in row.items()} for row in self.offers()]
        return shelf.providers_of(rows, names)

    def forecast(self) -> Rows:
        sites = self._sites()
        labels = [f"{s['site']}-{s['street'].replace(' ', '-')}-{s['town']}" for s in sites]
        return [
            {
                "Gemeentenaam": flow.town,
                "Instellingsnaam": sites[flow.site]["name"],
                "Instellingscode": sites[flow.site]["institution"],
                "Onderwijslocatie": labels[flow.site],
                "Jaar": year,
                "Aantal": _masked(flow.students * _growth(year)),
                "Type": "Historie" if year in YEARS else "Prognose",
                "Versie": 2,
            }
            for flow in self.flows.itertuples()
            for year in (*YEARS, *FORECAST)
        ]

    def students_by_home(self) -> Rows:
        sites = self.sites
        flows = self.flows.assign(institution=sites["institution"].to_numpy()[self.flows["site"]])
        sums = flows.groupby(["institution", "town", "province"])["students"].sum().reset_index()
        first = sites.groupby("institution").first()
        rows: Rows = []
        for flow in sums.itertuples():
            about = first.loc[flow.institution]
            rows += [
                {
                    "INSTELLINGSCODE": flow.institution,
                    "INSTELLINGSNAAM": about["name"],
                    "SOORT INSTELLING": "ROC",
                    "PLAATSNAAM INSTELLING": about["town"].upper(),
                    "WOONPROVINCIE": flow.province,
                    "WOONGEMEENTE": flow.town,
                    "LEEFTIJDSCATEGORIE": age,
                    "LEERWEG": track,
                    **{f"JAAR_{y}": _masked(flow.students * a * t * _growth(y)) for y in YEARS},
                }
                for age, a in AGES.items()
                for track, t in TRACKS.items()
            ]
        return rows

    def students_by_programme(self) -> Rows:
        totals = self.flows.groupby("site")["students"].sum()
        found: dict[tuple[str, str, str], dict[str, Any]] = {}
        sites = self._sites()
        for k, programmes in enumerate(self.programmes):
            each = totals.get(k, 0) / len(programmes)
            for programme in programmes:
                track = "BBL" if programme["LEERTRAJECT"] == "BBL" else "BOLVT"
                key = (sites[k]["institution"], programme["ERKENDEOPLEIDINGSCODE"], track)
                kept_ = found.setdefault(key, {"site": sites[k], "of": programme, "students": 0.0})
                kept_["students"] += each
        return [
            {
                "INSTELLINGSCODE": institution,
                "INSTELLINGSNAAM": told["site"]["name"],
                "SOORT INSTELLING": "ROC",
                "PLAATSNAAM INSTELLING": told["site"]["town"].upper(),
                "LEERWEG": track,
                "NIVEAU": told["of"]["MBONIVEAU"][-1],
                "ERKENDE OPLEIDING CODE": code,
                "ERKENDE OPLEIDING NAAM": told["of"]["OPLEIDINGSEENHEID_NAAM"],
                "SECTORKAMER NAAM": told["of"]["DOMEIN"],
                "HOOFDGROEP NAAM": told["of"]["DOMEIN"],
                **{
                    f"{sex}{year}": _masked(told["students"] / 2 * _growth(year))
                    for year in YEARS
                    for sex in ("MAN", "VROUW")
                },
            }
            for (institution, code, track), told in found.items()
        ]

    def _sites(self) -> list[dict[str, Any]]:
        return [{str(k): v for k, v in row.items()} for row in self.sites.to_dict("records")]


def write_roads(made: Country, to: Path) -> Path:
    """Write a made-up road map: the middles of neighbouring postcodes joined, and the sites."""
    import osmium
    from osmium.osm import mutable
    from scipy.spatial import Delaunay

    from geo_mbo.schema import RD

    middles = made.postcodes.representative_point()
    points = np.column_stack([np.r_[middles.x, made.sites["x"]], np.r_[middles.y, made.sites["y"]]])
    corners = Delaunay(points).simplices
    sides = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]))
    sides = np.unique(sides, axis=0)
    length_m = np.hypot(*(points[sides[:, 0]] - points[sides[:, 1]]).T)
    sides = sides[length_m < 15_000]
    lonlat = _degrees(points, RD).round(7)
    tags = {"highway": "secondary", "maxspeed": "60", "name": "Verzonnen weg"}
    with osmium.SimpleWriter(osmium.io.File(str(to), "pbf,add_metadata=false")) as writer:
        for k, (lon, lat) in enumerate(lonlat.tolist(), start=1):
            writer.add_node(mutable.Node(id=k, location=(lon, lat)))
        for k, (a, b) in enumerate(sides.tolist(), start=1):
            writer.add_way(mutable.Way(id=k, nodes=[a + 1, b + 1], tags=tags))
    return to


def write_areas(made: Country, to: Path) -> Path:
    """Write the yearly GeoPackage: all divisions of a year, each a layer."""
    for layer, frame in made.areas.items():
        frame.to_file(to, layer=layer, driver="GPKG")
    return to


def _degrees(points: Any, crs: int) -> Any:
    from pyproj import Transformer

    turn = Transformer.from_crs(crs, 4326, always_xy=True)
    return np.column_stack(turn.transform(points[:, 0], points[:, 1]))


def _growth(year: int) -> float:
    return 1 - 0.004 * (year - 2025)


def _masked(students: float) -> int:
    count = round(students)
    return -1 if 1 <= count <= 4 else count
