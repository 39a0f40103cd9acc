"""A travel matrix on disk, written block by block as it is found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.cache import replacing
from geo_mbo.network.pairs import ORIGINS, SITES
from geo_mbo.travel.matrix import VARIABLES, TravelMatrix

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.network.pairs import Block

_CHUNK = {"mode": 1, "origin": ORIGINS, "site": SITES}
"""A column of sites and a row of origins are both read without reading all."""


def write_blocks(
    path: Path,
    coords: Mapping[str, npt.NDArray[Any]],
    snap_m: Mapping[str, npt.NDArray[Any]],
    blocks: Iterable[tuple[int, Block]],
    *,
    source: str,
) -> TravelMatrix:
    """Write a matrix to a Zarr folder as its blocks come, and open it.

    Parameters
    ----------
    path
        The folder; whole or not there.
    coords
        Labels of modes, origins and sites.
    snap_m
        Distances of points to the road, by mode.
    blocks
        Number of the mode, and what was found between some origins and sites.
    source
        Where the times come from.

    Raises
    ------
    FileError
        The folder cannot be written.
    """
    import xarray as xr
    import zarr
    from zarr.codecs import BloscCodec

    sizes = {name: len(labels) for name, labels in coords.items()}
    with replacing(path) as fresh:
        # Labels and distances by xarray, so that `TravelMatrix.open` finds what it knows.
        small = {
            name: (VARIABLES[name][0], found.astype(VARIABLES[name][1]))
            for name, found in snap_m.items()
        }
        xr.Dataset(small, coords=dict(coords), attrs={"source": source}).to_zarr(
            fresh, mode="w", consolidated=False, zarr_format=3
        )
        group = zarr.open_group(fresh, mode="r+")
        planes = {}
        for name in ("minutes", "meters", "status"):
            dims, kind = VARIABLES[name]
            planes[name] = group.create_array(
                name,
                shape=tuple(sizes[dim] for dim in dims),
                chunks=tuple(max(1, min(_CHUNK[dim], sizes[dim])) for dim in dims),
                dtype=np.dtype(kind),
                dimension_names=dims,
                compressors=BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle"),
                fill_value=0,
            )
        for mode, (rows, columns, pairs) in blocks:
            for name, plane in planes.items():
                plane[mode, rows, columns] = getattr(pairs, name)
    return TravelMatrix.open(path)
