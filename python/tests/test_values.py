"""The numbers are those of NumPy and SciPy's dense answers, and of the command line bit by bit."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import drift, stationary
from scipy.linalg import expm

import flipchain as fc

PROGRAM = os.environ.get("FLIPCHAIN")


def close(found: np.ndarray, expected: np.ndarray, error: float) -> bool:
    """Within the stated error and the rounding of the dense solve."""
    rounding = 1e-12 * np.abs(expected).max()
    return bool((np.abs(found - expected) <= error + rounding).all())


@pytest.mark.parametrize("method", ["auto", "modal", "literal"])
def test_the_stationary_covariance_is_that_of_a_dense_solve(uphill, method):
    state = fc.steady(uphill, covariance=True, method=method)
    mean, covariance = stationary(uphill)
    bonds = uphill.bonds
    assert state.times.tolist() == [np.inf] and state.tolerance_reached
    assert close(state.covariance[0], covariance, 10 * max(state.errors["var_p"][0], 1e-13))
    assert close(state.mean_r[0, 1:], mean[:bonds], state.errors["mean_r"][0])
    assert close(state.var_p[0], covariance.diagonal()[bonds:], state.errors["var_p"][0])
    # -E[p_n r_(n+1)], atom n to the left of bond n+1.
    current = [-(covariance[bonds + n, n] + mean[bonds + n] * mean[n]) for n in range(bonds)]
    assert close(state.current[0, :-1], np.array(current), state.errors["current"][0])


def test_profiles_alone_agree_with_a_dense_solve():
    chain = fc.Chain(
        bonds=20, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0), force=fc.Force(2.0)
    )
    state = fc.steady(chain, method="profiles")
    _, covariance = stationary(chain)
    thermal = covariance.diagonal()[20:].copy()
    thermal[1:] += covariance.diagonal()[:20]
    assert close(state.thermal[0], thermal / 2, state.errors["thermal"][0])


def test_without_flips_the_covariance_is_turned_by_the_matrix_exponential():
    chain = fc.Chain(bonds=6, flip_rate=0.0)
    b, _ = drift(chain)
    rng = np.random.default_rng(3)
    root = rng.normal(size=(13, 13))
    start = root @ root.T
    run = fc.evolve(
        chain, [1.5], fc.Initial(covariance=start), scale="microscopic", covariance=True
    )
    turn = expm(1.5 * b)
    assert close(run.covariance[0], turn @ start @ turn.T, 10 * run.errors["var_p"][0] + 1e-12)


def test_flips_agree_with_the_exponential_of_the_literal_operator():
    chain = fc.Chain(bonds=3, flip_rate=0.8, left=fc.Thermostat(1.5))
    b, _ = drift(chain)
    n = chain.coordinates
    one = np.eye(n)
    operator = np.kron(b, one) + np.kron(one, b)
    source = np.zeros((n, n))
    source[3, 3] = 2 * 1.5
    for atom in range(3, n):
        operator[atom * n + atom, atom * n + atom] += 4 * 0.8
    whole = np.zeros((n * n + 1, n * n + 1))
    whole[:-1, :-1], whole[:-1, -1] = operator, source.ravel()
    start = np.diag(np.r_[np.full(3, 0.5), np.full(4, 2.0)])
    expected = (expm(2.0 * whole) @ np.r_[start.ravel(), 1.0])[:-1].reshape(n, n)
    initial = fc.Initial(var_r=0.5, var_p=2.0)
    run = fc.evolve(chain, [2.0], initial, scale="microscopic", covariance=True)
    assert close(run.covariance[0], expected, 10 * run.errors["var_p"][0] + 1e-12)


def test_arrays_functions_and_expressions_give_the_same_bits(uphill):
    x_p = np.arange(13) / 12
    laws = [
        fc.Initial(elongation="x*2", temperature="2 - x"),
        fc.Initial(elongation=lambda x: x * 2, temperature=lambda x: 2 - x),
        fc.Initial(elongation=x_p * 2, temperature=2 - x_p),
        fc.Initial(elongation=(x_p * 2)[1:], var_r=(2 - x_p)[1:], var_p=2 - x_p),
        fc.Initial(elongation="x*2", covariance=np.diag(np.r_[(2 - x_p)[1:], 2 - x_p])),
    ]
    runs = [fc.evolve(uphill, [0.1, 1.0], law, method="radau") for law in laws]
    for run in runs[1:-1]:
        assert np.array_equal(run.thermal, runs[0].thermal)
        assert np.array_equal(run.current, runs[0].current)
    # The covariance is a law of its own: the same numbers to the errors.
    assert close(runs[-1].thermal, runs[0].thermal, 2 * runs[0].errors["thermal"].max())


def test_a_single_thread_gives_the_same_bits(uphill):
    law = fc.Initial(temperature="2 - x")
    one = fc.evolve(uphill, [0.5], law, threads=1)
    assert np.array_equal(one.thermal, fc.evolve(uphill, [0.5], law).thermal)


def test_a_periodic_state_has_its_phases_and_its_work():
    force = fc.Force(1.2, period=4.75, harmonics=[(1, 3.0, 0.0)])
    chain = fc.Chain(bonds=16, left=fc.Thermostat(1.0), force=force)
    state = fc.steady(chain, phases=4)
    assert state.times.tolist() == [0.0, 0.25, 0.5, 0.75, np.inf]
    # Averages over four equally spaced phases are those over the period up to the fourth harmonic.
    assert close(state.mean_r[:4].mean(0), state.mean_r[4], 1e-9)
    assert state.summary["periodic"]["W_heat"] > 0


def test_limit_and_check_agree_with_each_other():
    chain = fc.Chain(
        bonds=8, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0), force=fc.Force(2.0)
    )
    text = fc.Initial(temperature="2 - x")
    called = fc.Initial(temperature=lambda x: 2 - x)
    limits = [fc.limit(chain, [0.1, 1.0], law) for law in (text, called)]
    assert np.array_equal(limits[0].thermal, limits[1].thermal)
    assert limits[0].thermal[0, [0, -1]].tolist() == [2.0, 1.0]
    settled = fc.limit(chain)
    assert settled.times.tolist() == [np.inf]
    reports = [
        fc.check(chain, law, [0.1], sizes=[4, 8, 16], tolerance=1e-6) for law in (text, called)
    ]
    assert reports[0].rows == reports[1].rows
    names = {row[0] for row in reports[0].rows}
    assert {"boundary_left", "mean_l2", "energy", "covariance", "work"} <= names


@pytest.mark.skipif(PROGRAM is None, reason="FLIPCHAIN does not name the program")
@pytest.mark.parametrize("command", ["evolve", "steady", "limit"])
def test_the_command_line_gives_the_same_bits_and_reads_the_same_files(command, tmp_path):
    file = tmp_path / "a.toml"
    chain = fc.Chain(
        bonds=24, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0), force=fc.Force(2.0)
    )
    initial = fc.Initial(elongation="sin(pi*x)", temperature="2 - x")
    times = fc.Times([0.01, 0.1])
    fc.write_scenario(file, chain, initial, times)
    assert fc.read_scenario(file)[0] == chain
    place = tmp_path / "program"
    more = ["--covariance"] if command != "limit" else []
    done = subprocess.run([PROGRAM, command, file, "-o", place, "-q", *more], check=False)
    assert done.returncode == 0
    theirs = fc.load(place)
    if command == "evolve":
        ours = fc.evolve(chain, times, initial, covariance=True)
    elif command == "steady":
        ours = fc.steady(chain, covariance=True)
    else:
        ours = fc.limit(chain, times, initial)
    for name in ours.errors:
        assert np.array_equal(ours._arrays[name], theirs._arrays[name]), name
        assert np.array_equal(ours.errors[name], theirs.errors[name]), name
    if command != "limit":
        assert np.array_equal(ours.covariance, theirs.covariance)
    ours.save(tmp_path / "python")
    for table in ("profiles.csv", "profiles.npz", "covariance.npz", "limit.csv"):
        # What an archive says about itself includes the law and the times of the scenario.
        archive = command == "steady" and table == "profiles.npz"
        if (place / table).exists() and not archive:
            assert (place / table).read_bytes() == (tmp_path / "python" / table).read_bytes(), table
    written = json.loads((tmp_path / "python" / "summary.json").read_text())
    said = json.loads((place / "summary.json").read_text())
    differ = {"wall_seconds", "cpu_seconds", "peak_memory_bytes", "threads", "files"}
    assert written.keys() == said.keys()
    for key in written.keys() - differ - {"scenario"}:
        assert written[key] == said[key], key


@pytest.mark.skipif(PROGRAM is None, reason="the program is not there")
@pytest.mark.parametrize("kind", ["functions", "covariance"])
def test_a_run_whose_law_is_given_in_python_runs_again_from_its_directory(tmp_path, kind):
    chain = fc.Chain(bonds=6, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0))
    if kind == "functions":
        law = fc.Initial(elongation=lambda x: x / 3, temperature=lambda x: 2 - x)
    else:
        root = np.random.default_rng(5).normal(size=(13, 13))
        law = fc.Initial(covariance=root @ root.T)
    fc.evolve(chain, [0.1, 1.0], law).save(tmp_path / "python")
    again = [PROGRAM, "evolve", "python/scenario.toml", "-o", "again", "-q"]
    subprocess.run(again, cwd=tmp_path, check=True)
    for table in ("profiles.csv", "series.csv"):
        ours, theirs = (tmp_path / place / table for place in ("python", "again"))
        assert ours.read_bytes() == theirs.read_bytes(), table
    read, initial, times = fc.read_scenario(tmp_path / "python" / "scenario.toml")
    run = fc.evolve(read, times, initial)
    assert np.array_equal(run.thermal, fc.load(tmp_path / "again").thermal)


def test_a_limit_whose_law_is_a_function_says_that_no_file_holds_it(tmp_path):
    chain = fc.Chain(bonds=6, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0))
    fc.limit(chain, [0.1], fc.Initial(temperature=lambda x: 2 - x)).save(tmp_path / "run")
    said = (tmp_path / "run" / "scenario.toml").read_text()
    assert "without its initial law" in said and "[initial]\n" not in said
