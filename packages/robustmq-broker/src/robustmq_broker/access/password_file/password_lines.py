"""[P] The lines of a password file: `NAME:HASH`, as mosquitto_passwd writes them, or `#` and text.

Hashes are in any form of `hashing.forms`.
"""

from typing import Final

from robustmq_broker.access.hashing.forms import HashFormError, parse_hash
from robustmq_broker.access.users.user_record import check_name
from robustmq_common.errors import CallerError, ConfigError

PROBLEMS_MAX: Final = 20
"""Lines that are complained about at once."""


def parse_password_file(data: bytes, path: str) -> dict[str, str]:
    """Read a file's users: the hash, in its own form, by name.

    Raises ConfigError with a line for each line that is wrong, and none of their hashes.
    """
    users: dict[str, str] = {}
    problems: list[str] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            entry = _entry(line)
            if entry is not None:
                if entry[0] in users:
                    raise ConfigError(f"the user {entry[0]!r} is there twice")
                users[entry[0]] = entry[1]
        except (CallerError, HashFormError) as error:
            problems.append(f"{path}, line {number}: {error}")
    if problems:
        left_out = len(problems) - PROBLEMS_MAX
        more = [f"{path}: {left_out} more lines are wrong"] if left_out > 0 else []
        raise ConfigError("\n".join([*problems[:PROBLEMS_MAX], *more]))
    return users


def _entry(line: bytes) -> tuple[str, str] | None:
    try:
        text = line.decode().removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigError("it is not UTF-8") from None
    if not text.strip() or text.startswith("#"):
        return None
    # A name may have colons, a hash has none.
    name, colon, known = text.rpartition(":")
    if not colon:
        raise ConfigError("expected NAME:HASH")
    check_name(name)
    return name, str(parse_hash(known))
