"""The door through which recipients files come in: .xlsx and .csv, read in a child process with limits."""

from clients.spreadsheet.child import UPLOAD_FILE
from clients.spreadsheet.limits import HiddenRows, ReadLimits
from clients.spreadsheet.recipients import ReadFile, Reading, UnreadableFile, read_recipients, start_reading

__all__ = [
    "UPLOAD_FILE",
    "HiddenRows",
    "ReadFile",
    "ReadLimits",
    "Reading",
    "UnreadableFile",
    "read_recipients",
    "start_reading",
]
