"""The recording log keeps what was said."""

from robustmq_common.spi.services import Log
from robustmq_common.testing import RecordingLog


def test_entries_keep_level_event_and_fields() -> None:
    log = RecordingLog()
    as_plugins_see_it: Log = log
    as_plugins_see_it.debug("a", x=1)
    as_plugins_see_it.info("b")
    as_plugins_see_it.warning("c", y=2, z=3)
    as_plugins_see_it.error("d")
    assert log.entries == [
        ("debug", "a", {"x": 1}),
        ("info", "b", {}),
        ("warning", "c", {"y": 2, "z": 3}),
        ("error", "d", {}),
    ]
    assert log.events() == ["a", "b", "c", "d"]
    assert log.events("warning") == ["c"]
