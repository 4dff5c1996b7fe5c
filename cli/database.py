"""`windowcast db` and `windowcast doctor`: the database, and whether all that is promised of it holds."""

from typing import TYPE_CHECKING, Any

import click

from cli.output import is_terminal, print_json, say
from cli.session import json_option
from domain.errors import ConfigurationError, UnfinishedError, UsageError

if TYPE_CHECKING:
    from tasks.roles import Role


@click.group()
def db() -> None:
    """Migrate and maintain the database; stop the embedded one; say that a backup was restored."""


@db.command()
@json_option
def migrate(*, as_json: bool) -> None:
    """Bring the database's schema up to date."""
    from clients.postgres import connect, database_url
    from clients.settings import settings
    from tasks.database import migrate as apply_migrations

    with connect(database_url(settings())) as connection:
        applied = apply_migrations(connection)
    if as_json:
        print_json({"applied": applied})
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "The database is up to date.")


@db.command()
@json_option
def stop(*, as_json: bool) -> None:
    """Stop the embedded Postgres, if it runs."""
    from clients import embedded_postgres
    from clients.settings import settings

    if settings().database_url is not None:
        raise ConfigurationError(
            "WINDOWCAST_DATABASE_URL names a server of yours; only the embedded one is stopped here."
        )
    was_running = embedded_postgres.stop(settings().home)
    if as_json:
        print_json({"was_running": was_running})
    else:
        click.echo("The embedded Postgres is stopped." if was_running else "No embedded Postgres was running.")


@db.command()
@json_option
def maintain(*, as_json: bool) -> None:
    """Make partitions ahead, and delete what was kept long enough. Harmless at any time; a server does it daily."""
    from cli.session import session
    from tasks.deletion_requests import keep_erasures
    from tasks.maintenance import maintain_here

    with session() as opened:
        report = maintain_here(opened.connection, opened.settings)
        erasures = keep_erasures(opened.connection)
    if as_json:
        print_json(
            {
                "made": [day.isoformat() for day in report.made],
                "dropped": [day.isoformat() for day in report.dropped],
                "moved": report.moved,
                "deleted": report.deleted,
                "deletion_requests": {
                    "done": erasures.done,
                    "unmatched": erasures.unmatched,
                    "waiting": erasures.waiting,
                },
            }
        )
        return
    click.echo(
        f"Days of interactions that got a partition: {len(report.made)}, and that were dropped: {len(report.dropped)}. "
        f"Interactions moved to their days: {report.moved}."
    )
    for what, count in report.deleted.items():
        if count:
            click.echo(f"  deleted {what}: {count}")
    if erasures.done or erasures.unmatched or erasures.waiting:
        click.echo(
            f"Requests for deletion: {erasures.done} done, {erasures.unmatched} of nobody we know by that id, "
            f"{erasures.waiting} wait for a message that is under way."
        )


@db.command()
@click.option("--prefix", default="windowcast", show_default=True, help="What the names of the roles begin with.")
@click.option(
    "--member",
    "members",
    multiple=True,
    metavar="ROLE=LOGIN",
    help="Let a login of the server act as ingest, sender, hook or report; may be given more than once.",
)
@json_option
def roles(*, prefix: str, members: tuple[str, ...], as_json: bool) -> None:
    """Make a role for each part of the installation with what it needs and no more; repeat it after each migrate."""
    from cli.session import session
    from clients.settings import settings
    from tasks.roles import set_up_roles

    if settings().database_url is None:
        raise ConfigurationError(
            "The embedded Postgres has one user and needs no roles; name a server of yours with "
            "WINDOWCAST_DATABASE_URL to have them there."
        )
    chosen = [_member(text) for text in members]
    with session() as opened:
        made = set_up_roles(opened.connection, prefix=prefix, members=chosen)
    if as_json:
        print_json({"roles": made, "members": [{"role": role, "login": login} for role, login in chosen]})
    else:
        click.echo(f"Roles that have what they need and no more: {', '.join(made)}.")


def _member(text: str) -> "tuple[Role, str]":
    from tasks.roles import Role

    role, _, login = text.partition("=")
    if role not in list(Role) or not login:
        raise UsageError(f"--member {text} should be ROLE=LOGIN, where ROLE is one of {', '.join(Role)}.")
    return Role(role), login


@db.command()
@click.option("--yes", is_flag=True, help="Do not ask; needed without a terminal.")
@json_option
def restored(*, yes: bool, as_json: bool) -> None:
    """Say that a backup was restored: every account is paused, and what may have been sent since is unknown.

    Stop all senders and workers before you restore, and give this command before you start them again.
    """
    from cli.session import session
    from tasks.restore import mark_restored

    if not yes:
        _confirm_restored(as_json=as_json)
    with session() as opened:
        marked = mark_restored(opened.connection)
    if as_json:
        print_json(
            {
                "paused_accounts": list(marked.accounts),
                "unknown": {str(campaign_id): count for campaign_id, count in marked.doubted.items()},
            }
        )
        return
    click.echo(
        f"Paused accounts: {', '.join(marked.accounts) or 'none'}. Messages that may have been sent since the backup "
        f"and are unknown now: {marked.message_count}, in {len(marked.doubted)} campaigns."
    )
    say(
        "Lists that were submitted after the backup are not known here: submit none of them again before you have "
        "looked what was sent. `windowcast accounts resume ACCOUNT` lets an account send again."
    )


def _confirm_restored(*, as_json: bool) -> None:
    if as_json or not is_terminal():
        raise UsageError("Without a terminal nobody can be asked: add --yes to say that a backup was restored.")
    click.confirm(
        "Was a backup restored? Every account is paused, and all messages that are ready in campaigns whose time has "
        "come are called unknown: this cannot be taken back.",
        abort=True,
        err=True,
    )


@click.command()
@json_option
def doctor(*, as_json: bool) -> int:
    """Check the settings, the database and every promise about it."""
    from clients.postgres import connect, database_url
    from clients.settings import settings
    from tasks.database import broken_promises, database_facts, ensure_schema
    from tasks.decisions import list_contradicted
    from tasks.mapped_interactions import find_misfit
    from tasks.upkeep import find_upkeep

    chosen = settings()
    with connect(database_url(chosen)) as connection:
        ensure_schema(connection, embedded=chosen.database_url is None)
        misfit = find_misfit(connection, chosen)
        facts = database_facts(connection)
        broken = broken_promises(connection)
        contradicted = list_contradicted(connection)
        upkeep = find_upkeep(connection)
    findings = _findings(facts) + misfit + [f"{one.text} ({one.runbook})" for one in upkeep]
    findings += [f"The promise {name} does not hold: {rows[:3]}" for name, rows in broken.items()]
    if as_json:
        print_json(
            {
                "database": facts,
                "broken_promises": {name: str(rows) for name, rows in broken.items()},
                "findings": findings,
                "contradicted_decisions": [{**row, "message_id": str(row["message_id"])} for row in contradicted],
            }
        )
    else:
        kind = "embedded" if chosen.database_url is None else "set by WINDOWCAST_DATABASE_URL"
        click.echo(f"Postgres {facts['server_version']} ({kind}); platform {chosen.graph_url}/{chosen.graph_version}")
        click.echo(
            f"Connected as {facts['role']}, who "
            + (
                "owns the tables: right for migrating, maintaining and erasing, and more than anything else needs "
                "(docs/database-roles.md)."
                if facts["owns_tables"]
                else "does not own the tables."
            )
        )
        for finding in findings:
            say(finding)
        for row in contradicted:
            say(
                f"Message {row['message_id']} was called absent by {row['decided_by']}, and had been sent: if it was "
                "sent again, its person has two copies."
            )
        if not findings:
            click.echo("All is well: the schema is current, commits are durable, and every promise holds.")
    return UnfinishedError.exit_code if findings else 0


def _findings(facts: dict[str, Any]) -> list[str]:
    from tasks.database import DURABILITY

    findings = [
        f"{name} is {facts[name]}: a commit may be lost, and with it the knowledge of what was sent; set it to on."
        for name in DURABILITY
        if facts[name] == "off"
    ]
    if not facts["clock_is_real"]:
        findings.append(
            "windowcast.clock() was replaced for a test: nothing is sent to a real platform until it is restored."
        )
    return findings
