"""Files that are there whole or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import NotFoundError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to; rename it to `path` at the end, remove it if anything fails.

    A file that was there before stays as it was until the new one is whole. Raises NotFoundError without the folder.
    """
    if not path.parent.is_dir():
        raise NotFoundError(f"There is no folder {path.parent}; make it, or name another one.")
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
