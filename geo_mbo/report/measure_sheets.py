"""The sheets of the planner's measures: useful columns first, the rows that matter most on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.analysis.readable import decay_rates, with_programme

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.report.wording import Names
    from geo_mbo.tables import Tables

_WORST = {
    "states": ["out", "full"],
    "differences": ["students_passing"],
    "site_differences": ["students_passing"],
    "overlap": ["sorensen"],
    "pairs": ["young_people_both"],
    "signals": ["few", "few_perhaps"],
    "flows": ["students"],
    "margins": ["gap"],
}
"""What puts a row on top, most first; frames that are not named keep their order."""

_NEVER_READ = {"equity": ["bounds"], "flows": ["institution_id"]}
_OF_REGIONS = {"region_id": "region", "region_a": "region_name_a", "region_b": "region_name_b"}
_ESTIMATED = {"flows": "students_estimated", "margins": "students_total"}
"""Names of numbers of students that are no counts: an estimate may be below five."""

_ORDER = (
    *("catchments", "overlap", "modelled", "differences", "site_differences"),
    *("states", "lacking", "offer_times", "pairs", "signals", "wide", "access", "equity"),
    *("flows", "margins", "decays"),
)


def measure_frames(tables: Tables, findings: Findings, names: Names) -> Mapping[str, pd.DataFrame]:
    """Give the frames of the planner's measures as they stand in the workbook.

    Parameters
    ----------
    tables, findings
        The study.
    names
        Names of what is shown by code.

    Returns
    -------
    Mapping
        By key of the sheet, in their order: programmes, sites, areas and regions with their name,
        the reference mode first, then the rows with most people.

    Examples
    --------
    >>> from geo_mbo.analysis import Choices, find
    >>> from geo_mbo.report.wording import names_of
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = find(town.tables, town.matrix, Choices(mode="bike"), notify=lambda note: None)
    >>> shown = measure_frames(town.tables, found, names_of(town.tables, "en"))
    >>> shown["lacking"][["programme", "area_id", "young_people_out"]].head(2).to_numpy().tolist()
    [['Verzorging', 'GM9003', 50.0], ['Timmeren', 'GM9003', 50.0]]
    """
    given = vars(findings.further)
    return {key: _shown(key, given[key], tables, findings, names) for key in _ORDER}


def _shown(
    key: str, frame: pd.DataFrame, tables: Tables, findings: Findings, names: Names
) -> pd.DataFrame:
    found = _sorted(frame, _WORST.get(key, []), findings.choices.mode)
    found = decay_rates(found) if key == "decays" else found
    found = found.drop(columns=_NEVER_READ.get(key, []), errors="ignore")
    if key in _ESTIMATED:
        sides = {f"students{side}": f"{_ESTIMATED[key]}{side}" for side in ("", "_low", "_high")}
        found = found.rename(columns={"origin_id": "area_id", **sides})
    if "by" in found or "programme_id" in found:
        found = with_programme(found, tables.offers)
    wide = findings.further.wide.drop_duplicates("subject_id")
    regions = dict(zip(wide["subject_id"], wide["subject"], strict=True))
    named = {column: (name, regions) for column, name in _OF_REGIONS.items()}
    named["institution_id"] = ("institution", dict(names.institutions))
    named["host_site_id"] = ("host_site", dict(names.sites))
    for code, (name, known) in named.items():
        if code in found and name not in found:
            place = int(found.columns.get_loc(code)) + 1  # type: ignore[arg-type]
            found.insert(place, name, found[code].map(known).astype("str"))
    return found


def _sorted(frame: pd.DataFrame, worst: list[str], mode: str) -> pd.DataFrame:
    """Put the reference mode first, then the rows that matter most; equal ones keep their order."""
    if not worst:
        return frame.copy()
    found = frame.sort_values(worst, ascending=False, kind="stable")
    if "mode" in found:
        found = found.sort_values("mode", key=lambda modes: modes != mode, kind="stable")
    return found.reset_index(drop=True)
