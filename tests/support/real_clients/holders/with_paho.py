"""A paho-mqtt client with a will: holders/with_paho.py JSON, see `real_clients.holding`.

Says "connected", leaves when its input ends or a line comes, then says "left".
"""

import json
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


def main() -> None:
    given = json.loads(sys.argv[1])
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2,
        client_id=given["client_id"],
        protocol=mqtt.MQTTProtocolVersion(given["version"]),
    )
    is_v5 = client.protocol == mqtt.MQTTv5
    will_properties = connect_properties = None
    if is_v5 and given["delay"]:
        will_properties = Properties(PacketTypes.WILLMESSAGE)
        connect_properties = Properties(PacketTypes.CONNECT)
        will_properties.WillDelayInterval = given["delay"]
        connect_properties.SessionExpiryInterval = given["expiry"]
    client.will_set(
        given["topic"], given["payload"], given["qos"], given["retain"], will_properties
    )
    left = threading.Event()
    client.on_connect = lambda *_: print("connected", flush=True)
    client.on_disconnect = lambda *_: left.set()
    client.connect(given["host"], given["port"], properties=connect_properties)
    client.loop_start()
    sys.stdin.readline()
    client.disconnect()
    left.wait(10)
    client.loop_stop()
    print("left", flush=True)


main()
