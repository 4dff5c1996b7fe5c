"""Plots as SVG that stands inside a page: no address outside it, texts as texts, one look."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by shape as well: bars, a line with marks, a hatched band. Each stands out from white by 3 : 1 and more.
BAR: Final = "#2f6fb2"
LINE: Final = "#a3470b"
GAP: Final = "#7a7a7a"
SHADES: Final = ("#2f6fb2", "#a3470b", "#17663a", "#6b4aa0", "#7a7a7a", "#a11f2b", "#8a6d00")
HATCHES: Final = ("", "//", "..", "xx", "\\\\", "++", "oo")

_INCHES: Final = (4.7, 2.7)  # as wide as a phone, so that its texts can be read there
# The keys are matplotlib's own. A `$` in a name is a `$`, and begins no formula.
_LOOK: Final[dict[Any, Any]] = {
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "windowcast",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#526070",
    "axes.labelcolor": "#16202b",
    "xtick.color": "#16202b",
    "ytick.color": "#16202b",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#dbe1e8",
    "hatch.linewidth": 0.6,
}


@contextmanager
def drawing(*, label: str = "people") -> Iterator[tuple["Figure", "Axes"]]:
    """Give a figure with one pair of axes, in the look of all plots."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_LOOK):
        figure = Figure(figsize=_INCHES, layout="constrained")
        axes = figure.subplots()
        axes.set_ylabel(label)
        yield figure, axes


def count_upwards(axes: "Axes", *, most: float) -> None:
    """Let the axis upwards begin at 0, in whole numbers, with some room above `most`, the highest value."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylim(0, max(1.0, 1.06 * most))


def svg(figure: "Figure", *, prefix: str) -> str:
    """Return a figure as an SVG element for a page. `prefix` keeps its ids apart from those of other plots."""
    import matplotlib as mpl

    file = io.StringIO()
    with mpl.rc_context(_LOOK):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style type=.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r' xmlns:xlink="[^"]*"| xmlns="[^"]*"', "", text).replace("xlink:href", "href")
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{prefix}-", text).replace("<svg", '<svg aria-hidden="true"', 1)


def name_places(axes: "Axes", labels: Sequence[str], *, most: int) -> None:
    """Write at most so many of the labels below their places, evenly spaced."""
    step = -(-len(labels) // most) or 1
    places = range(0, len(labels), step)
    axes.set_xticks(list(places), [labels[place] for place in places])
