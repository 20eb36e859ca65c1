"""[H] Topic names and filters, plain and shared: what is valid (sections 4.7 and 4.8)."""

from typing import Final, final

from robustmq_common.topic_filters import filter_problem
from robustmq_mqtt.codec.errors import PacketError
from robustmq_mqtt.codec.reason_codes import TOPIC_FILTER_INVALID, TOPIC_NAME_INVALID

SHARE_PREFIX: Final = "$share/"
ANY_LEVELS: Final = 65_535
"""More levels than fit into a filter: what was granted once is valid, whatever the limit is now."""
MAX_TOPIC_BYTES: Final = 65_535


def check_topic_name(topic: str, max_levels: int) -> None:
    """Raise PacketError 0x90 for a name that must not be published to."""
    if not topic:
        raise PacketError(TOPIC_NAME_INVALID, "the topic name is empty")  # [MQTT-4.7.3-1]
    if "+" in topic or "#" in topic:
        # [MQTT-3.3.2-2]
        raise PacketError(TOPIC_NAME_INVALID, "the topic name contains a wildcard")
    if len(topic) >= max_levels and topic.count("/") >= max_levels:
        raise PacketError(TOPIC_NAME_INVALID, f"the topic name has more than {max_levels} levels")


def check_topic_filter(topic_filter: str, max_levels: int) -> None:
    """Raise PacketError 0x8F for a filter that cannot be subscribed to."""
    problem = filter_problem(topic_filter, max_levels)
    if problem:
        raise PacketError(TOPIC_FILTER_INVALID, problem)


def has_wildcard(topic_filter: str) -> bool:
    return "+" in topic_filter or "#" in topic_filter


def is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


@final
class ParsedFilter:
    """A subscription's filter: `group` is empty unless it is shared."""

    def __init__(self, topic_filter: str, group: str) -> None:
        self.topic_filter = topic_filter
        self.group = group


def without_share(full: str) -> str:
    """What is behind "$share/group/", valid or not; the whole filter if it is not shared."""
    if not full.startswith(SHARE_PREFIX):
        return full
    at = full.find("/", len(SHARE_PREFIX))
    return full[at + 1 :] if at >= 0 else ""


def parse_filter(full: str, max_levels: int) -> ParsedFilter:
    """Check a filter as SUBSCRIBE carries it; raises PacketError 0x8F."""
    if not full.startswith(SHARE_PREFIX):
        if full == "$share":
            raise PacketError(
                TOPIC_FILTER_INVALID, "a shared subscription needs $share/group/filter"
            )
        check_topic_filter(full, max_levels)
        return ParsedFilter(full, "")
    rest = full[len(SHARE_PREFIX) :]
    at = rest.find("/")
    if at < 1 or at == len(rest) - 1:
        # [MQTT-4.8.2-1], [MQTT-4.8.2-2]
        raise PacketError(TOPIC_FILTER_INVALID, "a shared subscription needs $share/group/filter")
    group = rest[:at]
    if has_wildcard(group):
        raise PacketError(TOPIC_FILTER_INVALID, "the share name contains a wildcard")
    topic_filter = rest[at + 1 :]
    check_topic_filter(topic_filter, max_levels)
    return ParsedFilter(topic_filter, group)
