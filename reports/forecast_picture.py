"""The forecast as a picture: how many windows close hour by hour, and how many people a start at that hour reaches."""

import base64
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final

# Sizes in inches at this many dots: about 900 x 330 pixels, which a run's page shows without scaling it down.
_DOTS: Final = 100
_SIZE: Final = (9.0, 3.3)
_EVERY_HOURS: Final = 3
_CLOSING: Final = "#f2a65a"
_REACHED: Final = "#1f5f8b"


def forecast_picture(starts: Sequence[tuple[datetime, int]], *, closings: Sequence[int], send_at: datetime) -> bytes:
    """Draw a forecast as PNG. `starts` are hours in the zone to be shown, each with the people a start then reaches.

    `closings` are the windows that close within each of these hours. On a white ground, since it is shown on dark pages
    too, and as pixels, since Prefect shows no vector pictures in an artifact.
    """
    import matplotlib as mpl

    mpl.use("Agg")  # no window is opened
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=_SIZE, dpi=_DOTS, layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    hours = range(len(starts))
    axes.bar(hours, closings, width=0.85, align="edge", color=_CLOSING, label="windows that close in the hour")
    axes.plot(hours, [people for _, people in starts], color=_REACHED, linewidth=2, label="people a start then reaches")
    at = (send_at - starts[0][0]).total_seconds() / 3600
    if 0 <= at <= len(starts):
        axes.axvline(at, color="#444444", linestyle="--", linewidth=1.2, label="send time")
    ticks = list(hours)[::_EVERY_HOURS]
    axes.set_xticks(ticks, [f"{starts[tick][0]:%H:%M}" for tick in ticks])
    axes.set_xlabel(f"start ({starts[0][0]:%Z, from %d %B on})")
    axes.set_ylabel("people")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    return drawn.getvalue()


def data_address(png: bytes) -> str:
    """Return a picture as an address that holds all of it, so that no file has to be served."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
