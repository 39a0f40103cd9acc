"""Run the study of the country against publishers on this machine; print what each step took.

The publishers are those of the tests: the real boundaries, postcodes and ages where the real data
lie beside the project, with a made-up mbo and roads; else the embedded example.

    .venv/bin/python scripts/measure_country.py [--fetch-only]
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import threading
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
REAL = ROOT.parent / "shared" / "data"


@dataclass
class Steps:
    """What each step took, as the pipeline tells that the next one begins."""

    rows: list[tuple[str, float, float, float]] = field(default_factory=list)
    step: str = ""
    wall: float = 0.0
    cpu: float = 0.0

    def __call__(self, _fraction: float, step: str) -> None:
        if step != self.step:
            self.close()
            self.step, self.wall, self.cpu = step, time.monotonic(), time.process_time()

    def close(self) -> None:
        if self.step:
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
            spent = time.monotonic() - self.wall, time.process_time() - self.cpu
            self.rows.append((self.step, *spent, peak_mb))


def main() -> None:
    from geo_mbo.cache import Cache
    from geo_mbo.study import run_study, shipped
    from geo_mbo.study.fetched import fetched, files_of, planned
    from geo_mbo.study.file import study_of

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--fetch-only", action="store_true")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, served() as url:
        home = Path(folder)
        raw = tomllib.loads(shipped.content("nederland")) | {"mirror": url, "made_up": True}
        if not REAL.is_dir():
            changes = ROOT / "data" / "example" / "gemeente_herindelingen.csv"
            raw["inputs"]["municipality_changes"] = str(changes)
        study = study_of(raw, path=home / "nederland.toml")
        plan = planned(files_of(study), store=home / "store")
        print(f"{'file':24}{'MB':>8}{'s':>8}")
        for one in plan:
            began = time.monotonic()
            kept = fetched([one], store=home / "store", mirror=url)[one.key]
            print(f"{one.key:24}{kept.fetched.bytes / 1e6:8.2f}{time.monotonic() - began:8.2f}")
        if options.fetch_only:
            return
        for name in ("first run", "again, offline"):
            steps = Steps()
            run_study(
                study,
                folder=home / "maps",
                cache=Cache(home / "cache"),
                store=home / "store",
                offline=name != "first run",
                progress=steps,
            )
            print(f"\n{name:24}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}")
            for step, wall, cpu, peak_mb in steps.rows:
                print(f"{step:24}{wall:8.1f}{cpu:8.1f}{peak_mb:9.0f}")


class served:  # noqa: N801  used as a function
    """The publishers, in a process of their own: their work is not counted with ours."""

    def __enter__(self) -> str:
        import subprocess

        words = [sys.executable, "-m", "tests.publishers", "--port", "0"]
        words += ["--real"] if REAL.is_dir() else []
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        return line.split()[-1]

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait()


if __name__ == "__main__":
    main()
