#!/usr/bin/env python3
"""The conductivity of disordered pinned chains, divided by the flip rate, as it vanishes.

Energy hops between modes, docs/theory/general.md (16.11). Needs NumPy. Prints, for each range of
masses, or of pinnings, (N' - N)/(R(N') - R(N)) of neighbouring sizes with its standard error over
twelve chains.
"""

import numpy as np

SIZES = [125, 250, 500, 1000]
CHAINS = 12
CONTACT = 10.0  # frictions of the ends, in units of the flip rate


def resistance(mass, pinning):
    """(T_- - T_+)/J at the flip rate 1, springs 1."""
    atoms = len(mass)
    stiffness = 2.0 * np.eye(atoms) - np.eye(atoms, k=1) - np.eye(atoms, k=-1)
    stiffness[0, 0] = stiffness[-1, -1] = 1.0
    stiffness += pinning * np.eye(atoms)
    _, modes = np.linalg.eigh(stiffness / np.sqrt(np.outer(mass, mass)))
    share = modes**2
    hops = 2.0 * share.T @ share
    left, right = CONTACT * share[0], CONTACT * share[-1]
    network = np.diag(hops.sum(axis=1) + left + right) - hops
    return 1.0 / (right @ np.linalg.solve(network, left))


def main():
    random = np.random.default_rng(1)
    for what, low, high, sizes in [
        ("masses", 0.1, 10.0, SIZES),
        ("masses", 0.5, 1.5, SIZES),
        ("pinnings", 0.0, 20.0, [50, 100, 200]),
    ]:
        found = []
        for _ in range(CHAINS):
            drawn = random.uniform(low, high, sizes[-1] + 1)
            one = np.ones_like(drawn)
            mass, pinning = (drawn, one) if what == "masses" else (one, drawn)
            r = [resistance(mass[: n + 1], pinning[: n + 1]) for n in sizes]
            found.append(np.diff(sizes) / np.diff(r))
        mean = np.mean(found, axis=0)
        error = np.std(found, axis=0, ddof=1) / np.sqrt(CHAINS)
        for size, larger, k, e in zip(sizes, sizes[1:], mean, error):
            print(f"{what} in [{low}, {high}], N = {size}, {larger}: {k:.4g} ± {e:.1g}")


if __name__ == "__main__":
    main()
