"""[H] Mountpoints: a listener may put a prefix before every topic of its clients.

Inside the broker a topic has its prefix, whoever looks at it: routes, retained messages, stored
subscriptions. The client sees it without. Topics and filters that begin with "$" have none, and
neither has what is inside a message, such as its Response Topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robustmq_mqtt.codec.errors import PacketError
from robustmq_mqtt.codec.publish import Publish
from robustmq_mqtt.codec.reason_codes import TOPIC_FILTER_INVALID, TOPIC_NAME_INVALID
from robustmq_mqtt.topics import MAX_TOPIC_BYTES, SHARE_PREFIX

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection

DOLLAR: Final = 0x24


def mount_publish(connection: Connection, packet: Publish) -> None:
    """Put the prefix before the topic of a received message; raises PacketError if too long."""
    topic = packet.topic_bytes
    if not topic or topic[0] == DOLLAR:
        return
    mounted = connection.mount + topic
    if len(mounted) > MAX_TOPIC_BYTES:
        raise PacketError(TOPIC_NAME_INVALID, "the topic name is too long for the mountpoint")
    packet.rename(mounted)


def mounted_topic(mountpoint: str, topic: str) -> str:
    """A topic name of a client as the broker knows it."""
    return topic if topic.startswith("$") else mountpoint + topic


def unmounted_topic(mountpoint: str, topic: str) -> str:
    """A topic name of the broker as the client knows it."""
    return topic[len(mountpoint) :] if mountpoint and topic.startswith(mountpoint) else topic


def mounted_filter(mountpoint: str, full: str) -> str:
    """A filter with the prefix, after `$share/group/` if it is shared.

    Raises PacketError if it gets too long.
    """
    if not mountpoint:
        return full
    share = ""
    rest = full
    if full.startswith(SHARE_PREFIX):
        at = full.find("/", len(SHARE_PREFIX)) + 1
        share = full[:at]
        rest = full[at:]
    mounted = share + mounted_topic(mountpoint, rest)
    if len(mounted.encode()) > MAX_TOPIC_BYTES:
        raise PacketError(TOPIC_FILTER_INVALID, "the topic filter is too long for the mountpoint")
    return mounted


def unmount_message(connection: Connection, message: Publish) -> Publish:
    """The message as the client is to see it.

    The last one is kept: in a fan-out below one mountpoint all get the same.
    """
    mount = connection.mount
    if not message.topic_bytes.startswith(mount):
        return message
    context = connection.context
    if context.unmounting is not message or context.unmounted_by != mount:
        context.unmounting = message
        context.unmounted_by = mount
        context.unmounted = message.renamed(message.topic_bytes[len(mount) :])
    unmounted = context.unmounted
    assert unmounted is not None
    return unmounted
