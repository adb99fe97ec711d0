"""Chains whose masses, springs, pinning, flip rates, thermostats and forces depend on the site."""

import numpy as np
import pytest
from scipy.linalg import expm

import flipchain as fc


def matrices(chain: fc.Chain) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """B, the forces, 4γ and 2λmT of the momenta of a pinned chain, z = q, p, written literally."""
    atoms = chain.atoms
    b, f = np.zeros((2 * atoms, 2 * atoms)), np.zeros(2 * atoms)
    mass, spring = np.array(chain.mass), np.array(chain.spring)
    stiffness = np.diag(np.array(chain.pinning))
    for n, k in enumerate(spring):
        # Bond n of a ring is between the atoms n - 1 and n.
        ends = [n - 1, n] if chain.topology == "ring" else [n, n + 1]
        stiffness[np.ix_(ends, ends)] += k * np.array([[1.0, -1.0], [-1.0, 1.0]])
    b[:atoms, atoms:] = np.diag(1 / mass)
    b[atoms:, :atoms] = -stiffness
    flips, noise = 4 * np.array(chain.flip_rate), np.zeros(atoms)
    for n in range(atoms):
        b[atoms + n, atoms + n] = -flips[n] / 2
    left = {0: chain.left} if chain.left else {}
    for site, end in {**left, **chain.thermostats}.items():
        b[atoms + site, atoms + site] -= end.friction
        noise[site] = 2 * end.friction * mass[site] * end.temperature
    for site, force in chain.forces.items():
        f[atoms + site] = force.mean
    return b, f, flips, noise


def operator(chain: fc.Chain) -> np.ndarray:
    """The generator of the covariance, row by row."""
    b, _, flips, _ = matrices(chain)
    n = len(b)
    whole = np.kron(b, np.eye(n)) + np.kron(np.eye(n), b)
    for site, rate in enumerate(flips):
        p = n // 2 + site
        whole[p * n + p, p * n + p] += rate
    return whole


@pytest.fixture(params=["open", "ring"])
def chain(request) -> fc.Chain:
    if request.param == "ring":
        return fc.Chain.ring(
            5,
            flip_rate=[0.3, 0.5, 0.2, 0.9, 0.4],
            mass=np.array([1.0, 0.5, 2.0, 1.5, 0.7]),
            spring=[0.8, 1.0, 2.0, 0.5, 1.2],
            pinning=lambda x: 0.3 + x,
            thermostats={0: fc.Thermostat(2.0), 3: fc.Thermostat(0.5, friction=0.6)},
            forces={2: fc.Force(0.8)},
        )
    return fc.Chain(
        bonds=4,
        flip_rate=[0.3, 0.5, 0.2, 0.9, 0.4],
        mass=np.array([1.0, 0.5, 2.0, 1.5, 0.7]),
        spring=[1.0, 2.0, 0.5, 1.2],
        pinning=lambda x: 0.3 + x,
        left=fc.Thermostat(2.0),
        thermostats={3: fc.Thermostat(0.5, friction=0.6)},
        forces={2: fc.Force(0.8)},
    )


def test_a_pinned_disordered_chain_settles_to_the_dense_solution(chain):
    b, f, flips, noise = matrices(chain)
    mean = np.linalg.solve(-b, f)
    n = len(b)
    source = np.zeros((n, n))
    source[range(n // 2, n), range(n // 2, n)] = flips * mean[n // 2 :] ** 2 + noise
    covariance = np.linalg.solve(-operator(chain), source.ravel()).reshape(n, n)
    state = fc.steady(chain)
    assert state.tolerance_reached
    rounding = 1e-12 * np.abs(covariance).max()
    for found, expected, name in (
        (state.mean_q, mean[:5], "mean_q"),
        (state.var_q, covariance.diagonal()[:5], "var_q"),
        (state.var_p, covariance.diagonal()[5:], "var_p"),
        (state.temperature, covariance.diagonal()[5:] / np.array(chain.mass), "temperature"),
    ):
        assert (np.abs(found[0] - expected) <= state.errors[name][0] + rounding).all(), name
    whole = fc.steady(chain, covariance=True)
    assert np.abs(whole.covariance[0] - covariance).max() <= 1e-11 * np.abs(covariance).max()


def test_it_evolves_as_the_dense_exponential(chain):
    b, f, flips, noise = matrices(chain)
    n = len(b)
    law = fc.Initial(
        displacement=[0.1, -0.2, 0.3, 0.0, 0.5], momentum="x", var_q=0.7, var_p=lambda x: 1 + x
    )
    run = fc.evolve(chain, [0.7, 5.0], law, scale="microscopic", covariance=True)
    x = np.arange(5) / chain.bonds
    z = np.concatenate([[0.1, -0.2, 0.3, 0.0, 0.5], x])
    start = np.diag(np.concatenate([[0.7] * 5, 1 + x])) + np.outer(z, z)
    # The second moments S = C + z z, and z, and 1, obey one linear equation.
    size = n * n + n + 1
    whole = np.zeros((size, size))
    whole[: n * n, : n * n] = operator(chain)
    for i in range(n):
        for j in range(n):
            whole[i * n + j, n * n + i] += f[j]
            whole[i * n + j, n * n + j] += f[i]
    whole[n * n : -1, n * n : -1] = b
    whole[n * n : -1, -1] = f
    for site in range(n // 2):
        whole[(n // 2 + site) * (n + 1), -1] += noise[site]
    for k, t in enumerate([0.7, 5.0]):
        state = expm(t * whole) @ np.concatenate([start.ravel(), z, [1.0]])
        mean = state[n * n : -1]
        covariance = state[: n * n].reshape(n, n) - np.outer(mean, mean)
        assert np.abs(run.covariance[k] - covariance).max() <= 1e-11
        assert (np.abs(run.mean_q[k] - mean[:5]) <= run.errors["mean_q"][k] + 1e-13).all()
        assert (np.abs(run.var_p[k] - covariance.diagonal()[5:]) <= 1e-11).all()


def test_a_scenario_and_a_run_come_back_as_they_were(chain, tmp_path):
    random = fc.Chain(
        bonds=6,
        flip_rate="1 + x",
        mass={"uniform": [0.5, 1.5], "seed": 7},
        left=fc.Thermostat(1.0),
        forces={2: fc.Force(0.0, period=3.0, harmonics=[(1, 2.0, 0.5)])},
    )
    for each in (chain, random):
        fc.write_scenario(tmp_path / "a.toml", each)
        again, _, _ = fc.read_scenario(tmp_path / "a.toml")
        assert again == each and hash(again) == hash(each)
        state = fc.steady(each)
        state.save(tmp_path / "run", force=True)
        read = fc.load(tmp_path / "run")
        assert (read.temperature == state.temperature).all()
        assert dict(read.errors).keys() == dict(state.errors).keys()
    pytest.importorskip("xarray")
    data = fc.steady(chain).to_xarray()
    assert data.var_q.dims == ("time", "x") and data.error_mean_q.dims == ("time",)
    assert data.temperature.attrs["long_name"] == "Var p_n/m_n"
    plain = fc.steady(fc.Chain(bonds=3, left=fc.Thermostat(1.0)))
    assert (plain.temperature == plain.var_p).all() and plain.var_q is None


def test_a_ring_without_pinning_keeps_its_length():
    chain = fc.Chain.ring(6, mass=[1, 2, 1, 0.5, 1, 1], thermostats={1: fc.Thermostat(1.5)})
    law = fc.Initial(elongation=lambda x: 1 + x, var_r=0.3, var_p=2.0)
    state = fc.steady(chain, law, covariance=True)
    assert state.tolerance_reached
    assert np.allclose(state.mean_r[0], state.mean_r[0].mean(), rtol=1e-12)
    assert np.isclose(state.mean_r[0].sum(), sum(1 + n / 6 for n in range(6)), rtol=1e-12)
    assert np.isclose(state.covariance[0][:6, :6].sum(), 6 * 0.3, rtol=1e-11)
    # Equilibrium: a Gibbs law of fixed length, and the length's own variance.
    assert np.allclose(state.temperature, 1.5, rtol=1e-12)
    assert np.allclose(state.var_r[0], 1.5 * (1 - 1 / 6) + 0.3 / 6, rtol=1e-11)
    late = fc.evolve(chain, [4000.0], law, scale="microscopic")
    assert np.allclose(late.var_r, state.var_r, rtol=1e-9)
    with pytest.raises(fc.ScenarioError, match="keeps its length"):
        fc.steady(chain)


def test_bad_coefficients_are_refused_with_their_place():
    with pytest.raises(fc.ScenarioError, match="^mass: found 2 values; allowed: 4"):
        fc.Chain(bonds=3, mass=[1.0, 2.0])
    with pytest.raises(fc.ScenarioError, match="spring: found .* an expression or a function"):
        fc.Chain(bonds=3, spring=[[1.0, 2.0, 3.0]])
    with pytest.raises(fc.ScenarioError, match="second thermostat at site 0"):
        fc.Chain(bonds=3, left=fc.Thermostat(1.0), thermostats={0: fc.Thermostat(2.0)})
    pinned = fc.Chain(bonds=3, pinning=0.5)
    with pytest.raises(fc.ScenarioError, match="allowed: var_q"):
        fc.evolve(pinned, [1.0], fc.Initial(var_r=[1.0] * 3, var_p=1.0))
    with pytest.raises(fc.ScenarioError, match=r"mass: found an array of shape \(4, 1\)"):
        fc.Chain(bonds=3, mass=np.ones((4, 1)))
    with pytest.raises(fc.ScenarioError, match="chain: found function; allowed: flipchain.Chain"):
        fc.check(lambda bonds: None, fc.Initial(temperature=1.0), [1.0])


def test_a_chain_shows_what_was_given_and_shortens_long_arrays():
    assert repr(fc.Chain(bonds=np.int64(4))) == "Chain(bonds=4)"
    long = fc.Chain(bonds=1000, mass=np.linspace(1, 2, 1001), thermostats={5: fc.Thermostat(1.0)})
    shown = repr(long)
    assert len(shown) < 200 and "mass=(1.0, 1.001, 1.002, 1.003, ...)" in shown
    assert "thermostats={5: Thermostat(" in shown and "spring" not in shown


def test_a_gibbs_law_needs_its_temperature_alone():
    chain = fc.Chain(bonds=3, pinning=[0.2, 0.3, 0.1, 0.4])
    run = fc.evolve(chain, [1.0], fc.Initial(temperature=1.5, state="gibbs"), scale="microscopic")
    stiffness = np.diag([1.2, 2.3, 2.1, 1.4]) - np.eye(4, k=1) - np.eye(4, k=-1)
    exact = 1.5 * np.diag(np.linalg.inv(stiffness))
    assert np.abs(run.var_q[0] - exact).max() <= run.errors["var_q"][0] + 1e-14


def test_check_returns_the_conductivity(tmp_path):
    ends = {"left": fc.Thermostat(2.0), "right": fc.Thermostat(1.0)}
    chain = fc.Chain(bonds=8, flip_rate=0.8, pinning=0.7, **ends)
    found = fc.check(chain, fc.Initial(temperature=1.0, state="gibbs"), [1.0], sizes=[16, 32])
    exact = 1 / (1.6 * (2.7 + np.sqrt(0.7 * 4.7)))
    assert found.conductivity["closed_form"] == pytest.approx(exact, rel=1e-14)
    limit = found.conductivity["extrapolated"]
    assert abs(limit["value"] - exact) <= limit["uncertainty"] + 1e-11
    found.save(tmp_path / "run")
    assert fc.load(tmp_path / "run").conductivity == found.conductivity
    plain = fc.Chain(bonds=8, **ends)
    assert fc.check(plain, fc.Initial(temperature=1.0), [0.1], sizes=[4, 8]).conductivity is None
