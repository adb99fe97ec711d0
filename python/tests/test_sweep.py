"""Sweeps give the numbers of single runs and the table of the program, on a lossy cluster too."""

import csv
import os
import signal
import subprocess
import warnings

import numpy as np
import pytest

import flipchain as fc

xarray = pytest.importorskip("xarray")

VARY = {"chain.flip_rate": [0.5, 1, 2.5], "right.force.mean": np.linspace(0.0, 2.0, 5)}


def test_every_point_is_the_run_of_its_own(uphill):
    table = fc.sweep(uphill, VARY, observe=["current", "thermal_max", "mean_r@0.5"])
    assert table["current"].dims == ("chain.flip_rate", "right.force.mean")
    assert float(table["t"]) == np.inf
    for rate in VARY["chain.flip_rate"]:
        for force in VARY["right.force.mean"]:
            chain = fc.Chain(
                bonds=12,
                flip_rate=rate,
                left=uphill.left,
                right=uphill.right,
                force=fc.Force(float(force)),
            )
            state = fc.steady(chain)
            point = table.sel({"chain.flip_rate": rate, "right.force.mean": force})
            assert float(point["thermal_max"]) == state.thermal[0].max()
            assert float(point["mean_r@0.5"]) == state.mean_r[0, 6]
            assert float(point["thermal_max_error"]) == state.errors["thermal"][0]
            mean = state.current[0, :-1].mean()
            # Two orders of one sum.
            off = abs(float(point["current"]) - mean)
            assert off <= 4 * np.finfo(float).eps * abs(state.current[0]).max()
            assert str(point["reason"].values) == ""


def test_the_table_is_that_of_the_program(uphill, tmp_path):
    if "FLIPCHAIN" not in os.environ:
        pytest.skip("needs the program")
    scenario = tmp_path / "uphill.toml"
    initial, times = fc.Initial(temperature="2 - x"), [0.01, 0.1, 1.0]
    fc.write_scenario(scenario, uphill, initial, times)
    command = [os.environ["FLIPCHAIN"], "sweep", str(scenario), "-o", str(tmp_path / "s"), "-q"]
    command += ["--run", "evolve", "--figures", "none", "--observe", "current,thermal@0.3"]
    command += ["--vary", "chain.bonds=4,12", "--vary", "initial.temperature=2 - x,1"]
    subprocess.run(command, check=True)
    with open(tmp_path / "s" / "table.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = fc.sweep(
        uphill,
        {"chain.bonds": [4, 12], "initial.temperature": ["2 - x", "1"]},
        run="evolve",
        observe=["current", "thermal@0.3"],
        initial=initial,
        times=times,
    )
    assert table["current"].shape == (2, 2, 3) and len(rows) == 12
    for row in rows:
        point = table.sel(
            {
                "chain.bonds": int(row["chain.bonds"]),
                "initial.temperature": row["initial.temperature"],
                "t": float(row["t"]),
            }
        )
        for name in ("current", "thermal@0.3", "current_error", "thermal@0.3_error"):
            assert float(point[name]) == float(row[name])
    stored = np.load(tmp_path / "s" / "table.npz")
    assert list(stored["keys"]) == ["chain.bonds", "initial.temperature"]
    assert np.array_equal(stored["chain.bonds"], [4, 12])
    assert np.array_equal(stored["current"], table["current"].values)
    assert np.array_equal(stored["current_error"], table["current_error"].values)


def test_progress_is_told_and_threads_change_nothing(uphill):
    seen = []
    table = fc.sweep(uphill, VARY, progress=seen.append)
    assert seen[-1] == 1.0 and all(a <= b for a, b in zip(seen, seen[1:]))
    for threads in (1, 3):
        assert fc.sweep(uphill, VARY, threads=threads).identical(table)


@pytest.mark.parametrize(
    ("vary", "more", "says"),
    [
        ({"flip_rate": [1.0]}, {}, "flip_rate: found an unknown key"),
        ({"chain.flip_rat": [1.0]}, {}, "did you mean flip_rate?"),
        ({"chain.bonds": [4, 8.0]}, {}, "chain.bonds: found 8.0; allowed: an integer"),
        ({"chain.bonds": [True]}, {}, "vary: chain.bonds: found True"),
        ({"chain.bonds": "4,8"}, {}, "a sequence of values"),
        ({"chain.bonds": []}, {}, "0 values"),
        ({}, {}, "vary: found nothing"),
        ({"chain.flip_rate": [1, 1.0]}, {}, "1 twice"),
        ({"chain.flip_rate": [-1.0]}, {}, "chain.flip_rate: found -1.0"),
        ({"chain.bonds": [4]}, {"observe": ["curent"]}, "did you mean current?"),
        ({"chain.bonds": [4]}, {"run": "check"}, "run: found 'check'"),
        ({"chain.bonds": [4]}, {"run": "evolve"}, "initial: found nothing; evolve needs it"),
        ({"chain.bonds": [4]}, {"method": "radau"}, "method"),
        ({"chain.bonds": [4]}, {"tolerance": 2.0}, "tolerance"),
    ],
)
def test_what_cannot_serve_is_refused(uphill, vary, more, says):
    with pytest.raises(fc.ScenarioError) as refused:
        fc.sweep(uphill, vary, **more)
    said = str(refused.value).replace('"', "'")
    assert says in said, said


def test_failed_points_say_why_and_the_rest_is_there():
    chain = fc.Chain(bonds=6)
    law = fc.Initial(temperature="1 + x")
    with pytest.warns(fc.ToleranceWarning, match="2 of 3 points failed.*right.force.mean = 1.0"):
        table = fc.sweep(chain, {"right.force.mean": [0.0, 1.0, 2.0]}, initial=law)
    assert np.isfinite(table["thermal_max"].values).tolist() == [True, False, False]
    assert ["no thermostat" in str(reason) for reason in table["reason"].values] == [
        False,
        True,
        True,
    ]


def test_seeds_are_averaged_with_their_standard_error():
    chain = fc.Chain(bonds=6, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0))
    vary = {
        "chain.mass.uniform": ["[0.5, 1.5]"],
        "chain.mass.seed": range(1, 7),
        "chain.bonds": [6, 9],
    }
    table = fc.sweep(chain, vary, observe=["current"])
    seeds = table["current"].values[0]
    assert seeds.shape == (6, 2) and np.unique(seeds).size == 12
    assert table["current_mean"].dims == ("chain.mass.uniform", "chain.bonds")
    np.testing.assert_allclose(table["current_mean"].values[0], seeds.mean(axis=0), rtol=1e-14)
    expected = seeds.std(axis=0, ddof=1) / np.sqrt(6)
    np.testing.assert_allclose(table["current_standard_error"].values[0], expected, rtol=1e-12)


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    options = dict(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


def test_a_cluster_that_loses_a_worker_gives_the_same_table(uphill, cluster):
    vary = {"chain.flip_rate": np.geomspace(0.5, 2.0, 12), "chain.bonds": [10, 12, 14]}
    asked = dict(
        run="evolve",
        initial=fc.Initial(temperature="2 - x"),
        times=[0.1, 1.0],
        observe=["current", "thermal_max"],
        method="radau",
        tolerance=1e-6,
    )
    alone = fc.sweep(uphill, vary, **asked)
    shares = []

    def kill_once(share):
        shares.append(share)
        if len(shares) == 2:
            # What the scheduler knows, told by the workers themselves.
            pids = cluster.run(os.getpid)
            os.kill(next(iter(pids.values())), signal.SIGKILL)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = fc.sweep(uphill, vary, client=cluster, progress=kill_once, **asked)
    assert 2 < len(shares) and shares[1] < 0.9 and shares[-1] == 1.0, "it was not in the middle"
    assert table.identical(alone)
    assert table["current"].shape == (12, 3, 2)


def test_a_cluster_raises_what_this_process_would(uphill, cluster):
    with pytest.raises(fc.ScenarioError, match="did you mean flip_rate"):
        fc.sweep(uphill, {"chain.flip_rat": [1.0]}, client=cluster)
    steady = fc.sweep(uphill, VARY, client=cluster)
    assert steady.identical(fc.sweep(uphill, VARY))
