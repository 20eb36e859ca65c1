import asyncio

from protection_kit import Guarded, client

from robustmq_broker.protection.ban import Ban
from robustmq_broker.protection.guarded_exchange import Sleep, guarded
from robustmq_broker.protection.protection_config import AttemptsConfig
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, ClientInfo, ExchangeStep


class TwoSteps:
    """An exchange that asks once, and lets in whoever says "right" then."""

    method = "TWO"

    def __init__(self) -> None:
        self.steps = 0

    def begin(self, client: ClientInfo, reauthenticate: bool) -> "TwoSteps":
        return self

    async def step(self, data: bytes | None) -> ExchangeStep:
        self.steps += 1
        if data == b"first":
            return ExchangeStep(IGNORE, b"challenge")
        if data == b"right":
            return ExchangeStep(ALLOW)
        return ExchangeStep(DENY, None, 0x87, "wrong")


def run(
    one: Guarded, method: TwoSteps, who: ClientInfo, *data: bytes, sleep: Sleep = asyncio.sleep
) -> ExchangeStep:
    async def whole() -> ExchangeStep:
        exchange = guarded(method, one.guard, sleep).begin(who, False)
        step = ExchangeStep(IGNORE)
        for each in data:
            step = await exchange.step(each)
        return step

    return asyncio.run(whole())


def test_an_exchange_goes_on_as_ever() -> None:
    one, method = Guarded(), TwoSteps()
    assert guarded(method, one.guard).method == "TWO"
    assert run(one, method, client("c"), b"first").data == b"challenge"
    assert run(one, method, client("c"), b"first", b"right").verdict == ALLOW
    assert run(one, method, client("c"), b"first", b"x").reason_code == 0x87


def test_who_is_banned_does_not_get_to_the_first_step() -> None:
    one, method = Guarded(), TwoSteps()
    one.ban(Ban("clientid", "bad"))
    step = run(one, method, client("bad"), b"first")
    assert (step.verdict, step.reason_code, method.steps) == (DENY, 0x8A, 0)


def test_failures_count_as_those_of_passwords_do() -> None:
    one, method = Guarded(attempts=AttemptsConfig(free=2, max_waiting=1)), TwoSteps()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    for _ in range(4):
        run(one, method, client("c"), b"first", b"wrong", sleep=sleep)
    assert slept == [0.1, 0.2]
    # While an answer waits, the next attempt is refused.
    key = ("192.0.2.1", "")
    assert one.guard._attempts is not None
    assert one.guard._attempts.failed(key, one.services.clock.monotonic) > 0
    assert run(one, method, client("c"), b"first").reason_code == 0x9F
