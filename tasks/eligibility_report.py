"""The report of a night: whom each account can reach, measured once, kept once, and read again."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from clients.postgres import Connection
from domain.account import Account
from domain.eligibility import (
    HABIT_WEEKS,
    HORIZONS,
    TREND_NIGHTS,
    AccountEligibility,
    ComingCampaign,
    EligibilityReport,
    HourCount,
    Night,
    NightKept,
    coming_habits,
    coming_starts,
    full_hour,
    night_of,
)
from domain.errors import NotFoundError, UsageError
from domain.guards import Guards
from domain.pace import Timing
from domain.times import named_zone
from domain.window import OPENERS
from sql import query
from tasks.accounts import find_account, list_accounts
from tasks.planning import old_interactions
from tasks.segments import begin_report, load_segment
from tasks.windows import foretell, read_clock, window_parameters

logger = logging.getLogger("windowcast.eligibility")

_DAY: Final = timedelta(hours=24)
_DAYS_OF_HOURS: Final = 7 * HABIT_WEEKS
_MOST_CAMPAIGNS: Final = 50
_KEPT: Final = TypeAdapter(AccountEligibility)
_NOBODY: Final = {"was_open": 0, "still_open": 0, "suppressed_since": 0}


def report_night(
    connection: Connection,
    *,
    account: str | None,
    zone: str | None,
    timing: Timing,
    guards: Guards,
    segment: str | None = None,
) -> EligibilityReport:
    """Measure whom every account (or one) can reach now, and keep it as this night's report, if it has none yet.

    `zone` is the team's (None: UTC). A segment's report is not kept. Raises NotFoundError for an unknown account, and
    what `load_segment` raises.
    """
    named = named_zone(zone or "UTC")
    accounts = _chosen(connection, account)
    begin_report(connection)
    facts = None if segment is None else load_segment(connection, segment)
    now = read_clock(connection).astimezone(UTC)
    night = night_of(now, named)
    measured = _Measurement(connection, accounts, now=now, timing=timing, is_segment=facts is not None)
    nights = _nights(connection, [one.account_id for one in accounts], last=night)
    figures = tuple(measured.figures(zone=named.key, night=night, nights=nights, guards=guards))
    kept = NightKept.NOT_KEPT
    if facts is None:
        kept = _keep(connection, figures, night=night, zone=named.key, now=now)
        nights = _nights(connection, [one.account_id for one in accounts], last=night)
    return EligibilityReport(night, named.key, now, figures, nights, segment=facts, kept=kept)


def read_night(connection: Connection, night: date, *, account: str | None, zone: str | None) -> EligibilityReport:
    """Return the report of a night as it was kept.

    Raises NotFoundError when it was not measured, naming the nearest, and UsageError for one that is to come.
    """
    accounts = _chosen(connection, account)
    ids = [one.account_id for one in accounts]
    rows = connection.execute(query("eligibility/find_night"), {"night": night, "account_ids": ids}).fetchall()
    today = night_of(read_clock(connection), named_zone(zone or "UTC"))
    if night > today:
        raise UsageError(f"The night {night} has not come yet; without --date the report is of now.")
    if not rows:
        raise NotFoundError(
            f"The night {night} was not measured, and what was open then cannot be told any more; "
            f"{_measured_nights(connection, ids, night=night)}."
        )
    kept = [_KEPT.validate_python(row["details"]) for row in rows]
    missing = sorted({one.name for one in accounts} - {one.account for one in kept})
    return EligibilityReport(
        night,
        rows[0]["time_zone"],
        min(row["measured_at"] for row in rows).astimezone(UTC),
        tuple(kept),
        _nights(connection, [one.account_id for one in kept], last=night),
        kept=NightKept.WAS_KEPT,
        unmeasured=tuple(missing),
    )


class _Measurement:
    """One look at all accounts: each kind of figure is read for all of them in one statement."""

    def __init__(
        self, connection: Connection, accounts: Sequence[Account], *, now: datetime, timing: Timing, is_segment: bool
    ) -> None:
        self._connection = connection
        self._accounts = accounts
        self._now = now
        self._timing = timing
        self._scope: dict[str, Any] = {
            "account_ids": [one.account_id for one in accounts],
            "is_segment": is_segment,
            "at": now,
            "openers": [kind.value for kind in sorted(OPENERS)],
            **window_parameters(timing),
        }

    def figures(
        self, *, zone: str, night: date, nights: dict[int, tuple[Night, ...]], guards: Guards
    ) -> Iterator[AccountEligibility]:
        """Return each account's figures, by name."""
        with _timed("people"):
            people = self._by_account(self._group("eligibility/people"))
            strangers = self._by_account(self._read("eligibility/strangers"))
            at_cap = self._by_account(self._read("eligibility/at_cap"))
        since = {one.account_id: _earlier(nights[one.account_id], night, now=self._now) for one in self._accounts}
        with _timed("comparison with the night before"):
            compared = self._compare(since)
        with _timed("full hours"):
            hours = self._hours()
        with _timed("coming campaigns"):
            coming = self._coming(guards)
        for account in self._accounts:
            which = account.account_id
            yield self._figures_of(
                account,
                counted=_Counted(people.get(which, [])),
                beside={**strangers[which][0], "open_at_cap": sum(row["people"] for row in at_cap.get(which, []))},
                since=since[which],
                then=(compared.get(which) or [_NOBODY])[0],
                hours=[HourCount(row["at"].astimezone(UTC), row["reachable"], row["openers"]) for row in hours[which]],
                coming=coming[which],
                zone=zone,
                guards=guards,
            )

    def _figures_of(
        self,
        account: Account,
        *,
        counted: "_Counted",
        beside: dict[str, int],
        since: tuple[datetime, bool],
        then: dict[str, int],
        hours: list[HourCount],
        coming: tuple[tuple[ComingCampaign, ...], int],
        zone: str,
        guards: Guards,
    ) -> AccountEligibility:
        """Put together what was read of one account: a line for each figure, and so longer than most functions."""
        habits, weeks = coming_habits(hours, now=self._now, zone=named_zone(zone))
        open_now = counted.standing["open"]
        return AccountEligibility(
            account_id=account.account_id,
            account=account.name,
            per_second=account.per_second,
            known=sum(counted.standing.values()),
            open_now=open_now,
            closed=counted.standing["closed"],
            opted_out=counted.standing["opted_out"],
            cooling_off=counted.standing["cooling_off"],
            opted_out_unseen=beside["opted_out_unseen"],
            never_wrote=beside["never_wrote"],
            open_at_cap=beside["open_at_cap"],
            closing=counted.closing,
            by_opener=counted.by_opener,
            compared_with=since[0],
            is_compared_with_night=since[1],
            was_open=then["was_open"],
            newly_open=open_now - then["still_open"],
            lost=then["was_open"] - then["still_open"],
            lost_suppressed=then["suppressed_since"],
            newest_interaction_at=counted.newest_at,
            old_warning=_old_warning(counted.newest_at, account.name, now=self._now, guards=guards),
            starts=coming_starts(counted.minutes, now=self._now, people=open_now, per_second=account.per_second),
            habits=habits,
            weeks_measured=weeks,
            hours=tuple(hours[-24:]),
            campaigns=coming[0],
            more_campaigns=coming[1],
        )

    def _read(self, name: str, **more: Any) -> list[dict[str, Any]]:
        with self._connection.transaction():
            self._connection.execute(query("eligibility/take_memory"))
            return self._connection.execute(query(name), {**self._scope, **more}).fetchall()

    def _group(self, name: str, **more: Any) -> list[dict[str, Any]]:
        """Read what brings millions of rows down to a few."""
        with self._connection.transaction():
            self._connection.execute(query("eligibility/plan_by_hash"))
            return self._read(name, **more)

    @staticmethod
    def _by_account(rows: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            found.setdefault(row["account_id"], []).append(row)
        return found

    def _compare(self, sinces: dict[int, tuple[datetime, bool]]) -> dict[int, list[dict[str, Any]]]:
        moments = [sinces[which][0] for which in self._scope["account_ids"]]
        if not moments:
            return {}
        return self._by_account(
            self._group("eligibility/compare", sinces=moments, first_since=min(moments), last_since=max(moments))
        )

    def _hours(self) -> dict[int, list[dict[str, Any]]]:
        """Return four weeks of full hours, counting those that are missing, and the newest 24 always.

        The newest are counted anew since their evidence may still have been on its way the night before.
        """
        last = full_hour(self._now)
        first = last - timedelta(days=_DAYS_OF_HOURS) + timedelta(hours=1)
        kept = [] if self._scope["is_segment"] else self._read("eligibility/list_hours", first=first, last=last)
        found = {(row["account_id"], row["at"]): row for row in kept}
        for day in range(_DAYS_OF_HOURS):
            begin = last - timedelta(hours=24 * day + 23)
            marks = [begin + timedelta(hours=hour) for hour in range(24)]
            is_known = all((which, mark) in found for which in self._scope["account_ids"] for mark in marks)
            if day == 0 or not is_known:
                counted = self._group("eligibility/hours", first=begin)
                if not self._scope["is_segment"]:
                    self._keep_hours(counted)
                found.update({(row["account_id"], row["at"]): row for row in counted})
        ordered = [found[key] for key in sorted(found)]
        return {which: [] for which in self._scope["account_ids"]} | self._by_account(ordered)

    def _keep_hours(self, rows: list[dict[str, Any]]) -> None:
        self._connection.execute(
            query("eligibility/keep_hours"),
            {
                "account_ids": [row["account_id"] for row in rows],
                "ats": [row["at"] for row in rows],
                "reachables": [row["reachable"] for row in rows],
                "openers": [row["openers"] for row in rows],
            },
        )

    def _coming(self, guards: Guards) -> dict[int, tuple[tuple[ComingCampaign, ...], int]]:
        """Foretell the campaigns of the next 24 hours: later ones find no window that is open now."""
        rows = self._by_account(self._read("eligibility/campaigns", until=self._now + _DAY))
        found = {}
        for account in self._accounts:
            ours = rows.get(account.account_id, [])
            shown = tuple(self._foretold(row, account, guards) for row in ours[:_MOST_CAMPAIGNS])
            found[account.account_id] = (shown, max(0, len(ours) - _MOST_CAMPAIGNS))
        return found

    def _foretold(self, row: dict[str, Any], account: Account, guards: Guards) -> ComingCampaign:
        which = row["campaign_id"]
        outlook = foretell(
            self._connection, which, account=account, at=row["scheduled_at"], timing=self._timing, guards=guards
        )
        remark = "waits for its approval" if row["state"] == "awaiting_approval" else None
        return ComingCampaign(
            campaign_id=str(which),
            name=row["name"],
            at=row["scheduled_at"].astimezone(UTC),
            eligible_now=outlook.forecast.eligible_now,
            eligible_at_send=outlook.forecast.eligible_at_send,
            closing_before_turn=outlook.forecast.closing_before_turn,
            seconds=outlook.forecast.seconds,
            remark="its account is paused" if row["is_account_paused"] else remark,
        )


class _Counted:
    """The lines that one account has in the count of people, put together."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.standing = dict.fromkeys(("open", "closed", "opted_out", "cooling_off"), 0)
        self.by_opener: dict[str, int] = {}
        self.closing = dict.fromkeys(HORIZONS, 0)
        self.minutes: list[tuple[datetime, int]] = []
        self.newest_at: datetime | None = None
        for row in rows:
            if row["standing"] is None:
                self.minutes.append((row["minute"].astimezone(UTC), row["people"]))
            else:
                self._add(row)
        self.minutes.sort()

    def _add(self, row: dict[str, Any]) -> None:
        self.standing[row["standing"]] += row["people"]
        self.newest_at = max(filter(None, (self.newest_at, row["newest_at"].astimezone(UTC))))
        if row["standing"] == "open":
            self.by_opener[row["opener_kind"]] = row["people"]
            for hours in HORIZONS:
                self.closing[hours] += row[f"closing_{hours}h"]


def _chosen(connection: Connection, account: str | None) -> list[Account]:
    if account is not None:
        return [find_account(connection, account)]
    return sorted(list_accounts(connection), key=lambda one: one.name)


def _earlier(nights: Sequence[Night], night: date, *, now: datetime) -> tuple[datetime, bool]:
    """Return with what a night is compared: the night before where it was measured, else 24 hours earlier."""
    before = next((one for one in nights if one.night == night - timedelta(days=1)), None)
    if before is None or before.measured_at is None or before.measured_at >= now:
        return now - _DAY, False
    return before.measured_at, True


def _old_warning(newest: datetime | None, account: str, *, now: datetime, guards: Guards) -> str | None:
    if newest is None:
        return "No interaction that opens a window is known, so nobody can be reached."
    age = now - newest
    if not guards.is_old(age):
        return None
    return (
        f"{old_interactions(newest, account, age=age)}: whoever wrote since is missing in every figure. See that "
        "webhooks or imports still run."
    )


def _keep(
    connection: Connection, figures: Sequence[AccountEligibility], *, night: date, zone: str, now: datetime
) -> NightKept:
    with connection.transaction():
        kept = [_keep_account(connection, one, night=night, zone=zone, now=now) for one in figures]
    if not kept:
        return NightKept.NOT_KEPT
    return NightKept.KEPT if all(kept) else NightKept.PARTLY if any(kept) else NightKept.WAS_KEPT


def _keep_account(
    connection: Connection, figures: AccountEligibility, *, night: date, zone: str, now: datetime
) -> bool:
    same = ("account_id", "known", "open_now", "open_at_cap", "closed", "opted_out", "cooling_off")
    row = connection.execute(
        query("eligibility/keep_night"),
        {
            **{name: getattr(figures, name) for name in same},
            **{f"closing_{hours}h": people for hours, people in figures.closing.items()},
            "night": night,
            "time_zone": zone,
            "measured_at": now,
            "newly_open": figures.newly_open,
            "lost": figures.lost,
            "compared_with": figures.compared_with,
            "newest_interaction_at": figures.newest_interaction_at,
            "details": _KEPT.dump_json(figures).decode(),
        },
    ).fetchone()
    return row is not None


def _nights(connection: Connection, account_ids: list[int], *, last: date) -> dict[int, tuple[Night, ...]]:
    """Return the nights of a trend, oldest first; none before an account's first one."""
    rows = connection.execute(
        query("eligibility/list_nights"),
        {"account_ids": account_ids, "first": last - timedelta(days=TREND_NIGHTS - 1), "last": last},
    )
    found: dict[int, list[Night]] = {which: [] for which in account_ids}
    for row in rows:
        which, measured_at = row.pop("account_id"), row["measured_at"]
        night = Night(**{**row, "measured_at": None if measured_at is None else measured_at.astimezone(UTC)})
        if found[which] or night.measured_at is not None:
            found[which].append(night)
    return {which: tuple(nights) for which, nights in found.items()}


def _measured_nights(connection: Connection, account_ids: list[int], *, night: date) -> str:
    nights = _nights(connection, account_ids, last=night + timedelta(days=TREND_NIGHTS // 2))
    measured = sorted({one.night for found in nights.values() for one in found if one.measured_at is not None})
    if not measured:
        return "no night near it was"
    nearest = min(measured, key=lambda one: abs(one - night))
    return f"the nearest that was is {nearest}"


@contextmanager
def _timed(part: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds = time.perf_counter() - started
    logger.debug("%s: %.2f s", part, seconds, extra={"part": part, "seconds": seconds})
