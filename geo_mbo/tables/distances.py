"""Published travel distances and times, in whatever form, as what computed ones are held against.

A publisher gives means, a class a row, or how many students are in each class. The last comes to
the bounds of their mean: the lowest has everybody at the near edge of their class, and of the
masked counts as many near and as few far as they allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.errors import InputError, one_of
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.sources.facts_cells import class_bounds
from geo_mbo.tables.facts_keys import keys_of

if TYPE_CHECKING:
    import pandas as pd

    Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

MEASURES = ("km", "minutes")
KEYS = ("origin_id", "institution_id")
_OWN_UNITS = ("km", "min", "minutes")


def published_distances(
    facts: pd.DataFrame,
    *,
    by: Sequence[str],
    measure: str,
    classes: str = "category",
    areas: pd.DataFrame,
    changes: pd.DataFrame | None = None,
    source: str,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give published distances or times by home, by institution, or by both.

    Parameters
    ----------
    facts
        Facts of a table that the user mapped (`geo_mbo.sources.facts_mapped.read_mapped`): in
        ``km`` or ``min``, numbers or classes; or, in any other unit, how many there are in each
        class of the dimension `classes`.
    by
        ``origin_id`` (woongemeente), ``institution_id``, or both.
    measure
        ``km`` or ``minutes``: what the numbers or classes are in.
    classes
        The dimension that holds the classes.
    areas, changes, source, notify
        As for `geo_mbo.tables.facts.facts_as_indicators`.

    Returns
    -------
    pandas.DataFrame
        The columns of `by`, ``mode`` (missing where the table does not tell it), ``year``,
        ``measure``, ``value``, and ``low`` and ``high`` of a class or of a mean over classes
        (``high`` is ``inf`` where the last class is open): what
        `geo_mbo.analysis.compare_published` takes. Rows of which nothing is known are told and
        left out.

    Raises
    ------
    InputError
        The facts do not tell the key, names of municipalities are unknown, or words are no class.

    Examples
    --------
    >>> import pandas as pd
    >>> facts = pd.DataFrame({"institution_id": "01ZZ", "mode": "bike", "year": 2024,
    ...     "category": ["0 tot 5 km", "5 tot 10 km"], "kind": "history", "unit": "students",
    ...     "masked": False, "expected": [30.0, 10.0], "low": [30.0, 10.0], "high": [30.0, 10.0]})
    >>> nowhere = pd.DataFrame(columns=["area_id", "level", "name", "parent_id"])
    >>> found = published_distances(facts, by=["institution_id"], measure="km", areas=nowhere,
    ...                             source="DUO")
    >>> found[["institution_id", "mode", "year", "low", "high"]]
      institution_id  mode  year   low  high
    0           01ZZ  bike  2024  1.25  6.25
    """
    one_of("measure", measure, MEASURES)
    for name in by:
        one_of("by", name, KEYS)
    rows = facts.reset_index(drop=True)
    kind = "municipality" if "origin_id" in by else "institution"
    keys = keys_of(rows, by=kind, areas=areas, changes=changes, source=source, notify=notify)
    if "origin_id" in by and "institution_id" in by and "institution_id" not in rows:
        there = ", ".join(map(str, rows.columns))
        raise InputError.of("missing_column", where=source, column="institution_id", there=there)
    keyed = rows.iloc[keys["row"]].reset_index(drop=True)
    keyed = keyed.assign(share=keys["share"], published=keys["published"])
    keyed = keyed.assign(**{"origin_id" if kind == "municipality" else by[0]: keys["key"]})
    if "mode" not in keyed:
        keyed = keyed.assign(mode=None)
    at = [*by, "mode", "year"]
    own = keyed["unit"].isin(_OWN_UNITS).all()
    table = (
        _single(keyed, at, source=source, notify=notify)
        if own
        else _means(keyed, at, classes, source=source)
    )
    told = table[["value", "low"]].notna().any(axis=1)
    if not told.all():
        notify(note("count_blank", count=int((~told).sum()), where=source))
    return (
        table[told]
        .assign(measure=measure)[[*at, "measure", "value", "low", "high"]]
        .reset_index(drop=True)
    )


def _single(keyed: pd.DataFrame, at: Sequence[str], *, source: str, notify: Notify) -> pd.DataFrame:
    """Take numbers and classes as they are; of merged municipalities there is none."""
    merged = keyed.duplicated(list(at), keep=False) | (keyed["share"] < 1)
    if merged.any():
        notify(note("facts_merged", keyed.loc[merged, "published"].unique(), source=source))
    kept = keyed[~merged]
    number = kept["count"].notna()
    opened = kept["high"].fillna(np.inf).where(kept["low"].notna())
    return kept.assign(value=kept["count"], low=kept["low"].mask(number), high=opened.mask(number))


def _means(keyed: pd.DataFrame, at: Sequence[str], classes: str, *, source: str) -> pd.DataFrame:
    """Give the bounds of the mean over the classes of each key."""
    import pandas as pd

    if classes not in keyed:
        there = ", ".join(map(str, keyed.columns))
        raise InputError.of("missing_column", where=source, column=classes, there=there)
    edges = class_bounds(keyed[classes])
    no_class = edges["low"].isna() & keyed[classes].notna()
    if no_class.any():
        words = keyed.loc[no_class, classes].unique()
        raise InputError.of(
            "distance_no_class", source=source, count=len(words), value="; ".join(words[:20])
        )
    shared = keyed.assign(
        near=edges["low"],
        far=edges["high"].fillna(np.inf),
        fewest=keyed["low"] * keyed["share"],
        most=keyed["high"] * keyed["share"],
    ).dropna(subset=["near", "fewest", "most"])
    parts = []
    for key, group in shared.groupby(list(at), dropna=False):
        fewest, most = group["fewest"].to_numpy(float), group["most"].to_numpy(float)
        low = _least_mean(group["near"].to_numpy(float), fewest, most)
        high = -_least_mean(-group["far"].to_numpy(float), fewest, most)
        parts.append((*key, float("nan"), low, high))
    return pd.DataFrame(parts, columns=[*at, "value", "low", "high"])


def _least_mean(edges: Floats, fewest: Floats, most: Floats) -> float:
    """Give the least mean of edges when each counts at least `fewest` and at most `most` times.

    It has the low edges count most and the high ones fewest; where that turns is tried out.
    """
    held = most > 0
    edges, fewest, most = edges[held], fewest[held], most[held]
    if not len(edges):
        return float("nan")
    order = np.argsort(edges, kind="stable")
    edges, fewest, most = edges[order], fewest[order], most[order]
    if np.isneginf(edges[0]):
        return float("-inf")
    best = np.inf
    for turn in range(1, len(edges) + 1):
        counts = np.concatenate([most[:turn], fewest[turn:]])
        best = min(best, float(np.dot(counts, edges) / counts.sum()))
    return best
