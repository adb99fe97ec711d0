//! The linear equation of the means and of what drives them, z̃' = B̃ z̃, z̃ = (z̄, 1, cos lωτ, sin
//! lωτ, ..), and of their pairs: what [`super::returns`] doubles.

use crate::chain::{Chain, Double, InitialLaw};
use crate::numerics::triangle::{count, fold, place};
use crate::numerics::wide_matrix::Power;
use crate::scenario::Topology;
use rayon::prelude::*;

/// Bonds at most of a chain whose powers are formed.
pub(super) const LARGEST: usize = 64;

/// ‖B̃‖h of a short step.
const STEP: f64 = 0.25;

/// Terms of its series in 32 digits: 0.25²⁴/24! is below 10⁻³⁷.
const WIDE_TERMS: usize = 24;

/// Terms of the series of pairs: 0.5¹⁸/18! is below 10⁻²¹.
pub(super) const TERMS: usize = 18;

/// The rows of B̃, and what follows from them.
pub(super) struct Turning<'a> {
    pub chain: &'a Chain,
    coordinates: usize,
    pub rows: Vec<Vec<(usize, Double)>>,
}

impl<'a> Turning<'a> {
    pub fn new(chain: &'a Chain) -> Turning<'a> {
        let n = chain.coordinates();
        let mut rows: Vec<Vec<(usize, Double)>> = vec![Vec::new(); n];
        for (b, (row, column)) in chain.drift().iter() {
            rows[row].push((column, (*b).into()));
        }
        // Friction and flips stand apart, so that both keep their digits.
        let friction = chain.thermostats().0;
        for (atom, friction) in friction.into_iter().enumerate() {
            let p = chain.bonds + atom;
            let damping = Double::from(2.0 * chain.flip_rate).plus(friction.into()).negated();
            rows[p].retain(|(column, _)| *column != p);
            rows[p].push((p, damping));
        }
        if chain.topology == Topology::Open && chain.force != Default::default() {
            rows[n - 1].push((n, chain.force.mean.into()));
            rows.push(Vec::new());
            for &(order, f) in &chain.force.harmonics {
                let (cosine, sine) = (rows.len(), rows.len() + 1);
                rows[n - 1].extend([(cosine, (2.0 * f.re).into()), (sine, (-2.0 * f.im).into())]);
                let turning = chain.force.frequency.scaled(f64::from(order));
                rows.push(vec![(sine, turning.negated())]);
                rows.push(vec![(cosine, turning)]);
            }
        }
        Turning { chain, coordinates: n, rows }
    }

    /// Of z.
    pub fn coordinates(&self) -> usize {
        self.coordinates
    }

    /// Of z̃.
    pub fn size(&self) -> usize {
        self.rows.len()
    }

    /// Pairs of z, which come first, and of z̃.
    pub fn pairs(&self) -> [usize; 2] {
        [count(self.coordinates), count(self.size())]
    }

    /// The pairs that are currents.
    pub fn currents(&self) -> Vec<usize> {
        let pair = |bond: usize| self.chain.left_pair(bond);
        (0..self.chain.bonds).map(pair).map(|(p, r)| place(p, r)).collect()
    }

    /// A power of two.
    pub fn step(&self) -> f64 {
        let sums = self.rows.iter().map(|row| row.iter().map(|(_, b)| b.hi.abs()).sum());
        2f64.powi((STEP / sums.fold(1.0, f64::max)).log2().floor() as i32)
    }

    /// z̃(0)
    pub fn start(&self, law: &InitialLaw) -> Vec<Double> {
        let mut start: Vec<Double> = law.mean().into_iter().map(Double::from).collect();
        if self.size() > self.coordinates {
            start.push(1.0.into());
            start.extend(
                self.chain.force.harmonics.iter().flat_map(|_| [1.0, 0.0]).map(Double::from),
            );
        }
        start
    }

    /// The force, from z̃.
    pub fn force(&self, means: &[Double]) -> Double {
        let n = self.coordinates;
        let driving = self.rows[n - 1].iter().filter(|(column, _)| *column >= n);
        driving.fold(Double::default(), |sum, (column, b)| sum.plus(b.times(means[*column])))
    }

    /// -(F p̄_N + λ_+(T_+ - E p_N²)), λ_+(T_+ - Var p_N) being `inflow`: the work and what friction
    /// takes of the mean motion may cancel.
    pub fn leaving(&self, means: &[Double], inflow: f64) -> f64 {
        let [_, friction] = self.chain.friction();
        let momentum = means[self.coordinates - 1];
        let work = self.force(means).times(momentum);
        let kept = momentum.times(momentum).scaled(friction);
        0.0 - work.plus(kept.negated()).plus(inflow.into()).hi
    }

    /// e^(B̃t) of a time up to [`Turning::step`].
    pub fn short(&self, time: Double) -> Power {
        let column = |j: usize| {
            let mut term = vec![Double::default(); self.size()];
            let mut sum = term.clone();
            term[j] = 1.0.into();
            for k in 1..=WIDE_TERMS {
                let factor = time.divided(k as f64);
                let row = |row: &Vec<(usize, Double)>| {
                    let terms = row.iter().map(|(j, b)| b.times(term[*j]));
                    terms.fold(Double::default(), Double::plus).times(factor)
                };
                term = self.rows.iter().map(row).collect();
                sum.iter_mut().zip(&term).for_each(|(sum, term)| *sum = sum.plus(*term));
            }
            sum
        };
        let columns: Vec<_> = (0..self.size()).into_par_iter().map(column).collect();
        Power::of_columns(&columns)
    }

    /// The part of the largest mean that doublings have lost by a time: roundings of 2⁻¹⁰⁴, which
    /// every one doubles.
    pub fn doubled(&self, time: f64) -> f64 {
        let fastest = 4.0 + self.chain.force.highest_frequency();
        2f64.powi(-100) * self.size() as f64 * (1.0 + fastest * time)
    }

    /// B̃ X + X B̃ᵀ, and `given` times the squares of p, times `factor`, of a symmetric X.
    pub fn slope(&self, x: &[f64], factor: f64, given: f64) -> Vec<f64> {
        let size = self.size();
        let mut half = vec![0.0; size * size];
        for (half, row) in half.chunks_mut(size).zip(&self.rows) {
            for (j, b) in row {
                let (x, b) = (&x[j * size..(j + 1) * size], factor * b.hi);
                half.iter_mut().zip(x).for_each(|(half, x)| *half += b * x);
            }
        }
        let mut slope = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..size {
                slope[i * size + j] = half[i * size + j] + half[j * size + i];
            }
        }
        for p in self.chain.bonds..self.coordinates {
            slope[p * size + p] += factor * given * x[p * size + p];
        }
        slope
    }

    /// What flips have given back a time up to [`Turning::step`] after the pairs were `start`, a
    /// symmetric matrix: D' = 𝓛D + 4γ diag_p(Y) for every Y, term by term.
    pub fn short_returns(&self, start: Vec<f64>, time: f64) -> Vec<f64> {
        let (size, bonds) = (self.size(), self.chain.bonds);
        let mut term = start;
        let (mut given, mut sum) = (vec![0.0; size * size], vec![0.0; size * size]);
        for k in 1..=TERMS {
            let factor = time / k as f64;
            let mut next = self.slope(&given, factor, 0.0);
            for p in bonds..self.coordinates {
                let at = p * size + p;
                next[at] += factor * 4.0 * self.chain.flip_rate * (given[at] + term[at]);
            }
            (given, term) = (next, self.slope(&term, factor, 0.0));
            sum.iter_mut().zip(&given).for_each(|(sum, given)| *sum += given);
        }
        let (n, mut matrix) = (self.coordinates, Vec::with_capacity(self.coordinates.pow(2)));
        (0..n).for_each(|i| matrix.extend_from_slice(&sum[i * size..i * size + n]));
        let mut triangle = vec![0.0; count(n)];
        fold(&matrix, n, &mut triangle);
        triangle
    }

    /// Whether what begins at this pair reaches a momentum's square within a short step.
    pub fn meets_a_flip(&self, [i, j]: [usize; 2]) -> bool {
        let n = self.coordinates;
        let of_last = |i: usize| if i < n { i } else { n - 1 };
        let [i, j] = [of_last(i), of_last(j)].map(|i| self.along(i));
        let apart = i.abs_diff(j);
        let apart =
            if self.chain.topology == Topology::Ring { apart.min(n - apart) } else { apart };
        apart <= TERMS
    }

    /// The place of a coordinate along the chain.
    fn along(&self, coordinate: usize) -> usize {
        let bonds = self.chain.bonds;
        match (coordinate.checked_sub(bonds), self.chain.topology) {
            (Some(atom), _) => 2 * atom,
            (None, Topology::Open) => 2 * coordinate + 1,
            (None, Topology::Ring) => (2 * coordinate + 2 * bonds - 1) % (2 * bonds),
        }
    }

    /// The parity of a pair of z when time runs backwards, and how often it stands in a matrix.
    pub fn parities(&self) -> Vec<[f64; 2]> {
        let sign = |i: usize| if i < self.chain.bonds { -1.0 } else { 1.0 };
        let pair = |i: usize, j: usize| [sign(i) * sign(j), if i == j { 1.0 } else { 2.0 }];
        (0..self.coordinates).flat_map(|j| (0..=j).map(move |i| pair(i, j))).collect()
    }

    /// The triangle of E S Eᵀ, S the unit of the pair (i, j) of z̃ and E by columns.
    pub fn turned_pair(&self, e: &[f64], [i, j]: [usize; 2], to: &mut [f64]) {
        let size = self.size();
        let (first, second) = (&e[i * size..(i + 1) * size], &e[j * size..(j + 1) * size]);
        for b in 0..size {
            for a in 0..=b {
                let once = first[a] * second[b];
                to[place(a, b)] = if i == j { once } else { once + second[a] * first[b] };
            }
        }
    }
}
