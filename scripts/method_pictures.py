#!/usr/bin/env python3
"""Draws the pictures of docs/pictures that belong to one chapter of the theory each, and the map of
methods from docs/pictures/methods.csv, which the program's own plans are:

    cargo run --release --example map_of_methods > docs/pictures/methods.csv
    scripts/method_pictures.py

Needs NumPy and matplotlib. What is drawn is computed here from the equations of the chapter.
"""

import csv

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle

from pictures import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PLACE,
    arrow,
    bare,
    drift,
    generator,
    plane,
    plt,
    save,
)

WIDE = (178 / 25.4, 66 / 25.4)


def spectrum():
    """Chapter 2: the eigenvalues of B and of the operator keep out of a strip."""
    rate = 0.5
    figure, axes = plt.subplots(1, 2, figsize=WIDE, layout="constrained")
    for panel, name, bound in zip(axes, ("B", "\\mathcal{L}"), (2, 4)):
        for friction, colour in ((0.2, GREEN), (1.0, BLUE), (4.0, ORANGE)):
            b = drift(8, rate, friction)
            values = np.linalg.eigvals(b if bound == 2 else generator(8, rate, friction))
            label = f"$\\lambda = {friction:g}$"
            panel.plot(values.real, values.imag, ".", color=colour, markersize=4, label=label)
        panel.axvspan(-rate, 0, color=GREY, alpha=0.2, linewidth=0)
        for side in (-bound, bound):
            panel.axhline(side, color=GREY, linewidth=0.7, linestyle="--")
        plane(panel, f"eigenvalues of ${name}$")
        panel.set(xlim=(-6.5, 0.6), ylim=(-1.2 * bound, 1.2 * bound))
    axes[0].legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(0, 0.9))
    axes[1].text(-rate - 0.15, -4.6, "real only", ha="right", fontsize=6.5, color=GREY)
    save(figure, "spectrum")


def factor():
    """Chapter 3: the factor q of (3.4) at σ = 0 over the two wave numbers."""
    rate, grid = 1.0, np.linspace(0.002, 1, 400) * np.pi
    a, b = np.meshgrid(2 * np.sin(grid / 2), 2 * np.sin(grid / 2))
    minus, plus = (a - b) ** 2 / (2 * rate), (a + b) ** 2 / (2 * rate)
    q = minus * plus / (minus * plus + 2 * rate * (minus + plus))
    figure, axes = plt.subplots(figsize=(86 / 25.4, 70 / 25.4), layout="constrained")
    image = axes.pcolormesh(
        grid / np.pi,
        grid / np.pi,
        np.log10(q + 1e-12),
        cmap="viridis",
        vmin=-6,
        vmax=0,
        rasterized=True,
    )
    axes.set(
        xlabel="wave number of the first mode, $k/M$",
        ylabel="wave number of the second, $k'/M$",
        aspect="equal",
    )
    figure.colorbar(image, label="$\\log_{10} q$")
    save(figure, "factor")


def radau(stages):
    """Numerator and denominator of the stability function of Radau IIA, by ascending powers."""
    from math import factorial

    def pade(p, q):
        return [
            factorial(p + q - j)
            * factorial(p)
            / (factorial(p + q) * factorial(j) * factorial(p - j))
            for j in range(p + 1)
        ]

    top = pade(stages - 1, stages)
    bottom = [c * (-1) ** j for j, c in enumerate(pade(stages, stages - 1))]
    return np.polynomial.Polynomial(top), np.polynomial.Polynomial(bottom)


def steps():
    """Chapter 4: what one step of Radau IIA does to a mode."""
    top, bottom = radau(7)
    size = np.geomspace(0.3, 300, 600)
    figure, axes = plt.subplots(1, 2, figsize=WIDE, layout="constrained")
    for colour, direction, label in (
        (BLUE, 1j, "rotation, $z = ih\\omega$"),
        (ORANGE, -1, "decay, $z = -h\\mu$"),
    ):
        z = direction * size
        kept = top(z) / bottom(z)
        axes[0].loglog(size, np.abs(kept), color=colour, label=label)
        axes[1].loglog(size, np.maximum(np.abs(kept - np.exp(z)), 1e-17), color=colour)
    axes[0].set(xlabel="step $|z|$", ylabel="what is left of the mode, $|R(z)|$", ylim=(1e-6, 3))
    axes[1].set(xlabel="step $|z|$", ylabel="error of the step, $|R(z) - e^z|$", ylim=(1e-17, 3))
    axes[0].axvline(10, color=GREY, linewidth=0.7, linestyle="--")
    axes[0].text(9, 2e-6, "10 radians", color=GREY, ha="right", fontsize=7)
    axes[0].legend(fontsize=7, frameon=False, loc="lower left", bbox_to_anchor=(0, 0.12))
    save(figure, "steps")


def lines():
    """Chapter 7: the singularities of a periodic force and the hyperbola of each."""
    omega, nodes, mu = 1.3, 8, 0.16
    theta = np.linspace(-2.3, 2.3, 300)
    curve = mu * (1 + np.sin(1j * theta - 1.172104))
    dots = mu * (1 + np.sin(1j * (np.arange(nodes) + 0.5) * 2.3 / nodes - 1.172104))
    figure, axes = plt.subplots(figsize=(86 / 25.4, 76 / 25.4), layout="constrained")
    for l, colour in ((-1, GREEN), (0, BLUE), (1, GREEN)):
        axes.plot([-1.2, 0], [l * omega] * 2, color=ORANGE, linewidth=1.6)
        axes.plot(0, l * omega, "s", color=ORANGE, markersize=4)
        axes.plot(
            curve.real,
            curve.imag + l * omega,
            color=colour,
            linewidth=1,
            linestyle="-" if l == 0 else "--",
        )
        axes.text(0.08, l * omega + 0.16, f"$il\\omega,\\ l = {l}$", va="center", fontsize=7)
    for points in (dots, dots.conj()):
        axes.plot(points.real, points.imag, "o", color=BLUE, markersize=3)
    plane(axes, "")
    axes.set(xlim=(-1.2, 0.6), ylim=(-2.3, 2.3))
    save(figure, "lines")


def ring():
    """Chapter 8: which pairs of modes a wave of the variances is coupled to."""
    size, wave = 16, 5
    figure, axes = plt.subplots(figsize=(86 / 25.4, 74 / 25.4), layout="constrained")
    k = np.arange(size)
    rows, columns = np.meshgrid(k, k)
    axes.plot(rows, columns, ".", color=GREY, markersize=2)
    for q, colour in ((0, BLUE), (wave, ORANGE)):
        axes.plot(k, (q - k) % size, "o", color=colour, markersize=4)
        axes.plot([], [], "o", color=colour, markersize=4, label=f"$k + k' = {q}$")
    ticks = range(0, size, 5)
    axes.set(xlabel="mode $k$", ylabel="mode $k'$", aspect="equal", ylim=(-1, size + 2.6))
    axes.set(xticks=ticks, yticks=ticks)
    axes.legend(fontsize=7, frameon=False, ncols=2, loc="upper center")
    save(figure, "ring")


def exponential(matrix):
    values, vectors = np.linalg.eig(matrix)
    return (vectors * np.exp(values)) @ np.linalg.inv(vectors)


def propagator():
    """Chapter 9: e^(Bτ) along the chain at γ = 0, a Toeplitz and a Hankel part."""
    bonds, time = 40, 24.0
    n = 2 * bonds + 1
    line = np.diag(np.ones(n - 1), 1) - np.diag(np.ones(n - 1), -1)
    line[0, 0] = line[-1, -1] = -0.3
    figure, axes = plt.subplots(1, 2, figsize=WIDE, layout="constrained")
    for panel, t in zip(axes, (time / 3, time)):
        image = panel.imshow(exponential(line * t).real, cmap="RdBu", vmin=-0.3, vmax=0.3)
        panel.set(xlabel="$j$", ylabel="$i$")
        panel.set_title(f"$(e^{{B\\tau}})_{{ij}}$, $\\tau = {t:g}$", fontsize=8)
    figure.colorbar(image, ax=axes)
    save(figure, "propagator")


def stencil():
    """Chapter 14: the five points, and the diagonals that a covariance keeps."""
    figure, axes = plt.subplots(
        1, 2, figsize=WIDE, layout="constrained", gridspec_kw={"width_ratios": [1, 1.5]}
    )
    left, right = axes
    for (x, y), text in {
        (0, 0): "$X_d[i]$",
        (1, -1): "$X_{d-1}[i+1]$",
        (0, -1): "$X_{d-1}[i]$",
        (0, 1): "$X_{d+1}[i]$",
        (-1, 1): "$X_{d+1}[i-1]$",
    }.items():
        colour = BLUE if (x, y) == (0, 0) else ORANGE
        left.plot(x, y, "o", color=colour, markersize=9)
        # Above the upper points and below the lower ones, where no arrow is.
        if y == 0:
            left.text(x + 0.16, y, text, fontsize=7.5, ha="left", va="center")
        else:
            side = "right" if x < 0 or (x, y) == (0, -1) else "left"
            left.text(x + (0.1 if side == "right" else -0.1), y + 0.24 * y, text, fontsize=7.5,
                      ha=side, va="center")
        if (x, y) != (0, 0):
            arrow(left, (0.86 * x, 0.86 * y), (0.16 * x, 0.16 * y), color=GREY)
    left.set(xlim=(-2.2, 2.2), ylim=(-1.6, 1.6), xlabel="place $i$", ylabel="diagonal $d$")
    left.set(xticks=[], yticks=[])
    # From a step of the temperatures, between thermostats, with flips.
    bonds, rate, time, h = 60, 0.5, 6.0, 0.02
    n, order = 2 * bonds + 1, []
    for atom in range(bonds + 1):
        order += [bonds + atom] + ([atom] if atom < bonds else [])
    start = np.where(np.arange(n) < n / 2, 2.0, 1.0)
    covariance = np.zeros((n, n))
    covariance[order, order] = start
    b, momenta = drift(bonds, rate), np.arange(bonds, n)
    noise = np.zeros((n, n))
    noise[bonds, bonds], noise[-1, -1] = 2 * 2.0, 2 * 1.0

    def change(c):
        d = b @ c + c @ b.T + noise
        d[momenta, momenta] += 4 * rate * c[momenta, momenta]
        return d

    for _ in range(round(time / h)):
        one = change(covariance)
        two = change(covariance + h / 2 * one)
        three = change(covariance + h / 2 * two)
        four = change(covariance + h * three)
        covariance += h / 6 * (one + 2 * two + 2 * three + four)
    along = covariance[np.ix_(order, order)]
    image = right.imshow(np.log10(np.abs(along) + 1e-16), cmap="viridis", vmin=-10, vmax=0.5)
    right.set(xlabel="$j$, along the chain", ylabel="$i$")
    figure.colorbar(image, label="$\\log_{10} |C(y_i, y_j)|$")
    save(figure, "stencil")


def squaring():
    """Chapter 15: a slow decay by repeated squaring, with 1 + D held and with D held."""
    doublings = np.arange(0, 56)
    figure, axes = plt.subplots(figsize=(110 / 25.4, 62 / 25.4), layout="constrained")
    for name, colour in (("$1 + D$ is held", ORANGE), ("$D$ is held", BLUE)):
        errors = []
        for count in doublings:
            # e^(-0.7) in `count` doublings of the first step.
            d = np.expm1(-0.7 * 2.0**-count)
            whole = 1.0 + d
            for _ in range(count):
                d, whole = 2.0 * d + d * d, whole * whole
            found = whole if colour == ORANGE else 1.0 + d
            errors.append(max(abs(found - np.exp(-0.7)), 3e-17))
        style = dict(color=colour, markersize=4, linewidth=0.7, label=name)
        axes.semilogy(doublings, errors, ".-", **style)
    axes.set(
        xlabel="doublings until $e^{-0.7}$ is reached", ylabel="error in 16 digits", ylim=(1e-17, 3)
    )
    axes.legend(fontsize=7, frameon=False, loc="upper left")
    save(figure, "squaring")


def network():
    """Chapter 16: the chain as a network of conductances."""
    figure, axes = bare(178, 68)
    places = [30, 60, 90, 120, 150]
    for a, left in enumerate(places):
        for b in range(a + 1, len(places)):
            right = places[b]
            style = f"arc3,rad={-0.11 * (b - a - 1):.2f}"
            arrow(
                axes,
                (left, 30),
                (right, 30),
                arrowstyle="-",
                connectionstyle=style,
                color=BLUE,
                linewidth=1.8 / (b - a) ** 1.3,
            )
    for n, x in enumerate(places):
        axes.add_patch(plt.Circle((x, 30), 2.4, color=BLUE, zorder=3))
        axes.text(x, 24, f"$\\theta_{n}$", ha="center", va="top")
        axes.add_patch(Rectangle((x - 1.2, 9), 2.4, 7, fill=False, edgecolor=ORANGE, linewidth=1))
        axes.plot([x, x], [16, 19], color=ORANGE, linewidth=1)
        axes.plot([x, x], [5, 9], color=ORANGE, linewidth=1)
        axes.text(x + 3, 12, f"$\\rho_{n}$", va="center", fontsize=7, color=ORANGE)
    axes.plot([24, 156], [5, 5], color=ORANGE, linewidth=1)
    axes.text(158, 4.4, "thermostats", color=ORANGE, fontsize=7)
    axes.text(
        90,
        62,
        "flips: conductances $W_{nm}$, weaker with distance",
        ha="center",
        color=BLUE,
        fontsize=7.5,
    )
    save(figure, "network")


WAYS = {
    "Stencil": ("exponential of the stencil (14)", "#56b4e9"),
    "Propagator": ("exponential in 32 digits (15)", "#cc79a7"),
    "Steps": ("implicit steps (4)", "#e69f00"),
    "Contour": ("contour, covariance (5)", "#009e73"),
    "Profiles": ("contour, profiles alone (6)", "#0072b2"),
}


def methods():
    """The map of methods, from the program's own plans."""
    with open(PLACE / "methods.csv", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    names = list(WAYS)
    colours = ListedColormap([colour for _, colour in WAYS.values()])
    figure, axes = plt.subplots(
        2, 2, figsize=(178 / 25.4, 130 / 25.4), layout="constrained", sharex="col", sharey="row"
    )
    for row, kept in zip(axes, ("false", "true")):
        for panel, bonds in zip(row, ("10", "300")):
            rows = [r for r in table if (r["bonds"], r["covariance"]) == (bonds, kept)]
            rates = sorted({float(r["flip_rate"]) for r in rows})
            times = sorted({float(r["time"]) for r in rows})
            field = np.full((len(times), len(rates)), np.nan)
            for r in rows:
                place = times.index(float(r["time"])), rates.index(float(r["flip_rate"]))
                field[place] = names.index(r["way"])
            across = np.array(rates) * int(bonds)
            panel.pcolormesh(
                across,
                times,
                field,
                cmap=colours,
                vmin=-0.5,
                vmax=len(names) - 0.5,
                shading="nearest",
                rasterized=True,
            )
            ends = across[[0, -1]]
            panel.plot(ends, 300 * int(bonds) / ends, color="black", linewidth=0.7)
            panel.axhline(int(bonds) ** 2, color="black", linewidth=0.7, linestyle=":")
            panel.set(xscale="log", yscale="log", ylim=(times[0], times[-1]), xlim=ends)
            what = "profiles alone" if kept == "false" else "covariance kept"
            panel.set_title(f"$N = {bonds}$, {what}", fontsize=8)
    for panel in axes[-1]:
        panel.set_xlabel("$\\gamma N$")
    for panel in axes[:, 0]:
        panel.set_ylabel("microscopic time $\\tau$")
    used = {row["way"] for row in table}
    shown = [label_and_colour for way, label_and_colour in WAYS.items() if way in used]
    handles = [Rectangle((0, 0), 1, 1, color=colour) for _, colour in shown]
    handles += [
        plt.Line2D([], [], color="black", linewidth=0.7),
        plt.Line2D([], [], color="black", linewidth=0.7, linestyle=":"),
    ]
    labels = [label for label, _ in shown] + ["$\\tau = 300/\\gamma$", "$\\tau = N^2$"]
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=7, frameon=False)
    save(figure, "methods")


if __name__ == "__main__":
    for draw in (
        spectrum,
        factor,
        steps,
        lines,
        ring,
        propagator,
        stencil,
        squaring,
        network,
        methods,
    ):
        draw()
