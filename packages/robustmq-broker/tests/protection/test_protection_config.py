import pytest

from robustmq_broker.config import SECTIONS
from robustmq_common.config import load_settings
from robustmq_common.errors import ConfigError

TCP = {"listeners": {"tcp": {"protocol": "mqtt", "bind": "127.0.0.1:1883"}}}


def test_everything_has_a_default() -> None:
    settings = load_settings(SECTIONS, None, {}, [], TCP)
    assert not settings.section("flapping").enabled
    assert not settings.section("overload").enabled
    assert settings.section("attempts").enabled
    assert settings.section("limits").client.messages_rate is None
    assert settings.section("listeners")["tcp"].limits.max_topic_levels == 0


def test_rates_are_shown_as_they_were_written() -> None:
    given = ["limits.client.messages_rate=1000/s", "listeners.tcp.limits.bytes_rate=10MB/10s"]
    settings = load_settings(SECTIONS, None, {}, given, TCP)
    shown = {item.path: item.shown for item in settings.items()}
    assert shown["limits.client.messages_rate"] == '"1000/s"'
    assert shown["listeners.tcp.limits.bytes_rate"] == '"10MB/10s"'
    assert shown["limits.user.bytes_rate"] == "unset"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "limits.client.messages_rate=1000",
            "limits.client.messages_rate = .*an amount and a time",
        ),
        ("limits.user.messages_rate=1MB/s", "limits.user.messages_rate = .*not a size"),
        ("listeners.tcp.limits.bytes_rate=0/s", "listeners.tcp.limits.bytes_rate = "),
        ("limits.client.rate=1/s", "limits.client.rate = .*unknown key"),
        ("limits.qos0=wait", "limits.qos0 = "),
        ("flapping.max_count=1", "flapping.max_count = 1 .*from 2 to 1000"),
        ("overload.high=50ms", "overload.high = "),
        ("bans.max_bans=0", "bans.max_bans = 0"),
        ("attempts.free=0", "attempts.free = 0"),
    ],
)
def test_wrong_values_are_told_with_their_path(given: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_settings(SECTIONS, None, {}, [given], TCP)


def test_overload_ends_below_where_it_begins() -> None:
    with pytest.raises(ConfigError, match=r"overload\.low to be no more than overload\.high"):
        load_settings(SECTIONS, None, {}, ["overload.low=2s"], TCP)
