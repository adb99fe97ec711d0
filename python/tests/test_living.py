"""Threads, signals, progress, pickling, files, and what the extras show."""

import json
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import flipchain as fc

LAW = fc.Initial(temperature="2 - x")


def test_threads_of_python_get_the_same_bits(uphill):
    alone = fc.evolve(uphill, [0.1, 1.0], LAW)
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: fc.evolve(uphill, [0.1, 1.0], LAW), range(8)))
    assert all(np.array_equal(run.thermal, alone.thermal) for run in runs)


def test_python_goes_on_while_it_computes():
    chain, counted, done = fc.Chain.ring(160), [0], threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    start = time.monotonic()
    fc.evolve(chain, [0.01], LAW_OF_RING, method="radau", tolerance=1e-6)
    seconds = time.monotonic() - start
    done.set()
    thread.join()
    assert seconds > 0.02, "the question is too easy to show anything"
    # Held, the lock would let the thread count once or twice.
    assert counted[0] > 10


LAW_OF_RING = fc.Initial(temperature="1 + x*(1 - x)")

INTERRUPTED = """
import os, signal, threading, time
import flipchain as fc
chain = fc.Chain(bonds=400, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0), force=fc.Force(2.0))
threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
start = time.monotonic()
try:
    fc.evolve(chain, [1.0], fc.Initial(temperature="2 - x"), method="radau", covariance=True)
    print("ended by itself")
except KeyboardInterrupt:
    print("interrupted after", time.monotonic() - start)
print("alive", fc.steady(fc.Chain(bonds=4, left=fc.Thermostat(1.0))).thermal[0, 2])
"""


def test_ctrl_c_ends_the_computation_and_leaves_python_alive():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[0].startswith("interrupted after"), done
    assert lines[1].startswith("alive")


def test_progress_ends_at_one_and_its_exceptions_end_the_computation(uphill):
    seen = []
    fc.evolve(uphill, [1.0], LAW, progress=seen.append)
    assert seen[-1] == 1.0 and seen == sorted(seen)

    def refuse(share):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        fc.evolve(uphill, [1.0], LAW, progress=refuse)
    assert fc.evolve(uphill, [1.0], LAW, progress=True).tolerance_reached


def test_answers_are_pickled_saved_and_read_back(uphill, tmp_path):
    answers = [
        fc.evolve(uphill, [0.1, 1.0], LAW, covariance=[1.0]),
        fc.steady(uphill),
        fc.limit(uphill, [0.1], LAW),
        fc.check(uphill, LAW, [0.1], sizes=[4, 8], tolerance=1e-6),
    ]
    for number, answer in enumerate(answers):
        copy = pickle.loads(pickle.dumps(answer))
        answer.save(tmp_path / f"{number}")
        copy.save(tmp_path / f"{number}-copy")
        with pytest.raises(FileExistsError):
            answer.save(tmp_path / f"{number}")
        answer.save(tmp_path / f"{number}", force=True)
        read = fc.load(tmp_path / f"{number}")
        for other in (copy, read):
            assert type(other) is type(answer) and repr(other) == repr(answer)
            for name, array in answer._arrays.items():
                # In the totals a value that no method has given is NaN, in the same place.
                unknown = name.startswith("series_")
                assert np.array_equal(array, other._arrays[name], equal_nan=unknown), name
        for file in (tmp_path / f"{number}").iterdir():
            if file.name != "summary.json":
                again = tmp_path / f"{number}-copy" / file.name
                assert file.read_bytes() == again.read_bytes(), file.name
    assert answers[3].rows == fc.load(tmp_path / "3").rows
    assert answers[0].covariance.shape == (1, 25, 25)


def test_scenarios_are_read_and_written(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text(
        "chain = { topology = 'open', bonds = 20, flip_rate = 0.5 }\n"
        "left.thermostat.temperature = 2\n"
        "right.force = { mean = 1, period = 4.5, harmonics = [{ order = 2, amplitude = 3 }] }\n"
        "initial = { elongation = '2*x', temperature = '2 - x' }\n"
        "time.scale = 'diffusive'\n"
        "time.outputs = { from = 0.001, to = 1, count = 4, spacing = 'log' }\n"
    )
    chain, initial, times = fc.read_scenario(file, ["chain.bonds=30"])
    assert (chain.bonds, chain.force.harmonics, initial.elongation) == (30, ((2, 3.0, 0.0),), "2*x")
    fc.write_scenario(tmp_path / "b.toml", chain, initial, times)
    assert fc.read_scenario(tmp_path / "b.toml") == (chain, initial, times)
    with pytest.raises(fc.ScenarioError, match="arrays or functions"):
        fc.write_scenario(tmp_path / "c.toml", chain, fc.Initial(temperature=lambda x: 1.0))
    assert not (tmp_path / "c.toml").exists()


def test_columns_are_read_only_and_named(uphill):
    run = fc.evolve(uphill, [0.1], LAW)
    with pytest.raises(ValueError, match="read-only"):
        run.thermal[0, 0] = 1.0
    assert run.thermal.shape == (1, 13) and run.errors["thermal"].shape == (1,)
    assert run.identities and max(run.identities.values()) < 1e-6
    assert run.summary["scenario"]["chain"]["bonds"] == 12
    assert "N = 12" in str(run)


def test_xarray_goes_to_netcdf_and_back_unchanged(uphill, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    data = fc.evolve(uphill, [0.1, 1.0], LAW).to_xarray()
    assert data.thermal.dims == ("time", "x") and data.error_thermal.dims == ("time",)
    assert data.thermal.attrs["units"] == "temperature" and data.time.attrs["units"] == "N^2"
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "a.nc", engine="h5netcdf", decode_times=False) as read:
        assert read.identical(data)
    assert json.loads(data.attrs["summary"])["program"] == "flipchain"


def test_the_figure_shows_every_time_and_no_bond_zero(uphill, tmp_path):
    pytest.importorskip("matplotlib")
    figure = fc.evolve(uphill, [0.01, 0.1, 1.0], LAW).plot()
    panels = figure.axes
    # The current changes its sign: the last line of its panel is zero.
    assert [len(axes.lines) for axes in panels] == [3, 3, 3, 4], "elongation, energies, current"
    assert "12" in figure.get_suptitle() and len(figure.legends) == 1
    figure.savefig(tmp_path / "a.png")
    header = (tmp_path / "a.png").read_bytes()[:24]
    assert abs(int.from_bytes(header[16:20], "big") - 178 / 25.4 * 300) <= 1, "300 dots an inch"
    # The current has a value at site 0, that of bond 1.
    assert [len(axes.lines[0].get_xdata()) for axes in panels] == [12, 12, 12, 13]
    assert figure._repr_png_().startswith(b"\x89PNG"), "a notebook shows it"
    assert fc.limit(uphill, [0.1], LAW).plot().axes[0].get_ylabel().startswith("mean elong")
    unforced = fc.steady(fc.Chain(bonds=4, left=fc.Thermostat(1.0))).plot().get_suptitle()
    assert "$\\bar F$ = 0" in unforced and "right end free" in unforced


def test_columns_that_vanish_are_said_and_the_current_goes_to_zero(uphill):
    pytest.importorskip("matplotlib")
    chain = fc.Chain(bonds=8, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0))
    figure = fc.steady(chain).plot()
    assert [axes.get_ylabel().split("  ")[0] for axes in figure.axes] == [
        "thermal energy",
        "energy current",
    ]
    assert figure.axes[1].get_ylim()[0] == 0.0
    assert "$\\bar r$ = 0" in figure.get_suptitle()
    from_law = fc.evolve(chain, [0.1, 1.0], fc.Initial(temperature="1 + x")).plot().get_suptitle()
    assert "from $T$ = 1 + x,  at all times $\\bar r$ = 0" in from_law


def test_the_current_of_the_limit_is_kept_and_is_none_at_the_start(uphill, tmp_path):
    macro = fc.limit(uphill, [0.0, 0.1, 100.0], LAW)
    assert np.isnan(macro.current[0]).all() and np.isfinite(macro.current[1:]).all()
    stationary = macro.stationary["current"]
    assert np.abs(macro.current[2] - stationary).max() <= macro.errors["current"][2] < 1e-7
    macro.save(tmp_path / "macro")
    read = fc.load(tmp_path / "macro")
    assert np.array_equal(read.current, macro.current, equal_nan=True)
    assert np.array_equal(read.errors["current"], macro.errors["current"], equal_nan=True)


def test_the_last_current_can_be_read_beside_large_early_ones():
    pytest.importorskip("matplotlib")
    chain = fc.Chain(100, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0), force=fc.Force(2.0))
    axes = fc.evolve(chain, [0.001, 0.01, 0.1, 1.0], LAW, tolerance=1e-6).plot().axes[3]
    low, high = axes.get_ylim()
    last = axes.lines[3].get_ydata()
    assert low < 0.0 < high and abs(last).max() > 0.15 * max(-low, high)
    assert "early curves go on to −0.2" in axes.get_title(loc="left")


BETWEEN_STEPS = """
import os, signal, threading, time
import flipchain as fc
chain = fc.Chain(bonds=2000, left=fc.Thermostat(2.0), right=fc.Thermostat(1.0), force=fc.Force(2.0))
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    fc.evolve(chain, [1.0], fc.Initial(temperature="2 - x"), covariance=True)
    print("ended by itself")
except KeyboardInterrupt:
    # What the computation was doing goes on for a while; others are computed meanwhile.
    print("alive", fc.steady(fc.Chain(bonds=4, left=fc.Thermostat(1.0))).thermal[0, 2])
"""


def test_ctrl_c_does_not_wait_for_a_computation_between_two_steps():
    done = subprocess.run(
        [sys.executable, "-c", BETWEEN_STEPS],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0 and done.stdout.startswith("alive"), done
