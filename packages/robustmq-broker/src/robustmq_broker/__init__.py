"""[D] The RobustMQ broker: listeners, routing, delivery, access control and storage adapters."""

from robustmq_common import implementation

__version__ = "0.1.0"

implementation.choose()
