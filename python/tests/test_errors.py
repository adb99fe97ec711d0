"""What cannot serve is refused with one message: argument, what was found, what is allowed."""

import pickle
import re
from fractions import Fraction

import numpy as np
import pytest

import flipchain as fc


def speaks_python(message):
    """Keys of scenario files and options of the command line mean nothing to a Python user."""
    foreign = r"\bchain\.|time\.(outputs|scale)|\.thermostat\b|right\.force|\[\[|--"
    assert not re.search(foreign, message), message


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: fc.Chain(bonds=0), ["bonds: found 0", "allowed"]),
        (lambda: fc.Chain(bonds=2.5), ["bonds", "2.5", "integer"]),
        (lambda: fc.Chain(bonds=4, flip_rate=-1.0), ["flip_rate: found -1.0", "allowed"]),
        (lambda: fc.Chain(bonds=4, flip_rate=float("nan")), ["flip_rate: found nan"]),
        (
            lambda: fc.Chain(bonds=4, left=fc.Thermostat(-1.0)),
            ["left.temperature: found -1"],
        ),
        (lambda: fc.Chain(bonds=4, left=fc.Thermostat(1.0, friction=0.0)), ["friction", "0.0"]),
        (lambda: fc.Chain(bonds=4, left=fc.Thermostat(1.0), topology="ring"), ["ring", "ends"]),
        (lambda: fc.Chain(bonds=4, topology="line"), ["topology", "line"]),
        (lambda: fc.Chain(bonds=4, force=fc.Force(harmonics=[(1, 1.0, 0.0)])), ["period"]),
        (lambda: fc.Chain(bonds=4, force=fc.Force(period=1.0, harmonics=[(1, 1.0)])), ["phase"]),
        (lambda: fc.Chain(bonds=4, force=2.0), ["force", "float", "flipchain.Force", "Force(2.0)"]),
        (lambda: fc.Chain(bonds=4, left=2.0), ["left", "float", "flipchain.Thermostat"]),
        (lambda: fc.Chain(bonds=4, right=fc.Force(1.0)), ["right", "Force", "Thermostat"]),
        (lambda: fc.Chain(bonds=4, forces={2: 1.0}), ["forces: site 2", "float", "Force(1.0)"]),
        (lambda: fc.Chain(bonds=4, thermostats={2: None}), ["thermostats: site 2", "NoneType"]),
        (lambda: fc.Chain(bonds=4, thermostats=[1.0]), ["thermostats", "list", "mapping"]),
        (lambda: fc.Thermostat("2 K"), ["thermostat.temperature", "'2 K'", "a number"]),
        (lambda: fc.Thermostat(1.0, friction=None), ["thermostat.friction", "None", "a number"]),
        (lambda: fc.Force("2,5"), ["force.mean", "'2,5'", "a number", "with a point"]),
        (lambda: fc.Force(period="4,75"), ["force.period", "'4,75'", "with a point"]),
        (lambda: fc.Force(period=1.0, harmonics=3), ["force.harmonics", "3", "sequence"]),
        (lambda: fc.Force(period=1.0, harmonics=[3]), ["force.harmonics", "3", "phase"]),
        (
            lambda: fc.Force(period=1.0, harmonics=[(1, "a", 0.0)]),
            ["force.harmonics: amplitude", "'a'", "a number"],
        ),
        (lambda: fc.Initial(), ["temperature", "required"]),
        (lambda: fc.Initial(temperature=1.0, covariance=np.eye(9)), ["one of", "found 2"]),
        (lambda: fc.Initial(var_r=1.0), ["var_p"]),
    ],
)
def test_chains_and_laws_out_of_range(make, said):
    with pytest.raises(fc.ScenarioError) as refused:
        make()
    assert isinstance(refused.value, ValueError)
    message = str(refused.value)
    assert "\n" not in message
    speaks_python(message)
    for part in said:
        assert part in message


@pytest.mark.parametrize(
    ("given", "meant"),
    [("gamma", "flip_rate"), ("N", "bonds"), ("flip_rates", "flip_rate"), ("masses", "mass")],
)
def test_an_unknown_argument_of_a_chain_is_named_with_the_one_that_was_meant(given, meant):
    with pytest.raises(TypeError) as refused:
        fc.Chain(**{"bonds": 4, given: 0.3})
    assert f"the argument {given}; allowed: bonds, flip_rate," in str(refused.value)
    assert str(refused.value).endswith(f"(did you mean {meant}?)")


def test_numbers_of_any_kind_serve():
    exact = fc.Chain(bonds=4, left=fc.Thermostat(Fraction(1, 2)), force=fc.Force(np.float32(2)))
    assert exact == fc.Chain(bonds=4, left=fc.Thermostat(0.5), force=fc.Force(2.0))
    assert exact == pickle.loads(pickle.dumps(exact))


CHAIN = fc.Chain(bonds=4, left=fc.Thermostat(1.0))
ASYMMETRIC = np.eye(9)
ASYMMETRIC[0, 1] = 0.5
INDEFINITE = np.eye(9)
INDEFINITE[0, 1] = INDEFINITE[1, 0] = 2.0


@pytest.mark.parametrize(
    ("law", "said"),
    [
        (dict(temperature=np.ones(4)), ["temperature", "(4,)", "(5,)"]),
        (dict(temperature=np.ones((5, 1))), ["temperature", "(5, 1)", "(5,)"]),
        (dict(temperature=[1, 1, np.nan, 1, 1]), ["temperature", "nan", "finite"]),
        (dict(temperature=[1, 1, -2.0, 1, 1]), ["temperature", "-2.0", "x = 0.5", "≥ 0"]),
        (dict(temperature=lambda x: x - 0.5), ["temperature", "-0.25", "x = 0.25"]),
        (dict(temperature="1 +"), ["temperature", "allowed"]),
        (dict(temperature=1.0, elongation=np.ones(5)), ["elongation", "entry 0", "r_0"]),
        (dict(temperature=1.0, elongation=np.ones(6)), ["elongation", "(6,)", "(4,) or (5,)"]),
        (dict(temperature=1.0, momentum=np.ones(4)), ["momentum", "(4,)", "(5,)"]),
        (dict(temperature=1.0, momentum=["a"] * 5), ["momentum", "real numbers"]),
        (dict(covariance=np.eye(8)), ["covariance", "(8, 8)", "(9, 9)"]),
        (dict(covariance=ASYMMETRIC), ["covariance", "symmetric"]),
        (dict(covariance=INDEFINITE), ["covariance", "positive semidefinite"]),
        (dict(covariance=-np.eye(9)), ["covariance", "negative variance"]),
    ],
)
def test_initial_laws_of_wrong_shape_or_value(law, said):
    with pytest.raises(fc.ScenarioError) as refused:
        fc.evolve(CHAIN, [0.1], fc.Initial(**law))
    for part in said:
        assert part in str(refused.value), str(refused.value)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda law: fc.evolve(CHAIN, [1.0, 0.5], law), ["time", "0.5"]),
        (lambda law: fc.evolve(CHAIN, [], law), ["times", "(0,)"]),
        (lambda law: fc.evolve(CHAIN, [-1.0], law), ["time", "-1.0"]),
        (lambda law: fc.evolve(CHAIN, [0.1], law, scale="slow"), ["scale", "slow"]),
        (lambda law: fc.evolve(CHAIN, [0.1], law, method="guess"), ["method", "guess", "radau"]),
        (lambda law: fc.evolve(CHAIN, [0.1], law, method="modal"), ["method", "modal", "evolve"]),
        (lambda law: fc.evolve(CHAIN, [0.1], law, tolerance=0.0), ["tolerance", "0.0"]),
        (
            lambda law: fc.evolve(CHAIN, [0.1], law, tolerance="1e-9,5"),
            ["tolerance", "'1e-9,5'", "a number", "with a point"],
        ),
        (lambda law: fc.steady(CHAIN, tolerance=None), ["tolerance", "None", "a number"]),
        (lambda law: fc.limit(CHAIN, tolerance="small"), ["tolerance", "'small'", "a number"]),
        (
            lambda law: fc.sweep(CHAIN, {"chain.flip_rate": [1.0]}, tolerance="1e-9,5"),
            ["tolerance", "'1e-9,5'", "a number"],
        ),
        (lambda law: fc.evolve(CHAIN, ["0,1"], law), ["times", "'0,1'", "with a point"]),
        (lambda law: fc.evolve(CHAIN, 0.1, law), ["times", "0.1", "sequence"]),
        (lambda law: fc.evolve(CHAIN, [0.1], law, covariance=["x"]), ["covariance", "'x'"]),
        (lambda law: fc.check(CHAIN, law, [0.1], sizes=[8.5]), ["sizes", "8.5", "integer"]),
        (lambda law: fc.evolve(CHAIN, [0.1], law, covariance=[0.2]), ["covariance: found 0.2"]),
        (
            lambda law: fc.evolve(CHAIN, [0.1], law, covariance=True, memory_limit=1),
            ["bonds: found 4", "memory_limit"],
        ),
        (
            lambda law: fc.evolve(CHAIN, [0.1], law, memory_limit="1GB"),
            ["memory_limit: found '1GB'"],
        ),
        (lambda law: fc.steady(CHAIN, threads=-1), ["threads: found -1", "integer ≥ 0"]),
        (
            lambda law: fc.steady(fc.Chain(bonds=4, force=fc.Force(1.0)), law),
            ["no thermostat", "left=Thermostat"],
        ),
        (
            lambda law: fc.Chain(bonds=4, thermostats={9: fc.Thermostat(1.0)}),
            ["thermostats[0].site: found 9", "an atom from 0 to 4"],
        ),
        (
            lambda law: fc.steady(
                fc.Chain(bonds=10**7, left=fc.Thermostat(1.0)), memory_limit=10**8
            ),
            ["bonds: found 10000000", "allowed here: up to", "; or a larger memory_limit"],
        ),
        (lambda law: fc.evolve(CHAIN, [0.1], 2.0), ["initial", "float"]),
        (lambda law: fc.steady(CHAIN, phases=3), ["phases", "constant"]),
        (lambda law: fc.steady(fc.Chain.ring(4)), ["initial"]),
        (lambda law: fc.steady(CHAIN, method="closed"), ["method", "closed"]),
        (lambda law: fc.limit(CHAIN, [0.1]), ["initial"]),
        (
            lambda law: fc.limit(CHAIN, fc.Times([1.0], "ballistic"), law),
            ["ballistic", "diffusive"],
        ),
        (lambda law: fc.limit(fc.Chain(bonds=4, flip_rate=0.0)), ["flip_rate", "ballistically"]),
        (
            lambda law: fc.limit(CHAIN, [0.1], fc.Initial(temperature=np.ones(5))),
            ["temperature", "array"],
        ),
        (lambda law: fc.check(CHAIN, law, [0.1], sizes=[8, 4]), ["sizes", "[8, 4]", "ascending"]),
    ],
)
def test_questions_that_cannot_be_answered(ask, said):
    with pytest.raises(fc.ScenarioError) as refused:
        ask(fc.Initial(temperature="1"))
    for part in said:
        assert part in str(refused.value), str(refused.value)
    speaks_python(str(refused.value))


def test_an_exception_of_a_function_is_raised_as_it_is():
    def broken(x):
        if x > 0.4:
            raise ZeroDivisionError("at the middle")
        return 1.0

    for ask in (
        lambda law: fc.evolve(CHAIN, [0.1], law),
        lambda law: fc.limit(CHAIN, [0.1], law),
        lambda law: fc.check(CHAIN, law, [0.1], sizes=[4]),
    ):
        with pytest.raises(ZeroDivisionError, match="at the middle"):
            ask(fc.Initial(temperature=broken))


def test_a_missed_tolerance_warns_and_returns_the_result():
    with pytest.warns(fc.ToleranceWarning, match="was missed"):
        run = fc.evolve(CHAIN, [0.1], fc.Initial(temperature="2 - x"), tolerance=1e-18)
    assert not run.tolerance_reached and run.worst_error > 1e-18


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(fc.ScenarioError, match="not a run directory"):
        fc.load(tmp_path)
