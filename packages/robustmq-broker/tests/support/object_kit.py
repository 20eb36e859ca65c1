"""Makes object adapters for tests."""

from pathlib import Path
from typing import Any, Final

from robustmq_broker.storage.object.adapter import ObjectAdapter

SMALL: Final[dict[str, Any]] = {
    "segment_size": 4096,
    "segment_age": 0.01,
    "block_size": 512,
    "cache": 65_536,
    "compact_segments": 2,
}


def adapter_in(folder: Path, url: str = "", **settings: Any) -> ObjectAdapter:
    """An adapter with its log in a folder, and its objects there too unless a URL is given."""
    url = url or f"file://{folder}/store"
    return ObjectAdapter({"url": url, "retry_delay": 0.2, **settings}, folder / "data")
