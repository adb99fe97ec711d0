//! The interface equation (1 - T) w = b of [`super::super::interface`] as a dense matrix in 32
//! digits, its solution, and what is read off it.
//!
//! Unknowns: the cosine sums t_j = (1/M) Σ_n d_n cos(πj(n+½)/M), then y and x of every end in
//! modes.

use super::super::packed;
use super::super::{Diagonals, Driven, SolveError, Source, Target};
use super::AtEnds;
use super::pairs::{Blocks, Pair, Shift};
use crate::chain::Chain;
use crate::numerics::double_double::Double;
use crate::numerics::wide::{self, Matrix, Wide};
use crate::scenario::Thermostat;
use num_complex::Complex64;

/// One thermostat: friction, and 1 (left) or -1 (right), the sign of e at odd modes.
#[derive(Clone, Copy)]
struct End {
    friction: f64,
    sign: f64,
    atom: usize,
}

/// The parts that the interface's solves of one chain share.
pub(super) struct Interface {
    flip_rate: f64,
    atoms: usize,
    ends: Vec<End>,
    /// a_k
    frequency: Vec<Double>,
    /// ν_k
    norm: Vec<Double>,
    /// e of the left end.
    shape: Vec<Double>,
    /// cos(πm/2M), m = 0 .. 4M-1
    cosine: Vec<Double>,
}

/// The place of a cosine sum of index k ± k': its index, and its sign.
#[derive(Clone, Copy)]
struct Entry {
    index: usize,
    sign: f64,
}

/// A symmetric right-hand side in modes.
struct Given<'a> {
    state: Option<&'a [f64]>,
    scale: Wide,
    /// Cosine sums of q.
    table: Vec<Wide>,
}

impl Interface {
    pub fn new(chain: &Chain) -> Interface {
        let m = chain.atoms();
        let [left, right] = [chain.left, chain.right];
        let end = |thermostat: Option<Thermostat>, sign, atom| {
            thermostat.map(|t| End { friction: t.friction, sign, atom })
        };
        let ends = [end(left, 1.0, 0), end(right, -1.0, m - 1)].into_iter().flatten();
        let cosine: Vec<Double> = (0..4 * m).map(|i| Double::cos_half_turns(i, 2 * m)).collect();
        // sin x = cos(π/2 - x).
        let frequency = (0..m).map(|k| cosine[m - k].scaled(2.0)).collect();
        let one = Double::from(1.0);
        let norm: Vec<Double> =
            (0..m).map(|k| if k == 0 { one.scaled(0.5).sqrt() } else { one }).collect();
        let scale = one.scaled(2.0).divided(m as f64).sqrt();
        let shape = (0..m).map(|k| norm[k] * scale * cosine[k]).collect();
        Interface {
            flip_rate: chain.flip_rate,
            atoms: m,
            ends: ends.filter(|end| end.friction > 0.0).collect(),
            frequency,
            norm,
            shape,
            cosine,
        }
    }

    /// cos(π numerator/2M)
    fn cos(&self, numerator: usize) -> Double {
        self.cosine[numerator % (4 * self.atoms)]
    }

    /// sin(π numerator/2M) = cos(π (numerator - M)/2M)
    fn sin(&self, numerator: usize) -> Double {
        self.cos(numerator + 3 * self.atoms)
    }

    /// e_k of an end.
    fn shape(&self, end: &End, k: usize) -> Double {
        self.shape[k].scaled(if k % 2 == 1 { end.sign } else { 1.0 })
    }

    /// t_j of numbers at the atoms.
    fn table(&self, values: &[Complex64]) -> Vec<Wide> {
        let m = self.atoms;
        let sum = |j: usize| {
            let terms = values.iter().enumerate().filter(|(_, q)| **q != Complex64::ZERO);
            terms.fold(Wide::ZERO, |sum, (n, q)| {
                sum + Wide::from(*q).times_real(self.cos(j * (2 * n + 1)))
            })
        };
        let share = Double::from(1.0).divided(m as f64);
        (0..m).map(|j| sum(j).times_real(share)).collect()
    }

    /// The places of the sums of k - k' and k + k'; cos(π(2M-j)(n+½)/M) = -cos(πj(n+½)/M), and the
    /// one of index M is zero.
    fn entries(&self, k: usize, other: usize) -> impl Iterator<Item = Entry> + use<> {
        let (m, sum) = (self.atoms, k + other);
        let difference = Some(Entry { index: k.abs_diff(other), sign: 1.0 });
        let sum = match sum {
            sum if sum < m => Some(Entry { index: sum, sign: 1.0 }),
            sum if sum == m => None,
            sum => Some(Entry { index: 2 * m - sum, sign: -1.0 }),
        };
        difference.into_iter().chain(sum)
    }

    /// Index of y_k (part 0) or x_k (part 1) of an end.
    fn column(&self, end: usize, part: usize, k: usize) -> usize {
        (1 + 2 * end + part) * self.atoms + k
    }

    fn unknowns(&self) -> usize {
        (1 + 2 * self.ends.len()) * self.atoms
    }

    /// Calls `visit`(k, k', answers) for all pairs, both orders.
    fn for_all_pairs(&self, pairs: &[Pair], mut visit: impl FnMut(usize, usize, &Pair)) {
        let mut pairs = pairs.iter();
        for k in 0..self.atoms {
            for other in k..self.atoms {
                let pair = pairs.next().expect("one for each k ≤ k'");
                visit(k, other, pair);
                if other != k {
                    visit(other, k, &pair.swapped());
                }
            }
        }
    }

    /// The pairs k ≤ k' at one shift.
    fn pairs(&self, sigma: Complex64) -> Vec<Pair> {
        let shift = Shift::new(sigma.into(), self.flip_rate);
        let a = &self.frequency;
        let pairs = (0..self.atoms).flat_map(|k| (k..self.atoms).map(move |other| (k, other)));
        pairs.map(|(k, other)| shift.pair(a[k], a[other])).collect()
    }

    /// ν ν'
    fn norms(&self, k: usize, other: usize) -> Double {
        self.norm[k] * self.norm[other]
    }

    /// The interface's readings of one pair: the rows that its pp enters and those of its rp, with
    /// factors. The first are cosine sums.
    fn rows(&self, k: usize, other: usize) -> [Vec<(usize, Double)>; 2] {
        let share = self.norms(k, other).divided(self.atoms as f64);
        let sums = self.entries(k, other).map(|entry| {
            let half = if entry.index == 0 { 1.0 } else { 0.5 };
            (entry.index, share.scaled(half * entry.sign))
        });
        let ends = || self.ends.iter().enumerate();
        let y = ends().map(|(i, end)| (self.column(i, 0, other), self.shape(end, k)));
        let x = ends().map(|(i, end)| (self.column(i, 1, k), self.shape(end, other)));
        [sums.chain(y).collect(), x.collect()]
    }

    /// The unknowns in one pair's sources pp, rp and pr: columns with factors. The first
    /// of pp, as many as [`Interface::entries`] has, are cosine sums.
    fn columns(&self, k: usize, other: usize) -> [Vec<(usize, Double)>; 3] {
        let flips = self.norms(k, other).scaled(4.0 * self.flip_rate);
        let sums = self.entries(k, other).map(|entry| (entry.index, flips.scaled(entry.sign)));
        let mut columns = [sums.collect::<Vec<_>>(), Vec::new(), Vec::new()];
        for (i, end) in self.ends.iter().enumerate() {
            let here = self.shape(end, k).scaled(-end.friction);
            let there = self.shape(end, other).scaled(-end.friction);
            columns[0].push((self.column(i, 0, other), here));
            columns[0].push((self.column(i, 0, k), there));
            columns[1].push((self.column(i, 1, k), there));
            columns[2].push((self.column(i, 1, other), here));
        }
        columns
    }

    /// 1 - T
    fn matrix(&self, pairs: &[Pair]) -> Matrix {
        let m = self.atoms;
        let mut matrix = Matrix::zeros(self.unknowns());
        (m..self.unknowns()).for_each(|i| matrix.add(i, i, Wide::ONE));
        self.for_all_pairs(pairs, |k, other, pair| {
            let [of_pp, of_rp] = self.rows(k, other);
            let columns = self.columns(k, other);
            let norms = self.norms(k, other);
            for (block, rows) in [(0, &of_pp), (2, &of_rp)] {
                for (source, columns) in [0, 2, 3].into_iter().zip(&columns) {
                    let answer = -pair.answer(block, source);
                    for &(row, weight) in rows {
                        let answer = answer.times_real(weight);
                        for &(column, factor) in columns {
                            if row < m && column < m {
                                continue;
                            }
                            matrix.add(row, column, answer.times_real(factor));
                        }
                    }
                }
            }
            for &(row, weight) in of_pp.iter().filter(|(row, _)| *row < m) {
                let answer = pair.remainder.times_real(weight * norms);
                self.entries(k, other).for_each(|entry| {
                    matrix.add(row, entry.index, answer.scaled(entry.sign));
                });
            }
        });
        matrix
    }

    /// The given sources of one pair.
    fn given(&self, given: &Given<'_>, k: usize, other: usize) -> Blocks {
        let m = self.atoms;
        let mut blocks = [Wide::ZERO; 4];
        if let Some(state) = given.state {
            let (row, column) = (k.min(other), k.max(other));
            let at = packed::row_start(m, row) + column - row;
            let order = if k <= other { [0, 1, 2, 3] } else { [0, 1, 3, 2] };
            blocks = order.map(|block| given.scale.scaled(state[at + block * (m - row)]));
        }
        let norms = self.norms(k, other);
        for entry in self.entries(k, other) {
            blocks[0] += given.table[entry.index].times_real(norms).scaled(entry.sign);
        }
        blocks
    }

    /// The same with coefficients of other roundings.
    pub fn with_other_roundings(&self) -> Interface {
        let turned = |x: &Double, k: usize| {
            let ulps = [3.0, -2.0, 1.0, -4.0, 2.0][k % 5] * 2f64.powi(-104);
            *x + x.scaled(ulps)
        };
        let all =
            |values: &[Double]| values.iter().enumerate().map(|(k, x)| turned(x, k)).collect();
        Interface {
            flip_rate: self.flip_rate,
            atoms: self.atoms,
            ends: self.ends.clone(),
            frequency: all(&self.frequency),
            norm: self.norm.clone(),
            shape: all(&self.shape),
            cosine: self.cosine.clone(),
        }
    }

    /// The answer by the interface, and what is left of the refinement's error as an answer.
    pub fn solve(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
    ) -> Result<(Diagonals, Diagonals), SolveError> {
        let given = Given {
            state: source.state,
            scale: source.scale.into(),
            table: self.table(source.momenta),
        };
        let pairs = self.pairs(shift);
        let mut right = vec![Wide::ZERO; self.unknowns()];
        self.for_all_pairs(&pairs, |k, other, pair| {
            let x = pair.solve(&self.given(&given, k, other));
            let [of_pp, of_rp] = self.rows(k, other);
            for (rows, value) in [(of_pp, x[0]), (of_rp, x[2])] {
                rows.iter().for_each(|&(row, weight)| right[row] += value.times_real(weight));
            }
        });
        let solved =
            wide::solve(self.matrix(&pairs), &right).ok_or(SolveError::Singular { shift })?;
        let at = |atom: usize| Wide::from(source.momenta[atom]);
        let ends = AtEnds { shift: shift.into(), momenta: [at(0), at(self.atoms - 1)] };
        let found = self.answer(&pairs, &given, &solved.x, &ends, targets);
        let none = Given { state: None, scale: Wide::ZERO, table: vec![Wide::ZERO; self.atoms] };
        let left: Vec<Wide> = solved.sample.iter().map(|x| x.scaled(solved.left)).collect();
        let ends = AtEnds { momenta: [Wide::ZERO; 2], ..ends };
        Ok((found, self.answer(&pairs, &none, &left, &ends, &mut [])))
    }

    /// Adds X to the targets, and reads its diagonals.
    fn answer(
        &self,
        pairs: &[Pair],
        given: &Given<'_>,
        w: &[Wide],
        at_ends: &AtEnds,
        targets: &mut [Target<'_>],
    ) -> Diagonals {
        let (m, bonds) = (self.atoms, self.atoms - 1);
        let share = Double::from(1.0).divided(m as f64);
        // Var r is a sum of cosines of k - k' less those of k + k'; Cov(p, r) by columns k'.
        let mut elongation = vec![Wide::ZERO; 2 * m];
        let mut rows = vec![Wide::ZERO; m * m];
        self.for_all_pairs(pairs, |k, other, pair| {
            let mut sources = self.given(given, k, other);
            for (source, columns) in [0, 2, 3].into_iter().zip(&self.columns(k, other)) {
                for &(column, factor) in columns {
                    sources[source] += w[column].times_real(factor);
                }
            }
            let x = pair.solve(&sources);
            elongation[k.abs_diff(other)] += x[1];
            elongation[k + other] += -x[1];
            rows[k * m + other] = x[3];
            if k <= other {
                let start = packed::row_start(m, k) + other - k;
                for target in &mut *targets {
                    for (block, x) in x.iter().enumerate() {
                        target.state[start + block * (m - k)] += (target.weight * x.rounded()).re;
                    }
                }
            }
        });
        let momentum = |n: usize| {
            (1..m).fold(w[0], |sum, j| sum + w[j].times_real(self.cos(j * (2 * n + 1)).scaled(2.0)))
        };
        let stretched = |n: usize| {
            let sum = (0..2 * m)
                .fold(Wide::ZERO, |sum, j| sum + elongation[j].times_real(self.cos(2 * n * j)));
            sum.times_real(share).rounded()
        };
        // Cov(p_(n-1), r_n) = -(2/M) Σ ν_k cos(πk(n-½)/M) sin(πk'n/M) pr_kk'.
        let correlated = |atom: usize, n: usize| {
            let of_row = |k: usize| {
                (1..m).fold(Wide::ZERO, |sum, other| {
                    sum + rows[k * m + other].times_real(self.sin(2 * n * other))
                })
            };
            let sum = (0..m).fold(Wide::ZERO, |sum, k| {
                sum + of_row(k).times_real(self.norm[k] * self.cos(k * (2 * atom + 1)))
            });
            sum.times_real(share.scaled(-2.0))
        };
        let mut driven = Driven::default();
        let mut losses = [Complex64::ZERO; 2];
        for (i, end) in self.ends.iter().enumerate() {
            let loss = (0..m).fold(Wide::ZERO, |sum, k| {
                sum + w[self.column(i, 0, k)].times_real(self.shape(end, k))
            });
            let right = usize::from(end.atom > 0);
            losses[right] = loss.scaled(end.friction).rounded();
            let beside = if right == 0 { correlated(0, 1) } else { -correlated(bonds, bonds) };
            driven.losses[right] = at_ends.driven(end.friction, right, beside);
        }
        let momenta = (0..m).map(|n| momentum(n).rounded());
        Diagonals {
            variance: (1..=bonds).map(stretched).chain(momenta).collect(),
            correlation: (1..=bonds).map(|n| correlated(n - 1, n).rounded()).collect(),
            losses,
            driven: Some(driven),
        }
    }
}
