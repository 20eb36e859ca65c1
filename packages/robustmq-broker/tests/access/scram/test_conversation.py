"""Exchanges: the example of RFC 7677, and a client that somebody else wrote."""

import base64

import pytest
import scramp

from robustmq_broker.access.scram.conversation import Conversation
from robustmq_broker.access.scram.keys import decoy_keys, derive_keys
from robustmq_broker.access.scram.messages import ScramError, parse_client_first

# RFC 7677 section 3.
FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)


def example() -> Conversation:
    keys = derive_keys("SCRAM-SHA-256", "pencil", SALT, 4096)
    return Conversation(parse_client_first(FIRST), keys, SERVER_NONCE)


def test_the_example_of_rfc_7677() -> None:
    one = example()
    assert one.server_first() == (
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    assert one.server_final(FINAL) == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize("method", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("password", ["pencil", "p\u00e4ss, w=rt", "\u2168"])
def test_another_implementation_gets_in(method: str, password: str) -> None:
    client = scramp.ScramClient([method], "us,er=", password)
    keys = derive_keys(method, password, SALT, 4096)
    one = Conversation(parse_client_first(client.get_client_first().encode()), keys, "n" * 24)
    client.set_server_first(one.server_first())
    answer = one.server_final(client.get_client_final().encode())
    assert answer is not None
    client.set_server_final(answer)


@pytest.mark.parametrize("password", ["pencils", "Pencil"])
def test_another_password_does_not(password: str) -> None:
    client = scramp.ScramClient(["SCRAM-SHA-256"], "user", password)
    keys = derive_keys("SCRAM-SHA-256", "pencil", SALT, 4096)
    for kept in (keys, decoy_keys("SCRAM-SHA-256", "user", b"secret", 4096)):
        client = scramp.ScramClient(["SCRAM-SHA-256"], "user", password)
        one = Conversation(parse_client_first(client.get_client_first().encode()), kept, "n" * 24)
        client.set_server_first(one.server_first())
        assert one.server_final(client.get_client_final().encode()) is None


def test_what_was_changed_on_the_way_is_noticed() -> None:
    with pytest.raises(ScramError, match="another nonce"):
        example().server_final(FINAL.replace(b"rOpr", b"sOpr"))
    with pytest.raises(ScramError, match="another beginning"):
        example().server_final(FINAL.replace(b"biws", b"eSws"))
    assert example().server_final(FINAL.replace(b"dHzb", b"dHzc")) is None
    assert example().server_final(FINAL.split(b"p=")[0] + b"p=AAAA") is None
