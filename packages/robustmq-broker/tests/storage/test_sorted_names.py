"""Names in order agree with sorting them all, whatever comes and goes between scans."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from robustmq_broker.storage.sorted_names import SortedNames

NAMES = st.text("ab\xff", max_size=3).map(lambda text: text.encode("latin-1"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), NAMES),
        st.tuples(st.just("remove"), NAMES),
        st.tuples(st.just("scan"), NAMES, NAMES, st.integers(-1, 5)),
    ),
    max_size=60,
)


def dumb(names: set[bytes], prefix: bytes, after: bytes, limit: int) -> list[bytes]:
    found = [name for name in sorted(names) if name.startswith(prefix)]
    return [name for name in found if not after or name > after][: max(limit, 0)]


@given(STEPS)
def test_agrees_with_sorting_everything(steps: list[tuple[Any, ...]]) -> None:
    names: set[bytes] = set()
    ordered: SortedNames[bytes] = SortedNames()
    for action, *arguments in steps:
        if action == "scan":
            prefix, after, limit = arguments
            expected = dumb(names, prefix, after, limit)
            assert ordered.scan(names, prefix, after, limit) == expected
        elif action == "add" and arguments[0] not in names:
            names.add(arguments[0])
            ordered.add(arguments[0])
        elif action == "remove" and arguments[0] in names:
            names.remove(arguments[0])
            ordered.remove(arguments[0])
    assert ordered.scan(names, b"", b"", 1000) == sorted(names)


def test_text_has_an_order_too() -> None:
    ordered: SortedNames[str] = SortedNames()
    assert ordered.scan({"b": 1, "a": 2, "ä": 3}, "", "a", 10) == ["b", "ä"]


def test_what_it_remembers_stays_bounded_without_scans() -> None:
    ordered: SortedNames[bytes] = SortedNames()
    names = {b"kept"}
    ordered.scan(names, b"", b"", 1)
    for number in range(10_000):
        name = b"%d" % number
        ordered.add(name)
        ordered.remove(name)
    assert len(ordered._added) + len(ordered._removed) < 200
    assert ordered.scan(names, b"", b"", 10) == [b"kept"]


def test_pages_after_the_first_do_not_look_at_all_names() -> None:
    class Names(dict[bytes, int]):
        looks = 0

        def __iter__(self) -> Any:
            self.looks += 1
            return super().__iter__()

    names = Names({b"%03d" % number: number for number in range(100)})
    ordered: SortedNames[bytes] = SortedNames()
    after = b""
    for _ in range(10):
        after = ordered.scan(names, b"", after, 10)[-1]
    assert after == b"099"
    assert names.looks == 1
