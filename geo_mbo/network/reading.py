"""One door to all kinds of road files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from geo_mbo.errors import FileError, InputError, MissingFileError
from geo_mbo.modes import chosen
from geo_mbo.network.road import Network
from geo_mbo.notes import Notify, to_log
from geo_mbo.progress import Progress, silent

OSM_ENDINGS = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml")


def read_network(
    path: Path | str,
    *,
    modes: Sequence[str] = ("walk", "bike", "car"),
    columns: Mapping[str, str] | None = None,
    box: tuple[float, float, float, float] | None = None,
    notify: Notify = to_log,
    progress: Progress = silent,
) -> Network:
    """Read a road network: OpenStreetMap, a GraphML file of osmnx, or a file of lines.

    Parameters
    ----------
    path
        ``.osm.pbf`` or ``.osm``; ``.graphml`` as osmnx writes it; else any file of lines that GDAL
        reads, such as a GeoPackage.
    modes
        Names of the modes to read speeds for.
    columns
        Of a file of lines: which columns hold ``travel_time`` (with ``travel_time_unit``: ``s`` or
        ``min``), ``speed_kmh`` (for cars), and ``oneway``.
    box
        Of an OpenStreetMap file: keep only ways with a node inside this box; west, south, east and
        north in degrees.
    notify
        Gets the notes: what was left out, guessed or could not be applied.
    progress
        Gets the fraction done.

    Returns
    -------
    Network
        In RD New; elsewhere than in the Netherlands in the UTM zone of the place, with a note.

    Raises
    ------
    FileError
        The file is missing, empty, broken, or holds no road.
    InputError
        A column or unit is not there; a box is given for another file than OpenStreetMap.
    CrsError
        A file of lines has no coordinate system.
    StudyError
        A mode is not known.
    """
    file = Path(path)
    if file.is_dir():
        raise FileError.of("file_is_folder", path=str(file))
    if not file.exists():
        raise MissingFileError.of("file_missing", path=str(file))
    if file.stat().st_size == 0:
        raise FileError.of("file_empty", path=str(file))
    wanted = [mode for mode in chosen(modes) if mode.vehicle != "transit"]
    if file.name.lower().endswith(OSM_ENDINGS):
        from geo_mbo.network.osm import read_osm

        return read_osm(file, modes=wanted, box=box, notify=notify, progress=progress)
    if box is not None:
        raise InputError.of("box_only_osm", path=str(file))
    if file.name.lower().endswith(".graphml"):
        from geo_mbo.network.graphml import read_graphml

        return read_graphml(file, modes=wanted, notify=notify)
    from geo_mbo.network.lines import read_lines

    return read_lines(file, modes=wanted, columns=columns or {}, notify=notify)
