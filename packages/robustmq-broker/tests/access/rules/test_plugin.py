"""The authorizers that go by rules are plugins like any other."""

from importlib.metadata import EntryPoint

from robustmq_broker.access.rules import plugin
from robustmq_broker.access.rules.acl_file import AclFile
from robustmq_broker.access.rules.rules_config import AclFileConfig
from robustmq_broker.access.rules.stored_rules import StoredRules
from robustmq_common.plugins.contributions import contributions


def test_what_it_registers() -> None:
    assert contributions(plugin, "acl") == {
        "robustmq_authorizers": [("acl_file", AclFile), ("rules", StoredRules)],
        "robustmq_config_sections": [("acl_file", AclFileConfig)],
    }


def test_the_entry_point_leads_to_it() -> None:
    assert EntryPoint("acl", "robustmq_broker.access.rules.plugin", "robustmq").load() is plugin
