import pytest
from pydantic import Field, ValidationError

from robustmq_common.config.model import Address, Bytes, Seconds, Secret, Section, WholeSeconds


class Sample(Section):
    timeout: Seconds = Field(15.0, ge=1, le=3600)
    interval: WholeSeconds = Field(60, ge=0)
    size: Bytes = Field(1024, le=2**20)
    bind: Address = "127.0.0.1:1883"
    password: Secret | None = None


def test_quantities_may_be_numbers_or_text() -> None:
    sample = Sample.model_validate({"timeout": "1m", "interval": "2h", "size": "64KB"})
    assert (sample.timeout, sample.interval, sample.size) == (60.0, 7200, 65536)
    assert Sample.model_validate({"timeout": 2, "size": 5}).size == 5


@pytest.mark.parametrize(
    "values",
    [
        {"timeout": "2h"},
        {"timeout": float("nan")},
        {"timeout": True},
        {"interval": 1.5},
        {"size": "2MB"},
        {"size": 1.0},
        {"bind": "1883"},
        {"unknown": 1},
    ],
)
def test_types_are_strict_and_bounds_hold_for_text_too(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate(values)


def test_sections_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Sample().timeout = 3  # type: ignore[misc]


def test_secrets_do_not_show() -> None:
    sample = Sample.model_validate({"password": "hunter2"})
    assert sample.password is not None
    assert sample.password.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{sample!r} {sample} {sample.model_dump()}"
