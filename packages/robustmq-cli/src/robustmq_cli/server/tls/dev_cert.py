"""[A] robust-server tls dev-cert: an authority, and certificates for a server and a client."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from robustmq_cli.reporting import errors_told
from robustmq_common.errors import CallerError

Dir = Annotated[Path, typer.Option("--dir", metavar="DIR", help="Folder for the files.")]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        metavar="NAME",
        help="Host name or address that clients use; may be repeated. Default: localhost.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]


def dev_cert(dir_: Dir = Path("certs"), hosts: Hosts = None, force: Force = False) -> None:
    """Make certificates for trying TLS out: of an authority, a server and a client.

    Whoever has the authority's key can be anyone: these are not for production.
    """
    # Only this command needs it, and it takes longer to import than all others to run.
    from robustmq_cli.server.tls.authority import make_certificates  # noqa: PLC0415

    with errors_told():
        names = hosts or ["localhost", "127.0.0.1", "::1"]
        files = make_certificates(names)
        _write(dir_, files, force)
        print(_usage(dir_.resolve(), names[0], files))


def _write(folder: Path, files: dict[str, bytes], force: bool) -> None:
    """Write all files, or none. Raises CallerError."""
    present = [name for name in files if (folder / name).exists()]
    if present and not force:
        raise CallerError(
            f"{folder} has {', '.join(present)} already: choose another --dir, or --force to "
            "overwrite them"
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in files.items():
            path = folder / name
            path.unlink(missing_ok=True)
            path.touch(mode=0o600, exist_ok=False)
            path.write_bytes(content)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CallerError(f"cannot write to {folder}: {reason}") from None


def _usage(folder: Path, host: str, names: Iterable[str]) -> str:
    return f"""\
wrote {", ".join(names)} to {folder}

Add to robustmq.toml:

[listeners.tls]
protocol = "mqtt"
transport = "tls"
bind = "127.0.0.1:8883"
tls.certfile = "{folder}/server.pem"
tls.keyfile = "{folder}/server.key"
tls.cafile = "{folder}/ca.pem"
tls.verify = "required"

Try it:

mosquitto_pub -h {host} -p 8883 --cafile {folder}/ca.pem \\
  --cert {folder}/client.pem --key {folder}/client.key -t hello -m world -q 1"""
