"""What stands for a person whose data was erased, and how a request for deletion stands."""

import hmac
from enum import StrEnum
from typing import Final

TOMBSTONE_PREFIX: Final = "erased:"


class DeletionState(StrEnum):
    """How a request that the platform passed on stands."""

    WAITING = "waiting"  # to be handled by the next maintenance
    DONE = "done"  # its person was known by that id, and is erased
    UNMATCHED = "unmatched"  # nobody here is known by that id: the platform gives its apps other ids than its pages


def tombstone(key: str, *, channel: str, external_id: str, user_id: str) -> str:
    """Return what stands for a person of an account: the same as long as key and account are the same.

    HMAC-SHA256 with the key; without the key nobody can try out the some 10^17 ids that there may be.
    """
    message = f"person\n{channel}\n{external_id}\n{user_id}".encode()
    return TOMBSTONE_PREFIX + hmac.digest(key.encode(), message, "sha256").hex()


def key_print(key: str) -> str:
    """Return what tells one key from another and nothing else of it."""
    return hmac.digest(key.encode(), b"windowcast erasure key", "sha256").hex()[:16]
