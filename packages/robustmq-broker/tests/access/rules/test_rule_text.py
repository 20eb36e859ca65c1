"""Rules as people write them, and what is said of those that cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_broker.access.rules import rule_text, who
from robustmq_broker.access.rules.rule_text import RuleError, parse_rule, parse_rules
from robustmq_common.spi.access import ALLOW, DENY


def test_a_file() -> None:
    text = (
        "# who may do what\r\n"
        "\n"
        "allow user alice publish sensors/#\r\n"
        '  deny all subscribe "a topic" eq "eq"\n'
    )
    first, second = parse_rules(text, "acl.conf")
    assert (first.permission, first.source) == (ALLOW, "acl.conf:3")
    assert (first.publishes, first.subscribes, first.who) == (True, False, who.User("alice"))
    assert first.text == "allow user alice publish sensors/#"
    assert (second.permission, second.source, second.who) == (DENY, "acl.conf:4", None)
    assert [(one.text, one.literal) for one in second.topics] == [("a topic", False), ("eq", True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user a", who.User("a")),
        ('user "all"', who.User("all")),
        ('user "a \\"b\\" \\\\"', who.User('a "b" \\')),
        ("client c", who.Client("c")),
        ("anonymous", who.Anonymous()),
        ("listener tls", who.Listener("tls")),
        ("cert_cn m", who.CommonName("m")),
        ('cert_dn "CN=m, O=x"', who.Subject("CN=m, O=x")),
        ("not user a", who.Not(who.User("a"))),
        ("not not user a", who.Not(who.Not(who.User("a")))),
        (
            "user a or user b and client c",
            who.AnyOf((who.User("a"), who.AllOf((who.User("b"), who.Client("c"))))),
        ),
        (
            "(user a or all) and not (client c)",
            who.AllOf((who.AnyOf((who.User("a"), who.Everyone())), who.Not(who.Client("c")))),
        ),
    ],
)
def test_who(text: str, expected: object) -> None:
    assert parse_rule(f"allow {text} all #").who == expected


def test_networks_and_expressions() -> None:
    network = parse_rule("allow address 10.0.0.0/8 all #").who
    assert isinstance(network, who.AddressIn)
    assert str(network.network) == "10.0.0.0/8"
    expression = parse_rule('allow client ~ "dev-[0-9]+" all #').who
    assert isinstance(expression, who.ClientPattern)
    assert expression.expression.fullmatch("dev-7")
    assert not expression.expression.fullmatch("dev-7x")


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("permit all all #", 1, "expected allow or deny, not 'permit'"),
        ("allow", 6, "expected who it is about"),
        ("allow nobody all #", 7, "expected who it is about"),
        ("allow user", 11, "expected a value after user"),
        ("allow user (a) all #", 12, "expected a value after user"),
        ("allow (user a all #", 15, 'expected "\\)", not'),
        ("allow all fly #", 11, "expected publish, subscribe or all, not 'fly'"),
        ("allow all all", 14, "expected a topic"),
        ("allow all all eq", 17, "expected a topic after eq"),
        ("allow all all a/#/b", 15, "is not the last character"),
        ("allow all all a/b+", 15, "does not stand alone"),
        ("allow all all a b/${user}", 17, "no such placeholder"),
        ('allow all all ""', 15, "empty"),
        ("allow all all )", 15, "expected a topic, not"),
        ("allow all all $share/g/a", 15, "leave that out"),
        ('allow all all "a', 15, "quotes are not closed"),
        ('allow user "a\\n" all #', 14, "after the backslash"),
        ("allow all publish qos=3 a", 23, "expected 0, 1 or 2"),
        ("allow all publish qos= a", 23, "expected 0, 1 or 2"),
        ("allow all publish retain=yes a", 26, "expected true or false"),
        ("allow all subscribe retain=true a", 21, "about publishing"),
        ("allow address 10.0.0.1/8 all #", 15, "expected an address or network"),
        ("allow address here all #", 15, "expected an address or network"),
        ("allow user ~ ( all #", 14, "regular expression is wrong"),
        ('allow user ~ "(?=a)" all #', 14, "regular expression is wrong"),
        ("allow all all a\0b", 16, "not allowed in a rule"),
        ("allow all all " + "x" * 9000, 8192, "longer than 8192"),
        ("allow " + "not " * 21 + "all all #", 87, "more than 20 are inside one another"),
        ("allow " + "(" * 5000 + "all all #", 27, "more than 20 are inside one another"),
    ],
)
def test_line_and_column(text: str, column: int, problem: str) -> None:
    with pytest.raises(RuleError, match=problem) as raised:
        parse_rules(f"# a comment\nallow all all #\n{text}\n", "f")
    assert (raised.value.line, raised.value.column) == (3, column)
    assert str(raised.value).startswith(f"line 3, column {column}: ")


def test_their_number_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_text, "RULES_MAX", 3)
    with pytest.raises(RuleError, match="more than 3 rules"):
        parse_rules("allow all all #\n" * 4)


@given(st.text(alphabet='allow denyuser()"\\~#+/$\n\0\x85eq=,0', max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_rules(text)
    except RuleError as error:
        line, column = error.line, error.column
    else:
        return
    assert 1 <= line <= text.count("\n") + 1
    assert column >= 1
