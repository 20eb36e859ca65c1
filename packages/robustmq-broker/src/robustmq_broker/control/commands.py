"""[R] The commands there are, by name: a request is checked, carried out and answered.

A group of commands is a module with a dict `COMMANDS`, which is listed here.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from robustmq_broker.control import (
    acl_commands,
    backup_commands,
    ban_commands,
    group_commands,
    listener_commands,
    storage_commands,
    topic_commands,
    user_commands,
)
from robustmq_broker.control.command import Answers, Command, Context
from robustmq_common.errors import CallerError

COMMANDS: Final[Mapping[str, Command[Any]]] = {
    **storage_commands.COMMANDS,
    **backup_commands.COMMANDS,
    **group_commands.COMMANDS,
    **listener_commands.COMMANDS,
    **topic_commands.COMMANDS,
    **ban_commands.COMMANDS,
    **user_commands.COMMANDS,
    **acl_commands.COMMANDS,
}


def perform(context: Context, name: str, arguments: Mapping[str, Any]) -> Answers:
    """Begin a command; its answers come as they are asked for.

    Raises CallerError for an unknown one or wrong arguments, before anything is done; what goes
    wrong later is raised by the answers.
    """
    command = COMMANDS.get(name)
    if command is None:
        raise CallerError(
            f"there is no command {name!r}; this broker knows {', '.join(sorted(COMMANDS))}"
        )
    try:
        given = command.arguments.model_validate(arguments)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}"
            for one in error.errors()
        )
        raise CallerError(f"{name}: {problems}") from None
    return command.run(context, given)
