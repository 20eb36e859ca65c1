import pytest
import typer

from robustmq_cli.bench.mqtt import parameters


@pytest.mark.parametrize(
    ("text", "level"),
    [("3.1", 3), ("3", 3), ("3.1.1", 4), ("4", 4), ("mqttv311", 4), ("5", 5), ("V5.0", 5)],
)
def test_versions_are_written_in_many_ways(text: str, level: int) -> None:
    assert parameters.level(text) == level


@pytest.mark.parametrize("text", ["", "2", "3.1.2", "latest"])
def test_other_versions_are_none(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="none of"):
        parameters.level(text)


def test_a_prefix_is_new_unless_it_is_given() -> None:
    assert parameters.client_id_prefix("me") == "me"
    first, second = parameters.client_id_prefix(None), parameters.client_id_prefix(None)
    assert first != second
    # With "-p65535" behind it, it is still short enough for MQTT 3.1.
    assert len(first) + 7 <= 23


def test_without_a_limit_publishers_go_on_for_ten_seconds() -> None:
    def duration(count: int, given: float | None) -> float:
        made: float = parameters.publishing(0, 64, False, count, 0.0, given, 0)["duration"]
        return made

    assert [duration(0, None), duration(5, None), duration(5, 3.0)] == [10.0, 0.0, 3.0]


def test_what_a_plan_says_of_connections() -> None:
    assert parameters.server("h", 1, 5, 2, 3.0)["level"] == 5
    assert parameters.session("me", "u", "p", 1, False, 2)["client_id"] == "me"
