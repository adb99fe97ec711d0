"""Exact second moments of the harmonic chain with random velocity flips.

A chain of N harmonic bonds, whose velocities flip at random with rate γ, stands between Langevin
thermostats; a force may act on its last atom. Its means and covariance obey closed linear
equations, which are solved here to a stated error.

>>> import flipchain as fc
>>> warm, cold = fc.Thermostat(2.0), fc.Thermostat(1.0)
>>> chain = fc.Chain(bonds=100, left=warm, right=cold, force=fc.Force(2.0))
>>> state = fc.steady(chain)
>>> bool(state.current[-1, 50] < 0)        # from the colder to the hotter end
True

`evolve`, `steady`, `limit` and `check` ask one question, and `sweep` asks it many times. `Run.save`
and `load` use the run directory of the command line, `read_scenario` and `write_scenario` its
scenario files.
"""

from ._answer import ToleranceWarning
from ._answers import CheckRun, LimitRun, Run
from ._core import ScenarioError, SolveError, __version__
from ._correlations import Correlations
from ._initial import Initial
from ._load import load
from ._questions import check, evolve, limit, steady
from ._scenario import Chain, Force, Thermostat, Times
from ._scenario_file import read_scenario, write_scenario
from ._sweep import sweep

__all__ = [
    "Chain",
    "CheckRun",
    "Correlations",
    "Force",
    "Initial",
    "LimitRun",
    "Run",
    "ScenarioError",
    "SolveError",
    "Thermostat",
    "Times",
    "ToleranceWarning",
    "__version__",
    "check",
    "evolve",
    "limit",
    "load",
    "read_scenario",
    "steady",
    "sweep",
    "write_scenario",
]
