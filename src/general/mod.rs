//! Any harmonic chain with flips: masses m_n, springs k_n, pinning κ_n, flip rates γ_n, thermostats
//! and forces at every site (docs/theory/general.md, (16.1)). Rings are served by [`exponential`],
//! [`steps`] and [`literal`] alone.
//!
//! With u_n = p_n/√m_n the second moments of a stationary state follow from the response of u to u,
//!
//! ```text
//! Φ(s) = m s² + m (2γ + λ) s + DᵀkD + κ      (tridiagonal),      G_ab(s) = s √m_a Φ⁻¹_ab √m_b,
//! K_ab = (1/π) ∫_0^∞ |G_ab(iω)|² dω,        θ = K q,             q = 4γ θ + 4γ ū² + 2 λ T,
//! ```
//!
//! θ_n = Var p_n/m_n being the kinetic temperature. [`response`] holds Φ⁻¹ by continued fractions,
//! [`quadrature`] the nodes ω, [`network`] solves for θ, [`stationary`] reads everything off. Cost:
//! O(N) a node, some hundreds of nodes. Error: two quadratures are compared, and what the iteration
//! leaves is solved for.

pub mod band;
pub mod contour;
pub mod covariance;
mod eight;
pub mod exponential;
pub mod harmonics;
mod kernel;
mod late;
pub(crate) mod law;
pub mod line;
pub mod literal;
pub mod mean;
pub mod network;
pub mod path;
pub mod profile;
pub mod quadrature;
pub mod resolvent;
pub mod response;
mod series;
pub mod stationary;
pub mod steps;
mod taylor;
mod transforms;
pub mod ways;

use crate::chain::{Chain, RingFactor, in_series, stiffnesses};
use crate::numerics::vector::largest_of;
use crate::observe::series::Integrated;
use crate::scenario::Topology;
use num_complex::Complex64;

/// The chain as the equations of this room see it. Mirrored where that puts the colder end first:
/// temperatures are then sums of positive differences from there.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Whether the last atom is beside the first.
    pub ring: bool,
    /// m_0 .. m_N
    pub mass: Vec<f64>,
    /// k_1 .. k_N; of a ring k_0 .. k_(N-1), k_n between atoms n-1 and n
    pub spring: Vec<f64>,
    /// κ_0 .. κ_N
    pub pinning: Vec<f64>,
    /// γ_0 .. γ_N
    pub flip_rate: Vec<f64>,
    /// λ_0 .. λ_N
    pub friction: Vec<f64>,
    /// T_n where there is a thermostat, 0 elsewhere.
    pub temperature: Vec<f64>,
}

impl Model {
    /// The model of a chain with or without coefficients. O(N).
    pub fn new(chain: &Chain) -> Model {
        let atoms = chain.atoms();
        let (mut friction, mut temperature) = (vec![0.0; atoms], vec![0.0; atoms]);
        let ends = [(0, chain.left), (atoms - 1, chain.right)];
        let ends = ends.into_iter().filter_map(|(site, end)| Some((site, end?)));
        let thermostats = match chain.coefficients() {
            Some(general) => general.thermostats.clone(),
            None => ends.collect(),
        };
        for (site, t) in thermostats {
            (friction[site], temperature[site]) = (t.friction, t.temperature);
        }
        let (mass, spring, pinning) = match chain.coefficients() {
            Some(all) => (all.mass.clone(), all.spring.clone(), all.pinning.clone()),
            None => (vec![1.0; atoms], vec![1.0; chain.bonds], vec![0.0; atoms]),
        };
        let flip_rate = chain.flip_rates();
        let ring = chain.topology == Topology::Ring;
        Model { ring, mass, spring, pinning, flip_rate, friction, temperature }
    }

    /// N+1.
    pub fn atoms(&self) -> usize {
        self.mass.len()
    }

    /// Whether any atom is pinned.
    pub fn is_pinned(&self) -> bool {
        self.pinning.iter().any(|&pinning| pinning > 0.0)
    }

    /// The atoms with a thermostat.
    pub fn thermostats(&self) -> impl Iterator<Item = usize> {
        (0..self.atoms()).filter(|&n| self.friction[n] > 0.0)
    }

    /// The place in `spring` of the bond to the left of atom n.
    pub fn bond_before(&self, n: usize) -> Option<usize> {
        if self.ring { Some(n) } else { n.checked_sub(1) }
    }

    /// The place in `spring` of the bond to the right of atom n.
    pub fn bond_after(&self, n: usize) -> Option<usize> {
        match self.ring {
            true => Some((n + 1) % self.atoms()),
            false => (n < self.spring.len()).then_some(n),
        }
    }

    /// The springs on both sides of atom n; 0 beyond an end.
    fn springs_at(&self, n: usize) -> [f64; 2] {
        [self.bond_before(n), self.bond_after(n)]
            .map(|bond| bond.map_or(0.0, |bond| self.spring[bond]))
    }

    /// The stiffness of atom n against all others at rest.
    fn own_springs(&self, n: usize) -> f64 {
        let [before, after] = self.springs_at(n);
        self.pinning[n] + before + after
    }

    /// Adds what entered at the thermostat of atom n; a ring has no ends.
    fn add_entered(&self, to: &mut Integrated, n: usize, entered: f64) {
        match n {
            0 if !self.ring => to.left += entered,
            n if n + 1 == self.atoms() && !self.ring => to.right += entered,
            _ => to.others += entered,
        }
    }

    /// 2γ_n + λ_n
    pub fn damping(&self, n: usize) -> f64 {
        2.0 * self.flip_rate[n] + self.friction[n]
    }

    /// The same open chain read from its other end.
    pub fn mirrored(&self) -> Model {
        let turned = |values: &[f64]| values.iter().rev().copied().collect();
        Model {
            ring: self.ring,
            mass: turned(&self.mass),
            spring: turned(&self.spring),
            pinning: turned(&self.pinning),
            flip_rate: turned(&self.flip_rate),
            friction: turned(&self.friction),
            temperature: turned(&self.temperature),
        }
    }

    /// The static stiffness of everything from each atom of an open chain to the right.
    pub fn stiffness_to_the_right(&self) -> Vec<f64> {
        let [_, right] = stiffnesses(&self.pinning, &self.spring);
        right
    }

    /// Var q_n at temperature 1, of a pinned chain.
    pub fn gibbs_displacements(&self) -> Vec<f64> {
        if self.ring {
            let factor = RingFactor::new(&self.pinning, &self.spring);
            let squares = |n: usize| factor.weights(n).into_iter().map(|w| w * w).sum();
            return (0..self.atoms()).map(squares).collect();
        }
        let [left, right] = stiffnesses(&self.pinning, &self.spring);
        let beyond = |n: usize| self.spring.get(n).map_or(0.0, |&k| in_series(k, right[n + 1]));
        (0..self.atoms()).map(|n| 1.0 / (left[n] + beyond(n))).collect()
    }

    /// The largest factor by which an error of the energy's coordinates, or of their covariance,
    /// enters E q_n² and Var q_n; 0 without pinning.
    pub fn softness(&self) -> f64 {
        if self.is_pinned() { largest_of(self.gibbs_displacements()) } else { 0.0 }
    }

    /// Var r_n of an open chain at temperature 1: the springs to its left and to its right are in
    /// series with its own.
    pub fn gibbs_elongations(&self) -> Vec<f64> {
        let [left, right] = stiffnesses(&self.pinning, &self.spring);
        let bond = |(n, k): (usize, &f64)| 1.0 / (k + in_series(left[n], right[n + 1]));
        self.spring.iter().enumerate().map(bond).collect()
    }

    /// The energy p²/2m + k r²/2 + κ q²/2 at site n with the bond to its left, of the squares p²,
    /// r² and q² (of means, or variances).
    fn energy(&self, n: usize, [p, r, q]: [f64; 3]) -> f64 {
        let spring = self.bond_before(n).map_or(0.0, |bond| self.spring[bond]);
        (p / self.mass[n] + spring * r + self.pinning[n] * q) / 2.0
    }

    /// ζ_n = κ_n - m_n ω² + iω m_n (2γ_n + λ_n), the atom's own part of Φ(iω).
    fn own_stiffness(&self, n: usize, frequency: f64) -> Complex64 {
        let mass = self.mass[n];
        Complex64::new(
            self.pinning[n] - mass * frequency * frequency,
            frequency * mass * self.damping(n),
        )
    }

    /// The largest frequency, by Gershgorin's circles of m^(-1/2)(DᵀkD + κ)m^(-1/2).
    pub fn largest_frequency(&self) -> f64 {
        let atoms = self.atoms();
        let row = |n: usize| {
            let [before, after] = self.springs_at(n);
            let own = (before + after + self.pinning[n]) / self.mass[n];
            let coupling = |k: f64, other: usize| {
                if k == 0.0 { 0.0 } else { k / (self.mass[n] * self.mass[other]).sqrt() }
            };
            own + coupling(before, (n + atoms - 1) % atoms) + coupling(after, (n + 1) % atoms)
        };
        (0..self.atoms()).map(row).fold(0.0, f64::max).sqrt()
    }

    /// The least of γ_n + λ_n/2: every mode that oscillates is damped at this rate at least.
    pub fn least_damping(&self) -> f64 {
        (0..self.atoms()).map(|n| self.damping(n) / 2.0).fold(f64::INFINITY, f64::min)
    }

    /// A lower bound of the frequencies at which the overdamped modes relax.
    pub fn slowest_rate(&self) -> f64 {
        let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
        let atoms = self.atoms() as f64;
        let damping = (0..self.atoms()).map(|n| self.damping(n)).fold(0.0, f64::max);
        // The lowest frequency of N bonds is at least 2/(N+1) √(k/m).
        let square = 4.0 * least(&self.spring) / (most(&self.mass) * atoms * atoms);
        square / (damping + square.sqrt())
    }
}
