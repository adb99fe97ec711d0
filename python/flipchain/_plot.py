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
#: A curve by itself.
BLUE = "#0072b2"
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
}
#: Of a PNG in print.
DPI = 300
#: Of a PNG in a notebook.
SCREEN_DPI = 120


class Shown(Figure):
    """A figure that a notebook shows, even where pyplot was never imported."""

    def savefig(self, fname: Any, **options: Any) -> None:
        """As matplotlib's, at 300 dots an inch unless `dpi` says otherwise."""
        super().savefig(fname, **{"dpi": DPI, **options})

    def _repr_png_(self) -> bytes:
        png = BytesIO()
        self.savefig(png, format="png", dpi=SCREEN_DPI)
        return png.getvalue()


def profiles(run: Any) -> Figure:
    """Elongation, energies and current (of a chain) over x, one curve an output time."""
    limit = "r" in run._columns
    columns = {
        r"mean elongation  $\bar r$": "r" if limit else "mean_r",
        r"mechanical energy  $e_\mathrm{mech}$": "mechanical",
        r"thermal energy  $e_\mathrm{heat}$": "thermal",
    }
    if not limit:
        columns["energy current  $J$"] = "current"
    count = len(run.times)
    shown = np.unique(np.linspace(0, count - 1, min(count, CURVES)).round().astype(int))
    scenario = run.summary["scenario"]
    # An open chain has no bond r_0, so that site 0 has half an energy.
    first = int(scenario["chain"]["topology"] == "open" and not limit)
    with rc_context(STYLE):
        height = 55.0 if limit else 105.0
        figure = Shown(figsize=(DOUBLE_COLUMN / 25.4, height / 25.4), layout="constrained")
        panels = figure.subplots(1, 3) if limit else figure.subplots(2, 2)
        for axes, letter, (label, name) in zip(panels.flat, "abcd", columns.items()):
            values = run._arrays[name]
            for place, index in enumerate(shown):
                # The last tenth of the map would vanish on white paper.
                colour = cm.viridis(0.9 * place / (len(shown) - 1)) if len(shown) > 1 else BLUE
                time = run.times[index]
                key = "stationary" if np.isinf(time) else f"{time:.3g}"
                axes.plot(run.x[first:], values[index, first:], color=colour, label=key)
            drawn = values[shown, first:]
            middle, spread = drawn.mean(), np.ptp(drawn)
            if spread <= 1e-9 * np.abs(drawn).max():
                # The same everywhere: its roundings are not what to look at.
                around = 0.5 * abs(middle) or 1.0
                axes.set_ylim(middle - around, middle + around)
            title = f"({letter})"
            if name == "current":
                if drawn.min() < 0.0 < drawn.max():
                    axes.axhline(0.0, color="0.6", linewidth=0.5, zorder=0.5)
                cut = None if _of_phases(run) else readable(drawn)
                if cut is not None:
                    axes.set_ylim(*cut[0])
                    title += f"  {cut[1]}"
            axes.set_title(title, loc="left", fontsize=8.0)
            axes.set_xlabel("$x$")
            axes.set_ylabel(label)
            axes.set_xlim(0.0, 1.0)
        heading = _parameters(scenario)
        if limit:
            heading[1] = r"$N \to \infty$"
        if len(shown) < count:
            heading.append(f"{len(shown)} of {count} output times")
        elif count == 1 and np.isinf(run.times[0]):
            driven = scenario.get("right", {}).get("force", {}).get("harmonics")
            heading.append("average over a period" if driven else "stationary state")
        figure.suptitle(",  ".join(heading), x=0.01, ha="left", fontsize=7.0)
        if count > 1:
            # Beside the panels, where no curve is.
            scale = scenario.get("time", {}).get("scale")
            title = {"diffusive": "$t = \\tau/N^2$", "ballistic": "$t = \\tau/N$"}.get(scale, "$t$")
            handles, labels = figure.axes[0].get_legend_handles_labels()
            figure.legend(handles, labels, title=title, loc="outside right upper")
    return figure


def readable(curves: Any) -> tuple[tuple[float, float], str] | None:
    """A range in which the last of the curves (times, sites) can be read; None if all are shown.

    The rule is that of the program's figures (src/figures/readable.rs).
    """
    sizes = np.abs(curves).max(axis=1)
    last, most = sizes[-1], sizes.max()
    middle = np.sort(sizes)[(len(sizes) - 1) // 2]
    limit = max(6.0 * last, middle)
    if not (10.0 * last < most < np.inf and middle < 10.0 * last and most > 2.0 * limit):
        return None
    low, high = min(curves.min(), 0.0), max(curves.max(), 0.0)
    air = 0.05 * (min(high, limit) - max(low, -limit))
    span = (-limit if low < -limit else low - air, limit if high > limit else high + air)
    beyond = [f"{v:.3g}" for v, cut in ((low, low < -limit), (high, high > limit)) if cut]
    return span, "early curves go on to " + " and ".join(beyond).replace("-", "−")


def _of_phases(run: Any) -> bool:
    """Whether the outputs are phases of a periodic state."""
    return bool(np.isinf(run.times[-1])) and len(run.times) > 1


def _parameters(scenario: dict[str, Any]) -> list[str]:
    """What the chain is, as the program's figures say it."""
    chain = scenario["chain"]
    said = ["ring" if chain["topology"] == "ring" else "chain", f"$N$ = {chain['bonds']}"]
    for symbol, key in (("γ", "flip_rate"), ("m", "mass"), ("k", "spring"), ("κ", "pinning")):
        value = chain.get(key)
        if isinstance(value, (int, float)):
            said.append(f"${symbol}$ = {value:g}")
        elif value is not None:
            said.append(
                f"${symbol}$ = {value}" if isinstance(value, str) else f"${symbol}$ by site"
            )
    for sign, end in (("-", "left"), ("+", "right")) if chain["topology"] != "ring" else ():
        thermostat = scenario.get(end, {}).get("thermostat")
        if thermostat is None:
            said.append(f"{end} end free")
        if thermostat is not None:
            said.append(f"$T_{sign}$ = {thermostat['temperature']:g}")
            if thermostat.get("friction", 1.0) != 1.0:
                said.append(f"$\\lambda_{sign}$ = {thermostat['friction']:g}")
    force = scenario.get("right", {}).get("force", {})
    if chain["topology"] != "ring":
        said.append(f"$\\bar F$ = {force.get('mean', 0.0):g}")
    harmonics = force.get("harmonics", [])
    if harmonics:
        only = f"amplitude {harmonics[0]['amplitude']:g}"
        said.append(only if len(harmonics) == 1 else f"{len(harmonics)} harmonics")
        said.append(f"period {force['period']:g}")
    for symbol, name, key in (("T", "thermostat", "temperature"), (r"\bar F", "force", "mean")):
        inside = scenario.get(name, [])
        if len(inside) > 2:
            said.append(f"{len(inside)} more {name}s")
        else:
            said += [f"${symbol}_{{{at['site']}}}$ = {at.get(key, 0.0):g}" for at in inside]
    return said
