"""Correlations at two times, totals and modes."""

import numpy as np
import pytest
from conftest import drift, stationary
from scipy.linalg import expm

import flipchain as fc


def test_they_are_the_dense_exponential_of_the_literal_covariance(uphill: fc.Chain) -> None:
    state = fc.steady(uphill)
    lags, of = [0.0, 0.7, 30.0], ["p:6", "r:3"]
    found = state.correlations(lags, of, omega=[0.0, 1.3])
    _, covariance = stationary(uphill)
    b, _ = drift(uphill)
    scale = np.abs(covariance).max()
    assert found.covariance.shape == (3, 2, uphill.coordinates)
    assert found.energy is None
    for j, index in enumerate((uphill.bonds + 6, 3 - 1)):
        for k, lag in enumerate(lags):
            exact = expm(lag * b) @ covariance[:, index]
            error = np.abs(found.covariance[k, j] - exact).max()
            assert error <= found.errors["covariance"][k, j] + 1e-12 * scale
        for k, omega in enumerate(found.omega):
            shifted = 1j * omega * np.eye(len(b)) - b
            exact = 2 * np.linalg.solve(shifted, covariance[:, index]).real
            error = np.abs(found.spectrum[k, j] - exact).max()
            assert error <= found.errors["spectrum"][k, j] + 1e-11 * np.abs(exact).max()


def test_energy_in_equilibrium_is_conserved_without_thermostats_and_flips() -> None:
    state = fc.steady(fc.Chain.ring(24, flip_rate=0.0), fc.Initial(temperature=1.5))
    found = state.correlations([0, 3, 8], "p:5", energy=True)
    sums = found.energy.sum(axis=2)
    np.testing.assert_allclose(sums, 1.5**2, rtol=1e-12)
    start = np.zeros(24)
    start[5] = 1.5**2
    np.testing.assert_allclose(found.energy[0, 0], start, atol=1e-13)


def test_a_run_that_was_read_or_pickled_answers_alike(uphill: fc.Chain, tmp_path) -> None:
    import pickle

    state = fc.steady(uphill)
    state.save(tmp_path / "run")
    here = state.correlations([0, 2], "p:0").covariance
    for other in (fc.load(tmp_path / "run"), pickle.loads(pickle.dumps(state))):
        np.testing.assert_array_equal(other.correlations([0, 2], "p:0").covariance, here)


def test_what_cannot_be_correlated_is_refused(uphill: fc.Chain) -> None:
    state = fc.steady(uphill)
    for arguments, said in [
        (dict(lags=[0], of="p:13"), "p:0 to p:12"),
        (dict(lags=[0], of="x"), "r:n for an elongation"),
        (dict(lags=[1, 0], of="p:1"), "ascending"),
        (dict(lags=[0], of="p:1", energy=True), "equilibrium"),
    ]:
        with pytest.raises(fc.ScenarioError, match=said):
            state.correlations(**arguments)
    run = fc.evolve(uphill, [0.1], fc.Initial(temperature=1.0))
    with pytest.raises(fc.ScenarioError, match="steady"):
        run.correlations([0], "p:1")


def test_to_xarray_names_the_dimensions(uphill: fc.Chain) -> None:
    pytest.importorskip("xarray")
    found = fc.steady(uphill).correlations([0, 1], ["p:1"], omega=[0.5])
    data = found.to_xarray()
    assert data["covariance"].dims == ("lag", "of", "coordinate")
    assert data["spectrum"].sel(of="p:1").dims == ("omega", "coordinate")
    assert (data["error_covariance"].values == found.errors["covariance"]).all()


def test_totals_balance_and_are_read_back(uphill: fc.Chain, tmp_path) -> None:
    law = fc.Initial(temperature=1.0, elongation=0.5)
    run = fc.evolve(uphill, [0, 0.02, 0.3], law, method="radau")
    s = run.series
    gained = s["energy"] - s["energy"][0] - s["work"] - s["left"] - s["right"]
    errors = sum(s[name + "_error"] for name in ("energy", "work", "left", "right"))
    assert (np.abs(gained) <= errors + s["energy_error"][0]).all()
    assert s["work"][0] == 0.0 and s["work"][2] != 0.0
    run.save(tmp_path / "run")
    back = fc.load(tmp_path / "run").series
    assert back.keys() == s.keys()
    for name in s:
        np.testing.assert_array_equal(back[name], s[name])


def test_modes_add_up_to_the_energy_and_are_read_back(tmp_path) -> None:
    chain = fc.Chain.ring(9, flip_rate=0.3)
    run = fc.evolve(chain, [0.05, 0.2], fc.Initial(temperature="1 + x*(1 - x)"), modes=True)
    assert run.modes is not None
    assert run.modes["energy"].shape == (2, 9)
    np.testing.assert_allclose(run.modes["energy"].sum(axis=1), run.energy.sum(axis=1), rtol=1e-9)
    run.save(tmp_path / "run")
    back = fc.load(tmp_path / "run").modes
    for name in run.modes:
        np.testing.assert_array_equal(back[name], run.modes[name])


def test_a_scenario_keeps_two_variances(uphill: fc.Chain, tmp_path) -> None:
    law = fc.Initial(var_r="1 + x", var_p=2.0)
    fc.write_scenario(tmp_path / "s.toml", uphill, law, [0.1])
    chain, back, times = fc.read_scenario(tmp_path / "s.toml")
    assert chain == uphill
    one = fc.evolve(uphill, [0.1], law)
    two = fc.evolve(chain, times, back)
    np.testing.assert_array_equal(one.thermal, two.thermal)


def test_chains_with_coefficients_agree_with_the_dense_equations() -> None:
    mass, spring, pinning = [0.6, 1.7, 1.1], [1.4, 0.7], [0.5, 0.0, 0.3]
    rate = np.array([0.4, 1.3, 0.2])
    chain = fc.Chain(
        bonds=2,
        flip_rate=rate,
        mass=mass,
        spring=spring,
        pinning=pinning,
        left=fc.Thermostat(2.0),
        right=fc.Thermostat(0.5, friction=0.6),
    )
    difference = np.diff(np.eye(3), axis=0)
    stiffness = difference.T @ np.diag(spring) @ difference + np.diag(pinning)
    friction, noise = np.array([1.0, 0.0, 0.6]), np.array([2 * 2.0 * 0.6, 0.0, 2 * 0.6 * 0.5 * 1.1])
    b = np.block(
        [
            [np.zeros((3, 3)), np.diag(1 / np.array(mass))],
            [-stiffness, -np.diag(2 * rate + friction)],
        ]
    )
    one = np.eye(6)
    generator = np.kron(b, one) + np.kron(one, b)
    source = np.zeros((6, 6))
    for n in range(3):
        generator[(3 + n) * 7, (3 + n) * 7] += 4 * rate[n]
        source[3 + n, 3 + n] = noise[n]
    covariance = np.linalg.solve(generator, -source.ravel()).reshape(6, 6)
    state = fc.steady(chain, covariance=True)
    np.testing.assert_allclose(state.covariance[0], covariance, atol=1e-12)
    found = state.correlations([0, 1.5], ["p:1", "q:2"], omega=[0.8])
    for j, index in enumerate((3 + 1, 2)):
        for k, lag in enumerate(found.lags):
            error = np.abs(found.covariance[k, j] - expm(lag * b) @ covariance[:, index]).max()
            assert error <= found.errors["covariance"][k, j] + 1e-13
        exact = 2 * np.linalg.solve(0.8j * one - b, covariance[:, index]).real
        assert np.abs(found.spectrum[0, j] - exact).max() <= found.errors["spectrum"][0, j] + 1e-13
