"""A look at a file that just came in: is it what its name says, and does it still have its columns.

A publisher's good file must not give way to a web page, an excuse in JSON, half a database, or a
table whose columns were renamed. Reading it whole is for the readers; this is the look at the door.
"""

from __future__ import annotations

from pathlib import Path

from geo_mbo.errors import FetchError, GeoMboError
from geo_mbo.sources.web import is_page

_STARTS: dict[str, tuple[bytes, ...]] = {
    ".gpkg": (b"SQLite format 3\0",),
    ".zip": (b"PK\x03\x04",),
    ".xlsx": (b"PK\x03\x04",),
    ".json": (b"{", b"["),
    ".geojson": (b"{",),
    ".jsonl": (b"{",),
    ".pbf": (b"\x00\x00\x00",),
}
_TEXT = (".csv", ".txt", ".tsv")
_PBF_HEADER = b"OSMHeader"
_SAMPLE = 1 << 16


def look_alike(path: Path, *, url: str, before: Path | None = None) -> None:
    """See that a file is of the kind that its ending says, and lacks no column that it had.

    Parameters
    ----------
    path
        The file that came.
    url
        Where it came from, to name it in a message.
    before
        The file that it is to replace; None where there is none.

    Raises
    ------
    FetchError
        It is something else, or columns of the file before are not in it.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("<html><body>Storing</body></html>")
    >>> look_alike(path, url="https://duo.nl/a.csv")
    Traceback (most recent call last):
    geo_mbo.errors.FetchError: https://duo.nl/a.csv: the publisher sent a web page ...
    """
    ending = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
    if is_page(start):
        raise FetchError.of("fetch_is_page", url=url)
    bare = start.lstrip(b"\xef\xbb\xbf \t\r\n") if ending in (".json", ".geojson") else start
    wrong_start = ending in _STARTS and not bare.startswith(_STARTS[ending])
    no_map = ending == ".pbf" and _PBF_HEADER not in start[:64]
    binary = ending in _TEXT and (
        b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff"))
    )
    if not start or wrong_start or no_map or binary:
        raise FetchError.of("fetch_other_format", url=url, format=ending.lstrip("."))
    if before is not None and ending in (*_TEXT, ".gpkg"):
        gone = [name for name in _columns(before) if name not in set(_columns(path))]
        if gone:
            raise FetchError.of("fetch_columns_gone", url=url, columns=", ".join(gone))


def _columns(path: Path) -> list[str]:
    """Give the columns of a table or of all layers; none where they cannot be told."""
    if path.suffix.lower() == ".gpkg":
        return _layer_columns(path)
    from geo_mbo.sources.text import read_text

    try:
        return [str(name) for name in read_text(path).columns]
    except GeoMboError:
        return []


def _layer_columns(path: Path) -> list[str]:
    import pyogrio

    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        return [
            f"{layer}.{field}"
            for layer in layers
            for field in pyogrio.read_info(path, layer=layer)["fields"]
        ]
    except pyogrio.errors.DataSourceError:
        return []
