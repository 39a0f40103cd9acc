"""How publishers are asked: one function a protocol, each giving one whole file on disk.

========== ====================================================== ======================
``by``     publisher                                              file
========== ====================================================== ======================
ckan       DUO, data portal                                       CSV
odata3     CBS, opendata.cbs.nl                                   JSON
odata4     CBS, datasets.cbs.nl                                   JSON
ogc, wfs   PDOK                                                   GeoPackage in RD New
rio_lod    RIO                                                    JSON, an object a line
dataverse  DANS                                                   as published
sdmx       OECD                                                   CSV
file       all others: an address, a link on a page, in a zip     as published
========== ====================================================== ======================

What a data set needs stands in its ``fetch`` table in the catalogue; the docstring of each function
says which facts it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo_mbo.errors import InputError
from geo_mbo.progress import Progress, silent
from geo_mbo.sources.download import Fetched
from geo_mbo.sources.protocols import ckan, dataverse, files, odata, ogc, rio_lod, sdmx
from geo_mbo.sources.protocols.walk import Gathered
from geo_mbo.sources.web import Web

__all__ = ["PROTOCOLS", "Gathered", "fetch"]

_PAGED = {
    "ckan": ckan.fetch,
    "odata3": odata.fetch_v3,
    "odata4": odata.fetch_v4,
    "ogc": ogc.fetch_ogc,
    "wfs": ogc.fetch_wfs,
    "rio_lod": rio_lod.fetch,
    "dataverse": dataverse.fetch,
    "sdmx": sdmx.fetch,
}

PROTOCOLS = (*_PAGED, "file")
"""What ``by`` may say in the catalogue."""


def fetch(
    web: Web,
    facts: Mapping[str, Any],
    to: Path,
    *,
    known: Fetched | None = None,
    progress: Progress = silent,
) -> Gathered:
    """Fetch a data set as its catalogue entry says.

    Parameters
    ----------
    web
        Who may be asked.
    facts
        The ``fetch`` table of the data set, with its ``url``:
        ``{"url": found.url, **found.fetch}``.
    to
        Where the file goes; what is there stays until the new one is whole.
    known
        The file that lies there now; only a plain file is then asked for anew in as far as it
        changed.
    progress
        Gets the fraction that is there.

    Returns
    -------
    Gathered
        The file, its rows in as far as they were counted, and the year it is of.

    Raises
    ------
    FetchError
        The publisher could not be reached, refuses, or gave something else than announced.
    FileError
        The disk is full or may not be written.
    InputError
        The facts leave out something that is needed, or ask for what there is not.
    """
    by = str(facts.get("by", ""))
    if by == "file":
        return files.fetch(web, facts, to, known=known, progress=progress)
    if by not in _PAGED:
        raise InputError.of("no_protocol", value=by or "-", allowed=", ".join(PROTOCOLS))
    return _PAGED[by](web, facts, to, progress=progress)
