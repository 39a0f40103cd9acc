"""A network from a file of lines, such as a GeoPackage with a travel time for each line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from geo_mbo.errors import Breach, CrsError, FileError, InputError
from geo_mbo.modes import Mode
from geo_mbo.network.places import MetricPlaces, metric_places
from geo_mbo.network.road import Network, polyline_lengths
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from geo_mbo.network.road import Floats, Truths, Whole

JOIN_M = 0.5
"""Ends of lines that lie within this distance of each other are one node."""

ROAD = "unclassified"
"""Lines do not tell their class: a mode without a column of its own goes as on this one."""

UNITS_S = {"s": 1.0, "min": 60.0}
_ROLES = ("travel_time", "travel_time_unit", "speed_kmh", "oneway")
_PLAUSIBLE_KMH = (2.0, 200.0)
_ONLY_FORWARD = {"yes", "true", "1", "ft"}
_ONLY_BACKWARD = {"-1", "reverse", "tf"}


def read_lines(
    path: Path,
    *,
    modes: Sequence[Mode],
    columns: Mapping[str, str],
    notify: Notify = to_log,
) -> Network:
    """Read a file of lines that meet at their ends.

    Every line may be used in both directions and by every mode, unless a column says otherwise.
    Cars take the file's travel time or speed; walking and cycling keep their own speed.

    Parameters
    ----------
    path
        Any file that GDAL reads.
    modes
        Modes to give seconds for.
    columns
        Which column plays which role (see `geo_mbo.network.read_network`).
    notify
        Gets the notes: lines left out, values that were no speed, what is assumed.

    Raises
    ------
    FileError
        The file is broken or holds no line.
    CrsError
        The file has no coordinate system.
    InputError
        A column or unit is not there, or the travel times make no sense in their unit.
    """
    frame = _lines_of(path, notify)
    check_columns(frame, columns, where=path.name)
    x, y, start, crs = in_metres(frame, notify)
    length = polyline_lengths(x, y, start)
    tail, head, node_x, node_y = _joined(x, y, start)
    there, back = _oneways(frame, columns)
    return Network(
        node_x=node_x,
        node_y=node_y,
        node_osm=np.full(len(node_x), -1, np.int64),
        tail=tail,
        head=head,
        length_m=length,
        seconds={
            mode.name: _directed(_seconds(frame, mode, columns, length, notify), mode, there, back)
            for mode in modes
        },
        joinable=np.ones(len(length), bool),
        shape_x=x,
        shape_y=y,
        shape_start=start,
        source=path.name,
        crs=crs,
    )


def _lines_of(path: Path, notify: Notify) -> gpd.GeoDataFrame:
    """Read the file and keep its lines, one part a row."""
    import geopandas as gpd
    import shapely
    from pyogrio.errors import DataSourceError

    try:
        frame = gpd.read_file(path)
    except (DataSourceError, OSError, ValueError, RuntimeError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error
    parts = with_crs(frame, path).explode(ignore_index=True)
    long_enough = shapely.length(np.asarray(parts.geometry)) > 0
    usable = (parts.geom_type == "LineString") & ~parts.is_empty & long_enough
    if not usable.any():
        raise FileError.of("no_roads", path=str(path))
    if not usable.all():
        notify(note("lines_left_out", count=int((~usable).sum())))
    return cast("gpd.GeoDataFrame", parts[usable].reset_index(drop=True))


def with_crs(frame: Any, path: Path) -> gpd.GeoDataFrame:
    """Give what was read from a file, if it has shapes and a coordinate system.

    Raises
    ------
    FileError, CrsError
        It has no shapes; no coordinate system.
    """
    import geopandas as gpd

    if not isinstance(frame, gpd.GeoDataFrame):
        raise FileError.of("no_roads", path=str(path))
    if frame.crs is None:
        raise CrsError.of("crs_missing", where=path.name)
    return frame


def check_columns(
    frame: gpd.GeoDataFrame,
    columns: Mapping[str, str],
    *,
    where: str,
    roles: Sequence[str] = _ROLES,
) -> None:
    """See that the columns are there, and play a role that columns can play.

    Raises
    ------
    InputError
        All that is wrong with them.
    """
    there = ", ".join(name for name in map(str, frame.columns) if name != "geometry")
    breaches = [
        Breach("unknown_role", {"value": role, "allowed": ", ".join(roles)})
        for role in columns
        if role not in roles
    ]
    breaches += [
        Breach("missing_column", {"where": where, "column": name, "there": there})
        for role, name in columns.items()
        if role in roles and role != "travel_time_unit" and name not in frame.columns
    ]
    unit = columns.get("travel_time_unit")
    if "travel_time" in columns and unit not in UNITS_S:
        breaches.append(
            Breach("no_time_unit", {"value": unit or "", "allowed": ", ".join(UNITS_S)})
        )
    if breaches:
        raise InputError(breaches)


def in_metres(frame: gpd.GeoDataFrame, notify: Notify) -> tuple[Floats, Floats, Whole, str]:
    """Give the coordinates of all lines in metres, each line's points in a row."""
    import shapely

    lines = np.asarray(frame.geometry)
    points, which = shapely.get_coordinates(lines, return_index=True)
    start = np.searchsorted(which, np.arange(len(lines) + 1))
    if frame.crs.to_epsg() == 28992:
        return points[:, 0], points[:, 1], start, "EPSG:28992"
    places: MetricPlaces = metric_places(*_degrees(points, frame.crs))
    places.tell(notify)
    return places.x, places.y, start, places.crs


def _degrees(points: Floats, crs: Any) -> tuple[Floats, Floats]:
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(
        points[:, 0], points[:, 1]
    )
    return lon, lat


def _joined(x: Floats, y: Floats, start: Whole) -> tuple[Whole, Whole, Floats, Floats]:
    """Make one node of all ends that lie within `JOIN_M`, also by way of each other."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    at = np.concatenate([start[:-1], start[1:] - 1])
    ends = np.column_stack([x[at], y[at]])
    close = cKDTree(ends).query_pairs(JOIN_M, output_type="ndarray")
    links = coo_array(
        (np.ones(len(close), np.int8), (close[:, 0], close[:, 1])), shape=(len(at), len(at))
    )
    number = connected_components(links, directed=False)[1]
    first = np.unique(number, return_index=True)[1]
    node = number.astype(np.int64)
    return node[: len(start) - 1], node[len(start) - 1 :], ends[first, 0], ends[first, 1]


def _seconds(
    frame: gpd.GeoDataFrame,
    mode: Mode,
    columns: Mapping[str, str],
    length: Floats,
    notify: Notify,
) -> Floats:
    """Seconds of each line for one mode: of the file for cars, else by the speed of the mode."""
    own = length / (mode.speeds_kmh[ROAD] / 3.6)
    if mode.vehicle != "motorcar":
        notify(note("lines_own_speed", mode=mode.name, kmh=mode.speeds_kmh[ROAD]))
        return own
    given = told_seconds(frame, columns, length)
    if given is None:
        notify(note("lines_own_speed", mode=mode.name, kmh=mode.speeds_kmh[ROAD]))
        return own
    known = np.isfinite(given) & (given > 0)
    if not known.all():
        rows = np.flatnonzero(~known) + 1
        notify(note("lines_no_time", rows, kmh=mode.speeds_kmh[ROAD]))
    return np.where(known, given, own)


def told_seconds(
    frame: gpd.GeoDataFrame, columns: Mapping[str, str], length: Floats
) -> Floats | None:
    """Give the seconds of each line that the file tells; None where it tells none.

    Raises
    ------
    InputError
        The travel times make no sense in their unit.
    """
    if "travel_time" in columns:
        given: Floats = _numbers(frame[columns["travel_time"]])
        given = given * UNITS_S[columns["travel_time_unit"]]
        _check_speed(columns, length, given)
        return given
    if "speed_kmh" in columns:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(length / (_numbers(frame[columns["speed_kmh"]]) / 3.6))
    return None


def _check_speed(columns: Mapping[str, str], length: Floats, seconds: Floats) -> None:
    """Refuse travel times that cannot be in the unit that was given: half go too fast or slow."""
    known = np.isfinite(seconds) & (seconds > 0)
    if not known.any():
        return
    kmh = float(np.median(length[known] / seconds[known]) * 3.6)
    if not _PLAUSIBLE_KMH[0] <= kmh <= _PLAUSIBLE_KMH[1]:
        raise InputError.of(
            "time_unit_wrong",
            column=columns["travel_time"],
            unit=columns["travel_time_unit"],
            kmh=kmh,
        )


def _oneways(frame: gpd.GeoDataFrame, columns: Mapping[str, str]) -> tuple[Truths, Truths]:
    if "oneway" not in columns:
        both = np.ones(len(frame), bool)
        return both, both
    values = frame[columns["oneway"]].map(str, na_action="ignore").str.lower()
    return ~values.isin(_ONLY_BACKWARD).to_numpy(), ~values.isin(_ONLY_FORWARD).to_numpy()


def _directed(seconds: Floats, mode: Mode, there: Truths, back: Truths) -> Floats:
    """Close the direction against a one-way street, to all but pedestrians."""
    if mode.vehicle == "foot":
        return np.stack([seconds, seconds])
    return np.stack([np.where(there, seconds, np.inf), np.where(back, seconds, np.inf)])


def as_text(values: Any) -> list[str]:
    """Give codes and numbers of a column as text; blank where there is none, no ``.0`` behind.

    Examples
    --------
    >>> import pandas as pd
    >>> as_text(pd.Series([600_123.0, None])), as_text(pd.Series([" H ", None]))
    (['600123', ''], ['H', ''])
    """
    return [
        ""
        if value is None or value != value  # noqa: PLR0124 - of all values only nan differs
        else f"{value:.0f}"
        if isinstance(value, float) and value == round(value)
        else str(value).strip()
        for value in values.tolist()
    ]


def _numbers(values: Any) -> npt.NDArray[np.float64]:
    import pandas as pd

    return np.asarray(pd.to_numeric(values, errors="coerce"), dtype=float)
