"""One switch chooses the form, for a package that was compiled and installed like any other."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from robustmq_common import implementation

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "robustmq-sample"
version = "1.0"

[tool.hatch.build.targets.wheel]
packages = ["src/robustmq_sample"]

[tool.hatch.build.targets.wheel.hooks.mypyc]
enable-by-default = false
include = ["/src/robustmq_sample/hot.py", "/src/robustmq_sample/inner/deep.py"]
"""

SOURCES = {
    "__init__.py": "from robustmq_common import implementation\n\nimplementation.choose()\n",
    "hot.py": '"""[H] Adds."""\n\n\ndef add(a: int, b: int) -> int:\n    return a + b\n',
    "cold.py": '"""[P] Not compiled."""\n',
    "inner/__init__.py": "",
    "inner/deep.py": '"""[H] Doubles."""\n\n\ndef double(a: int) -> int:\n    return a + a\n',
}

REPORT = """
import json
import robustmq_sample
from robustmq_common import implementation
before = implementation.report()["robustmq_sample"]
from robustmq_sample import cold, hot
from robustmq_sample.inner import deep
print(json.dumps({
    "before": before,
    "after": implementation.report()["robustmq_sample"],
    "files": [hot.__file__, deep.__file__],
    "cold": cold.__file__,
    "results": [hot.add(2, 3), deep.double(4)],
    "running": implementation.running(),
}))
"""


def can_compile() -> bool:
    return (Path(sysconfig.get_path("include")) / "Python.h").is_file()


@pytest.fixture(scope="session")
def compiled_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which a compiled wheel of a small package is installed."""
    if os.environ.get("ROBUSTMQ_EXPECT") != "compiled" and not can_compile():
        pytest.skip("no compiled modules on this machine: Python.h is missing")
    project = tmp_path_factory.mktemp("sample")
    (project / "pyproject.toml").write_text(PYPROJECT)
    for name, text in SOURCES.items():
        path = project / "src" / "robustmq_sample" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = {**os.environ, "HATCH_BUILD_HOOKS_ENABLE": "true"}
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(build, cwd=project, env=environment, check=True, capture_output=True)
    (wheel,) = (project / "dist").glob("*.whl")
    site = project / "site"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-compile"]
    command = [*install, "--target", str(site), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return site


def run(
    code: str, site: Path, pure: str | None, *, check: bool = True
) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "ROBUSTMQ_PURE"}
    if pure is not None:
        environment["ROBUSTMQ_PURE"] = pure
    # The common package comes from where this test has it, the sample from `site`.
    common = str(Path(implementation.__file__).parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join([str(site), common])
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, check=check, capture_output=True, text=True)


@pytest.mark.parametrize("pure", [None, "", "0"])
def test_without_the_switch_compiled_modules_run(compiled_sample: Path, pure: str | None) -> None:
    found = json.loads(run(REPORT, compiled_sample, pure).stdout)
    assert found["before"] == found["after"] == "compiled"
    assert not any(name.endswith(".py") for name in found["files"])
    assert found["cold"].endswith("cold.py")
    assert found["results"] == [5, 8]


def test_the_switch_makes_the_sources_run(compiled_sample: Path) -> None:
    found = json.loads(run(REPORT, compiled_sample, "1").stdout)
    assert found["before"] == found["after"] == found["running"] == "plain"
    assert all(name.endswith(".py") for name in found["files"])
    assert found["results"] == [5, 8]


def test_a_change_of_the_switch_after_the_first_import_changes_nothing(
    compiled_sample: Path,
) -> None:
    code = "import os, robustmq_common; os.environ['ROBUSTMQ_PURE'] = '1'" + REPORT
    assert json.loads(run(code, compiled_sample, None).stdout)["after"] == "compiled"
    code = "import os, robustmq_common; os.environ['ROBUSTMQ_PURE'] = '0'" + REPORT
    assert json.loads(run(code, compiled_sample, "1").stdout)["after"] == "plain"


def test_a_module_without_its_source_stops_the_import_in_plain_python(
    compiled_sample: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "robustmq_sample"
    bare.mkdir()
    (bare / "__init__.py").write_text(SOURCES["__init__.py"])
    for extension in compiled_sample.glob("robustmq_sample/hot.*"):
        if extension.suffix != ".py":
            (bare / extension.name).write_bytes(extension.read_bytes())
    done = run("import robustmq_sample.hot", tmp_path, "1", check=False)
    assert done.returncode == 1
    assert "robustmq_sample.hot has no source beside" in done.stderr


def test_packages_in_different_forms_are_called_mixed(
    compiled_sample: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "robustmq_other"
    plain.mkdir()
    (plain / "__init__.py").write_text(SOURCES["__init__.py"])
    (plain / "hot.py").write_text(SOURCES["hot.py"])
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import robustmq_other, robustmq_sample\n"
        "from robustmq_common import implementation\n"
        "print(implementation.running())"
    )
    running = run(code, compiled_sample, None).stdout
    assert running.startswith("mixed: ")
    assert "robustmq_other plain" in running
    assert "robustmq_sample compiled" in running


@pytest.mark.parametrize("value", ["2", "yes", "true", " 1"])
def test_any_other_value_is_refused_by_name(tmp_path: Path, value: str) -> None:
    done = run("import robustmq_common", tmp_path, value, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("robustmq_common.errors.ConfigError: ")
    assert f"ROBUSTMQ_PURE is {value!r}" in last
    assert "set it to 1" in last


def test_unknown_modules_are_still_unknown(tmp_path: Path) -> None:
    done = run("import robustmq_common.nothing_here", tmp_path, "1", check=False)
    assert "ModuleNotFoundError" in done.stderr


def test_this_process_runs_the_form_it_says() -> None:
    forms = implementation.report()
    assert forms["robustmq_common"] in {"compiled", "plain"}
    if os.environ.get("ROBUSTMQ_PURE") == "1":
        assert set(forms.values()) == {"plain"}
        assert implementation.running() == "plain"
