"""The authorizer "jwt": the rules that came with the token, no opinion without any."""

from robustmq_broker.access.jwt.acl import read_acl
from robustmq_broker.access.jwt.authorizer import JwtAuthorizer
from robustmq_common.spi.access import ALLOW, IGNORE, PUBLISH, ClientInfo


def test_the_rules_of_the_client() -> None:
    one = JwtAuthorizer()
    client = ClientInfo("me", None, "127.0.0.1:1", "tcp", "MQTT 5.0")
    assert one.authorize(client, PUBLISH, "a", 0, False) == IGNORE
    client.acl = read_acl({"pub": ["a"]})
    assert one.authorize(client, PUBLISH, "a", 0, False) == ALLOW
    assert one.authorize(client, PUBLISH, "b", 0, False) == IGNORE
    client.acl = [{"permission": "allow"}]
    assert one.authorize(client, PUBLISH, "a", 0, False) == IGNORE
