import pytest

from robustmq_broker.listeners.websocket.close import answer_to_close, close_frame


def code_of(frame: bytes) -> int:
    assert frame[0] == 0x88
    assert frame[1] == len(frame) - 2
    return int.from_bytes(frame[2:4], "big")


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1009, 1011, 1014, 3000, 4999])
def test_codes_are_echoed(code: int) -> None:
    assert code_of(answer_to_close(code.to_bytes(2, "big") + "grüße".encode())) == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])
def test_codes_that_may_not_be_sent(code: int) -> None:
    assert code_of(answer_to_close(code.to_bytes(2, "big"))) == 1002


@pytest.mark.parametrize(
    ("payload", "code"), [(b"", 1000), (b"\x03", 1002), (b"\x03\xe8\xff\xfe", 1007)]
)
def test_payloads(payload: bytes, code: int) -> None:
    assert code_of(answer_to_close(payload)) == code


def test_a_long_reason_is_cut_at_a_character() -> None:
    frame = close_frame(1000, "ü" * 100)
    assert frame[4:].decode() == "ü" * 61
