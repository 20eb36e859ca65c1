"""Whom a rule is about, what is uncertain of a client, and how that combines."""

import ipaddress

import pytest
import re2

from robustmq_broker.access.rules import who
from robustmq_broker.access.rules.rule import NO, UNCERTAIN, YES, Who
from robustmq_common.spi.access import Certificate, ClientInfo


def client(
    peer: str = "127.0.0.1:1",
    listener: str = "tcp",
    username: str | None = "alice",
    certificate: Certificate | None = None,
) -> ClientInfo:
    return ClientInfo("c1", username, peer, listener, "MQTT 5.0", certificate=certificate)


AWAY = client("?", "?")
METER = client(certificate=Certificate("CN=meter-7,O=Example", "meter-7"))


class Sure:
    def __init__(self, says: int) -> None:
        self.says = says

    def matches(self, _client: ClientInfo) -> int:
        return self.says


def network(text: str) -> who.AddressIn:
    return who.AddressIn(ipaddress.ip_network(text))


@pytest.mark.parametrize(
    ("about", "whom", "expected"),
    [
        (who.User("alice"), client(), YES),
        (who.User("Alice"), client(), NO),
        (who.User("alice"), client(username=None), NO),
        (who.Client("c1"), client(), YES),
        (who.Client("c"), client(), NO),
        (who.Anonymous(), client(username=None), YES),
        (who.Anonymous(), client(username=""), NO),
        (who.Everyone(), AWAY, YES),
        (who.UserPattern(re2.compile("al.*")), client(), YES),
        (who.UserPattern(re2.compile("al")), client(), NO),
        (who.UserPattern(re2.compile(".*")), client(username=None), NO),
        (who.UserPattern(re2.compile("a*")), client(username="a" * 1025), UNCERTAIN),
        (who.ClientPattern(re2.compile("c[0-9]")), client(), YES),
        (network("127.0.0.0/8"), client(), YES),
        (network("10.0.0.0/8"), client(), NO),
        (network("192.0.2.0/24"), client("[::ffff:192.0.2.9]:5"), YES),
        (network("::1/128"), client("[::1]:5"), YES),
        (network("fe80::/10"), client("[fe80::1%eth0]:5"), YES),
        (network("0.0.0.0/0"), client("unix"), NO),
        (network("0.0.0.0/0"), AWAY, UNCERTAIN),
        (who.CommonName("meter-7"), METER, YES),
        (who.CommonName("meter"), METER, NO),
        (who.CommonName("meter-7"), client(), NO),
        (who.CommonName("meter-7"), AWAY, UNCERTAIN),
        (who.Subject("CN=meter-7,O=Example"), METER, YES),
        (who.Subject("CN=meter-7"), METER, NO),
        (who.Subject("CN=meter-7"), AWAY, UNCERTAIN),
        (who.Listener("tcp"), client(), YES),
        (who.Listener("tls"), client(), NO),
        (who.Listener("tls"), AWAY, UNCERTAIN),
    ],
)
def test_matches(about: Who, whom: ClientInfo, expected: int) -> None:
    assert about.matches(whom) == expected


@pytest.mark.parametrize("one", [NO, YES, UNCERTAIN])
@pytest.mark.parametrize("other", [NO, YES, UNCERTAIN])
def test_combinations_are_sure_only_if_no_doubt_matters(one: int, other: int) -> None:
    def outcomes(says: int) -> set[int]:
        return {NO, YES} if says == UNCERTAIN else {says}

    def combined(possible: set[int]) -> int:
        return UNCERTAIN if len(possible) == 2 else possible.pop()

    pairs = [(a, b) for a in outcomes(one) for b in outcomes(other)]
    both, either = who.AllOf((Sure(one), Sure(other))), who.AnyOf((Sure(one), Sure(other)))
    assert both.matches(client()) == combined({a & b for a, b in pairs})
    assert either.matches(client()) == combined({a | b for a, b in pairs})
    assert who.Not(Sure(one)).matches(client()) == combined({YES - a for a in outcomes(one)})
