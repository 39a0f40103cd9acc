"""Damaged files against every reader: a right table or an error by name, never anything else.

`CASES` is the registry: a reader, and a golden file that it reads. To bring a reader under the
mutations, add a line. ``scripts/mutate.py`` runs ten thousand of each; the gate a few.
"""

from __future__ import annotations

import random
import signal
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_mbo.errors import GeoMboError
from geo_mbo.messages import LANGS
from geo_mbo.sources import cbs, duo, geofile, own, rio, rio_register
from geo_mbo.sources.catalogue import data_set
from geo_mbo.sources.cells import by_year
from geo_mbo.sources.facts import read_facts, read_records
from geo_mbo.sources.facts_layout import NEVER_BELOW
from geo_mbo.sources.facts_mapped import read_mapped
from geo_mbo.sources.grondslag import read_own_students
from geo_mbo.sources.text import read_text, take
from tests import mutators
from tests.land import MUNICIPALITIES, PC4, polygons
from tests.mutators import Mutator

GOLDEN = Path(__file__).parent / "golden"
RIO = GOLDEN / "rio"
LONGEST_MESSAGE = 1_500
LIMIT_S = 10
YEARS = (1900, 2100)
NEVER_NEGATIVE = ("count", "inhabitants", "capacity", "share", "young_people", "age_from", "age_to")

Form = Literal["text", "zip", "binary"]
Answer = Literal["right", "told", "fault"]


@dataclass(frozen=True)
class Case:
    """A reader and a file that it reads.

    Attributes
    ----------
    name
        The reader's, with the file's where it has several.
    read
        Takes a path, gives a frame.
    file
        The golden file, or what makes one in a folder.
    form
        Which mutators fit the file.
    """

    name: str
    read: Callable[[Path], pd.DataFrame]
    file: Path | Callable[[Path], Path]
    form: Form = "text"

    def data(self, folder: Path) -> tuple[str, bytes]:
        """Give the name and the bytes of the golden file."""
        path = self.file if isinstance(self.file, Path) else self.file(folder)
        return path.name, path.read_bytes()


def _areas(folder: Path, suffix: str, **how: str) -> Path:
    path = folder / f"areas{suffix}"
    frame = polygons(MUNICIPALITIES).rename(columns={"code": "statcode", "name": "statnaam"})
    path.unlink(missing_ok=True)
    (frame.to_crs(4326) if suffix == ".geojson" else frame).to_file(path, **how)
    return path


def _pc4(folder: Path) -> Path:
    path = folder / "pc4.gpkg"
    path.unlink(missing_ok=True)
    frame = gpd.GeoDataFrame({"postcode": [*PC4]}, geometry=[*PC4.values()], crs=28992)
    frame["aantal_inwoners_15_tot_25_jaar"] = [10, -99997, *range(len(frame) - 2)]
    frame.to_file(path)
    return path


def _book(folder: Path) -> Path:
    import xlsxwriter

    path = folder / "locaties.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("locaties")
    rows = [["site_id", "name", "capacity", "lon", "lat"], ["901X001", "Súd", 120, 5.39, 52.16]]
    for line, cells in enumerate([*rows, ["901X002", "Noord", "", 5.4, 52.2]]):
        sheet.write_row(line, 0, cells)
    book.close()
    return path


def _own(folder: Path) -> Path:
    path = folder / "locaties.csv"
    path.write_text(
        "site_id,name,capacity,lon,lat\n901X001,Súd,120,5.39,52.16\n901X002,Noord,,5.4,52.2\n",
        encoding="utf-8",
    )
    return path


def _own_students(path: Path) -> pd.DataFrame:
    """Count on a day that the file holds; its columns of text may all be missing."""
    return read_own_students(path, on=date(2025, 10, 1), notify=lambda _: None)


def _website(path: Path) -> pd.DataFrame:
    """Read counts by year beside one key, whatever other columns there are."""
    long = by_year(read_text(path), where=path.name)
    key = "BRIN NUMMER" if "BRIN NUMMER" in long else "INSTELLINGSCODE ACTUEEL"
    taken = take(long, {"institution_id": key}, where=path.name)
    return taken.join(long[["year", "count", "masked"]])


def _facts(key: str, file: str) -> Case:
    """Read a data set of the catalogue as its layout says."""
    table = data_set(key).table

    def read(path: Path) -> pd.DataFrame:
        return read_facts(path, table, notify=lambda _: None)

    return Case(f"facts: {key}", read, GOLDEN / "duo" / file)


def _mapped(name: str, file: str, columns: dict[str, str], **options: Any) -> Case:
    """Read a table as a user maps it."""

    def read(path: Path) -> pd.DataFrame:
        return read_mapped(path, columns=columns, notify=lambda _: None, **options)

    return Case(f"mapped: {name}", read, GOLDEN / "duo" / file)


def _boards(path: Path) -> pd.DataFrame:
    return read_records(path, data_set("boards").table)


CASES: list[Case] = [
    Case("text: website", _website, GOLDEN / "hbo-website.csv"),
    Case("text: INDICATIEAVG", _website, GOLDEN / "deelnemers-indicatieavg.csv"),
    Case("duo: institutions", duo.read_institutions, GOLDEN / "instellingenmbo.csv"),
    Case("duo: institutions, old", duo.read_institutions, GOLDEN / "01.-adressen-mbo-oud.csv"),
    Case("duo: offers", duo.read_offers, GOLDEN / "mbo_opleidingsaanbod.csv"),
    Case("duo: residents", duo.read_residents, GOLDEN / "2021-2025-11-studenten.csv"),
    Case("duo: enrolments", duo.read_enrolments, GOLDEN / "2021-2025-03-studenten.csv"),
    Case(
        "duo: prognosis",
        duo.read_prognosis,
        GOLDEN / "mbo-studentenprognose_gemeente_onderwijslocatie.csv",
    ),
    Case(
        "duo: prognosis, level",
        duo.read_prognosis,
        GOLDEN / "mbo-studentenprognose_kwalificatieniveau.csv",
    ),
    Case("rio: locations", rio.read_locations, GOLDEN / "onderwijslocaties.csv"),
    Case(
        "rio: providers",
        rio.read_providers,
        GOLDEN / "relaties_onderwijsaanbieders_onderwijsinstellingserkenningen.csv",
    ),
    Case("rio: locations, api", rio.read_locations, RIO / "onderwijslocaties.jsonl", "binary"),
    Case(
        "rio: establishments",
        rio_register.read_establishments,
        RIO / "vestigingserkenningen.csv",
    ),
    Case(
        "rio: used",
        rio_register.read_establishment_locations,
        RIO / "relaties_onderwijslocatiegebruiken_vestigingserkenningen.csv",
    ),
    Case(
        "rio: owned",
        rio_register.read_institution_establishments,
        RIO / "relaties_onderwijsinstellingserkenningen_vestigingserkenningen.csv",
    ),
    Case("rio: uses", rio_register.read_location_uses, RIO / "onderwijslocatiegebruiken.csv"),
    Case("institution: own", _own_students, RIO / "RO_01ZZ_20250801_20260731.CSV", "binary"),
    Case("cbs: inhabitants", cbs.read_inhabitants, GOLDEN / "83502NED.csv"),
    Case("cbs: inhabitants, plain", cbs.read_inhabitants, GOLDEN / "pc4_age5_2021.csv"),
    Case("cbs: changes", cbs.read_changes, GOLDEN / "gemeente_herindelingen.csv"),
    Case("own: sites, csv", own.read_sites, _own),
    Case("own: sites, xlsx", own.read_sites, _book, "zip"),
    Case("geofile: areas, gpkg", geofile.read_areas, lambda f: _areas(f, ".gpkg"), "binary"),
    Case(
        "geofile: areas, geojson",
        geofile.read_areas,
        lambda f: _areas(f, ".geojson", driver="GeoJSON"),
        "binary",
    ),
    Case("geofile: pc4, gpkg", geofile.read_pc4, _pc4, "binary"),
    _facts("students_by_track", "students_by_track.csv"),
    _facts("students_by_sector", "students_by_sector.csv"),
    _facts("students_sector_by_home", "sector_by_home.csv"),
    _facts("inflow_by_education_2024", "2024-inflow_by_education.csv"),
    _facts("inflow_by_kind_2024", "2024-inflow_by_kind.csv"),
    _facts("graduates", "graduates.csv"),
    _facts("graduates_website", "graduates_website.csv"),
    _facts("students_website", "students_website.csv"),
    _facts("students_hbo", "students_hbo.csv"),
    _facts(
        "prognosis_arbeidsmarktregio_leeftijdscategorie",
        "mbo-studentenprognose_arbeidsmarktregio_leeftijdscategorie.csv",
    ),
    _facts("pay_grades", "pay_grades.csv"),
    Case("facts: boards", _boards, GOLDEN / "duo" / "boards.csv"),
    _mapped(
        "INDICATIEAVG",
        "students_retired.csv",
        {
            "institution_id": "BRIN NUMMER",
            "programme_id": "CREBO",
            "municipality": "WOONGEMEENTE",
            "age": "LEEFTIJD",
            "value": "AANTAL DEELNEMERS",
            "indication": "INDICATIEAVG",
        },
        year=2016,
        unit="students",
    ),
    _mapped(
        "distances, wide",
        "distances_wide.csv",
        {"municipality_id": "Gemeentecode", "year": "Jaar", "mode": "Vervoer"},
        wide=["0 tot 5 km", "5 tot 10 km", "10 tot 30 km", "30 km of meer"],
        unit="students",
        masks=["<5", "*"],
    ),
    _mapped(
        "distances, long",
        "distances_long.csv",
        {"municipality": "Gemeente", "year": "Schooljaar", "value": "Meeste studenten"},
        unit="km",
    ),
    _mapped(
        "judgements",
        "judgements.csv",
        {"institution_id": "BRIN", "year": "Jaar", "label": "Kwaliteitszorg"},
    ),
    _mapped(
        "oecd",
        "oecd.csv",
        {"country": "REF_AREA", "year": "TIME_PERIOD", "value": "OBS_VALUE"},
        unit="%",
    ),
]


@dataclass(frozen=True)
class Verdict:
    """What a reader made of one damaged file."""

    answer: Answer
    ways: tuple[str, ...]
    number: int
    why: str = ""


@dataclass
class Tally:
    """What a reader made of many: how many of each answer, and the faults themselves."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[Verdict, bytes]] = field(default_factory=list)

    @property
    def files(self) -> int:
        """Give how many files were read."""
        return sum(self.counts.values())


def mutated(case: Case, number: int, data: bytes) -> tuple[bytes, tuple[str, ...], bool]:
    """Give damaged file `number` of a case, how it was damaged, and whether its meaning stayed."""
    rng = random.Random(f"{case.name} {number}")
    same = mutators.SAME if case.form == "text" else {}
    other = {"text": mutators.OTHER, "zip": mutators.ZIPPED, "binary": mutators.BINARY}[case.form]
    keep = bool(same) and number % 3 == 0
    pool: dict[str, Mutator] = same if keep else {**other, **(same if number % 3 == 1 else {})}
    names = [rng.choice([*pool]) for _ in range(rng.choice((1, 1, 2, 3)))]
    if not keep and same and not set(names) - set(same):
        names.append(rng.choice([*other]))
    for name in names:
        data = pool[name](rng, data) if name in pool else other[name](rng, data)
    return data, tuple(names), keep


def run(case: Case, count: int, folder: Path, *, limit_s: int = 0) -> Tally:
    """Read `count` damaged files of a case; `limit_s` ends a reader that hangs (0: no limit)."""
    name, data = case.data(folder)
    path = folder / f"damaged-{name}"
    path.write_bytes(data)
    right = case.read(path)
    tally = Tally(case.name)
    for number in range(count):
        changed, ways, same = mutated(case, number, data)
        path.write_bytes(changed)
        answer, why = judged(case, path, right, same=same, limit_s=limit_s)
        tally.counts[answer] += 1
        if answer == "fault":
            tally.faults.append((Verdict(answer, ways, number, why), changed))
    path.unlink()
    return tally


def judged(
    case: Case, path: Path, right: pd.DataFrame, *, same: bool, limit_s: int = 0
) -> tuple[Answer, str]:
    """Say what a reader makes of a file: right, told or a fault, and why."""
    try:
        with _within(limit_s), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # what GDAL has to say about a file
            read = case.read(path)
    except GeoMboError as error:
        longest = max(len(b.text(lang)) for b in error.breaches for lang in LANGS)
        if longest > LONGEST_MESSAGE:
            return "fault", f"a sentence of {longest} characters: {str(error)[:200]}"
        return ("fault", f"refused, but it means the same: {error}") if same else ("told", "")
    except BaseException as error:  # a panic of a library in Rust is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return "fault", f"{type(error).__name__}: {str(error)[:300]}"
    wrong = differs(right, read) if same else breaks(right, read)
    return ("fault", wrong) if wrong else ("right", "")


def differs(right: pd.DataFrame, read: pd.DataFrame) -> str:
    """Say how a table differs from the right one, apart from the order of its rows."""
    if list(read.columns) != list(right.columns):
        return f"columns {list(read.columns)}"
    one, other = (
        sorted(frame.astype("object").map(str).itertuples(index=False)) for frame in (right, read)
    )
    odd = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
    if odd:
        return f"{tuple(odd[0][1])} instead of {tuple(odd[0][0])}"
    return "" if len(one) == len(other) else f"{len(other)} rows instead of {len(one)}"


def breaks(right: pd.DataFrame, read: Any) -> str:
    """Say how a table breaks what a reader promises, whatever was in its file."""
    if not isinstance(read, pd.DataFrame):
        return f"{type(read).__name__} is no table"
    if list(read.columns) != list(right.columns):
        return f"columns {list(read.columns)}"
    counted = (
        read["unit"].isin(NEVER_BELOW) if "unit" in read else pd.Series(True, index=read.index)
    )
    return next(
        filter(None, (_column_breaks(right[n], read[n], counted) for n in read.columns)), ""
    )


def _column_breaks(right: pd.Series, read: pd.Series, counted: pd.Series) -> str:
    name = str(right.name)
    if name == "geometry":
        crs = gpd.GeoSeries(read).crs
        return "" if crs is not None and crs.to_epsg() == 28992 else f"geometry in {crs}"
    if read.dtype != right.dtype:
        return f"{name} is {read.dtype} instead of {right.dtype}"
    if pd.api.types.is_bool_dtype(read.dtype):
        return ""
    if pd.api.types.is_numeric_dtype(read.dtype):
        return _numbers_break(name, read, counted)
    cells = read.dropna().astype(str)
    odd = cells[cells.str.contains("[\x00\ufeff]", regex=True) | (cells != cells.str.strip())]
    return f"{name} holds {odd.iloc[0]!r}" if len(odd) else ""


def _numbers_break(name: str, read: pd.Series, counted: pd.Series) -> str:
    numbers = read.dropna().astype(float)
    # A rate or an amount may be below zero; what is counted or measured may not.
    counts = numbers[counted.loc[numbers.index]]
    if not np.isfinite(numbers).all():
        return f"{name} holds {numbers.max()}"
    if name in NEVER_NEGATIVE and (counts < 0).any():
        return f"{name} holds {counts.min()}"
    if name == "year" and not numbers.between(*YEARS).all():
        return f"year holds {numbers[~numbers.between(*YEARS)].iloc[0]}"
    return ""


@contextmanager
def _within(limit_s: int) -> Iterator[None]:
    """Break off what takes longer; only where signals are, in the main thread."""
    if not limit_s:
        yield
        return

    def hangs(_: int, __: FrameType | None) -> None:
        msg = f"took longer than {limit_s} s"
        raise TimeoutError(msg)

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(limit_s)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
