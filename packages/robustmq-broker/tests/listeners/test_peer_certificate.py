"""Subjects as RFC 4514 writes them."""

from robustmq_broker.listeners.peer_certificate import peer_certificate


def subject(*names: tuple[str, str]) -> str:
    return peer_certificate({"subject": tuple((name,) for name in names)}, b"").subject


def test_the_last_name_goes_first() -> None:
    assert subject(("organizationName", "Example"), ("commonName", "m-7")) == "CN=m-7,O=Example"


def test_special_characters_are_escaped() -> None:
    assert subject(("commonName", 'a,b+c"d\\e<f>;')) == 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>\\;'
    assert subject(("commonName", " x ")) == "CN=\\ x\\ "
    assert subject(("commonName", "#1")) == "CN=\\#1"
    assert subject(("commonName", "a\0b")) == "CN=a\\00b"


def test_several_attributes_in_one_name() -> None:
    facts = {"subject": ((("commonName", "a"), ("userId", "b")),)}
    assert peer_certificate(facts, b"").subject == "CN=a+UID=b"


def test_the_last_common_name_counts_and_names_have_kinds() -> None:
    made = peer_certificate(
        {
            "subject": ((("commonName", "first"),), (("commonName", "last"),)),
            "subjectAltName": (
                ("DNS", "a.example"),
                ("IP Address", "127.0.0.1"),
                ("URI", "urn:x"),
                ("email", "a@example.org"),
                ("DirName", "((),)"),
            ),
        },
        b"der",
    )
    assert made.common_name == "last"
    assert made.names == ("DNS:a.example", "IP:127.0.0.1", "URI:urn:x", "email:a@example.org")
    assert made.der == b"der"


def test_a_certificate_without_a_subject() -> None:
    assert peer_certificate({}, b"x").subject == ""
    assert peer_certificate({}, b"x").common_name == ""
