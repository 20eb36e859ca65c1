"""[R] storage.export: a backup of what is stored, made while the broker serves."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from robustmq_broker.backup.export import export_backup
from robustmq_broker.control.command import Answers, Command, Context
from robustmq_broker.control.encoding import to_text
from robustmq_broker.control.storage_commands import OnAdapter


async def export(context: Context, given: OnAdapter) -> Answers:
    """The bytes of a backup, in base64, with what they hold up to there.

    It is of the moment at which the command began: writing goes on meanwhile. The client writes
    the file, so that it is where the client can write and belongs to whoever asked for it.
    """
    adapter = context.adapter(given.adapter)
    snapshot = await adapter.snapshot()
    try:
        async with contextlib.aclosing(export_backup(snapshot)) as pieces:
            async for piece, totals in pieces:
                yield {"data": to_text(piece), **asdict(totals)}
    finally:
        await snapshot.close()


COMMANDS: Final[Mapping[str, Command[Any]]] = {"storage.export": Command(OnAdapter, export)}
