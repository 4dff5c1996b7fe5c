"""What the documents say is what the code does: states, folders, settings, enum types, sentences."""

import re
import string
from pathlib import Path

import click
import pytest
from pydantic import SecretStr

import clients.installation
from cli.main import windowcast
from clients.settings import Settings
from domain.approval import ApprovalVerdict
from domain.erasure import DeletionState
from domain.evidence import DecisionKind, LookUpResult
from domain.news import NewsKind
from domain.problem import FINDINGS, Finding, Problem
from domain.reasons import SENTENCES, Reason
from domain.receipts import PolicyAction, WatermarkKind
from domain.retention import FileLoss
from domain.states import CAMPAIGN_MOVES, MOVES, CampaignState, MessageState
from domain.suppression import SuppressionKind
from domain.template import Channel, Provider
from domain.window import InteractionKind

ROOT = Path(__file__).parents[2]
ENUM_TYPES = {
    "approval_verdict": ApprovalVerdict,
    "campaign_state": CampaignState,
    "channel": Channel,
    "decision_kind": DecisionKind,
    "deletion_state": DeletionState,
    "file_loss": FileLoss,
    "interaction_kind": InteractionKind,
    "look_up_result": LookUpResult,
    "message_state": MessageState,
    "news_kind": NewsKind,
    "policy_action": PolicyAction,
    "provider": Provider,
    "reason": Reason,
    "suppression_kind": SuppressionKind,
    "watermark_kind": WatermarkKind,
}
# What the outcome of an attempt is called in its table; in Python each outcome is a class of domain/outcome.py.
WITHOUT_TWIN = {"attempt_outcome"}


def _diagrams() -> list[str]:
    return re.findall(r"```mermaid\n(.*?)```", (ROOT / "docs/states.md").read_text(), re.DOTALL)


def _arrows(diagram: str) -> set[tuple[str, str]]:
    return set(re.findall(r"^ *(\w+|\[\*\]) --> (\w+|\[\*\])", diagram, re.MULTILINE))


def _house() -> set[str]:
    """The folders that the README's map names."""
    section = (ROOT / "README.md").read_text().split("## The house", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^([a-z_]+)/ ", section, re.MULTILINE))


def _folders() -> set[str]:
    kept = (path for path in ROOT.glob("[a-z]*/**/*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).parts[0] for path in kept} - {"demo-output"}


def _sample_settings() -> dict[str, str]:
    lines = (ROOT / "sample.env").read_text()
    return dict(re.findall(r"^# ?(WINDOWCAST_\w+)=(.*)$", lines, re.MULTILINE))


def _default(name: str) -> str:
    default = Settings.model_fields[name].default
    return "" if default is None or name == "home" else str(default)


def _enum_types() -> dict[str, list[str]]:
    """The values of every enum type, as the migrations make and widen them."""
    migrations = "\n".join(path.read_text() for path in sorted((ROOT / "sql/migrations").glob("*.sql")))
    types = {
        name: re.findall(r"'(\w+)'", values)
        for name, values in re.findall(r"CREATE TYPE (\w+) AS ENUM \((.*?)\);", migrations, re.DOTALL)
    }
    for name, value in re.findall(r"ALTER TYPE (\w+) ADD VALUE (?:IF NOT EXISTS )?'(\w+)'", migrations):
        types[name].append(value)
    return types


@pytest.mark.parametrize(
    ("place", "moves", "starts"),
    [
        pytest.param(0, MOVES, {"invalid", "duplicate", "ready", "cancelled"}, id="message"),
        pytest.param(1, CAMPAIGN_MOVES, {"draft"}, id="campaign"),
    ],
)
def test_the_diagram_of_states_shows_exactly_the_allowed_moves(place, moves, starts):
    allowed = {(str(source), str(target)) for source, targets in moves.items() for target in targets}
    ends = {(str(source), "[*]") for source, targets in moves.items() if not targets}

    arrows = _arrows(_diagrams()[place])

    assert arrows == allowed | ends | {("[*]", start) for start in starts}


@pytest.mark.parametrize("states", [MessageState, CampaignState])
def test_each_state_is_told_of_in_words(states):
    told = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/states.md").read_text(), re.MULTILINE))

    assert {str(state) for state in states} <= told


def test_the_map_of_the_house_names_exactly_its_folders():
    assert _house() == _folders()


def test_the_sample_of_settings_names_each_setting_with_its_default():
    assert _sample_settings() == {f"WINDOWCAST_{name.upper()}": _default(name) for name in Settings.model_fields}


def test_no_secret_has_a_default():
    secrets = [
        field for field in Settings.model_fields.values() if SecretStr in getattr(field.annotation, "__args__", ())
    ]

    assert secrets
    assert [field.default for field in secrets] == [None] * len(secrets)


def test_each_enum_type_of_the_database_has_a_twin():
    assert set(_enum_types()) == set(ENUM_TYPES) | WITHOUT_TWIN


@pytest.mark.parametrize("name", ENUM_TYPES)
def test_an_enum_type_of_the_database_has_the_values_of_its_twin(name):
    values = _enum_types()[name]

    assert len(values) == len(set(values))
    assert set(values) == {str(member) for member in ENUM_TYPES[name]}


def test_each_reason_has_a_sentence():
    assert set(SENTENCES) == set(Reason)
    assert [text for text in SENTENCES.values() if not text.endswith(".")] == []


def test_each_finding_has_a_code_and_a_sentence():
    assert set(FINDINGS) == set(Finding)


@pytest.mark.parametrize("finding", Finding)
def test_the_sentence_of_a_finding_can_be_filled_with_its_facts(finding):
    names = {name for _, name, _, _ in string.Formatter().parse(FINDINGS[finding][1]) if name}
    problem = Problem(finding, 7, "name", {name: f"<{name}>" for name in names - {"column"}})

    text = problem.text

    assert all((f"<{name}>" if name != "column" else "name") in text for name in names)
    assert text.endswith(".")
    assert not re.search(r"[{}]", text)


def test_each_link_between_documents_leads_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if not link.startswith(("http://", "https://", "mailto:"))
    ]

    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_each_command_that_a_document_or_a_sentence_names_is_one(monkeypatch):
    monkeypatch.setattr(clients.installation, "join_running", lambda: None)
    packages = [path for folder in _house() for path in (ROOT / folder).rglob("*.py")]
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *packages]
    named = {span for page in pages for span in re.findall(r"`windowcast ([^`]+)`", page.read_text())}

    assert len(named) > 100
    assert sorted(span for span in named if not _is_command(span)) == []


def _is_command(span: str) -> bool:
    """Say whether what stands after `windowcast` leads to a command and, at its end, to options of it."""
    command: click.Command = windowcast
    context = click.Context(windowcast, help_option_names=["--help"])
    for word in span.split():
        if not re.fullmatch("[a-z-]+", word) or word.startswith("-") or not isinstance(command, click.Group):
            break
        found = command.get_command(context, word)
        if found is None:
            return False
        command = found
    if isinstance(command, click.Group) or command.context_settings.get("ignore_unknown_options"):
        return True  # what follows is for somebody else
    known = {option for one in command.get_params(context) for option in (*one.opts, *one.secondary_opts)}
    return set(re.findall(r"(?<!\S)--[a-z-]+", span)) <= known
