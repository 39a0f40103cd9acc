"""What in a table could be traced to fewer than five people: found before anything is published.

Four ways: rows that are persons, combinations of traits that fewer than five of them share, counts
of 1 to 4 that are not masked, and masked counts that published totals give away. No message repeats
what is personal: it names columns and lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.counts import MASKED_HIGH, MASKED_LOW
from geo_mbo.notes import Note, note
from geo_mbo.sources.figures import Counts, sums_of, where_of
from geo_mbo.sources.totals import narrowed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FEWEST = 5
"""The least number of people that an open figure may speak of."""

_PERSON = re.compile(
    r"\b(PGN|BSN|BURGERSERVICENUMMERS?|PERSOONSGEBONDEN NUMMER|ONDERWIJSNUMMER|STUDENTNUMMER|"
    r"STUDENT ?ID|LEERLINGNUMMER|DEELNEMERNUMMER|INSCHRIJVINGVOLGNUMMER|IBAN|PASPOORTNUMMER|"
    r"GEBOORTEDATUM|GEBOORTEDAG|DATE OF BIRTH|BIRTHDATE|BIRTH DATE|VOORNAAM|VOORNAMEN|ROEPNAAM|"
    r"VOORLETTERS|ACHTERNAAM|FIRST NAME|LAST NAME|SURNAME|NAAM (?:STUDENT|LEERLING|DEELNEMER))\b"
)
_TRAIT = re.compile(
    r"\b(GESLACHT|SEKSE|SEX|GENDER|LEEFTIJD|AGE|GEBOORTEJAAR|GEBOORTELAND|BIRTH YEAR|NATIONALITEIT|"
    r"NATIONALITY|HERKOMST|VOOROPLEIDING)\b"
)
_PLACE_OR_STUDY = re.compile(
    r"\b(POSTCODE|PC4|PC6|WOONPLAATS|WOONGEMEENTE|GEMEENTE|GEMEENTENAAM|PROVINCIE|WOONPROVINCIE|"
    r"CREBO|OPLEIDING|NIVEAU|LEERWEG|LEERTRAJECT|SECTORKAMER|ONDERWIJSLOCATIE|INSTELLING|"
    r"INSTELLINGSCODE|LEEFTIJDSCATEGORIE)\b"
)
_HOUSE = re.compile(r"\b(HUISNUMMER|HOUSE NUMBER)\b")
_EMAIL = re.compile(r"([\w.+-]+)@[\w-]+(?:\.[\w-]+)+")
_DESK = re.compile(
    r"^(?:info|contact|administratie|secretariaat|receptie|post|mail|algemeen|directie|school|"
    r"servicedesk|studentenzaken|onderwijs|redactie|communicatie|privacy|fg)\b",
    re.IGNORECASE,
)
_BSN_WEIGHTS = np.array([9, 8, 7, 6, 5, 4, 3, 2, -1])
_DOTTED = r"(?<![\d.,])(\d{3,4})\.(\d{2})\.(\d{3})(?![\d.,])"
_NUMBER = r"(?<![\d.,])(\d{8,9})(?!\d|[.,]\d)"
"""A number of nine digits; where it went through a spreadsheet, without the 0 in front."""
_FEW_ROWS, _MOSTLY = 3, 0.9


def traces(frame: pd.DataFrame, counts: Counts) -> Iterator[Note]:
    """Tell what could be traced to fewer than five people.

    Parameters
    ----------
    frame
        Text under normalised headers; its index is the number of the line.
    counts
        Its counts.
    """
    yield from _direct(frame)
    yield from _unique(frame, counts)
    yield from _small(frame, counts)
    yield from _given_away(frame, counts)


def _direct(frame: pd.DataFrame) -> Iterator[Note]:
    """Tell of columns that point at a person by themselves."""
    for name in map(str, frame.columns):
        values = frame[name].dropna().astype("str").str.strip()
        if values.empty:
            continue
        line = str(values.index[0])
        if _PERSON.search(name):
            yield note("mark_person_column", count=len(values), column=name, row=line)
        elif len(found := _citizen_numbers(values)):
            line = str(found.index[0])
            yield note("mark_citizen_number", count=len(found), column=name, row=line)
        else:
            yield from _addresses(name, values)
    yield from _homes(frame)


def _addresses(name: str, values: pd.Series) -> Iterator[Note]:
    holds = values[values.str.contains("@", regex=False)]
    who = holds.str.extract(_EMAIL)[0].dropna()
    own = who[~who.str.contains(_DESK)]
    if len(own):
        yield note("mark_email", count=len(own), column=name, row=str(own.index[0]))


def _citizen_numbers(values: pd.Series) -> pd.Series:
    """Give the cells with citizen service numbers (BSN), where they are some.

    Of the numbers of that length, nearly all have to pass its test: of others one in eleven does.
    """
    bare = values.str.replace(_DOTTED, r"\1\2\3", regex=True)
    found = bare.str.extract(_NUMBER)[0].dropna().str.zfill(9)
    numbers = found.unique()
    if len(numbers) < _FEW_ROWS:
        return found[:0]
    digits = np.array([[int(d) for d in number] for number in numbers])
    passes = (digits @ _BSN_WEIGHTS % 11 == 0) & digits.any(axis=1)
    return found if passes.mean() >= _MOSTLY else found[:0]


def _homes(frame: pd.DataFrame) -> Iterator[Note]:
    """Tell of a full address beside what only persons have."""
    names = [str(name) for name in frame.columns]
    traits = [name for name in names if _TRAIT.search(name)]
    houses = [name for name in names if _HOUSE.search(name)]
    if not traits or not houses:
        return
    for name in names:
        full = frame[name].fillna("").astype("str").str.fullmatch(r"[1-9]\d{3} ?[A-Za-z]{2}")
        here = full & frame[houses[0]].notna()
        if here.any():
            yield note(
                "mark_home",
                count=int(here.sum()),
                column=f"{name}, {houses[0]}, {traits[0]}",
                row=str(frame.index[here.to_numpy()][0]),
            )
            return


def _unique(frame: pd.DataFrame, counts: Counts) -> Iterator[Note]:
    """Tell of combinations of traits that fewer than five rows share, where rows are persons."""
    names = [str(name) for name in frame.columns]
    persons = any(_PERSON.search(name) for name in names)
    traits = [n for n in names if _TRAIT.search(n) and not _PERSON.search(n)]
    if frame.empty or not (persons or (traits and not counts.columns)):
        return
    around = [n for n in names if _PLACE_OR_STUDY.search(n) and n not in traits]
    by = [n for n in (*traits, *around) if not _PERSON.search(n) and n not in counts.columns]
    if not by:
        return
    sizes = frame[by].fillna("").groupby(by, sort=False)[by[0]].transform("size")
    few = (sizes < FEWEST).to_numpy()
    if few.any():
        yield note(
            "mark_unique",
            count=int(few.sum()),
            rows=(),
            column=", ".join(by),
            row=str(frame.index[few][0]),
        )


def _real(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Say which rows speak of people that there are: those of a forecast do not."""
    kinds = frame.get("TYPE")
    if kinds is None:
        return np.ones(len(frame), dtype=bool)
    return (kinds.fillna("").str.upper() != "PROGNOSE").to_numpy()


def _small(frame: pd.DataFrame, counts: Counts) -> Iterator[Note]:
    """Tell of counts of 1 to 4 people that anybody can read."""
    small = counts.published & (counts.low >= MASKED_LOW) & (counts.high <= MASKED_HIGH)
    small &= _real(frame)[:, None]
    if small.any():
        first = int(np.flatnonzero(small.ravel())[0])
        row, column = where_of(frame, counts, first)
        yield note("mark_small", count=int(small.sum()), column=column, row=row)


def _given_away(frame: pd.DataFrame, counts: Counts) -> Iterator[Note]:
    """Tell of masked counts that totals give away.

    A cell that is masked as 1 to 4 is given away by a single value; one that is withheld without a
    range also by being shown to lie in 1 to 4.
    """
    low, high = counts.low.ravel(), counts.high.ravel()
    sums, _ = sums_of(frame, counts)
    hidden = (low < high) & np.repeat(_real(frame), len(counts.columns))
    useful = [s for s in sums if hidden[[s.total, *s.parts]].any()]
    if not useful:
        return
    new_low, new_high = narrowed(low, high, useful)
    inside = (new_low >= MASKED_LOW) & (new_high <= MASKED_HIGH)
    was_inside = (low >= MASKED_LOW) & (high <= MASKED_HIGH)
    away = hidden & inside & ((new_low == new_high) | ~was_inside)
    if away.any():
        row, column = where_of(frame, counts, int(np.flatnonzero(away)[0]))
        yield note("mark_given_away", count=int(away.sum()), column=column, row=row)
