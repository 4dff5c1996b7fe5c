"""python apply.py CHECKOUT: rename and move everything of issue 16 in a checkout of main. Run once on a clean tree."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.version_info < (3, 12):  # f-strings are tokens from 3.12 on
    for candidate in ("/root/.pyenv/versions/3.13.0/bin/python", "/root/.pyenv/versions/3.12.1/bin/python"):
        if os.access(candidate, os.X_OK):
            os.execv(candidate, [candidate, *sys.argv])
    sys.exit("apply.py needs Python 3.12 or newer.")

import ast
import fnmatch
import re
import subprocess
import time
import tokenize

sys.path.insert(0, str(Path(__file__).parent))

import moves
import ones
import splitting
import sqltool
from imports import Modules, rewrite_imports
from pyrename import Renamer
from tables import read_table
from texts import Texts

HERE = Path(__file__).parent
ROOTS = ("cli", "clients", "deployments", "domain", "flows", "reports", "sandbox", "sql", "tasks", "validations", "web")


def module_of(path: str) -> str | None:
    if not path.endswith(".py"):
        return None
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return name.removeprefix("tests.").removeprefix("benchmarks.")


def new_path(path: str, statements: dict[str, str]) -> str:
    if path in moves.FILES:
        return moves.FILES[path]
    if path.startswith("sql/") and path.endswith(".sql"):
        return f"sql/{statements.get(path[4:-4], path[4:-4])}.sql"
    for old, new in moves.FOLDERS.items():
        if path.startswith(old):
            return new + path[len(old) :]
    return path


def main(root: Path) -> int:
    began = time.monotonic()
    git = lambda *words: subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True).stdout
    listed = [p for p in git("ls-files", "-co", "--exclude-standard").splitlines() if (root / p).is_file()]
    if not (root / "tasks" / "told.py").exists():
        sys.exit(f"{root} has no tasks/told.py: the tool ran here before, or this is no checkout of main.")
    notes: list[str] = []
    notes += [f"no such file to move: {old}" for old in moves.FILES if old not in listed]
    files: dict[str, str] = {}
    for path in listed:
        try:
            files[path] = (root / path).read_text("utf-8")
        except UnicodeDecodeError:
            continue
    names, sql = read_table("names.txt", "names_more.txt", "names_tests.txt"), read_table("sqlnames.txt")
    statements = sqltool.read_statements(files, notes)
    modules = Modules()
    for path in files:
        if path.endswith(".py") and not path.startswith("benchmarks/"):
            modules.add(module_of(path), module_of(new_path(path, statements)), path)
    for old_path, targets in moves.SPLITS.items():
        for target, symbols in targets.items():
            for symbol in symbols:
                modules.splits[module_of(old_path), symbol] = module_of(target)
    texts = Texts(files, {p: new_path(p, statements) for p in files}, statements, modules, names)

    # 1. Names, in place.
    renamed: dict[str, str] = {}
    for path, text in files.items():
        if path in ("CHANGELOG.md",) or path.startswith("docs/decisions/") and False:
            renamed[path] = text
        elif path.endswith(".py"):
            try:
                renamer = Renamer(path, module_of(path), text, names=names, sql=sql, rewrite_text=texts.rewrite)
                text = renamer.run()
                notes += renamer.collisions()
                renamed[path] = ones.rename_ones(text)
                ast.parse(renamed[path])
            except (SyntaxError, tokenize.TokenError) as error:
                Path("/tmp/rename-broken.py").write_text(text)
                sys.exit(f"{path}: {error}")
        elif path.endswith(".sql"):
            renamed[path] = sqltool.rename(path, text, sql, texts.rewrite)
        else:
            renamed[path] = texts.document(path, text, names, sql)

    # 2. Symbols that move to another file, then imports, then files.
    splitting.split_all(renamed, modules, notes, module_of, lambda p: new_path(p, statements))
    placed: dict[str, str] = {}
    for path, text in renamed.items():
        target = new_path(path, statements)
        if path.endswith(".py"):
            text = rewrite_imports(path, text, modules, own=module_of(target))
            deeper = target.count("/") - path.count("/")
            if deeper:  # the root is as many folders further up
                text = re.sub(r"(Path\(__file__\)(?:\.resolve\(\))?\.parents\[)(\d)\]", lambda m: f"{m[1]}{int(m[2]) + deeper}]", text)
        if target in placed:
            text = splitting.merge(placed[target], text)
        placed[target] = text
    for package, sentence in moves.PACKAGE_DOCSTRINGS.items():
        placed.setdefault(f"{package}/__init__.py", f'"""{sentence}"""\n')
    placed["tests/project/test_vocabulary.py"] = (HERE / "test_vocabulary.py").read_text()
    import patches

    placed |= patches.NEW
    patch_all(placed, notes)

    for path in files:
        if path not in placed:
            (root / path).unlink()
    for path, text in placed.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path not in files or files[path] != text:
            mode = None
            for old in files:
                if new_path(old, statements) == path and old != path and os.access(root / old, os.X_OK):
                    mode = 0o755
            target.write_text(text, "utf-8")
            if mode:
                target.chmod(mode)
    for folder in sorted({(root / p).parent for p in files}, key=lambda p: -len(p.parts)):
        if folder.is_dir() and folder != root and not any(c.name != "__pycache__" for c in folder.iterdir()):
            subprocess.run(["rm", "-rf", str(folder)], check=True)

    # 3. Tidy up.
    ruff = [str(root / ".venv/bin/python"), "-m", "ruff"]
    if not (root / ".venv/bin/python").exists():
        ruff = ["/work/wt/rename/.venv/bin/python", "-m", "ruff"]
    for words in (["check", "--fix-only", "--select", "F401,I001,F811,TC", "-q", "."], ["format", "-q", "."], ["check", "--fix-only", "-q", "."], ["format", "-q", "."]):
        done = subprocess.run([*ruff, *words], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            notes.append(f"ruff {' '.join(words)}: {done.stdout}{done.stderr}")
    import wrap

    wrap.wrap_all(root, ruff, notes)
    subprocess.run([*ruff, "format", "-q", "."], cwd=root, check=False)
    report(root, files, statements, names, sql, notes)
    print(f"Done in {time.monotonic() - began:.0f} s: {len(placed)} files. Notes: {len(notes)} (in {HERE / 'notes.txt'})")
    return 0


def patch_all(placed: dict[str, str], notes: list[str]) -> None:
    import patches

    for pattern, old, new, *flags in patches.PATCHES:
        paths = fnmatch.filter(placed, pattern)
        hit = False
        for path in paths:
            changed = re.sub(old, new, placed[path], flags=re.M) if "re" in flags else placed[path].replace(old, new)
            if changed != placed[path]:
                placed[path] = changed
                hit = True
        if not hit:
            notes.append(f"patch without effect: {pattern}: {old[:80]!r}")
    for pattern, code in patches.FUNCTIONS:
        for path in fnmatch.filter(placed, pattern):
            placed[path] = code(path, placed[path])


def report(root: Path, files: dict[str, str], statements: dict[str, str], names, sql, notes: list[str]) -> None:
    for table in (names, sql):
        for scope in [*table.scopes, *table.symbols.values()]:
            for name in scope.names:
                if name not in scope.used and scope.names[name] != "!":
                    notes.append(f"name not found: {name} ({scope.where} @ {' '.join(scope.globs)[:60]})")
    for path in files:
        folder = path.rsplit("/", 1)[0]
        if path in moves.FILES or path in moves.STAYS or path.endswith("/__init__.py") or not path.endswith((".py", ".sql")):
            continue
        if folder in ("tasks", "cli", "sandbox", "web", "clients/spreadsheet", "tests", "tests/database", "tests/unit"):
            notes.append(f"new file without a place of its own: {path} -> {new_path(path, statements)}")
    (HERE / "notes.txt").write_text("\n".join(notes) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve()))
