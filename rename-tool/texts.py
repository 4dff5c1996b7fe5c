"""Paths, modules, statements, settings and options wherever a text names them; documents and configuration."""

from __future__ import annotations

import re
from pathlib import Path

from imports import PRODUCT, Modules
from pyrename import SQL_WORDS
from tables import Table

HERE = Path(__file__).parent


def read_pairs(name: str) -> dict[str, str]:
    found = {}
    for line in (HERE / name).read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            old, new = line.split()
            found[old] = new
    return found


TEST_WORDS = {
    "told": "reported", "tells": "reports", "tell": "report", "kept": "stored", "keeps": "retains", "judged": "checked", "judges": "checks", "verdict": "result",
    "beside": "next_to", "elsewhere": "in_another_place", "strange": "unrecognized", "anew": "again", "foretold": "forecast", "foretells": "forecasts",
    "outlook": "progress", "wish": "request", "turn": "fair_share", "turns": "fair_shares", "share": "batch", "shares": "batches", "night": "report",
    "nights": "reports", "nightly": "daily", "mended": "fixed", "mend": "fix", "believed": "trusted", "believes": "trusts", "begins": "starts", "begin": "start",
    "began": "started", "begun": "started", "gone": "ended", "stands": "is", "standing": "status", "whom": "who", "doubted": "marked_unknown", "doubt": "mark_unknown",
    "door": "entry", "doors": "entries", "heeded": "respected", "obeyed": "respected", "obeys": "respects", "chosen": "selected", "stranger": "unknown_person",
    "strangers": "unknown_people", "intake": "ingest", "telling": "notifying", "keep": "retain",
}
TEST_PHRASES = {"told_apart": "distinguished", "tells_apart": "distinguishes", "told_from": "distinguished_from", "taken_in": "ingested", "takes_in": "ingests", "broken_off": "crashed",
                "broke_off": "crashed", "put_right": "repaired", "in_turn": "in_order", "in_turns": "in_turns", "at_its_turn": "in_order", "before_its_turn": "before_it_is_sent",
                "keep_alive": "keep_alive", "unless_told_to": "by_default", "unless_told_otherwise": "by_default", "if_told_so": "if_configured", "given_way": "slowed_down",
                "gives_way": "slows_down", "is_away": "is_unavailable", "are_away": "are_unavailable", "set_share": "set_ratio", "keeps_its_turns": "keeps_its_order",
                "can_be_told_the_time": "can_be_set", "tells_of": "reports", "told_of": "notified_about", "tells_whom": "lists_who", "kept_for": "retained_for", "went_away": "became_unavailable"}


def test_name(name: str) -> str:
    """The name of a test, a sentence, without the retired words."""
    body = name.removeprefix("test_")
    if re.match(r"f\d\d_", body):
        pass
    for old, new in TEST_PHRASES.items():
        body = re.sub(rf"(?<![a-z0-9]){old}(?![a-z0-9])", new, body)
    return "test_" + "_".join(TEST_WORDS.get(part, part) for part in body.split("_"))


class Texts:
    def __init__(self, files: dict[str, str], new_paths: dict[str, str], statements: dict[str, str], modules: Modules, names: Table):
        self.modules = modules
        self.names = names
        self.paths = {old: new for old, new in new_paths.items() if old != new}
        stem = lambda p: p.rpartition("/")[2].removesuffix(".py")
        self.test_stems = {stem(o): stem(n) for o, n in new_paths.items() if stem(o).startswith("test_") and o.endswith(".py")}
        words = read_pairs("words.txt")  # settings, options, metrics: whole words in any text
        self.words = words
        pattern = lambda keys: "|".join(re.escape(k) for k in sorted(keys, key=len, reverse=True))
        self.path_re = re.compile(rf"(?<![\w/-])({pattern(self.paths)})(?![\w/])") if self.paths else None
        stems = {p[4:-4]: n[4:-4] for p, n in self.paths.items() if p.startswith("sql/")}
        self.statements = stems
        self.statement_re = re.compile(rf"(?<![\w/.-])({pattern(stems)})(?![\w/.-]|\.\w)") if stems else None
        self.word_re = re.compile(rf"(?<![\w-])({pattern(words)})(?![\w-])")
        self.module_re = re.compile(rf"(?<![\w./-])((?:{'|'.join(sorted(PRODUCT))})(?:\.[A-Za-z_]\w*)+)")

    def rewrite(self, text: str) -> str:
        if self.path_re:
            text = self.path_re.sub(lambda m: self.paths[m[1]], text)
        if self.statement_re:
            text = self.statement_re.sub(lambda m: self.statements[m[1]], text)
        text = self.module_re.sub(lambda m: self.module(m[1]), text)
        text = self.word_re.sub(lambda m: self.words[m[1]], text)
        return re.sub(r"\btest_[a-z0-9_]+\b(?!\.py)", lambda m: self.test_stems.get(m[0]) or test_name(m[0]), text) if "test_" in text else text

    def module(self, dotted: str) -> str:
        parts = dotted.split(".")
        for length in range(len(parts), 1, -1):
            module = ".".join(parts[:length])
            if module in self.modules.new:
                rest = parts[length:]
                if rest:
                    symbol = rest[0]
                    scope = self.names.symbols.get(module)
                    if scope and symbol in scope.names:
                        symbol = scope.names[symbol]
                    else:
                        for one in self.names.scopes:
                            if "*" in one.globs and symbol in one.names and one.names[symbol] != "!":
                                symbol = one.names[symbol]
                                break
                    return ".".join([self.modules.target(module, symbol), symbol, *rest[1:]])
                return self.modules.new[module]
        return dotted

    def document(self, path: str, text: str, names: Table, sql: Table) -> str:
        """A page, a configuration or another text file: code names stand in backticks and in blocks of code."""
        if path.startswith("docs/decisions/") or path == "CHANGELOG.md":
            return text  # records of their day; paths of today's files would mix with names of then
        globals_ = [s for s in names.scopes_of(path)]
        sqls = [s for s in sql.scopes_of(path)]

        def word(w: str, *, attribute: bool) -> str:
            for scope in [*globals_, *sqls]:
                for key in (("." + w, w) if attribute else (w,)):
                    if key in scope.names and ("_" in w or "*" not in scope.globs or re.match(r"[A-Z][a-z]+[A-Z]", w) or re.match(r"[A-Z][a-z]+$", w) and attribute):
                        scope.used.add(key)
                        return w if scope.names[key] == "!" else scope.names[key]
            return w

        is_of_tables = path in ("docs/views.md", "docs/database-roles.md", "docs/data-protection.md")

        def in_sql(inner: str) -> str:
            def look(w: str) -> str:
                for scope in sqls:
                    if w in scope.names:
                        scope.used.add(w)
                        return w if scope.names[w] == "!" else scope.names[w]
                return w

            return re.sub(r"[A-Za-z_]\w*", lambda m: look(m[0]), inner)

        def code(inner: str) -> str:
            if is_of_tables and re.fullmatch(r"[a-z_]+", inner) or SQL_WORDS.search(inner):
                return in_sql(inner)
            return re.sub(r"(\.?)([A-Za-z_]\w*)", lambda m: m[1] + word(m[2], attribute=bool(m[1])), inner)

        if is_of_tables:
            text = re.sub(r"(?m)^(#+ )([a-z_]+)$", lambda m: m[1] + in_sql(m[2]), text)
        if path == "docs/database-roles.md":
            text = re.sub(r"(?m)^\| `.*$", lambda m: in_sql(m[0]), text)
        if path.endswith(".md"):
            parts = re.split(r"(^```.*?^```)", text, flags=re.M | re.S)
            text = "".join(
                code(part) if part.startswith("```") else re.sub(r"`([^`\n]+)`", lambda m: f"`{code(m[1])}`", part) for part in parts
            )
        elif path.endswith(".json"):
            text = re.sub(r'"((?:[^"\\]|\\.)*)"', lambda m: f'"{in_sql(m[1])}"' if SQL_WORDS.search(m[1]) else m[0], text)
        elif path.endswith(".html"):
            text = re.sub(r"(\{[{%].*?[%}]\})", lambda m: code(m[1]), text, flags=re.S)
        else:
            for scope in globals_:
                for key, new in scope.names.items():
                    if key.startswith("~"):
                        old = key[1:].replace("~", " ")
                        if old in text:
                            scope.used.add(key)
                            text = text.replace(old, new.replace("~", " "))
        for scope in globals_:
            if path.endswith((".md", ".html")):
                for key, new in scope.names.items():
                    if key.startswith("~"):
                        old = key[1:].replace("~", " ")
                        if old in text:
                            scope.used.add(key)
                            text = text.replace(old, new.replace("~", " "))
        return self.rewrite(text)
