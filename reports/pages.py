"""Pages that people open: HTML in one file, every text escaped, nothing fetched, no script but our own few lines."""

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.whole_file import written_whole

if TYPE_CHECKING:
    from markupsafe import Markup


def write_page(path: Path, template: str, **values: Any) -> None:
    """Write a page of a template in this folder, whole or not at all. Raises NotFoundError without the folder."""
    text = page(template, **values)
    with written_whole(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def page(template: str, **values: Any) -> str:
    """Return a page as HTML."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = lambda number: "not measured" if number is None else f"{number:,}"
    environment.globals["script_hash"] = _script_hash
    return environment.get_template(template).render(**values)


def ours(markup: str) -> "Markup":
    """Mark what we have made ourselves as part of the page: a plot, whose texts matplotlib has escaped, or a hash."""
    from markupsafe import Markup

    return Markup(markup)  # noqa: S704  # see above


def _script_hash(script: str) -> "Markup":
    """Return what allows this one script in the page's policy, and no other."""
    return ours(f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'")
