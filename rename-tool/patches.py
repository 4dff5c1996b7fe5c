"""What no table can say: (glob of new paths, old text, new text[, "re"])."""

PATCHES: list[tuple[str, ...]] = [
    (
        "pyproject.toml",
        '[[tool.importlinter.contracts]]\nname = "The sandbox knows',
        """[[tool.importlinter.contracts]]
name = "The packages of tasks import one another in one direction"
type = "layers"
layers = [
  "tasks.sending",
  "tasks.unknowns | tasks.upkeep",
  "tasks.conversations | tasks.webhooks | tasks.eligibility",
  "tasks.ingest | tasks.interactions | tasks.suppressions",
  "tasks.messages | tasks.runs | tasks.privacy",
  "tasks.campaigns",
  "tasks.planning",
  "tasks.accounts | tasks.templates | tasks.notifications",
  "tasks.database",
]

[[tool.importlinter.contracts]]
name = "The sandbox knows""",
    ),
    ("tests/support/platform_events.py", 'row["mid"] for row', 'row["provider_message_id"] for row'),
    ("tests/*/conftest.py", r"^sys\.path.*\n", "", "re"),
    ("tests/faults/conftest.py", '"scene", "soak", "twice"', '"support.faults.scenario", "support.faults.soak", "support.faults.two_senders"'),
    ("tests/web/conftest.py", 'register_assert_rewrite("posting")', 'register_assert_rewrite("support.web.receiver_process")'),
    ("tests/support/faults/soak.py", ', str(ROOT / "tests/faults")]', "]"),
    ("domain/times.py", "def short_time(moment: datetime) -> str:\n", 'def short_time(moment: datetime) -> str:\n    """Return a moment to the minute, in UTC."""\n'),
    ("domain/plan.py", "    forecast: Forecast\n", "    reach: Forecast\n"),
    ("tasks/planning/forecast.py", "        forecast=forecast(", "        reach=forecast("),
    ("clients/tables/interaction_files.py", "misfits.take,", "misfits.add,"),
    ("reports/*.html", r'(class|id)="verdict', r'\1="result', "re"),
    ("reports/*.html", r"\.verdict\b", ".result", "re"),
    ("tests/machine/test_pages.py", r'(class|id)="verdict', r'\1="result', "re"),
]


def _sort_roles(path: str, text: str) -> str:
    lines = text.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith("## What each may do"))
    rows = [i for i in range(first, len(lines)) if lines[i].startswith("| `")]
    for i, line in zip(rows, sorted((lines[i] for i in rows), key=lambda line: line.split("`")[1]), strict=True):
        lines[i] = line
    return "".join(lines)



NEW: dict[str, str] = {
    "tests/tasks/conftest.py": """\"\"\"Fixtures of the tests of tasks.\"\"\"

from support.database_fixtures import (
    erasure_key,
    news,
    place,
    place_on_each,
    scene,
    scene_18,
    source,
    world_18,
)

# Fixtures, which pytest finds among the names of this file.
__all__ = ["erasure_key", "news", "place", "place_on_each", "scene", "scene_18", "source", "world_18"]
""",
    "tests/clients/graph/conftest.py": """\"\"\"Fixtures of the tests of the Graph API's client: a sandbox on a free loopback port.\"\"\"

from support.sandbox_fixtures import http, platform, send

# Fixtures, which pytest finds among the names of this file.
__all__ = ["http", "platform", "send"]
""",
}
NEW["tests/sql/conftest.py"] = NEW["tests/tasks/conftest.py"].replace("tests of tasks", "tests of the database")
NEW["tests/sandbox/conftest.py"] = NEW["tests/clients/graph/conftest.py"].replace("the Graph API's client", "the sandbox")



def _sort_functions(path: str, text: str) -> str:
    """The functions that the database lists by name."""
    import re

    def sort(match: "re.Match[str]") -> str:
        return match[1] + ", ".join(sorted(x.strip() for x in match[2].split(",") if x.strip())) + match[3]

    return re.sub(r'(assert \[row\["proname"\] for row in rows\] == \[)([^\]]*)(\])', sort, text)


FUNCTIONS: list = [("tests/sql/test_roles.py", _sort_functions), ("docs/database-roles.md", _sort_roles)]
