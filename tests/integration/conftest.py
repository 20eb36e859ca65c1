"""Fixtures of the integration tests: brokers as real processes, and names no other test uses."""

from collections.abc import Iterator

import pytest

from broker_process import BrokerPool, BrokerProcess, BrokerWith
from wire import unique_topic


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
def topic() -> str:
    """A topic that only this test uses."""
    return unique_topic()
