//! The squared kernel (docs/theory/profiles.md, (6.1)), K_σ[a,b] = ∫_0^∞ e^(-στ) (e^(Bτ))_ab² dτ on
//! all coordinates, and its double sums Φ_ji = 4γ Σ_(m ≤ min(i,j)) Σ_(n > max(i,j)) K_mn on the
//! momenta: the flux through bond j caused by the difference across bond i, positive at σ = 0, with
//! no cancellation at any N.
//!
//! Without ends both depend on distances only: tables summed over the quadrature nodes once,
//! applied by FFT ([`super::bulk`]), O(N log N) whatever the number of nodes. The waves that an end
//! reflects die off: each node is followed from the end as far as it is felt ([`super::sweep`]).
//! Nodes whose waves pass from end to end are followed along the whole chain, O(N) each.

use super::Chain;
use super::bulk::{Bulk, Columns, Tables};
use super::group::{Group, Pair, Reach, by_reach};
use super::mean_squares::MeanSquares;
use super::pairing::{Conjugate, General, Pairing, Simd};
use super::path::{Integrand, Quality, path};
use super::sweep::{Section, Sweep, Work};
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
        through: impl Fn(&Reach) -> bool + Copy + Sync,
    ) -> Kernel {
        let of = |what: Integrand| Part::new(chain, sigma, quality, what, through);
        let (moments, flux) = rayon::join(|| of(Integrand::Moments), || of(Integrand::Flux));
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
        let chain = self.moments.groups.sweep(Section::Chain, Work::Apply { momenta, elongations });
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
            let (on_momenta, on_elongations) =
                self.moments.groups.sweep(Section::Corner(end), work);
            add_part(&mut sums.0, end, &on_momenta);
            add_part(&mut sums.1, end, &on_elongations);
        }
        sums
    }

    /// Φ g for differences g across the bonds (length N).
    pub fn flux(&self, differences: &Vector) -> Vector {
        let mut sums = self.flux.groups.sweep(Section::Chain, Work::Flux(differences)).0;
        if sums.len() == 0 {
            sums = Vector::zeros(self.bonds, differences.is_complex());
        }
        if self.flux.bulk.has_tables() {
            sums.add(Complex64::ONE, &self.flux.bulk.flux(differences));
            for end in [0, 1] {
                let inner =
                    part(differences, end, self.flux.groups.corner_reach(end).min(self.bonds));
                let corner = self.flux.groups.sweep(Section::Corner(end), Work::Flux(&inner)).0;
                add_part(&mut sums, end, &corner);
            }
        }
        sums.scale(4.0 * self.flip_rate);
        sums
    }

    /// Corrects a flux for its wave numbers, on which Φ of the chain without ends depends; the
    /// chain of conductances Φ1 treats every flux as a smooth one.
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
    /// The product of the nodes that pass through the chain, or of the corners of the others, with
    /// a vector; empty where there are none.
    fn sweep(&self, section: Section, work: Work<'_>) -> (Vector, Vector);
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
    /// The nodes that do not.
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
    fn sweep(&self, section: Section, work: Work<'_>) -> (Vector, Vector) {
        let sites = match work {
            Work::Apply { momenta, .. } => momenta.len(),
            Work::Flux(differences) => differences.len(),
        };
        let groups = if section == Section::Chain { &self.through } else { &self.local };
        let steps = |group: &Group<P>| match section {
            Section::Chain => sites,
            Section::Corner(end) => group.reach.corner[end].min(sites),
        };
        let task =
            |groups: &[&Group<P>]| P::Wide::vectorized(self.simd, Sweep { groups, section, work });
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
#[path = "kernel_tests.rs"]
mod tests;
