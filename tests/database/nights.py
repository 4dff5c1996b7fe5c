"""A clock that a test sets, people who write at its moments, and the report of the night."""

from datetime import UTC, datetime, timedelta

from domain.guards import Guards
from domain.window import InteractionKind
from factories import TIMING, user_id
from tasks.eligibility_report import report_night
from tasks.interactions import Interaction, store_interactions

# How long before its end a window counts as over.
RESERVE = TIMING.margin_seconds + TIMING.reserve_seconds
BERLIN = "Europe/Berlin"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(world, moment):
    """Let the one clock stand at a moment."""
    world.connection.execute(
        "CREATE OR REPLACE FUNCTION windowcast.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
        f"$$SELECT timestamptz '{moment.isoformat()}'$$"
    )


def writes(world, account, number, moment, *, kind=InteractionKind.MESSAGE):
    """Let a person write at a moment; the same moment is one event."""
    event = f"{account.account_id}-{number}-{moment.timestamp()}"
    one = Interaction(account.account_id, user_id(number), kind, moment, event)
    store_interactions(world.connection, [one], timing=TIMING)


def report(world, **fields):
    given = {"account": None, "zone": None, "timing": TIMING, "guards": Guards(), **fields}
    return report_night(world.connection, **given)


def only(world, **fields):
    (figures,) = report(world, **fields).accounts
    return figures


def hours_before(moment, hours):
    return moment - timedelta(hours=hours)
