"""Who comes from where to follow which programme: an estimate from all that is published.

No file holds woongemeente x site x programme. Its sums are published: woongemeente x site,
institution x woongemeente x track, institution x programme x track. Within what a site offers the
table is sought that meets these (`geo_mbo.analysis.fitting`), nearest to what travel time says: of
those who want a programme, each goes to one of the sites that have it as the model of Huff says,
with the decay that the observed flows show. So who comes from far is the likelier to follow what
is nowhere near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.calibration import CALIBRATION, calibrate, fitted_decay
from geo_mbo.analysis.fitting import Fit, Margin, fit_margins
from geo_mbo.analysis.flow_cells import (
    KIND,
    ROW,
    Cells,
    counted_rows,
    enrolled,
    last_year,
    menu,
    of_year,
    spread,
)
from geo_mbo.analysis.flow_pairs import area_minutes, flow_pairs
from geo_mbo.analysis.small_flows import veiled_flows
from geo_mbo.analysis.weighting import homes, indexer, joined
from geo_mbo.counts import COUNTS, total
from geo_mbo.errors import InputError
from geo_mbo.notes import Note, Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.decay import Decay
    from geo_mbo.analysis.weighting import Floats, Whole
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

_FLOWS = {
    **dict.fromkeys(ROW, "str"),
    "year": "int64",
    **dict.fromkeys(COUNTS, "float64"),
}
_MARGINS = {
    "table": "str",
    **dict.fromkeys(ROW, "str"),
    "year": "int64",
    **dict.fromkeys(COUNTS, "float64"),
    "factor": "float64",
    "fitted": "float64",
    "gap": "float64",
    "contradicted": "bool",
}
_LEAST = 1e-4
"""What the longest way weighs at the least: someone who was counted did go."""


@dataclass(frozen=True)
class StudentFlows:
    """Flows, how far what is published is met, and what minutes weigh.

    Attributes
    ----------
    flows
        ``origin_id``, ``origin_kind``, ``site_id``, ``institution_id``, ``programme_id``, ``track``
        (missing: cannot be told), ``year``, ``students``, ``students_low``, ``students_high``.
    margins
        One row a published sum: ``table`` (students, residents, enrolments), the keys it has,
        ``year``, its count with bounds as it was fitted, ``factor`` (what it was multiplied by,
        where the tables count other people), ``fitted``, ``gap`` (how far outside its bounds; above
        0 too many) and ``contradicted``.
    decays
        ``mode`` and the columns of `geo_mbo.analysis.calibration.calibrate`, doubly constrained.
    """

    flows: pd.DataFrame
    margins: pd.DataFrame
    decays: pd.DataFrame


def student_flows(
    tables: Tables,
    matrix: TravelMatrix,
    *,
    mode: str,
    year: int | None = None,
    decay: Decay | None = None,
    notify: Notify = to_log,
) -> StudentFlows:
    """Estimate how many students go from each woongemeente to each site for each programme.

    Parameters
    ----------
    tables
        ``students``, ``residents``, ``enrolments``, ``offers``, ``sites`` and ``origins`` are used;
        any of the first three may be empty. Of each institution the first that has it says how many
        there are, and is met whatever the others say.
    matrix
        Travel times from home to school; a decay is estimated for each of its modes.
    mode
        Whose decay is used.
    year
        Which year of the past; the last of the students where it is not given.
    decay
        What minutes weigh, in place of the estimate.
    notify
        Gets notes: on tables that count other people, programmes that no site offers, students of
        whom no programme can be told, and sums that are not met.

    Returns
    -------
    StudentFlows
        Nobody is lost: the flows add up to what was counted, abroad and unknown homes included; a
        masked count may come out anywhere within its bounds.

    Raises
    ------
    InputError
        The matrix lacks an origin or the mode.

    Notes
    -----
    A cell has as bounds all that the published sums allow; it is an estimate within these, not a
    count. A cell that could hold one to four students is never told within narrower bounds than
    these four.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> told = student_flows(town.tables, town.matrix, mode="bike", notify=lambda _: None)
    >>> told.flows.groupby("site_id")["students"].sum().round(1).to_dict()
    {'90AA001': 78.5, '90AA002': 34.0, '90BB001': 45.5}
    >>> told.decays.query("mode == 'bike' and decay == 'exponential'")["rate"].round(3).tolist()
    [0.095]
    """
    matrix.minutes(mode)
    chosen = last_year(tables) if year is None else year
    decays = _decays(tables, matrix, chosen, notify)
    if chosen is None:
        return StudentFlows(joined([], _FLOWS), joined([], _MARGINS), decays)
    rows = counted_rows(tables, chosen, notify=notify)
    offered = menu(tables, rows, chosen, notify=notify)
    cells = spread(rows.drop(columns="table"), offered)
    _tell_unknown(cells, notify)
    weigh = _best(decays, mode, notify) if decay is None else decay
    prior = _prior(cells.frame, offered, tables, matrix, mode, weigh)
    sums = _sums(tables, rows, chosen, notify)
    margins = [_margin(name, table, cells) for name, table in sums.items()]
    fit = fit_margins(prior, margins, notify=notify)
    return StudentFlows(
        veiled_flows(_flows(cells, fit, chosen), ["origin_id", "site_id", "institution_id"]),
        _margins(fit, sums, chosen),
        decays,
    )


def _decays(tables: Tables, matrix: TravelMatrix, year: int | None, notify: Notify) -> pd.DataFrame:
    """Estimate the decays of each mode, where the flows tell one."""
    parts = []
    students = of_year(tables.students, -1 if year is None else year)
    for mode in matrix.modes:
        pairs = flow_pairs(matrix, students, tables.origins, mode=mode)

        def told(found: Note, mode: str = mode) -> None:
            notify(note(found.code, found.rows, found.count, **found.params | {"mode": mode}))

        try:
            parts.append(calibrate(pairs, constraint="doubly", notify=told).assign(mode=mode))
        except InputError as error:
            notify(note("flows_no_decay", count=1, mode=mode, reason=error.breaches[0].code))
    return joined(parts, {"mode": "str", **CALIBRATION})


def _best(decays: pd.DataFrame, mode: str, notify: Notify) -> Decay:
    """Make the decay that explains most; where none falls, all places weigh the same."""
    falling = decays[(decays["mode"] == mode) & (decays["rate"] > 0)]
    if falling.empty:
        notify(note("flows_without_time", count=1, mode=mode))
        return lambda minutes: np.isfinite(minutes).astype(float)
    # Of forms that fit as well the first, so that rounding does not choose.
    return fitted_decay(falling.iloc[int(falling["aic"].round(6).argmin())])


def _prior(
    cells: pd.DataFrame,
    offered: pd.DataFrame,
    tables: Tables,
    matrix: TravelMatrix,
    mode: str,
    decay: Decay,
) -> Floats:
    """Give students of the programme x the chance that who wants it goes to this site."""
    from scipy.sparse import coo_array

    there = homes(matrix, tables.origins)
    weight = np.maximum(decay(area_minutes(there, matrix, mode)), _LEAST)
    kinds = _labels(cells, ["programme_id", "track"])
    known, kind = np.unique(kinds, return_inverse=True)
    at = indexer(offered["site_id"], matrix.sites)
    what = indexer(_labels(offered, ["programme_id", "track"]), known)
    usable = (at >= 0) & (what >= 0)
    places = coo_array(
        (np.ones(int(usable.sum())), (at[usable], what[usable])),
        shape=(weight.shape[1], len(known)),
    ).tocsr()
    places.data[:] = 1.0  # two institutions may share a site
    drawn = np.asarray(weight @ places) if weight.size else np.zeros((len(weight), len(known)))
    origin = indexer(cells["origin_id"].fillna(""), there.area_ids)
    site = indexer(cells["site_id"].fillna(""), matrix.sites)
    chance: Floats = np.ones(len(cells))
    mapped = (origin >= 0) & (site >= 0)
    mapped[mapped] = drawn[origin[mapped], kind[mapped]] > 0
    chance[mapped] = weight[origin[mapped], site[mapped]] / drawn[origin[mapped], kind[mapped]]
    prior: Floats = cells["weight"].to_numpy(float) * chance
    return prior


def _sums(tables: Tables, rows: pd.DataFrame, year: int, notify: Notify) -> dict[str, pd.DataFrame]:
    """Give the sums to meet: `ROW` as far as they tell it, counts, and the factor they got."""
    residents = total(of_year(tables.residents, year), ["institution_id", "origin_id", "track"])
    sums = {"students": rows.drop(columns="table").assign(factor=1.0)}
    for name, table, keys in (
        ("residents", residents, ["institution_id", "origin_id"]),
        ("enrolments", enrolled(tables, year), ["institution_id"]),
    ):
        first = {"residents": ["students"], "enrolments": ["students", "residents"]}[name]
        ours = rows[rows["table"].isin(first)]
        theirs = table[table["institution_id"].isin(ours["institution_id"])]
        sums[name] = _scaled(name, theirs, ours, keys, notify)
    return sums


def _scaled(
    name: str, theirs: pd.DataFrame, ours: pd.DataFrame, keys: list[str], notify: Notify
) -> pd.DataFrame:
    """Bring a table to the totals of the first one, where these cannot be of the same people."""
    same = ours.merge(theirs[keys].drop_duplicates(), on=keys)
    wanted = total(same, ["institution_id"]).set_index("institution_id")
    has = total(theirs, ["institution_id"]).set_index("institution_id").reindex(wanted.index)
    apart = (wanted[COUNTS[2]] < has[COUNTS[1]]) | (has[COUNTS[2]] < wanted[COUNTS[1]])
    factor = (wanted["students"] / has["students"]).where(apart, 1.0)
    if apart.any():
        worst = factor[apart].iloc[int(np.abs(np.log(factor[apart].to_numpy(float))).argmax())]
        notify(note(f"flows_scaled_{name}", factor.index[apart], factor=f"{worst:.2f}"))
    each = theirs["institution_id"].map(factor).fillna(1.0)
    return theirs.assign(factor=each, **{column: theirs[column] * each for column in COUNTS})


def _margin(name: str, table: pd.DataFrame, cells: Cells) -> Margin:
    """Say which cells add up to which sums."""
    at = [column for column in ROW if column in table.columns]
    group: Whole = cells.row
    if name != "students":
        group = indexer(_labels(cells.frame, at), _labels(table, at))
    expected, low, high = (table[column].to_numpy(float) for column in COUNTS)
    return Margin(
        name,
        _shown(table, at),
        group,
        expected,
        low,
        high,
        firm=name == "students",
        # Sums of other people, brought to the number of these, prove nothing of a cell.
        sure=(table["factor"] == 1).to_numpy(),
    )


def _flows(cells: Cells, fit: Fit, year: int) -> pd.DataFrame:
    """Add up cells that are the same, and leave out those that surely are empty."""
    told = cells.frame[ROW].assign(
        **dict(zip(COUNTS, (fit.expected, fit.low, fit.high), strict=True))
    )
    told = told[(fit.high > 0)]
    return joined([total(told, ROW).assign(year=year)], _FLOWS)


def _margins(fit: Fit, sums: dict[str, pd.DataFrame], year: int) -> pd.DataFrame:
    parts = []
    for name, table in sums.items():
        met = fit.margins[fit.margins["margin"] == name].reset_index(drop=True)
        told = table.reset_index(drop=True).reindex(columns=[*ROW, *COUNTS, "factor"])
        told = told.join(met[["fitted", "gap", "contradicted"]])
        parts.append(told.assign(table=name, year=year))
    return joined(parts, _MARGINS)


def _tell_unknown(cells: Cells, notify: Notify) -> None:
    """Tell of students of whom no programme can be told."""
    blank = cells.frame["programme_id"].isna().to_numpy()
    if blank.any():
        rows = cells.rows.iloc[np.unique(cells.row[blank])]
        people = round(float(rows["students"].sum()), 1)
        where = sorted({*rows["site_id"].fillna(rows["institution_id"]).dropna()})
        notify(note("flows_programme_unknown", where, people=people))


def _labels(frame: pd.DataFrame, names: list[str]) -> list[str]:
    """Give keys of several columns as one text; missing ones are equal to each other."""
    text = frame[names[0]].astype(object).fillna("")
    for name in names[1:]:
        text = text + "\n" + frame[name].astype(object).fillna("")
    return list(text)


def _shown(frame: pd.DataFrame, names: list[str]) -> list[str]:
    return [
        ", ".join(part for part in label.split("\n") if part) for label in _labels(frame, names)
    ]


__all__ = ["KIND", "StudentFlows", "student_flows"]
