"""[P] The `[acl_file]` section of the configuration."""

from typing import Literal

from pydantic import Field

from robustmq_common.config.model import Seconds, Section


class AclFileConfig(Section):
    """Rules in a file, for the authorizer "acl_file"."""

    path: str = Field(
        "acl.conf",
        min_length=1,
        description="The file, seen from where the broker is started.",
    )
    format: Literal["auto", "rules", "mosquitto"] = Field(
        "auto",
        description=(
            "How it is written: as `robust-ctl acl` has it, or as mosquitto's `acl_file`; auto "
            "looks at the first rule."
        ),
    )
    check_interval: Seconds = Field(
        2.0,
        ge=0,
        le=3600,
        description="How often to look whether it has changed, to read it again; 0 for never.",
    )
