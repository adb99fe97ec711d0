//! The chain as a line of coordinates, each coupled to its two neighbours, whose squares add up to
//! twice the energy (docs/theory/general.md, (16.4)).
//!
//! ```text
//! y = (u_0, x_1, u_1, .., x_N, u_N)     with pinning  (x_0, u_0, x_1, u_1, .., x_N, u_N)
//! dy_i/dτ = a_i y_(i+1) - a_(i-1) y_(i-1) - δ_i y_i + f_i,      u_n = p_n/√m_n
//! ```
//!
//! Without pinning x_n = √k_n r_n. With pinning x_n = α_n q_n - β_n q_(n-1), a square factor of
//! DᵀkD + κ: with K_n the static stiffness of everything from atom n to the right, α_n² = k_n + K_n
//! and β_n = k_n/α_n. Only positive numbers are added. The drift is antisymmetric but for the
//! damping, so the second moments contract in the Frobenius norm, and an error made on the way
//! never grows. On a ring y = (x_0, u_0, .., x_(N-1), u_(N-1)) goes around: u_(N-1) is beside x_0,
//! and with pinning K_n is that of the ring unrolled into an endless chain.

mod reading;

use super::Model;
use super::band::{Band, close};
use super::profile::Local;
use crate::budget::rounding;
use crate::chain::{InitialLaw, RingFactor};
use num_complex::Complex64;
use sprs::{CsMat, TriMat};

/// The coefficients of the line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Number of coordinates.
    pub len: usize,
    /// 1 with pinning or on a ring, where x_0 comes before u_0; 0 otherwise.
    pub offset: usize,
    /// Whether the line is a ring.
    pub ring: bool,
    /// Whether any atom is pinned.
    pub pinned: bool,
    /// 0, a_0, .., a_(len-2), 0; of a ring a_(len-1), a_0, .., a_(len-1), and once more around.
    pub coupling: Vec<f64>,
    /// δ_i: 2γ + λ at momenta, 0 elsewhere; of a ring twice around.
    pub damping: Vec<f64>,
    /// The rate at which the variance of y_i decays: 2λ at momenta, which flips leave alone; 0
    /// elsewhere.
    pub loss: Vec<f64>,
    /// 4γ at momenta.
    pub flips: Vec<f64>,
    /// 2λT at momenta.
    pub noise: Vec<f64>,
    /// √m_n
    pub root_mass: Vec<f64>,
    /// √k_n, or α_n with pinning; of x_n, from n = 1 - offset on.
    own: Vec<f64>,
    /// β_n with pinning, otherwise empty.
    before: Vec<f64>,
    /// K_n/α_n with pinning: r_n = (x_n - (K_n/α_n) q_(n-1))/α_n.
    excess: Vec<f64>,
    /// Of a pinned ring.
    factor: Option<RingFactor>,
}

impl Line {
    /// The line of a chain with or without coefficients. O(N).
    pub fn new(model: &Model) -> Line {
        let atoms = model.atoms();
        let (ring, pinned) = (model.ring, model.is_pinned());
        let offset = usize::from(pinned || ring);
        let len = 2 * atoms - 1 + offset;
        let root_mass: Vec<f64> = model.mass.iter().map(|m| m.sqrt()).collect();
        let (mut own, mut before, mut excess) = (vec![], vec![], vec![]);
        let factor = (ring && pinned).then(|| RingFactor::new(&model.pinning, &model.spring));
        if let Some(factor) = &factor {
            own.clone_from(&factor.own);
            before.clone_from(&factor.before);
            excess.extend(factor.stiffness.iter().zip(&own).map(|(s, own)| s / own));
        } else if pinned {
            let stiffness = model.stiffness_to_the_right();
            for (n, stiffness) in stiffness.into_iter().enumerate() {
                let k = if n == 0 { 0.0 } else { model.spring[n - 1] };
                let alpha = (k + stiffness).sqrt();
                own.push(alpha);
                before.push(k / alpha);
                excess.push(stiffness / alpha);
            }
        } else {
            own.extend(model.spring.iter().map(|k| k.sqrt()));
        }
        let mut coupling = vec![0.0; len + 1];
        for n in 0..atoms {
            let at = 2 * n + offset;
            if at > 0 {
                coupling[at] = own[n + offset - 1] / root_mass[n];
            }
            if let Some(bond) = model.bond_after(n) {
                // x_(n+1) is the bond's own, or with pinning that of the atom beyond it.
                let back = match pinned {
                    true => before[(n + 1) % atoms],
                    false => own[bond],
                };
                coupling[at + 1] = back / root_mass[n];
            }
        }
        if ring {
            coupling[0] = coupling[len];
            coupling.extend_from_within(1..=len);
        }
        let mut line = Line {
            len,
            offset,
            ring,
            pinned,
            coupling,
            damping: vec![0.0; len],
            loss: vec![0.0; len],
            flips: vec![0.0; len],
            noise: vec![0.0; len],
            root_mass,
            own,
            before,
            excess,
            factor,
        };
        for n in 0..atoms {
            let at = line.momentum(n);
            line.damping[at] = model.damping(n);
            line.loss[at] = 2.0 * model.friction[n];
            line.flips[at] = 4.0 * model.flip_rate[n];
            line.noise[at] = 2.0 * model.friction[n] * model.temperature[n];
        }
        if ring {
            line.damping.extend_from_within(..);
        }
        line
    }

    /// The atom to the left of atom n, on a ring or with n > 0.
    fn left_of(&self, n: usize) -> usize {
        let atoms = self.root_mass.len();
        (n + atoms - 1) % atoms
    }

    /// The place of √k or α of x_n among all of them.
    fn index(&self, n: usize) -> usize {
        n + self.offset - 1
    }

    /// The atoms with an x_n.
    fn with_position(&self) -> std::ops::Range<usize> {
        1 - self.offset..self.root_mass.len()
    }

    /// The atoms with a bond to their left.
    fn with_bond(&self) -> std::ops::Range<usize> {
        usize::from(!self.ring)..self.root_mass.len()
    }

    /// The place of u_n.
    pub fn momentum(&self, n: usize) -> usize {
        2 * n + self.offset
    }

    /// The place of x_n.
    fn position(&self, n: usize) -> usize {
        2 * n + self.offset - 1
    }

    /// A bound of the norm of B.
    pub fn norm(&self) -> f64 {
        let couplings = self.coupling.windows(2).map(|pair| pair[0] + pair[1]);
        let damping = self.damping.iter().copied().fold(0.0, f64::max);
        couplings.fold(0.0, f64::max) + damping
    }

    /// B along the line.
    pub fn drift(&self) -> CsMat<f64> {
        let n = self.len;
        let mut b = TriMat::new((n, n));
        for i in 0..n {
            b.add_triplet(i, i, -self.damping[i]);
            if self.ring || i + 1 < n {
                b.add_triplet(i, (i + 1) % n, self.coupling[i + 1]);
            }
            if self.ring || i > 0 {
                b.add_triplet(i, (i + n - 1) % n, -self.coupling[i]);
            }
        }
        b.to_csr()
    }

    /// y of a vector in the theory's order.
    pub fn enter(&self, z: &[f64]) -> Vec<f64> {
        let atoms = self.root_mass.len();
        let first = z.len() - atoms;
        let mut y = vec![0.0; self.len];
        for n in 0..atoms {
            y[self.momentum(n)] = z[first + n] / self.root_mass[n];
            if self.pinned {
                // β_0 is 0 on an open chain.
                let back = self.before[n] * z[self.left_of(n)];
                y[self.position(n)] = self.own[n] * z[n] - back;
            } else if self.with_position().contains(&n) {
                let index = self.index(n);
                y[self.position(n)] = self.own[index] * z[index];
            }
        }
        y
    }

    /// The vector in the theory's order of y.
    pub fn leave(&self, y: &[f64]) -> Vec<f64> {
        let atoms = self.root_mass.len();
        let mut z = Vec::with_capacity(self.len);
        // The last displacement of a ring is the one before the first.
        let mut q = self.factor.as_ref().map_or(0.0, |factor| {
            let around = (0..atoms)
                .fold(0.0, |q, n| (y[self.position(n)] + self.before[n] * q) / self.own[n]);
            around / factor.lost
        });
        for n in self.with_position() {
            let x = y[self.position(n)];
            if self.pinned {
                q = (x + self.before[n] * q) / self.own[n];
                z.push(q);
            } else {
                z.push(x / self.own[self.index(n)]);
            }
        }
        z.extend((0..atoms).map(|n| self.root_mass[n] * y[self.momentum(n)]));
        z
    }

    /// The covariance of y under an initial law, and a bound of what cancels in it, in norm.
    /// Independent coordinates take O(N), with pinning three diagonals; a covariance O(N²).
    pub fn covariance(&self, law: &InitialLaw) -> (Band, f64) {
        let positions = law.mean_r.len();
        let theory = |i: usize| match i % 2 == self.offset {
            true => positions + i / 2,
            false => (i + 1 - self.offset) / 2 - (1 - self.offset),
        };
        // y_i as a combination of one or two coordinates of the theory.
        let parts = |i: usize| -> [(usize, f64); 2] {
            let at = theory(i);
            if i % 2 == self.offset {
                return [(at, 1.0 / self.root_mass[i / 2]), (at, 0.0)];
            }
            match self.pinned {
                true => [(at, self.own[at]), (self.left_of(at), -self.before[at])],
                false => [(at, self.own[at]), (at, 0.0)],
            }
        };
        let variance = law.variance();
        let entry = |i: usize, j: usize| match &law.covariance {
            Some(c) => c[[i, j]],
            None if i == j => variance[i],
            None => 0.0,
        };
        // The sum, and what its roundings are relative to.
        let product = |i: usize, j: usize| -> [f64; 2] {
            let (a, b) = (parts(i), parts(j));
            let all = a.iter().flat_map(|(k, x)| b.iter().map(move |(l, y)| (k, x, l, y)));
            all.filter(|(_, x, _, y)| **x != 0.0 && **y != 0.0)
                .map(|(&k, x, &l, y)| x * y * entry(k, l))
                .fold([0.0; 2], |[sum, size], term| [sum + term, size + term.abs()])
        };
        let widest = if self.ring { self.len / 2 } else { self.len - 1 };
        let top = match (&law.covariance, self.pinned) {
            (Some(_), _) => widest,
            (None, true) => 2.min(widest),
            (None, false) => 0,
        };
        let mut squares = 0.0;
        let mut row = |d: usize| {
            let count = if self.ring { self.len } else { self.len - d };
            let inner = (0..count).map(|i| {
                let [sum, size] = product(i, (i + d) % self.len);
                // Where nothing cancels the rounding is a part of the entry.
                if size > 2.0 * sum.abs() {
                    squares += if d == 0 { size * size } else { 2.0 * size * size };
                }
                sum
            });
            let mut row: Vec<f64> = std::iter::once(0.0).chain(inner).chain([0.0]).collect();
            if self.ring {
                close(&mut row);
            }
            row
        };
        let rows = (0..=top).map(&mut row).collect();
        (Band { rows, ring: self.ring }, rounding::FORMULA * squares.sqrt())
    }

    /// A bound of the roundings of [`Line::enter`] beyond those of y itself, in norm.
    pub fn entering(&self, z: &[f64]) -> f64 {
        if !self.pinned {
            return 0.0;
        }
        let terms = self.with_bond().map(|n| self.before[n] * z[self.left_of(n)]);
        rounding::FORMULA * terms.map(|term| term * term).sum::<f64>().sqrt()
    }

    /// The moments that profiles are made of. O(N); with pinning O(N) a stored diagonal.
    pub fn local(&self, y: &[f64], c: &Band) -> Local {
        let atoms = self.root_mass.len();
        let z = self.leave(y);
        let first = z.len() - atoms;
        let mut local = Local { mean_p: z[first..].to_vec(), ..Local::default() };
        let u = |n: usize| self.momentum(n);
        local.var_p = (0..atoms).map(|n| self.root_mass[n].powi(2) * c.at(u(n), u(n))).collect();
        if !self.pinned {
            local.mean_r = z[..first].to_vec();
            for n in self.with_bond() {
                let (x, k) = (self.position(n), self.own[self.index(n)]);
                let left = self.left_of(n);
                local.var_r.push(c.at(x, x) / (k * k));
                local.correlation.push(self.root_mass[left] * c.at(u(left), x) / k);
            }
            return local;
        }
        local.mean_q = z[..first].to_vec();
        // Cov(q_n, y_j) for all j, row by row; on a ring the last row comes before the first.
        let (mut row, mut variance) = self.last_of_ring(c);
        for n in 0..atoms {
            let (x, alpha, beta, excess) =
                (self.position(n), self.own[n], self.before[n], self.excess[n]);
            if self.with_bond().contains(&n) {
                // r_n = (x_n - excess q_(n-1))/α_n: nothing cancels where the pinning is weak.
                let (along, left) = (row[x], self.left_of(n));
                local.mean_r.push((y[x] - excess * local.mean_q[left]) / alpha);
                local.var_r.push(
                    (c.at(x, x) - 2.0 * excess * along + excess * excess * variance)
                        / (alpha * alpha),
                );
                let p = u(left);
                local
                    .correlation
                    .push(self.root_mass[left] * (c.at(p, x) - excess * row[p]) / alpha);
            }
            let along = row[x];
            variance = (c.at(x, x) + 2.0 * beta * along + beta * beta * variance) / (alpha * alpha);
            local.var_q.push(variance);
            for (j, value) in row.iter_mut().enumerate() {
                *value = (c.at(x, j) + beta * *value) / alpha;
            }
        }
        local
    }

    /// Cov(q_(N-1), y_j) of a ring and Var q_(N-1); zeros of an open chain, where nothing is before
    /// the first atom.
    fn last_of_ring(&self, c: &Band) -> (Vec<f64>, f64) {
        let atoms = self.root_mass.len();
        let Some(factor) = &self.factor else { return (vec![0.0; self.len], 0.0) };
        let weights = factor.weights(atoms - 1);
        let with = |of: &dyn Fn(usize) -> f64| -> f64 {
            (0..atoms).map(|n| weights[n] * of(self.position(n))).sum()
        };
        let row: Vec<f64> = (0..self.len).map(|j| with(&|i| c.at(i, j))).collect();
        let variance = with(&|i| row[i]);
        (row, variance)
    }

    /// -1 on all that is no momentum: Σ B Σ = Bᵀ.
    pub fn mirror(&self, y: &mut [Complex64]) {
        y.iter_mut().skip(1 - self.offset).step_by(2).for_each(|x| *x = -*x);
    }

    /// Divides a force on p_n by what u_n is made with.
    pub fn force(&self, n: usize, force: f64) -> f64 {
        force / self.root_mass[n]
    }
}
