"""[D] The settings of one storage adapter, checked as everything else in the configuration is."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import Field, create_model

from robustmq_common.config.assignments import Assignment, Origin
from robustmq_common.config.load import load_settings
from robustmq_common.config.model import Section

Kind = TypeVar("Kind", bound=Section)


def read_adapter_settings(kind: type[Kind], given: Mapping[str, Any]) -> Kind:
    """Check what was configured below `[storage.settings]`.

    Raises ConfigError with a line for every problem, by its path in the configuration.
    """
    field = (kind, Field(kind(), description="Keys of this adapter."))
    storage = create_model("Storage", __base__=Section, settings=field)
    origin = Origin("configuration")
    options = [Assignment(("storage", "settings", key), given[key], origin) for key in given]
    checked = load_settings({"storage": storage}, None, {}, [], options=options)
    settings: Kind = checked.section("storage").settings
    return settings
