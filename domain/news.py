"""What people are told of, and the one table of its texts: for whoever reads it, without anybody's name, text or id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID


class NewsKind(StrEnum):
    """What has happened."""

    FINISHED = "finished"
    PAUSED = "paused"
    REFUSED = "refused"
    LATE = "late"  # it started late, and that cost people
    AWAITING_APPROVAL = "awaiting_approval"
    ACCOUNT_PAUSED = "account_paused"  # its token is dead, say
    WINDOWS_AT_RISK = "windows_at_risk"  # more windows close before their turn than was planned
    REPORT_READY = "report_ready"
    FINDING = "finding"  # of a sweep


class Text(NamedTuple):
    """How one kind of news is told: its first line, and the sentences below it. Names in braces are facts."""

    subject: str
    body: str


TEXTS: Final[dict[NewsKind, Text]] = {
    NewsKind.FINISHED: Text(
        "{campaign}: finished",
        "Of {rows} rows {sent} were sent. Refused by the platform: {failed}; perhaps sent, not known yet: {unknown}; "
        "window closed before their turn: {expired}; not reachable: {ineligible}. "
        "`windowcast campaigns workbook {campaign_id} --out FILE.xlsx` shows what became of each row.",
    ),
    NewsKind.PAUSED: Text(
        "{campaign}: paused",
        "It is paused: {why}. {ready} messages are ready and wait, and their windows go on closing. "
        "`windowcast campaigns resume {campaign_id}` lets it go on, `windowcast campaigns cancel {campaign_id}` gives "
        "it up.",
    ),
    NewsKind.REFUSED: Text("{campaign}: refused, nothing was sent", "{why}"),
    NewsKind.LATE: Text(
        "{campaign}: started late",
        "It was to start at {at} and started {late} late, which cost {lost} people: their windows had closed by then. "
        "If this is new to you, ask whoever looks after the workers.",
    ),
    NewsKind.AWAITING_APPROVAL: Text(
        "{campaign}: waits for a second person",
        "{submitter} has submitted it for {good} people, of whom {eligible} could be reached{time}. Nothing is sent "
        "before another person approves it: `windowcast campaigns approve {campaign_id}`, or the form of its run.",
    ),
    NewsKind.ACCOUNT_PAUSED: Text(
        "{account}: the account is paused",
        "It is paused ({why}), and {campaigns} of its campaigns with it. Nothing of it is sent. When the cause is "
        "mended (docs/runbook.md#account_paused), `windowcast accounts resume {account}` lets all go on.",
    ),
    NewsKind.WINDOWS_AT_RISK: Text(
        "{campaign}: more windows close than planned",
        "{missed} people will not get it in time or did not, where the plan gave up {planned}. A higher pace of the "
        "account, or pausing its other campaigns, reaches more of them.",
    ),
    NewsKind.REPORT_READY: Text("{report}: the report is ready", "{what}"),
    NewsKind.FINDING: Text("{account}: something to look at", "{what} What to do: docs/runbook.md#{code}."),
}


@dataclass(frozen=True)
class News:
    """One thing that happened. `key` names the event itself, so that everybody who sees it tells it once."""

    kind: NewsKind
    key: str
    facts: Mapping[str, str] = field(default_factory=dict)
    campaign_id: UUID | None = None
    run_id: UUID | None = None  # of the Prefect server, to be linked to

    @property
    def subject(self) -> str:
        """The first line."""
        return TEXTS[self.kind].subject.format_map(self._filled)

    @property
    def body(self) -> str:
        """The sentences below it."""
        return TEXTS[self.kind].body.format_map(self._filled)

    @property
    def _filled(self) -> dict[str, str]:
        return {**self.facts, "campaign_id": str(self.campaign_id)}
