"""The files for several machines: right by their schemas, with commands, settings and logins that there are."""

import asyncio
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from cli.main import windowcast
from cli.up import SERVER_SETTINGS
from clients.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deployments"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
KUBERNETES = sorted((FOLDER / "kubernetes").glob("*.yaml"))
OBJECTS = [one for path in KUBERNETES for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
PODS = {one["metadata"]["name"]: one for one in OBJECTS if one["kind"] in {"Deployment", "StatefulSet", "Job"}}
ONCE = {"migrate", "deploy"}
SERVICES = COMPOSE["services"]
# Read by the image of Postgres, by deployments/logins.sql, by our own addresses, and by what honours it in general.
OTHERS = re.compile(r"POSTGRES_(PASSWORD|INITDB_ARGS)|PGDATA|WC_[A-Z]+_PASSWORD|DATABASE_PASSWORD|DO_NOT_TRACK")
SECRET = re.compile(r"PASSWORD|SECRETS?\b|TOKEN|AUTH_STRING|ERASURE_KEY|DATABASE_URL|CONNECTION_URL")


def _pod(name: str) -> dict:
    return PODS[name]["spec"]["template"]["spec"]


def _container(name: str) -> dict:
    (container,) = _pod(name)["containers"]
    return container


def _own_environment(name: str) -> dict:
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in _container(name).get("env", [])}


def _commands() -> list[list[str]]:
    """Every command of both, those in one shell line and in hooks and health checks too."""
    found = []
    for service in SERVICES.values():
        found += [service.get("command"), service.get("healthcheck", {}).get("test", [])[1:]]
        found += [hook["command"] for hook in service.get("pre_stop", [])]
    for name in PODS:
        container = _container(name)
        probes = [container.get(f"{kind}Probe", {}) for kind in ("startup", "liveness", "readiness")]
        hook = container.get("lifecycle", {}).get("preStop", {})
        found += [container.get("command"), *(one.get("exec", {}).get("command") for one in [*probes, hook])]
    lines = [words for words in found if words]
    shells = [part.split() for words in lines if words[0] == "sh" for part in words[-1].split(";")]
    return [*(words for words in lines if words[0] != "sh"), *shells]


def _with_head(head: str) -> list[list[str]]:
    return sorted({tuple(words[1:]) for words in _commands() if words[0] == head})


def test_the_compose_file_is_right_by_its_schema():
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec",
         str(FOLDER / "compose.yaml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert checked.returncode == 0, checked.stdout


def _check_kubernetes(folder: Path, objects: list[dict]) -> subprocess.CompletedProcess[str]:
    """Validate the objects, a file each: the validator reads one document from a file."""
    files = [folder / f"{number}-{entry['kind']}.json" for number, entry in enumerate(objects)]
    for file, entry in zip(files, objects, strict=True):
        file.write_text(json.dumps(entry), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema",
         "--schemafile", str(ROOT / "tests/project/kubernetes.schema.json"), *map(str, files)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_every_object_of_kubernetes_is_right_by_its_schema(tmp_path):
    checked = _check_kubernetes(tmp_path, OBJECTS)

    assert len(OBJECTS) >= 10
    assert checked.returncode == 0, checked.stdout


def test_the_schema_of_kubernetes_refuses_unknown_fields_versions_and_kinds(tmp_path):
    deployment = next(entry for entry in OBJECTS if entry["kind"] == "Deployment")
    misspelt = json.loads(json.dumps(deployment))
    misspelt["spec"]["template"]["spec"]["containers"][0]["comand"] = ["windowcast"]

    checked = _check_kubernetes(
        tmp_path,
        [misspelt, deployment | {"apiVersion": "v1"}, deployment | {"kind": "Deploymint"}, deployment | {"spec": {}}],
    )

    assert checked.returncode == 1
    assert {f"{number}-" in checked.stdout for number in range(4)} == {True}, checked.stdout


def test_every_windowcast_command_is_one_that_there_is():
    used = _with_head("windowcast")

    assert len(used) >= 6
    for words in used:
        command, rest = windowcast, list(words)
        while isinstance(command, click.Group):
            command = command.get_command(click.Context(command), rest.pop(0))
        command.make_context(words[0], rest)  # raises for an option or a value that it does not take


def test_every_prefect_command_is_one_that_there_is():
    used = _with_head("prefect")
    helps = _prefect_helps({words[:2] for words in used})

    assert helps.keys() == {("server", "start"), ("worker", "start")}
    for words in used:
        options = {word for word in words if word.startswith("--")}
        assert {option for option in options if not re.search(rf"{option}\b", helps[words[:2]])} == set()


def _prefect_helps(commands: set[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return the help of each command, from forks of one process: Prefect takes most of the time to be imported."""
    code = """
import os, runpy, sys
import prefect.cli
for words in sys.argv[1:]:
    print(words, flush=True)
    if os.fork() == 0:
        sys.argv[1:] = [*words.split(), "--help"]
        runpy.run_module("prefect", run_name="__main__")
    assert os.wait()[1] == 0
    print("\\0", flush=True)
"""
    lines = [" ".join(words) for words in commands]
    shown = subprocess.run(
        [sys.executable, "-c", code, *lines],
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    parts = [part.strip().partition("\n") for part in shown.split("\0")[:-1]]
    return {tuple(words.split()): text for words, _, text in parts}


def test_every_part_takes_queues_that_deploying_makes():
    from clients.prefect_server import FURTHER_QUEUE
    from deployments.deploy import SENDING_POOL, UPKEEP_POOL, listed_deployments

    pools = {SENDING_POOL: {"default", FURTHER_QUEUE}, UPKEEP_POOL: set()}
    for entry in listed_deployments():
        pools[entry["work_pool"]["name"]].add(entry["work_pool"].get("work_queue_name", "default"))
    for commands in (
        [one.get("command") for one in SERVICES.values()],
        [_container(name).get("command") for name in PODS],
    ):
        taken: dict[str, set[str]] = {name: set() for name in pools}
        for words in commands:
            if words and words[:3] == ["prefect", "worker", "start"]:
                options = list(itertools.pairwise(words))
                taken[dict(options)["--pool"]] |= {after for word, after in options if word == "--work-queue"}
        assert taken == pools


def test_every_variable_is_a_setting_of_ours_or_of_prefect():
    names = {name for service in SERVICES.values() for name in service.get("environment", {})}
    names |= {name for pod in PODS for name in _own_environment(pod)}
    names |= {name for one in OBJECTS if one["kind"] == "ConfigMap" for name in one["data"]}
    ours = {f"WINDOWCAST_{name.upper()}" for name in Settings.model_fields}

    strange = {name for name in names - ours - _prefect_settings() if not OTHERS.fullmatch(name)}

    assert strange == set()
    assert len(names) > 25


def _prefect_settings() -> set[str]:
    """All names that Prefect reads from the environment, old ones too."""
    from prefect.settings.models.root import Settings as PrefectSettings
    from pydantic_settings import BaseSettings

    def names(model: type[BaseSettings]) -> Iterator[str]:
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseSettings):
                yield from names(field.annotation)
            else:
                yield f"{model.model_config.get('env_prefix', '')}{name}".upper()
                old = getattr(field.validation_alias, "choices", [])
                yield from (str(one).upper() for one in old if isinstance(one, str))

    return set(names(PrefectSettings))


def test_the_server_is_set_as_windowcast_up_sets_it_with_a_login_and_csrf_protection():
    for given in (SERVICES["prefect"]["environment"], _own_environment("prefect")):
        assert SERVER_SETTINGS.items() <= given.items()
        assert given["PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED"] == "true"
        assert {"PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"} <= given.keys()


def test_no_secret_has_a_value_in_a_file():
    compose = {
        (part, name): value
        for part, service in SERVICES.items()
        for name, value in service.get("environment", {}).items()
        if SECRET.search(name)
    }
    kubernetes = {
        (part, name): value for part in PODS for name, value in _own_environment(part).items() if SECRET.search(name)
    }
    assert len(compose) > 10
    assert len(kubernetes) > 10
    # In an address it is the password that must come from elsewhere.
    assert [one for one, value in compose.items() if not re.search(r"\$\{[A-Z_]+:\?", value)] == []
    assert [
        one
        for one, value in kubernetes.items()
        if not (isinstance(value, dict) and "secretKeyRef" in value) and "$(DATABASE_PASSWORD)" not in value
    ] == []
    assert [one for one in OBJECTS if one["kind"] == "Secret"] == []


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_unprivileged_limited_and_watched(name):
    service = SERVICES[name]

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"].keys() >= {"cpus", "memory", "pids"}
    assert ("healthcheck" in service) != (name in ONCE)


@pytest.mark.parametrize("name", PODS)
def test_each_pod_is_unprivileged_limited_and_watched(name):
    pod, container = _pod(name), _container(name)

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    assert ("livenessProbe" in container) != (name in ONCE)


def test_each_part_connects_as_the_login_that_its_work_needs():
    logins = set(re.findall(r"CREATE ROLE (\w+) LOGIN", (FOLDER / "logins.sql").read_text(encoding="utf-8")))
    wanted = {
        "migrate": "wc_owner", "daily": "wc_owner", "deploy": "wc_worker", "worker": "wc_worker", "sharer": "wc_worker",
        "upkeep": "wc_worker", "reconcile": "wc_ingest", "receiver": "wc_hook",
    }  # fmt: skip
    address = re.compile(r"://(\w+):")

    for given in (lambda name: SERVICES[name]["environment"], _own_environment):
        used = {name: address.search(given(name)["WINDOWCAST_DATABASE_URL"])[1] for name in wanted}
        assert used == wanted
        assert address.search(given("prefect")["PREFECT_SERVER_DATABASE_CONNECTION_URL"])[1] == "prefect"
    assert set(wanted.values()) | {"prefect"} == logins


def test_the_image_has_every_package_of_ours_and_none_of_its_parts_runs_as_root():
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    packages = re.search(r"^PACKAGES := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[
        1
    ].split()

    assert re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE) == packages
    assert re.findall(r"^FROM (.*)$", text, re.MULTILINE) == ["python:3.11-slim"]
    assert "--require-hashes --no-deps -r requirements.txt\n" in text
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert set(re.findall(r"^!(\w+)$", ignored, re.MULTILINE)) == set(packages)


@pytest.mark.parametrize("kind", ["process", "docker", "kubernetes", "ecs"])
def test_the_deployments_ask_nothing_of_a_pool_that_its_kind_does_not_know(kind):
    """By Prefect's own templates of pools: what a team sets for its pool (an image, variables) stays as it is."""
    import prefect.server.api
    from prefect.client.orchestration import PrefectClient
    from prefect.workers.base import BaseJobConfiguration

    from deployments.deploy import listed_deployments

    views = Path(prefect.server.api.__file__).parent / "collections_data" / "views" / "aggregate-worker-metadata.json"
    known = {one["type"]: one for of in json.loads(views.read_text()).values() for one in of.values()}
    template = known[kind]["default_base_job_configuration"]
    template["variables"]["properties"]["env"]["default"] = {"OF_THE_TEAM": "kept"}

    for entry in listed_deployments():
        asked = entry["work_pool"]["job_variables"]
        assert asked.keys() <= template["variables"]["properties"].keys()
        # A client that is never called, since nothing in here refers to a block of a server.
        made = asyncio.run(
            BaseJobConfiguration.from_template_and_values(
                template, asked, client=PrefectClient("http://127.0.0.1:9/api")
            )
        )
        assert made.env == {"OF_THE_TEAM": "kept", **asked["env"]}
