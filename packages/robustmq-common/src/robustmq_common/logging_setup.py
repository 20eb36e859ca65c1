"""[D] The structured log of a process: one line per event, as text for people or as JSON.

`set_up_logging` makes the one logger; whoever logs is given it (robustmq_common.spi.services.Log).
What libraries log through the standard library comes out in the same form. Logging never raises
into the caller: a line that cannot be written is counted, and the count is logged as soon as
writing works again.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final, TextIO, cast

from robustmq_common.errors import ConfigError
from robustmq_common.log_lines import json_line, text_line
from robustmq_common.spi.services import Log
from robustmq_common.structured_log import structlog

LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up_logging(
    level: str = "info",
    format: str = "text",  # noqa: A002 - the name of the configuration key
    file: str | None = None,
    stream: TextIO | None = None,
) -> Log:
    """Make the process's log, replacing the one before; arguments are the keys of `[log]`.

    stream: where lines go if `file` is None; standard error by default. Colours are used for text
    on a terminal, unless the environment variable NO_COLOR is set.

    Raises ConfigError if the file cannot be written.
    """
    stream = stream or sys.stderr
    colours = file is None and stream.isatty() and not os.environ.get("NO_COLOR")

    def line(fields: MutableMapping[str, Any]) -> str:
        try:
            fields = structlog.processors.format_exc_info(None, "", fields)
            return json_line(fields) if format == "json" else text_line(fields, colours=colours)
        except Exception as error:  # noqa: BLE001 - a value that breaks must not break its logger
            known = {name: str(fields[name]) for name in ("timestamp", "level", "event")}
            return line({**known, "unloggable": type(error).__name__})

    def lost_line(count: int) -> str:
        return line(_stamp(None, "error", {"event": "log lines lost", "lines": count}))

    writer = _LineWriter(file, stream, lost_line)
    structlog.configure(
        processors=[_stamp, lambda _, __, fields: line(fields)],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    log = cast("Log", structlog.get_logger().bind())
    _take_over_standard_library(_Bridge(log, writer), LEVELS[level])
    return log


def _stamp(_: Any, level: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    now = time.time()
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    fields["timestamp"] = f"{seconds}.{int(now % 1 * 1000):03d}Z"
    fields["level"] = level
    return fields


class _LineWriter:
    """Writes lines to a stream or a file; what structlog calls by the name of the level."""

    def __init__(self, file: str | None, stream: TextIO, lost_line: Callable[[int], str]) -> None:
        self._path = None if file is None else Path(file)
        self._stream: TextIO | _File = stream
        self._lost_line = lost_line
        self._lock = threading.Lock()
        self._lost = 0
        self.debug = self.info = self.warning = self.error = self.critical = self.write
        if self._path is not None:
            try:
                self._stream = _File(self._path)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise ConfigError(f'log.file = "{file}": cannot write there: {reason}') from error

    def write(self, line: str) -> None:
        """Write one line, or count it as lost."""
        with self._lock:
            try:
                if self._path is not None and self._moved(self._path):
                    self._stream.close()
                    self._stream = _File(self._path)
                if self._lost:
                    self._stream.write(f"{self._lost_line(self._lost)}\n")
                self._stream.write(f"{line}\n")
                self._stream.flush()
                self._lost = 0
            except (OSError, ValueError):  # the disk is full, the pipe or the stream is closed
                self._lost += 1

    def close(self) -> None:
        """Close the file, if there is one of our own."""
        if self._path is not None:
            self._stream.close()

    def _moved(self, path: Path) -> bool:
        """Whether somebody took the file away, as log rotation does."""
        try:
            return not os.path.samestat(path.stat(), os.fstat(self._stream.fileno()))
        except FileNotFoundError:
            return True


class _File:
    """A file that is appended to without a buffer: what was not written is not written later."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o640)

    def write(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._descriptor, data) :]

    def flush(self) -> None:
        """Nothing waits to be written."""

    def fileno(self) -> int:
        return self._descriptor

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _Bridge(logging.Handler):
    """Hands records of the standard library's loggers to ours."""

    def __init__(self, log: Log, writer: _LineWriter) -> None:
        super().__init__()
        self._log = log
        self._writer = writer

    def close(self) -> None:
        super().close()
        self._writer.close()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = record.getMessage()
        except Exception as error:  # noqa: BLE001 - a library's wrong arguments must not stop us
            event = f"{record.msg} (its arguments do not fit: {type(error).__name__})"
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        if record.levelno >= logging.ERROR:
            self._log.error(event, **fields)
        elif record.levelno >= logging.WARNING:
            self._log.warning(event, **fields)
        elif record.levelno >= logging.INFO:
            self._log.info(event, **fields)
        else:
            self._log.debug(event, **fields)


def _take_over_standard_library(bridge: _Bridge, level: int) -> None:
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _Bridge)]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(bridge)
    root.setLevel(level)
    logging.captureWarnings(True)
