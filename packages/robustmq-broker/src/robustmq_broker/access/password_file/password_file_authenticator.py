"""[D] The authenticator "password_file": users in a file, which is read again when it changes."""

import asyncio
import os
import stat
from pathlib import Path
from typing import Final

from robustmq_broker.access.disconnecting import disconnect_clients
from robustmq_broker.access.hashing.checking import SERVER_BUSY, check_password
from robustmq_broker.access.hashing.decoys import Decoys
from robustmq_broker.access.hashing.forms import parse_hash
from robustmq_broker.access.hashing.hash_pool import HashPool
from robustmq_broker.access.password_file.password_file_config import PasswordFileConfig
from robustmq_broker.access.password_file.password_lines import parse_password_file
from robustmq_common.errors import ConfigError
from robustmq_common.spi.access import IGNORE, AuthResult, ClientInfo
from robustmq_common.spi.services import BrokerServices

NAME: Final = "password_file"

Version = tuple[int, int, int, int]
"""What tells two contents of a file apart: device, inode, time of change in ns, size."""


class PasswordFileAuthenticator:
    """Has an opinion on everyone in the file, and none on others."""

    name = NAME

    def __init__(self) -> None:
        self._users: dict[str, str] = {}
        self._seen: Version | None = None
        self._looking = False
        self._said = ""

    async def start(self, services: BrokerServices) -> None:
        """Read the file. Raises ConfigError if it is not there, or not in order."""
        self._services = services
        self._config: PasswordFileConfig = services.section(NAME)
        self._pool = HashPool.of(services)
        self._secret = services.token(32)
        self._decoys = Decoys(self._secret, self._pool.config.cost)
        if self._config.path is None:
            raise ConfigError('password_file.path: the authenticator "password_file" needs one')
        await self._load(self._config.path)
        self._look_later()

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        """Check a password; of somebody unknown, too, so that both take the same time."""
        name = client.username
        if name is None:
            return AuthResult(IGNORE)
        text = self._users.get(name)
        if text is None:
            result = await check_password(self._pool, self._decoys.choose(name), password)
            return result if result.reason_code == SERVER_BUSY else AuthResult(IGNORE)
        return await check_password(self._pool, parse_hash(text), password)

    def reload(self) -> None:
        """Read the file again soon, if it has changed; what is wrong with it is logged."""
        if not self._looking:
            self._looking = True
            self._services.run(self._look(), self._looked)

    def _look_later(self) -> None:
        self._services.timers.after(self._config.check_interval, self._due)

    def _due(self) -> None:
        self._look_later()
        self.reload()

    async def _look(self) -> None:
        path = self._config.path
        assert path is not None
        version = await asyncio.to_thread(_version, path)
        if version != self._seen:
            before = self._users
            self._seen = version  # once is enough for one that is wrong, too
            await self._load(path)
            changed = {name for name, text in before.items() if self._users.get(name) != text}
            ended = disconnect_clients(
                self._services,
                lambda client: client.authenticator == NAME and client.username in changed,
                "the password was changed",
            )
            self._services.log.info(
                "password file read again", path=path, users=len(self._users), disconnected=ended
            )

    def _looked(self, _result: object, error: Exception | None) -> None:
        self._looking = False
        said = "" if error is None else str(error)
        if error is not None and said != self._said:
            self._services.log.error(
                "the password file cannot be used; the users it had before still hold", reason=said
            )
        self._said = said

    async def _load(self, path: str) -> None:
        data, version, mode = await asyncio.to_thread(_read, path, self._config.max_size)
        users = await asyncio.to_thread(parse_password_file, data, path)
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            self._services.log.warning(
                "others on this machine can read or write the password file; "
                "`chmod o-rw` it, as hashes help to guess passwords",
                path=path,
            )
        decoys = Decoys(self._secret, self._pool.config.cost)
        for text in users.values():
            decoys.add(text)
        self._users, self._decoys, self._seen = users, decoys, version


def _version(path: str) -> Version | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size)


def _read(path: str, limit: int) -> tuple[bytes, Version, int]:
    """A file's content, which one it is, and its mode. Raises ConfigError."""
    try:
        with Path(path).open("rb") as file:
            found = os.fstat(file.fileno())
            data = file.read(limit + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"the password file {path} cannot be read: {reason}") from error
    if len(data) > limit:
        raise ConfigError(f"the password file {path} is larger than password_file.max_size")
    version = (found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size)
    return data, version, found.st_mode
