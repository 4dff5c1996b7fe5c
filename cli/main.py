"""The root of the command: which module holds which command, and how every error ends."""

import sys
from importlib import import_module
from typing import Final

import click

from domain.errors import CampaignError

# Command: where it is, and its line in `windowcast --help`. A module is imported when its command is asked for.
_COMMANDS: Final = {
    "submit": ("cli.submit:submit", "Check a list and send it, now or at a time."),
    "check": ("cli.check:check", "Show exactly what submit would do; send nothing."),
    "campaigns": (
        "cli.campaigns:campaigns",
        "List, show, approve, run, pause, resume, move, cancel, retry and sweep campaigns.",
    ),
    "recurring": ("cli.recurring:recurring", "List and stop what submit --every submits again and again."),
    "messages": ("cli.messages:messages", "Show or export the message list; settle what is unknown."),
    "templates": ("cli.templates:templates", "Add, list and preview templates; make their workbooks."),
    "accounts": ("cli.accounts:accounts", "Add, list, check, cap, pause and resume sending accounts."),
    "interactions": ("cli.interactions:interactions", "Load and list what people did, which opens their windows."),
    "webhooks": ("cli.webhooks:webhooks", "Receive what the platform tells, and apply it; look into its inbox."),
    "suppressions": ("cli.suppressions:suppressions", "Keep, list and take back opt-outs; list who is left in peace."),
    "people": ("cli.people:people", "Erase what is known of a person; list the requests for it."),
    "report": ("cli.report:report", "Show who can be reached, and what became of campaigns and their runs."),
    "up": ("cli.up:up", "Run a whole installation on this machine: database, Prefect server, workers, receiver."),
    "worker": ("cli.worker:worker", "Take the runs of a Prefect server's pool here; end in good order."),
    "notify": ("cli.notify:notify", "Set up and try where people are told what happens: Slack, Teams, e-mail."),
    "deploy": ("cli.deploy:deploy", "Make a Prefect server ready: pools, deployments, schedules, automations."),
    "doctor": ("cli.database:doctor", "Check the settings, the database and every promise about it."),
    "db": ("cli.database:db", "Migrate and maintain the database; stop the embedded one."),
    "sandbox": ("cli.sandbox:sandbox", "Run a Messenger Platform on this machine, for trials."),
    "demo": ("cli.demo:demo", "Show the main job on this machine, from nothing."),
}

# These have nothing to do with an installation that runs on this machine already.
_ALONE: Final = frozenset({"up", "sandbox", "demo"})

EXIT_CODES: Final = (
    "Exit codes: 0 done · 1 a fault of windowcast · 2 wrong words or an unknown name · 3 input refused, wholly or in "
    "part · 4 nobody is eligible · 5 a service is away · 6 paused or unfinished."
)
_BUG: Final = 1
_INTERRUPTED: Final = 130


class _LateGroup(click.Group):
    """A group whose commands are imported one by one, so that `--help` and each command start fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        if cmd_name not in _COMMANDS:
            return None
        if cmd_name not in _ALONE:
            from clients.installation import join_running

            join_running()
        module, name = _COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(
    cls=_LateGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="Messenger and Instagram campaigns inside the 24-hour messaging window.",
    epilog=EXIT_CODES,
)
@click.version_option(version="0.1.0", prog_name="windowcast")
def windowcast() -> None:
    """Hold the commands."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; every error ends in one sentence, never in a traceback for bad input."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = windowcast.main(args=given, prog_name="windowcast", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        _say(given, "usage", error.format_message(), _hint(error))
        return 2
    except CampaignError as error:
        _say(given, error.code, str(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped.", err=True)
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the last guard: a sentence, and the trace for whoever mends it
        import traceback

        traceback.print_exc()
        _say(
            given,
            "bug",
            f"This is a fault of windowcast ({type(error).__name__}); please report it with the lines above.",
        )
        return _BUG
    return code if isinstance(code, int) else 0


def _say(given: list[str], code: str, text: str, hint: str = "") -> None:
    if "--json" in given:
        import json

        click.echo(json.dumps({"error": {"code": code, "text": text}}, ensure_ascii=False))
    else:
        click.echo(text + hint, err=True)


def _hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return "" if context is None else f"\n`{context.command_path} --help` shows its options."
