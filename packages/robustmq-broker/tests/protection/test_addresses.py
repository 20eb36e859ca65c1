import ipaddress

import pytest

from robustmq_broker.protection.addresses import parse_ip, parse_network, site


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_addresses_have_one_form(text: str, address: str) -> None:
    assert parse_ip(text) == ipaddress.ip_address(address)


@pytest.mark.parametrize("text", ["unix", "?", "", "192.0.2.256", "192.0.2.1/32", "01.2.3.4"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_ip(text) is None


def test_networks_have_no_host_bits_and_one_family() -> None:
    assert str(parse_network("10.1.2.3/8")) == "10.0.0.0/8"
    assert str(parse_network("2001:db8::5/32")) == "2001:db8::/32"
    assert str(parse_network("::ffff:10.1.2.3/104")) == "10.0.0.0/8"
    assert str(parse_network("192.0.2.7")) == "192.0.2.7/32"


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "10.0.0.0/x", "unix", "::/129"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is ipaddress's
        parse_network(text)


def test_a_subscriber_has_one_ipv4_address_and_64_bits_of_ipv6() -> None:
    assert site("::ffff:192.0.2.1") == site("192.0.2.1") == "192.0.2.1"
    assert site("2001:db8:0:7::1") == site("2001:db8:0:7:ffff::9") == "2001:db8:0:7::/64"
    assert site("2001:db8:0:8::1") != site("2001:db8:0:7::1")
    assert site("unix") == "unix"
