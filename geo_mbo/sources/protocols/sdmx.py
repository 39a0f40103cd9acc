"""Tables of the OECD over SDMX, as CSV with codes and labels.

Sources: OECD Data API documentation (July 2024); SDMX-CSV 2.0 (sdmx-twg). The OECD refuses for a
while who asks too often; one table is one question here.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo_mbo.errors import FetchError
from geo_mbo.progress import Progress, silent
from geo_mbo.sources.download import Fetched
from geo_mbo.sources.protocols.walk import Gathered, address, needed
from geo_mbo.sources.protocols.whole import checked_download
from geo_mbo.sources.web import Web

HOST = "sdmx.oecd.org"
VALUE = "OBS_VALUE"
_STRUCTURE = "STRUCTURE"


def fetch(web: Web, facts: Mapping[str, Any], to: Path, *, progress: Progress = silent) -> Gathered:
    """Fetch a data flow as CSV.

    Parameters
    ----------
    web
        Who may be asked.
    facts
        ``flow``: agency, data flow and version with commas between
        (``"OECD.EDU.IMEP,DSD_EAG@DF_EAG,1.0"``); ``key``: the codes of the dimensions with points
        between (all of them where it is not given); ``start`` and ``end``: periods; ``api``: 1
        (where it is not given) or 2; ``host`` and ``path``, where they are not those of the OECD.
    to
        Where the file goes.
    progress
        Gets the fraction that came, where the publisher says how much there is.

    Raises
    ------
    FetchError
        The publisher refuses or has no such rows, or what came is no table of observations.
    """
    (flow,) = needed(facts, "flow")
    base = f"https://{facts.get('host', HOST)}/{facts.get('path', 'public/rest')}"
    if int(facts.get("api", 1)) == 1:
        at = f"{base}/data/{flow}/{facts.get('key', 'all')}"
    else:
        at = f"{base}/v2/data/dataflow/{flow.replace(',', '/')}/{facts.get('key', '*')}"
    asked = {
        "startPeriod": facts.get("start"),
        "endPeriod": facts.get("end"),
        "dimensionAtObservation": "AllDimensions",
        "format": "csvfilewithlabels",
    }
    url = address(at, asked)
    came, rows = checked_download(web, url, to, check=_observations, progress=progress)
    return Gathered(came, rows)


def _observations(path: Path, came: Fetched) -> int:
    """Count the observations, and see that they are some."""
    url = came.url
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        try:
            header = next(rows, [])
            if VALUE not in header or header[0] != _STRUCTURE:
                raise FetchError.of("fetch_garbage", url=url, value=",".join(header)[:80])
            count = 0
            for row in rows:
                if row and len(row) != len(header):
                    raise FetchError.of("fetch_garbage", url=url, value=",".join(row)[:80])
                count += bool(row)
        except (csv.Error, UnicodeDecodeError) as error:
            raise FetchError.of("fetch_garbage", url=url, value=str(error)[:80]) from error
    if not count:
        raise FetchError.of("nothing_there", url=url, value="-")
    return count
