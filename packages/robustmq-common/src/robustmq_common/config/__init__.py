"""[D] Configuration: sections as pydantic models, one precedence, one line per problem.

Models of sections import `robustmq_common.config.model`; whoever starts a process calls
`load_settings`.
"""

from robustmq_common.config.assignments import Assignment, Origin
from robustmq_common.config.load import load_settings, load_tolerant
from robustmq_common.config.model import Address, Bytes, Expected, Seconds, Secret, Section
from robustmq_common.config.settings import Settings

__all__ = [
    "Address",
    "Assignment",
    "Bytes",
    "Expected",
    "Origin",
    "Seconds",
    "Secret",
    "Section",
    "Settings",
    "load_settings",
    "load_tolerant",
]
