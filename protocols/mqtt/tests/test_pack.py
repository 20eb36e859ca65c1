"""The pack as a plugin, from its start to its stop."""

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_common.plugins import hookspecs
from robustmq_mqtt import pack
from robustmq_mqtt.config import MqttConfig
from robustmq_mqtt.pack import MqttPack, new_client
from wire import Puback, Will, code

pytest_plugins = ("memory_fixtures",)


def test_what_it_registers() -> None:
    assert pack.robustmq_protocol_packs() == [MqttPack]
    assert pack.robustmq_config_sections() == {"mqtt": MqttConfig}
    (listener,) = pack.robustmq_default_listeners().values()
    assert listener == {"protocol": "mqtt", "transport": "tcp", "bind": "127.0.0.1:1883"}
    known = {name for name in dir(hookspecs) if name.startswith("robustmq_")}
    assert {
        name for name in dir(pack) if name.startswith("robustmq_") and callable(getattr(pack, name))
    } <= known


def test_its_name_is_that_of_the_listener_s_protocol() -> None:
    assert MqttPack.name == "mqtt"
    assert MqttPack().context is None


def test_a_client_s_facts() -> None:
    client = new_client("c", "u", "127.0.0.1:1", "tcp", "MQTT 5.0")
    assert (client.client_id, client.username, client.peer) == ("c", "u", "127.0.0.1:1")
    assert (client.listener, client.protocol, client.is_superuser) == ("tcp", "MQTT 5.0", False)


def test_stopping_ends_every_connection_and_publishes_wills(broker: MemoryBroker) -> None:
    watcher = join(broker, "watcher", expiry=100)
    watcher.subscribe(("w", 1))
    watcher.drop()
    clients = [
        join(broker, f"c{i}", level, will=Will("w", b"gone", 1))
        for i, level in enumerate((code.V31, code.V311, code.V5))
    ]
    half_open = MemoryClient(broker)
    broker.stop()
    assert all(client.closed for client in [*clients, half_open])
    broker.start()
    assert [one.payload for one in join(broker, "watcher", expiry=100).take()] == [b"gone"] * 3


def test_after_the_stop_it_holds_nothing(make_broker: MakeBroker) -> None:
    broker = make_broker()
    join(broker, expiry=100)
    held = broker.pack
    broker.stop()
    assert held.context is None
    broker.start()


def test_acknowledged_messages_survive_a_stop(broker: MemoryBroker) -> None:
    """What was acknowledged before SIGTERM is committed before the process ends."""
    client = join(broker, "s", expiry=100)
    client.subscribe(("a", 1))
    client.drop()
    publisher = join(broker, "p")
    for number in range(10):
        assert publisher.publish("a", bytes([number]), 1) == 0
    publisher.send_publish("a", b"not acknowledged", 1)
    broker.stop()
    assert Puback not in [type(one) for one in publisher.packets()]
    broker.start()
    received = [one.payload for one in join(broker, "s", expiry=100).take()]
    assert received[:10] == [bytes([number]) for number in range(10)]
