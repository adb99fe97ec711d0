#!/usr/bin/env python3
"""Reads a run directory of flipchain and draws its profiles again with matplotlib.

    scripts/redraw.py runs/uphill -o uphill.pdf

This is a place to start from for figures of your own. It needs NumPy and matplotlib. The same
numbers stand in profiles.csv, which pandas reads as it is:
pandas.read_csv("runs/uphill/profiles.csv").
"""

import argparse
import csv
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

COLUMNS = [
    ("mean_r", r"elongation $\bar r$"),
    ("mechanical", r"mechanical energy $e_{\rm mech}$"),
    ("thermal", r"thermal energy $e_{\rm heat}$"),
]


def read(directory):
    """The arrays of profiles.npz: times (T,), sites (n,), and one (T, n) array for each column.

    They are checked against profiles.csv.
    """
    run = np.load(directory / "profiles.npz")
    with open(directory / "profiles.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    times, sites = run["times"], run["sites"]
    assert len(rows) == len(times) * len(sites), "profiles.csv and profiles.npz are not of one run"
    for name in rows[0]:
        if name in run and name not in ("times", "sites", "x"):
            written = np.array([float(row[name]) for row in rows]).reshape(len(times), len(sites))
            assert np.array_equal(
                written, run[name], equal_nan=True
            ), f"column {name} differs between csv and npz"
    return run


def draw(run, summary, file):
    """One panel a column, one line an output time."""
    bonds = summary["scenario"]["chain"]["bonds"]
    ring = summary["scenario"]["chain"]["topology"] == "ring"
    x = run["sites"] / bonds
    figure, panels = plt.subplots(
        1, len(COLUMNS), figsize=(178 / 25.4, 55 / 25.4), layout="constrained"
    )
    colours = plt.cm.viridis(np.linspace(0, 0.9, len(run["times"])))
    for panel, (name, label) in zip(panels, COLUMNS):
        for time, profile, colour in zip(run["times"], run[name], colours):
            # Site 0 of an open chain has a momentum but no elongation: half an energy.
            first = 0 if ring else 1
            panel.plot(x[first:], profile[first:], color=colour, linewidth=1, label=f"{time:.3g}")
        panel.set(xlabel="$x = n/N$", title=label)
        panel.title.set_fontsize(8)
        panel.tick_params(labelsize=7)
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        title="$t$",
        fontsize=7,
        title_fontsize=7,
        loc="outside right upper",
    )
    figure.savefig(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="a run directory of evolve or steady")
    parser.add_argument(
        "-o", "--output", default="profiles.pdf", help="the figure to write (pdf, svg, png)"
    )
    options = parser.parse_args()
    summary = json.loads((options.directory / "summary.json").read_text())
    draw(read(options.directory), summary, options.output)


if __name__ == "__main__":
    main()
