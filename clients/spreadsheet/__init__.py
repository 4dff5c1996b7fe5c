"""The door through which recipients files come in: .xlsx and .csv, read in a child process with limits."""

from clients.spreadsheet.limits import HiddenRows, ReadLimits
from clients.spreadsheet.recipients import ReadFile, UnreadableFile, read_recipients

__all__ = ["HiddenRows", "ReadFile", "ReadLimits", "UnreadableFile", "read_recipients"]
