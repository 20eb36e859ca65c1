"""[P] The table `password_file`."""

from pydantic import Field

from robustmq_common.config.model import Bytes, Seconds, Section


class PasswordFileConfig(Section):
    """A file of user names and hashes, for the authenticator "password_file"."""

    path: str | None = Field(
        None,
        min_length=1,
        description=(
            "The file, seen from where the broker is started: a line NAME:HASH for each user, as "
            "mosquitto_passwd writes it."
        ),
    )
    check_interval: Seconds = Field(
        5.0, ge=0.1, le=86_400, description="How often to look whether the file has changed."
    )
    max_size: Bytes = Field(
        67_108_864, ge=1024, le=1_073_741_824, description="A larger file is refused."
    )
