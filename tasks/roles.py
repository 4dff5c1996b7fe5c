"""The roles of the database: what each part of an installation may do, and nothing more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import psycopg
from psycopg import sql

from clients.postgres import Connection
from domain.errors import ConfigurationError, UsageError


class Role(StrEnum):
    """A part of an installation. Who migrates, maintains and erases is no role here but the owner of the tables."""

    INGEST = "ingest"  # takes in: lists, interactions, receipts, opt-outs; sets up accounts and templates
    SENDER = "sender"  # sends, sweeps and looks up what is unknown
    HOOK = "hook"  # stores what the platform posts, before it is answered
    REPORT = "report"  # reads the views that are made for analysts


@dataclass(frozen=True)
class Grant:
    """What may be done with a table or a view, in SQL's words; `columns` keep an UPDATE to some of them."""

    what: str
    on: str
    columns: tuple[str, ...] = ()


def _each(what: str, names: str) -> tuple[Grant, ...]:
    return tuple(Grant(what, name) for name in names.split())


_ATTEMPT_ENDS: Final = (
    "outcome",
    "ended_at",
    "settled_at",
    "provider_message_id",
    "provider_code",
    "provider_subcode",
    "provider_text",
)
_CAMPAIGN: Final = (
    "plan",
    "outlook",
    "lost_by_delay",
    "resumed_at",
    "accepts_old_interactions",
    "asks_approval",
    "flow_run_id",
    "schedule_revision",
    "scheduled_run_id",
    "scheduled_at",
)
_MESSAGE: Final = ("closes_at", "reply_until", "platform_sent_at", "delivered_at", "read_at")
_SUPPRESSION: Final = ("kind", "until", "source", "added_at")

# docs/database-roles.md is written from this table, and a test compares them.
GRANTS: Final[Mapping[Role, tuple[Grant, ...]]] = {
    Role.INGEST: (
        *_each(
            "SELECT",
            "migration account pace template campaign campaign_turn upload upload_file staged_row problem "
            "validation_result message_list attempt interaction last_interaction suppression active_suppression "
            "receipt_inbox mid_receipt watermark entitlement look_up look_up_pace decision erased_person "
            "deletion_request maintenance_run interaction_day campaign_summary message_list_report run_history "
            "send_rate failure_breakdown eligibility_nights unknown_account receipt_due receipt_check marketing_answer "
            "policy_event open_entitlement reply_right message_deadline recoverable_message backfill "
            "backfill_conversation mapped_read mapped_ahead eligibility_snapshot eligibility_hour campaign_run "
            "recurring approval told",
        ),
        *_each(
            "INSERT",
            "account pace template campaign upload upload_file staged_row problem validation_result message_list "
            "interaction last_interaction suppression receipt_inbox mid_receipt watermark entitlement decision "
            "unknown_account receipt_check marketing_answer policy_event backfill backfill_conversation mapped_read "
            "mapped_ahead eligibility_snapshot eligibility_hour campaign_run recurring approval told",
        ),
        # A list that is staged anew, its problems, cool-offs that are over, opt-outs that are taken back, receipts and
        # conversations that waited and wait no more.
        *_each(
            "DELETE",
            "staged_row problem suppression validation_result unknown_account receipt_due mid_receipt backfill "
            "backfill_conversation",
        ),
        Grant("UPDATE", "staged_row"),
        Grant("UPDATE", "problem", ("facts",)),
        Grant("UPDATE", "validation_result"),
        Grant("UPDATE", "account", ("paused_at", "pause_reason", "cap_messages", "cap_hours")),
        Grant("UPDATE", "pace", ("not_before", "away_count")),
        Grant("UPDATE", "campaign", _CAMPAIGN),
        Grant("UPDATE", "message_list", _MESSAGE),
        Grant("UPDATE", "attempt", _ATTEMPT_ENDS),
        Grant("UPDATE", "decision", ("contradicted_at",)),
        *_each(
            "UPDATE",
            "receipt_check marketing_answer backfill backfill_conversation mapped_read eligibility_hour campaign_run "
            "recurring told",
        ),
        Grant("UPDATE", "last_interaction", ("opener_at", "opener_kind")),
        Grant("UPDATE", "suppression", _SUPPRESSION),
        Grant("UPDATE", "receipt_inbox", ("applied_at", "event_count", "strange_count", "strange")),
        Grant("UPDATE", "mid_receipt"),
        Grant("UPDATE", "watermark", ("told_at",)),
        Grant("UPDATE", "entitlement"),
    ),
    Role.SENDER: (
        *_each(
            "SELECT",
            "migration account pace template campaign campaign_turn upload problem message_list attempt "
            "last_interaction suppression active_suppression receipt_inbox mid_receipt watermark entitlement "
            "look_up look_up_pace decision deletion_request maintenance_run interaction_day unknown_account "
            "receipt_due policy_event open_entitlement reply_right message_deadline recoverable_message mapped_read "
            "mapped_ahead campaign_run recurring approval told told_message_id",
        ),
        *_each(
            "INSERT",
            "attempt told_message_id campaign_turn look_up look_up_pace decision suppression campaign_run approval "
            "told",
        ),
        *_each("UPDATE", "campaign_run recurring told"),
        Grant("UPDATE", "attempt", (*_ATTEMPT_ENDS, "slot_at", "lease_until")),
        Grant("UPDATE", "account", ("paused_at", "pause_reason")),
        Grant("UPDATE", "pace"),
        Grant("UPDATE", "campaign", _CAMPAIGN),
        Grant("UPDATE", "campaign_turn"),
        Grant("UPDATE", "message_list", _MESSAGE),
        Grant("UPDATE", "look_up", ("ended_at", "result", "page_count", "detail")),
        Grant("UPDATE", "look_up_pace"),
        Grant("UPDATE", "told_message_id", ("attempt_id",)),
        Grant("UPDATE", "decision", ("contradicted_at",)),
        Grant("UPDATE", "suppression", _SUPPRESSION),
        Grant("UPDATE", "receipt_inbox", ("applied_at", "event_count", "strange_count", "strange")),
    ),
    Role.HOOK: (
        *_each(
            "SELECT",
            "migration deletion_request",
        ),
        Grant("SELECT", "receipt_inbox", ("receipt_id", "body_sha256", "received_at", "applied_at")),
        Grant("INSERT", "receipt_inbox", ("body", "body_sha256")),
        Grant("INSERT", "deletion_request", ("code", "app_user_id")),
    ),
    Role.REPORT: _each(
        "SELECT",
        "campaign_summary message_list_report failure_breakdown run_history send_rate eligibility_nights",
    ),
}

# What no role reaches: only the owner of the tables does, who migrates, maintains and erases.
OWNERS_ALONE: Final = frozenset({"message_move", "campaign_move", "interaction_default", "interaction_aside"})

_OF_MESSAGES: Final = (
    "move_messages move_campaign cap_free_at pace_now turn_wait_seconds count_default_interactions bare_id sent_by "
    "note_no_receipt forget_no_receipt message_change is_held window_end closing_time suppression_reason"
)
_FUNCTIONS: Final[Mapping[Role, str]] = {
    Role.INGEST: f"clock {_OF_MESSAGES}",
    Role.SENDER: f"clock {_OF_MESSAGES}",
    Role.HOOK: "clock",
    Role.REPORT: "clock",
}

# How long a statement may take, wait for a lock, and leave a transaction open. An import or a check of a million rows
# takes minutes; whatever a sender does takes milliseconds.
_LIMITS: Final[Mapping[Role, Mapping[str, str]]] = {
    Role.INGEST: {"statement_timeout": "1h", "lock_timeout": "1min", "idle_in_transaction_session_timeout": "10min"},
    Role.SENDER: {"statement_timeout": "1min", "lock_timeout": "30s", "idle_in_transaction_session_timeout": "1min"},
    Role.HOOK: {"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s"},
    Role.REPORT: {"statement_timeout": "10min", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "10min"},
}


def group_name(role: Role, *, prefix: str) -> str:
    """Return the name that a role has on the server."""
    return f"{prefix}_{role}"


def set_up_roles(
    connection: Connection, *, prefix: str = "windowcast", members: Sequence[tuple[Role, str]] = ()
) -> list[str]:
    """Make the roles, grant each what it needs and take all else from it, and let logins be members of them.

    Harmless to repeat, and to be repeated after each `db migrate`. The roles cannot log in; a login that becomes a
    member gets its limits of time and the search path. Returns the names of the roles. Raises UsageError for a login
    that does not exist, and ConfigurationError when whoever is connected may not do this.
    """
    try:
        with connection.transaction():
            for role in Role:
                _set_up(connection, role, prefix=prefix)
            for role, login in members:
                _let_in(connection, role, login=login, prefix=prefix)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            "Roles are made by the owner of the tables, who needs CREATEROLE for it; nothing was changed "
            f"({error.diag.message_primary})."
        ) from error
    except psycopg.errors.UndefinedObject as error:
        raise UsageError(
            f"{(error.diag.message_primary or '').capitalize()}: make the login first (CREATE ROLE ... LOGIN PASSWORD "
            "...); nothing was changed."
        ) from error
    return [group_name(role, prefix=prefix) for role in Role]


def _set_up(connection: Connection, role: Role, *, prefix: str) -> None:
    name = sql.Identifier(group_name(role, prefix=prefix))
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [group_name(role, prefix=prefix)])
    if found.fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
    _limit(connection, name, role)
    for kind in ("TABLES", "FUNCTIONS"):
        connection.execute(sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA windowcast FROM {}").format(sql.SQL(kind), name))
        connection.execute(sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA windowcast FROM public").format(sql.SQL(kind)))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA windowcast TO {}").format(name))
    for grant in GRANTS[role]:
        connection.execute(_granted(grant, name))
    for function in _FUNCTIONS[role].split():
        connection.execute(
            sql.SQL("GRANT EXECUTE ON FUNCTION windowcast.{} TO {}").format(sql.Identifier(function), name)
        )
    if role is Role.INGEST:
        # Interactions are loaded by way of a temporary table.
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(database, name))


def _granted(grant: Grant, name: sql.Identifier) -> sql.Composed:
    what: sql.Composable = sql.SQL(grant.what)
    if grant.columns:
        what = sql.SQL("{} ({})").format(what, sql.SQL(", ").join(map(sql.Identifier, grant.columns)))
    return sql.SQL("GRANT {} ON windowcast.{} TO {}").format(what, sql.Identifier(grant.on), name)


def _let_in(connection: Connection, role: Role, *, login: str, prefix: str) -> None:
    name = sql.Identifier(login)
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group_name(role, prefix=prefix)), name))
    # A member inherits what a role may do, and not how it is set.
    _limit(connection, name, role)


def _limit(connection: Connection, name: sql.Identifier, role: Role) -> None:
    database = sql.Identifier(connection.info.dbname)
    for setting, value in {**_LIMITS[role], "search_path": "windowcast"}.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} TO {}").format(
                name, database, sql.Identifier(setting), sql.Literal(value)
            )
        )
