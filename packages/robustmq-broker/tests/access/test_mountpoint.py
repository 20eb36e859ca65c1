"""Prefixes made of names, and names that must not make one."""

import pytest

from robustmq_broker.access.mountpoint import mountpoint_of, mountpoint_problem
from robustmq_common.spi.access import ClientInfo


def client(client_id: str, username: str | None) -> ClientInfo:
    return ClientInfo(client_id, username, "127.0.0.1:1", "tcp", "MQTT 5.0")


@pytest.mark.parametrize(
    ("template", "prefix"),
    [
        ("", ""),
        ("site/7/", "site/7/"),
        ("${username}/", "ada/"),
        ("t/${username}/${clientid}/", "t/ada/meter-7/"),
        ("${username}/${username}/", "ada/ada/"),
    ],
)
def test_names_are_put_in(template: str, prefix: str) -> None:
    assert mountpoint_problem(template) == ""
    assert mountpoint_of(template, client("meter-7", "ada")) == prefix


@pytest.mark.parametrize("name", ["", None, "+", "#", "a/b", "a+", "a#", "/", "a\0", "$SYS"])
def test_names_that_would_widen_it(name: str | None) -> None:
    assert mountpoint_of("${username}/", client("c", name)) is None
    assert mountpoint_of("x/${clientid}/", client(name or "", "u")) is None
    assert mountpoint_of("x/", client("c", name)) == "x/"


def test_names_are_not_expanded_again() -> None:
    assert mountpoint_of("${username}/", client("c", "a${clientid}")) == "a${clientid}/"


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("${user}/", "${user} is not known; there are ${clientid} and ${username}"),
        ("a/+/", "a topic prefix has no wildcards"),
        ("a/#", "a topic prefix has no wildcards"),
        ("a\0", "a topic prefix has no wildcards"),
        ("$SYS/", "a topic prefix must not begin with $"),
        ("site", "a topic prefix ends with /"),
        ("${username}", "a topic prefix ends with /"),
        ("u-${username}/", "a placeholder is a level of its own"),
        ("${username}${clientid}/", "a placeholder is a level of its own"),
    ],
)
def test_templates_that_are_refused(template: str, problem: str) -> None:
    assert mountpoint_problem(template) == problem
