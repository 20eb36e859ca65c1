"""Whether this machine can build C extensions, found out by building one."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path


def compiler_problem() -> str | None:
    """Return why C extensions cannot be built here, or None if they can."""
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").is_file():
        return "Python.h is missing (Debian: python3-dev)"
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    if shutil.which(command[0]) is None:
        return f"no C compiler: {command[0]} is not installed (Debian: gcc libc6-dev)"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text("#include <Python.h>\nint probe(void) { return 0; }\n", encoding="ascii")
        command += ["-fPIC", "-shared", f"-I{headers}", str(source), "-o", f"{folder}/probe.so"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return f"the C compiler cannot build an extension: {reason}"
    return None


if __name__ == "__main__":
    problem = compiler_problem()
    print(problem or "C extensions can be built here")
    sys.exit(1 if problem else 0)
