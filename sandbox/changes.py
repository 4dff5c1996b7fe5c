"""Comments and posts in the shapes of Meta's `changes[]`, their times in seconds. Source: facts/meta.md section 3."""

from typing import Any, Final

from domain.template import Channel
from sandbox.acts import COMMENT_CHANGES, POST_CHANGES, REMOVING, Act, ActKind
from sandbox.webhooks import Event, Place

_MEDIA_ID: Final = "18000000000000001"


def act_change(account_id: str, act: Act, channel: Channel, *, kind: str | None = None) -> Event:
    """Return the change by which the platform tells of a comment or a post. An act of the account's own has its id."""
    if channel is Channel.INSTAGRAM:
        item = {"field": "comments", "value": _instagram_comment(account_id, act)}
    elif act.kind is ActKind.VISITOR_POST or act.kind in POST_CHANGES:
        item = {"field": "feed", "value": _post(act)}
    else:
        item = {"field": "feed", "value": _comment(account_id, act)}
    return Event(item, kind or act.kind, act.user_id, act.at_ms, (act.object_id,), Place.CHANGES)


def _comment(page_id: str, act: Act) -> dict[str, Any]:
    """Return a comment on the Page's post, or what became of it. Of a removed one the text is gone."""
    post_id = act.details.get("post_id", f"{page_id}_1")
    value = {
        "from": _author(act),
        "post": {"id": post_id, "permalink_url": f"https://www.facebook.com/{post_id}"},
        "message": act.text,
        "post_id": post_id,
        "comment_id": act.object_id,
        "parent_id": act.details.get("parent_id", post_id),
        "created_time": act.at_ms // 1000,
        "item": "comment",
        "verb": COMMENT_CHANGES.get(act.kind, "add"),
    }
    return _left(value, act)


def _post(act: Act) -> dict[str, Any]:
    """Return a visitor's post on the Page, or what became of it."""
    value = {
        "from": _author(act),
        "message": act.text,
        "post_id": act.object_id,
        "created_time": act.at_ms // 1000,
        "item": "post",
        "verb": POST_CHANGES.get(act.kind, "add"),
    }
    return _left(value, act)


def _left(value: dict[str, Any], act: Act) -> dict[str, Any]:
    """Return what is told of it: all, or without text and post once it was removed."""
    if act.kind not in REMOVING:
        return value
    return {name: part for name, part in value.items() if name not in ("message", "post")}


def _author(act: Act) -> dict[str, str]:
    """Return who wrote it."""
    return {"id": act.user_id, "name": f"Person {act.user_id}"}


def _instagram_comment(account_id: str, act: Act) -> dict[str, Any]:
    """Return a comment on an Instagram post."""
    author = {"id": act.user_id, "username": f"person.{act.user_id}"}
    if act.user_id == account_id:
        author["self_ig_scoped_id"] = f"9{account_id[1:]}"
    value = {
        "id": act.object_id,
        "text": act.text,
        "from": author,
        "media": {"id": act.details.get("post_id", _MEDIA_ID), "media_product_type": "FEED"},
    }
    return {**value, "parent_id": act.details["parent_id"]} if "parent_id" in act.details else value
