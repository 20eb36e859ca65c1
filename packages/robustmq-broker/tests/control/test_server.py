"""The control socket: requests, answers, and clients that misbehave or leave."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from robustmq_broker.control.server import CONNECTIONS_MAX, REQUEST_MAX, ControlServer
from robustmq_common.errors import ListenError, StorageError
from robustmq_common.testing.log import RecordingLog

DEADLINE = 20.0
Answers = AsyncGenerator[dict[str, Any], None]


class Performer:
    """Commands for the tests."""

    def __init__(self) -> None:
        self.sent = 0
        self.released = asyncio.Event()
        self.began = asyncio.Event()

    def __call__(self, name: str, arguments: Mapping[str, Any]) -> Answers:
        run: Callable[[Mapping[str, Any]], Answers] = getattr(self, name)
        return run(arguments)

    async def echo(self, arguments: Mapping[str, Any]) -> Answers:
        yield {"given": arguments}

    async def fail(self, _: Mapping[str, Any]) -> Answers:
        yield {"first": 1}
        raise StorageError("the disk is full")

    async def crash(self, _: Mapping[str, Any]) -> Answers:
        yield {"first": 1}
        raise ZeroDivisionError("oh")

    async def wait(self, _: Mapping[str, Any]) -> Answers:
        try:
            yield {"began": True}
            self.began.set()
            await asyncio.Event().wait()
        finally:
            self.released.set()

    async def flood(self, _: Mapping[str, Any]) -> Answers:
        try:
            while True:
                self.sent += 1
                yield {"data": "x" * 100_000}
                await asyncio.sleep(0)
        finally:
            self.released.set()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answers(self) -> list[dict[str, Any]]:
        """All lines up to the end of the connection."""
        return [json.loads(line) for line in (await self.reader.read()).splitlines()]

    def send(self, line: bytes) -> None:
        self.writer.write(line)

    def ask(self, command: str, **arguments: Any) -> None:
        self.send(json.dumps({"command": command, "arguments": arguments}).encode() + b"\n")

    def leave(self) -> None:
        self.writer.transport.abort()


class Served:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.performer = Performer()
        self.log = RecordingLog()
        self.server = ControlServer(path, self.performer, self.log)
        self.clients: list[Client] = []

    async def client(self) -> Client:
        client = Client(*await asyncio.open_unix_connection(str(self.path)))
        self.clients.append(client)
        return client


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    one = Served(folder / "control.sock")
    await one.server.open()
    try:
        yield one
    finally:
        for client in one.clients:
            client.leave()
        await one.server.close()


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, DEADLINE))


def test_a_request_is_answered_line_by_line(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as one:
            client = await one.client()
            client.ask("echo", number=7)
            assert await client.answers() == [{"given": {"number": 7}}, {"done": True}]

    run(scenario())


def test_the_socket_is_its_owners(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as one:
            assert one.path.stat().st_mode & 0o777 == 0o600
        assert not one.path.exists()

    run(scenario())


def test_an_error_comes_last_with_what_it_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as one:
            client = await one.client()
            client.ask("fail")
            error = {"kind": "StorageError", "message": "the disk is full", "exit_code": 74}
            assert await client.answers() == [{"first": 1}, {"error": error}]
            assert one.log.events("error") == []

    run(scenario())


def test_a_bug_is_logged_and_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as one:
            client = await one.client()
            client.ask("crash")
            _, last = await client.answers()
            assert last["error"]["kind"] == "BugError"
            assert one.log.events("error") == ["a control command failed"]

    run(scenario())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"nonsense\n", "not a line of JSON"),
        (b"[" * 60_000 + b"\n", "not a line of JSON"),
        (b'{"command": 1}\n', "not of the form"),
        (b'{"command": "echo", "arguments": 1}\n', "not of the form"),
        (b'{"command": "echo", "more": 1}\n', "not of the form"),
        (b"x" * (REQUEST_MAX + 10) + b"\n", f"longer than {REQUEST_MAX} bytes"),
    ],
    ids=["text", "deep", "name", "arguments", "more", "long"],
)
def test_a_bad_request_costs_only_its_connection(tmp_path: Path, line: bytes, message: str) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as one:
            bad, good = await one.client(), await one.client()
            bad.send(line)
            (answer,) = await bad.answers()
            assert message in answer["error"]["message"]
            assert answer["error"]["exit_code"] == 64
            good.ask("echo")
            assert (await good.answers())[-1] == {"done": True}

    run(scenario())


def test_a_client_that_leaves_cancels_its_command(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as one:
            client = await one.client()
            client.ask("wait")
            await one.performer.began.wait()
            client.leave()
            await one.performer.released.wait()
            assert one.log.events("error") == []

    run(scenario())


def test_a_slow_reader_holds_back_its_command_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as one:
            slow, other = await one.client(), await one.client()
            slow.ask("flood")
            before = -1
            while one.performer.sent != before:
                # Until a whole round with another client brings nothing more.
                before = one.performer.sent
                other = await one.client()
                other.ask("echo")
                await other.answers()
            assert 0 < before < 100
            slow.leave()
            await one.performer.released.wait()

    run(scenario())


def test_more_commands_than_there_may_be_are_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as one:
            for _ in range(CONNECTIONS_MAX):
                waiting = await one.client()
                waiting.ask("wait")
                assert await waiting.reader.readline()
            refused = await one.client()
            (answer,) = await refused.answers()
            assert "try again" in answer["error"]["message"]

    run(scenario())


def test_closing_cancels_what_is_under_way(tmp_path: Path) -> None:
    async def scenario() -> None:
        one = Served(tmp_path / "control.sock")
        await one.server.open()
        client = await one.client()
        client.ask("wait")
        await one.performer.began.wait()
        await one.server.close()
        assert one.performer.released.is_set()
        # Some of what it had been sent may be there still, but not the end of a whole answer.
        with suppress(ConnectionError):
            assert {"done": True} not in await client.answers()
        client.leave()

    run(scenario())


def test_the_socket_of_a_killed_broker_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(tmp_path / "control.sock"))

    async def scenario() -> None:
        async with served(tmp_path) as one:
            client = await one.client()
            client.ask("echo")
            assert await client.answers()

    run(scenario())


def test_a_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as one:
            with pytest.raises(ListenError, match="another broker listens"):
                await Served(one.path).server.open()
            assert one.path.exists()

    run(scenario())


def test_a_file_in_the_way_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "control.sock").write_text("mine")
    with pytest.raises(ListenError, match="is not a socket"):
        run(Served(tmp_path / "control.sock").server.open())


def test_a_folder_in_which_others_can_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)
    with pytest.raises(ListenError, match="chmod go-w"):
        run(Served(tmp_path / "control.sock").server.open())


def test_a_path_that_is_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match="shorter path"):
        run(Served(tmp_path / ("x" * 100) / "control.sock").server.open())


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match="no such file"):
        run(Served(tmp_path / "no" / "control.sock").server.open())
