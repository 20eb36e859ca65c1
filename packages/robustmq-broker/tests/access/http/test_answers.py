"""What services answer: yes, no, no opinion; and everything that is none of these."""

from typing import Any

import pytest

from robustmq_broker.access.http.answers import Answer, BadAnswer, read_answer
from robustmq_common.spi.access import ALLOW, DENY, IGNORE


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (204, b"", Answer(ALLOW)),
        (200, b'{"result": "allow"}', Answer(ALLOW)),
        (200, b'{"result": "deny", "why": 1}', Answer(DENY)),
        (200, b'{"result": "ignore"}', Answer(IGNORE)),
        (200, b'{"result": "allow", "is_superuser": true}', Answer(ALLOW, True)),
        (200, b'{"result": "allow", "expire_at": 17}', Answer(ALLOW, False, 17.0)),
        (200, b'{"result": "allow", "expire_at": null}', Answer(ALLOW)),
        (200, b'{"result": "allow", "acl": null}', Answer(ALLOW)),
    ],
)
def test_answers(status: int, body: bytes, answer: Any) -> None:
    assert read_answer(status, body) == answer


@pytest.mark.parametrize("status", [100, 201, 202, 301, 302, 400, 401, 403, 404, 500, 503])
def test_other_statuses_are_no_answers(status: int) -> None:
    with pytest.raises(BadAnswer, match=f"status is {status}"):
        read_answer(status, b'{"result": "allow"}')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"allow",
        b'"allow"',
        b"true",
        b'["allow"]',
        b"{}",
        b'{"result": true}',
        b'{"result": "ALLOW"}',
        b'{"result": "allow "}',
        b'{"result": ["allow"]}',
        b'{"result": null}',
        b'{"result": "deny", "result": "allow"}',
        b'{"result": "allow"',
        b'{"result": "allow", "is_superuser": "true"}',
        b'{"result": "allow", "is_superuser": 1}',
        b'{"result": "allow", "is_superuser": null}',
        b'{"result": "allow", "expire_at": "tomorrow"}',
        b'{"result": "allow", "expire_at": true}',
        b'{"result": "allow", "expire_at": 1e999}',
        b'{"result": "allow", "expire_at": ' + b"9" * 400 + b"}",
        b'{"result":' * 10_000,
        b'{"result": "allow", "acl": []}',
        b"\xff\xfe",
    ],
)
def test_garbage_is_no_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        read_answer(200, body)
