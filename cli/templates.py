"""`windowcast templates`: what is sent, and the workbooks that marketers fill."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import print_json, print_table
from cli.session import json_option, refresh_form, session
from domain.errors import UsageError
from domain.template import TEXT_LIMITS, Channel

if TYPE_CHECKING:
    from domain.template import Template


@click.group()
def templates() -> None:
    """Add, list and preview templates; make their workbooks."""


@templates.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def add(file: Path, *, as_json: bool) -> None:
    """Keep the template of a YAML file as a new version."""
    from tasks.templates import add_template

    with session() as opened:
        template, is_new = add_template(opened.connection, file)
        if is_new:
            refresh_form(opened)
    if as_json:
        print_json({**_template_json(template), "is_new": is_new})
    elif is_new:
        click.echo(f"The template {template.code} ({template.language}) is kept as version {template.version}.")
    else:
        click.echo(f"The template {template.code} ({template.language}) is version {template.version} already.")


@templates.command("list")
@click.option("--language")
@click.option("--channel", type=click.Choice([channel.value for channel in Channel]))
@json_option
def list_(*, language: str | None, channel: str | None, as_json: bool) -> None:
    """List the newest version of each template."""
    from tasks.templates import list_templates

    with session() as opened:
        found = list_templates(opened.connection, language=language, channel=Channel(channel) if channel else None)
    if as_json:
        print_json([_template_json(template) for template in found])
        return
    print_table(
        ("code", "language", "version", "channel", "name", "variables"),
        [(t.code, t.language, t.version, t.channel, t.name, ", ".join(t.variables)) for t in found],
        empty="There are no templates like that; `windowcast templates add FILE.yaml` keeps one.",
    )


@templates.command()
@click.argument("code")
@click.option("--language", required=True)
@click.option("--version", type=int)
@click.option("--value", "values", multiple=True, metavar="NAME=TEXT", help="A variable's value, once for each.")
@json_option
def preview(code: str, *, language: str, version: int | None, values: tuple[str, ...], as_json: bool) -> None:
    """Show the message that a row with these values would send."""
    from tasks.templates import find_template
    from tasks.templates import preview as render_preview

    with session() as opened:
        template = find_template(opened.connection, code, language=language, version=version)
    text = render_preview(template, dict(_pair(value) for value in values))
    if as_json:
        limit = TEXT_LIMITS[template.channel]
        print_json({"text": text, "length": limit.length(text), "limit": limit.most, "unit": limit.unit})
    else:
        click.echo(text)


@templates.command()
@click.argument("code")
@click.option("--language", required=True)
@click.option("--version", type=int)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Where to write the .xlsx file.")
@json_option
def workbook(code: str, *, language: str, version: int | None, output: Path, as_json: bool) -> None:
    """Write the workbook that a marketer fills for a template."""
    from reports.template_workbook import TemplateSheet, write_template_workbook
    from tasks.templates import find_template

    if output.suffix.lower() != ".xlsx":
        raise UsageError(f"--output {output} should end in .xlsx, which is what a workbook is.")
    with session() as opened:
        template = find_template(opened.connection, code, language=language, version=version)
    limit = TEXT_LIMITS[template.channel]
    write_template_workbook(
        output,
        TemplateSheet(
            code=template.code,
            language=template.language,
            name=template.name,
            channel=template.channel,
            version=template.version,
            variables=template.variables,
            text=template.content.text or f"{template.content.kind} message, without text",
            limit=f"With its values a message may have at most {limit.most} {limit.unit}.",
            rules=template.rules,
        ),
    )
    if as_json:
        print_json({"file": str(output), "columns": list(template.columns)})
    else:
        click.echo(f"The workbook is {output}: fill one row for each person and submit it.")


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise UsageError(f"--value {text!r} should be NAME=TEXT.")
    return name.strip(), value


def _template_json(template: "Template") -> dict[str, Any]:
    return {
        "template_id": str(template.template_id),
        "code": template.code,
        "language": template.language,
        "version": template.version,
        "channel": template.channel.value,
        "name": template.name,
        "variables": list(template.variables),
        "content": template.content.rendered({name: f"$({name})" for name in template.variables}),
        "rules": {rules.variable: rules.as_json() for rules in template.rules},
    }
