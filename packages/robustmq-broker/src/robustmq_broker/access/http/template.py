"""[P] Requests made of what the operator wrote and what a client said.

A client's values are escaped for where they stand: as part of a JSON string, of a form, of a query,
of one segment of a path. In a header they are refused if they have characters that end one.
"""

import json
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_HEADER_TEXT: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""What a field value may have (RFC 9110 section 5.5)."""
_UNRESERVED: Final = frozenset(string.ascii_letters.encode() + string.digits.encode() + b"-._~")
_HOST: Final = re.compile(r"https?://([^/?#]*)")

Values = Mapping[str, str | None]
"""What placeholders stand for; None for what a client does not have."""


class BadTemplate(ValueError):
    """The operator wrote something that cannot be filled; the message says what."""


class BadValue(ValueError):
    """A value of this client must not stand where the template has it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request, ready to be sent."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


class Template:
    """A request with placeholders.

    body: names and values; of a GET they become the query. form: whether a POST has them as a form
    instead of a JSON object. Raises BadTemplate for a placeholder that is not in `known`.
    """

    def __init__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Mapping[str, str],
        form: bool,
        known: frozenset[str],
    ) -> None:
        self._method = method.upper()
        self._url = url
        self._headers = dict(headers)
        self._body = dict(body)
        self._form = form
        for text in (url, *headers.values(), *body.values()):
            for name in PLACEHOLDER.findall(text):
                if name not in known:
                    names = ", ".join(f"${{{one}}}" for one in sorted(known))
                    raise BadTemplate(f"there is no placeholder ${{{name}}}; there are {names}")
        host = _HOST.match(url)
        if host is None or "$" in host[1]:
            raise BadTemplate("the host of the address has to be written out")
        for name, text in headers.items():
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                raise BadTemplate(f"{name!r} cannot be the name of a header")
            if _HEADER_TEXT.fullmatch(text) is None:
                raise BadTemplate(f"the header {name} has a character that no header may have")
        if self._method == "POST":
            kind = "application/x-www-form-urlencoded" if form else "application/json"
            self._headers.setdefault("Content-Type", kind)
        self._headers.setdefault("Accept", "application/json")

    def fill(self, values: Values) -> Request:
        """Make the request of one client. Raises BadValue."""
        headers = {name: _header(name, text, values) for name, text in self._headers.items()}
        url = self._filled_url(values)
        if self._method == "GET":
            if self._body:
                url += ("&" if "?" in url else "?") + self._urlencoded(values)
            return Request("GET", url, headers, None)
        if self._form:
            return Request("POST", url, headers, self._urlencoded(values).encode())
        fields = {name: _json(text, values) for name, text in self._body.items()}
        return Request("POST", url, headers, json.dumps(fields).encode())

    def _filled_url(self, values: Values) -> str:
        path, mark, query = self._url.partition("?")
        return _fill(path, values, _segment) + mark + _fill(query, values, _part)

    def _urlencoded(self, values: Values) -> str:
        filled = ((name, _fill(text, values)) for name, text in self._body.items())
        return "&".join(f"{_part(name)}={_part(text)}" for name, text in filled)


def _fill(text: str, values: Values, escape: Callable[[str], str] = str) -> str:
    return PLACEHOLDER.sub(lambda found: escape(values[found[1]] or ""), text)


def _json(text: str, values: Values) -> Any:
    """A value of a JSON object; null for what is nothing but a placeholder for nothing."""
    whole = PLACEHOLDER.fullmatch(text)
    return values[whole[1]] if whole is not None else _fill(text, values)


def _part(value: str) -> str:
    """Leave nothing but what is never special (RFC 3986 section 2.3)."""
    return "".join(chr(one) if one in _UNRESERVED else f"%{one:02X}" for one in value.encode())


def _segment(value: str) -> str:
    if value in ("", ".", ".."):
        # As a segment of its own it would name another resource (RFC 3986 section 5.2.4).
        raise BadValue("a value for the path of the address is empty, . or ..")
    return _part(value)


def _header(name: str, text: str, values: Values) -> str:
    filled = _fill(text, values)
    if _HEADER_TEXT.fullmatch(filled) is None:
        raise BadValue(f"a value for the header {name} has a character that no header may have")
    return filled
