"""flipchain beside general solvers on the same problems: wall time, memory and true error of each, as Markdown tables.

The moment equations are assembled here a second time, from the model alone: dC/dt = B C + C B^T + 4 gamma diag_p(C_pp + p^2) + 2 lambda T
as a sparse matrix on all (2N+1)^2 entries. Evolution: profiles of variances at 11 times in [0, 0.1] diffusive; errors are those of Var r and
Var p relative to the largest, against flipchain's Radau steps at 1e-11 (checked at small N against the matrix exponential below).
Stationary state: errors of Var r and Var p against SciPy's sparse LU refined with residuals in extended precision.
"""

import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
        flips = sp.csr_matrix((np.full(n + 1, 4 * GAMMA), (self.pp, self.pp)), shape=(self.size**2,) * 2)
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


def timed(run):
    start = time.perf_counter()
    answer = run()
    return answer, time.perf_counter() - start


def flipchain(program, command, n, *extra):
    """Var r, Var p over time and wall seconds of one run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        outputs = json.dumps([float(f"{t:.3g}") for t in TIMES])
        arguments = [program, command, "data/scenarios/uphill.toml", "-o", str(out), "-q", "--set", f"chain.bonds={n}"]
        arguments += ["--set", f"time.outputs={outputs}", *extra]
        result, seconds = timed(lambda: subprocess.run(arguments, capture_output=True, text=True))
        if result.returncode not in (0, 1) or not out.exists():
            raise RuntimeError(result.stderr)
        data = np.load(out / "profiles.npz")
        peak = json.loads((out / "summary.json").read_text())["peak_memory_bytes"] or 0
        return np.hstack([data["var_r"][:, 1:], data["var_p"]]), seconds, peak


def expm_multiply(chain):
    """scipy.sparse.linalg.expm_multiply on (mean, covariance) made linear by the mean's products: means by dense expm, so that the source is exact."""
    n2 = chain.size**2
    # 4 gamma p^2 is quadratic: S = C + z z^T, z and 1 together are linear.
    unit = sp.csr_matrix(([FORCE], ([chain.size - 1], [0])), shape=(chain.size, 1))
    pick = sp.identity(chain.size, format="csr")
    forcing = sp.kron(chain.force.reshape(-1, 1), pick) + sp.kron(pick, chain.force.reshape(-1, 1))
    bath = sp.csr_matrix((chain.bath, (chain.pp, np.zeros(chain.n + 1, int))), shape=(n2, 1))
    a = sp.bmat([[chain.operator, forcing, bath], [None, chain.b, unit], [None, None, sp.csr_matrix((1, 1))]], format="csr")
    y = np.concatenate([chain.start.ravel(), np.zeros(chain.size), [1.0]])
    rows = spla.expm_multiply(a, y, start=0.0, stop=TIMES[-1] * chain.n**2, num=len(TIMES), endpoint=True)
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
    return spla.splu(-chain.operator.tocsc()).solve(stationary_source(chain)).reshape(chain.size, -1).diagonal()


def pardiso(chain):
    from pypardiso import PyPardisoSolver

    solver = PyPardisoSolver(mtype=11)
    # Its scaling and matching give a wrong answer here (seen with MKL 2026.2): without them it is right.
    for index, value in {1: 1, 2: 2, 8: 5, 10: 13, 11: 0, 13: 0}.items():
        solver.set_iparm(index, value)
    return solver.solve(-chain.operator.tocsr(), stationary_source(chain)).reshape(chain.size, -1).diagonal()


def lyapunov(chain, solve):
    """Fixed point in the diagonal d: B C + C B^T = -diag(4 gamma (d + p^2) + 2 lambda T), d = Var p, accelerated by GMRES on d; dense Lyapunov solves."""
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


def processor_seconds():
    """Of this process and of what it has run."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def alone(run, pipe):
    before, cpu = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, processor_seconds()
    try:
        found, seconds = timed(run)
        cpu = processor_seconds() - cpu
    except Exception as error:  # whatever a peer does wrong is said in its row
        pipe.send(((str(error).splitlines() or [type(error).__name__])[0][:60], 0.0, 0, 0.0))
        return
    if isinstance(found, tuple):
        pipe.send((*found, cpu))
    else:
        pipe.send((found, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024, cpu))


def row(name, n, run, reference):
    # Each in a process of its own, for its memory.
    parent, child = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=alone, args=(run, child))
    process.start()
    child.close()
    try:
        found, seconds, peak, cpu = parent.recv()
    except EOFError:
        found, seconds, peak, cpu = "it was killed", 0.0, 0, 0.0
    process.join()
    if isinstance(found, str):
        return [name, str(n), "left out", "", found, ""]
    error = np.abs(found - reference).max() / np.abs(reference).max()
    return [name, str(n), f"{seconds:.3g} s", f"{cpu:.3g} s", f"{error:.0e}", f"{peak / 2**20:.0f} MiB"]


def evolution(program, sizes, explicit):
    for n in sizes:
        chain = Chain(n)
        reference, *_ = flipchain(program, "evolve", n, "--method", "radau", "--tolerance", "1e-11")
        yield row("flipchain evolve, tolerance 1e-10", n, lambda: flipchain(program, "evolve", n, "--tolerance", "1e-10", "--covariance", "--covariance-times", "0.1"), reference)
        yield row("flipchain evolve --method radau, 1e-10", n, lambda: flipchain(program, "evolve", n, "--method", "radau", "--tolerance", "1e-10"), reference)
        yield row("SUNDIALS CVODE, BDF and GMRES, rtol 1e-8", n, lambda: cvode(chain, 1e-8), reference)
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
    a[:n2, n2:-1] = np.kron(chain.force.reshape(-1, 1), pick) + np.kron(pick, chain.force.reshape(-1, 1))
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


def stationary(program, sizes, dense):
    for n in sizes:
        chain = Chain(n)
        last = lambda found: (found[0][-1], *found[1:])
        reference = refined(chain)
        yield row("flipchain steady --method modal, with the covariance", n, lambda: last(flipchain(program, "steady", n, "--method", "modal")), reference)
        yield row("SciPy sparse LU", n, lambda: splu(chain), reference)
        yield row("MKL Pardiso", n, lambda: pardiso(chain), reference)
        if n <= dense:
            yield row("SLICOT Lyapunov (python-control) within GMRES", n, lambda: slycot(chain), reference)


def main():
    program, quick = sys.argv[1], "--quick" in sys.argv[2:]
    columns = ["solver", "N", "wall time", "CPU time", "largest error", "memory"]
    if "--sizes" in sys.argv:  # of both tables, e.g. --sizes 64,128
        sizes = [int(n) for n in sys.argv[sys.argv.index("--sizes") + 1].split(",")]
        table("Evolution, 11 outputs in [0, 0.1]", columns, evolution(program, sizes, 32))
        table("Stationary state", columns, stationary(program, sizes, 64))
        return
    table("Evolution, 11 outputs in [0, 0.1]", columns, evolution(program, [8, 32] if quick else [8, 32, 64, 128, 256], 32))
    table("Stationary state", columns, stationary(program, [16, 64] if quick else [16, 64, 128, 256, 512], 64))


if __name__ == "__main__":
    main()
