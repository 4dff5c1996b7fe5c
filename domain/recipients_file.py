"""The words of a recipients file: its first column, its example row, and the columns that are ours."""

from typing import Final

USER_ID_COLUMN: Final = "user_id"

# A row with this user_id is part of the workbook's header: it shows how to fill a row and is never read as one.
EXAMPLE_USER_ID: Final = "EXAMPLE"

# Columns that Windowcast itself adds to a copy of the workbook. A file that comes back with them is read without them.
OUTCOME_COLUMNS: Final = (
    "windowcast_state",
    "windowcast_reason",
    "windowcast_sent_at",
    "windowcast_delivered_at",
    "windowcast_read_at",
    "windowcast_message_id",
    "windowcast_sent_by",
)

# Before anything is sent there is nothing to say about times; the first two columns are enough.
COLUMNS_BEFORE_SENDING: Final = OUTCOME_COLUMNS[:2]

# Ids are digits. Published samples have 16 and 17; shorter ones were seen on old and test accounts.
SHORTEST_USER_ID: Final = 5
LONGEST_USER_ID: Final = 20
USER_ID_PATTERN: Final = f"^[0-9]{{{SHORTEST_USER_ID},{LONGEST_USER_ID}}}$"

# Characters that people paste into ids without seeing them: no-break and zero-width spaces, byte order mark,
# soft hyphen, line separators and direction marks.
INVISIBLE_CHARACTERS: Final = (
    "\u00a0\u00ad\u180e\u200b\u200c\u200d\u202a\u202b\u202c\u202d"
    "\u202e\u202f\u2028\u2029\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def outcome_column(name: str) -> str | None:
    """Return which of our own columns a header names, however it is written; None if it is a column of the user's.

    Case, blanks, invisible characters and hyphens make no difference: people retype headers, and programs change them.
    """
    visible = "".join(each for each in name if each.isspace() or each not in INVISIBLE_CHARACTERS)
    folded = "_".join(visible.replace("-", " ").replace("_", " ").casefold().split())
    return folded if folded in OUTCOME_COLUMNS else None
