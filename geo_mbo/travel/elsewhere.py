"""Matrices from elsewhere, and several in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import TRAVEL, TRAVEL_STATUS, checked
from geo_mbo.travel.matrix import OK, UNREACHABLE, TravelMatrix, labelled

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd


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
    axes = {name: pd.Index(whole[name].unique()) for name in ("mode", "origin_id", "site_id")}
    at = tuple(axis.get_indexer(pd.Index(whole[name])) for name, axis in axes.items())
    shape = tuple(map(len, axes.values()))
    status = pd.Index(TRAVEL_STATUS).get_indexer(pd.Index(whole["status"]))
    reached = status == OK

    def plane(values: npt.ArrayLike, otherwise: float) -> npt.NDArray[np.float64]:
        filled = np.full(shape, otherwise)
        filled[at] = values
        return filled

    planes = {
        "minutes": plane(np.where(reached, whole["minutes"], np.inf), np.inf),
        "meters": plane(
            np.where(reached, np.where(known, whole["meters"], np.nan), np.inf), np.inf
        ),
        "status": plane(status, UNREACHABLE),
        "origin_snap_m": np.full(shape[:2], np.nan),
        "site_snap_m": np.full((shape[0], shape[2]), np.nan),
    }
    _tell(notify, missing=int(np.prod(shape)) - len(whole), unknown=int((reached & ~known).sum()))
    return labelled(axes["mode"], axes["origin_id"], axes["site_id"], planes, source=source)


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
        parts.append(other.data.reindex(origin=first.origins, site=first.sites, fill_value=fills))
    source = "; ".join(dict.fromkeys(m.source for m in (first, *others) if m.source))
    joined = xr.concat(parts, dim="mode", join="exact", combine_attrs="drop")
    return TravelMatrix(joined.assign_attrs(source=source))


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
