"""A short run of the server's fuzzer, with hypothesis to shorten what it finds.

`fuzz/server/fuzz_server.py` runs the same for as long as one likes.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server_fuzz import (
    ADVANCE,
    CONFIGURATIONS,
    CRASH,
    DROP,
    MOVES,
    Damage,
    Move,
    Run,
    check_output,
    play,
)
from server_fuzz_packets import PACKETS

PROGRAM = Path(__file__).parents[2] / "fuzz" / "server" / "fuzz_server.py"

DAMAGES = st.builds(Damage, st.integers(0, 7), st.integers(0, 100), st.integers(0, 255))
SCENARIOS = st.lists(
    st.builds(
        Move,
        st.integers(0, 2),
        st.integers(0, MOVES - 1),
        st.integers(0, 255),
        st.none() | st.none() | st.none() | DAMAGES,
    ),
    max_size=25,
)


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=False
)
@given(st.integers(0, len(CONFIGURATIONS) - 1), SCENARIOS)
def test_whatever_clients_do(configuration: int, moves: list[Move]) -> None:
    play(configuration, moves)


@pytest.mark.parametrize("configuration", range(len(CONFIGURATIONS)))
@pytest.mark.parametrize("number", range(len(PACKETS)))
@pytest.mark.parametrize("client", range(3))
def test_every_packet_alone(configuration: int, number: int, client: int) -> None:
    for detail in range(0, 256, 7):
        play(configuration, [Move(client, number, detail), Move(client, DROP, 0)])


@pytest.mark.parametrize("way", range(8))
def test_every_way_of_damage(way: int) -> None:
    for place in range(0, 60, 3):
        moves = [Move(0, number, 17, Damage(way, place, 0x80)) for number in range(len(PACKETS))]
        play(0, moves)


def test_what_it_must_notice() -> None:
    """A broker that goes on after DISCONNECT, answers twice, or cuts a packet."""
    run = Run(0, bytewise=False)
    run.make(Move(0, 0, 1))
    client, connection = run.clients[0]
    good = bytes(client.transport.written)
    check_output(good, connection)
    for bad in (good + good, good[:-1], b"\xd0\x00" + good, good + b"\xe0\x01\x82\xd0\x00"):
        with pytest.raises(AssertionError):
            check_output(bad, connection)
    client.transport.late = b"x"
    with pytest.raises(AssertionError, match="written after the close"):
        run.finish()


def test_the_program_runs_and_repeats() -> None:
    command = [sys.executable, str(PROGRAM), "--rounds", "20", "--seed", "5"]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
        for _ in range(2)
    )
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout.splitlines()[-1] == second.stdout.splitlines()[-1]
    moves = '{"configuration": 2, "moves": [[0, 0, 1, null], [0, 1, 2, [0, 1, 2]]]}'
    replay = subprocess.run(
        [sys.executable, str(PROGRAM), "--input", moves],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (replay.returncode, replay.stdout.strip()) == (0, "passed")
    assert max(ADVANCE, CRASH) < MOVES
