"""Factories: each call makes one valid object; a test names only what it is about."""

import csv
import itertools
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from uuid import UUID, uuid4

import yaml

from clients.postgres import Connection
from domain.account import Account
from domain.pace import Timing
from domain.submission import Submission
from domain.template import Channel, Provider, Template
from domain.window import InteractionKind
from tasks.accounts import add_account
from tasks.interactions import Interaction, store_interactions
from tasks.templates import add_template
from tasks.windows import read_clock

# Part of every token of the tests: it may be seen nowhere but in the header of a request.
TOKEN = "CANARY-token-that-must-be-seen-nowhere"

TIMING = Timing(read_timeout_seconds=2, margin_seconds=1)


def user_id(number: int) -> str:
    """A user id of 17 digits, which a spreadsheet's number cannot hold."""
    return str(25_000_000_000_000_001 + 2 * number)


# Rows that are in order, for a template with a name.
GOOD_ROWS = [(user_id(number), f"Name {number}") for number in range(10)]


def write_table(path: Path, rows) -> Path:
    """Write rows, the header first, as they are: a number in an .xlsx file is stored as a number."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        return path
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("Recipients")
    for row in rows:
        sheet.append(row)
    workbook.save(path)
    return path


class World:
    """One database with the objects of a test in it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._numbers = itertools.count(1)

    def account(self, *, per_second: float | None = None, channel: Channel = Channel.MESSENGER, **fields) -> Account:
        number = next(self._numbers)
        defaults = {
            "name": f"Account {number}",
            "external_id": str(100_000_000_000 + number),
            "credential": "WINDOWCAST_TEST_TOKEN",
        }
        values = {**defaults, **fields}
        return add_account(
            self.connection,
            values.pop("name"),
            channel=channel,
            provider=Provider.GRAPH,
            per_second=per_second,
            **values,
        )

    def template(self, tmp_path: Path, *, text: str = "Hello $(name)!", channel: Channel = Channel.MESSENGER, **fields):
        number = next(self._numbers)
        content = {
            "code": f"template-{number}",
            "language": "en",
            "channel": str(channel),
            "name": f"Template {number}",
            "content": {"kind": "text", "text": text},
            **fields,
        }
        path = tmp_path / f"template-{number}.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        template, _ = add_template(self.connection, path)
        return template

    def people_write(self, account: Account, numbers, *, hours_ago: float = 1, kind=InteractionKind.MESSAGE) -> None:
        at = read_clock(self.connection) - timedelta(hours=hours_ago)
        store_interactions(
            self.connection,
            [
                Interaction(account.account_id, user_id(number), kind, at, f"event-{number}-{at.timestamp()}")
                for number in numbers
            ],
            timing=TIMING,
        )

    def submission(self, account: Account, template: Template, **fields) -> Submission:
        return Submission(
            submission_id=fields.pop("submission_id", uuid4()),
            account=account.name,
            template=template.code,
            language=template.language,
            **fields,
        )

    def states(self, campaign_id: UUID) -> dict[str, int]:
        """How many messages stand in each state, states without one left out."""
        from tasks.campaigns import count_messages

        counts = count_messages(self.connection, [campaign_id])[campaign_id]
        return {str(state): count for state, count in counts.by_state.items() if count}

    def take_in(
        self, submission: Submission, folder: Path, *, connection: Connection | None = None, suite_url=None
    ) -> UUID:
        """Do what a submit does before anybody's window is looked at."""
        from tasks.intake import check_list, take_list
        from tasks.judging import make_messages
        from tasks.submission import find_target

        used = connection or self.connection
        target = find_target(used, submission)
        campaign_id, given = take_list(used, submission, target=target, folder=Path(mkdtemp(dir=folder)))
        can_judge = check_list(used, campaign_id, target=target, given=given, suite_url=suite_url)
        make_messages(used, campaign_id, target=target, given=given, can_judge=can_judge)
        return campaign_id

    def submit(self, submission: Submission, folder: Path) -> UUID:
        """Take a list in and admit it: what is left to do is to start it."""
        from tasks.intake import admit
        from tasks.submission import find_target

        campaign_id = self.take_in(submission, folder)
        admit(self.connection, campaign_id, target=find_target(self.connection, submission), timing=TIMING)
        return campaign_id

    def submit_ids(self, folder: Path, numbers, *, account: Account, **fields) -> UUID:
        """Submit people by their ids, for a template of its own without variables."""
        template = self.template(folder, text="Hello!")
        return self.submit(self.submission(account, template, user_ids=tuple(map(user_id, numbers)), **fields), folder)

    def start_ids(self, folder: Path, numbers=(1, 2, 3)) -> UUID:
        """Start a campaign to people who wrote an hour ago; return its id."""
        from tasks.campaigns import start_campaign

        account = self.account()
        self.people_write(account, numbers)
        campaign_id = self.submit_ids(folder, numbers, account=account)
        start_campaign(self.connection, campaign_id, timing=TIMING)
        return campaign_id

    def claim(self, campaign_id: UUID, number: int) -> UUID:
        """Claim the ready message of one person by hand, in the place of a sender that then says nothing more."""
        row = self.connection.execute(
            """
            WITH claimed AS (
                INSERT INTO attempt (
                    attempt_id, message_id, account_id, user_id, worker, started_at, slot_at, lease_until, opener_at
                )
                SELECT gen_random_uuid(), m.message_id, m.account_id, m.user_id, 'test', clock(), clock(),
                    clock() + interval '1 min', l.opener_at
                FROM message_list AS m INNER JOIN last_interaction AS l USING (account_id, user_id)
                WHERE m.campaign_id = %s AND m.user_id = %s AND m.state = 'ready'
                RETURNING message_id, attempt_id
            ), moved AS (
                SELECT move_messages(ARRAY(
                    SELECT ROW(
                        message_id, 'sending', NULL, attempt_id, NULL, NULL, NULL, NULL, NULL, NULL
                    )::message_change
                    FROM claimed
                ))
            )
            SELECT attempt_id FROM claimed, moved
            """,
            [campaign_id, user_id(number)],
        ).fetchone()
        return row["attempt_id"]

    def end(
        self, attempt_id: UUID, *, outcome: str, state: str, reason: str | None = None, mid: str | None = None
    ) -> int:
        """Record how an attempt ended, as a sender does; return how many were recorded."""
        from sql import query

        none = [None]
        parameters = {"attempt_ids": [attempt_id], "outcomes": [outcome], "states": [state], "reasons": [reason]}
        parameters |= {"provider_message_ids": [mid], "provider_codes": none, "provider_subcodes": none}
        parameters |= {"provider_texts": none, "wait_seconds": none, "cool_off_seconds": 7 * 86_400}
        parameters |= {"repeated_text": None}
        return len(self.connection.execute(query("attempts/record"), parameters).fetchall())

    def verdicts(self, campaign_id: UUID) -> dict[int, str]:
        """What became of each row: its state, with the reason where there is one."""
        from tasks.messages import list_messages

        return {
            row["row_number"]: "/".join(filter(None, (row["state"], row["reason"])))
            for row in list_messages(self.connection, campaign_id)
        }

    def state(self, campaign_id: UUID) -> str:
        from tasks.campaigns import get_campaign

        return get_campaign(self.connection, campaign_id)["state"]

    def row_counts(self) -> dict[str, int]:
        """How many rows each table holds."""
        tables = self.connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'windowcast'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchall()
        names = sorted(row["relname"] for row in tables)
        parts = " UNION ALL ".join(
            f"SELECT '{name}' AS name, count(*) AS rows FROM windowcast.{name}" for name in names
        )
        return {row["name"]: row["rows"] for row in self.connection.execute(parts)}

    def put_clock_ahead(self, **by) -> None:
        """Let the one clock go on from a later time: `hours=2`, `seconds=90`. Without any, it is the real one again."""
        ahead = timedelta(**by).total_seconds()
        body = f"SELECT clock_timestamp() + interval '{ahead} s'" if ahead else "SELECT clock_timestamp()"
        self.connection.execute(
            f"CREATE OR REPLACE FUNCTION windowcast.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $${body}$$"
        )


class StoppedClock:
    """The one clock, which moves only by the steps of a test: then no bound depends on the speed of the machine."""

    def __init__(self, world: World) -> None:
        self._world, self._at = world, read_clock(world.connection)
        self.step(0)

    def step(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)
        self._world.connection.execute(
            f"CREATE OR REPLACE FUNCTION windowcast.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
            f"$$SELECT '{self._at.isoformat()}'::timestamptz$$"
        )
