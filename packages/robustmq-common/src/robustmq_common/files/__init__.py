"""[D] Files in object stores (anything fsspec knows): the only place that imports the library.

    files = Files("s3://bucket/prefix", {"key": "...", "secret": "..."}, timeout=30.0)
    await files.open()
    await files.write("segments/1", data)
    await files.create("epochs/1", data)         # False if it is there already
    await files.read("segments/1", 0, 4096)

Needs fsspec (the extra `object` of robustmq-broker) and what it needs for the URL: s3fs, gcsfs, ...
"""

from robustmq_common.files.store import Files, NotFound

__all__ = ["Files", "NotFound"]
