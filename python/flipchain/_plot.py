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


#: Values below this part of their natural size are rounding.
VANISHING = 1e-13
#: The label, the symbol and the name of each column.
COLUMNS = (
    ("mean elongation", r"$\bar r$", "mean_r"),
    ("mechanical energy", r"$e_\mathrm{mech}$", "mechanical"),
    ("thermal energy", r"$e_\mathrm{heat}$", "thermal"),
    ("energy current", "$J$", "current"),
)


def profiles(run: Any) -> Figure:
    """Elongation, energies and current over x, one curve an output time.

    Columns that vanish at all times are named in the heading, as in the program's figures.
    """
    limit = "r" in run._columns
    count = len(run.times)
    shown = np.unique(np.linspace(0, count - 1, min(count, CURVES)).round().astype(int))
    scenario = run.summary["scenario"]
    # An open chain has no bond r_0, so that site 0 has half an energy, but a current.
    half = int(scenario["chain"]["topology"] == "open" and not limit)
    start = {name: 0 if name == "current" else half for _, _, name in COLUMNS}
    drawn = {
        name: run._arrays["r" if limit and name == "mean_r" else name][shown, first:]
        for name, first in start.items()
    }
    columns, zeros = _worth(drawn)
    with rc_context(STYLE):
        rows, across = {1: (1, 1), 2: (1, 2), 3: (1, 3)}.get(len(columns), (2, 2))
        height, width = 55.0 * rows, DOUBLE_COLUMN if across > 1 else 0.5 * DOUBLE_COLUMN
        figure = Shown(figsize=(width / 25.4, height / 25.4), layout="constrained")
        panels = figure.subplots(rows, across, squeeze=False)
        for axes, letter, (label, symbol, name) in zip(panels.flat, "abcd", columns):
            for place, index in enumerate(shown):
                # The last tenth of the map would vanish on white paper.
                colour = cm.viridis(0.9 * place / (len(shown) - 1)) if len(shown) > 1 else BLUE
                time = run.times[index]
                key = "stationary" if np.isinf(time) else f"{time:.3g}"
                axes.plot(run.x[start[name] :], drawn[name][place], color=colour, label=key)
            title = [f"({letter})"] if len(columns) > 1 else []
            # The limit has no current at t = 0.
            known = drawn[name][np.isfinite(drawn[name]).all(axis=1)]
            if name == "current" and len(known):
                title += _of_current(axes, known, _of_phases(run))
                if len(known) < len(shown):
                    title.append("none at $t$ = 0")
                if limit:
                    label, symbol = "energy current times $N$,", "$N J$"
            else:
                _around(axes, known)
            axes.set_title("  ".join(title), loc="left", fontsize=8.0)
            axes.set_xlabel("$x$")
            axes.set_ylabel(f"{label}  {symbol}")
            axes.set_xlim(0.0, 1.0)
        heading = _parameters(scenario)
        if limit:
            heading[1] = r"$N \to \infty$"
        if len(shown) < count:
            heading.append(f"{len(shown)} of {count} output times")
        elif count == 1 and np.isinf(run.times[0]):
            driven = scenario.get("right", {}).get("force", {}).get("harmonics")
            heading.append("average over a period" if driven else "stationary state")
        law = _law(scenario) if np.isfinite(run.times).any() else []
        if law and zeros and count > 1:
            zeros[0] = "at all times " + zeros[0]
        lines = [",  ".join(line) for line in (heading, law + zeros) if line]
        figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=7.0)
        if count > 1:
            # Beside the panels, where no curve is.
            scale = scenario.get("time", {}).get("scale")
            unit = {"diffusive": "$t = \\tau/N^2$", "ballistic": "$t = \\tau/N$"}.get(scale, "$t$")
            handles, labels = figure.axes[0].get_legend_handles_labels()
            figure.legend(handles, labels, title=unit, loc="outside right upper")
    return figure


def _worth(drawn: dict[str, Any]) -> tuple[list[tuple[str, str, str]], list[str]]:
    """The columns that are drawn, and a remark on each that vanishes."""
    finite = {name: values[np.isfinite(values)] for name, values in drawn.items()}
    largest = {name: np.abs(values).max(initial=0.0) for name, values in finite.items()}
    energy = max(largest["mechanical"], largest["thermal"])
    natural = {name: np.sqrt(energy) if name == "mean_r" else energy for name in drawn}
    columns = [one for one in COLUMNS if largest[one[2]] > VANISHING * natural[one[2]]]
    if not columns:
        return list(COLUMNS), []
    zeros = []
    for column in COLUMNS:
        most = largest[column[2]]
        if column in columns or not len(finite[column[2]]):
            continue
        # One digit, rounded up: it stays a bound.
        power = 10.0 ** np.floor(np.log10(most)) if most > 0.0 else 1.0
        bound = f"{np.ceil(most / power) * power:.0e}"
        zeros.append(f"{column[1]} = 0" if most == 0.0 else f"|{column[1]}| ≤ {bound}")
    return columns, zeros


def _around(axes: Any, values: Any) -> None:
    """The same everywhere: its roundings are not what to look at."""
    middle, spread = values.mean(), np.ptp(values)
    if spread <= 1e-9 * np.abs(values).max():
        around = 0.5 * abs(middle) or 1.0
        axes.set_ylim(middle - around, middle + around)


def _of_current(axes: Any, values: Any, phases: bool) -> list[str]:
    """The axis of a current goes to 0, so that its sign is seen, or as far as it can be read."""
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    cut = None if phases else readable(values)
    if low < 0.0 < high:
        axes.axhline(0.0, color="0.6", linewidth=0.5, zorder=0.5)
    if cut is not None:
        axes.set_ylim(*cut[0])
        return [cut[1]]
    if low < 0.0 == high:
        axes.set_ylim(1.05 * low, 0.0)
    elif low == 0.0 < high:
        axes.set_ylim(0.0, 1.05 * high)
    return []


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


def _law(scenario: dict[str, Any]) -> list[str]:
    """The initial law; means that are 0 are left out. Empty where it is not known as text."""
    symbols = {
        "elongation": r"$\bar r$",
        "displacement": r"$\bar q$",
        "momentum": r"$\bar p$",
        "temperature": "$T$",
        "var_r": r"$\mathrm{Var}\ r$",
        "var_p": r"$\mathrm{Var}\ p$",
        "var_q": r"$\mathrm{Var}\ q$",
    }
    initial = scenario.get("initial") or {}
    given = {key: str(v) for key, v in initial.items() if isinstance(v, (float, int, str))}
    said = [
        f"{symbols[key]} = {value}".replace("*", "·").replace("-", "−")
        for key, value in given.items()
        if key in symbols and value not in ("0", "0.0")
    ]
    if "state" in given:
        said.insert(0, "the Gibbs state")
    return ["from " + said[0], *said[1:]] if said else []
