"""What the plugin registers."""

from robustmq_broker.access.jwt import plugin
from robustmq_common.plugins.registry import load_plugins


def test_it_is_installed() -> None:
    registry = load_plugins()
    assert registry.authenticators()["jwt"] in plugin.robustmq_authenticators()
    assert registry.authorizers()["jwt"] in plugin.robustmq_authorizers()
    assert registry.config_sections()["jwt"] is plugin.robustmq_config_sections()["jwt"]
