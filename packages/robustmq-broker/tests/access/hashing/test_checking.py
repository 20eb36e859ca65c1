"""What a check of a password says."""

import asyncio
import hashlib

from robustmq_broker.access.hashing.checking import check_password
from robustmq_broker.access.hashing.forms import parse_hash, salted
from robustmq_broker.access.hashing.hash_pool import HashPool
from robustmq_broker.access.hashing.hashing_config import HashingConfig
from robustmq_broker.access.hashing.verification import Argon2Cost, make_hash
from robustmq_common.spi.access import ALLOW, DENY
from robustmq_common.testing.metrics import FakeMetrics

SLOW = parse_hash(make_hash(b"right", b"saltsalt", Argon2Cost(64, 1, 1)))
QUICK = salted("sha256", "prefix", b"", hashlib.sha256(b"right").digest())


def test_right_wrong_and_too_busy() -> None:
    async def scenario() -> None:
        pool = HashPool(HashingConfig(threads=1, max_waiting=0), FakeMetrics())
        for known in (SLOW, QUICK):
            assert (await check_password(pool, known, b"right")).verdict == ALLOW
            for wrong in (b"wrong", b"", None):
                result = await check_password(pool, known, wrong)
                assert (result.verdict, result.reason_code) == (DENY, 0x86)
        results = await asyncio.gather(*(check_password(pool, SLOW, b"right") for _ in range(3)))
        assert [one.reason_code for one in results] == [0, 0x89, 0x89]
        pool.close()

    asyncio.run(scenario())
