#!/usr/bin/env python3
"""The conductivity of pinned chains with random masses, divided by the flip rate, as it vanishes.

Energy hops between modes, docs/theory/general.md (16.11). Needs NumPy. Prints, for each range of
masses, (N' - N)/(R(N') - R(N)) of neighbouring sizes with its standard error over twelve chains.
"""

import numpy as np

SIZES = [125, 250, 500, 1000]
CHAINS = 12
CONTACT = 10.0  # frictions of the ends, in units of the flip rate


def resistance(mass, pinning=1.0):
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
    for low, high in [(0.1, 10.0), (0.5, 1.5)]:
        found = []
        for _ in range(CHAINS):
            mass = random.uniform(low, high, SIZES[-1] + 1)
            r = [resistance(mass[: n + 1]) for n in SIZES]
            found.append(np.diff(SIZES) / np.diff(r))
        mean = np.mean(found, axis=0)
        error = np.std(found, axis=0, ddof=1) / np.sqrt(CHAINS)
        for size, larger, k, e in zip(SIZES, SIZES[1:], mean, error):
            print(f"masses in [{low}, {high}], N = {size}, {larger}: {k:.1f} ± {e:.1f}")


if __name__ == "__main__":
    main()
