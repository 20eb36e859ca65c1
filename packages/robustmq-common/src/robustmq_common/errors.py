"""[H] The error tree, split by who caused the error.

RobustMQError
+-- CallerError            whoever started the command or called the API got something wrong
|   +-- ConfigError        a configuration key, type or value
|   +-- PluginError        a plugin that cannot be loaded or registered
|   +-- NotRunning         a command needs a broker that runs, and there is none
|   +-- BackupDamaged      a file is no backup, or it is not whole
|   +-- OffsetOutOfRange   a consumer group's position is not in the log
+-- PeerError              a client or another server broke a protocol
+-- WorldError             the machine or the network did
|   +-- ListenError        an address cannot be bound
|   +-- StorageError       a storage adapter could not do what was asked
|       +-- ConditionFailed  a compare-and-set found another value
+-- BugError               ours: please report it

Every class knows what to answer in each surface: the MQTT reason code, the gRPC status name and
the exit code of a command (sysexits.h numbering).
"""

from typing import ClassVar


class RobustMQError(Exception):
    """Base of every error that RobustMQ raises on purpose; the message is for a person."""

    mqtt_reason: ClassVar[int] = 0x83  # Implementation specific error
    grpc_status: ClassVar[str] = "UNKNOWN"
    exit_code: ClassVar[int] = 1


class CallerError(RobustMQError):
    """The caller asked for something that cannot be done as asked."""

    grpc_status: ClassVar[str] = "INVALID_ARGUMENT"
    exit_code: ClassVar[int] = 64


class ConfigError(CallerError):
    """A configuration value is unknown, of the wrong type or out of range."""

    exit_code: ClassVar[int] = 78


class PluginError(CallerError):
    """A plugin could not be imported, or what it registers clashes or does not exist."""

    exit_code: ClassVar[int] = 78


class NotRunning(CallerError):
    """A command needs a broker that runs, and there is none."""

    grpc_status: ClassVar[str] = "UNAVAILABLE"
    exit_code: ClassVar[int] = 3


class BackupDamaged(CallerError):
    """A file is no backup, or it is not whole."""

    grpc_status: ClassVar[str] = "DATA_LOSS"
    exit_code: ClassVar[int] = 65


class OffsetOutOfRange(CallerError):
    """A consumer group's position is not in the log, or it has none, and may not choose another."""

    grpc_status: ClassVar[str] = "OUT_OF_RANGE"


class PeerError(RobustMQError):
    """The other end of a connection broke its protocol."""

    mqtt_reason: ClassVar[int] = 0x82  # Protocol Error
    grpc_status: ClassVar[str] = "FAILED_PRECONDITION"
    exit_code: ClassVar[int] = 76


class WorldError(RobustMQError):
    """The machine, the disk or the network failed."""

    mqtt_reason: ClassVar[int] = 0x80  # Unspecified error
    grpc_status: ClassVar[str] = "UNAVAILABLE"
    exit_code: ClassVar[int] = 74


class ListenError(WorldError):
    """An address cannot be listened on."""

    exit_code: ClassVar[int] = 69


class StorageError(WorldError):
    """A storage adapter could not read or write."""

    mqtt_reason: ClassVar[int] = 0x97  # Quota exceeded: the usual cause is a full disk


class ConditionFailed(StorageError):
    """A compare-and-set found another value than the expected one; nothing was written."""

    grpc_status: ClassVar[str] = "ABORTED"


class BugError(RobustMQError):
    """Something that cannot happen did."""

    grpc_status: ClassVar[str] = "INTERNAL"
    exit_code: ClassVar[int] = 70
