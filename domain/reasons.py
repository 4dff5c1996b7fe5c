"""Why a message stands where it stands: codes for machines, and the sentence a marketer reads."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from domain.states import MessageState


class Reason(StrEnum):
    """Why a message is in its state. The database has an enum type of the same values."""

    # invalid
    BAD_HEADER = "bad_header"
    BAD_USER_ID = "bad_user_id"
    BAD_VALUE = "bad_value"
    CONFLICTING_DUPLICATE = "conflicting_duplicate"
    MISSING_VALUE = "missing_value"
    TOO_LONG = "too_long"
    # duplicate
    DUPLICATE = "duplicate"
    # ineligible
    ERASED = "erased"
    NEVER_INTERACTED = "never_interacted"
    OPTED_OUT = "opted_out"
    WINDOW_CLOSED = "window_closed"  # also expired: it closed after the start
    # expired
    NOT_AFTER_PASSED = "not_after_passed"
    CAP_REACHED = "cap_reached"  # also ineligible: at the start the cap holds until the window has closed
    COMMENT_INVALID = "comment_invalid"  # also failed: the platform says so
    # cancelled
    CAMPAIGN_CANCELLED = "campaign_cancelled"
    FILE_REFUSED = "file_refused"
    NOBODY_ELIGIBLE = "nobody_eligible"
    # unknown
    NO_ANSWER = "no_answer"
    RESTORED = "restored"
    UNCLEAR_ANSWER = "unclear_answer"
    # failed
    MESSAGE_REFUSED = "message_refused"
    OTHER_APP_IN_CONTROL = "other_app_in_control"
    OUTSIDE_WINDOW = "outside_window"
    PERSON_UNAVAILABLE = "person_unavailable"
    PERSON_UNKNOWN = "person_unknown"
    # sent
    NO_RECEIPT = "no_receipt"


# Why a message is ineligible whose person may yet open a window: with `hold_until` they are waited for.
HELD_REASONS: Final = frozenset({Reason.WINDOW_CLOSED, Reason.NEVER_INTERACTED, Reason.PERSON_UNAVAILABLE})


SENTENCES: Final[dict[Reason, str]] = {
    Reason.BAD_HEADER: "The header of the file is not the template's, so this row could not be read.",
    Reason.BAD_USER_ID: "The user_id is not a usable id.",
    Reason.BAD_VALUE: "A cell holds something that cannot be sent, or that the template does not allow.",
    Reason.CONFLICTING_DUPLICATE: "This person is on several rows with different values; keep one of them.",
    Reason.MISSING_VALUE: "A cell that the template needs is empty.",
    Reason.TOO_LONG: "A value is longer than allowed, or the message is with these values.",
    Reason.DUPLICATE: "This person is on an earlier row already; one message is enough.",
    Reason.ERASED: "This person's data was erased, so nothing is sent to them; take them out of the list.",
    Reason.NEVER_INTERACTED: "This person has never written to the account, so no window is open.",
    Reason.OPTED_OUT: "This person asked for no more messages.",
    Reason.WINDOW_CLOSED: "The 24-hour window of this person is closed.",
    Reason.NOT_AFTER_PASSED: "The campaign's latest time passed before this message's turn.",
    Reason.CAP_REACHED: "This person has had as many campaign messages lately as the account allows.",
    Reason.COMMENT_INVALID: "This person's comment or post cannot be answered privately any more.",
    Reason.CAMPAIGN_CANCELLED: "The campaign was cancelled before this message's turn.",
    Reason.FILE_REFUSED: "The row is good, but the file was refused, so nothing of it was sent.",
    Reason.NOBODY_ELIGIBLE: "No window is open at the time of sending, so the campaign was not accepted.",
    Reason.NO_ANSWER: "The platform gave no answer: perhaps sent. It is not sent again until that is known.",
    Reason.RESTORED: "A backup was restored that does not know whether this was sent: perhaps sent. A person decides.",
    Reason.UNCLEAR_ANSWER: "The platform's answer was unclear: perhaps sent. It is not sent again until that is known.",
    Reason.MESSAGE_REFUSED: "The platform refused this message.",
    Reason.OTHER_APP_IN_CONTROL: "Another app holds this conversation at the moment.",
    Reason.OUTSIDE_WINDOW: "The platform says the 24-hour window of this person is closed.",
    Reason.PERSON_UNAVAILABLE: "This person is not receiving messages from the account.",
    Reason.PERSON_UNKNOWN: "The platform knows no person with this id on this account.",
    Reason.NO_RECEIPT: "Sent; no receipt has come for it.",
}


def explain(reason: Reason, *, closes_at: datetime | None) -> str:
    """Return the sentence for a reason; of a closed window it says when it closed (in UTC), where that is known."""
    if reason is Reason.WINDOW_CLOSED and closes_at is not None:
        return f"The 24-hour window of this person closed on {closes_at.astimezone(UTC):%Y-%m-%d at %H:%M} UTC."
    return SENTENCES[reason]


# What a state means for its row where no reason says more.
STATE_SENTENCES: Final[dict[MessageState, str]] = {
    MessageState.INVALID: "The row cannot be used as it is.",
    MessageState.DUPLICATE: "This person is on an earlier row already.",
    MessageState.INELIGIBLE: "This person cannot be reached at the time of sending.",
    MessageState.READY: "The row is good: its message is sent when its turn comes.",
    MessageState.SENDING: "The message is being sent.",
    MessageState.UNKNOWN: "Perhaps sent: the platform has not said so clearly.",
    MessageState.SENT: "The platform accepted the message.",
    MessageState.DELIVERED: "The message was delivered.",
    MessageState.READ: "The person read the message.",
    MessageState.FAILED: "The platform refused the message.",
    MessageState.EXPIRED: "Its time passed before its turn came, so nothing was sent.",
    MessageState.CANCELLED: "Nothing was sent: the message was cancelled.",
}


def describe(state: MessageState, reason: Reason | None, *, closes_at: datetime | None) -> str:
    """Return the sentence for a row: that of its reason, or of its state where it has none."""
    return STATE_SENTENCES[state] if reason is None else explain(reason, closes_at=closes_at)
