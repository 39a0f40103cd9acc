"""Travel times and distances from origins (home) to sites (school), by mode.

A `TravelMatrix` holds them dense: float32 minutes and metres with ``inf`` for "not reached", and
beside them a status that says why. Every measure takes such a matrix, wherever it came from: a
network (`travel_matrix`), a crow-flies estimate (`crow_flies_matrix`), or another program
(`matrix_from_long`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from geo_mbo.cache import replacing
from geo_mbo.errors import Breach, CrsError, FileError, InputError, MissingFileError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.progress import Progress, silent
from geo_mbo.schema import TRAVEL, TRAVEL_STATUS, checked

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd
    import xarray as xr

    from geo_mbo.network import Network

__all__ = [
    "TravelMatrix",
    "crow_flies_matrix",
    "matrix_from_long",
    "stacked",
    "travel_matrix",
]

OK, UNREACHABLE, ORIGIN_TOO_FAR, SITE_TOO_FAR, OVER_LIMIT = range(len(TRAVEL_STATUS))


@dataclass(frozen=True)
class TravelMatrix:
    """Minutes, metres and status of every pair of origin and site, by mode.

    Attributes
    ----------
    data
        Dimensions ``mode``, ``origin``, ``site`` (labelled by their names and ids) with
        ``minutes`` and ``meters`` (float32, ``inf`` = not reached, metres ``nan`` = not known) and
        ``status`` (position in `TRAVEL_STATUS`); ``origin_snap_m`` and ``site_snap_m`` say how
        far a point lies from the network (``nan`` = no network was used); attribute ``source``
        says where the times come from.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"origin_id": ["1011", "1012"], "site_id": ["901X001", "901X001"],
    ...                       "mode": "bike", "minutes": [12.0, float("inf")],
    ...                       "meters": [3000.0, float("inf")], "status": ["ok", "over_limit"]})
    >>> matrix = matrix_from_long(frame)
    >>> matrix.minutes("bike")
    array([[12.],
           [inf]], dtype=float32)
    >>> matrix.select(origins=["1012"]).to_long()
      origin_id  site_id  mode  minutes  meters      status
    0      1012  901X001  bike      inf     inf  over_limit
    """

    data: xr.Dataset

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of the modes."""
        return tuple(map(str, self.data.indexes["mode"]))

    @property
    def origins(self) -> pd.Index[Any]:
        """Identifiers of the origins, in the order of the rows."""
        return self.data.indexes["origin"]

    @property
    def sites(self) -> pd.Index[Any]:
        """Identifiers of the sites, in the order of the columns."""
        return self.data.indexes["site"]

    @property
    def source(self) -> str:
        """Where the times come from."""
        return str(self.data.attrs.get("source", ""))

    def minutes(self, mode: str) -> npt.NDArray[np.float32]:
        """Give the minutes (origins x sites) of one mode; ``inf`` = not reached."""
        return self._plane("minutes", mode)

    def meters(self, mode: str) -> npt.NDArray[np.float32]:
        """Give the metres of the fastest path; ``inf`` = not reached, ``nan`` = not known."""
        return self._plane("meters", mode)

    def status(self, mode: str) -> npt.NDArray[np.uint8]:
        """Give the status of one mode: positions in `geo_mbo.schema.TRAVEL_STATUS`."""
        return self._plane("status", mode)

    def _plane(self, name: str, mode: str) -> npt.NDArray[Any]:
        at = _positions(self.data.indexes["mode"], [mode], "mode")[0]
        plane: npt.NDArray[Any] = self.data[name].isel(mode=int(at)).values
        return plane

    def select(
        self,
        *,
        origins: Iterable[str] | None = None,
        sites: Iterable[str] | None = None,
        modes: Iterable[str] | None = None,
    ) -> TravelMatrix:
        """Give the matrix of these origins, sites and modes, in the order asked.

        Parameters
        ----------
        origins, sites, modes
            Identifiers; None keeps all.

        Raises
        ------
        InputError
            The matrix does not have one of them.
        """
        asked = {"origin": origins, "site": sites, "mode": modes}
        where = {
            name: _sliced(_positions(self.data.indexes[name], list(wanted), name))
            for name, wanted in asked.items()
            if wanted is not None
        }
        return TravelMatrix(self.data.isel(where)) if where else self

    def to_long(self) -> pd.DataFrame:
        """Give one row a pair and mode (`geo_mbo.schema.TRAVEL`): modes, origins, sites in order."""
        import pandas as pd

        shape = self.data["minutes"].shape
        at = np.unravel_index(np.arange(int(np.prod(shape))), shape)
        names = np.array(TRAVEL_STATUS, dtype=object)
        return pd.DataFrame(
            {
                "origin_id": self.origins.take(at[1]).astype("str"),
                "site_id": self.sites.take(at[2]).astype("str"),
                "mode": self.data.indexes["mode"].take(at[0]).astype("str"),
                "minutes": self.data["minutes"].values.ravel().astype("float64"),
                "meters": self.data["meters"].values.ravel().astype("float64"),
                "status": pd.Series(names[self.data["status"].values.ravel()], dtype="str"),
            }
        )

    def save(self, path: Path) -> None:
        """Write the matrix to a Zarr folder, whole or not at all.

        Raises
        ------
        FileError
            The folder cannot be written.
        """
        with replacing(path) as fresh:
            self.data.to_zarr(fresh, mode="w", consolidated=False, zarr_format=3)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a matrix that `save` wrote; what is not asked for is not read.

        Raises
        ------
        FileError
            There is no such folder, or it holds no travel matrix.
        """
        import xarray as xr

        if not path.exists():
            raise MissingFileError.of("file_missing", path=str(path))
        try:
            data = xr.open_zarr(path, consolidated=False, chunks=None)
            if not {"minutes", "meters", "status"} <= set(data.data_vars):
                raise KeyError("minutes, meters, status")  # noqa: TRY301 - told below
        except (OSError, ValueError, KeyError) as error:
            raise FileError.of("not_a_matrix", path=str(path)) from error
        return cls(data)


def travel_matrix(
    network: Network,
    origins: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    modes: Sequence[str],
    limit_min: float = 120,
    snap_limit_m: float = 1000,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> TravelMatrix:
    """Travel times over a network, from every origin to every site.

    Each point is snapped once, by itself, to the nearest stretch of road that the mode may use;
    the way from the point to the road is walked and counts in minutes and metres. A value depends
    on its own origin, site and mode only, never on what else was asked for. Exact: Dijkstra's
    algorithm backwards from each site (Dijkstra 1959, Numerische Mathematik 1:269-271).

    Parameters
    ----------
    network
        A road network, in the coordinate system of the points.
    origins
        Points with ``origin_id``.
    sites
        Points with ``site_id``; an empty point (not located) gives a column of ``site_too_far``.
    modes
        Names of modes that the network holds.
    limit_min
        Longest time in minutes; beyond it a pair is ``inf`` with status ``over_limit``.
    snap_limit_m
        Greatest distance in metres from a point to the road.
    progress
        Gets the fraction done.
    notify
        Gets the notes: points far from the road or beyond `snap_limit_m`.

    Returns
    -------
    TravelMatrix
        Minutes and metres, ``inf`` where not reached, with the status that says why.

    Raises
    ------
    CrsError
        Points and network differ in coordinate system.
    InputError
        The network does not hold a mode.
    """
    from geo_mbo.network.pairs import Limits, between
    from geo_mbo.progress import part

    planes = []
    for k, mode in enumerate(modes):
        step = part(progress, k / len(modes), (k + 1) / len(modes))
        limits = Limits(limit_min=limit_min, snap_m=snap_limit_m)
        planes.append(
            between(network, origins, sites, mode=mode, limits=limits, progress=step, notify=notify)
        )
    return _matrix(
        modes,
        origins["origin_id"],
        sites["site_id"],
        {name: np.stack([getattr(p, name) for p in planes]) for name in _VARIABLES}
        if planes
        else {},
        source=network.source,
    )


def crow_flies_matrix(
    origins: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    modes: Sequence[str],
    limit_min: float = 120,
) -> TravelMatrix:
    """Travel times without a network: crow-flies distance x detour / speed of the mode.

    Parameters
    ----------
    origins, sites
        Points with ``origin_id`` and ``site_id`` in one coordinate system in metres.
    modes
        Names of modes; detour and speed stand in ``resources/speeds.toml`` with their sources.
    limit_min
        Longest time in minutes; beyond it a pair is ``inf`` with status ``over_limit``.

    Raises
    ------
    CrsError
        The points are not in metres, or not in one coordinate system.

    Examples
    --------
    >>> import geopandas as gpd
    >>> homes = gpd.GeoDataFrame({"origin_id": ["1011"]},
    ...                          geometry=gpd.points_from_xy([121_000], [487_000]), crs=28992)
    >>> school = gpd.GeoDataFrame({"site_id": ["901X001"]},
    ...                           geometry=gpd.points_from_xy([124_000], [491_000]), crs=28992)
    >>> crow_flies_matrix(homes, school, modes=["bike"]).minutes("bike").round(2)
    array([[24.38]], dtype=float32)
    """
    from geo_mbo.modes import chosen

    _same_metric_crs(origins, sites)
    away = np.hypot(
        origins.geometry.x.to_numpy()[:, None] - sites.geometry.x.to_numpy(),
        origins.geometry.y.to_numpy()[:, None] - sites.geometry.y.to_numpy(),
    )
    reasons = np.where(
        np.isnan(sites.geometry.x.to_numpy())[None, :],
        SITE_TOO_FAR,
        np.where(np.isnan(origins.geometry.x.to_numpy())[:, None], ORIGIN_TOO_FAR, OK),
    )
    planes: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in _VARIABLES}
    for mode in chosen(modes):
        meters = away * mode.detour
        minutes = meters / (mode.crow_flies_kmh * 1000 / 60)
        status = np.where((reasons == OK) & (minutes > limit_min), OVER_LIMIT, reasons)
        planes["minutes"].append(np.where(status == OK, minutes, np.inf))
        planes["meters"].append(np.where(status == OK, meters, np.inf))
        planes["status"].append(status)
        planes["origin_snap_m"].append(np.full(len(origins), np.nan))
        planes["site_snap_m"].append(np.full(len(sites), np.nan))
    return _matrix(
        modes,
        origins["origin_id"],
        sites["site_id"],
        {name: np.stack(found) for name, found in planes.items()} if modes else {},
        source="crow-flies x detour",
    )


def matrix_from_long(
    frame: pd.DataFrame, *, source: str = "", notify: Notify = to_log
) -> TravelMatrix:
    """Make a matrix of a table from elsewhere, such as public transport times from R5 or r5r.

    Parameters
    ----------
    frame
        One row a pair: ``origin_id``, ``site_id``, ``mode``, ``minutes`` (missing or ``inf`` = not
        reached); ``meters`` (missing = not known) and ``status`` may be left out.
    source
        Where the times come from: shown on every output.
    notify
        Gets the notes: pairs that the table does not have (they become ``unreachable``), and
        distances that are not known.

    Raises
    ------
    ContractError
        The table breaks the contract `geo_mbo.schema.TRAVEL`, or has a pair twice.
    """
    import pandas as pd

    whole = checked(_completed(frame), TRAVEL, source=source or "travel")
    known = frame["meters"].notna().to_numpy() if "meters" in frame else np.zeros(len(frame), bool)
    levels = [pd.Index(whole[name].unique()) for name in ("mode", "origin_id", "site_id")]
    shape = tuple(map(len, levels))
    at = tuple(
        level.get_indexer(whole[name])
        for level, name in zip(levels, ("mode", "origin_id", "site_id"), strict=True)
    )
    planes = {
        "minutes": np.full(shape, np.inf, np.float32),
        "meters": np.full(shape, np.inf, np.float32),
        "status": np.full(shape, UNREACHABLE, np.uint8),
        "origin_snap_m": np.full(shape[:2], np.nan),
        "site_snap_m": np.full((shape[0], shape[2]), np.nan),
    }
    status = pd.Index(TRAVEL_STATUS).get_indexer(whole["status"])
    reached = status == OK
    planes["status"][at] = status
    planes["minutes"][at] = np.where(reached, whole["minutes"], np.inf)
    planes["meters"][at] = np.where(reached, np.where(known, whole["meters"], np.nan), np.inf)
    _tell(notify, missing=int(np.prod(shape)) - len(whole), unknown=int((reached & ~known).sum()))
    return _matrix(*levels, planes, source=source)


def stacked(first: TravelMatrix, *others: TravelMatrix, notify: Notify = to_log) -> TravelMatrix:
    """Put the modes of several matrices into one, on the origins and sites of the first.

    Parameters
    ----------
    first
        Gives the origins, the sites and the first modes.
    *others
        Matrices with other modes; pairs that they do not have are ``unreachable``.
    notify
        Gets a note of pairs that a matrix does not have.

    Raises
    ------
    InputError
        Two matrices hold the same mode.
    """
    import xarray as xr

    names = [mode for matrix in (first, *others) for mode in matrix.modes]
    double = sorted({mode for mode in names if names.count(mode) > 1})
    if double:
        raise InputError.of("mode_twice", value=", ".join(double))
    fills = {"minutes": np.inf, "meters": np.inf, "status": UNREACHABLE}
    parts = [first.data]
    for other in others:
        here = (first.origins.isin(other.origins).sum(), first.sites.isin(other.sites).sum())
        lacking = (len(first.origins) * len(first.sites) - int(np.prod(here))) * len(other.modes)
        _tell(notify, missing=lacking, unknown=0)
        parts.append(
            other.data.reindex(origin=first.origins, site=first.sites, fill_value=fills)
        )
    source = "; ".join(dict.fromkeys(m.source for m in (first, *others) if m.source))
    joined = xr.concat(parts, dim="mode", join="exact", combine_attrs="drop")
    return TravelMatrix(joined.assign_attrs(source=source))


_VARIABLES = {
    "minutes": (("mode", "origin", "site"), np.float32),
    "meters": (("mode", "origin", "site"), np.float32),
    "status": (("mode", "origin", "site"), np.uint8),
    "origin_snap_m": (("mode", "origin"), np.float32),
    "site_snap_m": (("mode", "site"), np.float32),
}


def _matrix(
    modes: Iterable[str],
    origins: Iterable[str],
    sites: Iterable[str],
    planes: dict[str, npt.NDArray[Any]],
    *,
    source: str,
) -> TravelMatrix:
    """Put arrays and labels together; labels are text of any length, so that none is cut off."""
    import xarray as xr

    labels = {
        name: np.array([str(value) for value in values], dtype=np.dtypes.StringDType())
        for name, values in (("mode", modes), ("origin", origins), ("site", sites))
    }
    breaches = [
        Breach("not_unique", {"column": f"{name}_id", "count": len(ids) - len(set(ids))})
        for name, ids in labels.items()
        if len(ids) != len(set(ids))
    ]
    if breaches:
        raise InputError(breaches)
    sizes = {name: len(ids) for name, ids in labels.items()}
    data = {
        name: (dims, np.asarray(planes.get(name, np.empty([sizes[d] for d in dims]))).astype(kind))
        for name, (dims, kind) in _VARIABLES.items()
    }
    return TravelMatrix(xr.Dataset(data, coords=labels, attrs={"source": source}))


def _completed(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill what a table from elsewhere may leave out, so that it can pass the contract."""
    import pandas as pd

    if "minutes" not in frame:
        return frame
    minutes = frame["minutes"].fillna(np.inf)
    reached = np.isfinite(pd.to_numeric(minutes, errors="coerce").fillna(0))
    meters = frame["meters"].fillna(0) if "meters" in frame else 0.0
    status = frame["status"] if "status" in frame else np.where(reached, "ok", "unreachable")
    return frame.assign(minutes=minutes, meters=meters, status=status)


def _tell(notify: Notify, *, missing: int, unknown: int) -> None:
    if missing:
        notify(note("pairs_missing", count=missing))
    if unknown:
        notify(note("meters_unknown", count=unknown))


def _same_metric_crs(origins: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> None:
    for name, frame in (("origins", origins), ("sites", sites)):
        if frame.crs is None:
            raise CrsError.of("crs_missing", where=name)
        if frame.crs.is_geographic:
            raise CrsError.of("crs_geographic", where=name, crs=frame.crs.name)
    if origins.crs != sites.crs:
        raise CrsError.of("crs_differ", where="sites", crs=sites.crs.name, due=origins.crs.name)


def _positions(index: pd.Index[Any], wanted: Sequence[str], name: str) -> npt.NDArray[np.intp]:
    at = index.get_indexer(np.array(wanted, dtype=object))
    if (at < 0).any():
        absent = [value for value, where in zip(wanted, at, strict=True) if where < 0]
        raise InputError.of("not_in_matrix", what=name, count=len(absent), value=absent[0])
    return at


def _sliced(at: npt.NDArray[np.intp]) -> npt.NDArray[np.intp] | slice:
    """Give neighbours as a slice: a view instead of a copy."""
    if len(at) and (np.diff(at) == 1).all():
        return slice(int(at[0]), int(at[-1]) + 1)
    return at
