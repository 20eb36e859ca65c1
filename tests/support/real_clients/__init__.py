"""Unmodified MQTT clients behind one interface, so that every client runs the same scenarios.

- `real_clients.kit`        what a client has to offer: subscribe, publish, hold a will
- `real_clients.scenarios`  the tests that each of them runs
- `real_clients.mosquitto`, `.paho`, `.aio` (aiomqtt) and `.mqttjs` (MQTT.js): the clients
- `real_clients.lines`      a child process that is read line by line
- `real_clients.needed`     what happens when a client is not installed
"""
