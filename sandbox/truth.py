"""The log of truth: what this platform really accepted, and every POST that arrived, in memory and in a file."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import orjson


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """One message the platform took.

    `platform_ms` is the sandbox's clock, `arrived` the machine's monotonic clock in seconds when the POST came in,
    `message_id` as answered. `allowed_by` is `window` or `private_reply`; `window_left_seconds` is what was left of
    it, negative outside, None if there never was one.
    """

    number: int
    post_number: int
    account: str
    recipient_id: str
    message_id: str
    text: str | None
    metadata: str | None
    platform_ms: int
    arrived: float
    allowed_by: str
    window_open: bool
    window_left_seconds: float | None


@dataclass(frozen=True, slots=True)
class PostRecord:
    """One POST that arrived for a message, accepted or not.

    `http_status` is None where no answer was given (or not yet), `code` and `subcode` are of the error answered,
    `accepted_number` is the number of the accepted message, `fault` the kind of fault that struck.
    """

    number: int
    account: str
    recipient_id: str | None
    metadata: str | None
    platform_ms: int
    arrived: float
    http_status: int | None
    code: int | None
    subcode: int | None
    fault: str | None
    accepted_number: int | None


@dataclass(frozen=True)
class Summary:
    """The counts a test asks for first.

    `duplicates`: accepted messages with the account, recipient and content, or with the metadata, of an earlier one.
    `late`: accepted outside the window. `by_answer`: POSTs by "200", "code/subcode" or "none".
    """

    accepted: int
    duplicates: int
    late: int
    posts: int
    by_fault: dict[str, int] = field(default_factory=dict)
    by_answer: dict[str, int] = field(default_factory=dict)


class TruthLog:
    """Both logs, numbered from 1. With a path they are also appended there as JSON lines when `flush` is called."""

    def __init__(self, path: Path | None = None) -> None:
        self.accepted: list[AcceptedMessage] = []
        self.posts: list[PostRecord] = []
        self._seen: set[int] = set()
        self._duplicates = 0
        self._late = 0
        self._by_fault: Counter[str] = Counter()
        self._by_answer: Counter[str] = Counter()
        self._unwritten: list[AcceptedMessage | PostRecord] = []
        self._file: BinaryIO | None = path.open("ab") if path else None

    def next_accepted_number(self) -> int:
        """Return the number the next accepted message gets."""
        return len(self.accepted) + 1

    def next_post_number(self) -> int:
        """Return the number the next POST gets."""
        return len(self.posts) + 1

    def add_accepted(self, message: AcceptedMessage, content: str) -> None:
        """Log an accepted message; `content` is what the person sees of it, as one text."""
        self.accepted.append(message)
        # Hashes instead of texts: hundreds of thousands of them stay small.
        marks = {hash((message.account, message.recipient_id, content))}
        if message.metadata is not None:
            marks.add(hash(("metadata", message.metadata)))
        self._duplicates += not self._seen.isdisjoint(marks)
        self._seen |= marks
        self._late += not message.window_open
        self._write_later(message)

    def add_post(self, record: PostRecord) -> None:
        """Log a POST; its number is `next_post_number()`."""
        self.posts.append(record)
        self._by_answer[_answer_name(record)] += 1
        if record.fault is not None:
            self._by_fault[record.fault] += 1
        self._write_later(record)

    def complete_post(self, record: PostRecord) -> None:
        """Replace the record of a POST whose end was open when it was logged. The file gets a second line for it."""
        self._by_answer[_answer_name(self.posts[record.number - 1])] -= 1
        self._by_answer[_answer_name(record)] += 1
        self.posts[record.number - 1] = record
        self._write_later(record)

    def summary(self) -> Summary:
        """Return the counts up to now."""
        return Summary(
            accepted=len(self.accepted),
            duplicates=self._duplicates,
            late=self._late,
            posts=len(self.posts),
            by_fault=dict(self._by_fault),
            by_answer=dict(+self._by_answer),
        )

    def flush(self) -> None:
        """Append what is new to the file. Each line says in `log` which of the two logs it belongs to."""
        if self._file is None or not self._unwritten:
            return
        lines, self._unwritten = self._unwritten, []
        self._file.write(b"".join(_line(entry) for entry in lines))
        self._file.flush()

    def close(self) -> None:
        """Write what is left and close the file."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write_later(self, entry: AcceptedMessage | PostRecord) -> None:
        """Keep the entry for the next flush if there is a file."""
        if self._file is not None:
            self._unwritten.append(entry)


def _answer_name(record: PostRecord) -> str:
    """Return "none", "code/subcode", or the status of an answer without an error."""
    if record.http_status is None:
        return "none"
    if record.code is None:
        return str(record.http_status)
    return f"{record.code}/{record.subcode}" if record.subcode is not None else str(record.code)


def _line(entry: AcceptedMessage | PostRecord) -> bytes:
    """Return the entry as one JSON line."""
    name = b"accepted" if isinstance(entry, AcceptedMessage) else b"posts"
    return b'{"log":"' + name + b'",' + orjson.dumps(entry)[1:] + b"\n"
