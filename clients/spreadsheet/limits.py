"""How much a recipients file may ask of this machine, and the refusal of a file that may not be read."""

from dataclasses import dataclass
from typing import Final, Literal

from domain.problem import Finding, Problem

MIB: Final = 1024 * 1024
GIB: Final = 1024 * MIB

HiddenRows = Literal["ask", "include", "skip"]


@dataclass(frozen=True)
class ReadLimits:
    """Give the caps on one file; a full sheet of honest rows stays below the defaults."""

    memory_bytes: int = 4 * GIB
    cpu_seconds: int = 120
    wall_seconds: float = 180
    file_bytes: int = 512 * MIB
    unpacked_bytes: int = GIB
    unpack_ratio: int = 200
    # Excel's own last row is 1,048,576, and the first one is the header.
    rows: int = 1_048_575
    columns: int = 200
    members: int = 2_000
    # Characters of all cells together: one long text used by many cells is small in the file and huge in memory.
    characters: int = 500_000_000
    # Sheets and tables of texts from this size on are proven to be well-formed XML piece by piece while they are read;
    # smaller ones are parsed before. A second pass over a full sheet would take a fifth of the time.
    large_part_bytes: int = 16 * MIB
    # Rows times columns that the cells span: the second reader lays them out side by side, empty ones too.
    cells: int = 50_000_000


@dataclass(frozen=True)
class ReadingJob:
    """Say what the child is to read: how the name of the file ended, which sheet, and within which limits.

    `encoding` is that of a csv file without a byte order mark; None is UTF-8.
    """

    extension: str
    sheet: str | None = None
    hidden_rows: HiddenRows = "ask"
    limits: ReadLimits = ReadLimits()
    encoding: str | None = None


class UnreadableError(Exception):
    """The file is refused as a whole, for these problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(problem.finding for problem in problems))
        self.problems = problems


def refused(finding: Finding, **facts: object) -> UnreadableError:
    """Make the refusal of a file for one finding; `facts` fill the finding's sentence."""
    return UnreadableError(Problem(finding, facts=facts))


def damaged(what: str) -> UnreadableError:
    """Make the refusal of a damaged file; `what` is a half-sentence in plain words."""
    return refused(Finding.DAMAGED, what=what)


def too_large(what: str) -> UnreadableError:
    """Make the refusal of a file beyond a limit; `what` is a half-sentence in plain words that names the limit."""
    return refused(Finding.TOO_LARGE, what=what)
