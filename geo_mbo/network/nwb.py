"""A network from NWB-wegen, the national road file of the Netherlands (Rijkswaterstaat, NDW).

Every row is a stretch of road (*wegvak*) between two junctions that are named by number
(``jte_id_beg``, ``jte_id_end``): those are the graph, so that roads on two levels do not meet where
they cross. What the codes say stands in ``resources/nwb.toml``, with its sources and what is not
verified about it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.errors import FileError
from geo_mbo.modes import Mode, turn_seconds
from geo_mbo.network import lines
from geo_mbo.network.access import joinable, speeds_kmh
from geo_mbo.network.road import Network, polyline_lengths
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from geo_mbo.network.road import Floats, Truths, Whole

NEEDED = ("jte_id_beg", "jte_id_end", "rijrichtng", "wegbehsrt")
"""By these columns the file is known; they are enough to read it."""
HELPFUL = ("wvk_id", "bst_code", "routeltr", "frc")
ROLES = ("travel_time", "travel_time_unit", "speed_kmh")
"""What a column that was added to the file can be: it has a direction of its own."""
APART_M = 1.0
"""Ends of lines that lie farther than this from the junction that they name are told."""


def layer_of(path: Path) -> str | None:
    """Give the layer that has the columns of NWB-wegen; None where the file has none.

    A file that cannot be opened has none either: the reader of lines says what is wrong with it.
    """
    import pyogrio

    try:
        for name, kind in pyogrio.list_layers(path):
            fields = pyogrio.read_info(path, layer=name)["fields"] if kind else ()
            if set(NEEDED) <= {str(field).lower() for field in fields}:
                return str(name)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError):
        return None
    return None


def read_nwb(
    path: Path,
    *,
    modes: Sequence[Mode],
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    box: tuple[float, float, float, float] | None = None,
    notify: Notify = to_log,
) -> Network:
    """Read NWB-wegen: a GeoPackage, shapefile or GeoJSON of *wegvakken*.

    The file holds no speeds: those of the class of road that a code stands for are taken, unless a
    column that was added to the file gives the cars' own. Its direction is that of fast traffic; it
    binds bicycles too, since the file does not say where these may go against it.

    Parameters
    ----------
    path
        The file; headers in capitals or not.
    modes
        Modes to give seconds for.
    layer
        The layer to read; None: the one that `layer_of` finds.
    columns
        Which columns, added to the file, hold ``travel_time`` (with its unit) or ``speed_kmh``.
    box
        West, south, east and north in degrees: only lines that touch this box.
    notify
        Gets the notes: estimated speeds, letters that are not known or not verified, lines that are
        left out, and junctions whose lines do not end in one place.

    Raises
    ------
    FileError
        The file is broken or holds no road.
    CrsError
        The file has no coordinate system.
    InputError
        A column or unit is not there, or the travel times make no sense in their unit.
    """
    given = dict(columns or {})
    frame = _rows(path, layer or layer_of(path), given, box)
    lines.check_columns(frame, given, where=path.name, roles=ROLES)
    tags = _tags(frame, notify)
    kept = np.flatnonzero(_usable(frame, tags, notify))
    if not len(kept):
        raise FileError.of("no_roads", path=str(path))
    frame = frame.iloc[kept].reset_index(drop=True)
    tags = [tags[k] for k in kept.tolist()]
    frame["geometry"] = _one_line_each(frame, notify)
    x, y, start, crs = lines.in_metres(frame, notify)
    length = polyline_lengths(x, y, start)
    tail, head, node_x, node_y = _junctions(frame, x, y, start, notify)
    return Network(
        node_x=node_x,
        node_y=node_y,
        node_osm=np.full(len(node_x), -1, np.int64),
        tail=tail,
        head=head,
        length_m=length,
        seconds=_seconds(frame, tags, modes, given, length, notify),
        joinable=np.array([joinable(one) for one in tags], bool) & (length > 0),
        shape_x=x,
        shape_y=y,
        shape_start=start,
        source=path.name,
        crs=crs,
        turn_s=turn_seconds(modes),
    )


def _rows(
    path: Path,
    layer: str | None,
    columns: Mapping[str, str],
    box: tuple[float, float, float, float] | None,
) -> gpd.GeoDataFrame:
    """Read what is needed of the file; the publisher's headers in small letters."""
    import geopandas as gpd
    import pyogrio

    try:
        about = pyogrio.read_info(path, layer=layer)
        wanted = {*columns.values()}
        names = {
            field: field.lower()
            for field in map(str, about["fields"])
            if field.lower() in (*NEEDED, *HELPFUL) and field not in wanted
        }
        chosen = [field for field in map(str, about["fields"]) if field in {*names, *wanted}]
        bounds = None if box is None else _in_crs(box, about["crs"])
        frame = gpd.read_file(path, layer=layer, columns=chosen, bbox=bounds)
    except (pyogrio.errors.DataSourceError, OSError, ValueError, RuntimeError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error
    return lines.with_crs(frame, path).rename(columns=names)


def _in_crs(box: tuple[float, float, float, float], crs: str | None) -> Any:
    from pyproj import Transformer

    turn = Transformer.from_crs("EPSG:4326", crs or "EPSG:4326", always_xy=True)
    return turn.transform_bounds(*box, densify_pts=21)


def _usable(frame: gpd.GeoDataFrame, tags: Sequence[Mapping[str, str]], notify: Notify) -> Truths:
    """Mark the rows that are a road between two junctions; tell of the others."""
    drawn = frame.geom_type.isin(["LineString", "MultiLineString"]) & ~frame.geometry.is_empty
    named = frame["jte_id_beg"].notna() & frame["jte_id_end"].notna()
    whole = np.asarray(drawn & named, bool)
    if not whole.all():
        notify(note("nwb_left_out", _names(frame, ~whole), count=int((~whole).sum())))
    opened = np.array([bool(one) for one in tags], bool)
    if not opened.all():
        notify(note("nwb_closed", count=int((~opened).sum())))
    usable: Truths = whole & opened
    return usable


def _names(frame: gpd.GeoDataFrame, rows: Truths) -> list[str]:
    """Give the first of these rows by the publisher's number, or by their place in the file."""
    at = np.flatnonzero(rows)
    if "wvk_id" in frame:
        return lines.as_text(frame["wvk_id"].iloc[at])
    return [str(k + 1) for k in at.tolist()]


def _tags(frame: gpd.GeoDataFrame, notify: Notify) -> list[Mapping[str, str]]:
    """Give the tags that stand for each row; none where nobody may use it."""
    codes = {
        name: [code.upper() for code in lines.as_text(frame[name])]
        if name in frame
        else [""] * len(frame)
        for name in ("wegbehsrt", "rijrichtng", "bst_code", "routeltr", "frc")
    }
    _tell_codes(codes["wegbehsrt"], codes["rijrichtng"], notify)
    return [
        _tags_of(*row)
        for row in zip(*codes.values(), strict=True)  # owner, direction, code, route, frc
    ]


def _tell_codes(owner: Sequence[str], direction: Sequence[str], notify: Notify) -> None:
    """Tell of letters that are not known, or whose meaning is not verified."""
    told, owners = _rules()["direction"], _rules()["owner"]
    known = {*told["forward"], *told["backward"], *told["both"]}
    for code, found in (
        ("nwb_direction_unknown", [letter for letter in direction if letter not in known]),
        ("nwb_direction_unverified", [x for x in direction if x in told["not_verified"]]),
        ("nwb_owner_unknown", [letter for letter in owner if letter not in owners]),
    ):
        if found:
            letters = ", ".join(repr(letter) for letter in sorted(set(found)))
            notify(note(code, count=len(found), letters=letters))


@cache
def _tags_of(owner: str, direction: str, code: str, route: str, frc: str) -> Mapping[str, str]:
    road = road_of(owner=owner, code=code, route=route, frc=frc)
    if road == "closed":
        return {}
    kind = {"route": "ferry"} if road == "ferry" else {"highway": road}
    told = _rules()["direction"]
    ways = {"yes": told["forward"], "-1": told["backward"]}
    one_way = [value for value, letters in ways.items() if direction in letters]
    return {**kind, "oneway": one_way[0] if one_way else "no"}


def road_of(*, owner: str, code: str = "", route: str = "", frc: str = "") -> str:
    """Give the class of road, as in OpenStreetMap, that the codes of a row stand for.

    Parameters
    ----------
    owner, code, route, frc
        ``WEGBEHSRT``, ``BST_CODE``, ``ROUTELTR`` and ``FRC``; blank where not filled in.

    Returns
    -------
    str
        A class of ``resources/speeds.toml``, ``ferry``, or ``closed``.

    Examples
    --------
    >>> road_of(owner="R", route="A"), road_of(owner="R", route="A", code="AFR")
    ('motorway', 'motorway_link')
    >>> road_of(owner="G"), road_of(owner="G", frc="4"), road_of(owner="G", code="FP", frc="7")
    ('residential', 'tertiary', 'cycleway')
    """
    rules = _rules()
    if code in rules["code"]:
        return str(rules["code"][code])
    fast = rules["motorway"]
    if frc in fast["frc"] or (owner in fast["owner"] and route in fast["route"]):
        road = fast["class"]
    else:
        road = rules["frc"].get(frc) or rules["owner"].get(owner, "residential")
    linked = code in rules["link"]["codes"] and road in rules["link"]["classes"]
    return f"{road}_link" if linked else str(road)


def _one_line_each(frame: gpd.GeoDataFrame, notify: Notify) -> npt.NDArray[Any]:
    """Make one line of the parts of each row, in the publisher's direction."""
    import shapely

    shapes = shapely.force_2d(np.asarray(frame.geometry))
    several = shapely.get_num_geometries(shapes) > 1
    shapes[~several] = shapely.get_geometry(shapes[~several], 0)
    shapes[several] = shapely.line_merge(shapes[several], directed=True)
    broken = shapely.get_num_geometries(shapes) > 1
    if broken.any():
        shapes[broken] = [shapely.LineString(shapely.get_coordinates(s)) for s in shapes[broken]]
        notify(note("nwb_gaps", _names(frame, broken), count=int(broken.sum())))
    return np.asarray(shapes)


def _junctions(
    frame: gpd.GeoDataFrame, x: Floats, y: Floats, start: Whole, notify: Notify
) -> tuple[Whole, Whole, Floats, Floats]:
    """Make a node of each junction that is named, where the first line that names it ends."""
    import pandas as pd

    named = pd.concat([frame["jte_id_beg"], frame["jte_id_end"]], ignore_index=True)
    node = pd.factorize(named)[0].astype(np.int64)
    at = np.concatenate([start[:-1], start[1:] - 1])
    first = np.unique(node, return_index=True)[1]
    node_x, node_y = x[at[first]], y[at[first]]
    apart = np.hypot(x[at] - node_x[node], y[at] - node_y[node]) > APART_M
    if apart.any():
        ids = lines.as_text(named[apart].drop_duplicates())
        notify(note("nwb_apart", ids, apart_m=APART_M))
    return node[: len(frame)], node[len(frame) :], node_x, node_y


def _seconds(
    frame: gpd.GeoDataFrame,
    tags: Sequence[Mapping[str, str]],
    modes: Sequence[Mode],
    columns: Mapping[str, str],
    length: Floats,
    notify: Notify,
) -> dict[str, Floats]:
    """Seconds there and back by mode: of the file's own column for cars, else by class of road."""
    several = {tuple(one.items()): one for one in tags}
    which = {key: k for k, key in enumerate(several)}
    row = np.array([which[tuple(one.items())] for one in tags], np.int64)
    told = lines.told_seconds(frame, columns, length)
    known = np.isfinite(told) & (told > 0) if told is not None else np.zeros(len(frame), bool)
    if told is not None and not known.all():
        notify(note("nwb_no_speed", count=int((~known).sum())))
    found = {}
    for mode in modes:
        kmh = np.array([speeds_kmh(one, mode) for one in several.values()]).reshape(-1, 2)[row].T
        with np.errstate(divide="ignore", invalid="ignore"):  # closed ways divide by 0
            seconds = np.where(kmh > 0, length * 3.6 / kmh, np.inf)
        if mode.vehicle == "motorcar" and told is not None:
            seconds = np.where(known & np.isfinite(seconds), told, seconds)
        found[mode.name] = seconds
    notify(note("nwb_speeds", count=len(frame)))
    return found


@cache
def _rules() -> dict[str, Any]:
    """Read what codes stand for; classes that have a link are those with a speed of their own."""
    from geo_mbo.modes import modes

    told = tomllib.loads((files("geo_mbo") / "resources" / "nwb.toml").read_text("utf-8"))
    classes = modes()["car"].speeds_kmh
    linked = [road for road in classes if f"{road}_link" in classes]
    return {**told, "link": {**told["link"], "classes": linked}}


def rules() -> Mapping[str, Any]:
    """Give what the codes stand for: a network that is kept depends on it."""
    return _rules()
