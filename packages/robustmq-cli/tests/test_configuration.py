import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin_folder import write_plugin
from robustmq_cli.configuration import Given, data_dir, load, preliminary
from robustmq_common.config import Settings
from robustmq_common.errors import ConfigError, PluginError
from robustmq_common.testing.log import RecordingLog

SAMPLE = """
from robustmq_common.config import Section
from robustmq_common.plugins import hookimpl

class SampleConfig(Section):
    size: int = 1

@hookimpl
def robustmq_config_sections():
    return {"sample": SampleConfig}

@hookimpl
def robustmq_default_listeners():
    return {"echo": {"protocol": "echo", "bind": "127.0.0.1:7"}}
"""


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder where a test installs plugins, beside those that are installed anyway."""
    folder = tmp_path / "plugins"
    monkeypatch.syspath_prepend(folder)
    for name in ("ROBUSTMQ_LOG__LEVEL", "ROBUSTMQ_BROKER__DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    for name in ("sample_plugin", "broken_plugin"):
        sys.modules.pop(name, None)


def loaded(given: Given, log: RecordingLog | None = None) -> Settings:
    return load(given, preliminary(given), log or RecordingLog())[0]


def test_plugins_bring_sections_and_listeners(plugins: Path) -> None:
    write_plugin(plugins, "acme-sample", {"sample": "sample_plugin"}, {"sample_plugin": SAMPLE})
    settings = loaded(Given(overrides=("sample.size=5", "listeners.echo.backlog=3")))
    assert settings.section("sample").size == 5
    echo = settings.section("listeners")["echo"]
    assert (echo.protocol, echo.bind, echo.backlog) == ("echo", "127.0.0.1:7", 3)


def test_a_disabled_plugin_may_keep_its_section(plugins: Path) -> None:
    write_plugin(plugins, "acme-sample", {"sample": "sample_plugin"}, {"sample_plugin": SAMPLE})
    given = Given(overrides=("sample.size=5", 'plugins.disabled=["sample"]'))
    settings = loaded(given)
    assert "echo" not in settings.section("listeners")
    with pytest.raises(ConfigError, match=r"other\.size = 5 .*unknown section"):
        loaded(Given(overrides=("other.size=5", 'plugins.disabled=["sample"]')))


def test_a_broken_plugin_stops_the_start_unless_it_may_be_skipped(plugins: Path) -> None:
    write_plugin(plugins, "acme-x", {"broken": "broken_plugin"}, {"broken_plugin": "1 / 0"})
    with pytest.raises(PluginError, match='plugin "broken"'):
        loaded(Given())
    log = RecordingLog()
    loaded(Given(overrides=("plugins.on_error=skip", "broken.size=5")), log)
    assert "broken" in str(log.entries)


def test_a_plugin_cannot_take_one_of_our_sections(plugins: Path) -> None:
    source = SAMPLE.replace('"sample"', '"log"')
    write_plugin(plugins, "acme-sample", {"sample": "sample_plugin"}, {"sample_plugin": source})
    with pytest.raises(PluginError, match="'log', which is RobustMQ's own"):
        loaded(Given())


def test_what_plugins_say_wrongly_does_not_hide_other_problems(plugins: Path) -> None:
    given = Given(overrides=("plugins.on_error=ignore", "log.level=loud", "x.y=1"))
    with pytest.raises(ConfigError) as refused:
        loaded(given)
    assert [line.partition(" ")[0] for line in str(refused.value).splitlines()] == [
        "x.y",
        "plugins.on_error",
        "log.level",
    ]


def test_a_data_directory_that_is_wrong_is_not_guessed() -> None:
    with pytest.raises(ConfigError, match="a path without ~, which only shells understand"):
        preliminary(Given(overrides=("broker.data_dir=~/x", "log.level=loud")), strict=("broker",))


def test_the_data_directory_is_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert data_dir(preliminary(Given())) == tmp_path / "robustmq-data"
    assert data_dir(preliminary(Given(overrides=("broker.data_dir=x",)))) == tmp_path / "x"
    given = Given(data_dir=Path("~/y"), overrides=("broker.data_dir=x",))
    assert data_dir(preliminary(given)) == tmp_path / "home" / "y"
    assert str(loaded(given).origin("broker", "data_dir")) == "--data-dir"
