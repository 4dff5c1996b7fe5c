"""Each deployment leads to a flow that loads, under the flow's own name, with parameters that the flow has."""

import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]


@pytest.fixture(params=DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def deployment(request):
    return request.param


def test_names_are_given_once():
    names = [deployment["name"] for deployment in DEPLOYMENTS]

    assert len(names) == len(set(names))


def test_each_entrypoint_loads_for_real_under_the_name_of_its_flow(deployment, monkeypatch):
    from prefect.flows import load_flow_from_entrypoint

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", list(sys.path))

    # Prefect hides import errors behind a placeholder unless it is told not to.
    flow = load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False)

    assert flow.name == deployment["name"]
    assert set(deployment.get("parameters", {})) <= set(flow.parameters.properties)
    for name, parameter in flow.parameters.properties.items():
        assert parameter.get("description"), f"{name} is not described for the people who fill in the form"


def test_every_flow_has_its_deployment():
    flows = {path.stem.replace("_", "-") for path in (ROOT / "flows").glob("*.py") if path.stem != "__init__"}

    assert flows == {deployment["name"] for deployment in DEPLOYMENTS}


def test_no_flow_asks_for_a_limit_that_nothing_creates():
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "flows").glob("*.py"))
    limits = ROOT / "deployments" / "limits.py"
    created = limits.read_text(encoding="utf-8") if limits.exists() else ""

    for name in re.findall(r"""(?:rate_limit|concurrency)\(\s*["']([^"']+)["']""", code):
        assert name in created
    assert len(re.findall(r"\b(?:rate_limit|concurrency)\(", code)) == code.count("strict=True")
