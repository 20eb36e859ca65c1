"""[P] SCRAM (RFC 5802, RFC 7677) as Authentication Methods of MQTT 5."""
