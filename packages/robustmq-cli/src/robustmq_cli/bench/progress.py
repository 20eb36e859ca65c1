"""[D] How far messages have got, shared by the processes of a run: what a window waits for.

One number for each process and publisher, which only that process writes: the sum of how far its
subscribers are.
"""

import mmap
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NUMBER: Final = 8


def _size(processes: int, publishers: int) -> int:
    return _NUMBER * max(1, processes * publishers)


@contextmanager
def memory(processes: int, publishers: int) -> Iterator[int]:
    """A descriptor of memory for so many, all zero, for the time of a `with` block."""
    with tempfile.TemporaryFile() as file:
        file.truncate(_size(processes, publishers))
        yield file.fileno()


class Progress:
    """The numbers, as process `process` sees them. Raises OSError or ValueError for no memory."""

    def __init__(self, descriptor: int, processes: int, publishers: int, process: int) -> None:
        mapped = mmap.mmap(descriptor, _size(processes, publishers))
        self._numbers = memoryview(mapped).cast("Q")
        self._publishers = publishers
        self._processes = range(processes)
        self._own = process * publishers

    def put(self, publisher: int, value: int) -> None:
        """Say how far this process is with a publisher's messages."""
        self._numbers[self._own + publisher] = value

    def total(self, publisher: int) -> int:
        """How far all processes are with a publisher's messages, summed up."""
        return sum(
            self._numbers[process * self._publishers + publisher] for process in self._processes
        )
