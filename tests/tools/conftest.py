"""A workspace of one small package, in a folder of its own."""

from pathlib import Path

import pytest

HATCH = '[envs.default]\nworkspace.members = ["packages/*"]\n'

PYPROJECT = """
[project]
name = "robustmq-one"
dependencies = ["struct-of-arrays>=1"]

[tool.hatch.build.targets.wheel.hooks.mypyc]
include = [
  "/src/robustmq_one/hot.py",
]
"""

MODULES = {
    "__init__": '"""A package."""\n',
    "hot": '"""[H] Fast."""\n\nimport struct\n\nSIZE = struct.calcsize("H")\n',
    "pure": '"""[P] Pure."""\n\nfrom robustmq_one import hot\n\nSIZE = hot.SIZE\n',
    "driver": """\"\"\"[D] Driver.\"\"\"

import time

from robustmq_one import pure

X = pure, time
""",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The root of a workspace that breaks no rule."""
    (tmp_path / "hatch.toml").write_text(HATCH)
    package = tmp_path / "packages" / "robustmq-one"
    source = package / "src" / "robustmq_one"
    source.mkdir(parents=True)
    (package / "pyproject.toml").write_text(PYPROJECT)
    for name, text in MODULES.items():
        (source / f"{name}.py").write_text(text)
    return tmp_path
