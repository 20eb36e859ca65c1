"""[R] acl.*: the stored access rules, and what all rules say of a client."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from robustmq_broker.access.rules.rule_text import RuleError, parse_rule
from robustmq_broker.control.command import PAGE, Answers, Arguments, Command, Context
from robustmq_common.errors import CallerError
from robustmq_common.spi.access import Certificate, ClientInfo
from robustmq_common.topic_filters import filter_problem

LINK: Final = "rules"
RULES_AT_ONCE: Final = 1000
"""Rules of one `acl.add`, at most: a request has to fit into a line."""


class NoArguments(Arguments):
    """For commands that need none."""


class AddArguments(Arguments):
    """rules: in their order. before: the number of the rule they go before; None for the end."""

    rules: list[str] = Field(min_length=1, max_length=RULES_AT_ONCE)
    before: int | None = None


class RuleArguments(Arguments):
    """Arguments of a command on one rule."""

    number: int


class TestArguments(Arguments):
    """A request of a client, as it would come.

    peer: its address, without a port. listener: the first one if it is empty.
    """

    action: Literal["publish", "subscribe"]
    topic: str
    qos: int = Field(0, ge=0, le=2)
    retain: bool = False
    user: str | None = None
    client: str = ""
    peer: str = "127.0.0.1"
    listener: str = ""
    cert_cn: str = ""


async def add(context: Context, given: AddArguments) -> Answers:
    """Add rules; yields the number of each, and whether the broker goes by the stored rules."""
    for index, text in enumerate(given.rules, 1):
        try:
            parse_rule(text)
        except RuleError as error:
            raise CallerError(f"rule {index}, {error}: {text}") from None
    added = await context.rules.add_all(given.rules, given.before)
    active = await _changed(context)
    for one in added:
        yield {"number": one.number, "rule": one.text, "active": active}


async def names(context: Context, given: NoArguments) -> Answers:  # noqa: ARG001
    """The rules in their order, a page in each answer."""
    rules = await context.rules.all()
    for start in range(0, len(rules), PAGE):
        page = rules[start : start + PAGE]
        yield {"rules": [{"number": one.number, "rule": one.text} for one in page]}


async def delete(context: Context, given: RuleArguments) -> Answers:
    """Forget a rule."""
    rule = await context.rules.delete(given.number)
    yield {"number": rule.number, "rule": rule.text, "active": await _changed(context)}


async def reload(context: Context, given: NoArguments) -> Answers:  # noqa: ARG001
    """Have everything read again that access control reads; yields the names."""
    for name in await context.running_access().reload():
        yield {"reloaded": name}


async def test(context: Context, given: TestArguments) -> Answers:
    """Say whether a request would be allowed, and what each authorizer says that is asked."""
    access = context.running_access()
    listener = given.listener or next(iter(access.listeners), "")
    if listener not in access.listeners:
        raise CallerError(
            f"there is no listener {given.listener!r}; there are {', '.join(access.listeners)}"
        )
    wildcards = given.action == "publish" and ("+" in given.topic or "#" in given.topic)
    problem = "a topic has no wildcards" if wildcards else filter_problem(given.topic)
    if problem or "\0" in given.topic:
        raise CallerError(f"{given.topic!r}: {problem or 'U+0000 is not allowed'}")
    peer = given.peer
    if peer != "unix":
        peer = f"[{peer}]:0" if ":" in peer else f"{peer}:0"
    certificate = Certificate(f"CN={given.cert_cn}", given.cert_cn) if given.cert_cn else None
    client = ClientInfo(
        given.client, given.user, peer, listener, "MQTT 5.0", certificate=certificate
    )
    allowed, opinions = await access.explain(
        client, given.action, given.topic, given.qos, given.retain
    )
    for one in opinions:
        yield {"authorizer": one.link, "verdict": one.verdict, "detail": one.detail}
    yield {"allowed": allowed}


async def _changed(context: Context) -> bool:
    """Have a broker that runs go by the changed rules; whether it asks them at all."""
    active = False
    if context.services is not None:
        for link in context.services.access.links():
            if link.name == LINK and hasattr(link, "reload"):
                active = True
                await link.reload()
    return active


COMMANDS: Final[Mapping[str, Command[Any]]] = {
    "acl.add": Command(AddArguments, add),
    "acl.list": Command(NoArguments, names),
    "acl.delete": Command(RuleArguments, delete),
    "acl.reload": Command(NoArguments, reload),
    "acl.test": Command(TestArguments, test),
}
