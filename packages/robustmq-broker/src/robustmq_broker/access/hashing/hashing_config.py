"""[P] The table `password_hashing`."""

from typing import Self

from pydantic import Field, model_validator

from robustmq_broker.access.hashing.verification import Argon2Cost
from robustmq_common.config.model import Bytes, Section


class HashingConfig(Section):
    """How passwords are hashed, and how much of the machine that may take."""

    memory: Bytes = Field(
        19_922_944,
        ge=65_536,
        le=1_073_741_824,
        description=(
            "Memory that hashing one password with argon2id takes. At any time, as much as this "
            "times `threads` is in use for it."
        ),
    )
    passes: int = Field(2, ge=1, le=100, description="How often argon2id goes over its memory.")
    parallelism: int = Field(1, ge=1, le=64, description="Lanes of argon2id.")
    threads: int = Field(2, ge=1, le=64, description="Passwords that are checked at the same time.")
    max_waiting: int = Field(
        1000,
        ge=0,
        le=1_000_000,
        description=(
            "Passwords that wait to be checked; of who comes then, the connection is refused with "
            "0x89 (server busy)."
        ),
    )

    @property
    def cost(self) -> Argon2Cost:
        """What a new hash costs."""
        return Argon2Cost(self.memory // 1024, self.passes, self.parallelism)

    @model_validator(mode="after")
    def _check_lanes(self) -> Self:
        if self.memory < 8192 * self.parallelism:
            raise ValueError("memory has to be at least 8 KB for each lane of parallelism")
        return self
