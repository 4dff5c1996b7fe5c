"""How long the tests keep data, and interactions of some days."""

from domain.retention import Retention
from domain.window import InteractionKind
from factories import user_id
from tasks.interactions import Interaction

KEPT = Retention(
    uploads=30, webhooks=30, strange_webhooks=90, texts=90, interactions=90, receipts=30, states=730, nights=730
)  # fmt: skip


def interactions(account, numbers, *, at, name="event"):
    return [
        Interaction(account.account_id, user_id(number), InteractionKind.MESSAGE, at, f"{name}-{number}")
        for number in numbers
    ]


def days(connection):
    return [row["day"] for row in connection.execute("SELECT day FROM interaction_day ORDER BY day")]
