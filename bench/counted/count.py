"""Runs the cases in processes of their own, and makes figures of what was counted there."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.workspace import ROOT

HELPER: Final = Path(__file__).with_name("counter.c")
SUPPORT: Final = ROOT / "tests" / "support"
SECONDS_MAX: Final = 600
"""For one process; counting takes half a minute."""

_TOTAL: Final = re.compile(r"^totals: (\d+)$", re.MULTILINE)


class CannotCountError(Exception):
    """Something that counting needs is not installed."""


class CountError(Exception):
    """A case failed."""


@dataclass(frozen=True)
class Figure:
    """One result; unit is "instructions/message", "bytes/session" and so on. Less is better."""

    name: str
    unit: str
    value: float


@dataclass(frozen=True)
class Wanted:
    """What to count.

    suite: "module:attribute" of a `Suite`.
    form: "compiled" or "plain".
    pattern: only the cases with this in their name.
    """

    suite: str
    form: str
    pattern: str = ""


def count(wanted: Wanted, keep: Path | None = None) -> list[Figure]:
    """Instructions of each case; callgrind's profiles are left in `keep`, a folder to be made.

    Raises CannotCountError without valgrind or a C compiler, and CountError if a case fails.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise CannotCountError("valgrind is not installed (on Debian: apt-get install valgrind)")
    # Not in `keep`: the length of the helper's path would move everything in memory.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [
            valgrind,
            "--quiet",
            "--tool=callgrind",
            "--instr-atstart=no",
            f"--callgrind-out-file={folder / 'profile'}",
        ]
        figures = []
        told = _run(command, "cases", wanted, [str(compile_helper(folder))])
        for number, (case, per, units) in enumerate(told, start=1):
            profile = folder / f"profile.{number}"
            total = _TOTAL.search(profile.read_text(encoding="utf-8"))
            assert total is not None, f"{profile} has no totals"
            figures.append(Figure(case, f"instructions/{per}", int(total[1]) / units))
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                kept = re.sub(r"[^a-z0-9.]+", "-", f"{wanted.form} {case}".lower())
                shutil.copyfile(profile, keep / f"callgrind.{kept}")
    return figures


def measure(wanted: Wanted) -> list[Figure]:
    """Bytes and blocks of each thing that is held; raises CountError if a case fails."""
    figures = []
    for name, per, size, blocks in _run([], "held", wanted, []):
        figures.append(Figure(f"{name}, bytes", f"bytes/{per}", size))
        figures.append(Figure(f"{name}, blocks", f"blocks/{per}", blocks))
    return figures


def compile_helper(folder: Path) -> Path:
    """The library through which a process says what to count; raises CannotCountError."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise CannotCountError("no C compiler (on Debian: apt-get install gcc libc6-dev)")
    library = folder / "counter.so"
    command = [compiler, "-O1", "-shared", "-fPIC", str(HELPER), "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotCountError(f"{HELPER.name} does not compile: {done.stderr.strip()}")
    return library


def _run(before: Sequence[str], what: str, wanted: Wanted, after: Sequence[str]) -> list[Any]:
    """What the child tells of its cases."""
    child = [sys.executable, "-m", "bench.counted.child", what, wanted.suite, wanted.pattern]
    done = subprocess.run(
        [*before, *child, *after],
        cwd=ROOT,
        env=_environment(wanted.form),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise CountError(f"{wanted.form}: {done.stderr.strip() or done.stdout.strip()}")
    told = json.loads(done.stdout)
    if told["form"] != wanted.form:
        raise CountError(
            f"{wanted.form} modules were to be counted, but {told['form']} ones ran; run make setup"
        )
    found: list[Any] = told["cases"]
    return found


def _environment(form: str) -> dict[str, str]:
    """The same everywhere: the order of hashes, even the size of the environment, would show."""
    return {
        "PATH": os.defpath,
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{SUPPORT}",
        "ROBUSTMQ_PURE": "1" if form == "plain" else "0",
        # glibc would choose how to copy memory by the processor it finds.
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM",
    }
