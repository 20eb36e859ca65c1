"""[A] The authorizers that go by rules enter like any third party's: through an entry point."""

from typing import Any

from robustmq_broker.access.rules.acl_file import AclFile
from robustmq_broker.access.rules.rules_config import AclFileConfig
from robustmq_broker.access.rules.stored_rules import StoredRules
from robustmq_common.plugins import hookimpl


@hookimpl
def robustmq_authorizers() -> list[type[Any]]:
    """The authorizers "acl_file" and "rules"."""
    return [AclFile, StoredRules]


@hookimpl
def robustmq_config_sections() -> dict[str, type[Any]]:
    """The section `[acl_file]`."""
    return {"acl_file": AclFileConfig}
