"""No name has a retired word: not in Python, not in SQL, no setting, no file. docs/glossary.md has the words in use."""

import re
import subprocess
import tokenize
from io import StringIO
from pathlib import Path

import pytest

from clients.settings import Settings

ROOT = Path(__file__).parents[2]
# Parts of a name, as snake_case and CamelCase divide it.
RETIRED = frozenset(
    """
    anew aside away began begin begins begun believe believed believes beside chosen doubt doubted doubts elsewhere
    foretell foretells foretold gone heed intake judge judged judges judging keep keeps kept least leg legs longest mend
    mended mends most night nights obey one ones outlook peace restraint share shares shortest standing standings stands
    strange stranger strangers tell teller tellers telling tells told turn turns verdict verdicts whom wish wishes word
    words
    """.split()
)
# A part that is retired by itself only: `at_most_one` says what it says.
ALONE = frozenset({"one", "ones", "word", "words", "share", "turn"})
ALLOWED = {
    "keep_alive": "HTTP's word, and a parameter of uvicorn and aiohttp",
    "keep_default_na": "a parameter of pandas",
    "keep_blank_values": "a parameter of urllib",
    "most_common": "a method of Counter",
    "begin": "a method of SQLAlchemy's connections, and SQL",
    "on_message_begin": "a callback of httptools",
    "tell": "a method of files",
    "fair_share": "the term for dividing a rate between campaigns",
    "share": "a kind of attachment, as the platform names it",
    "least": "a function of SQL",
}
FOLDERS = ("benchmarks", "cli", "clients", "deployments", "domain", "flows", "reports", "sandbox", "sql", "tasks", "tests",
           "validations", "web")  # fmt: skip


def _parts(name: str) -> set[str]:
    for allowed in ALLOWED:
        name = re.sub(rf"(?i)(?<![a-z]){allowed}(?![a-z])", "", name)
    parts = {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
    return parts - ALONE if len(parts) > 1 else parts


def retired(name: str) -> bool:
    return bool(_parts(name) & RETIRED)


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def _in_python(text: str) -> set[str]:
    """The names of a file; those of test functions are sentences, and are no names that anybody searches for."""
    names = {token.string for token in tokenize.generate_tokens(StringIO(text).readline) if token.type == tokenize.NAME}
    return {name for name in names if not name.startswith("test_")}


def _in_sql(text: str) -> set[str]:
    """The names of a statement, without its comments and texts."""
    return set(re.findall(r"[a-z_][a-z0-9_]*", re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", text)))


def test_no_name_in_python_is_retired():
    files = [path for path in _files() if path.suffix == ".py"]
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in _in_python(path.read_text(encoding="utf-8"))
        if retired(name)
    }

    assert len(files) > 500
    assert sorted(found) == []


def test_no_name_in_sql_is_retired():
    files = [path for path in _files() if path.suffix == ".sql"]
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in _in_sql(path.read_text(encoding="utf-8"))
        if retired(name)
    }

    assert len(files) > 200
    assert sorted(found) == []


def test_no_file_has_a_retired_name():
    names = [str(path.relative_to(ROOT)) for path in _files()]
    ours = [name for name in names if name.split("/")[0] in FOLDERS]

    assert len(ours) > 700
    assert [name for name in ours if retired(name.replace("/", "__").replace("-", "_"))] == []


def test_no_setting_is_retired():
    assert len(Settings.model_fields) > 20
    assert [name for name in Settings.model_fields if retired(name)] == []


@pytest.mark.parametrize(
    "name",
    ["told_at", "ToldEvent", "_MOST_ROWS", "most_ahead", "take_verdict", "KEPT", "is_over_night", "foretell_anew", "words"],
)
def test_retired_names_are_found(name):
    assert retired(name)


@pytest.mark.parametrize("name", ["return_value", "shared_strings", "keep_alive_seconds", "one_of", "template", "almost"])
def test_other_names_are_not(name):
    assert not retired(name)
