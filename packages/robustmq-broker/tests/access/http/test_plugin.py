"""What the plugin registers."""

from robustmq_broker.access.http import plugin
from robustmq_common.plugins.registry import load_plugins


def test_it_is_installed() -> None:
    registry = load_plugins()
    assert registry.authenticators()["http"] in plugin.robustmq_authenticators()
    assert registry.authorizers()["http"] in plugin.robustmq_authorizers()
    sections = registry.config_sections()
    assert plugin.robustmq_config_sections().items() <= sections.items()
