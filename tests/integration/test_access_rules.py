"""Rules of a real broker: changed while clients are connected, asked about, read again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerProcess
from wire import Clients, WireClient, code

SETTINGS = {
    "access.authorizers": '["acl_file", "rules"]',
    "access.allow_anonymous": "true",
    "acl_file.check_interval": "0.05",
}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    file = tmp_path / "acl.conf"
    file.write_text("allow all all open/#\nallow user sys subscribe $SYS/#\n")
    with BrokerProcess(tmp_path / "data", {**SETTINGS, "acl_file.path": str(file)}) as broker:
        yield broker


def ctl(broker: BrokerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "robustmq_cli.ctl", "acl", *arguments]
    given = [*command, "--data-dir", str(broker.data_dir)]
    return subprocess.run(given, capture_output=True, text=True, timeout=60, check=False)


def until_answer(expected: int, client: WireClient, topic: str) -> None:
    """Publish until the reason code is the expected one."""
    end = time.monotonic() + 20
    while (answer := client.publish(topic, b"", 1)) != expected:
        assert time.monotonic() < end, answer


def test_a_rule_that_is_added_and_deleted_counts_at_once(broker: BrokerProcess) -> None:
    with Clients(broker.address) as clients:
        subscriber, publisher = clients(code.V5), clients(code.V5)
        assert publisher.publish("new/a", b"x", 1) == code.NOT_AUTHORIZED
        assert subscriber.try_subscribe(("new/#", 1)).reasons == (code.NOT_AUTHORIZED,)
        assert ctl(broker, "add", "allow all all new/#").returncode == 0
        assert subscriber.try_subscribe(("new/#", 1), ("open/#", 1)).reasons == (1, 1)
        assert publisher.publish("new/a", b"x", 1) == code.SUCCESS
        subscriber.receive("new/a")
        tested = ctl(broker, "test", "publish", "new/a")
        assert tested.stdout.splitlines() == [
            "acl_file: no opinion",
            "rules: allow  (rule 1: allow all all new/#)",
            "allowed",
        ]
        assert ctl(broker, "delete", "1").returncode == 0
        assert publisher.publish("new/a", b"y", 1) == code.NOT_AUTHORIZED
        assert publisher.publish("open/a", b"z", 1) == code.SUCCESS
        subscriber.receive("open/a")
        assert ctl(broker, "test", "publish", "new/a").returncode == 1


def test_the_file_is_read_again(broker: BrokerProcess, tmp_path: Path) -> None:
    file = tmp_path / "acl.conf"
    with Clients(broker.address) as clients:
        client = clients(code.V5)
        file.write_text("allow all all open/#\nallow all publish more\n")
        allowed = code.NO_MATCHING_SUBSCRIBERS
        until_answer(allowed, client, "more")
        file.write_text("allow all all open/#\nallow all nonsense\n")
        refused = ctl(broker, "reload")
        assert refused.returncode != 0
        assert "line 2, column 11" in refused.stderr
        assert client.publish("more", b"", 1) == allowed
        file.write_text("allow all all open/#\n")
        os.kill(broker.pid, signal.SIGHUP)
        until_answer(code.NOT_AUTHORIZED, client, "more")
        assert ctl(broker, "reload").stdout.splitlines() == [
            "acl_file is up to date",
            "rules is up to date",
        ]


@pytest.mark.parametrize("level", [code.V311, code.V5])
def test_sys_topics_are_for_whom_a_rule_names(broker: BrokerProcess, level: int) -> None:
    with Clients(broker.address) as clients:
        refused = code.NOT_AUTHORIZED if level == code.V5 else 0x80
        assert clients(level).try_subscribe(("$SYS/#", 0)).reasons == (refused,)
        admin = clients(level, username="sys")
        assert admin.try_subscribe(("$SYS/#", 0)).reasons == (0,)
