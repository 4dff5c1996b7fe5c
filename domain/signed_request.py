"""The `signed_request` of the platform: who asks for something, signed with the app's secret.

Two parts in base64url with a dot between them: the HMAC-SHA256 of the second part as it is written, and that part, a
JSON object (Meta, Data Deletion Request Callback).
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_ALGORITHM: Final = "HMAC-SHA256"
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_USER_ID: Final = re.compile(r"[0-9]{1,32}")
_SIGNATURE_BYTES: Final = 32


class MalformedRequestError(ValueError):
    """This is no signed request at all."""


class ForgedRequestError(ValueError):
    """No secret of ours has signed this, or not by the algorithm that it has to be."""


@dataclass(frozen=True)
class DeletionWish:
    """Somebody who wants their data deleted, by the id that the app knows them by, and the code they can ask by.

    The code is the same for the same request however often it comes, and cannot be made without the secret.
    """

    app_user_id: str
    code: str


def read_deletion_wish(signed_request: str, secrets: Sequence[bytes]) -> DeletionWish:
    """Return what a signed request asks for.

    The signature is looked at before anything of the payload is read, in the same time for every wrong one. Raises
    MalformedRequestError and ForgedRequestError.
    """
    encoded_signature, dot, encoded_payload = signed_request.partition(".")
    if not dot:
        raise MalformedRequestError
    signature = _decoded(encoded_signature)
    _decoded(encoded_payload)
    secret = _secret_of(signature, encoded_payload.encode(), secrets)
    payload = _payload(encoded_payload)
    if str(payload.get("algorithm")).upper() != _ALGORITHM:
        raise ForgedRequestError
    user_id = str(payload.get("user_id"))
    if not _USER_ID.fullmatch(user_id):
        raise MalformedRequestError
    return DeletionWish(user_id, _code(secret, user_id=user_id, issued_at=payload.get("issued_at")))


def _secret_of(signature: bytes, signed: bytes, secrets: Sequence[bytes]) -> bytes:
    """Return the secret that has signed this; every secret is tried, so that the time tells nothing."""
    found = None
    for secret in secrets:
        expected = hmac.digest(secret, signed, "sha256")
        if hmac.compare_digest(expected, signature):
            found = secret
    if found is None or len(signature) != _SIGNATURE_BYTES:
        raise ForgedRequestError
    return found


def _payload(encoded: str) -> dict[str, Any]:
    try:
        payload = json.loads(_decoded(encoded))
    except (ValueError, RecursionError) as error:
        raise MalformedRequestError from error
    if not isinstance(payload, dict):
        raise MalformedRequestError
    return payload


def _decoded(text: str) -> bytes:
    if not _BASE64URL.fullmatch(text):
        raise MalformedRequestError
    bare = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error as error:
        raise MalformedRequestError from error


def _code(secret: bytes, *, user_id: str, issued_at: Any) -> str:
    return hmac.digest(secret, f"data deletion\n{user_id}\n{issued_at}".encode(), "sha256").hex()[:32]
