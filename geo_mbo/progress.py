"""How far a long step is: a callable, and silence."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Takes the fraction that is done (0-1) and a message key or a short text."""


def silent(fraction: float, message: str) -> None:
    """Say nothing: the default everywhere but on the command line."""


def part(progress: Progress, start: float, stop: float) -> Progress:
    """Give the progress of a step that runs from `start` to `stop` of the whole.

    Examples
    --------
    >>> part(lambda f, m: print(f"{f:.2f} {m}"), 0.5, 1.0)(0.5, "half of the second half")
    0.75 half of the second half
    """
    return lambda fraction, message: progress(start + fraction * (stop - start), message)
