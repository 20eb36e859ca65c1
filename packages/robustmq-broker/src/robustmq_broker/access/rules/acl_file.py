"""[D] The authorizer "acl_file": rules in a file, which is read again when it changes."""

import asyncio
import os
from pathlib import Path
from typing import Final

from robustmq_broker.access.rules.mosquitto_acl import looks_like_mosquitto, parse_mosquitto
from robustmq_broker.access.rules.rule import RuleList
from robustmq_broker.access.rules.rule_text import RuleError, parse_rules
from robustmq_broker.access.rules.rules_config import AclFileConfig
from robustmq_broker.access.rules.verdicts import explained
from robustmq_common.errors import ConfigError
from robustmq_common.spi.access import ClientInfo
from robustmq_common.spi.services import BrokerServices

FILE_MAX: Final = 16 * 1024 * 1024
"""Bytes of a file, at most."""

Version = tuple[int, int, int]
"""What tells a file that has changed: time, size and number."""


class AclFile:
    """Asks the rules that were read last."""

    name = "acl_file"

    def __init__(self) -> None:
        self._rules = RuleList([])
        self._config = AclFileConfig()
        self._services: BrokerServices
        self._version: Version | None = None
        self._failed = ""
        self._reading = asyncio.Lock()

    async def start(self, services: BrokerServices) -> None:
        """Read the file. Raises ConfigError if it cannot be read."""
        self._services = services
        self._config = services.section("acl_file")
        await self.reload()
        if self._config.check_interval:
            self._watch()

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        return self._rules.decide(client, action, topic, qos, retain)

    def explain(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> str:
        """The rule that decides, and the line it is in."""
        return explained(self._rules, client, action, topic, qos, retain)

    async def reload(self) -> None:
        """Read the file again. Raises ConfigError, with line and column; the old rules stay."""
        async with self._reading:
            # In a thread: the file system may be slow, and many rules take a while.
            self._rules, self._version = await asyncio.to_thread(_read, self._config)
        self._failed = ""
        self._services.log.info(
            "access rules read", file=self._config.path, rules=len(self._rules.rules)
        )
        self._services.access_changed()

    def _watch(self) -> None:
        self._services.timers.after(self._config.check_interval, self._look)

    def _look(self) -> None:
        self._services.run(self._reload_if_changed(), self._looked)

    async def _reload_if_changed(self) -> None:
        version = await asyncio.to_thread(_version, Path(self._config.path))
        if version != self._version:
            self._version = version
            await self.reload()

    def _looked(self, _result: object, error: Exception | None) -> None:
        if error is not None and str(error) != self._failed:
            # Once for each state of the file, not every few seconds.
            self._failed = str(error)
            self._services.log.error(
                "access rules cannot be read; the old ones stay", reason=str(error)
            )
        self._watch()


def _version(path: Path) -> Version | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(config: AclFileConfig) -> tuple[RuleList, Version | None]:
    """The rules of the file. Raises ConfigError."""
    path = Path(config.path)
    where = f"acl_file.path = {config.path!r}"
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            content = file.read(FILE_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{where}: {(error.strerror or str(error)).lower()}") from None
    if len(content) > FILE_MAX:
        raise ConfigError(f"{where}: the file is larger than {FILE_MAX} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{where}: line {line} is not UTF-8") from None
    is_mosquitto = config.format == "mosquitto"
    if config.format == "auto":
        is_mosquitto = looks_like_mosquitto(text)
    try:
        rules = (parse_mosquitto if is_mosquitto else parse_rules)(text, path.name)
    except RuleError as error:
        raise ConfigError(f"{where}: {error}") from None
    return RuleList(rules), (found.st_mtime_ns, found.st_size, found.st_ino)
