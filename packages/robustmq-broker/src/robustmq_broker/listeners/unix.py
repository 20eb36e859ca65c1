"""[D] The transport "unix": a socket in the file system."""

import os
import socket
import stat
from pathlib import Path
from typing import Final

from robustmq_broker.listeners.stream_listener import StreamListener
from robustmq_common.errors import ListenError

PATH_MAX: Final = 107
"""Bytes of a socket's path, at most, on Linux."""


class UnixListener(StreamListener):
    """Listens on a path; the file's mode says who may connect."""

    def bind(self) -> socket.socket:
        path = Path(self.config.bind)
        key = f"listeners.{self.name}.bind"
        if self.config.idle_timeout:
            raise ListenError(f"listeners.{self.name}.idle_timeout: not with a Unix socket")
        if len(os.fsencode(path)) > PATH_MAX:
            raise ListenError(
                f'{key} = "{path}": longer than the {PATH_MAX} bytes that the path of a socket '
                "may have; choose a shorter one"
            )
        _remove_stale(path, key)
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.setblocking(False)
            sock.bind(str(path))
            # Nobody can connect before it is listened to, so nobody has come in by then.
            path.chmod(int(self.config.mode, 8))
        except BaseException:
            sock.close()
            raise
        self._file = path.stat()
        return sock

    def bound_address(self, sock: socket.socket) -> str:
        return str(sock.getsockname())

    def stop_accepting(self) -> None:
        was_open = self.accepting
        super().stop_accepting()
        if was_open:
            path = Path(self.config.bind)
            try:
                if os.path.samestat(path.stat(), self._file):
                    path.unlink()
            except FileNotFoundError:
                pass  # whoever removed it wanted just that


def _remove_stale(path: Path, key: str) -> None:
    """Remove the socket of a broker that was killed.

    Raises ListenError if it is another thing, or somebody listens on it.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ListenError(f'{key} = "{path}": this is no socket; remove it, it is in the way')
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass  # its backlog is full, so somebody listens
    raise ListenError(f'{key} = "{path}": another process listens on it; stop it or choose another')
