"""What the plugin registers."""

from robustmq_broker.access.certificate import plugin
from robustmq_common.plugins.registry import load_plugins


def test_it_is_installed() -> None:
    registry = load_plugins()
    assert registry.authenticators()["certificate"] in plugin.robustmq_authenticators()
    assert plugin.robustmq_config_sections().items() <= registry.config_sections().items()
