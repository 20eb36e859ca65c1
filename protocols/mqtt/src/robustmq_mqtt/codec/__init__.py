"""The MQTT wire format: bytes to packets and back, for 3.1, 3.1.1 and 5.0.

Reading order: `wire` (primitive types), `fixed_header` (where one packet ends),
`properties` (the MQTT 5 property table), `packets` (what a decoded packet looks like), then one
module per packet family. Decoders raise `errors.PacketError` and nothing else, on any input;
encoders raise `ValueError` for what the wire cannot carry.
"""
