import pytest

from robustmq_cli.bench import messages


def test_a_message_is_a_line() -> None:
    line = messages.line(messages.READY, subscribers=5)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert messages.parse(line) == {"kind": "ready", "subscribers": 5}


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"kind":1}'])
def test_what_is_no_message_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever: it has to be caught
        messages.parse(text)


def test_what_publishers_have_sent_keeps_their_numbers() -> None:
    sent = {0: 5, 65_535: 7}
    line = messages.line(messages.DONE, sent=messages.sent_to_json(sent))
    assert messages.sent_from_json(messages.parse(line)["sent"]) == sent


def test_the_longest_line_fits() -> None:
    sent = dict.fromkeys(range(65536), 4294967295)
    line = messages.line(messages.DRAIN, sent=messages.sent_to_json(sent))
    assert len(line) * 10 < messages.LONGEST
