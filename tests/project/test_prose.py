"""The English of the product: retired words in text, and the first words of docstrings."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "Makefile").read_text(encoding="utf-8").split("PACKAGES := ", 1)[1].splitlines()[0].split()
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
# The glossary has a word for each of these ideas.
RETIRED = re.compile(
    r"\b(told|foretold|foretell\w*|anew|whom|mend(?:s|ed|ing)?|wish(?:es|ed)?|verdicts?|judg(?:e|es|ed|ing|ement)"
    r"|standing|beside|outlook|broken? off)\b",
    re.IGNORECASE,
)
VERBS = frozenset((Path(__file__).parent / "docstring_verbs.txt").read_text(encoding="utf-8").split())
TEXTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "docs/how-to/*.md", "sandbox/*.md", "Makefile", "sample.env", ".ci/run",
                    "deployments/**/*.y*ml", "deployments/*.sql", "deployments/Dockerfile", "sql/**/*.sql", "web/**/*.html")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"
)  # fmt: skip


def _texts_of_module(path: Path):
    """Every comment and every string of a module, each with its line."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _found(texts) -> list[str]:
    return [f"line {line}: {match[0]}" for line, text in texts for match in RETIRED.finditer(text)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_retired_word_is_in_comments_docstrings_and_messages(path):
    assert _found(_texts_of_module(path)) == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_retired_word_is_in_documents(path):
    assert _found(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)) == []


def _docstrings(path: Path, kinds):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield getattr(node, "name", path.stem), re.match(r"\W*([\w-]*)", text)[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_docstring_of_a_function_starts_with_a_technical_verb_and_that_of_a_class_does_not(path):
    functions = [(name, word) for name, word in _docstrings(path, (ast.FunctionDef, ast.AsyncFunctionDef))
                 if word.lower() not in VERBS]  # fmt: skip
    nouns = [(name, word) for name, word in _docstrings(path, (ast.ClassDef, ast.Module)) if word in
             {verb.capitalize() for verb in VERBS}]  # fmt: skip

    assert functions == []
    assert nouns == []
