"""[D] Checks a password in a thread, and says what that means for who gave it."""

from typing import Final

from robustmq_broker.access.hashing.forms import PasswordHash
from robustmq_broker.access.hashing.hash_pool import HashingBusy, HashPool
from robustmq_broker.access.hashing.verification import is_quick, verify
from robustmq_common.spi.access import ALLOW, DENY, AuthResult

BAD_USER_NAME_OR_PASSWORD: Final = 0x86
SERVER_BUSY: Final = 0x89


async def check_password(pool: HashPool, known: PasswordHash, password: bytes | None) -> AuthResult:
    """Allow, deny as wrong, or deny as too busy; no password at all is a wrong one."""
    given = password or b""
    if is_quick(known):
        right = verify(known, given)
    else:
        try:
            right = await pool.run(lambda: verify(known, given))
        except HashingBusy as error:
            return AuthResult(DENY, SERVER_BUSY, str(error))
    if right:
        return AuthResult(ALLOW)
    return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, "bad user name or password")
