"""[P] The table `users`."""

from typing import Literal

from pydantic import Field

from robustmq_broker.access.scram.keys import ALGORITHMS, ITERATIONS_MAX, ITERATIONS_MIN
from robustmq_common.config.model import Section


class UsersConfig(Section):
    """The users that the broker itself keeps, for the authenticators "users" and "scram"."""

    user_id_type: Literal["username", "client_id"] = Field(
        "username",
        description=(
            'What the authenticator "users" looks up: the user name, or the client identifier. '
            "SCRAM is always by user name."
        ),
    )
    scram: list[Literal["SCRAM-SHA-256", "SCRAM-SHA-512"]] = Field(
        default_factory=list,
        max_length=len(ALGORITHMS),
        description=(
            "SCRAM methods for which new passwords get keys. A user who got the password before "
            "can only use them after `robust-ctl user passwd`."
        ),
    )
    scram_iterations: int = Field(
        600_000,
        ge=ITERATIONS_MIN,
        le=ITERATIONS_MAX,
        description=(
            "What deriving the keys of a new password costs. Clients pay it at each connection, "
            "the broker only when the password is set; small devices may need 4096."
        ),
    )
