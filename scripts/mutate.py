"""Damage files and read them: ``python scripts/mutate.py [--count 10000] [--reader NAME]``.

Every reader of `tests.mutations.CASES` and of CBS gets so many damaged copies of its golden file,
always the same ones. Right is a table that holds what the reader promises; told is an error by
name; all else is a fault. With ``--keep FOLDER`` the files of the faults are kept.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.mutations import CASES, LIMIT_S, Tally, run  # noqa: E402
from tests.test_mutations_cbs import CASES as CBS_CASES  # noqa: E402

SHOWN = 8


def main() -> int:
    """Run the mutations and print the table; exit with 1 where there is a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="damaged files a reader")
    parser.add_argument("--reader", default="", help="only readers whose name starts so")
    parser.add_argument("--keep", type=Path, help="folder for the files of the faults")
    asked = parser.parse_args()
    faulthandler.enable()
    chosen = [case for case in (*CASES, *CBS_CASES) if case.name.startswith(asked.reader)]
    if not chosen:
        print("There are:", *(case.name for case in (*CASES, *CBS_CASES)), sep="\n  ")
        return 2
    print(f"{'reader':<28}{'files':>8}{'right':>8}{'told':>8}{'faults':>8}", flush=True)
    faults = 0
    for case in chosen:
        with tempfile.TemporaryDirectory() as folder:
            tally = run(case, asked.count, Path(folder), limit_s=LIMIT_S)
        row = "".join(f"{tally.counts[kind]:>8,}" for kind in ("right", "told", "fault"))
        print(f"{tally.name:<28}{tally.files:>8,}{row}", flush=True)
        show(tally)
        if asked.keep:
            keep(tally, asked.keep)
        faults += tally.counts["fault"]
    return 1 if faults else 0


def show(tally: Tally) -> None:
    """Print the first faults, each kind once."""
    kinds = {verdict.why[:60]: verdict for verdict, _ in reversed(tally.faults)}
    for verdict in list(kinds.values())[-SHOWN:]:
        print(f"    {verdict.number} [{', '.join(verdict.ways)}] {verdict.why}", flush=True)


def keep(tally: Tally, folder: Path) -> None:
    """Write the files of the faults, one a kind."""
    folder.mkdir(parents=True, exist_ok=True)
    for verdict, data in {v.why[:60]: (v, d) for v, d in tally.faults}.values():
        name = f"{tally.name}-{verdict.number}".replace(": ", "-").replace(", ", "-")
        (folder / name.replace(" ", "-")).write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
