"""Templates: added from a file, kept in versions, found, previewed."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clients.postgres import Connection
from domain.errors import InputRefusedError, NotFoundError
from domain.template import (
    TEXT_LIMITS,
    Channel,
    Content,
    MediaContent,
    MediaKind,
    Template,
    TextContent,
    literal_and_counts,
    render,
    variables_of,
)
from domain.value_rules import value_rules_of, value_rules_problems
from sql import query
from tasks.value_rules import pattern_refusal

_KEYS = ("code", "language", "channel", "name", "content")
_RULES_KEY = "rules"


def add_template(connection: Connection, path: Path) -> tuple[Template, bool]:
    """Keep the template of a YAML file as a new version; return it and whether it is new.

    The same content and rules as the newest version are no new version. Raises NotFoundError without the file and
    InputRefusedError, naming the key, for a file that is no template or has a pattern that Postgres cannot run.
    """
    fields = _read_template_file(path)
    for variable, rules in json.loads(fields["rules"]).items():
        refusal = pattern_refusal(connection, rules["pattern"]) if "pattern" in rules else None
        if refusal:
            raise InputRefusedError(f"{path}: rules.{variable}.pattern {refusal}.")
    row = connection.execute(query("templates/add"), fields).fetchone()
    if row is None:
        raise LookupError("adding a template returned neither a new nor an old version")
    return template_of(row), row["is_new"]


def find_template(connection: Connection, code: str, *, language: str, version: int | None = None) -> Template:
    """Return a template by its code and language, newest version unless one is named.

    Raises NotFoundError, naming what exists.
    """
    row = connection.execute(
        query("templates/find"), {"code": code, "language": language, "version": version}
    ).fetchone()
    if row is None:
        known = ", ".join(f"{t.code} ({t.language})" for t in list_templates(connection)) or "none yet"
        wanted = f"{code} in {language}" + ("" if version is None else f", version {version}")
        raise NotFoundError(f"There is no template {wanted} (known: {known}); `windowcast templates add` keeps one.")
    return template_of(row)


def get_template(connection: Connection, template_id: int) -> Template:
    """Return a template version by its id, which the database has given."""
    row = connection.execute(query("templates/get"), {"template_id": template_id}).fetchone()
    if row is None:
        raise LookupError(f"no template {template_id}")
    return template_of(row)


def list_templates(
    connection: Connection, *, language: str | None = None, channel: Channel | None = None
) -> list[Template]:
    """Return the newest version of each template, newest first, of a language and channel where they are given."""
    rows = connection.execute(query("templates/list"), {"language": language, "channel": channel})
    return [template_of(row) for row in rows]


def preview(template: Template, values: Mapping[str, str]) -> str:
    """Return the text with a row's values in it; of a media message, its kind and its address.

    Raises InputRefusedError naming the values that are missing or that the template does not have, or the length.
    """
    missing = [name for name in template.variables if not values.get(name)]
    extra = [name for name in values if name not in template.variables]
    if missing or extra:
        parts = [f"needs a value for {', '.join(missing)}"] if missing else []
        parts += [f"has no variable {', '.join(extra)}"] if extra else []
        raise InputRefusedError(
            f"The template {template.code} {' and '.join(parts)}; give each with --value NAME=TEXT."
        )
    if isinstance(template.content, MediaContent):
        return f"{template.content.kind}: {template.content.url}"
    text = render(template.content.text, values)
    limit = TEXT_LIMITS[template.channel]
    if limit.length(text) > limit.most:
        raise InputRefusedError(
            f"With these values the message has {limit.length(text)} {limit.unit}, and at most {limit.most} may be "
            "sent; shorten the values."
        )
    return text


def template_of(row: dict[str, Any]) -> Template:
    """Make a template of its database row."""
    return Template(
        template_id=row["template_id"],
        code=row["code"],
        language=row["language"],
        version=row["version"],
        channel=Channel(row["channel"]),
        name=row["name"],
        content=_content_of(row["content"]),
        rules=value_rules_of(row["rules"], row["variables"]),
    )


def _content_of(kept: dict[str, Any]) -> Content:
    if kept["kind"] == "text":
        return TextContent(text=kept["text"])
    return MediaContent(url=kept["url"], kind=MediaKind(kept["kind"]))


def _read_template_file(path: Path) -> dict[str, Any]:
    import yaml

    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotFoundError(f"The template file {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputRefusedError(f"{path} is no YAML that can be read: {' '.join(str(error).split())}") from error
    if not isinstance(read, dict):
        raise InputRefusedError(f"{path} is no template; it needs the keys {', '.join(_KEYS)}.")
    for problem in _problems_of(read):
        raise InputRefusedError(f"{path}: {problem}")
    content = _content_of(read["content"])
    return {
        "code": read["code"],
        "language": read["language"],
        "channel": read["channel"],
        "name": read["name"],
        "content": json.dumps(read["content"]),
        "variables": list(variables_of(content.text)),
        "rules": json.dumps(
            {
                one.variable: one.as_json()
                for one in value_rules_of(read.get(_RULES_KEY, {}), variables_of(content.text))
            }
        ),
    }


def _problems_of(read: dict[str, Any]) -> list[str]:
    problems = [f"the key {key} is missing." for key in _KEYS if key not in read]
    known = (*_KEYS, _RULES_KEY)
    problems += [f"there is no key {key}; the keys are {', '.join(known)}." for key in read if key not in known]
    if problems:
        return problems
    problems += [
        f"{key} must be a text in quotes."
        for key in _KEYS[:-1]
        if not isinstance(read[key], str) or not read[key].strip()
    ]
    problems += [f"{key} {flaw}." for key in _KEYS[:-1] if (flaw := _flaw_of(read[key]))]
    if not problems and read["channel"] not in list(Channel):
        problems.append(f"channel must be {' or '.join(Channel)}.")
    problems += _problems_of_content(read["content"])
    if not problems:
        text = _content_of(read["content"]).text
        problems += _too_long(text, Channel(read["channel"]))
    if not problems and _RULES_KEY in read:
        problems += value_rules_problems(read[_RULES_KEY], variables_of(text))
    return problems


def _problems_of_content(content: Any) -> list[str]:
    if not isinstance(content, dict) or content.get("kind") not in ("text", *MediaKind):
        return [f"content.kind must be one of text, {', '.join(MediaKind)}."]
    key = "text" if content["kind"] == "text" else "url"
    unknown = sorted(set(map(str, content)) - {"kind", key})
    if unknown:
        return [f"content of the kind {content['kind']} has no key {', '.join(unknown)}; its keys are kind and {key}."]
    value = content.get(key)
    if not isinstance(value, str) or not value.strip():
        return [f"content.{key} must be a text that is not empty."]
    if flaw := _flaw_of(value):
        return [f"content.{key} {flaw}."]
    return _problems_of_url(value) if key == "url" else []


def _problems_of_url(url: str) -> list[str]:
    """Say what keeps the platform from fetching a file: Meta needs https, and gives no secrets with it."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_good = False
    if not is_good or not url.isascii() or not url.isprintable() or " " in url or "$(" in url:
        return ["content.url must be an https address without variables, from which the platform can fetch the file."]
    return []


def _flaw_of(value: Any) -> str | None:
    """Say what in a text Postgres cannot hold; YAML can write both as escapes."""
    if not isinstance(value, str):
        return None
    if "\x00" in value:
        return "holds a NUL character"
    return "holds half a character" if re.search("[\ud800-\udfff]", value) else None


def _too_long(text: str, channel: Channel) -> list[str]:
    """Say when the text is too long before any value is put into it: then every row would be."""
    literal, _ = literal_and_counts(text, variables_of(text))
    limit = TEXT_LIMITS[channel]
    length = limit.length(literal)
    if length <= limit.most:
        return []
    return [f"content.text has {length} {limit.unit} without its variables, and at most {limit.most} may be sent."]
