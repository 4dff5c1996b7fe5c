"""What people are to be told: gathered from how things stand, and taken on so that everything is told once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from clients.prefect_server import pages_address
from clients.settings import Settings
from domain.news import News, NewsKind
from domain.run_names import local_time, run_address
from domain.sweep import SweepFinding
from sql import query
from tasks.planning import duration
from tasks.windows import read_clock

# What is older was told, or nobody wants to be told of it any more when telling is switched on.
_HOURS: Final = 12.0
# A failed telling is tried again by this many sweeps, five minutes apart.
_MOST_TRIES: Final = 6
# Whoever took it on is given up after this long: more than a telling may take.
_WAIT_SECONDS: Final = 120.0
_MOST_AT_ONCE: Final = 50


@dataclass(frozen=True)
class Telling:
    """One thing to be told in one place, which is ours to tell."""

    key: str
    place: str
    subject: str
    body: str


def places_of(chosen: Settings) -> list[str]:
    """Return the notification blocks that are set; none where nobody is to be told."""
    return [place.strip() for place in (chosen.notify_blocks or "").split(",") if place.strip()]


def gather_news(connection: Connection, *, chosen: Settings, campaign_id: UUID | None = None) -> list[News]:
    """Return what has happened in the last hours to all campaigns and accounts, or to one campaign."""
    given = {"hours": _HOURS, "campaign_id": campaign_id}
    news = [
        _of_campaign(row, time_zone=chosen.time_zone)
        for row in connection.execute(query("news/find_of_campaigns"), given)
    ]
    if campaign_id is None:
        news += [_of_account(row) for row in connection.execute(query("news/find_paused_accounts"), {"hours": _HOURS})]
    return news


def news_of_findings(connection: Connection, findings: Sequence[SweepFinding]) -> list[News]:
    """Return the findings of a sweep as news; what is found again on the same day (UTC) is no news."""
    day = f"{read_clock(connection):%Y-%m-%d}"
    return [
        News(
            NewsKind.FINDING,
            f"finding:{finding.code}:{finding.campaign_id or finding.account or ''}:{day}",
            {"account": finding.account or "Windowcast", "what": finding.text, "code": finding.code},
            campaign_id=finding.campaign_id,
        )
        for finding in findings
    ]


def take_on(connection: Connection, news: Sequence[News], *, places: Sequence[str]) -> list[Telling]:
    """Take on to tell these things; return what nobody has taken on before, which is then ours to tell."""
    pairs = [(one, place) for one in news for place in places]
    rows = connection.execute(
        query("news/claim"),
        {
            "keys": [one.key for one, _ in pairs],
            "places": [place for _, place in pairs],
            "kinds": [one.kind for one, _ in pairs],
            "subjects": [one.subject for one, _ in pairs],
            "bodies": [_with_link(one) for one, _ in pairs],
        },
    )
    return [_telling_of(row) for row in rows]


def take_on_again(connection: Connection, *, places: Sequence[str]) -> list[Telling]:
    """Take on what could not be told a while ago, a bounded number of times each."""
    rows = connection.execute(
        query("news/claim_again"),
        {"places": list(places), "most_tries": _MOST_TRIES, "wait_seconds": _WAIT_SECONDS, "most": _MOST_AT_ONCE},
    )
    return [_telling_of(row) for row in rows]


def note_telling(connection: Connection, telling: Telling, *, failure: str | None) -> None:
    """Note that something was told, or in a word why it was not."""
    connection.execute(query("news/note"), {"news_key": telling.key, "place": telling.place, "failure": failure})


def _of_campaign(row: dict[str, Any], *, time_zone: str | None) -> News:
    kind = NewsKind(row["kind"])
    counts = {name.removesuffix("_count"): f"{value:,}" for name, value in row.items() if name.endswith("_count")}
    outlook, plan, at = row["outlook"] or {}, row["plan"] or {}, row["scheduled_at"]
    late = (row["started_at"] - at).total_seconds() if at and row["started_at"] else 0
    facts = {
        **counts,
        "rows": counts["row"],
        "campaign": row["campaign"],
        "why": _sentence_end(row["refusal"]) if kind is NewsKind.REFUSED else row["pause_reason"] or "",
        "at": "" if at is None else local_time(at, time_zone),
        "time": "" if at is None else f" at {local_time(at, time_zone)}",
        "late": duration(late),
        "lost": f"{row['lost_by_delay'] or 0:,}",
        "missed": f"{outlook.get('warned', 0):,}",
        "planned": f"{outlook.get('planned', 0):,}",
        "eligible": f"{plan.get('eligible_at_send', 0):,}",
        "submitter": row["submitted_by"] or "Somebody",
    }
    # More people at risk are news again; the same ones, looked at anew, are not.
    event = facts["missed"] if kind is NewsKind.WINDOWS_AT_RISK else row["moment"].isoformat()
    key = f"{kind}:{row['campaign_id']}:{event}"
    return News(kind, key, facts, campaign_id=row["campaign_id"], run_id=row["flow_run_id"])


def _of_account(row: dict[str, Any]) -> News:
    facts = {
        "account": row["account"],
        "why": row["pause_reason"] or "no reason was given",
        "campaigns": f"{row['campaign_count']:,}",
    }
    return News(NewsKind.ACCOUNT_PAUSED, f"account_paused:{row['account']}:{row['moment'].isoformat()}", facts)


def _with_link(news: News) -> str:
    address = None if news.run_id is None else run_address(pages_address(), news.run_id)
    return news.body if address is None else f"{news.body}\nIts run: {address}"


def _sentence_end(text: str | None) -> str:
    return text or "No reason was given."


def _telling_of(row: dict[str, Any]) -> Telling:
    return Telling(row["news_key"], place=row["place"], subject=row["subject"], body=row["body"])
