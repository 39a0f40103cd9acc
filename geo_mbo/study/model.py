"""What a study file may say: its inputs, parameters, region and indicators, as values."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from geo_mbo.errors import StudyError

KeyKind = Literal[
    "country",
    "province",
    "labour_market",
    "corop",
    "rmc",
    "municipality",
    "district",
    "neighbourhood",
    "pc4",
    "site",
    "institution",
    "programme",
    "sector",
]
ModeName = Literal["walk", "bike", "ebike", "speed_pedelec", "car", "car_peak", "transit"]


class _Strict(BaseModel):
    """No key that the model does not name, and no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InputFile(_Strict):
    """One input: a path or what to fetch, and where needed the layer, columns and credit line.

    Attributes
    ----------
    path
        File, relative to the folder of the study file; None for what is still to be fetched.
    source
        Data set of the catalogue that is fetched from its publisher; an input that names only an
        address or a year is fetched under its own name.
    url
        Another address to fetch it from.
    year
        Year of a data set that is published by year; ``"newest"`` for the newest there is.
    layer
        Layer of a GeoPackage; may be left out where it has only one.
    columns
        What the columns that the program needs are called in this file.
    where
        Rows that are taken: values by column; several values are taken together.
    on
        Day of which a register's rows count, or on which an own delivery's students are counted.
    publisher, licence, attribution
        Credit of a file that the catalogue of sources does not know.
    """

    path: Path | None = None
    source: str = ""
    url: str = ""
    year: int | Literal["newest"] | None = None
    layer: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    where: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    on: date | None = None
    publisher: str = ""
    licence: str = ""
    attribution: str = ""


def _spelled_out(value: object) -> object:
    """Let a bare path stand for a table with only a path."""
    return {"path": value} if isinstance(value, str) else value


_File = Annotated[InputFile, BeforeValidator(_spelled_out)]


def _one_mode(value: object) -> object:
    """Let a bare mode stand for numbers of which no mode is told."""
    return {"": value} if isinstance(value, str) else value


_Modes = Annotated[dict[str, str], BeforeValidator(_one_mode)]


class Inputs(_Strict):
    """The inputs of a study, each a path or a table with ``path`` and more.

    Attributes
    ----------
    municipalities
        Polygons of the gemeenten (PDOK ``gemeente_gegeneraliseerd``): the one input that must be.
    provinces, postcodes
        Polygons of provinces and PC4 areas.
    labour_markets, corop, rmc, districts, neighbourhoods
        Polygons of further regions (arbeidsmarktregio, COROP, RMC, wijk, buurt), for indicators.
    inhabitants
        CBS inhabitants by PC4 and five-year age band.
    institutions, offers, locations
        DUO ``instellingenmbo``, ``mbo_opleidingsaanbod``; RIO ``onderwijslocaties``.
    providers
        RIO: which institution stands behind an onderwijsaanbieder.
    establishments, establishment_locations, institution_establishments, location_uses
        RIO vestigingserkenningen, the locations that they use, the institutions that they belong
        to, and what boards have in use: sites beside those with programmes.
    students_by_home, students_by_programme
        DUO students per institution: the ``-11-`` file (woongemeente) and the ``-03-`` file
        (programme).
    forecast
        DUO ``mbo-studentenprognose_gemeente_onderwijslocatie``: history and forecast.
    own_students
        An institution's own delivery (GRONDSLAG_IP_MBO, RO): only counts of it are kept.
    municipality_changes
        Own table of merged gemeenten, beside those the program knows.
    sites
        Own table of sites, instead of or beside those of DUO and RIO.
    roads
        ``.osm.pbf``, ``.osm``, an osmnx ``.graphml``, NWB-wegen or a file of lines; without it
        travel is crow-flies distance times a detour factor.
    roads_belgium, roads_niedersachsen, roads_nordrhein_westfalen
        OpenStreetMap maps of neighbours, read with ``roads`` as one: for ways over the border.
    travel
        A travel matrix from elsewhere: origin_id, site_id, mode, minutes, meters.
    """

    municipalities: _File
    provinces: _File | None = None
    postcodes: _File | None = None
    labour_markets: _File | None = None
    corop: _File | None = None
    rmc: _File | None = None
    districts: _File | None = None
    neighbourhoods: _File | None = None
    inhabitants: _File | None = None
    institutions: _File | None = None
    offers: _File | None = None
    locations: _File | None = None
    providers: _File | None = None
    establishments: _File | None = None
    establishment_locations: _File | None = None
    institution_establishments: _File | None = None
    location_uses: _File | None = None
    students_by_home: _File | None = None
    students_by_programme: _File | None = None
    forecast: _File | None = None
    own_students: _File | None = None
    municipality_changes: _File | None = None
    sites: _File | None = None
    roads: _File | None = None
    roads_belgium: _File | None = None
    roads_niedersachsen: _File | None = None
    roads_nordrhein_westfalen: _File | None = None
    travel: _File | None = None

    def given(self) -> dict[str, InputFile]:
        """Give the inputs that are named, by their key."""
        return {key: value for key, value in self if value is not None}


class IndicatorFile(InputFile):
    """One number or judgement that maps and report show: a file, and what of it.

    Attributes
    ----------
    name
        What it is called on maps and in tables.
    by
        What it is a number of: a kind of key (`geo_mbo.schema.KEY_KINDS`).
    value
        Which number of the file, where it has several.
    of_year
        The year; left out, every year that is there.
    unit
        Unit of the number, where the catalogue does not know it.
    masks
        What small counts (1-4) are written as, where the catalogue does not know it.
    wide
        Headers of the columns of numbers, where years (``"Aantal {year}"``) or categories stand
        beside each other.
    compare
        Mode that a distance or time is held against; or, where the file tells modes, the
        publisher's name of each to ours: each of these is an indicator of its own.
    """

    name: str = Field(min_length=1)
    by: KeyKind
    value: str = ""
    of_year: int | None = Field(default=None, ge=1990, le=2100)
    unit: str = ""
    masks: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    compare: _Modes = Field(default_factory=dict)

    def each(self) -> tuple[IndicatorFile, ...]:
        """Give the indicators that this comes to: one a mode where the publisher's are named.

        Examples
        --------
        >>> asked = IndicatorFile(name="Afstand", by="institution", compare={"ov": "transit"})
        >>> [(one.name, one.where, one.compare) for one in asked.each()]
        [('Afstand (ov)', {'mode': 'ov'}, {'ov': 'transit'})]
        """
        if not any(self.compare):
            return (self,)
        return tuple(
            self.model_copy(
                update={
                    "name": f"{self.name} ({told})",
                    "where": {**self.where, "mode": told},
                    "compare": {told: mode},
                }
            )
            for told, mode in self.compare.items()
        )


class Region(_Strict):
    """The part of the country that a study is about.

    Attributes
    ----------
    level, name
        Which region: a ``province``, ``labour_market``, ``corop`` or ``rmc`` region, or one or more
        municipalities, by name.
    margin_km
        How far beyond its border sites and students still count: who lives near it crosses it.
    """

    level: Literal["province", "labour_market", "corop", "rmc", "municipality"]
    name: str | tuple[str, ...]
    margin_km: float = Field(default=25, ge=0, le=100)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, also of one."""
        return (self.name,) if isinstance(self.name, str) else self.name


class Parameters(_Strict):
    """What a study counts with.

    Attributes
    ----------
    year, forecast_year
        Year of the students shown, and the year the forecast is held against; left out, the latest
        of each that the data have.
    modes, mode
        Modes that are searched, and the one that maps and findings open with.
    cutoffs_min, limit_min
        Travel times of the classes, and the limit beyond which a programme is out of reach.
    catchment_share
        Share of a site's students that its observed catchment holds.
    search_limit_min
        Beyond this no times are searched; such a pair is "over the limit".
    snap_limit_m
        Farther than this from a road, a place has no travel time.
    road_margin_km
        Only roads within this distance of the study's places are read (OpenStreetMap, NWB-wegen);
        left out, the whole road map.
    geocode
        Ask the PDOK Locatieserver where an address is that has no coordinates.
    isochrones
        Draw the reach of every site over the network into the GeoPackage.
    """

    year: int | None = Field(default=None, ge=1990, le=2100)
    forecast_year: int | None = Field(default=None, ge=1990, le=2100)
    modes: tuple[ModeName, ...] = Field(default=("walk", "bike", "ebike", "car"), min_length=1)
    mode: ModeName = "bike"
    cutoffs_min: tuple[int, ...] = Field(default=(15, 30, 45, 60), min_length=1)
    limit_min: float = Field(default=45, gt=0, le=600)
    catchment_share: float = Field(default=0.8, gt=0, lt=1)
    search_limit_min: float = Field(default=120, gt=0, le=600)
    snap_limit_m: float = Field(default=1_000, gt=0, le=20_000)
    road_margin_km: float | None = Field(default=None, ge=0, le=500)
    geocode: bool = True
    isochrones: bool = True


class Study(_Strict):
    """One study: what it is called, its inputs, its parameters, its scenarios.

    Attributes
    ----------
    title
        Title over every map and report.
    made_up
        The data are made up: every map and report says so.
    lang
        Language of what is made: ``nl`` or ``en``.
    out
        Folder for the results, relative to the study file.
    mirror
        Address of a server that hands out publishers' data, where publishers themselves may not
        be asked: ``https://HOST/PATH`` is then asked at ``MIRROR/HOST/PATH``.
    region
        The part of the country that it is about; left out, all of it.
    indicators
        Numbers and judgements to show beside what is measured.
    """

    title: str = Field(min_length=1)
    made_up: bool = False
    lang: Literal["nl", "en"] = "nl"
    out: Path = Path("maps")
    mirror: str = ""
    inputs: Inputs
    region: Region | None = None
    indicators: tuple[IndicatorFile, ...] = Field(default=(), alias="indicator")
    parameters: Parameters = Parameters()
    scenarios: tuple[dict[str, Any], ...] = Field(default=(), alias="scenario")
    folder: Path = Field(default=Path(), exclude=True)

    def path(self, given: InputFile | Path) -> Path:
        """Give a path of the study from where the program runs.

        Raises
        ------
        StudyError
            The input was not fetched yet (see `geo_mbo.study.fetched.with_files`).
        """
        path = given.path if isinstance(given, InputFile) else given
        if path is None:
            raise StudyError.of("input_not_fetched", key=getattr(given, "source", ""))
        return self.folder / path
