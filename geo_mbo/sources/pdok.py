"""The Locatieserver of PDOK: where an address is.

One question at a time, each address once, with a name that says who asks; what fails for the moment
is asked again twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from geo_mbo.errors import FetchError

if TYPE_CHECKING:
    import pandas as pd
    import requests

URL = "https://api.pdok.nl/bzk/locatieserver/search/v3_1"
TIMEOUT_S = 20.0
ATTEMPTS = 3
PARTS = ("street", "number", "postcode", "place")
"""The columns of an address, in the order in which it is asked."""

_POINT = re.compile(r"POINT\s*\(\s*([-\d.]+)\s+([-\d.]+)\s*\)")
_AGENT = "geo_mbo (https://pypi.org/project/geo-mbo)"


def locate(
    addresses: pd.DataFrame, *, session: requests.Session | None = None, url: str = URL
) -> pd.DataFrame:
    """Ask where addresses are.

    Parameters
    ----------
    addresses
        ``street``, ``number``, ``postcode``, ``place`` (text; any may be missing).
    session
        The HTTP session to ask with; its own where none is given.
    url
        Address of the service, up to and including its version.

    Returns
    -------
    pandas.DataFrame
        ``x_m``, ``y_m`` (RD New) and ``score`` of the best hit, on the index of `addresses`;
        missing where there is none.

    Raises
    ------
    FetchError
        The service could not be reached, or answered with what is no answer.
    """
    import pandas as pd
    import requests

    session = session or requests.Session()
    texts = address_texts(addresses)
    hits = {text: _hit(text, session, url) for text in dict.fromkeys(texts) if text}
    nowhere = (float("nan"),) * 3
    return pd.DataFrame(
        [hits.get(text, nowhere) for text in texts],
        columns=["x_m", "y_m", "score"],
        index=addresses.index,
        dtype=float,
    )


def address_texts(addresses: pd.DataFrame) -> list[str]:
    """Give addresses as they are asked: the parts that there are, with a blank between.

    Examples
    --------
    >>> import pandas as pd
    >>> parts = {"street": "Kade", "number": None, "postcode": "1001AA ", "place": "Haverdam"}
    >>> address_texts(pd.DataFrame([parts]))
    ['Kade 1001AA Haverdam']
    """
    parts = addresses[list(PARTS)].fillna("").astype("str")
    rows = zip(*(parts[name] for name in PARTS), strict=True)
    return [" ".join(" ".join(row).split()) for row in rows]


def read_point(text: str) -> tuple[float, float]:
    """Read a place as the service writes it.

    Raises
    ------
    ValueError
        It is no point.

    Examples
    --------
    >>> read_point("POINT(155001.5 463002.25)")
    (155001.5, 463002.25)
    """
    found = _POINT.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    return float(found[1]), float(found[2])


def _hit(text: str, session: requests.Session, url: str) -> tuple[float, float, float]:
    answer = _answer(text, session, url)
    try:
        docs = answer["response"]["docs"]
        if not docs:
            return (float("nan"),) * 3
        x_m, y_m = read_point(docs[0]["centroide_rd"])
        return x_m, y_m, float(docs[0].get("score", "nan"))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FetchError.of("fetch_garbage", url=url, value=str(answer)[:80]) from error


def _answer(text: str, session: requests.Session, url: str) -> Any:
    import requests
    import stamina

    params = {"q": text, "fq": "type:adres", "fl": "centroide_rd,score,weergavenaam", "rows": "1"}
    try:
        for attempt in stamina.retry_context(on=_passing, attempts=ATTEMPTS, wait_initial=0.5):
            with attempt:
                got = session.get(
                    f"{url}/free",
                    params=params,
                    timeout=TIMEOUT_S,
                    headers={"User-Agent": _AGENT},
                )
                got.raise_for_status()
        return got.json()
    except requests.JSONDecodeError as error:
        raise FetchError.of("fetch_garbage", url=url, value=got.text[:80]) from error
    except requests.RequestException as error:
        raise FetchError.of("fetch_failed", url=url, reason=str(error)[:200]) from error


def _passing(error: Exception) -> bool:
    """Say whether asking again may help: no connection, too busy, or a fault on their side."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, requests.ConnectionError | requests.Timeout)
