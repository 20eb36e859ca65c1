"""What topic tail writes; a broker that answers is in tests/integration/test_robust_ctl.py."""

import base64
import json
from typing import Any

import pytest
from ctl_kit import Ctl
from ctl_server import server
from typer.testing import Result

from robustmq_cli import instance

NOON = 1_700_000_000.0


def message(topic: str, payload: bytes, size: int = -1, **more: Any) -> dict[str, Any]:
    return {
        "topic": topic,
        "timestamp": NOON,
        "qos": 1,
        "retain": False,
        "publisher": "me",
        "size": len(payload) if size < 0 else size,
        "payload": base64.b64encode(payload).decode(),
        **more,
    }


def tail(ctl: Ctl, answers: list[dict[str, Any]], *arguments: str) -> tuple[Result, dict[str, Any]]:
    """Run the command against a broker that gives these answers; returns its request, too."""
    lines = [*answers, {"done": True}]
    text = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    with instance.hold(ctl.folder), server(ctl.folder / "control.sock", text) as one:
        result = ctl.run("topic", "tail", *arguments)
    return result, json.loads(one.request)


def test_messages_are_lines(ctl: Ctl) -> None:
    answers = [
        {"messages": [], "dropped": 0},
        {"messages": [message("a/b", b"text"), message("a", b"\xff", retain=True)], "dropped": 0},
        {"messages": [message("a", b"begin", 999)], "dropped": 0},
    ]
    result, _ = tail(ctl, answers, "a/#")
    assert result.stdout.splitlines() == [
        "2023-11-14T22:13:20.000Z  1  -  a/b  text",
        "2023-11-14T22:13:20.000Z  1  r  a  0xff",
        "2023-11-14T22:13:20.000Z  1  -  a  begin... (999 bytes)",
    ]
    assert result.stderr == "watching a/#\n"
    assert result.exit_code == 0


def test_json_has_text_where_it_is_text(ctl: Ctl) -> None:
    answers = [{"messages": [message("a", b"text"), message("a", b"\xff")], "dropped": 0}]
    result, _ = tail(ctl, answers, "a", "--json")
    text, binary = map(json.loads, result.stdout.splitlines())
    assert (text["payload"], text["qos"], text["publisher"]) == ("text", 1, "me")
    assert (binary["payload_base64"], "payload" in binary) == ("/w==", False)


def test_what_was_left_out_is_told(ctl: Ctl) -> None:
    answers = [
        {"messages": [message("a", b"1")], "dropped": 0},
        {"messages": [message("a", b"2")], "dropped": 7},
        {"messages": [message("a", b"3")], "dropped": 7},
        {"messages": [message("a", b"4")], "dropped": 9},
    ]
    result, _ = tail(ctl, answers, "a")
    assert [line for line in result.stderr.splitlines() if "too fast" in line] == [
        "7 messages came too fast and are left out",
        "2 messages came too fast and are left out",
    ]


def test_options_are_handed_on(ctl: Ctl) -> None:
    options = ["--qos", "1", "--count", "5", "--from", "12", "--group", "g", "--payload", "10"]
    _, request = tail(ctl, [], "a/+", *options)
    assert request == {
        "command": "topic.tail",
        "arguments": {
            "filter": "a/+",
            "minimum_qos": 1,
            "payload_max": 10,
            "count": 5,
            "start": {"offset": 12},
            "group": "g",
        },
    }


def test_without_a_broker_there_is_nothing_to_watch(ctl: Ctl) -> None:
    code, said = ctl.failure("topic", "tail", "a")
    assert (code, "no broker is running" in said) == (3, True)


@pytest.mark.parametrize("option", [["--qos", "3"], ["--payload", "70000"], ["--count", "0"]])
def test_options_are_bounded(ctl: Ctl, option: list[str]) -> None:
    assert ctl.failure("topic", "tail", "a", *option)[0] == 2
