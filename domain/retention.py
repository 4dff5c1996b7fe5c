"""How long each kind of data about people is kept, and why the bytes of a file are gone."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True)
class Retention:
    """Days for which each kind is kept; docs/data-protection.md says from when they are counted and what stays."""

    uploads: int
    webhooks: int
    strange_webhooks: int
    texts: int
    interactions: int
    receipts: int
    states: int
    nights: int


class FileLoss(StrEnum):
    """Why the bytes of a file that was kept are gone. The database has an enum type of the same values."""

    RETENTION = "retention"
    ERASURE = "erasure"


def loss_sentence(loss: FileLoss) -> str:
    """Say why a list comes back as a plain workbook and not as the file that was submitted."""
    match loss:
        case FileLoss.RETENTION:
            return (
                "The submitted file is no longer kept (WINDOWCAST_KEEP_UPLOADS_DAYS), so this is a plain workbook of "
                "the rows without its other sheets, formats and formulas."
            )
        case FileLoss.ERASURE:
            return (
                "The submitted file is not kept, since it holds somebody whose data was erased, so this is a plain "
                "workbook of the rows without its other sheets, formats and formulas."
            )


def emptied_sentence(deleted_at: datetime) -> str:
    """Say why the cells of a campaign's rows are empty."""
    return (
        f"The values of the rows were deleted on {deleted_at:%Y-%m-%d} (WINDOWCAST_KEEP_TEXTS_DAYS), so their cells "
        "are empty."
    )
