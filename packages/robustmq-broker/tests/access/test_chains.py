"""Which links a listener's chains have."""

from typing import Any, cast

from robustmq_broker.access.chains import Links, access_control
from robustmq_broker.config import SECTIONS
from robustmq_common.config import load_settings
from robustmq_common.plugins.registry import Registry
from robustmq_common.testing import RecordingLog


class Link:
    """A link that was made."""


class Fence(Link):
    """Another."""


class KnownPlugins:
    """What the chains ask of the registry."""

    def authenticators(self) -> dict[str, Any]:
        return {"users": Link, "jwt": Link}

    def authorizers(self) -> dict[str, Any]:
        return {"rules": Fence}


TCP = {"listeners": {"tcp": {"protocol": "mqtt", "bind": "127.0.0.1:1883"}}}


def test_listeners_share_links_and_may_choose_their_own() -> None:
    settings = load_settings(
        SECTIONS,
        None,
        {},
        [
            'access.authenticators=["users"]',
            'access.authorizers=["rules"]',
            'listeners.open={protocol="mqtt", bind="127.0.0.1:1", authenticators=[]}',
            "listeners.open.authorizers=[]",
            'listeners.both={protocol="mqtt", bind="127.0.0.1:2"}',
            'listeners.both.authenticators=["jwt", "users"]',
            'listeners.off={protocol="mqtt", bind="127.0.0.1:3", enabled=false}',
        ],
        TCP,
    )
    links = Links(cast(Registry, KnownPlugins()))
    control = access_control(settings, links, RecordingLog())
    assert set(control.listeners) == {"tcp", "open", "both"}
    users, rules = links.authenticators["users"], links.authorizers["rules"]
    tcp = control.chains("tcp")
    assert (tcp.authenticators, tcp.authorizers) == ((users,), (rules,))
    assert not tcp.allow_anonymous
    assert not tcp.allow_unmatched
    chains = control.chains("open")
    assert (chains.authenticators, chains.authorizers) == ((), ())
    assert chains.allow_anonymous
    assert chains.allow_unmatched
    assert control.chains("both").authenticators == (links.authenticators["jwt"], users)
    assert links.all() == [users, links.authenticators["jwt"], rules]
