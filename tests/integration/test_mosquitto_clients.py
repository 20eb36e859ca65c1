"""mosquitto_pub, mosquitto_sub, mosquitto_rr and mosquitto as a bridge, on a real broker."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerProcess
from real_clients.kit import V5, V31, V311, Message, Properties, Will
from real_clients.lines import LineProcess
from real_clients.mosquitto_kit import DEBIAN_PACKAGE, MosquittoKit
from real_clients.needed import need_program
from real_clients.scenarios import MakeKit, Scenarios, each_version
from wire import WireClient, unique_id, unique_topic


class TestMosquitto(Scenarios):
    @pytest.fixture
    def make_kit(self) -> MakeKit:
        return MosquittoKit


@pytest.fixture
def kit(broker: BrokerProcess) -> Iterator[MosquittoKit]:
    kit = MosquittoKit(broker.address)
    yield kit
    kit.close()


@each_version
def test_a_session_outlives_a_killed_client(kit: MosquittoKit, topic: str, version: int) -> None:
    name = unique_id()
    kit.subscriber(version, topic, client_id=name, session=True).kill()
    kit.publish(version, topic, b"1", b"2", b"3", qos=2)
    got = kit.subscriber(version, topic, client_id=name, session=True).messages(3)
    assert [message.payload for message in got] == [b"1", b"2", b"3"]


def test_user_properties_keep_their_order_and_may_repeat(kit: MosquittoKit, topic: str) -> None:
    subscriber = kit.start(V5, "-t", topic, "-F", "properties %P")
    user = (("b", "1"), ("a", "2"), ("b", "3"), ("b", "1"))
    kit.publish(V5, topic, b"x", properties=Properties(user))
    assert subscriber.wait_for_line("properties ") == "properties b:1 a:2 b:3 b:1"


def test_retain_as_published(kit: MosquittoKit, topic: str) -> None:
    subscriber = kit.start(V5, "-t", topic, "-F", "retain %r", "--retain-as-published")
    kit.publish(V5, topic, b"x", qos=1, retain=True)
    assert subscriber.wait_for_line("retain ") == "retain 1"


def test_leaving_with_the_will(kit: MosquittoKit, topic: str) -> None:
    subscriber = kit.subscriber(V5, topic)
    kit.will_holder(V5, Will(topic, qos=1)).leave_with_will()
    assert subscriber.messages(1) == [Message(topic, b"gone", 1, False)]


def test_request_and_response(kit: MosquittoKit, topic: str) -> None:
    responder = kit.subscriber(V5, f"{topic}/request")
    command = [need_program("mosquitto_rr", DEBIAN_PACKAGE), *kit.server(V5)]
    command += ["-t", f"{topic}/request", "-e", f"{topic}/response", "-m", "2+2"]
    command += ["-D", "publish", "correlation-data", "sum-1", "-F", "answer %p for %D"]
    with LineProcess(command) as requester:
        (request,) = responder.messages(1)
        assert request.payload == b"2+2"
        assert request.properties.response_topic == f"{topic}/response"
        reply = Properties(correlation_data=request.properties.correlation_data)
        kit.publish(V5, f"{topic}/response", b"4", qos=1, properties=reply)
        assert requester.wait_for_line("answer ") == "answer 4 for sum-1"
        assert requester.status() == 0


@pytest.mark.parametrize("bridge_version", ["mqttv31", "mqttv311", "mqttv50"])
def test_a_mosquitto_bridges_to_us(
    kit: MosquittoKit, tmp_path: Path, topic: str, bridge_version: str
) -> None:
    mosquitto = need_program("mosquitto", "mosquitto")
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    host, our_port = kit.address
    # Unless told "try_private false", a bridge says so in the top bit of the protocol level; a
    # broker that does not know that refuses, and mosquitto tries again without.
    config = tmp_path / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\nlog_type all\n"
        f"connection to-us\naddress {host}:{our_port}\nremote_clientid {unique_id()}\n"
        f"bridge_protocol_version {bridge_version}\nnotifications false\nrestart_timeout 1\n"
        f"topic {topic}/there out 2\ntopic {topic}/here in 2\n"
    )
    with LineProcess([mosquitto, "-c", str(config)]) as bridge:
        bridge.wait_for(
            lambda: any("Received SUBACK" in line for line in bridge.lines), "the bridge"
        )
        with WireClient(("127.0.0.1", port), V311) as far:
            far.connect()
            far.subscribe((f"{topic}/here", 2))
            near = kit.subscriber(V311, f"{topic}/there")
            far.publish(f"{topic}/there", b"out", 2)
            assert near.messages(1) == [Message(f"{topic}/there", b"out", 2, False)]
            kit.publish(V311, f"{topic}/here", b"in", qos=2)
            far.receive(f"{topic}/here", b"in")


def test_a_hundred_clients_at_once(kit: MosquittoKit) -> None:
    names = [unique_topic() for _ in range(100)]
    watching = [
        kit.start((V31, V311, V5)[at % 3], "-t", name, "-C", "1", "-F", "got %t")
        for at, name in enumerate(names)
    ]
    for name in names:
        kit.publish(V311, name, b"x", qos=1)
    for process, name in zip(watching, names, strict=True):
        assert process.wait_for_line("got ") == f"got {name}"
        assert process.status() == 0
