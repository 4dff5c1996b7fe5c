"""`windowcast db` and `windowcast doctor`: the database, and whether all that is promised of it holds."""

from typing import Any

import click

from cli.output import print_json, say
from cli.session import json_option
from domain.errors import ConfigurationError, UnfinishedError


@click.group()
def db() -> None:
    """Migrate the database; stop the embedded one."""


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


@click.command()
@json_option
def doctor(*, as_json: bool) -> int:
    """Check the settings, the database and every promise about it."""
    from clients.postgres import connect, database_url
    from clients.settings import settings
    from tasks.database import broken_promises, database_facts, ensure_schema
    from tasks.decisions import list_contradicted

    chosen = settings()
    with connect(database_url(chosen)) as connection:
        ensure_schema(connection, embedded=chosen.database_url is None)
        facts = database_facts(connection)
        broken = broken_promises(connection)
        contradicted = list_contradicted(connection)
    findings = _findings(facts) + [f"The promise {name} does not hold: {rows[:3]}" for name, rows in broken.items()]
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
    findings = [
        f"{name} is {facts[name]}: a commit may be lost, and with it the knowledge of what was sent; set it to on."
        for name in ("fsync", "synchronous_commit", "full_page_writes")
        if facts[name] == "off"
    ]
    if not facts["clock_is_real"]:
        findings.append(
            "windowcast.clock() was replaced for a test: nothing is sent to a real platform until it is restored."
        )
    return findings
