"""Addresses and paths."""

import pytest
from pydantic import TypeAdapter, ValidationError

from robustmq_broker.listeners.bind import Bind, bind_problem, is_path


@pytest.mark.parametrize("bind", ["127.0.0.1:1883", "[::1]:0", "/run/mqtt.sock", "./mqtt.sock"])
def test_what_it_may_be(bind: str) -> None:
    assert TypeAdapter(Bind).validate_python(bind) == bind
    transport = "unix" if is_path(bind) else "tcp"
    assert bind_problem(transport, bind) == ""
    assert bind_problem("tls" if is_path(bind) else "unix", bind).startswith("expected")


@pytest.mark.parametrize("bind", ["1883", "mqtt.sock", "/run/\0"])
def test_what_it_may_not_be(bind: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Bind).validate_python(bind)
