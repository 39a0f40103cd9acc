"""A look at a file that just came in: is it what its name says, and does it still have its columns.

A publisher's good file must not give way to a web page, an excuse in JSON, half a database, or a
table whose columns were renamed. Reading it whole is for the readers; this is the look at the door.
"""

from __future__ import annotations

import zipfile
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
        It is something else, lacks its end, or columns of the file before are not in it.

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
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    bare = text if ending in (".json", ".geojson") else start
    wrong_start = ending in _STARTS and not bare.startswith(_STARTS[ending])
    no_map = ending == ".pbf" and _PBF_HEADER not in start[:64]
    binary = ending in _TEXT and (
        b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff"))
    )
    # A word of the publisher in the place of rows: a page of another kind, or an error in JSON.
    excuse = ending in _TEXT and text.startswith((b"<", b"{"))
    if not text or wrong_start or no_map or binary or excuse or not _to_the_end(path):
        raise FetchError.of("fetch_other_format", url=url, format=ending.lstrip("."))
    if before is not None and ending in (*_TEXT, ".gpkg"):
        gone = [name for name in _columns(before) if name not in set(_columns(path))]
        if gone:
            raise FetchError.of("fetch_columns_gone", url=url, columns=", ".join(gone))


def _to_the_end(path: Path) -> bool:
    """Say whether a file has its end, where its kind tells: an answer without a length may lack it.

    A zip has its list at the end, JSON closes what it opens, and a database says how many pages
    it has.
    """
    ending, size = path.suffix.lower(), path.stat().st_size
    if ending in (".zip", ".xlsx"):
        return zipfile.is_zipfile(path)
    with path.open("rb") as file:
        if ending == ".gpkg":
            head = file.read(100)
            page, pages = int.from_bytes(head[16:18]), int.from_bytes(head[28:32])
            # Old writers leave the number of pages as it was: it holds for the change it names.
            told = head[24:28] == head[92:96]
            # Of a page of 65,536 bytes it says 1.
            return not told or size >= pages * (65_536 if page == 1 else page)
        if ending in (".json", ".geojson", ".jsonl"):
            file.seek(max(size - 1024, 0))
            return file.read().rstrip().endswith((b"}", b"]"))
    return True


def _columns(path: Path) -> list[str]:
    """Give the columns of a table or of all layers; none where they cannot be told."""
    if path.suffix.lower() == ".gpkg":
        return _layer_columns(path)
    from geo_mbo.sources.text import read_headers

    try:
        return read_headers(path)
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
