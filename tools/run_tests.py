"""Runs the suite: everything on the installed form, and the MQTT suites once more in plain Python.

Tests run in random order, two at a time; those marked `serial` run alone afterwards. Arguments are
handed to pytest (folders, -k, -p randomly -p "randomly_seed=..."); --plain runs plain Python only.
"""

import json
import os
import subprocess
import sys
import time
from typing import Final

from tools.build import RECORD
from tools.workspace import ROOT

WORKERS: Final = 2
NOTHING_COLLECTED: Final = 5

BOTH_FORMS: Final = ["protocols", "tests/conformance"]
"""What runs in plain Python too when compiled modules are installed."""


def run_form(form: str, folders: list[str], arguments: list[str]) -> bool:
    """Run the tests of `folders` in one form; return whether all passed."""
    environment = {**os.environ, "ROBUSTMQ_EXPECT": form}
    environment["ROBUSTMQ_PURE"] = "1" if form == "plain" else "0"
    parallel = ["-m", "not serial", "-n", str(WORKERS), "--dist", "worksteal"]
    passed = True
    collected = False
    for selection in (parallel, ["-m", "serial"]):
        command = [sys.executable, "-m", "pytest", *selection, *arguments, *folders]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        collected |= done.returncode != NOTHING_COLLECTED
        passed &= done.returncode in (0, NOTHING_COLLECTED)
    if not collected:
        print(f"test: no test matches {' '.join([*arguments, *folders])}")
    return passed and collected


def plan(installed: str, *, plain_only: bool) -> list[tuple[str, list[str]]]:
    """Return the forms to test and the folders of each; no folder means everything."""
    if plain_only or installed == "plain":
        return [("plain", [])]
    return [("compiled", []), ("plain", BOTH_FORMS)]


def main(arguments: list[str]) -> int:
    plain_only = "--plain" in arguments
    arguments = [argument for argument in arguments if argument != "--plain"]
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    installed = "compiled" if record["compiled"] else "plain"
    # A narrower run was asked for: the same narrow run in each form.
    narrowed = any((ROOT / argument.partition("::")[0]).exists() for argument in arguments)
    lines = []
    failed = False
    for form, folders in plan(installed, plain_only=plain_only):
        start = time.monotonic()
        passed = run_form(form, [] if narrowed else folders, arguments)
        failed |= not passed
        scope = "the tests asked for" if narrowed else ", ".join(folders) or "everything"
        verdict = "passed" if passed else "FAILED"
        lines.append(f"test: {form:8} {verdict} in {time.monotonic() - start:4.0f} s ({scope})")
    print("\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
