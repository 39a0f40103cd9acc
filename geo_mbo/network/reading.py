"""One door to all kinds of road files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach, CrsError, FileError, InputError, MissingFileError
from geo_mbo.modes import chosen
from geo_mbo.network.road import Network
from geo_mbo.notes import Notify, to_log
from geo_mbo.progress import Progress, silent

if TYPE_CHECKING:
    import geopandas as gpd

    from geo_mbo.modes import Mode

    Box = tuple[float, float, float, float]

OSM_ENDINGS = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml")
MARGIN_KM = 10.0
"""Beyond a study's own area: a way round over the border lies within it."""
_KM_A_DEGREE = 110.5
"""Of latitude, rounded down (110.6 at the equator, 111.7 at the poles): margins come out wider."""


def read_network(
    path: Path | str | Sequence[Path | str],
    *,
    modes: Sequence[str] = ("walk", "bike", "car"),
    columns: Mapping[str, str] | None = None,
    box: Box | None = None,
    notify: Notify = to_log,
    progress: Progress = silent,
) -> Network:
    """Read a road network: OpenStreetMap, a GraphML file of osmnx, NWB-wegen or a file of lines.

    Parameters
    ----------
    path
        ``.osm.pbf`` or ``.osm``, or several of these, such as extracts of neighbouring countries:
        what lies in more than one of them counts once. ``.graphml`` as osmnx writes it. Else any
        file of lines that GDAL reads, such as a GeoPackage; one with the columns of NWB-wegen
        (``jte_id_beg``, ``jte_id_end``, ``rijrichtng``, ``wegbehsrt``) is read as that.
    modes
        Names of the modes to read speeds for.
    columns
        Of a file of lines: which columns hold ``travel_time`` (with ``travel_time_unit``: ``s`` or
        ``min``), ``speed_kmh`` (for cars), and ``oneway``.
    box
        West, south, east and north in degrees (`box_around` gives that of a study). Of
        OpenStreetMap files only ways with a node inside are kept, whole; of NWB-wegen the lines
        that touch it.
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
        A file is missing, empty, broken, or holds no road.
    InputError
        A column or unit is not there; several files, or a box, are given for a kind of file that
        they do not work for.
    CrsError
        A file of lines has no coordinate system.
    StudyError
        A mode is not known.
    """
    several = [path] if isinstance(path, Path | str) else path
    files = [Path(one) for one in several]
    _check_files(files)
    wanted = [mode for mode in chosen(modes) if mode.vehicle != "transit"]
    other = [file for file in files if not is_osm(file)]
    if not other:
        from geo_mbo.network.osm import read_osm

        return read_osm(files, modes=wanted, box=box, notify=notify, progress=progress)
    if len(files) > 1:
        raise InputError.of("several_only_osm", path=str(other[0]), count=len(other))
    return _read_other(files[0], wanted, columns or {}, box, notify)


def is_osm(path: Path) -> bool:
    """Tell by its name whether a file is of OpenStreetMap.

    Examples
    --------
    >>> is_osm(Path("Nederland.OSM.PBF")), is_osm(Path("roads.graphml"))
    (True, False)
    """
    return path.name.lower().endswith(OSM_ENDINGS)


def box_around(*frames: gpd.GeoDataFrame, margin_km: float = MARGIN_KM) -> Box:
    """Give the box in degrees that holds all places of some tables, and a margin.

    Parameters
    ----------
    *frames
        Points or areas, each in a coordinate system of its own; one without places adds nothing.
    margin_km
        Kilometres beyond; the margin is never less, and a few per cent more.

    Returns
    -------
    tuple
        West, south, east and north, as ``read_network(box=...)`` takes it.

    Raises
    ------
    InputError
        No frame has a place, or the margin is below 0.
    CrsError
        A frame has no coordinate system.

    Examples
    --------
    >>> import geopandas as gpd
    >>> school = gpd.GeoSeries.from_xy([155_000], [463_000], crs=28992).to_frame("geometry")
    >>> [round(side, 2) for side in box_around(school, margin_km=10)]
    [5.24, 52.06, 5.54, 52.25]
    """
    import numpy as np

    if not margin_km >= 0:
        raise InputError.of("margin_below_zero", value=margin_km)
    sides = [found for frame in frames if (found := _bounds(frame)) is not None]
    if not sides:
        raise InputError.of("nothing_around")
    west, south, _, _ = np.min(sides, axis=0).tolist()
    _, _, east, north = np.max(sides, axis=0).tolist()
    up = margin_km / _KM_A_DEGREE
    south, north = max(south - up, -90.0), min(north + up, 90.0)
    aside = up / max(float(np.cos(np.radians(max(-south, north)))), 1e-3)
    return max(west - aside, -180.0), south, min(east + aside, 180.0), north


def _bounds(frame: gpd.GeoDataFrame) -> Box | None:
    """Give the bounds of a frame in degrees; None where it has no place."""
    import numpy as np
    from pyproj import Transformer

    bounds = frame.total_bounds
    if not np.isfinite(bounds).all():
        return None
    if frame.crs is None:
        raise CrsError.of("crs_missing", where=str(frame.columns[0]))
    turn = Transformer.from_crs(frame.crs, "EPSG:4326", always_xy=True)
    left, low, right, high = bounds.tolist()
    west, south, east, north = turn.transform_bounds(left, low, right, high, densify_pts=21)
    return west, south, east, north


def _check_files(files: Sequence[Path]) -> None:
    """See that there are files, with something in them; all that is wrong is told at once."""
    if not files:
        raise InputError.of("no_road_file")
    absent = [Breach("file_missing", {"path": str(file)}) for file in files if not file.exists()]
    if absent:
        raise MissingFileError(absent)
    spoilt = [
        Breach("file_is_folder" if file.is_dir() else "file_empty", {"path": str(file)})
        for file in files
        if file.is_dir() or file.stat().st_size == 0
    ]
    if spoilt:
        raise FileError(spoilt)


def _read_other(
    file: Path,
    modes: Sequence[Mode],
    columns: Mapping[str, str],
    box: Box | None,
    notify: Notify,
) -> Network:
    """Read a road file that is not of OpenStreetMap."""
    from geo_mbo.network import lines, nwb

    graph = file.name.lower().endswith(".graphml")
    layer = None if graph else nwb.layer_of(file)
    if layer is not None:
        return nwb.read_nwb(file, modes=modes, layer=layer, columns=columns, box=box, notify=notify)
    if box is not None:
        raise InputError.of("box_only_osm", path=str(file))
    if graph:
        from geo_mbo.network.graphml import read_graphml

        return read_graphml(file, modes=modes, notify=notify)
    return lines.read_lines(file, modes=modes, columns=columns, notify=notify)
