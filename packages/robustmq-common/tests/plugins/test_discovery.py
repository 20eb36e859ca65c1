"""Plugins are found by their entry points, with the distribution that brought them."""

from pathlib import Path

import pytest

from plugin_folder import write_plugin
from robustmq_common.plugins.discovery import PluginInfo, installed_plugins


def test_nothing_is_installed(folder: Path) -> None:
    assert installed_plugins() == []


def test_plugins_have_a_name_a_distribution_and_a_version(folder: Path) -> None:
    write_plugin(folder, "robot-chat", {"chat": "m_chat", "talk": "m_talk"}, version="2.1")
    assert [plugin.info for plugin in installed_plugins()] == [
        ("chat", "robot-chat", "2.1"),
        ("talk", "robot-chat", "2.1"),
    ]


def test_own_distributions_come_first_and_then_the_names_decide(folder: Path) -> None:
    for name, distribution in (
        ("e", "robustmq-other"),
        ("b", "robustmq-mqtt"),
        ("a", "zebra"),
        ("c", "ant"),
        ("d", "robot"),
    ):
        write_plugin(folder, distribution, {name: "module"})
    assert [plugin.info.name for plugin in installed_plugins()] == ["b", "a", "c", "d", "e"]


def test_nothing_is_imported_before_it_is_loaded(folder: Path) -> None:
    write_plugin(folder, "robot", {"a": "m_a"}, {"m_a": "raise ValueError('imported')"})
    (plugin,) = installed_plugins()
    with pytest.raises(ValueError, match="imported"):
        plugin.load()


def test_an_entry_point_may_name_an_object_of_a_module(folder: Path) -> None:
    write_plugin(folder, "robot", {"a": "m_object:door"}, {"m_object": "door = 17"})
    (plugin,) = installed_plugins()
    assert plugin.load() == 17


def test_damaged_metadata_does_not_hide_a_plugin(folder: Path) -> None:
    write_plugin(folder, "robot", {"a": "m_a"})
    (folder / "robot-1.0.dist-info" / "METADATA").unlink()
    (plugin,) = installed_plugins()
    assert plugin.info == ("a", "a distribution without a name", "of unknown version")


def test_a_plugin_is_shown_with_its_distribution() -> None:
    assert str(PluginInfo("mqtt", "robustmq-mqtt", "0.1")) == 'plugin "mqtt" (robustmq-mqtt 0.1)'
