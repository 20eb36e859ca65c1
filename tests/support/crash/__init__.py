"""Kills a real broker under load, again and again, and checks what it had promised.

- `crash.ledger`      what was sent, acknowledged and received, and every promise that was broken
- `crash.world`       what all clients share: the broker's address, the chance, the ledger
- `crash.client`      a client whose session outlives its connections, and the broker's crashes
- `crash.publisher`, `crash.subscriber`, `crash.bystanders`   what the clients do
- `crash.broker`      one broker after another on the same data directory
- `crash.disk`        a disk that forgets what was not synced
- `crash.run`         the program: lives, kills, checks, the summary

The clients are on `wire`, which knows nothing of the broker's codec. They are correct: they keep
their side of the session and repeat what is not acknowledged, as section 4.4 of MQTT 5.0 asks.
"""
