"""Each deployment leads to a flow that loads, under the flow's own name, with parameters that the flow has."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from clients.prefect_server import FLOWS

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]


# Prefect hides import errors behind a placeholder unless it is told not to.
_LOAD = """
import json, sys
from prefect.flows import load_flow_from_entrypoint
flow = load_flow_from_entrypoint(sys.argv[1], use_placeholder_flow=False)
print(json.dumps({"name": flow.name, "parameters": flow.parameters.properties}))
"""

# With versions that do not fit together the server's scheduler logs an error, and no run ever comes.
_SCHEDULE = """
import asyncio, json, sys
from prefect.server.schemas.schedules import SCHEDULE_TYPES
from pydantic import TypeAdapter
schedule = TypeAdapter(SCHEDULE_TYPES).validate_python(json.loads(sys.argv[1]))
print(len(asyncio.run(schedule.get_dates(n=3))))
"""


@pytest.fixture(params=DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def deployment(request):
    return request.param


def test_names_are_given_once():
    names = [deployment["name"] for deployment in DEPLOYMENTS]

    assert len(names) == len(set(names))


def test_each_entrypoint_loads_for_real_under_the_name_of_its_flow(deployment):
    # In a process of its own: Prefect reads its settings when it is first imported, and the flow tests set them.
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, deployment["entrypoint"]], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert loaded["name"] == deployment["name"]
    assert set(deployment.get("parameters", {})) <= set(loaded["parameters"])
    for name, parameter in loaded["parameters"].items():
        assert parameter.get("description"), f"{name} is not described for the people who fill in the form"


@pytest.mark.parametrize(
    "schedule",
    [schedule for deployment in DEPLOYMENTS for schedule in deployment.get("schedules", [])],
    ids=lambda schedule: schedule["slug"],
)
def test_each_schedule_makes_runs_on_the_locked_versions(schedule):
    fields = {name: value for name, value in schedule.items() if name != "slug"}
    if "timezone" in fields:
        fields["timezone"] = "Europe/Berlin"

    done = subprocess.run(
        [sys.executable, "-c", _SCHEDULE, json.dumps(fields)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout.strip()) == (0, "3"), done.stderr


def test_every_flow_has_its_deployment():
    flows = {path.stem.replace("_", "-") for path in (ROOT / "flows").glob("*.py") if path.stem != "__init__"}

    assert flows == {deployment["name"] for deployment in DEPLOYMENTS} == set(FLOWS)


def test_no_flow_asks_for_a_limit_that_nothing_creates():
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "flows").glob("*.py"))
    limits = ROOT / "deployments" / "limits.py"
    created = limits.read_text(encoding="utf-8") if limits.exists() else ""

    for name in re.findall(r"""(?:rate_limit|concurrency)\(\s*["']([^"']+)["']""", code):
        assert name in created
    assert len(re.findall(r"\b(?:rate_limit|concurrency)\(", code)) == code.count("strict=True")
