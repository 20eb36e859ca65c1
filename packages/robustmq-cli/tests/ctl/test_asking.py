"""Whom a command is put to. A broker that answers is in tests/integration/test_robust_ctl.py."""

import os
from pathlib import Path

import pytest
from ctl_kit import Ctl

from robustmq_cli import instance
from robustmq_cli.configuration import Given
from robustmq_cli.ctl.asking import ask, data_dir, offline_storage
from robustmq_common.errors import CallerError, NotRunning, WorldError


def given(ctl: Ctl, adapter: str = "rocksdb") -> Given:
    return Given(None, ctl.folder, (f"storage.adapter={adapter}",))


def test_the_data_directory_is_that_of_the_configuration(tmp_path: Path) -> None:
    assert data_dir(Given(None, tmp_path)) == tmp_path
    assert data_dir(Given(None, None, (f"broker.data_dir={tmp_path}",))) == tmp_path


def test_without_a_broker_the_storage_answers(ctl: Ctl) -> None:
    ctl.fill()
    (page,) = ask(given(ctl), "storage.shards", {"prefix": "l"})
    assert [shard["name"] for shard in page["shards"]] == ["log"]


def test_errors_come_as_from_a_broker(ctl: Ctl) -> None:
    with pytest.raises(CallerError, match="no shard 'x'"):
        list(ask(given(ctl), "storage.read", {"shard": "x"}))


def test_what_needs_a_broker_says_so(ctl: Ctl) -> None:
    with pytest.raises(NotRunning, match=f"no broker is running on .*{ctl.folder}"):
        list(ask(given(ctl), "topic.tail", {"filter": "a"}, offline=False))


def test_memory_has_nothing_without_a_broker(ctl: Ctl) -> None:
    with pytest.raises(CallerError, match="keeps nothing without one"):
        list(ask(given(ctl, "memory"), "storage.shards", {}))


def test_a_broker_without_a_control_socket_is_not_gone_around(ctl: Ctl) -> None:
    with instance.hold(ctl.folder):
        with pytest.raises(WorldError, match=r"is running on .*broker\.control"):
            list(ask(given(ctl), "storage.shards", {}))
        with pytest.raises(CallerError, match="already running"), offline_storage(given(ctl)):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_files_are_not_left_in_the_folder_of_someone_else(ctl: Ctl) -> None:
    os.chown(ctl.folder, 65534, -1)
    with pytest.raises(CallerError, match="belongs to the user with id 65534"):
        list(ask(given(ctl), "storage.shards", {}))
    assert list(ctl.folder.iterdir()) == []


def test_no_broker_can_start_meanwhile(ctl: Ctl) -> None:
    with offline_storage(given(ctl)):
        assert instance.running(ctl.folder) is not None
    assert instance.running(ctl.folder) is None
