"""[D] The MQTT 3.1, 3.1.1 and 5.0 protocol pack of RobustMQ."""

from robustmq_common import implementation

__version__ = "0.1.0"

implementation.choose()
