"""What webhooks told, from words to tables: a batch gathers it from bodies, and one transaction applies it in sets."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from clients.graph.webhook_events import read_body
from clients.graph.webhook_told import (
    AccountTold,
    Acted,
    Body,
    Delivered,
    Echoed,
    Entitled,
    MarketingAnswer,
    PolicyTold,
    Read,
)
from clients.graph.webhook_words import Why
from clients.postgres import Connection
from domain.evidence import bare_id
from domain.pace import Timing
from domain.receipts import BLOCKED, MARKETING_STOP
from domain.template import Channel
from sql import query
from tasks.decisions import contradict
from tasks.interactions import Interaction, store_interactions

logger = logging.getLogger("windowcast.told")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# kind, account, person, told at, message id, up to, attempt: a line of the loading table, times in milliseconds.
_ReceiptRow: TypeAlias = tuple[str, int | None, str | None, int | None, str | None, int | None, Any]


@dataclass
class Batch:
    """What the bodies of one transaction told, sorted by what becomes of it, and how each body fared."""

    receipt_ids: list[int] = field(default_factory=list)
    event_counts: list[int] = field(default_factory=list)
    stranges: list[Mapping[Why, int]] = field(default_factory=list)
    interactions: list[Interaction] = field(default_factory=list)
    receipts: list[_ReceiptRow] = field(default_factory=list)
    entitled: list[tuple[int, Entitled]] = field(default_factory=list)
    answers: list[tuple[int, MarketingAnswer]] = field(default_factory=list)
    policies: list[tuple[int, PolicyTold]] = field(default_factory=list)
    elsewhere: Counter[tuple[Channel, str, int]] = field(default_factory=Counter)

    @staticmethod
    def refused(receipt_id: int) -> "Batch":
        """Return a batch of one body that the database refused."""
        return Batch([receipt_id], [1], [{Why.NOT_APPLIED: 1}])

    @property
    def event_count(self) -> int:
        """How many events the bodies held."""
        return sum(self.event_counts)

    @property
    def strange_count(self) -> int:
        """How many of them nobody understands."""
        return sum(sum(one.values()) for one in self.stranges)

    def marks(self) -> dict[str, Any]:
        """Return what is written beside each body."""
        return {
            "receipt_ids": self.receipt_ids,
            "event_counts": self.event_counts,
            "strange_counts": [sum(one.values()) for one in self.stranges],
            "stranges": [_in_words(one) for one in self.stranges],
        }


def read_into(connection: Connection, batch: Batch, rows: Sequence[dict[str, Any]]) -> None:
    """Read bodies (receipt_id, body) into a batch. Only the list of accounts is asked of the database."""
    if not rows:
        return
    accounts = {
        (row["channel"], row["external_id"]): row["account_id"]
        for row in connection.execute(query("receipts/list_accounts"))
    }
    for row in rows:
        body = _read(row)
        strange = Counter(body.strange)
        for entry in body.entries:
            _sort(batch, entry, accounts=accounts, receipt_id=row["receipt_id"], strange=strange)
        batch.receipt_ids.append(row["receipt_id"])
        batch.event_counts.append(body.event_count)
        batch.stranges.append(strange)


def _read(row: dict[str, Any]) -> Body:
    """Read one body. The reader raises nothing; if it did, one body must not keep all others waiting for ever."""
    try:
        return read_body(row["body"])
    except Exception as error:  # noqa: BLE001  # one item of a batch: counted, kept and told
        # Not its trace, which may hold what people wrote.
        name, which = type(error).__name__, {"receipt_id": row["receipt_id"]}
        logger.error("a webhook body cannot be read (%s)", name, extra=which)  # noqa: TRY400
        return Body((), 1, {Why.NOT_APPLIED: 1})


def apply_batch(connection: Connection, batch: Batch, *, timing: Timing, most_due: int) -> tuple[dict[str, int], int]:
    """Apply a batch inside the transaction of the caller, and mark its bodies.

    Returns what was counted, by the names of the report, and how many messages were due to be looked at.
    """
    counts = {
        "bodies": len(batch.receipt_ids),
        "events": batch.event_count,
        "strange": batch.strange_count,
        "elsewhere": batch.elsewhere.total(),
    }
    connection.execute(query("receipts/plan_by_index"))
    connection.execute(query("receipts/take_turn"))
    if batch.interactions:
        counts["interactions"] = store_interactions(connection, batch.interactions, timing=timing)[1]
    counts |= _keep_rare(connection, batch)
    moved, due_count = _apply_receipts(connection, batch.receipts, most_due=most_due)
    if batch.receipt_ids:
        connection.execute(query("receipts/mark_applied"), batch.marks())
    return counts | moved, due_count


# from words to rows


def _sort(
    batch: Batch,
    entry: AccountTold,
    *,
    accounts: Mapping[tuple[str, str], int],
    receipt_id: int,
    strange: Counter[Why],
) -> None:
    """Put what an entry told where it belongs; what is told of an account that is not kept here waits for it."""
    account_id = None
    if entry.channel is not None and entry.external_id is not None:
        account_id = accounts.get((entry.channel.value, entry.external_id))
    if account_id is not None:
        for told in entry.told:
            _SORTERS[type(told)](batch, account_id, told, entry.channel)
        return
    # The attempt's id alone says whose message an echo is of, whatever the entry calls the account.
    proofs = [told for told in entry.told if isinstance(told, Echoed) and told.attempt_id is not None]
    for proof in proofs:
        batch.receipts.append(("echo", None, proof.user_id, proof.at_ms, proof.mid, None, proof.attempt_id))
    if entry.channel is None or entry.external_id is None:
        if len(entry.told) > len(proofs):
            strange[Why.NO_ACCOUNT] += len(entry.told) - len(proofs)
        return
    batch.elsewhere[entry.channel, entry.external_id, receipt_id] += len(entry.told)


def _sort_acted(batch: Batch, account_id: int, told: Acted, _channel: Channel) -> None:
    batch.interactions.append(Interaction(account_id, told.user_id, told.kind, _moment(told.at_ms), told.event_id))


def _sort_echoed(batch: Batch, account_id: int, told: Echoed, channel: Channel) -> None:
    """Keep an echo of ours; without an attempt's id it is another app's on Messenger, and perhaps ours on Instagram."""
    is_perhaps_ours = channel is Channel.INSTAGRAM and told.mid is not None and told.at_ms is not None
    if told.attempt_id is not None:
        batch.receipts.append(("echo", account_id, told.user_id, told.at_ms, told.mid, None, told.attempt_id))
    elif is_perhaps_ours:
        batch.receipts.append(("echo", account_id, told.user_id, told.at_ms, bare_id(told.mid or ""), None, None))


def _sort_delivered(batch: Batch, account_id: int, told: Delivered, _channel: Channel) -> None:
    batch.receipts.append(("delivery", account_id, told.user_id, told.at_ms, told.mid, told.up_to_ms, None))


def _sort_read(batch: Batch, account_id: int, told: Read, _channel: Channel) -> None:
    batch.receipts.append(("read", account_id, told.user_id, told.at_ms, told.mid, told.up_to_ms, None))


def _sort_entitled(batch: Batch, account_id: int, told: Entitled, _channel: Channel) -> None:
    batch.entitled.append((account_id, told))


def _sort_answer(batch: Batch, account_id: int, told: MarketingAnswer, _channel: Channel) -> None:
    batch.answers.append((account_id, told))


def _sort_policy(batch: Batch, account_id: int, told: PolicyTold, _channel: Channel) -> None:
    batch.policies.append((account_id, told))


_SORTERS: Final[dict[type, Callable[[Batch, int, Any, Any], None]]] = {
    Acted: _sort_acted,
    Echoed: _sort_echoed,
    Delivered: _sort_delivered,
    Read: _sort_read,
    Entitled: _sort_entitled,
    MarketingAnswer: _sort_answer,
    PolicyTold: _sort_policy,
}


# from rows to tables


def _apply_receipts(
    connection: Connection, receipts: Sequence[_ReceiptRow], *, most_due: int
) -> tuple[dict[str, int], int]:
    """Settle what is proven, gather what each message was told, and move it there once: docs/receipts.md says why."""
    connection.execute(query("receipts/create_loading_table"))
    counts = {}
    if receipts:
        with connection.cursor() as cursor, cursor.copy(query("receipts/copy")) as copy:
            for row in receipts:
                copy.write_row(row)
        counts["settled"] = _settle(connection)
        connection.execute(query("receipts/find_echoed"))
        connection.execute(query("receipts/find_named"))
    due_count = _row(connection, "receipts/find_due", most=most_due)["due_count"]
    if receipts:
        connection.execute(query("receipts/keep_watermarks"))
    if receipts or due_count:
        connection.execute(query("receipts/find_covered"))
        moved = _row(connection, "receipts/move_told")
        counts |= {"delivered": moved["delivered_count"], "read": moved["read_count"]}
        connection.execute(query("receipts/keep_told_times"))
        connection.execute(query("receipts/forget_missing"))
    connection.execute(query("receipts/drop_loading_table"))
    return counts, due_count


def _settle(connection: Connection) -> int:
    """Let receipts prove attempts; those that were called absent are told to a person."""
    rows = connection.execute(query("receipts/list_unproven")).fetchall()
    if not rows:
        return 0
    ids, mids = [row["attempt_id"] for row in rows], [row["mid"] for row in rows]
    settled = _row(connection, "receipts/settle", attempt_ids=ids, provider_message_ids=mids)["settled_count"]
    contradict(connection, ids, provider_message_ids=mids)
    return int(settled)


def _keep_rare(connection: Connection, batch: Batch) -> dict[str, int]:
    """Keep what comes seldom: entitlements, opt-outs, what the platform did to an account, accounts unknown here."""
    counts = {}
    if batch.entitled:
        counts["entitlements"] = _keep_entitlements(connection, batch.entitled)
    if batch.answers:
        counts["opted_out"] = _keep_answers(connection, batch.answers)
    if batch.policies:
        counts["paused"] = _keep_policies(connection, batch.policies)
    if batch.elsewhere:
        connection.execute(
            query("receipts/note_unknown_accounts"),
            {
                "channels": [channel for channel, _, _ in batch.elsewhere],
                "external_ids": [external_id for _, external_id, _ in batch.elsewhere],
                "receipt_ids": [receipt_id for _, _, receipt_id in batch.elsewhere],
                "event_counts": list(batch.elsewhere.values()),
            },
        )
    return counts


def _keep_entitlements(connection: Connection, entitled: Sequence[tuple[int, Entitled]]) -> int:
    row = _row(
        connection,
        "entitlements/keep",
        account_ids=[account_id for account_id, _ in entitled],
        object_ids=[told.object_id for _, told in entitled],
        kinds=[told.kind for _, told in entitled],
        user_ids=[told.user_id for _, told in entitled],
        given_at=[_moment_or_none(told.given_at_ms) for _, told in entitled],
        removed_at=[_moment_or_none(told.removed_at_ms) for _, told in entitled],
        hidden_at=[_moment_or_none(told.hidden_at_ms) for _, told in entitled],
        shown_at=[_moment_or_none(told.shown_at_ms) for _, told in entitled],
    )
    return int(row["new_count"])


def _keep_answers(connection: Connection, answers: Sequence[tuple[int, MarketingAnswer]]) -> int:
    """Keep stops and resumptions; whoever is opted out by that is set aside in campaigns that are under way."""
    rows = connection.execute(
        query("suppressions/keep_answers"),
        {
            "account_ids": [account_id for account_id, _ in answers],
            "user_ids": [told.user_id for _, told in answers],
            "stopped_at": [_moment(told.at_ms) if told.is_stop else None for _, told in answers],
            "resumed_at": [None if told.is_stop else _moment(told.at_ms) for _, told in answers],
            "source": MARKETING_STOP,
        },
    ).fetchall()
    for account_id in {row["account_id"] for row in rows}:
        people = [row["user_id"] for row in rows if row["account_id"] == account_id]
        connection.execute(query("suppressions/set_aside"), {"account_id": account_id, "user_ids": people})
    return len(rows)


def _keep_policies(connection: Connection, policies: Sequence[tuple[int, PolicyTold]]) -> int:
    """Keep what the platform did; a block pauses its account, and nothing but a person lets it go on."""
    rows = connection.execute(
        query("policy/keep"),
        {
            "account_ids": [account_id for account_id, _ in policies],
            "told_at": [_moment(told.at_ms) for _, told in policies],
            "actions": [told.action for _, told in policies],
            "reasons": [told.reason or "" for _, told in policies],
        },
    ).fetchall()
    for row in rows:
        connection.execute(query("accounts/pause"), {"account_id": row["account_id"], "why": BLOCKED})
    return len(rows)


def _row(connection: Connection, statement: str, **parameters: Any) -> dict[str, Any]:
    row = connection.execute(query(statement), parameters).fetchone()
    if row is None:
        raise LookupError("a statement that always returns a row returned none")
    return row


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _moment_or_none(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else _moment(milliseconds)


def _in_words(strange: Mapping[Why, int]) -> str | None:
    """Say why events are strange, in our words alone."""
    words = "; ".join(f"{why}: {count}" for why, count in sorted(strange.items()))
    return words or None
