"""Receipts: what the platform tells of a message after it was sent."""

from enum import StrEnum


class WatermarkKind(StrEnum):
    """What holds for everything that was sent to a person up to a moment."""

    DELIVERY = "delivery"
    READ = "read"
