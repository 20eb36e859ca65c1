import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_common.config.quantities import (
    format_address,
    format_bytes,
    format_seconds,
    is_count,
    parse_address,
    parse_bytes,
    parse_rate,
    parse_seconds,
    parse_whole_seconds,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15),
        ("250ms", 0.25),
        ("2h", 7200),
        ("1d12h", 129600),
        ("1h 30m", 5400),
        ("0.5s", 0.5),
        ("12", 12),
        ("1.5", 1.5),
        ("0s", 0),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "15 seconds", "15S", "-1s", "1e3", "inf", "nan", "\u0661s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_seconds(text)


@pytest.mark.parametrize("value", [15, 1.5, True, None, ["15s"]])
def test_what_is_not_text_is_left_to_the_type(value: object) -> None:
    assert parse_seconds(value) is value
    assert parse_whole_seconds(value) is value
    assert parse_bytes(value) is value


def test_whole_seconds_have_no_fraction() -> None:
    assert parse_whole_seconds("2m") == 120
    assert isinstance(parse_whole_seconds("2m"), int)
    with pytest.raises(ValueError, match="expected whole seconds"):
        parse_whole_seconds("1500ms")


@pytest.mark.parametrize(
    ("text", "size"),
    [("64KB", 65536), ("1MB", 2**20), ("1.5 mb", 1572864), ("2GB", 2**31), ("7B", 7), ("100", 100)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "MB", "0.3B", "1.0001KB", "-1KB", "1 XB", "9" * 400, "1_000"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(7200, "2h"), (86400, "1d"), (90, "90s"), (120.0, "2m"), (0.25, "250ms"), (0, "0s")],
)
def test_durations_are_written(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(("size", "text"), [(2**20, "1MB"), (1500, "1500B"), (0, "0B")])
def test_sizes_are_written(size: int, text: str) -> None:
    assert format_bytes(size) == text


@given(st.integers(0, 10**9) | st.floats(0, 10**6).map(lambda value: round(value, 3)))
def test_a_written_duration_is_read_as_itself(seconds: float) -> None:
    assert parse_seconds(format_seconds(seconds)) == pytest.approx(seconds, abs=1e-6)


@given(st.integers(0, 10**14))
def test_a_written_size_is_read_as_itself(size: int) -> None:
    assert parse_bytes(format_bytes(size)) == size


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:1883", ("127.0.0.1", 1883)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]:1883", ("::1", 1883)),
        ("[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
        ("broker-1.example.org:65535", ("broker-1.example.org", 65535)),
    ],
)
def test_addresses_are_split_and_joined(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address
    assert format_address(*address) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("localhost", 'expected "host:port"'),
        ("", 'expected "host:port"'),
        (":1883", 'expected "host:port"'),
        ("127.0.0.1:", "expected a port from 0 to 65535"),
        ("127.0.0.1:65536", "expected a port from 0 to 65535"),
        ("127.0.0.1:mqtt", "expected a port from 0 to 65535"),
        ("127.0.0.1:-1", "expected a port from 0 to 65535"),
        ("::1:1883", "in brackets"),
        ("[localhost]:1883", "expected an IPv6 address in the brackets"),
        ("*:1883", 'for all, "0.0.0.0"'),
        ("a b:1", "expected a host name"),
    ],
)
def test_what_is_no_address_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("[", r"\[")):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [
        ("1000/s", 1000, 1),
        ("500/10s", 500, 10),
        ("10MB/10s", 10 * 2**20, 10),
        ("1.5 KB / m", 1536, 60),
        ("7/h", 7, 3600),
        ("1/1d", 1, 86_400),
        ("3/250ms", 3, 0.25),
    ],
)
def test_rates_are_read(text: str, amount: int, seconds: float) -> None:
    assert parse_rate(text) == (amount, seconds)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an amount and a time"),
        ("1000", "an amount and a time"),
        ("1000/", "an amount and a time"),
        ("/s", "an amount and a time"),
        ("10/5", "an amount and a time"),
        ("1/s/s", "an amount and a time"),
        ("-1/s", "an amount and a time"),
        ("0.5/s", "an amount and a time"),
        ("1/fortnight", "an amount and a time"),
        ("0/s", "an amount from 1"),
        ("2TB/s", "an amount from 1"),
        ("1/1ms", "a time from 0.1s to 1d"),
        ("1/0s", "a time from 0.1s to 1d"),
        ("1/2d", "a time from 0.1s to 1d"),
    ],
)
def test_what_is_no_rate_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_rate(text)


@given(st.text(alphabet="0123456789/.smhdKMB ", max_size=12))
def test_a_rate_is_read_or_refused(text: str) -> None:
    try:
        amount, seconds = parse_rate(text)
    except ValueError:
        return
    assert amount > 0
    assert 0.1 <= seconds <= 86_400


def test_counts_and_sizes_are_told_apart() -> None:
    assert is_count("1000/s")
    assert not is_count("1KB/s")
