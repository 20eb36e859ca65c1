from pathlib import Path

import pytest
from control_kit import kit, run
from pydantic import ValidationError

from robustmq_broker.control.command import Arguments
from robustmq_common.errors import CallerError, NotRunning


class Sample(Arguments):
    number: int = 1


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate({"other": 1})


def test_the_default_adapter_needs_no_name_and_others_are_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            assert one.context.adapter("") is one.context.adapter("memory")
            with pytest.raises(CallerError, match="the open ones are: memory"):
                one.context.adapter("other")

    run(scenario)


def test_without_a_broker_there_is_no_router(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, router=False) as one:
            with pytest.raises(NotRunning, match="robust-server start"):
                one.context.running_router()
        async with kit(tmp_path) as one:
            assert one.context.running_router() is one.context.router

    run(scenario)
