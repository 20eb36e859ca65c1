"""Fixtures of the conformance tests: brokers, clients and names that no other test uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerPool, BrokerProcess, BrokerWith
from plugin_folder import write_plugin
from wire import Clients, code, unique_topic

LIMITED = {
    "mqtt.check_payload_format": "true",
    "mqtt.connect_timeout": "1",
    "mqtt.max_client_id_length": "30",
    "mqtt.max_packet_size": "1000",
    "mqtt.max_session_expiry_interval": "100",
    "mqtt.max_topic_alias": "10",
    "mqtt.receive_maximum": "3",
    "mqtt.response_information": "answers/",
}
"""A broker with small limits."""

INCAPABLE = {
    "mqtt.max_qos": "1",
    "mqtt.max_topic_alias": "0",
    "mqtt.retain_available": "false",
    "mqtt.shared_subscription": "false",
    "mqtt.wildcard_subscription": "false",
}
"""A broker that leaves out all it may leave out."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "normative(*statements): shows these statements of MQTT, as '3.1.1:MQTT-3.1.0-2'",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with an argument ``level`` runs for every protocol level unless it says which."""
    given = metafunc.definition.iter_markers("parametrize")
    if "level" in metafunc.fixturenames and not any("level" in mark.args[0] for mark in given):
        metafunc.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerPool]:
    """Brokers by settings; at the end all must stop cleanly, without a traceback in their logs."""
    pool = BrokerPool(tmp_path_factory.mktemp("brokers"))
    yield pool
    pool.stop()


@pytest.fixture
def broker(pool: BrokerPool) -> BrokerProcess:
    """The shared broker with default settings."""
    return pool.get()


@pytest.fixture
def broker_with(pool: BrokerPool) -> BrokerWith:
    """The shared broker with the given settings."""
    return pool.get


@pytest.fixture
def clients(broker: BrokerProcess) -> Iterator[Clients]:
    """Clients of the shared broker."""
    with Clients(broker.address) as clients:
        yield clients


@pytest.fixture
def limited_broker(pool: BrokerPool) -> BrokerProcess:
    """The shared broker with the `LIMITED` settings."""
    return pool.get(LIMITED)


@pytest.fixture
def limited(limited_broker: BrokerProcess) -> Iterator[Clients]:
    """Clients of the broker with the `LIMITED` settings."""
    with Clients(limited_broker.address) as clients:
        yield clients


@pytest.fixture
def incapable(pool: BrokerPool) -> Iterator[Clients]:
    """Clients of the broker with the `INCAPABLE` settings."""
    with Clients(pool.get(INCAPABLE).address) as clients:
        yield clients


@pytest.fixture(scope="session")
def conformance_plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `plugin/conformance_plugin.py` is an installed plugin."""
    folder = tmp_path_factory.mktemp("plugins")
    source = Path(__file__).with_name("plugin") / "conformance_plugin.py"
    modules = {"conformance_plugin": source.read_text(encoding="utf-8")}
    points = {"conformance": "conformance_plugin"}
    write_plugin(folder, "conformance-plugin", points, modules)
    return folder


@pytest.fixture
def topic() -> str:
    """A topic that only this test uses."""
    return unique_topic()
