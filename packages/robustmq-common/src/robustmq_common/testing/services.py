"""[P] What the broker offers to a pack, in memory, and only as real as a test asks for."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, NoReturn, cast

from robustmq_common.spi.access import ALLOW, AuthResult, ClientInfo, EnhancedAuthenticator
from robustmq_common.spi.consumers import ConsumerGroups
from robustmq_common.spi.events import EventListener
from robustmq_common.spi.pack import ConnectedClient
from robustmq_common.spi.services import Router, Shared
from robustmq_common.spi.storage import Storage
from robustmq_common.spi.topics import TopicLogs
from robustmq_common.testing.log import RecordingLog
from robustmq_common.testing.metrics import FakeMetrics
from robustmq_common.testing.timers import FakeTimers


class FakeServices:
    """`BrokerServices` for a test: time, turns of the event loop and verdicts are the test's.

    sections: what `section` returns, by name.
    router, storage, topic_logs, consumers: for packs that use them; without, the first use of one
        fails the test. `storage` stands for every adapter's.
    verdict: what `authenticate` answers, at once.
    admission: what `admit` answers. gone, gone_codes: whom `left` was told of, and with what.
    clients: what `connected` has.
    denied: (action, topic) pairs that `authorize` refuses; without any, `authorizes` is False.
    changes: how often `access_changed` was called.
    methods: what `enhanced_authenticator` finds.
    """

    def __init__(
        self,
        sections: Mapping[str, Any] | None = None,
        router: Router | None = None,
        storage: Storage | None = None,
        topic_logs: TopicLogs | None = None,
        consumers: ConsumerGroups | None = None,
    ) -> None:
        self.sections = dict(sections or {})
        self.timers = FakeTimers()
        self.clock = self.timers.clock
        self.metrics = FakeMetrics()
        self.log = RecordingLog()
        self.router = router or cast(Router, _Missing("router"))
        self.storage = storage or cast(Storage, _Missing("storage"))
        self.topic_logs = topic_logs or cast(TopicLogs, _Missing("topic_logs"))
        self.consumers = consumers or cast(ConsumerGroups, _Missing("consumers"))
        self.version = "0.0.0"
        self.node = "test"
        self.verdict = AuthResult(ALLOW)
        self.admission = AuthResult(ALLOW)
        self.gone: list[ClientInfo] = []
        self.gone_codes: list[int] = []
        self.clients: list[ConnectedClient] = []
        self.denied: set[tuple[str, str]] = set()
        self.changes = 0
        self.methods: dict[str, EnhancedAuthenticator] = {}
        self.listeners: list[EventListener] = []
        self._soon: list[Callable[[], None]] = []
        self._tokens = 0
        self._shared: dict[type[Any], Any] = {}

    def section(self, name: str) -> Any:
        return self.sections[name]

    def storage_of(self, adapter: str) -> Storage:  # noqa: ARG002 - one stands for all
        return self.storage

    def has_topic_rules(self) -> bool:
        return False

    def soon(self, callback: Callable[[], None]) -> None:
        """Keep the callback until `turn`."""
        self._soon.append(callback)

    def turn(self) -> None:
        """End a turn of the event loop; what the callbacks ask for is for the next one."""
        callbacks, self._soon = self._soon, []
        for callback in callbacks:
            callback()

    def token(self, size: int) -> bytes:
        """Another value each time, and the same ones in every run."""
        self._tokens += 1
        return bytes(self._tokens >> 8 * place & 0xFF for place in reversed(range(size)))

    def authenticate(
        self,
        client: ClientInfo,  # noqa: ARG002 - a test that cares replaces this method
        password: bytes | None,  # noqa: ARG002
        done: Callable[[AuthResult], None],
    ) -> None:
        done(self.verdict)

    def admit(self, client: ClientInfo) -> AuthResult:  # noqa: ARG002
        return self.admission

    def left(self, client: ClientInfo, reason_code: int = 0) -> None:
        self.gone.append(client)
        self.gone_codes.append(reason_code)

    def connected(self) -> Iterator[ConnectedClient]:
        return iter(self.clients)

    def authorizes(self) -> bool:
        return bool(self.denied)

    def authorize(
        self,
        client: ClientInfo,  # noqa: ARG002
        action: str,
        topic: str,
        qos: int,  # noqa: ARG002
        retain: bool,  # noqa: ARG002
    ) -> bool:
        return (action, topic) not in self.denied

    def authorize_later(
        self,
        client: ClientInfo,
        action: str,
        topic: str,
        qos: int,
        retain: bool,
        done: Callable[[bool], None],
    ) -> None:
        done(self.authorize(client, action, topic, qos, retain))

    @property
    def decision_cache(self) -> tuple[int, float]:
        return (256, 60.0)

    def access_changed(self) -> None:
        self.changes += 1

    def enhanced_authenticator(
        self,
        method: str,
        listener: str,  # noqa: ARG002 - all have the same
    ) -> EnhancedAuthenticator | None:
        return self.methods.get(method)

    def shared(self, kind: type[Shared], make: Callable[[], Shared]) -> Shared:
        if kind not in self._shared:
            self._shared[kind] = make()
        found: Shared = self._shared[kind]
        return found

    def run(
        self, work: Coroutine[Any, Any, Any], done: Callable[[Any, Exception | None], None]
    ) -> None:
        """Run a coroutine that does not wait for anything, and call back at once."""
        try:
            work.send(None)
        except StopIteration as finished:
            result, error = finished.value, None
        except Exception as raised:  # noqa: BLE001 - it is the caller's to judge
            result, error = None, raised
        else:
            work.close()
            raise AssertionError(f"{work} has to wait, which FakeServices.run cannot do")
        done(result, error)

    run_at_once = run

    def listener_events(self) -> tuple[EventListener, ...]:
        return tuple(self.listeners)


class _Missing:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> NoReturn:
        raise AssertionError(f"give FakeServices a {self._name}: {attribute} is used")
