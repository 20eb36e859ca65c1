"""Unmodified MQTT clients behind one interface, so that every client runs the same scenarios.

- `real_clients.kit`        what a client has to offer: subscribe, publish, hold a will
- `real_clients.scenarios`  the tests that each of them runs
- `real_clients.*_kit`      the clients: mosquitto's tools, paho-mqtt, aiomqtt and MQTT.js
- `real_clients.holders`    programs with a will, to be killed
- `real_clients.lines`      a child process that is read line by line
- `real_clients.needed`     what happens when a client is not installed
"""
