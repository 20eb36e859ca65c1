"""Whose credentials do not hold any more has to go."""

from typing import cast

from user_kit import Connected, client

from robustmq_broker.access.disconnecting import disconnect_clients
from robustmq_common.spi.pack import ConnectedClient
from robustmq_common.testing import FakeServices


def test_only_those_that_are_meant() -> None:
    services = FakeServices()
    one, two = Connected(client("a")), Connected(client("b"))
    services.clients = [cast(ConnectedClient, one), cast(ConnectedClient, two)]
    assert disconnect_clients(services, lambda info: info.username == "a", "deleted") == 1
    assert one.told == [(0x98, "deleted")]
    assert two.told == []
