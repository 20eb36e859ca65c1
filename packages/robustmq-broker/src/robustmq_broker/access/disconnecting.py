"""[D] Ends the connections of clients whose credentials do not hold any more."""

from collections.abc import Callable
from typing import Final

from robustmq_common.spi.access import ClientInfo
from robustmq_common.spi.services import BrokerServices

ADMINISTRATIVE_ACTION: Final = 0x98


def disconnect_clients(
    services: BrokerServices, concerns: Callable[[ClientInfo], bool], reason: str
) -> int:
    """Disconnect every client that `concerns` says yes to; returns how many."""
    found = [one for one in services.connected() if concerns(one.client)]
    for one in found:
        one.disconnect(ADMINISTRATIVE_ACTION, reason)
    return len(found)
