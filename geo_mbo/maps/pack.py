"""Numbers made small for a page: minutes and shares as bytes, counts without small ones."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

NONE = 255
"""The byte that stands for "not reached" or "no figure"."""

LONGEST_MIN = 250
SHARE_STEPS = 200
SMALLEST_SHOWN = 5
"""Counts of people below this are not shown, nor are the figures that would give them away."""


def packed_minutes(minutes: npt.NDArray[np.floating]) -> str:
    """Pack minutes (rows x columns): whole minutes *up*, so that "within 45" stays exact.

    Each byte is the difference with the one before it in the row: neighbours take about as long,
    and small differences compress well. Not reached (``inf``) and unknown are `NONE`.

    Examples
    --------
    >>> import base64, zlib
    >>> list(zlib.decompress(base64.b64decode(packed_minutes(np.array([[12.2, 14.0, np.inf]])))))
    [13, 1, 241]
    """
    known = np.isfinite(minutes)
    whole = np.ceil(np.where(known, minutes, 0) - 1e-6).clip(0, LONGEST_MIN)
    codes = np.where(known, whole, NONE).astype(np.uint8)
    return _packed(np.diff(codes, axis=1, prepend=np.uint8(0)))


def packed_shares(shares: npt.NDArray[np.floating]) -> str:
    """Pack shares (0-1) in steps of half a percent; some is never none, and never all.

    Examples
    --------
    >>> import base64, zlib
    >>> list(zlib.decompress(base64.b64decode(packed_shares(np.array([[0, .001, .5, 1, np.nan]])))))
    [0, 1, 100, 200, 255]
    """
    steps = np.nan_to_num(shares) * SHARE_STEPS
    some = (shares > 0) & (shares < 1)
    codes = np.where(some, np.clip(np.round(steps), 1, SHARE_STEPS - 1), steps)
    return _packed(np.where(np.isnan(shares), NONE, codes).astype(np.uint8))


def _packed(codes: npt.NDArray[np.uint8]) -> str:
    return base64.b64encode(zlib.compress(codes.tobytes(), 9)).decode("ascii")


def packed_json(data: object) -> str:
    """Pack plain values as compressed JSON: borders come to a third of their length.

    Examples
    --------
    >>> import base64, zlib
    >>> zlib.decompress(base64.b64decode(packed_json({"arcs": []})))
    b'{"arcs":[]}'
    """
    written = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(written.encode(), 9)).decode("ascii")


def masked(counts: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say which counts are of fewer than five people, and more than none."""
    high = counts["students_high"].to_numpy(float)
    return np.asarray((high > 0) & (high < SMALLEST_SHOWN))


def shown_counts(counts: pd.DataFrame) -> dict[str, list[float | None]]:
    """Give ``n``, ``low`` and ``high`` as whole numbers; all three None where masked or missing.

    Examples
    --------
    >>> import pandas as pd
    >>> shown_counts(pd.DataFrame({"students": [12.5, 2.5], "students_low": [11.0, 1.0],
    ...                            "students_high": [14.0, 4.0]}))
    {'n': [12.5, None], 'low': [11, None], 'high': [14, None]}
    """
    hidden = masked(counts)
    names = {"n": "students", "low": "students_low", "high": "students_high"}
    return {
        short: plain(np.where(hidden, np.nan, counts[name].to_numpy(float)), decimals=1)
        for short, name in names.items()
    }


def plain(values: npt.ArrayLike, *, decimals: int = 1) -> list[float | None]:
    """Give numbers as JSON can hold them: rounded, missing as None, not reached as -1.

    Examples
    --------
    >>> plain([1.26, float("nan"), float("inf"), 3.0])
    [1.3, None, -1, 3]
    """
    rounded = np.round(np.asarray(values, dtype=float), decimals)
    return [_as_json(value) for value in rounded.tolist()]


def _as_json(value: float) -> float | None:
    if np.isnan(value):
        return None
    if np.isinf(value):
        return -1
    return int(value) if value == int(value) else value


def rough_people(weights: npt.ArrayLike) -> list[float]:
    """Give numbers of young people, those below five as 2.5 so that none can be counted.

    Examples
    --------
    >>> rough_people([0, 3, 5, 120.4])
    [0, 2.5, 5, 120]
    """
    numbers = np.nan_to_num(np.asarray(weights, dtype=float))
    small = (numbers > 0) & (numbers < SMALLEST_SHOWN)
    return [2.5 if s else int(n) for n, s in zip(np.round(numbers).tolist(), small, strict=True)]


def positions(values: pd.Series, among: Sequence[str]) -> npt.NDArray[np.int64]:
    """Give the place of each value among identifiers; -1 where it is not there."""
    import pandas as pd

    known = pd.Index(list(among), dtype="object")
    return np.asarray(known.get_indexer(pd.Index(values, dtype="object")))
