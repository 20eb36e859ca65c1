"""Shared subscriptions, in all versions."""

import itertools
from collections import Counter
from collections.abc import Sequence

import pytest

from wire import Clients, Publish, Pubrel, WireClient, code, encode, levels, prop


def members(clients: Clients, level: int, name: str, count: int, qos: int = 2) -> list[WireClient]:
    found = [clients(level) for _ in range(count)]
    for client in found:
        client.subscribe((name, qos))
    return found


def payloads(all_members: Sequence[WireClient]) -> list[list[bytes]]:
    return [[message.payload for message in client.drain()] for client in all_members]


@pytest.mark.normative("5.0:MQTT-4.8.2-1")
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_each_message_goes_to_one_member_in_turn(
    clients: Clients, level: int, topic: str, qos: int
) -> None:
    three = members(clients, level, f"$share/group/{topic}", 3)
    publisher = clients(level)
    for number in range(9):
        publisher.publish(topic, b"%d" % number, qos)
    received = payloads(three)
    assert sorted(itertools.chain(*received)) == [b"%d" % number for number in range(9)]
    assert [len(share) for share in received] == [3, 3, 3]


def test_groups_are_apart(clients: Clients, level: int, topic: str) -> None:
    one = members(clients, level, f"$share/one/{topic}", 2)
    two = members(clients, level, f"$share/two/{topic}", 2)
    plain = clients.subscriber(level, topic)
    publisher = clients(level)
    for number in range(4):
        publisher.publish(topic, b"%d" % number, 1)
    for group in (one, two):
        assert [len(share) for share in payloads(group)] == [2, 2]
    assert len(plain.drain()) == 4


def test_versions_share_a_group(clients: Clients, topic: str) -> None:
    everyone = [clients(level) for level in (code.V31, code.V311, code.V5)]
    for client in everyone:
        client.subscribe((f"$share/group/{topic}", 1))
    publisher = clients(code.V5)
    for number in range(6):
        publisher.publish(topic, b"%d" % number, 1)
    assert [len(share) for share in payloads(everyone)] == [2, 2, 2]


@pytest.mark.parametrize("name", ["{}/#", "{}/+/c", "+/{}"])
def test_wildcards_in_shared_filters(clients: Clients, level: int, topic: str, name: str) -> None:
    own = topic.removeprefix("test/")
    if name == "+/{}":
        shared, matching = f"$share/group/+/{own}", topic
    else:
        shared, matching = "$share/group/" + name.format(topic), f"{topic}/b/c"
    two = members(clients, level, shared, 2)
    publisher = clients(level)
    for number in range(4):
        publisher.publish(matching, b"%d" % number, 1)
    assert [len(share) for share in payloads(two)] == [2, 2]


@pytest.mark.normative("5.0:MQTT-4.8.2-3")
@pytest.mark.parametrize("published", [0, 1, 2])
def test_each_member_has_its_own_qos(
    clients: Clients, level: int, topic: str, published: int
) -> None:
    everyone = []
    for qos in (0, 1, 2):
        client = clients(level)
        client.subscribe((f"$share/group/{topic}", qos))
        everyone.append(client)
    publisher = clients(level)
    for number in range(3):
        publisher.publish(topic, b"%d" % number, published)
    granted = [[message.qos for message in client.drain()] for client in everyone]
    assert granted == [[min(published, qos)] for qos in (0, 1, 2)]


def test_a_client_in_two_ways(clients: Clients, level: int, topic: str) -> None:
    client = clients(level)
    client.subscribe((topic, 1), (f"$share/group/{topic}", 1))
    clients(level).publish(topic, b"x", 1)
    assert Counter(message.payload for message in client.drain()) == {b"x": 2}


def test_unsubscribe_leaves_the_group(clients: Clients, level: int, topic: str) -> None:
    stays, leaves = members(clients, level, f"$share/group/{topic}", 2)
    leaves.unsubscribe(topic)
    leaves.unsubscribe(f"$share/group/{topic}")
    publisher = clients(level)
    for number in range(4):
        publisher.publish(topic, b"%d" % number, 1)
    assert payloads([stays, leaves]) == [[b"0", b"1", b"2", b"3"], []]


def test_shared_subscriptions_get_no_retained_messages(
    clients: Clients, level: int, topic: str
) -> None:
    clients(level).publish(topic, b"kept", 1, retain=True)
    (client,) = members(clients, level, f"$share/group/{topic}", 1)
    client.quiet()


@pytest.mark.normative("5.0:MQTT-4.8.2-1", "5.0:MQTT-4.8.2-2")
@levels(code.V311, code.V5)
@pytest.mark.parametrize(
    "name",
    ["$share", "$share/", "$share/group", "$share/group/", "$share//a", "$share/+/a"]
    + ["$share/#/a", "$share/g+/a", "$share/g#/a", "$share/group/a/#/b", "$share/group/a+"],
)
def test_invalid_shared_filter(clients: Clients, level: int, name: str) -> None:
    client = clients(level)
    suback = client.try_subscribe((name, 0))
    assert suback.reasons == (code.TOPIC_FILTER_INVALID if level == code.V5 else 0x80,)
    client.quiet()


def test_absent_members_are_passed_over(clients: Clients, level: int, topic: str) -> None:
    name = f"$share/group/{topic}"
    absent = clients.lasting(level)
    absent.subscribe((name, 1))
    absent.disconnect()
    (present,) = members(clients, level, name, 1)
    publisher = clients(level)
    for number in range(4):
        publisher.publish(topic, b"%d" % number, 1)
    assert payloads([present]) == [[b"0", b"1", b"2", b"3"]]
    clients.lasting(level, absent.client_id).quiet()


def test_messages_wait_if_all_members_are_absent(clients: Clients, level: int, topic: str) -> None:
    absent = clients.lasting(level)
    absent.subscribe((f"$share/group/{topic}", 1))
    absent.disconnect()
    clients(level).publish(topic, b"later", 1)
    clients.lasting(level, absent.client_id).receive(topic, b"later")


@pytest.mark.parametrize("end", ["disconnect", "drop"])
def test_unacknowledged_messages_go_to_another_member(
    clients: Clients, level: int, topic: str, end: str
) -> None:
    leaver, stayer = members(clients, level, f"$share/group/{topic}", 2, 1)
    publisher = clients(level)
    for number in range(4):
        publisher.publish(topic, b"%d" % number, 1)
    unacknowledged = [leaver.expect(Publish).payload for _ in range(2)]
    kept = [message.payload for message in stayer.drain()]
    if end == "drop":
        leaver.drop()
    else:
        leaver.disconnect()
    moved = [message.payload for message in stayer.drain()]
    assert sorted(moved) == sorted(unacknowledged)
    assert sorted(moved + kept) == [b"0", b"1", b"2", b"3"]


@pytest.mark.normative("5.0:MQTT-4.8.2-4")
def test_qos_2_begun_is_finished_with_its_member(clients: Clients, level: int, topic: str) -> None:
    name = f"$share/group/{topic}"
    begun = clients.lasting(level)
    begun.subscribe((name, 2))
    publisher = clients(level)
    publisher.publish(topic, b"published", 2)
    publisher.publish(topic, b"released", 2)
    first, second = begun.expect(Publish), begun.expect(Publish)
    begun.ack(code.PUBREC, second.packet_id)
    begun.expect(Pubrel)
    (other,) = members(clients, level, name, 1)
    begun.drop()
    other.quiet()
    back = clients.lasting(level, begun.client_id)
    again = back.packet()
    assert isinstance(again, Publish)
    assert (again.packet_id, again.dup) == (first.packet_id, True)
    assert back.expect(Pubrel).packet_id == second.packet_id
    other.quiet()


@pytest.mark.normative("5.0:MQTT-4.8.2-5")
def test_qos_2_begun_ends_with_the_members_session(
    clients: Clients, level: int, topic: str
) -> None:
    name = f"$share/group/{topic}"
    (begun,) = members(clients, level, name, 1)
    clients(level).publish(topic, b"once at most", 2)
    begun.expect(Publish)
    (other,) = members(clients, level, name, 1)
    begun.drop()
    other.quiet()


@pytest.mark.normative("5.0:MQTT-4.8.2-6")
@pytest.mark.parametrize(("qos", "kind"), [(1, code.PUBACK), (2, code.PUBREC)])
def test_refused_message_goes_to_nobody_else(
    clients: Clients, topic: str, qos: int, kind: int
) -> None:
    two = members(clients, code.V5, f"$share/group/{topic}", 2)
    publisher = clients(code.V5)
    publisher.publish(topic, b"unwanted", qos)
    two[0].settle()
    refuser, other = two if two[0].pending else reversed(two)
    refuser.ack(kind, refuser.expect(Publish).packet_id, code.UNSPECIFIED)
    refuser.quiet()
    refuser.drop()
    other.quiet()


def test_identifier_of_a_shared_subscription(clients: Clients, topic: str) -> None:
    client = clients(code.V5)
    given = [(prop.SUBSCRIPTION_IDENTIFIER, 42)]
    client.subscribe((f"$share/group/{topic}", 1), properties=given)
    clients(code.V5).publish(topic, b"x", 1)
    message = client.receive(topic, b"x")
    assert message.properties.all(prop.SUBSCRIPTION_IDENTIFIER) == [42]


def test_publishing_to_a_shared_name_is_an_ordinary_topic(
    clients: Clients, level: int, topic: str
) -> None:
    """``$share`` means something in filters only; the topic is not matched by the group."""
    (client,) = members(clients, level, f"$share/group/{topic}", 1)
    publisher = clients(level)
    publisher.send(encode.publish(level, f"$share/group/{topic}", b"x"))
    publisher.settle()
    client.quiet()
