"""What the plugin registers."""

from robustmq_common.plugins.registry import load_plugins


def test_it_registers_everything() -> None:
    registry = load_plugins()
    assert {"users", "scram", "password_file"} <= set(registry.authenticators())
    assert {"SCRAM-SHA-256", "SCRAM-SHA-512"} <= set(registry.enhanced_authenticators())
    assert {"users", "password_file", "password_hashing"} <= set(registry.config_sections())
