"""The table against one look at every ban."""

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_broker.protection.addresses import parse_ip
from robustmq_broker.protection.ban import Ban, checked_ban
from robustmq_broker.protection.ban_table import PATTERNS_MAX, BanTable
from robustmq_common.errors import CallerError

ADDRESSES = st.one_of(
    st.integers(0, 255).map(lambda n: str(ipaddress.IPv4Address(0x0A000000 + n * 0x10101))),
    st.integers(0, 255).map(lambda n: str(ipaddress.IPv6Address(n << 120 | n << 60 | n))),
    st.integers(0, 255).map(lambda n: f"::ffff:10.{n}.{n}.{n}"),
)
NETWORKS = st.builds(
    lambda address, length: (
        f"{address}/{min(length, parse_ip(address).max_prefixlen)}"  # type: ignore[union-attr]
        if not address.startswith("::ffff")
        else f"{address}/{96 + min(length, 32)}"
    ),
    ADDRESSES,
    st.integers(0, 128),
)
NAMES = st.text("ab1", min_size=1, max_size=4)
PATTERNS = st.sampled_from(["a", "^a", "b$", "^a+$", "[ab]{2}", "1|bb", "^(a|b1)*$"])
BANS = st.one_of(
    st.tuples(st.sampled_from(["clientid", "username"]), NAMES),
    st.tuples(st.sampled_from(["clientid_re", "username_re"]), PATTERNS),
    st.tuples(st.just("peerhost"), ADDRESSES),
    st.tuples(st.just("peerhost_net"), NETWORKS),
)


def table_of(*bans: Ban, limit: int = 1000) -> BanTable:
    table = BanTable(limit)
    for ban in bans:
        table.add(checked_ban(ban))
    return table


def is_on(ban: Ban, client_id: str, username: str | None, host: str) -> bool:
    """One ban, looked at as it is defined."""
    address = parse_ip(host)
    texts = {"clientid": client_id, "username": username}
    if ban.kind in texts:
        return texts[ban.kind] == ban.value
    if ban.kind.endswith("_re"):
        text = texts[ban.kind.removesuffix("_re")]
        return text is not None and re.search(ban.value, text) is not None
    assert address is not None
    if ban.kind == "peerhost":
        return str(address) == ban.value
    return address in ipaddress.ip_network(ban.value)


@given(
    st.lists(st.tuples(BANS, st.sampled_from([0.0, 50.0, 150.0])), max_size=12),
    st.integers(0, 11),
    NAMES,
    st.none() | NAMES,
    ADDRESSES,
)
def test_agrees_with_a_look_at_every_ban(
    given_bans: list[tuple[tuple[str, str], float]],
    removed: int,
    client_id: str,
    username: str | None,
    host: str,
) -> None:
    bans = {(one.kind, one.value): one for one in map(_ban, given_bans)}
    table = table_of(*map(_ban, given_bans))
    if removed < len(bans):
        kind, value = list(bans)[removed]
        del bans[kind, value]
        assert table.remove(kind, value)
        assert not table.remove(kind, value)
    assert table.count == len(bans) == len(list(table))
    now = 100.0
    expected = [
        ban
        for ban in bans.values()
        if not ban.is_over(now) and is_on(ban, client_id, username, host)
    ]
    found = table.of_name(client_id, username, now) or table.of_address(host, now)
    assert (found in expected) if expected else found is None


def _ban(one: tuple[tuple[str, str], float]) -> Ban:
    (kind, value), until = one
    return checked_ban(Ban(kind, value, until))


def test_bans_that_are_over_are_forgotten_some_at_a_time() -> None:
    table = table_of(*(Ban("clientid", f"c{n}", until=float(n + 1)) for n in range(10)))
    table.add(Ban("clientid", "c0", until=50.0))
    assert {ban.value for ban in table.remove_over(5.0, 3)} == {"c1", "c2", "c3"}
    assert {ban.value for ban in table.remove_over(5.0, 3)} == {"c4"}
    assert table.remove_over(5.0, 3) == []
    assert table.count == 6


def test_bans_set_again_and_again_leave_nothing_behind() -> None:
    table = BanTable(10)
    for n in range(5000):
        table.add(Ban("clientid", "c", until=1000.0 + n))
    assert len(table._ends) < 1200
    assert len(table.remove_over(7000.0, 10)) == 1


def test_there_is_room_for_so_many() -> None:
    table = table_of(Ban("clientid", "a"), Ban("clientid", "b"), limit=2)
    with pytest.raises(CallerError, match=r"there are 2 bans, as many as bans\.max_bans allows"):
        table.check_room(Ban("clientid", "c"))
    table.check_room(Ban("clientid", "a"))
    assert not table.has_room(Ban("clientid", "c"))
    assert table.has_room(Ban("clientid", "a"))


def test_a_reserve_is_kept() -> None:
    table = table_of(Ban("clientid", "a"), limit=3)
    assert table.has_room(Ban("clientid", "b"), reserve=1)
    assert not table.has_room(Ban("clientid", "b"), reserve=2)


def test_patterns_are_few() -> None:
    table = table_of(*(Ban("clientid_re", f"^{n}$") for n in range(PATTERNS_MAX)))
    with pytest.raises(CallerError, match="there are 100 bans on clientid_re"):
        table.check_room(Ban("clientid_re", "x"))
    table.check_room(Ban("username_re", "x"))


def test_who_has_no_address_is_on_no_network() -> None:
    table = table_of(Ban("peerhost_net", "0.0.0.0/0"), Ban("peerhost_net", "::/0"))
    assert table.of_address("unix", 0.0) is None
    assert table.of_address("192.0.2.1", 0.0) is not None
    assert table.of_address("2001:db8::1", 0.0) is not None
