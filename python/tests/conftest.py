"""What several tests need."""

import numpy as np
import pytest

import flipchain as fc


@pytest.fixture
def uphill() -> fc.Chain:
    """Thermostats at both ends and a force that drives the energy from cold to hot."""
    return fc.Chain(
        bonds=12,
        left=fc.Thermostat(2.0),
        right=fc.Thermostat(1.0, friction=0.7),
        force=fc.Force(2.0),
    )


def drift(chain: fc.Chain) -> tuple[np.ndarray, np.ndarray]:
    """B and the constant part f of dz/dτ = B z + f, z = r_1..r_N, p_0..p_N, written literally."""
    n, bonds = chain.coordinates, chain.bonds
    b, f = np.zeros((n, n)), np.zeros(n)
    for bond in range(bonds):
        left, right = bonds + bond, bonds + bond + 1
        # dr_n = (p_n - p_(n-1)) dτ, and the bond pulls at both atoms.
        b[bond, right], b[bond, left] = 1.0, -1.0
        b[left, bond] += 1.0
        b[right, bond] -= 1.0
    for atom in range(chain.atoms):
        b[bonds + atom, bonds + atom] -= 2.0 * chain.flip_rate
    for end, atom in ((chain.left, bonds), (chain.right, n - 1)):
        if end is not None:
            b[atom, atom] -= end.friction
    if chain.force is not None:
        f[n - 1] = chain.force.mean
    return b, f


def stationary(chain: fc.Chain) -> tuple[np.ndarray, np.ndarray]:
    """The stationary means and covariance by a dense solve of the literal equations."""
    b, f = drift(chain)
    n, bonds = chain.coordinates, chain.bonds
    mean = np.linalg.solve(b, -f)
    one = np.eye(n)
    operator = np.kron(b, one) + np.kron(one, b)
    source = np.zeros((n, n))
    for atom in range(bonds, n):
        # A flip turns p into -p: it keeps Var p where the drift would damp it, and turns p̄² into
        # heat.
        operator[atom * n + atom, atom * n + atom] += 4.0 * chain.flip_rate
        source[atom, atom] += 4.0 * chain.flip_rate * mean[atom] ** 2
    for end, atom in ((chain.left, bonds), (chain.right, n - 1)):
        if end is not None:
            source[atom, atom] += 2.0 * end.friction * end.temperature
    return mean, np.linalg.solve(operator, -source.ravel()).reshape(n, n)
