"""Receipts: what the platform tells of a message after it was sent, and of an account."""

from enum import StrEnum
from typing import Final

# How we learnt of an opt-out that came through the platform: only its own resumption takes this one back.
MARKETING_STOP: Final = "the platform: marketing messages stopped"
# Why an account is paused that the platform blocked; what the platform said itself is the account's note.
BLOCKED: Final = "the platform blocked the account"


class WatermarkKind(StrEnum):
    """What holds for everything that was sent to a person up to a moment."""

    DELIVERY = "delivery"
    READ = "read"


class PolicyAction(StrEnum):
    """What the platform did to the account (Messaging policy enforcement)."""

    WARNING = "warning"
    BLOCK = "block"
    UNBLOCK = "unblock"


# What the platform did, in a sentence that begins with it.
POLICY_WORDS: Final[dict[PolicyAction, str]] = {
    PolicyAction.WARNING: "warned",
    PolicyAction.BLOCK: "blocked",
    PolicyAction.UNBLOCK: "unblocked",
}
