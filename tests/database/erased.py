"""A person to be erased, another one who stays, lists with both, and where they are found."""

import json

from clients.settings import settings
from factories import TIMING, user_id, write_table
from tasks.campaigns import start_campaign

PERSON, OTHER = user_id(1), user_id(2)
KEY = "a key of the tests"


def set_key(monkeypatch, key):
    monkeypatch.setenv("WINDOWCAST_ERASURE_KEY", key)
    settings.cache_clear()


def webhook(*people):
    events = [{"sender": {"id": one}, "recipient": {"id": "100"}, "message": {"text": f"I am {one}"}} for one in people]
    return json.dumps({"object": "page", "entry": [{"id": "100", "messaging": events}]}).encode()


def list_of(world, folder, account, rows, *, suffix="csv", **fields):
    file = write_table(folder / f"list-{len(list(folder.iterdir()))}.{suffix}", [("user_id", "name"), *rows])
    template = fields.pop("template", None) or world.template(folder)
    return world.submission(account, template, file=file, **fields)


def campaign_of(world, folder, account, rows, **fields):
    campaign_id = world.submit(list_of(world, folder, account, rows, **fields), folder)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    return campaign_id


def tables(connection):
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'windowcast'::regnamespace AND relkind = 'r' ORDER BY 1"
    )
    return [row["relname"] for row in rows]


def where(connection, text):
    """The tables in any row of which a text stands, also inside bytes."""
    found = []
    for table in tables(connection):
        row = connection.execute(
            f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %(text)s "
            "OR position(right(%(hex)s::bytea::text, -2) IN t::text) > 0",
            {"text": f"%{text}%", "hex": text.encode()},
        ).fetchone()
        if row["count"]:
            found.append(table)
    return found
