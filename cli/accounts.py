"""`windowcast accounts`: the Pages and professional accounts that send."""

import click

from cli.output import print_json, print_table
from cli.session import json_option, refresh_form, session
from cli.shown import account_json
from domain.errors import ConfigurationError, ServiceAwayError, UsageError
from domain.pace import DEFAULT_PER_SECOND
from domain.template import Channel, Provider


@click.group()
def accounts() -> None:
    """Add, list, check, cap, pause and resume sending accounts."""


@accounts.command()
@click.argument("name")
@click.option("--channel", type=click.Choice([channel.value for channel in Channel]), required=True)
@click.option(
    "--provider", type=click.Choice([provider.value for provider in Provider]), default="graph", show_default=True
)
@click.option("--external-id", required=True, help="The platform's id of the account, as webhooks name it.")
@click.option(
    "--credential",
    required=True,
    metavar="NAME",
    help="What holds the token: an environment variable (PAGE_TOKEN) or a Secret block of the Prefect server "
    "(secret/page-token).",
)
@click.option("--page-id", help="The Page to post to, where it differs from the external id (Instagram).")
@click.option(
    "--pace",
    default=str(DEFAULT_PER_SECOND),
    show_default=True,
    metavar="N|none",
    help="Messages a second; above 40 a Page's inbox stops working.",
)
@json_option
def add(
    name: str,
    *,
    channel: str,
    provider: str,
    external_id: str,
    credential: str,
    page_id: str | None,
    pace: str,
    as_json: bool,
) -> None:
    """Add an account. Nothing is called; `accounts check` tries its token."""
    from tasks.accounts import add_account

    with session() as opened:
        account = add_account(
            opened.connection,
            name,
            channel=Channel(channel),
            provider=Provider(provider),
            external_id=external_id,
            credential=credential,
            page_id=page_id,
            per_second=_pace(pace),
        )
        refresh_form(opened)
    if as_json:
        print_json(account_json(account))
    else:
        click.echo(f"The account {account.name} is kept; `windowcast accounts check {account.name}` tries its token.")


@accounts.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all accounts, newest first."""
    from tasks.accounts import list_accounts

    with session() as opened:
        found = list_accounts(opened.connection)
    if as_json:
        print_json([account_json(account) for account in found])
        return
    print_table(
        ("name", "channel", "provider", "platform id", "pace", "state", "note"),
        [
            (
                account.name,
                account.channel,
                account.provider,
                account.external_id,
                "none" if account.per_second is None else f"{account.per_second:g}/s",
                f"paused: {account.pause_reason}" if account.is_paused else "active",
                account.note,
            )
            for account in found
        ],
        empty="There are no accounts yet; `windowcast accounts add` makes one.",
    )


@accounts.command()
@click.argument("name")
@json_option
def check(name: str, *, as_json: bool) -> None:
    """Ask the platform whether the account's token works and belongs to it."""
    import asyncio

    from clients.graph.messenger import CheckResult
    from tasks.accounts import find_account
    from tasks.running import check_token

    with session() as opened:
        account = find_account(opened.connection, name)
        result = asyncio.run(check_token(account, chosen=opened.settings))
    match result.result:
        case CheckResult.WORKING:
            if as_json:
                print_json({"result": result.result.value, "id": result.account_id, "name": result.name})
            else:
                click.echo(f"The token of {name} works, for {result.name or 'the account'} ({result.account_id}).")
        case CheckResult.OTHER_ACCOUNT:
            raise ConfigurationError(
                f"The token of {name} works, but for {result.name} ({result.account_id}), not for "
                f"{account.external_id}; set {account.credential} to the right account's token."
            )
        case CheckResult.REFUSED:
            raise ConfigurationError(
                f"The platform refuses the token of {name} (code {result.answer.code}: {result.answer.text}); set "
                f"{account.credential} to a new one."
            )
        case CheckResult.NO_ANSWER:
            raise ServiceAwayError(f"The platform gives no usable answer ({result.answer.text}); try again later.")


@accounts.command()
@click.argument("name")
@json_option
def pause(name: str, *, as_json: bool) -> None:
    """Stop an account and its campaigns at their next claim."""
    from tasks.accounts import find_account, pause_account

    with session() as opened:
        count = pause_account(opened.connection, find_account(opened.connection, name), why="paused by a person")
        account = find_account(opened.connection, name)
    if as_json:
        print_json(account_json(account))
    else:
        click.echo(f"The account {name} is paused, with {count} campaigns that were sending.")


@accounts.command()
@click.argument("name")
@click.option("--messages", type=click.IntRange(1), help="How many campaign messages a person may get ...")
@click.option("--hours", type=click.FloatRange(0, 720, min_open=True), help="... in so many hours.")
@click.option("--off", is_flag=True, help="Keep no cap.")
@json_option
def cap(name: str, *, messages: int | None, hours: float | None, off: bool, as_json: bool) -> None:
    """Cap the campaign messages of each person, over all campaigns of an account, from the next claim on."""
    from tasks.accounts import find_account, set_cap

    if off == (messages is not None or hours is not None) or (messages is None) != (hours is None):
        raise UsageError("Say --messages N with --hours H, such as --messages 2 --hours 24, or --off.")
    with session() as opened:
        account = set_cap(opened.connection, find_account(opened.connection, name), messages=messages, hours=hours)
    if as_json:
        print_json(account_json(account))
    elif off:
        click.echo(f"The account {name} keeps no cap.")
    else:
        click.echo(f"A person gets at most {messages} campaign messages of {name} in {hours:g} hours.")


@accounts.command()
@click.argument("name")
@json_option
def resume(name: str, *, as_json: bool) -> None:
    """Let an account send again, with the campaigns that its pause had stopped."""
    from tasks.accounts import find_account, resume_account

    with session() as opened:
        resumed = resume_account(opened.connection, find_account(opened.connection, name))
        account = find_account(opened.connection, name)
    if as_json:
        print_json({**account_json(account), "resumed_campaigns": resumed})
        return
    click.echo(f"The account {name} may send again.")
    for campaign_id in resumed:
        click.echo(f"  `windowcast campaigns run {campaign_id}` goes on with its campaign.")


def _pace(text: str) -> float | None:
    if text == "none":
        return None
    try:
        pace = float(text)
    except ValueError:
        pace = 0
    if not 0 < pace <= 1000:  # noqa: PLR2004  # far above any platform's limit; infinity and NaN fail too
        raise UsageError(f"--pace {text} is no pace; give messages a second, such as 40, or none.")
    return pace
