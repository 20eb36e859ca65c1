"""Fixtures for tests with a broker in memory: `pytest_plugins = ("memory_fixtures",)`."""

from collections.abc import Iterator

import pytest

from memory_broker import MakeBroker, MemoryBroker


@pytest.fixture
def make_broker() -> Iterator[MakeBroker]:
    """Make brokers. At the end nothing may have gone wrong in any of them.

    A test in which something has to go wrong looks at the log and clears it.
    """
    made: list[MemoryBroker] = []

    def make(**options: object) -> MemoryBroker:
        made.append(MemoryBroker(**options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for broker in made:
        assert broker.bugs() == []


@pytest.fixture
def broker(make_broker: MakeBroker) -> MemoryBroker:
    """A broker with default settings."""
    return make_broker()
