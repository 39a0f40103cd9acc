"""Saying what is wrong with one file: which table it is, and where it breaks that table's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import FileError, InputError, MissingFileError

if TYPE_CHECKING:
    import pandas as pd

    Reader = Callable[[Path], pd.DataFrame]

ROADS = (".pbf", ".osm", ".graphml")
SHAPES = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".gml")

LACKING = ("missing_column", "no_year_column")
"""Breaches by which a reader says that a file is not its table."""


@dataclass(frozen=True)
class Checked:
    """A file with nothing wrong: what it is, and how many rows it has."""

    what: str
    rows: int


def check_table(path: Path) -> Checked:
    """Read a file as what it is; give its kind and rows, or raise all that is wrong with it.

    Raises
    ------
    GeoMboError
        The file cannot be read, is none of the tables that are known, or breaks the rules of the
        one that it is nearest to.
    """
    from geo_mbo.network.nwb import layer_of
    from geo_mbo.sources.grondslag_records import count_records, is_own_file

    if not path.exists():
        raise MissingFileError.of("file_missing", path=str(path))
    if path.is_dir():
        raise FileError.of("file_is_folder", path=str(path))
    if path.suffix in ROADS:
        return _roads(path, "OpenStreetMap")
    if is_own_file(path):
        # Before any other reader: what they tell of a file would tell of persons.
        return Checked("GRONDSLAG_IP_MBO, RO", count_records(path))
    if path.suffix in SHAPES and layer_of(path) is not None:
        return _roads(path, "NWB-wegen")
    if path.suffix in SHAPES:
        layers = [_as_table(path, _shape_readers(layer)) for layer in _layers(path)]
        what = ", ".join(dict.fromkeys(layer.what for layer in layers))
        return Checked(what, sum(layer.rows for layer in layers))
    return _as_table(path, _text_readers())


def _as_table(path: Path, readers: Iterable[tuple[str, Reader]]) -> Checked:
    """Read a file with the first reader that it has the columns for."""
    refused: dict[str, InputError] = {}
    for what, reader in readers:
        try:
            return Checked(what, len(reader(path)))
        except InputError as error:
            if not _lacks_columns(error):
                raise
            refused[what] = error
    # The table that lacks the fewest columns is the one that was meant, where it lacks but one.
    nearest = min(refused, key=lambda what: len(refused[what].breaches))
    breaches = refused[nearest].breaches
    if len(breaches) == 1 and breaches[0].code == "missing_column":
        raise refused[nearest]
    raise InputError.of(
        "unknown_table",
        path=str(path),
        there=str(breaches[0].params["there"]),
        nearest=nearest,
        columns=", ".join(str(breach.params.get("column", "JAAR_2025")) for breach in breaches),
        known=", ".join(refused),
    )


def _roads(path: Path, what: str) -> Checked:
    from geo_mbo.network import network_summary, read_network

    network = read_network(path)
    return Checked(what, int(network_summary(network)["edges"].max()))


def _layers(path: Path) -> list[str]:
    """Give the layers of a file; one without a name where it cannot be opened: its reader tells."""
    import pyogrio

    try:
        return [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except pyogrio.errors.DataSourceError:
        return [""]


def _shape_readers(layer: str) -> Iterator[tuple[str, Reader]]:
    """Give the tables that a layer can be."""
    from geo_mbo.sources import geofile, own

    wanted = layer or None
    yield "gemeente_gegeneraliseerd", lambda path: geofile.read_areas(path, layer=wanted)
    yield "postcode4", lambda path: geofile.read_pc4(path, layer=wanted)
    yield "sites", lambda path: own.read_sites(path, layer=wanted)


def _text_readers() -> Iterator[tuple[str, Reader]]:
    """Give the tables that a text file or sheet can be, the most demanding first."""
    from geo_mbo.sources import cbs, duo, own, rio, rio_register

    yield "mbo_opleidingsaanbod", duo.read_offers
    yield "mbo-studentenprognose", duo.read_prognosis
    yield "mbo-studenten-per-instelling -03-", duo.read_enrolments
    yield "mbo-studenten-per-instelling -11-", duo.read_residents
    yield "instellingenmbo", duo.read_institutions
    yield "onderwijslocaties", rio.read_locations
    yield "vestigingserkenningen", rio_register.read_establishments
    yield (
        "onderwijslocatiegebruiken_vestigingserkenningen",
        rio_register.read_establishment_locations,
    )
    yield "onderwijsinstellingserkenningen", rio_register.read_institution_establishments
    yield "onderwijslocatiegebruiken", rio_register.read_location_uses
    yield "onderwijsaanbieders_onderwijsinstellingserkenningen", rio.read_providers
    yield "83502NED", cbs.read_inhabitants
    yield "gemeente_herindelingen", cbs.read_changes
    yield "sites", own.read_sites


def _lacks_columns(error: InputError) -> bool:
    return all(breach.code in LACKING for breach in error.breaches)
