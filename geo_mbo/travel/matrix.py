"""The travel matrix: labelled arrays of minutes, metres and status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from geo_mbo.cache import replacing
from geo_mbo.errors import Breach, FileError, InputError, MissingFileError
from geo_mbo.schema import TRAVEL_STATUS

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import xarray as xr

OK, UNREACHABLE, ORIGIN_TOO_FAR, SITE_TOO_FAR, OVER_LIMIT = range(len(TRAVEL_STATUS))

VARIABLES: Mapping[str, tuple[tuple[str, ...], type[np.generic]]] = {
    "minutes": (("mode", "origin", "site"), np.float32),
    "meters": (("mode", "origin", "site"), np.float32),
    "status": (("mode", "origin", "site"), np.uint8),
    "origin_snap_m": (("mode", "origin"), np.float32),
    "site_snap_m": (("mode", "site"), np.float32),
}


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
    >>> from geo_mbo.travel import matrix_from_long
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
        """Give one row a pair and mode, under the contract `geo_mbo.schema.TRAVEL`."""
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


def labelled(
    modes: Iterable[str],
    origins: Iterable[str],
    sites: Iterable[str],
    planes: Mapping[str, npt.NDArray[Any]],
    *,
    source: str,
) -> TravelMatrix:
    """Put arrays and labels together; labels are text of any length, so that none is cut off."""
    import xarray as xr

    labels = coords_of(modes, origins, sites)
    sizes = {name: len(ids) for name, ids in labels.items()}
    data = {
        name: (dims, np.asarray(planes.get(name, np.empty([sizes[d] for d in dims]))).astype(kind))
        for name, (dims, kind) in VARIABLES.items()
    }
    return TravelMatrix(xr.Dataset(data, coords=labels, attrs={"source": source}))


def coords_of(
    modes: Iterable[str], origins: Iterable[str], sites: Iterable[str]
) -> dict[str, npt.NDArray[Any]]:
    """Give the labels of a matrix.

    Raises
    ------
    InputError
        Labels occur more than once.
    """
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
    return labels


def _positions(index: pd.Index[Any], wanted: Sequence[str], name: str) -> npt.NDArray[np.intp]:
    import pandas as pd

    at = index.get_indexer(pd.Index(np.array(wanted, dtype=object)))
    if (at < 0).any():
        absent = [value for value, where in zip(wanted, at, strict=True) if where < 0]
        raise InputError.of("not_in_matrix", what=name, count=len(absent), value=absent[0])
    return at


def _sliced(at: npt.NDArray[np.intp]) -> npt.NDArray[np.intp] | slice:
    """Give neighbours as a slice: a view instead of a copy."""
    if len(at) and (np.diff(at) == 1).all():
        return slice(int(at[0]), int(at[-1]) + 1)
    return at
