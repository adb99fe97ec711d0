"""Figures that look like the program's own."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import cm, rc_context
from matplotlib.figure import Figure

#: Width of a journal's double column, mm.
DOUBLE_COLUMN = 178.0
#: More curves than this cannot be told apart.
CURVES = 10
STYLE: Any = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.stretch": "condensed",
    "font.size": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "lines.linewidth": 1.0,
    "axes.linewidth": 0.6,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "legend.frameon": False,
    "savefig.dpi": 300,
}


class Shown(Figure):
    """A figure that a notebook shows, even where pyplot was never imported."""

    def _repr_png_(self) -> bytes:
        png = BytesIO()
        self.savefig(png, format="png", dpi=120)
        return png.getvalue()


def profiles(run: Any) -> Figure:
    """Elongation, mechanical and thermal energy over x, one curve an output time."""
    columns = {
        "elongation": "r" if "r" in run._columns else "mean_r",
        "mechanical energy": "mechanical",
        "thermal energy": "thermal",
    }
    count = len(run.times)
    shown = np.unique(np.linspace(0, count - 1, min(count, CURVES)).round().astype(int))
    chain = run.summary["scenario"]["chain"]
    # An open chain has no bond r_0, so that site 0 has half an energy.
    first = 1 if chain["topology"] == "open" and "r" not in run._columns else 0
    with rc_context(STYLE):
        figure = Shown(figsize=(DOUBLE_COLUMN / 25.4, 55.0 / 25.4), layout="constrained")
        for axes, (label, name) in zip(figure.subplots(1, 3), columns.items()):
            values = run._arrays[name]
            for place, index in enumerate(shown):
                # The last tenth of the map would vanish on white paper.
                colour = cm.viridis(0.9 * place / max(len(shown) - 1, 1))
                time = run.times[index]
                key = "stationary" if np.isinf(time) else f"t = {time:g}"
                axes.plot(run.x[first:], values[index, first:], color=colour, label=key)
            axes.set_xlabel("x")
            axes.set_ylabel(label)
            axes.set_xlim(0.0, 1.0)
        if count > 1:
            title = f"{len(shown)} of {count} times" if len(shown) < count else None
            figure.axes[-1].legend(title=title)
    return figure
