//! The independent answer that the solver's error estimates are judged by: the matrix exponential
//! of the whole moment equation.
//!
//! The means z̄, the second moments S = E[z zᵀ], the trigonometric functions of a periodic force
//! and their products with the means obey one linear equation with constant coefficients. Its
//! exponential is taken by scaling, a Taylor series and squaring in double-double arithmetic (32
//! digits; Dekker, Numer. Math. 18, 1971), so that squarings to late times leave an error far below
//! the roundings of double precision. It shares nothing with the library but the matrix B: the
//! frequency 2π/θ and the time t N² are formed here, from the doubles that were given.

pub mod scenarios;
mod twofold;

use flipchain::chain::{Chain, InitialLaw, SiteForce};
use flipchain::scenario::Topology;
use ndarray::{Array1, Array2};
use twofold::{Matrix, Sparse, Twofold};

/// The linear equation that everything obeys. Its unknowns are cos and sin of kωτ for k = 0..2L (L
/// the highest order of the force), their products with z̄ for k = 0..L, and S by its triangle.
struct Linear {
    matrix: Array2<Twofold>,
    start: Vec<Twofold>,
    coordinates: usize,
    /// Where z̄ begins.
    means: usize,
    /// Where S begins.
    second: usize,
    /// The momenta at the ends, their friction λ and noise 2λT.
    ends: [(usize, f64, f64); 2],
    /// The orders of the force on the last atom with the coefficients of their cosine and sine.
    force: Vec<(usize, f64, f64)>,
    /// The atoms beside every bond of a chain whose coordinates are q and p, otherwise none.
    stretched: Vec<[usize; 2]>,
}

/// What is exact at one time.
pub struct Exact {
    /// z̄
    pub mean: Array1<f64>,
    /// C
    pub covariance: Array2<f64>,
    /// λ(T - Var p) at both ends: a difference that doubles would not hold.
    pub inflow: [f64; 2],
    /// -(F p̄ + λ(T - E p²)) at the last atom, which may cancel too.
    pub leaving: f64,
    /// E r_n, Var r_n and Cov(p_(n-1), r_n) of every bond where the coordinates are q and p:
    /// doubles would not hold the differences.
    pub stretches: [Vec<f64>; 3],
}

/// The place of S_ij in the triangle.
fn triangle(i: usize, j: usize) -> usize {
    let (low, high) = (i.min(j), i.max(j));
    high * (high + 1) / 2 + low
}

/// Adds to a coefficient, which holds rates of any size side by side.
fn add(a: &mut Array2<Twofold>, at: [usize; 2], value: impl Into<Twofold>) {
    a[at] = a[at] + value.into();
}

/// The atoms at both ends of the bond that is the `bond`-th of the chain.
fn ends(chain: &Chain, bond: usize) -> [usize; 2] {
    match chain.topology {
        Topology::Open => [bond, bond + 1],
        Topology::Ring => [(bond + chain.bonds - 1) % chain.bonds, bond],
    }
}

/// B without damping. With coefficients it is formed here: 1/m and κ + k + k' are no doubles, and
/// the roundings of a weak pinning beside a spring would be those of the judge.
fn drift(chain: &Chain) -> Array2<Twofold> {
    let Some(all) = chain.coefficients() else {
        let mut b = chain.drift().to_dense().mapv(Twofold::from);
        (chain.positions()..chain.coordinates()).for_each(|p| b[[p, p]] = Twofold::default());
        return b;
    };
    let (n, first) = (chain.coordinates(), chain.positions());
    let mut b = Array2::from_elem((n, n), Twofold::default());
    let inverse = |atom: usize| Twofold::from(1.0) / all.mass[atom];
    let zero = Twofold::default();
    if chain.is_pinned() {
        for (q, &pinning) in all.pinning.iter().enumerate() {
            b[[q, first + q]] = inverse(q);
            add(&mut b, [first + q, q], -pinning);
        }
        for (bond, &spring) in all.spring.iter().enumerate() {
            let [left, right] = ends(chain, bond);
            for [at, other] in [[left, right], [right, left]] {
                add(&mut b, [first + at, at], -spring);
                add(&mut b, [first + at, other], spring);
            }
        }
    } else {
        for (bond, &spring) in all.spring.iter().enumerate() {
            let [left, right] = ends(chain, bond);
            add(&mut b, [bond, first + left], zero - inverse(left));
            add(&mut b, [bond, first + right], inverse(right));
            add(&mut b, [first + left, bond], spring);
            add(&mut b, [first + right, bond], -spring);
        }
    }
    b
}

impl Linear {
    /// The force's frequency is 2π/`period`, whatever the chain says.
    fn new(chain: &Chain, law: &InitialLaw, period: f64) -> Linear {
        let n = chain.coordinates();
        // Friction and flips are entered apart: what they take from p² and what flips give back
        // would differ by the roundings of both.
        let first = chain.positions();
        let b = drift(chain);
        let mut damping = vec![[0.0; 2]; n];
        let (friction, noise) = chain.thermostats();
        for ((p, friction), rate) in (first..n).zip(friction).zip(chain.flip_rates()) {
            damping[p] = [2.0 * rate, friction];
        }
        let open = chain.topology == Topology::Open;
        let force = if open { chain.force.clone() } else { Default::default() };
        let forces = match chain.coefficients() {
            Some(all) => all.forces.clone(),
            None => vec![SiteForce {
                site: chain.atoms() - 1,
                mean: force.mean,
                harmonics: force.harmonics,
            }],
        };
        let orders = forces.iter().flat_map(|force| force.harmonics.iter().map(|h| h.0 as usize));
        let top = orders.max().unwrap_or(0);
        // Pairs (cos, sin) of every order, first alone, then times the means.
        let wave = |k: usize, part: usize| 2 * k + part;
        let waves = 2 * (2 * top + 1);
        let mean = |k: usize, part: usize, i: usize| waves + (2 * k + part) * n + i;
        let second = waves + 2 * (top + 1) * n;
        let s = |i: usize, j: usize| second + triangle(i, j);
        let size = second + n * (n + 1) / 2;
        let mut a = Array2::from_elem((size, size), Twofold::default());
        // What turns: (row, column, k) adds -kω there and kω at the mirror image.
        let mut turns = Vec::new();
        (0..=2 * top).for_each(|k| turns.push((wave(k, 0), wave(k, 1), k)));
        // F = Σ f_c cos(lωτ) + f_s sin(lωτ)
        let mut parts = Vec::new();
        for force in &forces {
            let at = first + force.site;
            parts.push((at, 0usize, force.mean, 0.0));
            let waves = force.harmonics.iter();
            parts.extend(waves.map(|(l, f)| (at, *l as usize, 2.0 * f.re, -2.0 * f.im)));
        }
        for k in 0..=top {
            for i in 0..n {
                turns.push((mean(k, 0, i), mean(k, 1, i), k));
                for part in 0..2 {
                    for rate in damping[i] {
                        add(&mut a, [mean(k, part, i), mean(k, part, i)], -rate);
                    }
                    for j in 0..n {
                        add(&mut a, [mean(k, part, i), mean(k, part, j)], b[[i, j]]);
                    }
                }
            }
            // cos k F and sin k F by the addition theorems.
            for &(last, l, c, d) in &parts {
                let (sum, difference, sign) =
                    (k + l, k.abs_diff(l), if k >= l { 1.0 } else { -1.0 });
                for (row, column, value) in [
                    (0, wave(sum, 0), c / 2.0),
                    (0, wave(difference, 0), c / 2.0),
                    (0, wave(sum, 1), d / 2.0),
                    (0, wave(difference, 1), -sign * d / 2.0),
                    (1, wave(sum, 1), c / 2.0),
                    (1, wave(difference, 1), sign * c / 2.0),
                    (1, wave(sum, 0), -d / 2.0),
                    (1, wave(difference, 0), d / 2.0),
                ] {
                    add(&mut a, [mean(k, row, last), column], value);
                }
            }
        }
        for i in 0..n {
            for k in i..n {
                for j in 0..n {
                    add(&mut a, [s(i, k), s(j, k)], b[[i, j]]);
                    add(&mut a, [s(i, k), s(i, j)], b[[k, j]]);
                }
                for [flips, friction] in [damping[i], damping[k]] {
                    // A flip leaves p² alone.
                    let rates = [if i == k { 0.0 } else { flips }, friction];
                    rates.into_iter().for_each(|rate| add(&mut a, [s(i, k), s(i, k)], -rate));
                }
            }
            // E[z_i F], and its mirror image, which falls on the same entry for the coordinate that
            // the force acts on.
            for &(at, l, c, d) in &parts {
                let weight = if i == at { 2.0 } else { 1.0 };
                for (part, value) in [(0, c), (1, d)] {
                    add(&mut a, [s(i, at), mean(l, part, i)], weight * value);
                }
            }
        }
        for p in first..n {
            add(&mut a, [s(p, p), wave(0, 0)], noise[p - first]);
        }
        let z = law.mean();
        let covariance = law.covariance_above(0.0);
        let mut start = vec![Twofold::default(); size];
        for k in 0..=2 * top {
            start[wave(k, 0)] = 1.0.into();
        }
        for i in 0..n {
            (0..=top).for_each(|k| start[mean(k, 0, i)] = z[i].into());
            (0..=i).for_each(|j| {
                start[s(i, j)] = Twofold::product(z[i], z[j]) + covariance[[i, j]].into()
            });
        }
        let end = |atom: usize, which: usize| (first + atom, chain.friction()[which], noise[atom]);
        let at_ends = [end(0, 0), end(n - 1 - first, 1)];
        let bonds = if chain.is_pinned() { chain.bonds } else { 0 };
        let stretched = (0..bonds).map(|bond| ends(chain, bond)).collect();
        let frequency = Twofold::frequency_of(period);
        for (row, column, k) in turns {
            let turn = frequency * Twofold::from(k as f64);
            a[[row, column]] = a[[row, column]] - turn;
            a[[column, row]] = a[[column, row]] + turn;
        }
        let on_last = parts.iter().filter(|part| part.0 == n - 1);
        let force = on_last.map(|&(_, l, c, d)| (l, c, d)).collect();
        let means = waves;
        Linear { matrix: a, start, coordinates: n, means, second, ends: at_ends, force, stretched }
    }

    /// Products with cos 0 are the means themselves; they come first after the waves.
    fn read(&self, state: &[Twofold]) -> Exact {
        let n = self.coordinates;
        let z = &state[self.means..self.means + n];
        let covariance = |i: usize, j: usize| state[self.second + triangle(i, j)] - z[i] * z[j];
        // As many momenta as displacements.
        let first = n / 2;
        let stretches = self.stretched.iter().map(|&[left, right]| {
            let mean = z[right] - z[left];
            let both = covariance(right, right) + covariance(left, left);
            let p = first + left;
            let along = covariance(p, right) - covariance(p, left);
            [mean.0, (both - covariance(right, left) * 2.0.into()).0, along.0]
        });
        let stretches: Vec<[f64; 3]> = stretches.collect();
        let (last, friction, noise) = self.ends[1];
        let force = self.force.iter().fold(Twofold::default(), |sum, &(l, c, d)| {
            sum + state[2 * l] * c.into() + state[2 * l + 1] * d.into()
        });
        let square = state[self.second + triangle(last, last)];
        let given = Twofold::from(0.5 * noise) - square * friction.into();
        let leaving = Twofold::default() - (force * z[last] + given);
        Exact {
            leaving: leaving.0,
            stretches: [0, 1, 2].map(|k| stretches.iter().map(|of_bond| of_bond[k]).collect()),
            mean: z.iter().map(|z| z.0).collect(),
            covariance: Array2::from_shape_fn((n, n), |(i, j)| covariance(i, j).0),
            inflow: self.ends.map(|(p, friction, noise)| {
                (Twofold::from(0.5 * noise) - covariance(p, p) * friction.into()).0
            }),
        }
    }

    /// The state a `time` later: by the series on the vector where that is shorter, else by
    /// squaring.
    fn advance(&self, state: &[Twofold], time: Twofold) -> Vec<Twofold> {
        let norm = self
            .matrix
            .rows()
            .into_iter()
            .map(|row| row.iter().map(|x| x.0.abs()).sum::<f64>())
            .fold(0.0, f64::max);
        if norm * time.0 < 1e3 {
            let sparse = Sparse::new(&self.matrix);
            let steps = (norm * time.0).ceil().max(1.0);
            let step = time / steps;
            (0..steps as usize).fold(state.to_vec(), |state, _| sparse.exponential_on(&state, step))
        } else {
            Matrix::exponential(&self.matrix, time, norm).apply(state)
        }
    }
}

/// Means and covariance under a force of the given period at the ascending times (t, unit), which
/// mean the exact products, exact to some 25 digits of their largest entry; to 16 or more at 10¹³,
/// since every squaring doubles an error.
pub fn moments(chain: &Chain, law: &InitialLaw, period: f64, times: &[(f64, f64)]) -> Vec<Exact> {
    let linear = Linear::new(chain, law, period);
    let mut state = linear.start.clone();
    let (mut reached, mut outputs) = (Twofold::default(), Vec::new());
    for &(t, unit) in times {
        let time = Twofold::product(t, unit);
        if time.0 > reached.0 {
            state = linear.advance(&state, time - reached);
            reached = time;
        }
        outputs.push(linear.read(&state));
    }
    outputs
}

/// The state long after the start, at `count` equal parts of one period: times within the period,
/// means and covariance. Where the force is constant, the stationary state.
pub fn period(
    chain: &Chain,
    law: &InitialLaw,
    period: f64,
    late: f64,
    count: usize,
) -> Vec<(f64, Exact)> {
    let linear = Linear::new(chain, law, period);
    let mut state = linear.advance(&linear.start, late.into());
    if chain.force.harmonics.is_empty() {
        return vec![(0.0, linear.read(&state))];
    }
    // cos ωτ and sin ωτ are the third and fourth of the waves.
    let phase = state[3].0.atan2(state[2].0) / std::f64::consts::TAU * period;
    let part = period / count as f64;
    let mut outputs = Vec::new();
    for k in 0..count {
        outputs.push((phase + k as f64 * part, linear.read(&state)));
        state = linear.advance(&state, part.into());
    }
    outputs
}
