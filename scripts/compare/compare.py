"""flipchain beside general solvers on the same problems, as Markdown tables.

The moment equations are assembled here a second time, from the model alone: dC/dt = B C + C B^T +
4 gamma diag_p(C_pp + p^2) + 2 lambda T as a sparse matrix on all (2N+1)^2 entries. Evolution:
profiles of variances at 11 times in [0, 0.1] diffusive; errors are those of Var r and Var p
relative to the largest, against flipchain's Radau steps at 1e-11 (checked at small N against the
matrix exponential below). Stationary state: errors of Var r and Var p against SciPy's sparse LU
refined with residuals in extended precision.

Every solver is called as a library, in a process of its own that keeps to one processor, with one
thread. Times are medians of several calls after a first one, or those of one call where it takes
long; on an idle machine wall and processor time are the same.
"""

import multiprocessing
import os
import resource
import sys
import time

# One thread each, before the libraries are loaded.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg as spla

GAMMA, HOT, COLD, FORCE = 1.0, 2.0, 1.0, 2.0
TIMES = np.linspace(0.0, 0.1, 11)


def drift(n):
    d = sp.diags([-np.ones(n), np.ones(n)], [0, 1], shape=(n, n + 1))
    damping = np.full(n + 1, 2 * GAMMA)
    damping[[0, n]] += 1.0
    return sp.bmat([[None, d], [-d.T, -sp.diags(damping)]], format="csr")


class Chain:
    """The uphill scenario: B, the operator, the sources, the initial law."""

    def __init__(self, n):
        self.n, self.size = n, 2 * n + 1
        self.b = drift(n)
        one = sp.identity(self.size, format="csr")
        self.pp = (n + np.arange(n + 1)) * (self.size + 1)  # the entries (p_n, p_n)
        shape = (self.size**2,) * 2
        flips = sp.csr_matrix((np.full(n + 1, 4 * GAMMA), (self.pp, self.pp)), shape=shape)
        self.operator = (sp.kron(self.b, one) + sp.kron(one, self.b) + flips).tocsr()
        self.bath = np.zeros(n + 1)
        self.bath[0], self.bath[n] = 2 * HOT, 2 * COLD
        x = np.concatenate([np.arange(1, n + 1), np.arange(n + 1)]) / n
        self.start = np.diag(2.0 - x)
        self.force = np.zeros(self.size)
        self.force[-1] = FORCE

    def source(self, mean):
        q = np.zeros(self.size**2)
        q[self.pp] = 4 * GAMMA * mean[self.n :] ** 2 + self.bath
        return q

    def rate(self, z, c):
        return self.b @ z + self.force, self.operator @ c + self.source(z)


# Calls after the first one, as many as fit into these seconds, but an odd number of at most nine.
SECONDS, CALLS = 4.0, 9


def clocks():
    return np.array([time.perf_counter(), time.process_time()])


def timed(run):
    """The answer, and the medians of wall and processor time of some calls."""
    start = clocks()
    answer = run()
    first = clocks() - start
    count = min(CALLS, int(SECONDS / first[0]))
    seconds = []
    for _ in range(count - (count + 1) % 2):
        start = clocks()
        run()
        seconds.append(clocks() - start)
    return answer, np.median(seconds or [first], axis=0)


def flipchain_chain(n):
    import flipchain as fc

    cold, force = fc.Thermostat(COLD, friction=1.0), fc.Force(FORCE)
    hot = fc.Thermostat(HOT, friction=1.0)
    return fc.Chain(bonds=n, flip_rate=GAMMA, left=hot, right=cold, force=force)


def variances(run):
    """Var r and Var p at every time: site 0 has no bond."""
    return np.hstack([run.var_r[:, 1:], run.var_p])


def evolve(n, **options):
    import flipchain as fc

    initial = fc.Initial(temperature="2-x")
    options = {"tolerance": 1e-10, **options}
    return variances(fc.evolve(flipchain_chain(n), list(TIMES), initial, threads=1, **options))


def steady(n):
    import flipchain as fc

    return variances(fc.steady(flipchain_chain(n), covariance=True, threads=1))[-1]


def expm_multiply(chain):
    """SciPy's expm_multiply on C + z z^T, z and 1 together, whose equations are linear."""
    n2 = chain.size**2
    unit = sp.csr_matrix(([FORCE], ([chain.size - 1], [0])), shape=(chain.size, 1))
    pick = sp.identity(chain.size, format="csr")
    forcing = sp.kron(chain.force.reshape(-1, 1), pick) + sp.kron(pick, chain.force.reshape(-1, 1))
    bath = sp.csr_matrix((chain.bath, (chain.pp, np.zeros(chain.n + 1, int))), shape=(n2, 1))
    blocks = [
        [chain.operator, forcing, bath],
        [None, chain.b, unit],
        [None, None, sp.csr_matrix((1, 1))],
    ]
    a = sp.bmat(blocks, format="csr")
    y = np.concatenate([chain.start.ravel(), np.zeros(chain.size), [1.0]])
    stop = TIMES[-1] * chain.n**2
    rows = spla.expm_multiply(a, y, start=0.0, stop=stop, num=len(TIMES), endpoint=True)
    return np.array([row[:n2].reshape(chain.size, -1).diagonal() - row[n2:-1] ** 2 for row in rows])


def cvode(chain, rtol):
    from sksundae.cvode import CVODE

    def rhs(t, y, yp):
        dz, dc = chain.rate(y[: chain.size], y[chain.size :])
        yp[: chain.size], yp[chain.size :] = dz, dc

    y = np.concatenate([np.zeros(chain.size), chain.start.ravel()])
    solver = CVODE(rhs, rtol=rtol, atol=1e-10, method="BDF", linsolver="gmres", max_num_steps=10**7)
    found = solver.solve(TIMES * chain.n**2, y)
    return np.array([row[chain.size :].reshape(chain.size, -1).diagonal() for row in found.y])


def stationary_source(chain):
    n = chain.n
    momentum = FORCE / (2 * GAMMA * (n + 1) + 2)
    return chain.source(np.full(chain.size, momentum))


def splu(chain):
    found = spla.splu(-chain.operator.tocsc()).solve(stationary_source(chain))
    return found.reshape(chain.size, -1).diagonal()


def pardiso(chain):
    from pypardiso import PyPardisoSolver

    solver = PyPardisoSolver(mtype=11)
    # Its scaling and matching give a wrong answer here (seen with MKL 2026.2): without them it is
    # right.
    for index, value in {1: 1, 2: 2, 8: 5, 10: 13, 11: 0, 13: 0}.items():
        solver.set_iparm(index, value)
    found = solver.solve(-chain.operator.tocsr(), stationary_source(chain))
    return found.reshape(chain.size, -1).diagonal()


def lyapunov(chain, solve):
    """GMRES on d = Var p of B C + C B^T = -diag(4 gamma (d + p^2) + 2 lambda T), dense solves."""
    n, b = chain.n, chain.b.toarray()
    q = stationary_source(chain)[chain.pp]

    def momenta(d):
        return solve(b, np.diag(np.concatenate([np.zeros(n), d]))).diagonal()[n:]

    first = momenta(q)
    operator = spla.LinearOperator((n + 1, n + 1), matvec=lambda d: d - momenta(4 * GAMMA * d))
    d, _ = spla.gmres(operator, first, rtol=1e-13, restart=200, maxiter=20)
    return solve(b, np.diag(np.concatenate([np.zeros(n), q + 4 * GAMMA * d]))).diagonal()


def slycot(chain):
    import control

    return lyapunov(chain, lambda b, q: control.lyap(b, q, method="slycot"))


def table(title, columns, rows):
    print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def alone(run, pipe):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        found, seconds = timed(run)
    except Exception as error:  # whatever a peer does wrong is said in its row
        pipe.send(((str(error).splitlines() or [type(error).__name__])[0][:60], [0.0, 0.0], 0))
        return
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    pipe.send((found, seconds, peak))


def row(name, n, run, reference):
    # Each in a process of its own, for its memory.
    parent, child = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=alone, args=(run, child))
    process.start()
    child.close()
    try:
        found, seconds, peak = parent.recv()
    except EOFError:
        found, seconds, peak = "it was killed", [0.0, 0.0], 0
    process.join()
    if isinstance(found, str):
        return [name, str(n), "left out", "", found, ""]
    error = np.abs(found - reference).max() / np.abs(reference).max()
    times = [f"{1e3 * taken:.3g} ms" for taken in seconds]
    return [name, str(n), *times, f"{error:.0e}", f"{peak / 2**20:.0f} MiB"]


def elsewhere(run):
    """The answer of a process of its own: a child that is forked must find no threads."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(*run)


def radau(n):
    return evolve(n, method="radau", tolerance=1e-11)


def evolution(sizes, explicit):
    for n in sizes:
        chain = Chain(n)
        reference = elsewhere((radau, (n,)))
        yield row("flipchain evolve, 1e-10", n, lambda: evolve(n), reference)
        kept = lambda: evolve(n, covariance=[TIMES[-1]])
        yield row("the same, with the covariance at t = 0.1", n, kept, reference)
        sundials = lambda: cvode(chain, 1e-8)
        yield row("SUNDIALS CVODE, BDF and GMRES, rtol 1e-8", n, sundials, reference)
        if n <= explicit:
            yield row("SciPy expm_multiply", n, lambda: expm_multiply(chain), reference)
        if n <= 8:
            yield row("SciPy dense expm", n, lambda: dense_exponential(chain), reference)


def dense_exponential(chain):
    """The judge of the reference at small N: one dense matrix exponential."""
    n2 = chain.size**2
    a = np.zeros((n2 + chain.size + 1,) * 2)
    pick = np.eye(chain.size)
    a[:n2, :n2] = chain.operator.toarray()
    force = chain.force.reshape(-1, 1)
    a[:n2, n2:-1] = np.kron(force, pick) + np.kron(pick, force)
    a[chain.pp, -1] = chain.bath
    a[n2:-1, n2:-1] = chain.b.toarray()
    a[n2:-1, -1] = chain.force
    step = scipy.linalg.expm(a * (TIMES[1] * chain.n**2))
    y = np.concatenate([chain.start.ravel(), np.zeros(chain.size), [1.0]])
    rows = []
    for _ in TIMES:
        rows.append(y[:n2].reshape(chain.size, -1).diagonal() - y[n2:-1] ** 2)
        y = step @ y
    return np.array(rows)


def refined(chain):
    """Sparse LU and two refinements with residuals in extended precision."""
    lu = spla.splu(-chain.operator.tocsc())
    b = stationary_source(chain)
    wide = chain.operator.astype(np.longdouble)
    x = lu.solve(b).astype(np.longdouble)
    for _ in range(2):
        x += lu.solve(np.asarray(b + wide @ x, dtype=float))
    return x.astype(float).reshape(chain.size, -1).diagonal()


def stationary(sizes, dense):
    for n in sizes:
        chain = Chain(n)
        reference = refined(chain)
        yield row("flipchain steady, with the covariance", n, lambda: steady(n), reference)
        yield row("SciPy sparse LU", n, lambda: splu(chain), reference)
        yield row("MKL Pardiso", n, lambda: pardiso(chain), reference)
        if n <= dense:
            lyapunov = lambda: slycot(chain)
            yield row("SLICOT Lyapunov (python-control) within GMRES", n, lyapunov, reference)


def main():
    columns = ["solver", "N", "wall time", "processor time", "largest error", "memory"]
    sizes = [[8, 16, 32, 64, 128, 256], [16, 64, 128, 256, 512]]
    if "--quick" in sys.argv[1:]:
        sizes = [[8, 32], [16, 64]]
    if "--sizes" in sys.argv:  # of both tables, e.g. --sizes 64,128
        sizes = 2 * [[int(n) for n in sys.argv[sys.argv.index("--sizes") + 1].split(",")]]
    table("Evolution, 11 outputs in [0, 0.1]", columns, evolution(sizes[0], 64))
    table("Stationary state", columns, stationary(sizes[1], 64))


if __name__ == "__main__":
    main()
