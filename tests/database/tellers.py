"""Who tells what people did: our own table, or one that a team has already, under names and kinds of its own."""

from datetime import timedelta

from clients.settings import Settings
from domain.window import InteractionKind
from factories import TIMING, user_id
from tasks.interactions import Interaction, store_interactions
from tasks.mapped_interactions import read_all
from tasks.windows import read_clock

THEIR_TABLE = """
CREATE SCHEMA crm;
CREATE TABLE crm."Events of people" (
    page_id bigint NOT NULL,
    psid numeric(20) NOT NULL,
    what varchar(20),
    "created at" timestamptz
);
CREATE VIEW crm.events AS SELECT page_id, psid::text AS psid, what, "created at" FROM crm."Events of people"
"""
# Some of their kinds are called as ours; these are not.
THEIR_KINDS = {"message": "text", "reaction": "like", "comment": "public"}


class Ours:
    """Interactions come in as by webhook or import."""

    table, person = "interaction", "user_id"

    def __init__(self, world) -> None:
        self.world = world

    def tell(self, interactions) -> None:
        store_interactions(self.world.connection, interactions, timing=TIMING)

    def evidence(self):
        """Whose interactions are kept, by the table that keeps them."""
        rows = self.world.connection.execute(f"SELECT {self.person} AS person FROM {self.table} ORDER BY 1").fetchall()
        return [row["person"] for row in rows]

    def people_write(self, account, numbers, *, hours_ago=1, kind=InteractionKind.MESSAGE) -> None:
        at = read_clock(self.world.connection) - timedelta(hours=hours_ago)
        self.tell([Interaction(account.account_id, user_id(one), kind, at, f"{one}-{at}") for one in numbers])


class Theirs(Ours):
    """Interactions stand in a view of the team's, which is read as before a start."""

    table, person = "crm.events", "psid"
    settings = Settings(
        read_timeout_seconds=TIMING.read_timeout_seconds,
        safety_margin_seconds=TIMING.margin_seconds,
        interactions_table="crm.events",
        interactions_columns="account=page_id, user_id=psid, kind=what, occurred_at=created at",
        interactions_kinds=", ".join(f"{theirs}={ours}" for ours, theirs in THEIR_KINDS.items()),
    )

    def __init__(self, world) -> None:
        super().__init__(world)
        world.connection.execute(THEIR_TABLE)

    def tell(self, interactions) -> None:
        for one in interactions:
            self.insert(one.account_id, one.user_id, THEIR_KINDS.get(one.kind, one.kind), one.occurred_at)
        read_all(self.world.connection, self.settings)

    def insert(self, account_id, user, what, at) -> None:
        self.world.connection.execute(
            'INSERT INTO crm."Events of people" SELECT external_id::bigint, %s, %s, %s FROM account '
            "WHERE account_id = %s",
            [user, what, at, account_id],
        )


TELLERS = {"our table": Ours, "a table of theirs": Theirs}
