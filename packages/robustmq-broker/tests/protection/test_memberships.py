from robustmq_broker.protection.memberships import Memberships
from robustmq_broker.protection.protection_config import (
    ClientLimits,
    LimitsConfig,
    ListenerLimits,
    UserLimits,
)
from robustmq_common.spi.access import ClientInfo
from robustmq_common.testing import FakeTimers


def client(client_id: str, username: str | None = "u", listener: str = "tcp") -> ClientInfo:
    return ClientInfo(client_id, username, "192.0.2.1:5", listener, "MQTT 5.0")


class Made:
    def __init__(
        self, limits: LimitsConfig | None = None, tcp: ListenerLimits | None = None
    ) -> None:
        self.timers = FakeTimers()
        self.drops = 0
        self.members = Memberships(
            limits or LimitsConfig(),
            {"tcp": tcp or ListenerLimits(), "other": ListenerLimits()},
            self.timers.clock,
            self.timers,
            self._dropped,
        )

    def _dropped(self) -> None:
        self.drops += 1

    def codes(self, *clients: ClientInfo) -> list[int]:
        """What each is told: 0 for one that is let in."""
        found = [self.members.join(one) for one in clients]
        return [0 if one is None else one.reason_code for one in found]


def test_without_limits_there_is_nothing_to_do() -> None:
    assert not Made().members.is_needed()
    assert Made(LimitsConfig(user=UserLimits(max_connections=1))).members.is_needed()
    assert Made(tcp=ListenerLimits(max_topic_levels=1)).members.is_needed()


def test_connections_of_a_user() -> None:
    made = Made(LimitsConfig(user=UserLimits(max_connections=2)))
    one, two, three = client("1"), client("2"), client("3")
    assert made.codes(one, two, three) == [0, 0, 0x97]
    assert made.codes(client("4", "other"), client("5", None)) == [0, 0]
    made.members.leave(one)
    assert made.codes(three) == [0]
    made.members.leave(three)
    made.members.leave(three)  # twice is once
    assert made.codes(client("6"), client("7")) == [0, 0x97]


def test_a_client_that_takes_itself_over_is_one() -> None:
    made = Made(LimitsConfig(user=UserLimits(max_connections=1)))
    older, newer = client("1"), client("1")
    assert made.codes(older, newer, client("2")) == [0, 0, 0x97]
    made.members.leave(older)
    assert made.codes(client("2")) == [0x97]
    assert made.codes(client("1")) == [0]
    # Someone else's client identifier makes no room.
    assert made.codes(client("9", "v"), client("9")) == [0, 0x97]


def test_a_user_that_was_renamed_leaves_what_it_joined() -> None:
    made = Made(LimitsConfig(user=UserLimits(max_connections=1)))
    one = client("1")
    assert made.codes(one) == [0]
    one.username = "v"  # by a re-authentication
    made.members.leave(one)
    assert made.codes(client("2"), client("3", "v")) == [0, 0]


def test_connect_rates() -> None:
    limits = LimitsConfig(
        client=ClientLimits(connect_rate="2/10s"), user=UserLimits(connect_rate="3/10s")
    )
    made = Made(limits)
    assert made.codes(*(client("1", None) for _ in range(3))) == [0, 0, 0x9F]
    assert made.codes(*(client(f"c{n}") for n in range(4))) == [0, 0, 0, 0x9F]
    made.timers.clock.advance(5.0)
    assert made.codes(client("1", None), client("1", None), client("x")) == [0, 0x9F, 0]


def test_rates_are_of_the_client_its_user_and_its_listener() -> None:
    limits = LimitsConfig(
        client=ClientLimits(messages_rate="3/s"), user=UserLimits(messages_rate="5/s")
    )
    made = Made(limits, ListenerLimits(messages_rate="8/s"))
    clients = [client("1"), client("2"), client("3", "v"), client("4", None, "other")]
    assert made.codes(*clients) == [0] * 4
    counts = []
    for one in clients:
        assert one.limits is not None
        sent = 0
        while one.limits.take(100):
            sent += 1
        counts.append(sent)
    assert counts == [3, 2, 3, 3]


def test_subscriptions_and_levels_are_the_least() -> None:
    limits = LimitsConfig(client=ClientLimits(max_subscriptions=3))
    made = Made(limits, ListenerLimits(max_subscriptions=2, max_topic_levels=4))
    here, there = client("1"), client("2", listener="other")
    made.codes(here, there)
    assert here.limits is not None
    assert there.limits is not None
    assert (here.limits.max_topic_levels, there.limits.max_topic_levels) == (4, 0)
    assert not here.limits.grants_subscription(2)
    assert there.limits.grants_subscription(2)


def test_who_has_no_limit_has_no_object() -> None:
    made = Made(tcp=ListenerLimits(messages_rate="1/s"))
    one = client("1", listener="other")
    made.codes(one)
    assert one.limits is None
    made.members.leave(one)
    assert len(made.members) == 0


def test_drops_are_passed_on() -> None:
    made = Made(LimitsConfig(qos0="drop", client=ClientLimits(messages_rate="1/s")))
    one = client("1")
    made.codes(one)
    assert one.limits is not None
    assert one.limits.drops_qos0
    one.limits.dropped()
    assert made.drops == 1
