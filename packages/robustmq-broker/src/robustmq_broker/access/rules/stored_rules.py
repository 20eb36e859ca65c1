"""[D] The authorizer "rules": rules in the broker's storage, which `robust-ctl acl` changes."""

import asyncio

from robustmq_broker.access.rules.rule import RuleList
from robustmq_broker.access.rules.rule_store import RuleStore, parsed
from robustmq_broker.access.rules.verdicts import explained
from robustmq_common.spi.access import ClientInfo
from robustmq_common.spi.services import BrokerServices


class StoredRules:
    """Asks the rules as they were when they were read last."""

    name = "rules"

    def __init__(self) -> None:
        self._rules = RuleList([])
        self._services: BrokerServices
        self._store: RuleStore
        self._reading = asyncio.Lock()

    async def start(self, services: BrokerServices) -> None:
        """Read the rules. Raises CallerError if one of them cannot be."""
        self._services = services
        self._store = RuleStore(services.storage.adapter, asyncio.Lock())
        await self.reload()

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        return self._rules.decide(client, action, topic, qos, retain)

    def explain(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> str:
        """The rule that decides, with its number."""
        return explained(self._rules, client, action, topic, qos, retain)

    async def reload(self) -> None:
        """Read what `robust-ctl acl` has changed."""
        async with self._reading:
            stored = await self._store.all()
            self._rules = parsed(stored, {one.text: one for one in self._rules.rules})
        self._services.access_changed()
