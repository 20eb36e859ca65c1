"""An aiomqtt client with a will: holders/with_aiomqtt.py JSON, see `real_clients.holding`.

Says "connected", leaves when its input ends or a line comes, then says "left".
"""

import asyncio
import json
import sys

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


async def main() -> None:
    given = json.loads(sys.argv[1])
    version = aiomqtt.ProtocolVersion(given["version"])
    is_v5 = version == aiomqtt.ProtocolVersion.V5
    will_properties = connect_properties = None
    if is_v5 and given["delay"]:
        will_properties = Properties(PacketTypes.WILLMESSAGE)
        connect_properties = Properties(PacketTypes.CONNECT)
        will_properties.WillDelayInterval = given["delay"]
        connect_properties.SessionExpiryInterval = given["expiry"]
    will = aiomqtt.Will(
        given["topic"], given["payload"], given["qos"], given["retain"], will_properties
    )
    async with aiomqtt.Client(
        given["host"],
        given["port"],
        identifier=given["client_id"],
        protocol=version,
        will=will,
        properties=connect_properties,
    ):
        print("connected", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
    print("left", flush=True)


asyncio.run(main())
