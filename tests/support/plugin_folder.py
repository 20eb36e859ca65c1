"""Plugins that exist only for a test: modules and distributions written into a folder.

The folder goes on the path of a process, which then has those distributions installed.
"""

import subprocess
import sys
from pathlib import Path

HOOKIMPL = "from robustmq_common.plugins import hookimpl\n"

PACK = """
from robustmq_common.plugins import hookimpl

class Pack:
    name = "{name}"
    async def start(self, services): ...
    def connection(self, transport): ...
    def connected(self): return ()
    def access_changed(self): ...
    def stopping(self): ...
    async def stop(self): ...

@hookimpl
def robustmq_protocol_packs():
    return [Pack]
"""
"""Source of a plugin with one protocol pack; `format` puts its name in."""


def hook(name: str, body: str, arguments: str = "") -> str:
    """Source of a plugin with one hook, whose body is one statement on line 5."""
    return f"{HOOKIMPL}\n@hookimpl\ndef {name}({arguments}):\n    {body}\n"


def write_plugin(
    folder: Path,
    distribution: str,
    entry_points: dict[str, str],
    modules: dict[str, str] | None = None,
    version: str = "1.0",
) -> None:
    """Install a distribution into a folder.

    entry_points: plugin name to "module" or "module:object".
    modules: module name to source.
    """
    info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
    )
    points = "".join(f"{name} = {value}\n" for name, value in entry_points.items())
    (info / "entry_points.txt").write_text(f"[robustmq]\n{points}")
    for module, source in (modules or {}).items():
        (folder / f"{module}.py").write_text(source)


SAMPLES = Path(__file__).resolve().parent.parent / "plugins"
"""The sample plugins: packages of their own, one per folder."""


def install_sample(name: str, folder: Path) -> None:
    """Install a sample plugin into a folder, as anybody would: from its source, with pip."""
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--no-compile"]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *options]
    done = subprocess.run(
        [*command, "--target", str(folder), str(SAMPLES / name)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"pip could not install {name}:\n{done.stdout}"
