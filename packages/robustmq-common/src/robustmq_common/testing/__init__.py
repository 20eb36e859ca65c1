"""[D] Fakes for testing a plugin without a broker: nothing waits, and nothing is sent anywhere.

`storage_contract` holds the tests that every storage adapter has to pass; it alone needs pytest.
"""

from robustmq_common.testing.log import RecordingLog
from robustmq_common.testing.metrics import FakeMetrics
from robustmq_common.testing.services import FakeServices
from robustmq_common.testing.timers import FakeClock, FakeTimers
from robustmq_common.testing.transport import MemoryTransport

__all__ = [
    "FakeClock",
    "FakeMetrics",
    "FakeServices",
    "FakeTimers",
    "MemoryTransport",
    "RecordingLog",
]
