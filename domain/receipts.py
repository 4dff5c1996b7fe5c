"""Receipts: what the platform tells of a message after it was sent, and of an account."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

# What the platform is told to know of an opt-out that came through it: only its own resumption takes this one back.
MARKETING_STOP: Final = "the platform: marketing messages stopped"
# Why an account is paused that the platform blocked; what the platform said itself is the account's note.
BLOCKED: Final = "the platform blocked the account"
# A note of the platform stays a finding for so long.
NOTE_AGE: Final = timedelta(days=7)


class WatermarkKind(StrEnum):
    """What holds for everything that was sent to a person up to a moment."""

    DELIVERY = "delivery"
    READ = "read"


class PolicyAction(StrEnum):
    """What the platform did to the account (Messaging policy enforcement)."""

    WARNING = "warning"
    BLOCK = "block"
    UNBLOCK = "unblock"
