//! The squared kernel K_σ[a,b] = ∫_0^∞ e^(-στ) (e^(Bτ))_ab² dτ on all coordinates, and its double
//! sums Φ_ji = 4γ Σ_(m ≤ min(i,j)) Σ_(n > max(i,j)) K_mn on the momenta: the flux through bond j
//! caused by the difference across bond i, positive at σ = 0, with no cancellation at any N.
//!
//! Without ends both depend on distances only: tables summed over the quadrature nodes once,
//! applied by FFT ([`super::bulk`]), O(N log N) whatever the number of nodes. What an end reflects
//! dies off: each node is followed from there as far as it is felt ([`super::sweep`]). Nodes whose
//! waves pass from end to end are followed along the whole chain, O(N) each.

use super::Chain;
use super::bulk::{Bulk, Columns, Tables};
use super::group::{Group, Pair, Reach, by_reach};
use super::mean_squares::MeanSquares;
use super::pairing::{Conjugate, General, Pairing, Simd};
use super::path::{Integrand, Quality, path};
use super::sweep::{Sweep, Window, Work};
use super::wave::Wave;
use crate::numerics::registers::{InRegisters, Wide, in_widest};
use crate::numerics::vector::Vector;
use num_complex::Complex64;
use rayon::prelude::*;

/// Groups are worked on in at most this many tasks, whose results are added in order: the bits do
/// not depend on the threads.
const TASKS: usize = 8;
/// Steps of a recurrence, eight nodes each, worth a task of their own.
const TASK_STEPS: usize = 100_000;

/// K_σ of an open chain.
pub(super) struct Kernel {
    bonds: usize,
    flip_rate: f64,
    moments: Part,
    flux: Part,
    /// Number of quadrature nodes.
    pub count: usize,
}

/// The nodes made for one purpose.
struct Part {
    groups: Box<dyn Nodes>,
    bulk: Bulk,
    count: usize,
}

impl Part {
    /// The nodes that go `through` are followed along the whole chain.
    fn new(
        chain: &Chain,
        sigma: Complex64,
        quality: Quality,
        integrand: Integrand,
        through: impl Fn(&Reach) -> bool,
    ) -> Part {
        let pair = |kappa: Complex64| {
            [Wave::new(chain, 0.5 * sigma + kappa), Wave::new(chain, 0.5 * sigma - kappa)]
        };
        let nodes = path(chain, sigma, quality, integrand)
            .into_iter()
            .map(|(kappa, weight)| (pair(kappa), weight));
        let nodes = by_reach(nodes, integrand, quality.dropped());
        let (through, local) = nodes.iter().partition(|(_, reach)| through(reach));
        let real = sigma.im == 0.0;
        let groups = in_widest(Grouping { nodes: [through, local], real });
        let bulk = Bulk::new(chain.atoms(), !real, groups.tables(chain.atoms()));
        Part { groups, bulk, count: nodes.len() }
    }
}

impl Kernel {
    /// Prepares the nodes for σ ≥ 0 real or Im σ > 0 (off the negative axis).
    pub fn new(chain: &Chain, sigma: Complex64, quality: Quality) -> Kernel {
        chain.assert_homogeneous();
        // Two corners cost less than the chain while they do not overlap.
        Self::split(chain, sigma, quality, |reach| reach.corner[0] + reach.corner[1] > chain.bonds)
    }

    fn split(
        chain: &Chain,
        sigma: Complex64,
        quality: Quality,
        through: impl Fn(&Reach) -> bool + Copy,
    ) -> Kernel {
        let [moments, flux] = [Integrand::Moments, Integrand::Flux]
            .map(|what| Part::new(chain, sigma, quality, what, through));
        Kernel {
            bonds: chain.bonds,
            flip_rate: chain.flip_rate,
            count: moments.count,
            moments,
            flux,
        }
    }

    /// K v for v on the momenta (length N+1) and, if given, on the elongations (length N): the
    /// answer on both.
    pub fn apply(&self, momenta: &Vector, elongations: Option<&Vector>) -> (Vector, Vector) {
        let mut sums = (
            Vector::zeros(self.bonds + 1, momenta.is_complex()),
            Vector::zeros(self.bonds, momenta.is_complex()),
        );
        let chain = self.moments.groups.sweep(Window::Chain, Work::Apply { momenta, elongations });
        add(&mut sums, chain);
        if !self.moments.bulk.has_tables() {
            return sums;
        }
        // A thermostat is felt at its own end only: what it puts in is large, and its roundings
        // must not spread along the chain.
        let ends = [0, self.bonds].map(|n| momenta.at(n));
        let mut inner = momenta.clone();
        [0, self.bonds].into_iter().for_each(|n| inner.set(n, Complex64::ZERO));
        add(&mut sums, self.moments.bulk.apply(&inner, elongations));
        for (end, value) in ends.into_iter().enumerate() {
            if value != Complex64::ZERO {
                self.moments.bulk.add_column(end, value, &mut sums);
            }
            let reach = self.moments.groups.corner_reach(end).min(self.bonds + 1);
            let momenta = part(&inner, end, reach);
            let elongations = elongations.map(|v| part(v, end, reach - 1));
            let work = Work::Apply { momenta: &momenta, elongations: elongations.as_ref() };
            let (on_momenta, on_elongations) = self.moments.groups.sweep(Window::Corner(end), work);
            add_part(&mut sums.0, end, &on_momenta);
            add_part(&mut sums.1, end, &on_elongations);
        }
        sums
    }

    /// Φ g for differences g across the bonds (length N).
    pub fn flux(&self, differences: &Vector) -> Vector {
        let mut sums = self.flux.groups.sweep(Window::Chain, Work::Flux(differences)).0;
        if sums.len() == 0 {
            sums = Vector::zeros(self.bonds, differences.is_complex());
        }
        if self.flux.bulk.has_tables() {
            sums.add(Complex64::ONE, &self.flux.bulk.flux(differences));
            for end in [0, 1] {
                let inner =
                    part(differences, end, self.flux.groups.corner_reach(end).min(self.bonds));
                let corner = self.flux.groups.sweep(Window::Corner(end), Work::Flux(&inner)).0;
                add_part(&mut sums, end, &corner);
            }
        }
        sums.scale(4.0 * self.flip_rate);
        sums
    }

    /// Turns a flux that the chain of conductances Φ1 takes for smooth into one of the chain
    /// without ends, whose Φ depends on the wave number.
    pub fn sharpen(&self, differences: &Vector) -> Vector {
        self.flux.bulk.sharpen(differences)
    }

    /// The transform at σ of the squares (e^(Bτ)w)² of the momenta, w real: the same quadrature
    /// over the products ŵ(s₁) ŵ(s₂).
    pub fn mean_squares(&self, momenta: &[f64], elongations: &[f64]) -> Vector {
        self.moments.groups.mean_squares(self.bonds, momenta, elongations)
    }
}

/// The first `len` entries counted from an end.
fn part(v: &Vector, end: usize, len: usize) -> Vector {
    let take = |v: &[f64]| {
        if end == 0 {
            v[..len].to_vec()
        } else {
            v[v.len() - len..].iter().rev().copied().collect()
        }
    };
    v.map_range(0..v.len(), take)
}

/// Adds entries counted from an end.
fn add_part(sum: &mut Vector, end: usize, part: &Vector) {
    for (sum, part) in [(&mut sum.re, &part.re), (&mut sum.im, &part.im)] {
        let pairs = part.iter();
        if end == 0 {
            sum.iter_mut().zip(pairs).for_each(|(sum, x)| *sum += x);
        } else {
            sum.iter_mut().rev().zip(pairs).for_each(|(sum, x)| *sum += x);
        }
    }
}

fn add(sum: &mut (Vector, Vector), more: (Vector, Vector)) {
    if more.0.len() > 0 {
        sum.0.add(Complex64::ONE, &more.0);
    }
    if more.1.len() > 0 {
        sum.1.add(Complex64::ONE, &more.1);
    }
}

/// The nodes in groups, in some registers.
trait Nodes: Send + Sync {
    /// What those that pass through the chain, or the corners of the others, make of a vector;
    /// empty where there are none.
    fn sweep(&self, window: Window, work: Work<'_>) -> (Vector, Vector);
    /// The squares of the means from all nodes.
    fn mean_squares(&self, bonds: usize, momenta: &[f64], elongations: &[f64]) -> Vector;
    /// The tables of the local nodes up to the distance `sites` (`None` where there are none), and
    /// Φ/4γ of all nodes.
    fn tables(&self, sites: usize) -> (Option<Columns>, Vector);
    /// The farthest reach of an end's reflections among the local nodes.
    fn corner_reach(&self, end: usize) -> usize;
}

struct Groups<P: Pairing> {
    simd: Simd<P>,
    /// Waves that pass from end to end.
    through: Vec<Group<P>>,
    /// Those that do not.
    local: Vec<Group<P>>,
}

/// Nodes to be put into registers, eight by eight: those that pass from end to end, and those that
/// do not.
struct Grouping {
    nodes: [Vec<(Pair, Reach)>; 2],
    real: bool,
}

impl Grouping {
    fn paired<P: Pairing>(self, simd: Simd<P>) -> Box<dyn Nodes> {
        let group = |eight: &[(Pair, Reach)]| Group::new(simd, eight);
        let [through, local] = self.nodes.map(|nodes| nodes.chunks(8).map(group).collect());
        Box::new(Groups::<P> { simd, through, local })
    }
}

impl InRegisters for Grouping {
    type Output = Box<dyn Nodes>;
    fn with<L: Wide>(self, simd: L::Simd) -> Box<dyn Nodes> {
        if self.real { self.paired::<Conjugate<L>>(simd) } else { self.paired::<General<L>>(simd) }
    }
}

/// Splits groups into tasks of like work, `steps` long each, and adds their results in order.
fn tasks<P: Pairing, T: Send>(
    groups: &[Group<P>],
    steps: impl Fn(&Group<P>) -> usize,
    task: impl Fn(&[&Group<P>]) -> T + Sync,
    sum: impl Fn(T, T) -> T,
) -> Option<T> {
    let work: usize = groups.iter().map(&steps).sum();
    let count = (work / TASK_STEPS).clamp(1, TASKS);
    // Every count-th group: they are sorted by their reach.
    let parts: Vec<Vec<&Group<P>>> =
        (0..count).map(|i| groups.iter().skip(i).step_by(count).collect()).collect();
    let run = |part: &Vec<&Group<P>>| task(part);
    let done: Vec<T> = match count {
        1 if groups.is_empty() => return None,
        1 => parts.iter().map(run).collect(),
        _ => parts.par_iter().map(run).collect(),
    };
    done.into_iter().reduce(sum)
}

impl<P: Pairing> Nodes for Groups<P> {
    fn sweep(&self, window: Window, work: Work<'_>) -> (Vector, Vector) {
        let sites = match work {
            Work::Apply { momenta, .. } => momenta.len(),
            Work::Flux(differences) => differences.len(),
        };
        let groups = if window == Window::Chain { &self.through } else { &self.local };
        let steps = |group: &Group<P>| match window {
            Window::Chain => sites,
            Window::Corner(end) => group.reach.corner[end].min(sites),
        };
        let task =
            |groups: &[&Group<P>]| P::Wide::vectorized(self.simd, Sweep { groups, window, work });
        let sum = |mut a: (Vector, Vector), b: (Vector, Vector)| {
            add(&mut a, b);
            a
        };
        tasks(groups, steps, task, sum).unwrap_or_default()
    }

    fn mean_squares(&self, bonds: usize, momenta: &[f64], elongations: &[f64]) -> Vector {
        let task = |groups: &[&Group<P>]| {
            P::Wide::vectorized(self.simd, MeanSquares { groups, bonds, momenta, elongations })
        };
        let sum = |mut a: Vector, b: Vector| {
            a.add(Complex64::ONE, &b);
            a
        };
        let parts = [&self.through, &self.local].map(|groups| tasks(groups, |_| bonds, task, sum));
        parts.into_iter().flatten().reduce(sum).expect("a path has nodes")
    }

    fn tables(&self, sites: usize) -> (Option<Columns>, Vector) {
        let task = |groups: &[&Group<P>]| P::Wide::vectorized(self.simd, Tables { groups, sites });
        let sum = |mut a: Columns, b: Columns| {
            a.iter_mut().zip(&b).for_each(|(a, b)| a.add(Complex64::ONE, b));
            a
        };
        let of =
            |groups: &[Group<P>]| tasks(groups, |group| group.reach.distance.min(sites), task, sum);
        let local = of(&self.local);
        let mut flux =
            local.as_ref().map_or(Vector::zeros(sites, P::COMPLEX), |tables| tables[3].clone());
        if let Some(through) = of(&self.through) {
            flux.add(Complex64::ONE, &through[3]);
        }
        (local, flux)
    }

    fn corner_reach(&self, end: usize) -> usize {
        self.local.iter().map(|group| group.reach.corner[end]).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::wave::tests::chain;
    use super::*;
    use faer::Mat;
    use faer::linalg::solvers::Solve;

    /// σ - B⊗1 - 1⊗B
    fn pair_operator(chain: &Chain, sigma: Complex64) -> Mat<Complex64> {
        let n = chain.coordinates();
        let mut m = Mat::from_fn(n * n, n * n, |i, j| if i == j { sigma } else { Complex64::ZERO });
        for (&v, (i, k)) in chain.drift().iter() {
            for j in 0..n {
                m[(i * n + j, k * n + j)] -= v;
                m[(j * n + i, j * n + k)] -= v;
            }
        }
        m
    }

    /// K_σ on all coordinates (r, then p) from the literal (σ - B⊗1 - 1⊗B)⁻¹.
    fn literal(chain: &Chain, sigma: Complex64) -> Mat<Complex64> {
        let n = chain.coordinates();
        let squares =
            Mat::from_fn(
                n * n,
                n,
                |i, j| if i == j * (n + 1) { Complex64::ONE } else { Complex64::ZERO },
            );
        let x = pair_operator(chain, sigma).partial_piv_lu().solve(&squares);
        Mat::from_fn(n, n, |i, j| x[(i * (n + 1), j)])
    }

    fn unit(len: usize, at: usize, complex: bool) -> Vector {
        let mut v = Vector::zeros(len, complex);
        v.re[at] = 1.0;
        v
    }

    #[test]
    fn the_quadrature_gives_the_literal_kernel_at_every_shift() {
        for (bonds, gamma, friction) in [
            (1, 0.4, [1.0, 0.5]),
            (3, 1.0, [1.0, 0.0]),
            (4, 0.05, [0.3, 4.0]),
            (3, 12.0, [0.0, 1.0]),
            (2, 0.7, [0.0, 0.0]),
        ] {
            let chain = chain(bonds, gamma, friction);
            for (re, im) in
                [(0.0, 0.0), (0.03, 0.0), (0.4, 0.0), (0.01, 0.02), (-0.004, 0.01), (-0.02, 0.02)]
            {
                let sigma = Complex64::new(re * gamma, im * gamma);
                if sigma == Complex64::ZERO && friction == [0.0, 0.0] {
                    continue;
                }
                let exact = literal(&chain, sigma);
                let kernel = Kernel::new(&chain, sigma, Quality::FULL);
                let complex = im != 0.0;
                let size =
                    (0..chain.coordinates()).map(|i| exact[(i, i)].norm()).fold(0.0, f64::max);
                for source in 0..chain.coordinates() {
                    let (p, r) = match source.checked_sub(bonds) {
                        Some(site) => {
                            (unit(bonds + 1, site, complex), Vector::zeros(bonds, complex))
                        }
                        None => (Vector::zeros(bonds + 1, complex), unit(bonds, source, complex)),
                    };
                    let (on_p, on_r) = kernel.apply(&p, Some(&r));
                    for i in 0..chain.coordinates() {
                        let found = if i < bonds { on_r.at(i) } else { on_p.at(i - bonds) };
                        let error = (found - exact[(i, source)]).norm() / size;
                        assert!(
                            error < 1e-12,
                            "N {bonds} γ {gamma} σ {sigma}: ({i},{source}) {found} {}: {error:e}",
                            exact[(i, source)]
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_squares_of_the_means_have_their_literal_transform() {
        // (σ - B⊗1 - 1⊗B)⁻¹ (w⊗w) on the diagonal.
        for (bonds, gamma, friction, sigma) in [
            (3, 1.0, [1.0, 0.5], (0.01, 0.03)),
            (4, 0.3, [0.0, 2.0], (-0.002, 0.004)),
            (2, 0.8, [1.0, 1.0], (0.2, 0.0)),
        ] {
            let chain = chain(bonds, gamma, friction);
            let sigma = Complex64::new(sigma.0, sigma.1);
            let n = chain.coordinates();
            let w: Vec<f64> = (0..n).map(|i| (1.3 * i as f64 + 0.4).sin()).collect();
            let solve = pair_operator(&chain, sigma).partial_piv_lu();
            let x =
                solve.solve(&Mat::from_fn(n * n, 1, |i, _| Complex64::from(w[i / n] * w[i % n])));
            let kernel = Kernel::new(&chain, sigma, Quality::FULL);
            let found = kernel.mean_squares(&w[bonds..], &w[..bonds]);
            let size = (0..n).map(|i| x[(i * (n + 1), 0)].norm()).fold(0.0, f64::max);
            for site in 0..=bonds {
                let exact = x[((bonds + site) * (n + 1), 0)];
                assert!(
                    (found.at(site) - exact).norm() < 1e-12 * size,
                    "{bonds} {sigma} {site}: {} {exact}",
                    found.at(site)
                );
            }
        }
    }

    #[test]
    fn the_flux_is_the_double_sum_of_the_kernel() {
        for (bonds, sigma) in
            [(5, Complex64::ZERO), (170, Complex64::ZERO), (140, Complex64::new(-1e-4, 2e-4))]
        {
            let chain = chain(bonds, 0.9, [1.0, 0.4]);
            let kernel = Kernel::new(&chain, sigma, Quality::FULL);
            let complex = sigma != Complex64::ZERO;
            let columns: Vec<Vector> =
                (0..=bonds).map(|n| kernel.apply(&unit(bonds + 1, n, complex), None).0).collect();
            for source in [0, bonds / 3, bonds - 1] {
                let flux = kernel.flux(&unit(bonds, source, complex));
                for bond in 0..bonds {
                    let (low, high) = (source.min(bond), source.max(bond));
                    let sum: Complex64 = (0..=low)
                        .flat_map(|m| (high + 1..=bonds).map(move |n| (m, n)))
                        .map(|(m, n)| columns[n].at(m))
                        .sum();
                    let error = (flux.at(bond) - 4.0 * chain.flip_rate * sum).norm();
                    assert!(
                        error < 1e-11 * flux.norm(),
                        "{bonds} {source} {bond}: {} {}",
                        flux.at(bond),
                        4.0 * chain.flip_rate * sum
                    );
                }
            }
        }
    }

    #[test]
    fn tables_and_corners_are_what_the_whole_chain_gives_node_by_node() {
        let sites = 1500;
        for (gamma, friction, sigma) in [
            (1.0, [1.0, 0.3], Complex64::ZERO),
            (0.2, [0.0, 5.0], Complex64::new(1e-4, 0.0)),
            (1.0, [1.0, 0.0], Complex64::new(2e-5, 1e-5)),
            (0.3, [2.0, 1.0], Complex64::new(-3e-4, 3e-4)),
            (4.0, [0.5, 1.0], Complex64::new(0.0, 2e-3)),
        ] {
            let chain = chain(sites - 1, gamma, friction);
            let split = Kernel::new(&chain, sigma, Quality::FULL);
            let whole = Kernel::split(&chain, sigma, Quality::FULL, |_| true);
            for (split, whole) in [(&split.moments, &whole.moments), (&split.flux, &whole.flux)] {
                assert!(
                    split.bulk.has_tables() && !whole.bulk.has_tables(),
                    "γ {gamma} σ {sigma}: nothing is split"
                );
            }
            let wave = |len: usize, k: f64| {
                let values: Vec<_> = (0..len)
                    .map(|n| Complex64::cis(k * n as f64) + Complex64::new(0.3, 0.0))
                    .collect();
                Vector::from_complex(&values, sigma.im != 0.0)
            };
            let (p, r) = (wave(sites, 1.3), wave(sites - 1, 0.02));
            let close = |found: &Vector, exact: &Vector, what: &str| {
                let size = (0..exact.len()).map(|n| exact.at(n).norm()).fold(0.0, f64::max);
                let error = (0..exact.len())
                    .map(|n| (exact.at(n) - found.at(n)).norm())
                    .fold(0.0, f64::max);
                // The transforms, and sums over 300 nodes in another order.
                assert!(
                    error < 1e3 * f64::EPSILON * size,
                    "γ {gamma} σ {sigma} {what}: {:.1e}",
                    error / size
                );
            };
            let (found, exact) = (split.apply(&p, Some(&r)), whole.apply(&p, Some(&r)));
            close(&found.0, &exact.0, "momenta");
            close(&found.1, &exact.1, "elongations");
            close(&split.flux(&r), &whole.flux(&r), "flux");
            // What a thermostat puts in is felt at its own end: far from it nothing is added, not
            // even the roundings of a transform, which summed over the sites would be 1e3 times
            // what is allowed here.
            let mut end = Vector::zeros(sites, sigma.im != 0.0);
            end.re[0] = 1.0;
            let (found, exact) = (split.apply(&end, None).0, whole.apply(&end, None).0);
            let far: f64 = (500..sites).map(|n| (found.at(n) - exact.at(n)).norm()).sum();
            assert!(
                far < f64::EPSILON * exact.at(0).norm(),
                "γ {gamma} σ {sigma} far from the end: {far:.1e}"
            );
        }
    }

    /// Largest violation of the row sums (6) at σ = 0.
    fn row_sums(chain: &Chain, quality: Quality) -> f64 {
        let kernel = Kernel::new(chain, Complex64::ZERO, quality);
        let mut v = Vector::zeros(chain.atoms(), false);
        v.re.fill(4.0 * chain.flip_rate);
        v.re[0] += 2.0 * chain.friction()[0];
        v.re[chain.bonds] += 2.0 * chain.friction()[1];
        let sums = kernel.apply(&v, None).0;
        sums.re.iter().map(|x| (x - 1.0).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn the_row_sums_hold_over_the_range_of_flip_rates_and_frictions() {
        for gamma in [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0] {
            for friction in [[0.01, 1.0], [1.0, 0.0], [100.0, 0.1], [100.0, 100.0]] {
                for bonds in [1, 2, 9, 50, 400] {
                    // The path has some 10/γ nodes; 400 bonds at the smallest rates only once.
                    if gamma < 0.05 && bonds > 9 && friction[0] < 100.0 {
                        continue;
                    }
                    let violation = row_sums(&chain(bonds, gamma, friction), Quality::FULL);
                    assert!(
                        violation < 1e-13,
                        "γ {gamma} λ {friction:?} N {bonds}: {violation:.1e}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_row_sums_hold_for_long_chains() {
        for (gamma, friction) in [(1.0, [1.0, 1.0]), (0.3, [0.2, 0.0]), (5.0, [1.0, 30.0])] {
            let violation = row_sums(&chain(30_000, gamma, friction), Quality::FULL);
            assert!(violation < 1e-13, "γ {gamma} λ {friction:?}: {violation:.1e}");
        }
    }
}
