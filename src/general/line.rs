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
//! never grows.

use super::Model;
use super::band::Band;
use super::profile::Local;
use crate::chain::InitialLaw;
use ndarray::Array2;
use num_complex::Complex64;

/// Roundings of a sum of up to four products of three numbers, relative to their sizes.
const ENTERING: f64 = 4.0;

/// The coefficients of the line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Number of coordinates.
    pub len: usize,
    /// 1 with pinning, where x_0 comes before u_0; 0 without.
    pub offset: usize,
    /// 0, a_0, .., a_(len-2), 0
    pub coupling: Vec<f64>,
    /// δ_i: 2γ + λ at momenta, 0 elsewhere.
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
}

impl Line {
    /// The line of a chain with or without coefficients. O(N).
    pub fn new(model: &Model) -> Line {
        let atoms = model.atoms();
        let offset = usize::from(model.is_pinned());
        let len = 2 * atoms - 1 + offset;
        let root_mass: Vec<f64> = model.mass.iter().map(|m| m.sqrt()).collect();
        let (mut own, mut before, mut excess) = (vec![], vec![], vec![]);
        if offset == 1 {
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
            if n + 1 < atoms {
                let back = if offset == 1 { before[n + 1] } else { own[n] };
                coupling[at + 1] = back / root_mass[n];
            }
        }
        let mut line = Line {
            len,
            offset,
            coupling,
            damping: vec![0.0; len],
            loss: vec![0.0; len],
            flips: vec![0.0; len],
            noise: vec![0.0; len],
            root_mass,
            own,
            before,
            excess,
        };
        for n in 0..atoms {
            let at = line.momentum(n);
            line.damping[at] = model.damping(n);
            line.loss[at] = 2.0 * model.friction[n];
            line.flips[at] = 4.0 * model.flip_rate[n];
            line.noise[at] = 2.0 * model.friction[n] * model.temperature[n];
        }
        line
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

    /// y of a vector in the theory's order.
    pub fn enter(&self, z: &[f64]) -> Vec<f64> {
        let atoms = self.root_mass.len();
        let first = z.len() - atoms;
        let mut y = vec![0.0; self.len];
        for n in 0..atoms {
            y[self.momentum(n)] = z[first + n] / self.root_mass[n];
            if self.offset == 1 {
                let back = if n == 0 { 0.0 } else { self.before[n] * z[n - 1] };
                y[self.position(n)] = self.own[n] * z[n] - back;
            } else if n > 0 {
                y[self.position(n)] = self.own[n - 1] * z[n - 1];
            }
        }
        y
    }

    /// The vector in the theory's order of y.
    pub fn leave(&self, y: &[f64]) -> Vec<f64> {
        let atoms = self.root_mass.len();
        let mut z = Vec::with_capacity(self.len);
        let mut q = 0.0;
        for n in 1 - self.offset..atoms {
            let x = y[self.position(n)];
            if self.offset == 1 {
                q = (x + self.before[n] * q) / self.own[n];
                z.push(q);
            } else {
                z.push(x / self.own[n - 1]);
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
            match (self.offset, at) {
                (1, n) if n > 0 => [(n, self.own[n]), (n - 1, -self.before[n])],
                _ => [(at, self.own[at]), (at, 0.0)],
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
        let top = match (&law.covariance, self.offset) {
            (Some(_), _) => self.len - 1,
            (None, 1) => 2.min(self.len - 1),
            (None, _) => 0,
        };
        let mut squares = 0.0;
        let mut row = |d: usize| {
            let inner = (0..self.len - d).map(|i| {
                let [sum, size] = product(i, i + d);
                // Where nothing cancels the rounding is a part of the entry.
                if size > 2.0 * sum.abs() {
                    squares += if d == 0 { size * size } else { 2.0 * size * size };
                }
                sum
            });
            std::iter::once(0.0).chain(inner).chain([0.0]).collect()
        };
        let rows = (0..=top).map(&mut row).collect();
        (Band { rows }, ENTERING * f64::EPSILON * squares.sqrt())
    }

    /// A bound of the roundings of [`Line::enter`] beyond those of y itself, in norm.
    pub fn entering(&self, z: &[f64]) -> f64 {
        if self.offset == 0 {
            return 0.0;
        }
        let terms = (1..self.own.len()).map(|n| self.before[n] * z[n - 1]);
        ENTERING * f64::EPSILON * terms.map(|term| term * term).sum::<f64>().sqrt()
    }

    /// The moments that profiles are made of. O(N); with pinning O(N) a stored diagonal.
    pub fn local(&self, y: &[f64], c: &Band) -> Local {
        let atoms = self.root_mass.len();
        let z = self.leave(y);
        let first = z.len() - atoms;
        let mut local = Local { mean_p: z[first..].to_vec(), ..Local::default() };
        let u = |n: usize| self.momentum(n);
        local.var_p = (0..atoms).map(|n| self.root_mass[n].powi(2) * c.at(u(n), u(n))).collect();
        if self.offset == 0 {
            local.mean_r = z[..first].to_vec();
            for n in 1..atoms {
                let (x, k) = (self.position(n), self.own[n - 1]);
                local.var_r.push(c.at(x, x) / (k * k));
                local.correlation.push(self.root_mass[n - 1] * c.at(u(n - 1), x) / k);
            }
            return local;
        }
        local.mean_q = z[..first].to_vec();
        // Cov(q_n, y_j) for all j, row by row.
        let mut row = vec![0.0; self.len];
        let mut variance = 0.0;
        for n in 0..atoms {
            let (x, alpha, beta, excess) =
                (self.position(n), self.own[n], self.before[n], self.excess[n]);
            if n > 0 {
                // r_n = (x_n - excess q_(n-1))/α_n: nothing cancels where the pinning is weak.
                let along = row[x];
                local.mean_r.push((y[x] - excess * local.mean_q[n - 1]) / alpha);
                local.var_r.push(
                    (c.at(x, x) - 2.0 * excess * along + excess * excess * variance)
                        / (alpha * alpha),
                );
                let p = u(n - 1);
                local
                    .correlation
                    .push(self.root_mass[n - 1] * (c.at(p, x) - excess * row[p]) / alpha);
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

    /// E r_n of a pinned chain, n ≥ 1, of means along the line.
    pub fn stretches(&self, y: &[f64]) -> Vec<f64> {
        let z = self.leave(y);
        (1..self.own.len())
            .map(|n| (y[self.position(n)] - self.excess[n] * z[n - 1]) / self.own[n])
            .collect()
    }

    /// [a, b] with r_n = a x_n - b q_(n-1) of a pinned chain, n ≥ 1.
    pub fn stretching(&self, n: usize) -> [f64; 2] {
        [1.0 / self.own[n], self.excess[n] / self.own[n]]
    }

    /// The covariance in the theory's order. O(N²).
    pub fn matrix(&self, c: &Band) -> Array2<f64> {
        self.in_theory(&Array2::from_shape_fn((self.len, self.len), |(i, j)| c.at(i, j)))
    }

    /// The covariance in the theory's order, of that along the line. O(N²).
    pub fn in_theory(&self, c: &Array2<f64>) -> Array2<f64> {
        let mut half = Array2::zeros((self.len, self.len));
        for (mut column, of_line) in half.columns_mut().into_iter().zip(c.columns()) {
            column.assign(&ndarray::arr1(&self.leave(&of_line.to_vec())));
        }
        let mut whole = Array2::zeros((self.len, self.len));
        for (mut row, of_line) in whole.rows_mut().into_iter().zip(half.rows()) {
            row.assign(&ndarray::arr1(&self.leave(&of_line.to_vec())));
        }
        // Both mirror images agree to a rounding.
        for i in 0..self.len {
            for j in 0..i {
                let middle = (whole[[i, j]] + whole[[j, i]]) / 2.0;
                (whole[[i, j]], whole[[j, i]]) = (middle, middle);
            }
        }
        whole
    }

    /// The largest factor by which an error of y, or of its covariance, enters E q_n and Var q_n.
    pub fn softness(&self, model: &Model) -> f64 {
        match self.offset {
            1 => model.gibbs_displacements().into_iter().fold(0.0, f64::max),
            _ => 0.0,
        }
    }

    /// w with z_index = w·y, for a coordinate in the theory's order.
    pub fn functional(&self, index: usize) -> Vec<f64> {
        let positions = self.len - self.root_mass.len();
        let mut w = vec![0.0; self.len];
        match index.checked_sub(positions) {
            Some(atom) => w[self.momentum(atom)] = self.root_mass[atom],
            None if self.offset == 0 => w[self.position(index + 1)] = 1.0 / self.own[index],
            None => {
                let mut part = 1.0 / self.own[index];
                for n in (0..=index).rev() {
                    w[self.position(n)] = part;
                    part *= if n > 0 { self.before[n] / self.own[n - 1] } else { 0.0 };
                }
            }
        }
        w
    }

    /// w with r_n = w·y of a pinned chain, n ≥ 1.
    pub fn stretch_functional(&self, n: usize) -> Vec<f64> {
        let mut w = self.functional(n - 1);
        w.iter_mut().for_each(|w| *w *= -self.excess[n] / self.own[n]);
        w[self.position(n)] = 1.0 / self.own[n];
        w
    }

    /// A bound of ‖∂z/∂y‖₂, z in the theory's order. With pinning DᵀkD + κ has an inverse without
    /// negative entries, whose largest row sum bounds its norm.
    pub fn reach(&self, model: &Model) -> f64 {
        let heaviest = self.root_mass.iter().copied().fold(0.0, f64::max);
        if self.offset == 0 {
            return self.own.iter().map(|root| 1.0 / root).fold(heaviest, f64::max);
        }
        let stiffness = model.stiffness_to_the_right();
        let mut pushed = vec![1.0; stiffness.len()];
        for n in (1..pushed.len()).rev() {
            let k = model.spring[n - 1];
            pushed[n - 1] += pushed[n] * (k / (k + stiffness[n]));
        }
        let (mut q, mut most) = (pushed[0] / stiffness[0], 0.0f64);
        for n in 1..pushed.len() {
            most = most.max(q);
            let k = model.spring[n - 1];
            q = (pushed[n] + k * q) / (k + stiffness[n]);
        }
        most.max(q).sqrt().max(heaviest)
    }

    /// Roundings of [`Line::leave`] in norm, relative to ε‖z‖: of a displacement along all before.
    pub fn rounding_of_leave(&self, reach: f64) -> f64 {
        match self.offset {
            1 => 2.0 * reach * self.own.iter().copied().fold(0.0, f64::max),
            _ => 0.0,
        }
    }

    /// -1 on all that is no momentum: J B J = Bᵀ.
    pub fn mirror(&self, y: &mut [Complex64]) {
        y.iter_mut().skip(1 - self.offset).step_by(2).for_each(|x| *x = -*x);
    }

    /// Divides a force on p_n by what u_n is made with.
    pub fn force(&self, n: usize, force: f64) -> f64 {
        force / self.root_mass[n]
    }
}
