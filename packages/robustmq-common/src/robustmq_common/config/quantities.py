"""[P] Durations, sizes, rates and addresses as people write them in a configuration."""

import re
from typing import Any, Final

_DURATION_UNITS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION: Final = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,9})?(?:ms|s|m|h|d)){1,5}")
_DURATION_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")

_SIZE_UNITS: Final = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_SIZE: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?(B|KB|MB|GB|TB)", re.IGNORECASE)

_NUMBER: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_RATE_MAX: Final = 2**40
_PERIOD_MIN: Final = 0.1
_PERIOD_MAX: Final = 86_400.0
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+")
_IPV6_HOST: Final = re.compile(r"[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?")


def parse_seconds(value: Any) -> Any:
    """Turn "15s", "1d12h" or "250ms" into seconds; what is not text is returned as it came.

    Raises ValueError for text that is no duration.
    """
    if not isinstance(value, str):
        return value
    text = value.replace(" ", "")
    if _NUMBER.fullmatch(text):
        return float(text)
    if not _DURATION.fullmatch(text):
        raise ValueError('expected a duration: seconds, or text such as "15s" or "2h"')
    parts = _DURATION_PART.findall(text)
    return round(sum(float(number) * _DURATION_UNITS[unit] for number, unit in parts), 6)


def parse_whole_seconds(value: Any) -> Any:
    """Do what `parse_seconds` does for durations that count in whole seconds.

    Raises ValueError also for text with a fraction of a second.
    """
    seconds = parse_seconds(value)
    if isinstance(value, str):
        if seconds != int(seconds):
            raise ValueError('expected whole seconds, or text such as "15s" or "2h"')
        return int(seconds)
    return seconds


def parse_bytes(value: Any) -> Any:
    """Turn "64KB" or "1.5MB" into bytes; what is not text is returned as it came.

    Raises ValueError for text that is no size, or no whole number of bytes.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    match = _SIZE.fullmatch(text)
    if _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    size = float(match[1]) * _SIZE_UNITS[match[2].upper()] if match else 0.5
    if size != int(size):
        raise ValueError('expected a size: bytes, or text such as "64KB" or "1MB"')
    return int(size)


def parse_rate(text: str) -> tuple[int, float]:
    """Split "1000/s", "500/10s" or "10MB/1m" into an amount, of bytes if it is one, and seconds.

    Raises ValueError saying what is wrong with it.
    """
    amount_text, slash, period = text.replace(" ", "").partition("/")
    if not slash or _NUMBER.fullmatch(period):
        raise ValueError('expected an amount and a time, such as "1000/s" or "500/10s"')
    try:
        amount = parse_bytes(amount_text)
        seconds = parse_seconds(f"1{period}" if period in _DURATION_UNITS else period)
    except ValueError:
        raise ValueError('expected an amount and a time, such as "1000/s" or "500/10s"') from None
    if not 0 < amount <= _RATE_MAX:
        raise ValueError(f"expected an amount from 1 to {_RATE_MAX}")
    if not _PERIOD_MIN <= seconds <= _PERIOD_MAX:
        raise ValueError("expected a time from 0.1s to 1d")
    return amount, seconds


def is_count(rate: str) -> bool:
    """Whether the amount of a rate that `parse_rate` reads is a plain number."""
    return _WHOLE_NUMBER.fullmatch(rate.partition("/")[0].strip()) is not None


def format_seconds(seconds: float) -> str:
    """Write a duration the way it is read: 7200 is "2h", 90 is "90s", 0.25 is "250ms"."""
    if seconds <= 0:
        return f"{seconds:g}s"
    for unit in ("d", "h", "m"):
        if seconds % _DURATION_UNITS[unit] == 0:
            return f"{int(seconds / _DURATION_UNITS[unit])}{unit}"
    milliseconds = round(seconds * 1000, 3)
    if seconds < 1 and milliseconds == int(milliseconds):
        return f"{int(milliseconds)}ms"
    return f"{int(seconds) if seconds == int(seconds) else seconds}s"


def format_bytes(size: int) -> str:
    """Write a size the way it is read: 1048576 is "1MB", 1500 is "1500B"."""
    for unit in ("TB", "GB", "MB", "KB"):
        if size > 0 and size % _SIZE_UNITS[unit] == 0:
            return f"{size // _SIZE_UNITS[unit]}{unit}"
    return f"{size}B"


def parse_address(text: str) -> tuple[str, int]:
    """Split "host:port" into host (without the brackets of IPv6) and port (0 to 65535).

    Raises ValueError saying what is wrong with it.
    """
    host, colon, port_text = text.rpartition(":")
    if not colon or not host:
        raise ValueError('expected "host:port", such as "127.0.0.1:1883"')
    if not _WHOLE_NUMBER.fullmatch(port_text) or int(port_text) > 65535:
        raise ValueError("expected a port from 0 to 65535 after the last colon")
    if host.startswith("[") and host.endswith("]"):
        if not _IPV6_HOST.fullmatch(host[1:-1]):
            raise ValueError('expected an IPv6 address in the brackets, such as "[::1]:1883"')
        return host[1:-1], int(port_text)
    if ":" in host:
        raise ValueError('expected an IPv6 address to be in brackets, such as "[::1]:1883"')
    if not _HOST.fullmatch(host):
        raise ValueError('expected a host name or address before the port; for all, "0.0.0.0"')
    return host, int(port_text)


def format_address(host: str, port: int) -> str:
    """Join host and port, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
