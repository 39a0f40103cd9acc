"""Tables to maps that open without a network.

Four pages, each one file: where students come from (``verzorgingsgebieden.html``), how long it
takes (``reistijd.html``), what is out of reach and what is there twice (``dekking.html``), and
numbers and judgements of areas, institutions and sites (``kenmerken.html``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.messages import Lang
from geo_mbo.notes import Note
from geo_mbo.provenance import About

if TYPE_CHECKING:
    from geo_mbo.analysis import Findings
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

__all__ = ["write_maps"]


def write_maps(
    folder: Path,
    tables: Tables,
    findings: Findings,
    matrix: TravelMatrix,
    about: About,
    *,
    lang: Lang = "nl",
    notes: Sequence[Note] = (),
) -> list[Path]:
    """Write the four maps, each one HTML file that needs no other and asks no network.

    Counts of students below five are neither shown nor embedded; nor are figures that would give
    them away, such as the mean travel time of two students.

    Parameters
    ----------
    folder
        Where they are written; made where it is not there.
    tables
        Sites, offers, areas and origins; empty tables give maps that say so.
    findings
        Result of `geo_mbo.analysis.find` on these tables; its mode is shown first, and its limit
        is what counts as within reach.
    matrix
        Travel times in minutes from origins to sites; sites it does not know are not reached.
    about
        Title, sources and parameters; every credit line and "made up" stand on every map.
    lang
        Language of the pages.
    notes
        Findings about the data, told under each map.

    Returns
    -------
    list[pathlib.Path]
        ``verzorgingsgebieden.html``, ``reistijd.html``, ``dekking.html`` and ``kenmerken.html``.

    Raises
    ------
    FileError
        The folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from geo_mbo.analysis import find
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> paths = write_maps(Path(tempfile.mkdtemp()), town.tables, find(town.tables, town.matrix),
    ...                    town.matrix, About("Aldermeer", made_up=True))
    >>> [path.name for path in paths]
    ['verzorgingsgebieden.html', 'reistijd.html', 'dekking.html', 'kenmerken.html']
    """
    from geo_mbo.cache import write_text
    from geo_mbo.maps.page import VIEWS, page_html
    from geo_mbo.maps.pages import pages
    from geo_mbo.maps.shared import Basis

    basis = Basis(tables, findings, matrix)
    paths = [folder / f"{view}.html" for view in VIEWS]
    for path, page in zip(paths, pages(basis, about, lang=lang, notes=notes), strict=True):
        write_text(path, page_html(page))
    return paths
