"""[D] Writing to a local disk so that it survives a power loss, whole or not at all."""

import os
import secrets
from pathlib import Path


def write_local(path: str, data: bytes, *, exclusive: bool) -> None:
    """Write a file. Raises FileExistsError if it is there and `exclusive`, OSError else."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if exclusive:
            os.link(temporary, target)
        else:
            temporary.replace(target)
        sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Make names that were added to or removed from a folder durable."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
