"""Speaking on the console: sentences in the language asked, tables, sizes and a bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from geo_mbo.messages import LANGS, Lang, number, text
from geo_mbo.progress import Progress


def asked_language(words: Sequence[str]) -> Lang:
    """Find the language on the command line, also where the command failed early."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        asked = word.removeprefix("--lang=") if word.startswith("--lang=") else following
        if word.startswith("--lang") and asked in LANGS:
            return asked
    return "nl"


def speaker(lang: Lang) -> Callable[..., None]:
    """Give what prints a message of the catalogue in one language."""

    def say(key: str, **params: object) -> None:
        print(text(key, lang, **params))  # noqa: T201  the command line speaks

    return say


def show_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: ruled on a terminal, one line a row with tabs elsewhere."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        for cells in (headings, *rows):
            print("\t".join(cells))  # noqa: T201
        return
    table = Table(*headings, box=None, header_style="bold", pad_edge=False)
    for cells in rows:
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def size_of(path: Path, lang: Lang) -> str:
    """Give the size of a file as people read it."""
    size = path.stat().st_size
    return f"{number(size / 1e6, lang, 1)} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


@contextmanager
def bar(lang: Lang) -> Iterator[Progress]:
    """Draw a bar on a terminal; elsewhere write one line a step."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        said: list[str] = []

        def line(fraction: float, key: str) -> None:
            if key not in said:
                said.append(key)
                print(f"{fraction:4.0%} {text(f'step.{key}', lang)}", file=sys.stderr)  # noqa: T201

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as drawn:
        task = drawn.add_task("", total=1.0)
        yield lambda fraction, key: drawn.update(
            task, completed=fraction, description=text(f"step.{key}", lang)
        )
