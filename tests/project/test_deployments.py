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
