"""The command line: one command per verb; each reads, makes one call, and writes.

Heavy libraries are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import NoReturn

from cyclopts import App, CycloptsError

from geo_mbo.cli import measures, sources, studies
from geo_mbo.cli.console import asked_language
from geo_mbo.errors import GeoMboError
from geo_mbo.messages import text

__all__ = ["app", "main"]

app = App(
    name="geo-mbo",
    help="Travel and catchments for Dutch vocational education, from open data to maps.",
    version=lambda: version("geo-mbo"),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
for _command in (studies.run, studies.fetch, studies.new, studies.check):
    app.command(_command)
for _verb in measures.SHEETS:
    app.command(measures.command(_verb))
app.command(studies.shipped, name="studies")
app.command(sources.app)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; ends the process with 0, or 1 where something was wrong."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A console that lacks a letter shows another for it rather than breaking off.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    try:
        app(words, exit_on_error=False, print_error=True)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads along, such as head, has read enough; what is left has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except CycloptsError:
        sys.exit(1)
    except GeoMboError as error:
        print(error.text(asked_language(words)), file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except KeyboardInterrupt:
        print(text("cli.broken_off", asked_language(words)), file=sys.stderr)  # noqa: T201
        sys.exit(130)
    sys.exit(0)
