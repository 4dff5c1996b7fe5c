"""The views that analysts read: described column by column, with queries and a dashboard that run as they stand."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/views.md").read_text(encoding="utf-8")
DASHBOARD = json.loads((ROOT / "deployments/grafana/windowcast.json").read_text(encoding="utf-8"))

_CATALOGUE = """
SELECT c.relname AS view, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
    col_description(c.oid, a.attnum) AS meaning, obj_description(c.oid, 'pg_class') AS about
FROM pg_class AS c
INNER JOIN pg_attribute AS a ON c.oid = a.attrelid
WHERE c.relnamespace = 'windowcast'::regnamespace AND c.relkind = 'v' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
"""
# What statements of our own read and no analyst needs.
INNER = {"active_suppression", "interaction_day", "open_entitlement", "reply_right"}


def described() -> dict[str, tuple[str, list[tuple[str, str, str]]]]:
    """What the page says: each view with its sentence and its columns."""
    sections = re.findall(r"^## (\w+)\n\n(.+?)\n\n(\|.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    return {
        name: (about, re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", table, re.MULTILINE))
        for name, about, table in sections
    }


def test_the_page_says_of_every_column_what_the_catalogue_says(connection):
    found = {}
    for row in connection.execute(_CATALOGUE):
        if row["view"] not in INNER:
            of_view = found.setdefault(row["view"], (row["about"], []))
            of_view[1].append((row["name"], row["type"], row["meaning"]))

    assert described() == found
    assert len(found) >= 6


def test_every_query_of_the_page_runs(connection):
    queries = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)

    assert len(queries) >= 7
    for query in queries:
        connection.execute(query.encode())


def panels():
    return [pytest.param(panel, id=panel["title"]) for panel in DASHBOARD["panels"]]


def runnable(statement: str) -> bytes:
    """A panel's statement as Grafana sends it: its macros and variables filled in."""
    filled = re.sub(
        r"\$__timeFilter\(((?:[^()]|\([^()]*\))+)\)", r"\1 BETWEEN now() - interval '7 days' AND now()", statement
    )
    filled = filled.replace("${account:sqlstring}", "'Shop','It''s'")
    assert "$" not in filled, filled
    return filled.encode()


@pytest.mark.parametrize("panel", panels())
def test_the_sql_of_every_panel_of_the_dashboard_runs(database_18, panel):
    from clients.postgres import connect

    with connect(database_18) as connection:
        # As Grafana connects: without our search path.
        connection.execute("SET search_path TO public")
        for target in panel["targets"]:
            cursor = connection.execute(runnable(target["rawSql"]))
            names = [column.name for column in cursor.description]
            assert len(names) == len(set(names))
            if target["format"] == "time_series":
                assert names == ["time", "metric", "value"]


def test_the_dashboard_is_one_that_grafana_can_import():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    places = [tuple(panel["gridPos"][key] for key in "xywh") for panel in DASHBOARD["panels"]]

    assert DASHBOARD["uid"] == "windowcast"
    assert len(ids) == len(set(ids))
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {"${datasource}"}
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "account"}
    assert all(x + w <= 24 for x, _, w, _ in places)
    for place, (x, y, w, h) in enumerate(places):
        for a, b, c, d in places[place + 1 :]:
            assert x + w <= a or a + c <= x or y + h <= b or b + d <= y, "two panels overlap"
    assert all(panel["description"] and panel["targets"] for panel in DASHBOARD["panels"])
