"""What plugins register is frozen at the start; faults refuse the start or leave a plugin out."""

import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from plugin_folder import PACK, hook, write_plugin
from robustmq_common.errors import PluginError
from robustmq_common.plugins.registry import load_plugins
from robustmq_common.testing import RecordingLog

EVERYTHING = (
    PACK.format(name="chat")
    + """
from robustmq_common.config.model import Section
from robustmq_common.spi.events import EventListener
from robustmq_common.spi.storage import StorageAdapter

class Chat(Section):
    size: int = 1
class Users:
    name = "users"
    authenticate = print
class Topics:
    name = "topics"
    authorize = print
class Riddle:
    method = "RIDDLE 1.0"
    begin = print
class Adapter(StorageAdapter):
    name = "shelf"
    open = close = commit = read = bounds = offset_at = print
    get = scan = shards = sweep = wait_for_change = print
    sync = usage = check = compact = snapshot = print
LISTENER = EventListener()

@hookimpl
def robustmq_config_sections(): return {"chat": Chat}
@hookimpl
def robustmq_default_listeners(): return {"chat": {"protocol": "chat", "transport": "tcp"}}
@hookimpl
def robustmq_authenticators(): return [Users]
@hookimpl
def robustmq_authorizers(): return [Topics]
@hookimpl
def robustmq_enhanced_authenticators(): return [Riddle]
@hookimpl
def robustmq_storage_adapters(): return [Adapter]
@hookimpl
def robustmq_event_listeners(): return [LISTENER, LISTENER]
"""
)


def install(folder: Path, name: str, source: str, distribution: str = "") -> None:
    write_plugin(folder, distribution or f"robot-{name}", {name: f"m_{name}"})
    (folder / f"m_{name}.py").write_text(source)


def test_nothing_installed_registers_nothing(folder: Path) -> None:
    registry = load_plugins()
    assert registry.plugins() == []
    assert registry.protocol_packs() == {}
    assert registry.storage_adapters() == {}
    assert registry.config_sections() == {}
    assert registry.default_listeners() == {}
    assert registry.authenticators() == {}
    assert registry.authorizers() == {}
    assert registry.enhanced_authenticators() == {}
    assert registry.event_listeners() == ()


def test_every_kind_by_its_name(folder: Path) -> None:
    install(folder, "chat", EVERYTHING)
    registry = load_plugins()
    module: Any = sys.modules["m_chat"]
    assert registry.plugins() == [("chat", "robot-chat", "1.0")]
    assert registry.protocol_packs() == {"chat": module.Pack}
    assert registry.storage_adapters() == {"shelf": module.Adapter}
    assert registry.config_sections() == {"chat": module.Chat}
    assert registry.default_listeners() == {"chat": {"protocol": "chat", "transport": "tcp"}}
    assert registry.authenticators() == {"users": module.Users}
    assert registry.authorizers() == {"topics": module.Topics}
    assert registry.enhanced_authenticators() == {"RIDDLE 1.0": module.Riddle}
    assert registry.event_listeners() == (module.LISTENER, module.LISTENER)


def test_what_a_caller_changes_stays_its_own(folder: Path) -> None:
    install(folder, "a", hook("robustmq_default_listeners", "return {'a': {'protocol': 'x'}}"))
    registry = load_plugins()
    registry.default_listeners()["a"]["protocol"] = "y"
    registry.default_listeners().clear()
    assert registry.default_listeners() == {"a": {"protocol": "x"}}


def test_a_disabled_plugin_is_not_even_imported(folder: Path) -> None:
    install(folder, "a", "raise RuntimeError('imported')")
    assert load_plugins(disabled=["a"]).plugins() == []
    assert "m_a" not in sys.modules


def test_disabling_what_is_not_installed_is_worth_a_warning(folder: Path) -> None:
    log = RecordingLog()
    load_plugins(disabled=["mqqt"], log=log)
    reason = "check plugins.disabled for a typo"
    assert log.entries == [
        ("warning", "disabled plugin is not installed", {"plugin": "mqqt", "reason": reason})
    ]


class TestRefuse:
    def test_all_faulty_plugins_are_told_at_once(self, folder: Path) -> None:
        for name in ("a", "b"):
            install(folder, name, "import no_such_module")
        with pytest.raises(PluginError) as caught:
            load_plugins()
        assert [line.split(" cannot be loaded")[0] for line in str(caught.value).split("\n")] == [
            'plugin "a" (robot-a 1.0)',
            'plugin "b" (robot-b 1.0)',
        ]
        assert isinstance(caught.value.__cause__, ModuleNotFoundError)

    def test_what_is_not_skip_refuses(self, folder: Path) -> None:
        install(folder, "a", "")
        with pytest.raises(PluginError, match="implements no hook"):
            load_plugins(on_error="whatever")


class TestSkip:
    def test_one_warning_line_and_the_others_are_there(self, folder: Path) -> None:
        write_plugin(folder, "robot-bad", {"bad": "m_nowhere"})
        install(folder, "good", PACK.format(name="good"))
        log = RecordingLog()
        registry = load_plugins(on_error="skip", log=log)
        assert [info.name for info in registry.plugins()] == ["good"]
        assert list(registry.protocol_packs()) == ["good"]
        reason = (
            'plugin "bad" (robot-bad 1.0) cannot be loaded: ModuleNotFoundError: No module named '
            "'m_nowhere'; repair or uninstall robot-bad, or list 'bad' in plugins.disabled"
        )
        assert log.entries == [("warning", "plugin left out", {"plugin": "bad", "reason": reason})]

    def test_a_plugin_is_left_out_with_everything_it_has(self, folder: Path) -> None:
        listeners = hook("robustmq_default_listeners", "return {'ok': {}, 'not ok': {}}")
        install(folder, "chat", PACK.format(name="chat") + listeners)
        registry = load_plugins(on_error="skip", log=RecordingLog())
        assert registry.protocol_packs() == {}
        assert registry.default_listeners() == {}

    def test_of_two_with_the_same_pack_robustmqs_own_stays(self, folder: Path) -> None:
        install(folder, "another", PACK.format(name="mqtt"))
        install(folder, "mqtt", PACK.format(name="mqtt"), "robustmq-mqtt")
        log = RecordingLog()
        registry = load_plugins(on_error="skip", log=log)
        assert [info.name for info in registry.plugins()] == ["mqtt"]
        assert registry.protocol_packs()["mqtt"].__module__ == "m_mqtt"
        assert [fields["plugin"] for _, _, fields in log.entries] == ["another"]

    def test_without_a_log_the_standard_one_is_used(
        self, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        write_plugin(folder, "robot-bad", {"bad": "m_nowhere"})
        with caplog.at_level(logging.WARNING, "robustmq.plugins"):
            load_plugins(on_error="skip")
        assert [record.getMessage().split(" (")[0] for record in caplog.records] == [
            'plugin left out: bad: plugin "bad"'
        ]
