"""SCRAM over MQTT 5 (RFC 5802, section 4.12) with a client side that somebody else wrote."""

import scramp

from wire import Auth, Connack, Disconnect, WireClient, code, encode, prop

REAUTHENTICATE = 0x19


class Scram:
    """The exchange of one client, whose SCRAM somebody else wrote."""

    def __init__(self, client: WireClient, method: str, name: str, password: str) -> None:
        self.client = client
        self.method = method
        self.side = scramp.ScramClient([method], name, password)

    def properties(self, data: str) -> list[prop.Pair]:
        return [
            (prop.AUTHENTICATION_METHOD, self.method),
            (prop.AUTHENTICATION_DATA, data.encode()),
        ]

    def connect(self) -> Connack:
        """Connect; a success has shown that the broker knows the password, too."""
        self.client.send_connect(properties=self.properties(self.side.get_client_first()))
        self._answer()
        connack = self.client.expect(Connack)
        if connack.reason == code.SUCCESS:
            self._check(connack.properties.get(prop.AUTHENTICATION_DATA))
        return connack

    def again(self) -> Auth | Disconnect:
        """Authenticate once more."""
        first = self.properties(self.side.get_client_first())
        self.client.send(encode.auth(REAUTHENTICATE, first))
        packet = self.client.packet()
        if isinstance(packet, Auth) and packet.reason == code.CONTINUE_AUTHENTICATION:
            self._respond(packet)
            packet = self.client.packet()
        assert isinstance(packet, Auth | Disconnect)
        if isinstance(packet, Auth):
            self._check(packet.properties.get(prop.AUTHENTICATION_DATA))
        return packet

    def _answer(self) -> None:
        challenge = self.client.expect(Auth)
        assert challenge.reason == code.CONTINUE_AUTHENTICATION
        self._respond(challenge)

    def _respond(self, challenge: Auth) -> None:
        data = challenge.properties.get(prop.AUTHENTICATION_DATA)
        assert isinstance(data, bytes)
        self.side.set_server_first(data.decode())
        final = self.properties(self.side.get_client_final())
        self.client.send(encode.auth(code.CONTINUE_AUTHENTICATION, final))

    def _check(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.side.set_server_final(data.decode())
