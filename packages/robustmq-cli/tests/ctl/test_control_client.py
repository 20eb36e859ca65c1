"""The client's end, against a server of few words."""

import socket
from pathlib import Path

import pytest
from ctl_server import server

from robustmq_cli.ctl.control_client import ask_broker
from robustmq_common.errors import CallerError, NotRunning, StorageError, WorldError


def test_answers_come_until_it_is_done(tmp_path: Path) -> None:
    with server(tmp_path / "s", b'{"a": 1}\n{"a": 2}\n{"done": true}\n') as one:
        assert list(ask_broker(tmp_path / "s", "name", {"x": "y"})) == [{"a": 1}, {"a": 2}]
    assert one.request == b'{"command": "name", "arguments": {"x": "y"}}\n'
    assert one.left


def test_stopping_early_closes_the_connection(tmp_path: Path) -> None:
    with server(tmp_path / "s", b'{"a": 1}\n') as one:
        answers = ask_broker(tmp_path / "s", "name", {})
        assert next(answers) == {"a": 1}
        del answers
    assert one.left


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("StorageError", StorageError), ("CallerError", CallerError), ("Path", WorldError)],
)
def test_the_brokers_error_is_raised_here(
    tmp_path: Path, kind: str, expected: type[Exception]
) -> None:
    answer = b'{"a": 1}\n{"error": {"kind": "%s", "message": "full"}}\n' % kind.encode()
    with server(tmp_path / "s", answer):
        answers = ask_broker(tmp_path / "s", "name", {})
        assert next(answers) == {"a": 1}
        with pytest.raises(expected, match=r"^full$"):
            next(answers)


@pytest.mark.parametrize("answer", [b'{"a": 1}\nx', b'{"a": 1}\n{"half": x'])
def test_a_broker_that_ends_is_told(tmp_path: Path, answer: bytes) -> None:
    with server(tmp_path / "s", answer):
        answers = ask_broker(tmp_path / "s", "name", {})
        assert next(answers) == {"a": 1}
        with pytest.raises(WorldError, match="has ended before it had answered name"):
            next(answers)


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="nobody listens"):
        list(ask_broker(tmp_path / "s", "name", {}))
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "s"))
    with pytest.raises(NotRunning, match="nobody listens"):
        list(ask_broker(tmp_path / "s", "name", {}))


def test_a_path_that_cannot_be_a_socket_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="cannot connect"):
        list(ask_broker(tmp_path / ("x" * 120), "name", {}))
