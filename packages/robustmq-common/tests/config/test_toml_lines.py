import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_common.config.toml_lines import key_lines

DOCUMENT = '''# comment with [brackets] and = signs
top = 1
[listeners.tcp]          # the first
bind = "127.0.0.1:1883"  # "quoted" = 2
text = """
[not.a.table]
fake = 1
\\""" still in it """
after = true
list = [
  1, # ] not the end
  "]", ["x"],
]
next = { inline = 1, other = "}" }
'literal.key' = 1
"quoted key"."second" = 1
raw = \'\'\'
fake2 = """
\'\'\'
a.b . c = 1

[[items]]
name = "first"
[[items]]
name = "second"
[items.below]
key = 1
[[ items . more ]]
[[items.more]]
key = 1
[["items"]]
[[items.more]]
key = 1
[ spaced . out ]
key = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("listeners", "tcp"), 3),
        (("listeners", "tcp", "bind"), 4),
        (("listeners", "tcp", "text"), 5),
        (("listeners", "tcp", "after"), 9),
        (("listeners", "tcp", "list"), 10),
        (("listeners", "tcp", "next"), 14),
        (("listeners", "tcp", "literal.key"), 15),
        (("listeners", "tcp", "quoted key", "second"), 16),
        (("listeners", "tcp", "raw"), 17),
        (("listeners", "tcp", "a", "b", "c"), 20),
        (("items",), 22),
        (("items", "[0]"), 22),
        (("items", "[0]", "name"), 23),
        (("items", "[1]"), 24),
        (("items", "[1]", "name"), 25),
        (("items", "[1]", "below", "key"), 27),
        (("items", "[1]", "more", "[1]", "key"), 30),
        (("items", "[2]", "more", "[0]", "key"), 33),
        (("spaced", "out"), 34),
        (("spaced", "out", "key"), 35),
    ],
)
def test_each_key_has_its_line(path: tuple[str, ...], line: int) -> None:
    tomllib.loads(DOCUMENT)
    assert key_lines(DOCUMENT)[path] == line


def test_what_stands_in_values_is_no_key() -> None:
    found = {path[-1] for path in key_lines(DOCUMENT)}
    assert not found & {"fake", "fake2", "table", "inline", "other"}


def test_a_document_may_lack_the_last_newline() -> None:
    assert key_lines("[a]\nb = 1") == {("a",): 1, ("a", "b"): 2}
    assert key_lines("[a]")[("a",)] == 1


VALUES = st.sampled_from(
    [
        "1",
        '"#"',
        "'='",
        '"""\n\n[x]\n"""',
        "'''\n'''",
        "[\n1,\n# ]\n]",
        "{a = 1}",
        '"\\""',
        '"[" # "',
    ]
)


@given(st.lists(st.tuples(st.sampled_from(["", "\n", "# = [\n", "[t{}]\n"]), VALUES), max_size=12))
def test_random_documents(statements: list[tuple[str, str]]) -> None:
    text = ""
    table: tuple[str, ...] = ()
    expected: dict[tuple[str, ...], int] = {}
    for number, (before, value) in enumerate(statements):
        text += before.format(number)
        if before.startswith("[t"):
            table = (f"t{number}",)
        expected[(*table, f"k{number}")] = text.count("\n") + 1
        text += f"k{number} = {value}\n"
    tomllib.loads(text)
    found = key_lines(text)
    assert {path: found[path] for path in expected} == expected
