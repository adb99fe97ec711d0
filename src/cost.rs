//! The cost of a run before it starts: memory in bytes and processor time in seconds.
//!
//! One function for every way through the solver, in the units that its cost grows with: the
//! numbers of a covariance, (2N+1)², or the sites, N+1, times nodes, steps or outputs. The floors
//! above put them together for a run ([`crate::evolve::cost`], [`crate::observe::sizes::cost`]).
//! The constants are fitted to the release build on the machine of docs/performance.md, where
//! `scripts/estimates` prints what was expected beside what was measured: within a factor two where
//! it matters, above 50 MB and a second.

use crate::chain::Chain;
use crate::covariance::direct;
use crate::evolve::stencil;
use crate::scenario::Topology;

/// Memory and processor time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// The most memory at any time, in bytes, without that of the program itself.
    pub bytes: f64,
    /// Processor time of all threads together, in seconds.
    pub seconds: f64,
}

impl Cost {
    /// The cost of both computations, one after the other, with nothing kept in between.
    pub fn then(self, next: Cost) -> Cost {
        Cost { bytes: self.bytes.max(next.bytes), seconds: self.seconds + next.seconds }
    }

    /// The cost with this many more bytes held during the whole computation.
    pub fn holding(self, bytes: f64) -> Cost {
        Cost { bytes: self.bytes + bytes, ..self }
    }

    /// The whole program: the computation, then the tables of `outputs` profiles of `sites` sites,
    /// and `count` figures.
    pub fn of_program(self, sites: usize, outputs: usize, figure: Cost, count: usize) -> Cost {
        let profiles = of_profiles(sites, outputs);
        // Small vectors that were freed stay with the process.
        let end = self.bytes.min(RETAINED) + profiles.bytes + figure.bytes;
        let seconds = self.seconds + profiles.seconds + figure.seconds * count as f64;
        Cost { bytes: PROGRAM + self.bytes.max(end), seconds }
    }
}

/// The program itself.
const PROGRAM: f64 = 12e6;

/// The figure of the profiles in the making: its pixels, at most, where maps fill them.
pub const PROFILES_FIGURE: Cost = Cost { bytes: 36e6, seconds: 0.05 };

/// The figure of one statement. The next one finds the memory of the last.
pub const STATEMENT_FIGURE: Cost = Cost { bytes: 12e6, seconds: 0.04 };

/// The most freed memory that the allocator keeps.
const RETAINED: f64 = 45e6;

/// The profiles of some outputs with their tables: moments, columns, seventeen digits of each in
/// the text of profiles.csv.
pub fn of_profiles(sites: usize, outputs: usize) -> Cost {
    let numbers = sites as f64 * outputs as f64;
    Cost { bytes: 400.0 * numbers, seconds: 3e-6 * numbers + 25e-6 * outputs as f64 }
}

/// One full real covariance, in bytes; the packed state of [`crate::covariance::modal`] is half of
/// it.
pub fn of_covariance(chain: &Chain) -> f64 {
    8.0 * (chain.coordinates() as f64).powi(2)
}

/// The files of `count` covariances, in bytes, whose numbers have double or single precision.
pub fn of_written_covariances(chain: &Chain, count: usize, single: bool) -> f64 {
    count as f64 * of_covariance(chain) * if single { 0.5 } else { 1.0 }
}

/// Kept covariances, one of which exists twice while they are written.
fn kept_covariances(chain: &Chain, kept: usize) -> f64 {
    (kept + usize::from(kept > 1)) as f64 * of_covariance(chain)
}

/// Krylov vectors of the interface that are held at once, as a rule.
fn krylov_vectors(chain: &Chain) -> f64 {
    50.0 * 16.0 * 5.0 * chain.atoms() as f64
}

/// Processor time of a shifted solve for the covariance (measured at N = 64 to 1000, the same at γ
/// = 0.1 to 10); on a ring every pair has two kinds of modes.
pub fn seconds_of_solve(chain: &Chain) -> f64 {
    let kinds = if chain.topology == Topology::Ring { 2.0 } else { 1.0 };
    kinds * (5e-4 + 0.2e-6 * (chain.atoms() as f64 + 5.0).powi(2))
}

/// Nodes of the inner quadrature of a node of the contour, most of them for the oscillating modes.
fn quadrature_nodes(chain: &Chain) -> f64 {
    60.0 + 12.0 / chain.flip_rate
}

/// Sites along which the oscillating modes are felt before the flips have damped them.
fn felt(chain: &Chain) -> f64 {
    (26.0 / chain.flip_rate).min(chain.atoms() as f64)
}

/// Iterations of the equation for the variances to rounding. Where energy crosses the chain between
/// flips, the chain of conductances says little of it.
fn iterations(chain: &Chain) -> f64 {
    let sites = chain.atoms() as f64;
    if sites * chain.flip_rate < 3.0 {
        return (2.0 * sites).min(800.0);
    }
    13.0 * chain.flip_rate.powf(-0.37).max(0.8)
}

/// Processor time of one node of the inner quadrature in one iteration.
fn seconds_of_sweep(chain: &Chain) -> f64 {
    2e-6 + 6.5e-9 * felt(chain)
}

/// Processor time of one node of the contour for the profiles alone: the transforms of some 15
/// products, and the quadrature's nodes, each placed, prepared and followed as far as it is felt
/// (fitted to N = 50 to 10⁴ at γ = 3·10⁻⁴ to 10; a quarter of the iterations to rounding, and loose
/// tolerances take fewer). On a ring a closed form for each wave, and for the squares of means that
/// move, in so many `moving_waves`, two transforms over these at every node of the quadrature.
pub fn seconds_of_profiles(chain: &Chain, moving_waves: usize) -> f64 {
    let (nodes, sites) = (quadrature_nodes(chain), chain.atoms() as f64);
    match chain.topology {
        Topology::Ring => 0.6e-6 * sites + 0.3e-6 * nodes * moving_waves as f64,
        Topology::Open => {
            6e-6 * sites + nodes * (40e-6 + 0.25 * iterations(chain) * seconds_of_sweep(chain))
        }
    }
}

/// Processor time of a solve whose diagonals are read: direct where a small chain would lose
/// digits.
fn seconds_of_reading_solve(chain: &Chain) -> f64 {
    if direct::is_worth_it(chain) { direct::seconds(chain) } else { seconds_of_solve(chain) }
}

/// `solves` shifted solves of steps, whose shifts are larger than those of a contour and take fewer
/// iterations, on a ring three: what two trajectories, their integrals and a step's branches hold,
/// eight covariances' worth; and the `kept` ones.
pub fn of_steps(chain: &Chain, solves: f64, kept: usize) -> Cost {
    let bytes = krylov_vectors(chain) + 8.0 * of_covariance(chain) + kept_covariances(chain, kept);
    let lighter = if chain.topology == Topology::Ring { 0.12 } else { 0.6 };
    Cost { bytes, seconds: lighter * solves * seconds_of_solve(chain) }
}

/// `nodes` of the contour: the initial state, `shared` states that are summed at once, and a matrix
/// that is formed from one; and the `kept` covariances.
pub fn of_contour(chain: &Chain, nodes: usize, kept: usize, shared: usize) -> Cost {
    let states = (1.5 + 0.5 * shared.max(1) as f64) * of_covariance(chain);
    let bytes = krylov_vectors(chain) + states + kept_covariances(chain, kept);
    Cost { bytes, seconds: nodes as f64 * seconds_of_reading_solve(chain) }
}

/// The cost of a solve whose iteration begins with the profiles of the O(N) ways, relative to one
/// that begins with nothing (measured at N = 4096 and 10⁴).
const GUESSED: f64 = 0.26;

/// The norm of the covariance by `nodes` of the contour: their profiles and their answers, a row of
/// every sum for each thread, and the pass over all of them.
pub fn of_squares(chain: &Chain, nodes: usize, outputs: usize) -> Cost {
    let (sites, nodes, sums) = (chain.atoms() as f64, nodes as f64, 2.0 * outputs as f64);
    let rows = 32.0 * sums * sites * rayon::current_num_threads() as f64;
    let bytes = krylov_vectors(chain) + 250.0 * nodes * sites + rows;
    let a_pair = 5e-9 + 1.5e-9 * sums;
    let pass = 0.5 * sites * sites * nodes * a_pair;
    let solves = nodes * (seconds_of_profiles(chain, 0) + GUESSED * seconds_of_solve(chain));
    Cost { bytes, seconds: solves + pass }
}

/// `nodes` of the contour for the profiles alone, some of them `abreast`, for `shared` outputs:
/// Krylov vectors, what the sweeps keep at every block, vectors of the means and the profiles, and
/// the nodes of the quadrature, many where flips are rare; on a ring the waves of one node, of the
/// initial law and of the outputs.
pub fn of_profile_nodes(
    chain: &Chain,
    moving_waves: usize,
    nodes: usize,
    abreast: usize,
    shared: usize,
) -> Cost {
    let (a_site, inner) = match chain.topology {
        Topology::Ring => (320.0 + 80.0 * shared as f64, 0.0),
        Topology::Open => {
            (850.0 * abreast as f64 + 300.0 + 100.0 * shared as f64, 1100.0 * abreast as f64)
        }
    };
    let bytes = a_site * chain.atoms() as f64 + inner * quadrature_nodes(chain);
    Cost { bytes, seconds: nodes as f64 * seconds_of_profiles(chain, moving_waves) }
}

/// The exponential of the stencil: two states by their diagonals, the entries of all terms, the
/// start of every row, products of the means' series, and the outputs read off the terms.
pub fn of_stencil(chain: &Chain, work: &stencil::Work, outputs: usize, kept: usize) -> Cost {
    let n = chain.coordinates() as f64;
    let bytes = 16.0 * n * (work.last_diagonals + 12.0) + 4e6 + kept_covariances(chain, kept);
    let sum = seconds_of_sum(chain, work.terms, work.entries, work.diagonals);
    let read = outputs as f64 * seconds_of_reading(chain, work.terms);
    Cost { bytes, seconds: work.sums * sum + read }
}

/// One sum of a series of the stencil with this number of terms, each with these numbers of entries
/// and diagonals.
pub fn seconds_of_sum(chain: &Chain, terms: f64, entries: f64, diagonals: f64) -> f64 {
    let a_term = 0.6e-9 * entries + 12e-9 * diagonals;
    let means = 0.15e-9 * chain.coordinates() as f64 * terms * terms;
    terms * a_term + means + 20e-6
}

/// One output, computed from a series with this number of terms.
pub fn seconds_of_reading(chain: &Chain, terms: f64) -> f64 {
    2e-5 + 6e-9 * chain.coordinates() as f64 * terms
}

/// The propagator without flips for `outputs` times up to `last`: columns or rows of it, and where
/// a covariance is kept or the initial law has one (`dense`) the products that turn it.
pub fn of_propagator(chain: &Chain, outputs: usize, kept: usize, dense: bool) -> Cost {
    let damped = chain.left.is_some() || chain.right.is_some();
    let n = chain.coordinates() as f64;
    let matrices = match (dense, damped) {
        (true, true) => 7.5,
        (true, false) => 0.5,
        _ => 0.0,
    };
    let rows = 80e-9 * n * n;
    let products = match (dense, damped) {
        (true, true) => 0.3e-9 * n.powi(3),
        (true, false) => 120e-9 * n * n,
        _ => 0.0,
    };
    let bytes = 1000.0 * n + matrices * of_covariance(chain) + kept_covariances(chain, kept);
    Cost { bytes, seconds: outputs as f64 * (rows + products) }
}

/// The stationary covariance, and `harmonics` more solves: one state, and the `kept` matrices
/// formed from it.
pub fn of_stationary_covariance(chain: &Chain, harmonics: usize, kept: usize) -> Cost {
    let bytes = krylov_vectors(chain) + 0.9 * of_covariance(chain) + kept_covariances(chain, kept);
    let refined = if direct::is_worth_it(chain) { 1.0 } else { 2.5 };
    let seconds = (1 + harmonics) as f64 * refined * seconds_of_reading_solve(chain);
    Cost { bytes, seconds }
}

/// The stationary profiles without the covariance: two quadratures at σ = 0, and where there is a
/// force the iteration for what it heats. The harmonics of a periodic force live in a layer and
/// cost little.
pub fn of_stationary_profiles(chain: &Chain) -> Cost {
    let sites = chain.atoms() as f64;
    let nodes = 115.0 + 6.0 / chain.flip_rate;
    let heats = chain.force != Default::default();
    let prepared = 6e-6 * sites + nodes * (150e-6 + 50e-9 * felt(chain));
    let iteration = 0.6e-6 * sites + nodes * seconds_of_sweep(chain);
    let seconds = prepared + if heats { iterations(chain) * iteration } else { 0.0 };
    Cost { bytes: 1900.0 * sites + 5500.0 * nodes, seconds }
}
