"""A broker put together: packs, listeners and storage, started, used and stopped."""

import asyncio
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from robustmq_broker import app
from robustmq_broker.app import Broker, raise_file_limit, run, serve
from robustmq_broker.config import SECTIONS
from robustmq_broker.event_loop import new_event_loop
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.config import Settings, load_settings
from robustmq_common.config.quantities import parse_address
from robustmq_common.errors import ConfigError, ListenError, StorageError
from robustmq_common.message import Record
from robustmq_common.plugins.discovery import PluginInfo
from robustmq_common.plugins.registry import Registry
from robustmq_common.spi.access import DENY, AuthResult, ClientInfo
from robustmq_common.spi.services import BrokerServices

DEADLINE = 10.0


class Upper:
    """A connection that answers in capitals."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data.upper())

    def eof_received(self) -> None: ...
    def connection_lost(self) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


class UpperPack:
    """Says what happens to it in `story`."""

    name = "upper"
    story: list[str] = []

    def __init__(self) -> None:
        self.connections: list[Upper] = []

    async def start(self, services: BrokerServices) -> None:
        self.services = services
        self.story.append(f"{self.name} starts")

    def connection(self, transport: Any) -> Upper:
        self.connections.append(Upper(transport))
        return self.connections[-1]

    def connected(self) -> tuple[()]:
        return ()

    def access_changed(self) -> None:
        pass

    def stopping(self) -> None:
        self.story.append(f"{self.name} is stopping")
        for connection in self.connections:
            connection.transport.close()

    async def stop(self) -> None:
        self.story.append(f"{self.name} stops")


class StubbornPack(UpperPack):
    """Does not close its connections."""

    name = "stubborn"

    def access_changed(self) -> None:
        pass

    def stopping(self) -> None:
        self.story.append(f"{self.name} is stopping")


class FaultyPack(UpperPack):
    name = "faulty"

    async def start(self, services: BrokerServices) -> None:
        raise ConfigError("faulty by design")


class Storage(MemoryAdapter):
    name = "noted"
    story: list[str] = []

    async def open(self) -> None:
        await super().open()
        self.story.append("storage opens")

    async def close(self) -> None:
        await super().close()
        self.story.append("storage closes")


class Shelf(MemoryAdapter):
    """The adapter that rules for topics name; takes settings, and fails with one of them."""

    name = "shelf"
    story: list[str] = []

    def __init__(self, settings: Mapping[str, Any], data_dir: Path) -> None:
        super().__init__({}, data_dir)
        if "wrong" in settings:
            raise ConfigError("wrong is wrong")
        self.settings = settings

    async def open(self) -> None:
        if "broken" in self.settings:
            raise StorageError("cannot be opened")
        await super().open()
        self.story.append(f"shelf opens with {dict(self.settings)}")

    async def close(self) -> None:
        await super().close()
        self.story.append("shelf closes")


class Strict:
    name = "strict"

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        return AuthResult(DENY, 0x87)

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        return DENY


class Scram:
    method = "SCRAM"


class Loading:
    """A link that has to wait before anyone can be let in, and may not get ready."""

    name = "loading"
    story: list[str]

    async def start(self, services: BrokerServices) -> None:
        await asyncio.sleep(0)
        if services.node == "faulty":
            raise StorageError("the users cannot be read")
        self.story.append("link is loaded")

    def reload(self) -> None:
        self.story.append("link loads again")

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        return AuthResult(DENY)


class LoadingMethod(Scram):
    method = "LOADING"
    authenticator = "loading"


class Story:
    """What happened, in order, to packs and storage of one broker."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        packs = [self._told(kind) for kind in (UpperPack, StubbornPack, FaultyPack)]
        self.registry = Registry(
            [
                (
                    PluginInfo("test", "robustmq-test", "1.0"),
                    {
                        "robustmq_protocol_packs": [(one.name, one) for one in packs],
                        "robustmq_storage_adapters": [
                            ("noted", self._told(Storage)),
                            ("shelf", self._told(Shelf)),
                        ],
                        "robustmq_authenticators": [
                            ("strict", Strict),
                            ("loading", self._told(Loading)),
                        ],
                        "robustmq_authorizers": [("strict", Strict)],
                        "robustmq_enhanced_authenticators": [
                            ("SCRAM", Scram),
                            ("LOADING", LoadingMethod),
                        ],
                    },
                )
            ]
        )

    def _told(self, kind: type[Any]) -> type[Any]:
        return type(kind.__name__, (kind,), {"story": self.lines})


def settings(*given: str, **protocols: str) -> Settings:
    """Settings with a listener on a free port for each protocol, by the listener's name."""
    listeners = {
        name: {"protocol": protocol, "bind": "127.0.0.1:0"} for name, protocol in protocols.items()
    }
    return load_settings(
        SECTIONS, None, {}, ["storage.adapter=noted", *given], {"listeners": listeners}
    )


def in_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(work())


async def ask(address: str, question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*parse_address(address))
    writer.write(question)
    answer = await asyncio.wait_for(reader.readexactly(len(question)), DEADLINE)
    writer.close()
    await writer.wait_closed()
    return answer


def test_start_serve_stop() -> None:
    story = Story()

    async def work() -> None:
        broker = Broker(settings(one="upper", two="upper"), story.registry)
        await broker.start()
        # Both listeners have the same pack, and a port of their own.
        assert story.lines == ["storage opens", "upper starts"]
        assert len(set(broker.addresses.values())) == 2
        for address in broker.addresses.values():
            assert await ask(address, b"hello") == b"HELLO"
        await broker.stop()
        assert story.lines[2:] == ["upper is stopping", "upper stops", "storage closes"]
        for address in broker.addresses.values():
            with pytest.raises(ConnectionRefusedError):
                await ask(address, b"hello")

    in_loop(work)


def test_packs_get_the_services_of_the_settings(tmp_path: Path) -> None:
    story = Story()

    async def work() -> None:
        given = settings(
            "broker.node=node-7",
            f"broker.data_dir={tmp_path}",
            'access.authenticators=["strict"]',
            'access.authorizers=["strict"]',
            one="upper",
        )
        broker = Broker(given, story.registry)
        await broker.start()
        services = broker.services
        assert services.node == "node-7"
        assert services.storage.adapter is broker.adapter
        assert services.authorizes()
        client = ClientInfo("c", "u", "127.0.0.1:1", "one", "test")
        assert not services.authorize(client, "publish", "a", 0, False)
        verdict: asyncio.Future[AuthResult] = asyncio.get_running_loop().create_future()
        services.authenticate(client, b"x", verdict.set_result)
        assert (await asyncio.wait_for(verdict, DEADLINE)).verdict == DENY
        method = services.enhanced_authenticator("SCRAM", "one")
        assert method is not None
        assert method.method == "SCRAM"
        await broker.stop()

    in_loop(work)


def test_links_are_waited_for_before_anyone_is_served() -> None:
    story = Story()

    async def work() -> None:
        given = settings('access.authenticators=["loading"]', one="upper")
        broker = Broker(given, story.registry)
        await broker.start()
        assert story.lines == ["storage opens", "link is loaded", "upper starts"]
        assert broker.services.enhanced_authenticator("LOADING", "one") is not None
        broker.reload()
        assert story.lines[3:] == ["link loads again"]
        await broker.stop()

    in_loop(work)


def test_a_link_that_cannot_start_refuses_the_start() -> None:
    story = Story()

    async def work() -> None:
        given = settings('access.authenticators=["loading"]', "broker.node=faulty", one="upper")
        with pytest.raises(StorageError, match="users cannot be read"):
            await Broker(given, story.registry).start()
        assert story.lines == ["storage opens", "storage closes"]

    in_loop(work)


def test_a_method_of_a_link_that_no_chain_has_is_not_made() -> None:
    async def work() -> None:
        broker = Broker(settings(one="upper"), Story().registry)
        await broker.start()
        assert broker.services.enhanced_authenticator("LOADING", "one") is None
        await broker.stop()

    in_loop(work)


def test_the_adapter_is_told_how_durable_it_is_to_be() -> None:
    for given, durability in (((), "os"), (("storage.durability=fsync",), "fsync")):
        broker = Broker(settings(*given, one="upper"), Story().registry)
        assert broker.adapter.durability == durability


def test_an_adapter_may_be_given() -> None:
    async def work() -> None:
        adapter = MemoryAdapter({}, Path())
        broker = Broker(settings(one="upper"), Story().registry, adapter)
        await broker.start()
        assert broker.services.storage.adapter is adapter
        await broker.stop()

    in_loop(work)


def test_adapters_that_rules_name_are_opened_once_and_closed() -> None:
    story = Story()
    rules = (
        "topics=[{filter='a', adapter='shelf'}, {filter='b', adapter='noted'},"
        "{filter='c', adapter='shelf', settings={row = 7}}, {filter='d', retention='1h'}]"
    )

    async def work() -> None:
        broker = Broker(settings(rules, one="upper"), story.registry)
        await broker.start()
        assert story.lines == ["storage opens", "shelf opens with {'row': 7}", "upper starts"]
        services = broker.services
        for topic, adapter in {"a": "shelf", "b": "noted", "c": "shelf", "d": "noted"}.items():
            policy = services.router.route(topic).policy
            assert policy is not None
            storage = services.topic_logs.append(Record(topic, b"x"), policy)
            assert storage.adapter is broker.adapters[adapter]
        await broker.stop()
        assert story.lines[-3:] == ["upper stops", "shelf closes", "storage closes"]

    in_loop(work)


def test_the_settings_of_a_rule_are_told_from_those_of_the_storage() -> None:
    rules = "topics=[{filter='a', adapter='shelf', settings={wrong = 1}}]"
    with pytest.raises(ConfigError, match=r"adapter shelf of \[\[topics\]\]: wrong is wrong"):
        Broker(settings(rules, one="upper"), Story().registry)


@pytest.mark.parametrize(("configured", "wanted"), [("memory", "os"), ("fsync", "fsync")])
def test_adapters_are_as_durable_as_rules_ask(configured: str, wanted: str) -> None:
    rules = "topics=[{filter='a', adapter='shelf', durability='fsync'}]"
    given = settings(rules, f"storage.durability={configured}", one="upper")
    broker = Broker(given, Story().registry)
    assert [one.durability for one in broker.adapters.values()] == [wanted, wanted]


def test_an_adapter_of_a_rule_that_does_not_open_is_named() -> None:
    story = Story()
    rules = "topics=[{filter='a', adapter='shelf', settings={broken = true}}]"

    async def work() -> None:
        broker = Broker(settings(rules, one="upper"), story.registry)
        with pytest.raises(StorageError, match="storage adapter shelf: cannot be opened"):
            await broker.start()
        assert story.lines == ["storage opens", "storage closes"]

    in_loop(work)


def test_listeners_that_are_not_enabled_stay_closed() -> None:
    story = Story()

    async def work() -> None:
        broker = Broker(
            settings("listeners.two.enabled=false", one="upper", two="faulty"), story.registry
        )
        await broker.start()
        assert list(broker.addresses) == ["one"]
        await broker.stop()

    in_loop(work)


def test_a_failed_start_leaves_nothing_open() -> None:
    story = Story()

    async def work() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            given = settings(f"listeners.two.bind=127.0.0.1:{port}", one="upper", two="upper")
            broker = Broker(given, story.registry)
            with pytest.raises(ListenError, match="listener 'two' cannot listen"):
                await broker.start()
        assert story.lines[-1] == "storage closes"
        with pytest.raises(ConnectionRefusedError):
            await ask(broker.addresses["one"], b"hello")

    in_loop(work)


def test_a_pack_that_cannot_start_stops_the_start() -> None:
    story = Story()

    async def work() -> None:
        broker = Broker(settings(one="upper", two="faulty"), story.registry)
        with pytest.raises(ConfigError, match="faulty by design"):
            await broker.start()
        assert story.lines == [
            "storage opens",
            "upper starts",
            "upper is stopping",
            "upper stops",
            "storage closes",
        ]

    in_loop(work)


def test_stopping_waits_for_all_listeners_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "CLOSE_SECONDS", 0.5)
    names = [f"listener-{number}" for number in range(6)]

    async def work() -> None:
        broker = Broker(settings(**dict.fromkeys(names, "stubborn")), Story().registry)
        await broker.start()
        clients = [
            await asyncio.open_connection(*parse_address(address))
            for address in broker.addresses.values()
        ]
        async with asyncio.timeout(DEADLINE):
            while any(not listener.connections for listener in broker.listeners):  # noqa: ASYNC110
                await asyncio.sleep(0)
        begin = time.monotonic()
        await broker.stop()
        took = time.monotonic() - begin
        for _, writer in clients:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        # SIGTERM has to end the process within five seconds, however many listeners it has.
        assert took < 6 * 0.5

    in_loop(work)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(number: signal.Signals) -> None:
    story = Story()
    code = run(
        settings(one="upper"), story.registry, lambda _addresses: os.kill(os.getpid(), number)
    )
    assert code == 0
    assert story.lines == [
        "storage opens",
        "upper starts",
        "upper is stopping",
        "upper stops",
        "storage closes",
    ]


def test_serving_needs_nobody_who_waits_for_it() -> None:
    story = Story()

    async def work() -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(serve(settings(one="upper"), story.registry, None))
        async with asyncio.timeout(DEADLINE):
            while "upper starts" not in story.lines:  # noqa: ASYNC110
                await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, DEADLINE)
        assert story.lines[-1] == "storage closes"

    in_loop(work)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            "listeners.one.protocol=amqp",
            "the installed protocol packs are: faulty, stubborn, upper",
        ),
        (
            "listeners.one.transport=udp",
            "the installed transports are: quic, tcp, tls, unix, ws, wss",
        ),
        ("storage.adapter=rocksdb", "the installed storage adapters are: noted, shelf"),
        ("topics=[{filter='a', adapter='x'}]", r"topics\[0\].adapter = \"x\": there is none"),
        ('access.authenticators=["ldap"]', "the installed authenticators are: loading, strict"),
        ('access.authorizers=["ldap"]', "the installed authorizers are: strict"),
        ("listeners.one.bind=0.0.0.0:0", "nothing asks clients who they are"),
    ],
)
def test_what_is_not_there_stops_the_start(given: str, sentence: str) -> None:
    story = Story()
    with pytest.raises(ConfigError, match=sentence):
        run(settings(given, one="upper"), story.registry)
    assert story.lines == []


def test_as_many_files_as_the_system_allows() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[0], 200), before[1]))
        raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
        raise_file_limit()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
