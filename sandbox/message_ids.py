"""Ids that look like Meta's. Source of their shapes: facts/meta.md section 8."""

import secrets
from base64 import urlsafe_b64encode
from hashlib import blake2b
from itertools import count

from domain.template import Channel


class MessageIds:
    """Makes message ids that never repeat: the same `seed` gives the same ids in the same order."""

    def __init__(self, seed: bytes | None = None) -> None:
        self._seed = seed or secrets.token_bytes(16)
        self._numbers = count(1)

    def bare(self, channel: Channel) -> str:
        """Return a new id, without the `m_` that Messenger's webhooks put before it."""
        if channel is Channel.INSTAGRAM:
            return "aWdfZAG1faXRlbTo" + self._letters() + self._letters()
        return "A" + self._letters()

    def digits(self) -> str:
        """Return a new id of 16 digits, as attachments, posts and comments have."""
        digest = blake2b(str(next(self._numbers)).encode(), key=self._seed, digest_size=8).digest()
        return str(10**15 + int.from_bytes(digest) % (9 * 10**15))

    def _letters(self) -> str:
        """Return 86 letters of the URL-safe base64 alphabet."""
        digest = blake2b(str(next(self._numbers)).encode(), key=self._seed).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


def webhook_id(bare_id: str, channel: Channel) -> str:
    """Return the id as webhooks and conversations have it."""
    return bare_id if channel is Channel.INSTAGRAM else f"m_{bare_id}"
