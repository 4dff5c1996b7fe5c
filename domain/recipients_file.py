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
)

# Ids are digits. Published samples have 16 and 17; shorter ones were seen on old and test accounts.
USER_ID_PATTERN: Final = "^[0-9]{5,20}$"

# Characters that people paste into ids without seeing them: no-break and zero-width spaces, byte order mark,
# soft hyphen, line separators and direction marks.
INVISIBLE_CHARACTERS: Final = (
    "\u00a0\u00ad\u180e\u200b\u200c\u200d\u202a\u202b\u202c\u202d"
    "\u202e\u202f\u2028\u2029\u2060\u2066\u2067\u2068\u2069\ufeff"
)
