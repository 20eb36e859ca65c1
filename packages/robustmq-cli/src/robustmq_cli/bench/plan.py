"""[P] What a run of robust-bench does: who connects, who sends what to whom, for how long."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from robustmq_mqtt.client import MAX_PUBLISHERS, NUMBER, STAMP_SIZE

CONN: Final = "conn"
PUB: Final = "pub"
SUB: Final = "sub"
ROUNDTRIP: Final = "roundtrip"

CLIENT: Final = "%i"
CLIENT_ID: Final = "%c"
PLACEHOLDERS: Final = (CLIENT, CLIENT_ID, NUMBER)

PUBLISHER: Final = "p"
SUBSCRIBER: Final = "s"
IDLE: Final = "c"

UNDER_WAY: Final = {0: 500, 1: 20, 2: 20}
"""By QoS: messages that may be on their way to one subscriber, unless --window says otherwise.

Brokers queue a limited number (often 1,000) and have fewer in flight: 20 in mosquitto, of which
version 2.0.11 leaves those unsent that had to wait until others come.
"""
IN_FLIGHT: Final = 100
"""Messages in flight of a publisher whose messages nobody waits for."""


class PlanError(ValueError):
    """A run that cannot be; `option` is the one to blame."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True, slots=True)
class Plan:
    """A run, as the command line describes it. Times are in seconds, sizes in bytes.

    level: the protocol level, 3, 4 or 5. idle: clients that neither publish nor subscribe.
    topic: the template of publishers. topic_filter: that of subscribers and idle clients; empty for
    what `topic` makes of it, or for none. rate: messages per second and publisher, count: messages
    of each publisher (or to each subscriber, or connections of each client); duration and the two
    are 0 for no limit. window 0: chosen by QoS. recreate: clients connect again and again.
    """

    command: str
    host: str = "127.0.0.1"
    port: int = 1883
    level: int = 4
    publishers: int = 0
    subscribers: int = 0
    idle: int = 0
    processes: int = 1
    topic: str = ""
    topic_filter: str = ""
    qos: int = 0
    retain: bool = False
    size: int = 64
    payload: str | None = None
    count: int = 0
    rate: float = 0.0
    window: int = 0
    duration: float = 0.0
    ramp: float = 0.0
    timeout: float = 10.0
    recreate: bool = False
    client_id: str = ""
    username: str | None = None
    password: str | None = None
    keep_alive: int = 60
    clean: bool = True
    session_expiry: int = 0

    @property
    def clients(self) -> int:
        return self.publishers + self.subscribers + self.idle

    @property
    def paired(self) -> bool:
        """Whether each publisher has a subscriber of its own, in the same process."""
        same = self.publishers == self.subscribers
        return self.command == ROUNDTRIP and same and has_client(self.topic)

    @property
    def stamped(self) -> bool:
        """Whether payloads say when they were sent, and by whom."""
        return self.payload is None and self.size >= STAMP_SIZE

    def members(self, process: int) -> list[tuple[str, int]]:
        """The clients of a process, as role and number."""
        return [
            (role, number)
            for role in (SUBSCRIBER, PUBLISHER, IDLE)
            for number in range(process, self.number_of(role), self.processes)
        ]

    def number_of(self, role: str) -> int:
        """How many clients there are of a role."""
        return {PUBLISHER: self.publishers, SUBSCRIBER: self.subscribers, IDLE: self.idle}[role]

    def id_of(self, role: str, number: int) -> str:
        return f"{self.client_id}-{role}{number}"

    def topic_of(self, number: int) -> str:
        """The topic of a publisher, in which only the number of the message is left open."""
        return expand(self.topic, number, self.id_of(PUBLISHER, number))

    def filter_of(self, role: str, number: int) -> str:
        """The topic filter of a client; empty if it does not subscribe."""
        if role == PUBLISHER:
            return ""
        if self.topic_filter:
            return expand(self.topic_filter, number, self.id_of(role, number))
        if role == IDLE:
            return ""
        return opened(self.topic_of(number) if self.paired else self.topic)

    def under_way(self) -> int:
        """How many messages a publisher may have under way."""
        if self.window:
            return self.window
        if self.command == PUB:
            return IN_FLIGHT
        sharing = 1 if self.paired else max(1, self.publishers)
        return max(1, UNDER_WAY[self.qos] // sharing)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def check(plan: Plan) -> None:
    """Raise PlanError for what cannot be done, beyond what each option checks for itself."""
    if plan.clients < 1:
        raise PlanError("--clients", "there must be at least one client")
    if plan.publishers > MAX_PUBLISHERS:
        raise PlanError("--clients", f"there can be at most {MAX_PUBLISHERS:,} publishers")
    if plan.processes > plan.clients:
        raise PlanError("--processes", f"there are only {plan.clients} clients to share among them")
    if plan.publishers:
        _check_topic(plan)
    if plan.command == SUB and not plan.topic_filter:
        raise PlanError("--topic", "a topic filter is needed")
    if NUMBER in plan.topic_filter:
        raise PlanError("--topic", f"{NUMBER} has no meaning for a subscriber")
    if plan.command == ROUNDTRIP and not plan.stamped:
        raise PlanError("--size", f"a round trip needs {STAMP_SIZE} bytes for its stamp")
    if plan.password is not None and plan.username is None and plan.level < 5:
        raise PlanError("--password", "MQTT 3.x allows no password without a user name")


def _check_topic(plan: Plan) -> None:
    if not plan.topic:
        raise PlanError("--topic", "a topic is needed")
    if "+" in plan.topic or "#" in plan.topic or "\0" in plan.topic:
        raise PlanError("--topic", f"{plan.topic!r} is no topic to publish to: it has a wildcard")


def has_client(template: str) -> bool:
    """Whether each client gets a topic of its own."""
    return CLIENT in template or CLIENT_ID in template


def expand(template: str, number: int, client_id: str) -> str:
    """Fill in the client's number and identifier."""
    return template.replace(CLIENT, str(number)).replace(CLIENT_ID, client_id)


def opened(template: str) -> str:
    """The filter that all topics of a template match: whole levels become wildcards."""
    levels = template.split("/")
    return "/".join("+" if any(one in level for one in PLACEHOLDERS) else level for level in levels)
