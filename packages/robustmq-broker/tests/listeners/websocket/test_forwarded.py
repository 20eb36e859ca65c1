import ipaddress

import pytest

from robustmq_broker.listeners.websocket.forwarded import forwarded_peer, trusted

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128")]
PROXY = "10.0.0.1:4000"


@pytest.mark.parametrize(
    ("peer", "yes"),
    [
        (PROXY, True),
        ("[::1]:4000", True),
        ("[::ffff:10.1.2.3]:1", True),
        ("11.0.0.1:4000", False),
        ("unix", False),
        ("?", False),
    ],
)
def test_who_is_trusted(peer: str, yes: bool) -> None:
    assert trusted(peer, PROXIES) is yes


@pytest.mark.parametrize(
    ("lines", "port", "peer"),
    [
        ([], None, PROXY),
        ([], "7", PROXY),
        (["192.0.2.1"], None, "192.0.2.1:0"),
        (["192.0.2.1"], "5123", "192.0.2.1:5123"),
        (["192.0.2.1:99"], "5123", "192.0.2.1:99"),
        (["2001:db8::1"], None, "[2001:db8::1]:0"),
        (["[2001:db8::1]:99"], None, "[2001:db8::1]:99"),
        (["[2001:db8::1]"], "8", "[2001:db8::1]:8"),
        (["203.0.113.9, 192.0.2.1, 10.2.2.2"], None, "192.0.2.1:0"),
        (["203.0.113.9", "192.0.2.1", "10.2.2.2"], None, "192.0.2.1:0"),
        (["10.1.1.1, 10.2.2.2"], None, PROXY),
        (["garbage, 192.0.2.1"], None, "192.0.2.1:0"),
    ],
)
def test_the_last_that_is_not_trusted(lines: list[str], port: str | None, peer: str) -> None:
    assert forwarded_peer(PROXY, lines, port, PROXIES) == peer


@pytest.mark.parametrize(
    ("lines", "port"),
    [
        (["unknown"], None),
        ([""], None),
        (["192.0.2.1,"], None),
        (["192.0.2.1:http"], None),
        (["192.0.2.1:65536"], None),
        (["192.0.2.1"], "-1"),
        (["192.0.2.1"], "٣"),
        (["[::1"], "x"),
        (["[2001:db8::1]x"], None),
    ],
)
def test_what_is_no_address(lines: list[str], port: str | None) -> None:
    with pytest.raises(ValueError, match=r"address|port|separated"):
        forwarded_peer(PROXY, lines, port, PROXIES)
