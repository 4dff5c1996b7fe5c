"""Texts of people in a page of markdown."""

import re


def plain_markdown(text: str) -> str:
    """Return a text that markdown shows as it is: what would mark it up is escaped, and it stays in its line."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&-])", r"\\\1", " ".join(text.split()))
