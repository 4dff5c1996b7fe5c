"""`windowcast demo`: the main job from nothing, on this machine: the embedded Postgres, the sandbox, real commands."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click

from cli.beside import command_beside
from cli.output import print_json, say
from domain.errors import CampaignError, InputRefusedError
from domain.states import MessageState

if TYPE_CHECKING:
    from sandbox.process import SandboxClient
    from sandbox.truth import AcceptedMessage

_ACCOUNT: Final = "Demo Tea House"
_PAGE: Final = "104050607080901"
_CREDENTIAL: Final = "WINDOWCAST_DEMO_TOKEN"
_PACE: Final = "250"
_TIMED_ROWS: Final = 10
_TIMED_AHEAD: Final = timedelta(seconds=40)
# Every so many POSTs the sandbox takes the message and hangs up without an answer: echoes must tell.
_DROP_EVERY: Final = 400
# So many of those who get the message answer it, which opens their windows anew.
_WRITE_BACK_SHARE: Final = 0.05
_RECEIPTS_SECONDS: Final = 60
_TEMPLATE: Final = """\
code: tea-week
language: en
channel: messenger
name: Tea week
content:
  kind: text
  text: "Hello $(first_name), your $(tea) waits for you at $(shop) until Sunday. Just answer to have it kept."
"""
_LONG_AGO: Final = 3  # of every ten people
_NEVER: Final = 7  # of every twenty
_GOOD: Final = ("Ada", "green tea", "the old harbour")


_Row: TypeAlias = tuple[str | int | None, ...]


@dataclass(frozen=True)
class _Person:
    """One recipient of the demo: an id, and how long ago they wrote (None: never)."""

    user_id: str
    hours_ago: float | None


@click.command()
@click.option("--rows", type=click.IntRange(min=100), default=10_000, show_default=True, help="Rows of the workbook.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("demo-output"),
    show_default=True,
    help="Folder for the files.",
)
def demo(*, rows: int, output: Path) -> int:
    """Show the main job on this machine, from nothing: a workbook becomes a sent, accounted-for campaign.

    The last line is one JSON value, counted from the sandbox's own log; the exit code is 1 if anything does not add up.
    """
    from sandbox.process import running_sandbox

    started = time.monotonic()
    output = output.absolute()
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    with running_sandbox(log_path=output / "sandbox.jsonl") as platform:
        stage = _Stage(output, platform)
        try:
            stage.prepare(rows)
            stage.show_check()
            with stage.receiving():
                stage.submit("the workbook", "tea-week.xlsx", "--accept-valid")
                stage.submit_timed()
                stage.await_receipts()
            stage.show_result()
            summary = {**stage.summary(rows), "seconds": round(time.monotonic() - started, 1)}
        finally:
            stage.windowcast("db", "stop", quiet=True)
    print_json(summary)
    return 0 if _adds_up(summary, rows + _TIMED_ROWS) else 1


class _Stage:
    """The demo's folder, its platform, and the commands that are run there as a user would run them."""

    def __init__(self, folder: Path, platform: "SandboxClient") -> None:
        self.folder = folder
        self.platform = platform
        token, app_secret = secrets.token_hex(16), secrets.token_hex(16)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WINDOWCAST_", "PREFECT_"))}
        self._environment = {
            **kept,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "WINDOWCAST_HOME": str(folder / "home"),
            "WINDOWCAST_GRAPH_URL": platform.url,
            "WINDOWCAST_TIME_ZONE": "UTC",
            "WINDOWCAST_META_APP_SECRETS": app_secret,
            "WINDOWCAST_META_VERIFY_TOKEN": secrets.token_hex(16),
            _CREDENTIAL: token,
        }
        platform.add_accounts(
            [{"external_id": _PAGE, "channel": "messenger", "token": token, "app_secret": app_secret, "name": _ACCOUNT}]
        )

    def windowcast(self, *arguments: str, quiet: bool = False, may_refuse: bool = False) -> Any:
        """Run a command and return its JSON value."""
        if not quiet:
            say("$ windowcast " + " ".join(f'"{word}"' if " " in word else word for word in arguments))
        done = self._run((*arguments, "--json"), subprocess.PIPE)
        _expect(done.returncode, arguments, may_refuse=may_refuse, told=done.stdout.strip())
        return json.loads(done.stdout)

    def show(self, *arguments: str) -> None:
        """Run a command as a person would, with its progress, tables and problems on the terminal."""
        say("$ windowcast " + " ".join(f'"{word}"' if " " in word else word for word in arguments))
        done = self._run(arguments, sys.stderr.fileno())
        _expect(done.returncode, arguments, may_refuse=True, told="")

    def _run(self, arguments: tuple[str, ...], stdout: int) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603  # our own command with our own words
            [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())", *arguments],
            cwd=self.folder,
            env=self._environment,
            stdout=stdout,
            text=True,
            check=False,
        )

    def prepare(self, rows: int) -> None:
        """Make the account, the template, the people with their windows, and a workbook with bad rows of every kind."""
        (self.folder / "tea-week.yaml").write_text(_TEMPLATE, encoding="utf-8")
        self.windowcast(
            "accounts", "add", _ACCOUNT, "--channel", "messenger", "--provider", "graph", "--external-id", _PAGE,
            "--credential", _CREDENTIAL, "--pace", _PACE,
        )  # fmt: skip
        self.windowcast("templates", "add", "tea-week.yaml")
        self.windowcast("templates", "workbook", "tea-week", "--language", "en", "--output", "empty.xlsx")
        people = list(_people(rows))
        _fill(self.folder / "empty.xlsx", self.folder / "tea-week.xlsx", rows=_sheet_rows(people))
        timed = [_Person(str(35_000_000_000_000_001 + 2 * number), 2) for number in range(_TIMED_ROWS)]
        _fill(
            self.folder / "empty.xlsx",
            self.folder / "timed.xlsx",
            rows=[(person.user_id, *_GOOD) for person in timed],
        )
        self._people_write([*people, *timed])
        self.windowcast("interactions", "import", "interactions.csv")
        opted_out = [person.user_id for person in people if person.hours_ago is not None][5::100]
        (self.folder / "opted-out.txt").write_text("\n".join(opted_out), encoding="utf-8")
        self.windowcast("suppressions", "add", _ACCOUNT, "--file", "opted-out.txt")

    def show_check(self) -> None:
        """Show the plan for now and for six hours from now."""
        words = ("--account", _ACCOUNT, "--template", "tea-week", "--language", "en", "--file", "tea-week.xlsx")
        for when in ((), ("--at", (datetime.now(UTC) + timedelta(hours=6)).isoformat(timespec="seconds"))):
            plan = self.windowcast("check", *words, "--accept-valid", *when, may_refuse=True)
            say(
                f"  {plan['rows']} rows, {len(plan['problems'])} problems; eligible now {plan['eligible_now']}, "
                f"{'in six hours' if when else 'at the send time'} {plan['eligible_at_send']} if nobody writes again, "
                f"{plan['closing_before_turn']} windows close before their turn; sending takes {plan['seconds']} s"
            )

    def submit(self, what: str, file: str, *more: str) -> None:
        """Submit a workbook, with progress."""
        say(f"Sending {what}; the sandbox hangs up on every {_DROP_EVERY}th message without an answer.")
        self.platform.add_fault({"kind": "perform_then_drop"}, every=_DROP_EVERY)
        self.show(
            "submit", "--account", _ACCOUNT, "--template", "tea-week", "--language", "en", "--file", file,
            "--name", "Tea week", "--yes", *more,
        )  # fmt: skip
        self.platform.clear_faults()

    def submit_timed(self) -> None:
        """Submit ten rows for some seconds from now."""
        at = (datetime.now(UTC) + _TIMED_AHEAD).isoformat(timespec="seconds")
        self.show(
            "submit", "--account", _ACCOUNT, "--template", "tea-week", "--language", "en", "--file", "timed.xlsx",
            "--name", "Tea week, timed", "--at", at, "--wait", "--yes",
        )  # fmt: skip
        early = [one for one in self.platform.log() if one.recipient_id.startswith("35") and _moment(one) < at]
        say(f"Timed for {at}; the platform had {len(early)} of them earlier.")

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Run the webhook receiver, to which the platform carries what it tells, signed; its log is kept."""
        command = command_beside("webhooks", "serve", "--port", "0", "--json")
        with (self.folder / "receiver.log").open("w", encoding="utf-8") as log:
            receiver = subprocess.Popen(  # noqa: S603  # our own command with our own words
                command, cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            self.platform.set_webhooks(url=self._address_of(receiver), write_back_share=_WRITE_BACK_SHARE)
            yield
        finally:
            receiver.terminate()
            receiver.wait(timeout=_RECEIPTS_SECONDS)

    def _address_of(self, receiver: "subprocess.Popen[str]") -> str:
        line = receiver.stdout.readline() if receiver.stdout else ""
        if not line.startswith("{"):
            raise CampaignError(f"The webhook receiver did not start; {self.folder / 'receiver.log'} says why.")
        address: str = json.loads(line)["receiver_url"]
        say(f"Webhooks are taken at {address}; every body is signed, and stored before it is answered.")
        return address

    def await_receipts(self) -> None:
        """Wait until every webhook of the platform has been received and applied."""
        deadline = time.monotonic() + _RECEIPTS_SECONDS
        while self._is_anything_coming():
            if time.monotonic() > deadline:
                raise CampaignError(f"Not all webhooks were applied; {self.folder / 'receiver.log'} says why.")
            time.sleep(0.5)
        inbox = self.windowcast("webhooks", "inbox", quiet=True)
        came_in = self.windowcast("interactions", "list", "--account", _ACCOUNT, "--most", "5", quiet=True)
        say(f"Receipts: {inbox['applied']} webhook bodies came through the receiver and are applied.")
        for one in came_in:
            say(f"  {one['occurred_at']}: {one['user_id']} did this: {one['kind']}")

    def _is_anything_coming(self) -> bool:
        return bool(
            self.platform.set_webhooks()["due"]
            or not all(body.is_taken for body in self.platform.webhooks())
            or self.windowcast("webhooks", "inbox", quiet=True)["waiting"]
        )

    def show_result(self) -> None:
        """Export the message list and check every promise."""
        for campaign in self.windowcast("campaigns", "list"):
            name = "result-timed.xlsx" if "timed" in campaign["name"] else "result.xlsx"
            self.windowcast("messages", campaign["campaign_id"], "--export", name)
            say(f"  {campaign['name']}: {_counts(campaign['by_state'])}")
            if campaign["by_reason"]:
                say(f"  why: {_counts(campaign['by_reason'])}")
            say(f"  every row with its outcome: {self.folder / name}")
            self._show_some(campaign["campaign_id"])
        findings = self.windowcast("doctor")["findings"]
        say("Every promise about the tables holds." if not findings else "\n".join(findings))

    def _show_some(self, campaign_id: str) -> None:
        some: dict[str, dict[str, Any]] = {}
        for message in self.windowcast("messages", campaign_id, quiet=True):
            some.setdefault(f"{message['state']} {message['reason']}", message)
        for message in some.values():
            why = f" ({message['reason']})" if message["reason"] else ""
            say(f"    row {message['row_number']}, {message['user_id'][:20]}: {message['state']}{why}")

    def summary(self, rows: int) -> dict[str, Any]:
        """Compare the message list with what the platform really accepted."""
        by_state = dict.fromkeys((state.value for state in MessageState), 0)
        known: set[str] = set()
        for campaign in self.windowcast("campaigns", "list", quiet=True):
            for state, count in campaign["by_state"].items():
                by_state[state] += count
            for message in self.windowcast("messages", campaign["campaign_id"], quiet=True):
                if message["state"] in ("sent", "delivered", "read", "unknown"):
                    known.add(message["user_id"])
        truth = self.platform.summary()
        accepted = {message.recipient_id for message in self.platform.log()}
        return {
            "rows": sum(by_state.values()),
            "by_state": by_state,
            "accepted": truth.accepted,
            "duplicates": truth.duplicates,
            "late": truth.late,
            "lost": rows + _TIMED_ROWS - sum(by_state.values()) + len(accepted - known),
        }

    def _people_write(self, people: Iterable[_Person]) -> None:
        now = datetime.now(UTC)
        acts = [
            (person.user_id, (now - timedelta(hours=person.hours_ago)).isoformat())
            for person in people
            if person.hours_ago is not None
        ]
        self.platform.people_write(
            {"account": _PAGE, "user_id": user_id, "kind": "message", "occurred_at": at} for user_id, at in acts
        )
        lines = [f"{_ACCOUNT},{user_id},message,{at}" for user_id, at in acts]
        text = "\n".join(["account,user_id,kind,occurred_at", *lines])
        (self.folder / "interactions.csv").write_text(text, encoding="utf-8")


def _people(rows: int) -> Iterator[_Person]:
    """Make people: most wrote within a day, one in ten longer ago, one in twenty never."""
    for number in range(rows):
        hours_ago: float | None = 0.2 + (number * 7919 % 2300) / 100
        if number % 10 == _LONG_AGO:
            hours_ago = 24.5 + number % 48
        if number % 20 == _NEVER:
            hours_ago = None
        yield _Person(str(25_000_000_000_000_001 + 2 * number), hours_ago)


def _sheet_rows(people: list[_Person]) -> Iterator[_Row]:
    """Make a row for each person; of every hundred, one is bad in each way that a row can be bad."""
    for number, person in enumerate(people):
        match number % 100:
            case 11:
                yield (int(person.user_id), *_GOOD)  # an id stored as a number: its last digits are lost
            case 22:
                yield (f"user {number}", *_GOOD)
            case 33:
                yield (person.user_id, "Ada", None, "the old harbour")
            case 44:
                yield (person.user_id, "Ada" * 700, "green tea", "the old harbour")
            case 55:
                yield (people[number - 1].user_id, *_GOOD)  # the person above, once more
            case 66:
                yield (people[number - 1].user_id, "Someone else", "black tea", "the station")
            case _:
                yield (person.user_id, *_GOOD)


def _fill(empty: Path, filled: Path, *, rows: Iterable[_Row]) -> None:
    """Fill the rows into a template's workbook, below its example, as a marketer would."""
    import openpyxl

    book = openpyxl.load_workbook(empty)
    sheet = book.worksheets[0]
    for row_number, row in enumerate(rows, start=3):
        for column, value in enumerate(row, start=1):
            sheet.cell(row_number, column, value)
    book.save(filled)


def _expect(code: int, arguments: tuple[str, ...], *, may_refuse: bool, told: str) -> None:
    if code not in ((0, InputRefusedError.exit_code) if may_refuse else (0,)):
        raise CampaignError(f"`windowcast {arguments[0]}` ended with {code}. {told}")


def _moment(message: "AcceptedMessage") -> str:
    return datetime.fromtimestamp(message.platform_ms / 1000, tz=UTC).isoformat(timespec="seconds")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _adds_up(summary: dict[str, Any], rows: int) -> bool:
    sent = sum(summary["by_state"][state] for state in ("sent", "delivered", "read"))
    unsettled = summary["by_state"]["unknown"] + summary["by_state"]["ready"] + summary["by_state"]["sending"]
    return (
        summary["rows"] == rows
        and summary["accepted"] == sent
        and not (summary["duplicates"] or summary["late"] or summary["lost"] or unsettled)
    )
