"""[P] Rules as people write them: one in a line, `allow user alice publish sensors/#`.

    rule    = ("allow" | "deny") who action topic { topic }
    who     = both { "or" both }
    both    = single { "and" single }
    single  = "not" single | "(" who ")" | "all" | "anonymous"
            | ("user" | "client") ["~"] word | "address" word
            | "cert_cn" word | "cert_dn" word | "listener" word
    action  = ("publish" | "subscribe" | "all") { "qos=" 0,1,2 | "retain=" ("true" | "false") }
    topic   = ["eq"] word

A word ends at a space or parenthesis, unless it is in double quotes, in which a backslash goes
before a quote and a backslash. A line that begins with "#" is a comment.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from robustmq_broker.access.rules import who as subjects
from robustmq_broker.access.rules.rule import PLACEHOLDERS, Rule, RuleTopic, Who
from robustmq_broker.access.rules.topic_patterns import EVERY_TOPIC
from robustmq_common.errors import CallerError
from robustmq_common.spi.access import ALLOW, DENY
from robustmq_common.topic_filters import filter_problem

RULE_MAX: Final = 8192
"""Characters of a rule, at most."""
RULES_MAX: Final = 100_000
"""Rules of a file, at most."""
NESTED_MAX: Final = 20
"""Parentheses and `not` inside one another, at most."""
PERMISSIONS: Final = {"allow": ALLOW, "deny": DENY}
ACTIONS: Final = ("publish", "subscribe", "all")
_SPACE: Final = " \t"


class RuleError(CallerError):
    """A rule that cannot be read; line and column begin with 1, the line is 0 if it has none."""

    def __init__(self, line: int, column: int, problem: str) -> None:
        where = f"line {line}, column {column}" if line else f"column {column}"
        super().__init__(f"{where}: {problem}")
        self.line = line
        self.column = column
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a rule, and where it begins. quoted: it is no keyword, whatever it says."""

    text: str
    column: int
    quoted: bool = False

    def says(self, keyword: str) -> bool:
        return self.text == keyword and not self.quoted


def parse_rules(text: str, source: str = "") -> list[Rule]:
    """The rules of a file. source: its name, for explanations. Raises RuleError."""
    rules = []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            rules.append(parse_rule(line.rstrip("\r"), f"{source}:{number}", number))
            if len(rules) > RULES_MAX:
                raise RuleError(number, 1, f"there are more than {RULES_MAX} rules")
    return rules


def parse_rule(text: str, source: str = "", line: int = 0) -> Rule:
    """One rule. Raises RuleError."""
    if len(text) > RULE_MAX:
        raise RuleError(line, RULE_MAX, f"the rule is longer than {RULE_MAX} characters")
    return _Parser(text, line).rule(source)


class _Parser:
    """Reads one line, word by word."""

    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.line = line
        self.words = self._words()
        self.at = 0
        self.nested = 0

    def wrong(self, column: int, problem: str) -> RuleError:
        return RuleError(self.line, column, problem)

    def _words(self) -> list[Word]:
        words = []
        at = 0
        text = self.text
        while at < len(text):
            one = text[at]
            if one in _SPACE:
                at += 1
            elif one in "()":
                words.append(Word(one, at + 1))
                at += 1
            elif one == '"':
                word, at = self._quoted(at)
                words.append(word)
            else:
                end = at
                while end < len(text) and text[end] not in ' \t()"':
                    end += 1
                words.append(Word(text[at:end], at + 1))
                at = end
        for word in words:
            for index, one in enumerate(word.text):
                if not one.isprintable():
                    raise self.wrong(word.column + index, f"{one!r} is not allowed in a rule")
        return words

    def _quoted(self, start: int) -> tuple[Word, int]:
        found: list[str] = []
        at = start + 1
        text = self.text
        while at < len(text):
            if text[at] == '"':
                return Word("".join(found), start + 1, quoted=True), at + 1
            if text[at] == "\\":
                at += 1
                if text[at : at + 1] not in ('"', "\\"):
                    raise self.wrong(at, 'expected \\" or \\\\ after the backslash')
            found.append(text[at])
            at += 1
        raise self.wrong(start + 1, "the quotes are not closed")

    def peek(self) -> Word | None:
        return self.words[self.at] if self.at < len(self.words) else None

    def follows(self, *keywords: str) -> bool:
        word = self.peek()
        return word is not None and not word.quoted and word.text in keywords

    def take(self, expected: str) -> Word:
        word = self.peek()
        if word is None:
            raise self.wrong(len(self.text.rstrip()) + 1, f"expected {expected}")
        self.at += 1
        return word

    def one_of(self, keywords: Any, expected: str) -> str:
        word = self.take(expected)
        if word.quoted or word.text not in keywords:
            raise self.wrong(word.column, f"expected {expected}, not {word.text!r}")
        return word.text

    # -- the grammar -----------------------------------------------------------------------------

    def rule(self, source: str) -> Rule:
        permission = PERMISSIONS[self.one_of(PERMISSIONS, "allow or deny")]
        who = self.who()
        action = self.one_of(ACTIONS, "publish, subscribe or all")
        qos, retain = self.conditions(action)
        topics = [self.topic()]
        while self.peek() is not None:
            topics.append(self.topic())
        everyone = isinstance(who, subjects.Everyone)
        text = self.text.strip()
        return Rule(
            permission, None if everyone else who, action, qos, retain, topics, source, text
        )

    def who(self) -> Who:
        found = [self.both()]
        while self.follows("or"):
            self.at += 1
            found.append(self.both())
        return found[0] if len(found) == 1 else subjects.AnyOf(tuple(found))

    def both(self) -> Who:
        found = [self.single()]
        while self.follows("and"):
            self.at += 1
            found.append(self.single())
        return found[0] if len(found) == 1 else subjects.AllOf(tuple(found))

    def single(self) -> Who:
        word = self.take("who it is about")
        if word.says("all"):
            return subjects.Everyone()
        if word.says("anonymous"):
            return subjects.Anonymous()
        if word.says("not") or word.says("("):
            return self.group(word)
        if not word.quoted and word.text in PATTERNS and self.follows("~"):
            self.at += 1
            return PATTERNS[word.text](self.expression())
        if not word.quoted and word.text in SUBJECTS:
            value = self.take(f"a value after {word.text}")
            if not value.quoted and value.text in ("(", ")"):
                raise self.wrong(value.column, f"expected a value after {word.text}")
            try:
                return SUBJECTS[word.text](value.text)
            except ValueError as error:
                raise self.wrong(value.column, str(error)) from None
        known = ", ".join(("all", "anonymous", *SUBJECTS, "not"))
        raise self.wrong(
            word.column, f"expected who it is about ({known} or a parenthesis), not {word.text!r}"
        )

    def group(self, opening: Word) -> Who:
        self.nested += 1
        if self.nested > NESTED_MAX:
            raise self.wrong(opening.column, f"more than {NESTED_MAX} are inside one another")
        found: Who
        if opening.text == "not":
            found = subjects.Not(self.single())
        else:
            found = self.who()
            self.one_of((")",), '")"')
        self.nested -= 1
        return found

    def expression(self) -> subjects.Expression:
        word = self.take("a regular expression after ~")
        import re2  # noqa: PLC0415 - only who uses expressions needs it

        options = re2.Options()
        options.log_errors = False
        options.max_mem = 1 << 20
        try:
            compiled: subjects.Expression = re2.compile(word.text, options)
        except re2.error as error:
            reason = error.args[0]
            shown = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
            raise self.wrong(word.column, f"the regular expression is wrong: {shown}") from None
        return compiled

    def conditions(self, action: str) -> tuple[list[int], int]:
        qos: list[int] = []
        retain = -1
        while (word := self.peek()) is not None and not word.quoted:
            name, equals, value = word.text.partition("=")
            if not equals or name not in ("qos", "retain"):
                break
            self.at += 1
            if name == "qos":
                given = value.split(",")
                if not set(given) <= {"0", "1", "2"}:
                    raise self.wrong(word.column + 4, "expected 0, 1 or 2, or some with commas")
                qos = sorted({int(one) for one in given})
            elif action == "subscribe":
                raise self.wrong(word.column, "retain= is about publishing, not subscribing")
            elif value not in ("true", "false"):
                raise self.wrong(word.column + 7, "expected true or false")
            else:
                retain = int(value == "true")
        return qos, retain

    def topic(self) -> RuleTopic:
        word = self.take("a topic")
        literal = word.says("eq")
        if literal:
            word = self.take("a topic after eq")
        if not word.quoted and word.text in ("(", ")"):
            raise self.wrong(word.column, f"expected a topic, not {word.text!r}")
        problem = topic_problem(word.text, literal)
        if problem:
            raise self.wrong(word.column, problem)
        return RuleTopic(word.text, literal)


def topic_problem(text: str, literal: bool) -> str:
    """Why a topic of a rule is none; "" if it is fine."""
    rest = text
    for name in PLACEHOLDERS:
        rest = rest.replace(name, "x")
    if "${" in rest:
        return f"there is no such placeholder in {text!r}; there are {', '.join(PLACEHOLDERS)}"
    if text.startswith("$share/") and not literal:
        return "shared subscriptions are judged by the filter behind $share/GROUP/: leave that out"
    return "" if text == EVERY_TOPIC else filter_problem(rest)


def _network(text: str) -> subjects.AddressIn:
    try:
        return subjects.AddressIn(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(f"expected an address or network: {error}") from None


SUBJECTS: Final[dict[str, Callable[[str], Who]]] = {
    "user": subjects.User,
    "client": subjects.Client,
    "address": _network,
    "cert_cn": subjects.CommonName,
    "cert_dn": subjects.Subject,
    "listener": subjects.Listener,
}
PATTERNS: Final[dict[str, Callable[[subjects.Expression], Who]]] = {
    "user": subjects.UserPattern,
    "client": subjects.ClientPattern,
}
