from typing import Any

import pytest

from robustmq_broker.config import (
    SECTIONS,
    anonymous_allowed,
    check_exposure,
    check_names,
    is_loopback,
)
from robustmq_common.config import Settings, load_settings
from robustmq_common.config.schema import Key, NamedTables, Node, Table, TableArray, build
from robustmq_common.errors import ConfigError

TCP = {"listeners": {"tcp": {"protocol": "mqtt", "bind": "127.0.0.1:1883"}}}


def load(*overrides: str) -> Settings:
    return load_settings(SECTIONS, None, {}, overrides, TCP)


def keys(node: Node, path: str) -> list[tuple[str, Key]]:
    if isinstance(node, Key):
        return [(path, node)]
    if isinstance(node, NamedTables):
        return keys(node.each, f"{path}.NAME")
    if isinstance(node, TableArray):
        return keys(node.each, f"{path}[N]")
    if isinstance(node, Table):
        return [
            one for name, child in node.children.items() for one in keys(child, f"{path}.{name}")
        ]
    return []


EVERY_KEY = keys(build(SECTIONS), "")


@pytest.mark.parametrize(("path", "key"), EVERY_KEY, ids=[path for path, _ in EVERY_KEY])
def test_every_key_is_described(path: str, key: Key) -> None:
    assert key.description.endswith(".")


def test_defaults_let_anonymous_clients_in_from_this_machine() -> None:
    settings = load()
    check_exposure(settings)
    assert anonymous_allowed(settings)
    assert settings.section("storage").adapter == "rocksdb"
    assert settings.section("broker").node == "robustmq@127.0.0.1"


@pytest.mark.parametrize(
    "bind", ["0.0.0.0:1883", "[::]:1883", "192.0.2.1:1883", "broker.example.org:1883"]
)
def test_strangers_are_not_let_in_unasked(bind: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_exposure(load(f"listeners.tcp.bind={bind}"))
    assert str(refused.value).startswith(f'listeners.tcp.bind = "{bind}": other machines can reach')
    assert "access.allow_anonymous = true" in str(refused.value)


def test_every_exposed_listener_is_named() -> None:
    second = 'listeners.second={protocol = "mqtt", bind = "[::]:1"}'
    third = 'listeners.third={protocol = "mqtt", bind = "[::1]:1"}'
    with pytest.raises(ConfigError) as refused:
        check_exposure(load("listeners.tcp.bind=0.0.0.0:1", second, third))
    lines = str(refused.value).splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "listeners.tcp.bind",
        "listeners.second.bind",
    ]


@pytest.mark.parametrize(
    ("overrides", "anonymous"),
    [
        (["access.allow_anonymous=true"], True),
        (["access.allow_anonymous=false"], False),
        (['access.authenticators=["x"]'], False),
        (['access.authenticators=["x"]', "access.allow_anonymous=true"], True),
    ],
)
def test_what_is_written_down_is_done(overrides: list[str], anonymous: bool) -> None:
    settings = load("listeners.tcp.bind=0.0.0.0:1883", *overrides)
    check_exposure(settings)
    assert anonymous_allowed(settings) is anonymous


def test_a_listener_that_is_off_exposes_nothing() -> None:
    check_exposure(load("listeners.tcp.bind=0.0.0.0:1883", "listeners.tcp.enabled=false"))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::1%lo", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("::ffff:192.0.2.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_what_only_this_machine_can_reach(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


INSTALLED: dict[str, Any] = {
    "protocol packs": {"mqtt": object},
    "transports": ["tcp"],
    "storage adapters": {"memory": object},
    "authenticators": {},
    "authorizers": {"acl": object},
}


def test_names_of_what_is_installed_are_fine() -> None:
    check_names(load("storage.adapter=memory", 'access.authorizers=["acl"]'), INSTALLED)


def test_every_name_that_is_not_installed_is_told() -> None:
    settings = load(
        'listeners.two={protocol = "mqqt", bind = "[::1]:1", transport = "quic"}',
        'listeners.off={protocol = "zzz", bind = "[::1]:1", enabled = false}',
        "storage.adapter=rocksdb",
        'access.authenticators=["file"]',
        'access.authorizers=["acl", "opa"]',
        "topics=[{filter='a', adapter='memory'}, {filter='b', adapter='shelf'}, {filter='a'}]",
    )
    with pytest.raises(ConfigError) as refused:
        check_names(settings, INSTALLED)
    none = "there is none of this name; the installed"
    assert str(refused.value).splitlines() == [
        f'listeners.two.protocol = "mqqt": {none} protocol packs are: mqtt',
        f'listeners.two.transport = "quic": {none} transports are: tcp',
        f'storage.adapter = "rocksdb": {none} storage adapters are: memory',
        f'topics[1].adapter = "shelf": {none} storage adapters are: memory',
        f'access.authenticators = "file": {none} authenticators are: none',
        f'access.authorizers = "opa": {none} authorizers are: acl',
        'topics[2].filter = "a": topics[0] has the same filter, and the first rule counts; remove '
        "one of them",
    ]


@pytest.mark.parametrize("node", ["", "a b", "a/b", "a+b", "a#b", "$a", "a\tb", "x" * 256])
def test_a_node_name_is_one_level_of_a_topic(node: str) -> None:
    with pytest.raises(ConfigError, match=r"broker\.node = "):
        load(f"broker.node={node}")


@pytest.mark.parametrize("key", ["broker.data_dir", "log.file"])
def test_paths_are_not_expanded_by_guessing(key: str) -> None:
    with pytest.raises(ConfigError, match="expected a path without ~, which only shells"):
        load(f"{key}=~/x")
    load(f"{key}=x~")


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("listeners.tcp.backlog=0", "expected an integer from 1 to 65535"),
        ("listeners.tcp.high_watermark=1KB", "expected a size from 4KB to 1GB"),
        ("listeners.tcp.max_connections=0", "expected an integer from 1 to 10000000"),
        ("listeners.tcp.bind=1883", 'expected "host:port"'),
        ("log.level=loud", 'expected one of "debug", "info", "warning", "error"'),
        ("log.format=xml", 'expected one of "text", "json"'),
        ("plugins.on_error=ignore", 'expected one of "refuse", "skip"'),
        ("plugins.disabled=mqtt", "expected a list of text of at most 1000 items"),
    ],
)
def test_bounds_and_choices(override: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(override)
    assert reason in str(refused.value)
