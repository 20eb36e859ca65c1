"""MQTT over TLS against MQTT over TCP, robustmq beside mosquitto, in turn.

    python -m bench.tls [--rounds 3] [--clients 15000] [--only messages,handshakes,reconnect]

Both brokers have the same certificate (EC P-256) and speak TLS 1.3. The clients are one thread of
C (tls_load.c, which needs a compiler and OpenSSL's headers), so where they are the limit, the
broker's CPU says more than the rate. All figures are medians; a ratio is the median of the rounds'.
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.peers.base import Peer, Place, free_port, lets_in
from bench.peers.debian import Mosquitto
from bench.peers.robustmq import RobustMQ
from bench.process import Process

SOURCE: Final = Path(__file__).with_name("tls_load.c")
PATIENCE: Final = 240
"""Seconds that one run of the clients may take."""
RUN_SECONDS: Final = 1.5
"""How long a run of messages is to take, by the rate of a short one before it."""
FIRST_MESSAGES: Final = 20_000
HANDSHAKES: Final = 3_000
KIB: Final = 1024
WORKLOADS: Final = {
    "1 pair, QoS 0": {"publishers": 1, "subscribers": 1, "qos": 0, "window": 2_000},
    "10 pairs, QoS 0": {"publishers": 10, "subscribers": 10, "qos": 0, "window": 2_000},
    "10 pairs, QoS 1": {"publishers": 10, "subscribers": 10, "qos": 1, "window": 400},
    "10 pairs, QoS 0, 1 KiB": {
        "publishers": 10,
        "subscribers": 10,
        "qos": 0,
        "window": 400,
        "payload": KIB,
    },
    "1 to 50, QoS 0": {"publishers": 1, "subscribers": 50, "qos": 0, "window": 500},
}
KINDS: Final = ("messages", "handshakes", "reconnect")
Figures = dict[str, dict[str, list[float]]]
"""By what was measured and by broker: a figure for each round."""


@dataclass(frozen=True)
class Certificate:
    """PEM files."""

    chain: Path
    key: Path


class TlsMosquitto(Mosquitto):
    """mosquitto with a second listener."""

    def __init__(self, certificate: Certificate, tls_port: int) -> None:
        self._certificate = certificate
        self._tls_port = tls_port

    def command(self, place: Place) -> list[str]:
        command = super().command(place)
        with Path(command[-1]).open("a") as settings:
            settings.write(
                f"listener {self._tls_port} 127.0.0.1\n"
                f"certfile {self._certificate.chain}\nkeyfile {self._certificate.key}\n"
                "tls_version tlsv1.3\n"
                # Started by root, it would become a user who cannot read the key.
                "user root\n"
            )
        return command


class Broker:
    """A peer that can be killed and started again on the same ports."""

    def __init__(self, peer: Peer, tls_port: int, folder: Path) -> None:
        self.name = peer.name
        self._peer = peer
        self._folder = folder
        self._starts = 0
        self.ports = {"TCP": free_port(), "TLS": tls_port}
        self.process = self.launch()
        self.process.wait_until(lambda: lets_in(self.ports["TCP"]))

    def launch(self) -> Process:
        """Start it in a new folder, so that it finds nothing of the one before; do not wait."""
        self._starts += 1
        folder = self._folder / f"{self.name}-{self._starts}"
        folder.mkdir()
        place = Place(folder, self.ports["TCP"], self.ports["TCP"])
        command, environment = self._peer.command(place), self._peer.environment()
        self.process = Process(command, environment, folder / "output.log")
        return self.process

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.stop()


class Bench:
    """What has been measured, and the program that makes the load."""

    def __init__(self, program: Path, clients: int) -> None:
        self._program = program
        self._clients = clients
        self.figures: Figures = defaultdict(lambda: defaultdict(list))

    def messages(self, broker: Broker) -> None:
        for name, workload in WORKLOADS.items():
            for way, port in broker.ports.items():
                load = {**workload, "port": port, "tls": int(way == "TLS")}
                subscribers = workload["subscribers"]
                first = self._run("messages", load, messages=FIRST_MESSAGES // subscribers + 1)
                rate = first["received"] / first["seconds"]
                each = int(rate * RUN_SECONDS / subscribers) + 1
                before = broker.process.cpu_seconds()
                done = self._run("messages", load, messages=each)
                cpu = broker.process.cpu_seconds() - before
                self._add(f"{name}: {way} messages/s", broker, done["received"] / done["seconds"])
                self._add(f"{name}: {way} CPU s per 1M", broker, cpu * 1e6 / done["received"])
                # At 1 of a core the clients are the limit, not the broker.
                self._add(f"{name}: {way} clients' share of a core", broker, done["busy"])

    def handshakes(self, broker: Broker) -> None:
        for way, port in broker.ports.items():
            before = broker.process.cpu_seconds()
            load = {"port": port, "tls": int(way == "TLS"), "clients": HANDSHAKES}
            done = self._run("handshakes", load, at_once=50)
            cpu = broker.process.cpu_seconds() - before
            self._add(f"handshakes: {way} clients/s", broker, done["clients"] / done["seconds"])
            self._add(f"handshakes: {way} CPU s per 1,000", broker, cpu * 1e3 / done["clients"])

    def reconnect(self, broker: Broker) -> None:
        for way, port in broker.ports.items():
            arguments = {"port": port, "tls": int(way == "TLS"), "clients": self._clients}
            resident = broker.process.resident_bytes()
            with self._started("reconnect", arguments) as run:
                first = _answer(run)
                grown = (broker.process.resident_bytes() - resident) / first["clients"] / KIB
                broker.kill()
                broker.launch()
                second = _answer(run)
                cpu = broker.process.cpu_seconds()
            broker.process.wait_until(lambda: lets_in(broker.ports["TCP"]))
            self._add(f"reconnect: {way} KiB of memory per client", broker, grown)
            self._add(f"reconnect: {way} first connect, s", broker, first["seconds"])
            self._add(f"reconnect: {way} all back, s", broker, second["seconds"])
            self._add(f"reconnect: {way} attempts", broker, second["attempts"])
            self._add(f"reconnect: {way} CPU s until all are back", broker, cpu)

    def _add(self, what: str, broker: Broker, figure: float) -> None:
        self.figures[what][broker.name].append(figure)
        print(f"  {broker.name:10} {what}: {figure:,.2f}", file=sys.stderr, flush=True)

    def _command(self, mode: str, given: Mapping[str, int]) -> list[str]:
        options = {"patience": PATIENCE, **given}
        return [str(self._program), mode, *(f"{key}={value}" for key, value in options.items())]

    def _run(self, mode: str, given: Mapping[str, int], **more: int) -> dict[str, Any]:
        with self._started(mode, {**given, **more}) as run:
            return _answer(run)

    @contextlib.contextmanager
    def _started(self, mode: str, given: Mapping[str, int]) -> Iterator["subprocess.Popen[str]"]:
        with subprocess.Popen(self._command(mode, given), stdout=subprocess.PIPE, text=True) as run:
            try:
                yield run
                if run.wait(PATIENCE):
                    raise SystemExit(f"tls_load ended with status {run.returncode}: {run.args!r}")
            finally:
                run.kill()


def _answer(run: "subprocess.Popen[str]") -> dict[str, Any]:
    assert run.stdout is not None
    line = run.stdout.readline()
    if not line:
        raise SystemExit(f"tls_load said nothing: {run.args!r}")
    answer: dict[str, Any] = json.loads(line)
    return answer


def table(figures: Figures) -> Iterator[str]:
    """The medians, and robustmq's as a multiple of mosquitto's, as Markdown."""
    yield "| what | robustmq | mosquitto | robustmq / mosquitto |"
    yield "| --- | ---: | ---: | ---: |"
    for what, by_broker in figures.items():
        medians = (statistics.median(by_broker[name]) for name in ("robustmq", "mosquitto"))
        yield f"| {what} | {' | '.join(map(_shown, medians))} | {_against(by_broker):.2f} |"


def verdicts(figures: Figures) -> Iterator[str]:
    """The ratios that there are targets for."""
    for name in WORKLOADS:
        if f"{name}: TLS messages/s" in figures:
            tls, tcp = (_against(figures[f"{name}: {way} messages/s"]) for way in ("TLS", "TCP"))
            costs = (_against(figures[f"{name}: {way} CPU s per 1M"]) for way in ("TCP", "TLS"))
            yield (
                f"{name}: TLS is {tls:.2f} times mosquitto's, TCP {tcp:.2f} times; the one is "
                f"{tls / tcp:.2f} of the other (target: 0.5 or more), by CPU "
                f"{next(costs) / next(costs):.2f}"
            )
    if "reconnect: TLS all back, s" in figures:
        ratio = _against(figures["reconnect: TLS all back, s"])
        yield f"reconnect over TLS takes {ratio:.2f} of mosquitto's time (target: 1.0 or less)"


def _against(rounds: Mapping[str, Sequence[float]]) -> float:
    """How many times mosquitto's figure ours is."""
    pairs = zip(rounds["robustmq"], rounds["mosquitto"], strict=True)
    return statistics.median(ours / theirs if theirs else 0 for ours, theirs in pairs)


def _shown(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"


def make_certificate(folder: Path) -> Certificate:
    command = [sys.executable, "-m", "robustmq_cli.server", "tls", "dev-cert", "--dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return Certificate(folder / "server.pem", folder / "server.key")


def compile_load(folder: Path) -> Path:
    program = folder / "tls_load"
    compiler = shutil.which("cc") or "gcc"
    command = [compiler, "-O2", "-o", str(program), str(SOURCE), "-lssl", "-lcrypto"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"{SOURCE.name} does not compile (on Debian: apt-get install gcc libssl-dev):\n"
            f"{done.stderr}"
        )
    return program


def make_peers(certificate: Certificate) -> Iterator[tuple[Peer, int]]:
    """Both, ready to start, with their ports for TLS."""
    port = free_port()
    tls = {
        "protocol": "mqtt",
        "transport": "tls",
        "bind": f"127.0.0.1:{port}",
        "tls.certfile": str(certificate.chain),
        "tls.keyfile": str(certificate.key),
        "tls.versions": '["1.3"]',
    }
    yield RobustMQ(settings={f"listeners.tls.{key}": value for key, value in tls.items()}), port
    port = free_port()
    yield TlsMosquitto(certificate, port), port


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=15_000, help="of reconnect")
    parser.add_argument("--only", default=",".join(KINDS), help="some of %(default)s")
    given = parser.parse_args()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients = min(given.clients, hard - 500)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = Bench(compile_load(folder), clients)
        brokers: list[Broker] = []
        versions: list[str] = []
        for peer, tls_port in make_peers(make_certificate(folder / "certs")):
            peer.prepare()
            versions.append(f"{peer.name} {peer.version}")
            broker = Broker(peer, tls_port, folder)
            stack.callback(broker.stop)
            brokers.append(broker)
        facts = {"versions": "; ".join(versions), "clients": f"{clients:,}", **machine.facts()}
        began = os.getloadavg()[0]
        for number in range(given.rounds):
            for kind in given.only.split(","):
                measure: Callable[[Broker], None] = getattr(bench, kind)
                for broker in brokers if number % 2 == 0 else brokers[::-1]:
                    measure(broker)
    print("\n".join(table(bench.figures)), end="\n\n")
    print("\n".join(f"- {line}" for line in verdicts(bench.figures)), end="\n\n")
    facts["load average"] = f"{began:.2f} at the start, {os.getloadavg()[0]:.2f} at the end"
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, commit {machine.commit()};",
        "; ".join(f"{name} {value}" for name, value in facts.items()),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
