from pathlib import Path

from robustmq_cli.configuration import Given
from robustmq_cli.server.options import as_arguments, given


def test_what_was_given_is_collected() -> None:
    assert given(None, None, None) == Given()
    assert given(Path("a"), Path("b"), ["x.y=1"]) == Given(Path("a"), Path("b"), ("x.y=1",))


def test_it_can_be_handed_to_another_process() -> None:
    assert as_arguments(Given()) == []
    everything = Given(Path("a b"), Path("/c"), ("x.y=1", "x.z=--set"))
    assert as_arguments(everything) == [
        *("--config", "a b"),
        *("--data-dir", "/c"),
        *("--set", "x.y=1"),
        *("--set", "x.z=--set"),
    ]
