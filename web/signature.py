"""The signature of a webhook body: SHA-256 over the raw bytes, before anything reads them.

Source: Meta, "Getting started with webhooks", validating payloads. The older SHA-1 header is not looked at.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Final

_HEADER: Final = b"x-hub-signature-256"
_SHAPE: Final = re.compile(rb"sha256=([0-9a-f]{64})")


def is_signed(body: bytes, headers: Iterable[tuple[bytes, bytes]], secrets: Sequence[bytes]) -> bool:
    """Say whether the body carries exactly one signature header, made with one of the secrets.

    Header names are in lower case, as ASGI has them. Every secret is tried to the end, each in constant time.
    """
    given = [value for name, value in headers if name == _HEADER]
    found = _SHAPE.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        return False
    matches = [hmac.compare_digest(_sign(body, secret), found[1]) for secret in secrets]
    return any(matches)


def _sign(body: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, body, hashlib.sha256).hexdigest().encode("ascii")
