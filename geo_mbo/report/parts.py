"""What a page is made of: plain values that the template lays out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text
        What it says.
    bar
        Length of a bar beside it, -1 to 1, where a negative one runs to the left; None: no bar.
    """

    text: str
    bar: float | None = None


@dataclass(frozen=True)
class Table:
    """A table; its first column names the row, and every other holds numbers or words.

    Attributes
    ----------
    caption
        What it shows, with units.
    heads
        Headings, one a column.
    rows
        Cells, as many a row as there are headings.
    words
        Positions of the columns that hold words and not numbers (the first always does).
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Section:
    """One part of the report, told in sentences with the numbers beside it.

    Attributes
    ----------
    anchor
        Its name in the address of the page.
    title
        Heading.
    lead
        What is told here and how it was counted.
    sentences
        The findings, each on its own; numbered where `ranked`.
    ranked
        The order of the sentences is a ranking.
    tables
        The numbers.
    folded
        The tables repeat the sentences, and open on demand.
    caution
        What the numbers cannot say.
    picture, picture_alt
        A chart as a data address (PNG), and what it shows in words; empty: none.
    """

    anchor: str
    title: str
    lead: str
    sentences: tuple[str, ...] = ()
    ranked: bool = False
    tables: tuple[Table, ...] = ()
    folded: bool = False
    caution: str = ""
    picture: str = ""
    picture_alt: str = ""


@dataclass(frozen=True)
class Figure:
    """A key figure at the head of the page: the number, and what it is."""

    value: str
    label: str
