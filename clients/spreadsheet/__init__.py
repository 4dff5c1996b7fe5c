"""The door through which recipients files come in: .xlsx and .csv, read in a child process with limits."""

from clients.spreadsheet.child import UPLOAD_FILE
from clients.spreadsheet.limits import HiddenRows, ReadLimits
from clients.spreadsheet.recipients import ReadFile, UnreadableFile, read_recipients

__all__ = ["UPLOAD_FILE", "HiddenRows", "ReadFile", "ReadLimits", "UnreadableFile", "read_recipients"]
