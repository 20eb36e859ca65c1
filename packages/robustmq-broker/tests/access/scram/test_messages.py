"""What clients send, read strictly."""

import pytest

from robustmq_broker.access.scram.messages import (
    ScramError,
    parse_client_final,
    parse_client_first,
)


def test_a_first_message() -> None:
    first = parse_client_first(b"n,,n=us=2Cer=3D,r=rOprNGfwEbeRWgbNEkqO")
    assert first.username == "us,er="
    assert first.nonce == "rOprNGfwEbeRWgbNEkqO"
    assert first.gs2_header == "n,,"
    assert first.bare == "n=us=2Cer=3D,r=rOprNGfwEbeRWgbNEkqO"
    # Unknown optional extensions are passed over (section 5.1).
    assert parse_client_first(b"y,a=u,n=u,r=12345678,x=ext").gs2_header == "y,a=u,"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "expected"),
        (b"n,,n=,r=12345678", "expected"),
        (b"n,,n=u", "expected"),
        (b"n=u,r=12345678", "expected"),
        (b"n,,r=12345678,n=u", "expected"),
        (b"n,,m=x,n=u,r=12345678", "extension"),
        (b"p=tls-unique,,n=u,r=12345678", "channel binding"),
        (b"n,a=other,n=u,r=12345678", "somebody else"),
        (b"n,,n=u=,r=12345678", "user name"),
        (b"n,,n=u=2c,r=12345678", "user name"),
        (b"n,,n=u,r=1234567", "nonce"),
        (b"n,,n=u,r=12345 78", "nonce"),
        (b"n,,n=u,r=" + b"1" * 257, "nonce"),
        (b"n,,n=u\0,r=12345678", "control"),
        (b"n,,n=\xff,r=12345678", "UTF-8"),
        (b"n,,n=" + b"u" * 4096 + b",r=12345678", "longer"),
    ],
)
def test_what_is_no_first_message(data: bytes, problem: str) -> None:
    with pytest.raises(ScramError, match=problem):
        parse_client_first(data)


def test_a_final_message() -> None:
    final = parse_client_final(b"c=biws,r=nonce,x=ext,p=cHJvb2Y=")
    assert final.channel_binding == b"n,,"
    assert final.nonce == "nonce"
    assert final.proof == b"proof"
    assert final.without_proof == "c=biws,r=nonce,x=ext"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "expected"),
        (b"c=biws,r=nonce", "expected"),
        (b"c=biws,p=cHJvb2Y=,r=nonce", "expected"),
        (b"c=biws,r=nonce,p=***", "Base64"),
        (b"c=bi ws,r=nonce,p=cHJvb2Y=", "Base64"),
        ("c=biws,r=nonce,p=ä".encode(), "Base64"),
        (b"c=biws,r=no\nnce,p=cHJvb2Y=", "control"),
    ],
)
def test_what_is_no_final_message(data: bytes, problem: str) -> None:
    with pytest.raises(ScramError, match=problem):
        parse_client_final(data)
