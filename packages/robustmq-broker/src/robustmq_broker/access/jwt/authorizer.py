"""[D] The authorizer "jwt": a client may do what the token says that it has shown."""

from robustmq_broker.access.rules.rule import RuleList
from robustmq_common.spi.access import IGNORE, ClientInfo


class JwtAuthorizer:
    """Goes by the rules of the ACL claim; about whom has none it has no opinion."""

    name = "jwt"

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        """Do as the first rule says that matches."""
        rules = client.acl
        if not isinstance(rules, RuleList):
            return IGNORE
        return rules.decide(client, action, topic, qos, retain)
