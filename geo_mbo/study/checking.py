"""Saying what is wrong with one file: which table it is, and where it breaks that table's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import ContractError, FileError, InputError, MissingFileError

if TYPE_CHECKING:
    import pandas as pd

    Reader = Callable[[Path], pd.DataFrame]

ROADS = (".pbf", ".osm", ".graphml")
SHAPES = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".gml")


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
    if not path.exists():
        raise MissingFileError.of("file_missing", path=str(path))
    if path.is_dir():
        raise FileError.of("file_is_folder", path=str(path))
    if path.suffix in ROADS:
        return _roads(path)
    refused: dict[str, ContractError] = {}
    for what, reader in _readers(path):
        try:
            return Checked(what, len(reader(path)))
        except ContractError as error:
            if not _lacks_columns(error):
                raise
            refused[what] = error
    # The table that lacks the fewest columns is the one that was meant, if it has any at all.
    nearest = min(refused, key=lambda what: len(refused[what].breaches))
    breaches = refused[nearest].breaches
    if len(breaches) <= MEANT:
        raise refused[nearest]
    there = str(breaches[0].params.get("there", ""))
    raise InputError.of("unknown_table", path=str(path), there=there, known=", ".join(refused))


MEANT = 2
"""A file that lacks at most so many columns of a table was meant to be that table."""


def _roads(path: Path) -> Checked:
    from geo_mbo.network import network_summary, read_network

    network = read_network(path)
    return Checked("OpenStreetMap", int(network_summary(network)["edges"].max()))


def _readers(path: Path) -> Iterator[tuple[str, Reader]]:
    """Give the tables that a file of this ending can be, the most demanding first."""
    from geo_mbo.sources import cbs, duo, geofile, own, rio

    if path.suffix in SHAPES:
        yield "gemeente_gegeneraliseerd", geofile.read_areas
        yield "postcode4", geofile.read_pc4
        yield "sites", own.read_sites
        return
    yield "mbo_opleidingsaanbod", duo.read_offers
    yield "mbo-studentenprognose", duo.read_prognosis
    yield "mbo-studenten-per-instelling -03-", duo.read_enrolments
    yield "mbo-studenten-per-instelling -11-", duo.read_residents
    yield "instellingenmbo", duo.read_institutions
    yield "onderwijslocaties", rio.read_locations
    yield "83502NED", cbs.read_inhabitants
    yield "gemeente_herindelingen", cbs.read_changes
    yield "sites", own.read_sites


def _lacks_columns(error: ContractError) -> bool:
    return any(breach.code == "missing_column" for breach in error.breaches)
