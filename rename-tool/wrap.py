"""Lines that longer names have made too long: comments, paragraphs of docstrings and texts are broken anew."""

from __future__ import annotations

import re
import subprocess
import textwrap
from pathlib import Path

LIMIT = 120


def wrap_all(root: Path, ruff: list[str], notes: list[str]) -> None:
    for _ in range(4):
        done = subprocess.run([*ruff, "check", "--select", "E501", "--output-format", "concise", "."], cwd=root, capture_output=True, text=True, check=False)
        places: dict[str, list[int]] = {}
        for line in done.stdout.splitlines():
            if match := re.match(r"(.+?):(\d+):\d+: E501", line):
                places.setdefault(match[1], []).append(int(match[2]))
        if not places:
            return
        changed = False
        for name, numbers in places.items():
            path = root / name
            lines = path.read_text("utf-8").split("\n")
            before = list(lines)
            for number in sorted(set(numbers), reverse=True):
                _wrap(lines, number - 1)
            if lines != before:
                changed = True
                path.write_text("\n".join(lines), "utf-8")
        if not changed:
            break
    for name, numbers in places.items():
        notes += [f"line too long: {name}:{n}" for n in numbers]


def _wrap(lines: list[str], at: int) -> None:
    line = lines[at]
    if match := re.match(r"(\s*)# ?(.*)$", line):
        _paragraph(lines, at, f"{match[1]}# ", re.compile(re.escape(match[1]) + r"# ?(?![-*]|\s)(.+)$"))
    elif match := re.match(r"""^(\s*(?:"\w+": |\w+=)?)(f?)"(.*)"([,)\]}]*)$""", line):
        head, kind, body, tail = match.groups()
        indent = re.match(r"\s*", head)[0]
        room = LIMIT - len(head) - len(kind) - 4
        cut = body.rfind(" ", 0, room)
        while kind and cut > 0 and (body[:cut].count("{") - body[:cut].count("{{") * 2) != (body[:cut].count("}") - body[:cut].count("}}") * 2):
            cut = body.rfind(" ", 0, cut)
        if cut > 0 and '"' not in body.replace('\\"', ""):
            first, rest = body[: cut + 1], body[cut + 1 :]
            mark = lambda text: kind if "{" in text else ""
            lines[at : at + 1] = [f'{head}{mark(first)}"{first}"', f'{indent}{mark(rest)}"{rest}"{tail}']
    elif re.match(r"\s*[A-Za-z`(0-9]", line) and not re.match(r"\s*(return|def|class|if|for|assert|from|import|raise|yield)\b", line) and _in_docstring(lines, at):
        indent = re.match(r"\s*", line)[0]
        if re.match(r"\s{8,}\w+: ", line):
            return
        _paragraph(lines, at, indent, re.compile(re.escape(indent) + r"(?![-*\s])(?!\"\"\")(.+)$"))


def _in_docstring(lines: list[str], at: int) -> bool:
    return sum(line.count('"""') for line in lines[:at]) % 2 == 1 and '"""' not in lines[at]


def _paragraph(lines: list[str], at: int, prefix: str, more: re.Pattern[str]) -> None:
    end = at + 1
    while end < len(lines) and len(lines[end]) > 0 and (match := more.match(lines[end])) and '"""' not in lines[end] and not re.match(r"\s*(\w+: |Raises|Args|Returns)", lines[end]):
        if len(lines[end - 1]) < 90:
            break
        end += 1
    text = " ".join(re.sub(r"^\s*#? ?", "", line).strip() for line in lines[at:end])
    lines[at:end] = [f"{prefix}{part}" for part in textwrap.wrap(text, LIMIT - len(prefix), break_long_words=False, break_on_hyphens=False)]
