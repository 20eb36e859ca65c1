"""What figures depend on besides the code that is counted."""

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True)
class Toolchain:
    """Figures of two toolchains compare if their keys are the same.

    key: Python and its minor version, form, architecture. Another one counts other things.
    versions: what moves figures by a few percent, by name.
    """

    key: str
    versions: dict[str, str]

    def differences(self, others: dict[str, str]) -> list[str]:
        """What differs from the versions with which other figures were counted."""
        return [
            f"{name} {others.get(name, '(none)')}, here {self.versions.get(name, '(none)')}"
            for name in sorted({*others, *self.versions})
            if others.get(name) != self.versions.get(name)
        ]


def toolchain(form: str) -> Toolchain:
    """The one of this process and machine, for "compiled" or "plain" modules."""
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    versions = {
        "python": f"{platform.python_version()} ({platform.python_compiler()})",
        "libc": " ".join(platform.libc_ver()),
        "valgrind": _first_line("valgrind"),
    }
    if form == "compiled":
        versions["mypy"] = metadata.version("mypy")
        versions["cc"] = _first_line("cc")
    return Toolchain(f"{sys.implementation.name} {minor} {form} {platform.machine()}", versions)


def _first_line(program: str) -> str:
    """What a program says of its version; empty if it is not there."""
    path = shutil.which(program)
    if path is None:
        return ""
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0].strip()
