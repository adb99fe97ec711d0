#!/usr/bin/env python3
"""Draws the pictures of docs/pictures that explain: the chain, the house, a contour with its
singularities, the inner path between its conductors, and how an estimate is put together.

    scripts/pictures.py

Needs NumPy and matplotlib. The singularities are eigenvalues, computed here from the equations.
"""

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

PLACE = Path(__file__).resolve().parent.parent / "docs" / "pictures"
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#8c8c8c"
plt.rcParams.update({"font.size": 8, "svg.hashsalt": "flipchain", "axes.linewidth": 0.6})


def save(figure, name):
    # No date, so that the same drawing is the same file.
    figure.savefig(PLACE / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def bare(width, height):
    """A drawing in millimetres, without axes."""
    figure, axes = plt.subplots(figsize=(width / 25.4, height / 25.4))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.axis("off")
    return figure, axes


def arrow(axes, start, end, **style):
    style = {"color": "black", "linewidth": 0.9, "mutation_scale": 9, "arrowstyle": "-|>", **style}
    axes.add_patch(FancyArrowPatch(start, end, **style))


def spring(axes, left, right, y):
    along = np.linspace(0, 1, 200)
    wound = (along > 0.15) & (along < 0.85)
    coil = np.where(wound, np.sin(2 * np.pi * 5 * (along - 0.15) / 0.7), 0)
    axes.plot(left + along * (right - left), y + 1.6 * coil, color=GREY, linewidth=0.9)


def chain():
    figure, axes = bare(178, 52)
    places = [38, 62, 86, 110, 134]
    for n, (left, right) in enumerate(zip(places, places[1:])):
        if n == 2:
            axes.text((left + right) / 2, 26, ". . .", ha="center", va="center", color=GREY)
        else:
            spring(axes, left + 2.6, right - 2.6, 26)
    for n, x in enumerate(places):
        axes.add_patch(plt.Circle((x, 26), 2.6, color=BLUE, zorder=3))
        axes.text(x, 20.5, f"$p_{{{(0, 1, 2, 'N-1', 'N')[n]}}}$", ha="center", va="top")
    for name, left, right in zip(("1", "2", "", "N"), places, places[1:]):
        if name:
            axes.text((left + right) / 2, 30, f"$r_{name}$", ha="center")
    ends = [(12, ORANGE, "$T_-,\\ \\lambda_-$"), (166, BLUE, "$T_+,\\ \\lambda_+$")]
    for x, colour, text in ends:
        axes.add_patch(Rectangle((x - 11, 14), 22, 24, color=colour, alpha=0.25, linewidth=0))
        axes.text(x, 26, "thermostat\n" + text, ha="center", va="center")
    arrow(axes, (24, 26), (35, 26), arrowstyle="<|-|>", color=ORANGE)
    arrow(axes, (154, 23), (137, 24.5), arrowstyle="<|-|>", color=BLUE)
    arrow(axes, (137, 27.5), (153, 36), color=GREEN, linewidth=1.4)
    axes.text(151, 40, "force $F_N(\\tau)$", ha="center", color=GREEN)
    arrow(axes, (86, 32), (93, 40), color="black")
    arrow(axes, (86, 32), (79, 40), color="black", linestyle="--")
    axes.text(86, 43, "flip at rate $\\gamma$:  $p \\to -p$", ha="center")
    axes.text(86, 8, "$r_n = q_n - q_{n-1}$,   $x = n/N$", ha="center", color=GREY)
    save(figure, "chain")


FLOORS = [
    ("python", "PyO3 module, arrays, xarray, figures of matplotlib"),
    ("cli", "parse, call one function of the library, report"),
    ("figures", "figures as data, and their drawings"),
    ("run, sweep", "one function for each question: plan, price, solve, judge"),
    ("output", "run directories, written whole or not at all"),
    ("general, correlations", "chains with coefficients; covariances at two times"),
    ("observe", "energies, exact identities, the theorems' statements"),
    ("evolve, steady, limit", "steps, contours, exponentials, stationary states"),
    ("covariance, resolvent", "the solvers of $(\\sigma - \\mathcal{L})X = R$"),
    ("chain", "the physics as numbers: $B$, modes, force, initial law"),
    ("scenario", "the scenario as the user wrote it, validated"),
    ("numerics, monitor", "vectors, quadrature, Krylov, wide numbers; progress"),
    ("budget", "every factor of an error estimate, by its source"),
]


def house():
    figure, axes = bare(178, 10 * len(FLOORS) + 4)
    for level, (name, says) in enumerate(reversed(FLOORS)):
        y = 2 + 10 * level
        box = FancyBboxPatch((4, y), 162, 8, boxstyle="round,pad=0,rounding_size=1.2")
        box.set(facecolor=plt.cm.viridis(0.25 + 0.07 * level), alpha=0.25, edgecolor="none")
        axes.add_patch(box)
        axes.text(7, y + 4, name, va="center", weight="bold", fontsize=7.5)
        axes.text(77, y + 4, says, va="center", fontsize=6.5)
    arrow(axes, (170, 10 * len(FLOORS)), (170, 4), color=GREY)
    axes.text(172.5, 5 * len(FLOORS), "imports", rotation=90, va="center", color=GREY, fontsize=7)
    save(figure, "house")


def drift(bonds, rate, friction=1.0):
    """B in the order r, p."""
    difference = np.diff(np.eye(bonds + 1), axis=0)
    damping = 2 * rate * np.eye(bonds + 1)
    damping[0, 0] += friction
    damping[-1, -1] += friction
    return np.block([[np.zeros((bonds, bonds)), difference], [-difference.T, -damping]])


def generator(bonds, rate, friction=1.0):
    """The operator on covariances, as a matrix."""
    b = drift(bonds, rate, friction)
    n = len(b)
    matrix = np.kron(b, np.eye(n)) + np.kron(np.eye(n), b)
    for atom in range(bonds, n):
        matrix[atom * n + atom, atom * n + atom] += 4 * rate
    return matrix


def plane(axes, title):
    axes.axhline(0, color=GREY, linewidth=0.5)
    axes.axvline(0, color=GREY, linewidth=0.5)
    axes.set(xlabel="Re", ylabel="Im")
    axes.set_title(title, fontsize=8)


def contour():
    """The hyperbola of chapter 5 beside the eigenvalues of the operator."""
    bonds, rate, nodes = 8, 0.5, 10
    time = 40 / rate
    values = np.linalg.eigvals(generator(bonds, rate))
    alpha, mu = 1.172104, 4.492075 * nodes / time

    def hyperbola(theta):
        return mu * (1 + np.sin(1j * theta - alpha))

    theta = (np.arange(nodes) + 0.5) * 1.081792 / nodes
    figure, axes = plt.subplots(1, 2, figsize=(178 / 25.4, 66 / 25.4), layout="constrained")
    for panel, wide in zip(axes, (True, False)):
        curve = hyperbola(np.linspace(-2.6, 2.6, 400))
        panel.plot(curve.real, curve.imag, color=BLUE, linewidth=1)
        panel.plot(values.real, values.imag, "x", color=ORANGE, markersize=4, markeredgewidth=0.7)
        panel.plot(0, 0, "s", color=ORANGE, markersize=4)
        for sign in (1, -1):
            points = hyperbola(sign * theta)
            style = dict(color=BLUE, markersize=4, fillstyle="full" if sign > 0 else "none")
            panel.plot(points.real, points.imag, "o", markeredgewidth=0.8, **style)
        panel.axvline(-rate, color=GREEN, linewidth=0.8, linestyle="--")
        plane(panel, "the whole spectrum" if wide else "what is left at late times")
        panel.set(xlim=(-3.2, 0.9) if wide else (-0.75, 0.65))
        panel.set(ylim=(-4.4, 4.4) if wide else (-1.4, 1.4))
    axes[0].text(-rate - 0.05, 4.0, "$-\\gamma$", color=GREEN, ha="right")
    save(figure, "contour")


def inner_path():
    """Potential of the two conductors of chapter 6, and the path without potential."""
    rate, bonds, sigma = 0.35, 24, -0.15 + 0.5j
    spectrum = np.linalg.eigvals(drift(bonds, rate))
    left, right = spectrum - sigma / 2, sigma / 2 - spectrum
    x, y = np.meshgrid(np.linspace(-1.6, 1.6, 500), np.linspace(-2.6, 2.6, 500))
    kappa = x + 1j * y
    charges = sum(np.log(np.abs(kappa - c)) for c in left)
    potential = (charges - sum(np.log(np.abs(kappa - c)) for c in right)) / len(spectrum)
    figure, axes = plt.subplots(figsize=(86 / 25.4, 80 / 25.4), layout="constrained")
    levels = np.arange(-2.4, 2.41, 0.15)
    axes.contour(x, y, potential, levels=levels, colors=GREY, linewidths=0.4, linestyles="-")
    path = np.where(y < 0, np.nan, potential)
    axes.contour(x, y, path, levels=[0], colors=BLUE, linewidths=1.6)
    axes.plot(left.real, left.imag, "x", color=ORANGE, markersize=4, label="$S - \\sigma/2$")
    axes.plot(right.real, right.imag, "+", color=GREEN, markersize=5, label="its mirror image")
    axes.plot([], [], color=BLUE, label="the path")
    plane(axes, "")
    axes.set(xlim=(-1.6, 1.6), ylim=(-2.6, 2.6))
    axes.legend(fontsize=6.5, loc="lower right", frameon=False)
    save(figure, "inner_path")


SOURCES = [
    ("steps", "whole step\nagainst halves,\ngain measured\nby quarters", BLUE),
    ("outer contour", "two contours,\none with two\nnodes more", BLUE),
    ("inner path", "a second one\nwith other\nnodes", BLUE),
    ("iteration", "the correction\nthat one more\ncycle would make", GREEN),
    ("rounding", "size of the terms\ntimes a measured\nconstant", ORANGE),
    ("input", "phases $l\\omega\\tau$\nwith 32 digits", ORANGE),
]


def estimate():
    figure, axes = bare(178, 62)
    for index, (name, says, colour) in enumerate(SOURCES):
        x = 2 + 29 * index
        box = FancyBboxPatch((x, 36), 27, 24, boxstyle="round,pad=0,rounding_size=1.2")
        box.set(facecolor=colour, alpha=0.18, edgecolor="none")
        axes.add_patch(box)
        axes.text(x + 13.5, 55, name, ha="center", weight="bold", fontsize=7)
        axes.text(x + 13.5, 44.5, says, ha="center", va="center", fontsize=5.8)
        arrow(axes, (x + 13.5, 35.5), (89 + 0.35 * (x + 13.5 - 89), 26), color=GREY)
    style = dict(ha="center", weight="bold", fontsize=8)
    axes.text(89, 22, "error of every column at every output", **style)
    arrow(axes, (89, 19.5), (89, 13), color=GREY)
    says = "largest of the columns, relative to each column's largest value: against the tolerance"
    axes.text(89, 9, says, ha="center", fontsize=7)
    axes.text(
        89,
        2,
        "no error is amplified later (Theorem 2.1), so that errors of steps add up",
        ha="center",
        fontsize=6.5,
        color=GREY,
    )
    save(figure, "estimate")


if __name__ == "__main__":
    PLACE.mkdir(exist_ok=True)
    for draw in (chain, house, contour, inner_path, estimate):
        draw()
