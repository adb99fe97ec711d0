//! The linear equation x' = A x of everything that [`super::squaring`] propagates: the unknowns,
//! and the entries of A.

use crate::chain::{Chain, Double, InitialLaw};
use crate::scenario::Topology;

/// ‖A‖h
pub(super) const STEP: f64 = 0.125;

/// Terms of a series up to ‖A‖h: 0.125¹⁹/19! is below 10⁻³⁴.
const TERMS: usize = 19;

/// The places of the unknowns: cos and sin of kωτ for k = 0..2L, L the highest order of the force,
/// their products with z̄ for k = 0..L, S by its triangle; then, driven by those, the integrals
/// over time of z̄, of E z², of E p r of every bond with the atom to its left, and of F p̄_N.
#[derive(Clone, Copy)]
pub(super) struct Unknowns {
    highest: usize,
    coordinates: usize,
    bonds: usize,
}

impl Unknowns {
    pub fn of(chain: &Chain) -> Unknowns {
        let harmonics = &chain.force.harmonics;
        let open = chain.topology == Topology::Open;
        let highest = harmonics.last().map_or(0, |(l, _)| if open { *l as usize } else { 0 });
        Unknowns { highest, coordinates: chain.coordinates(), bonds: chain.bonds }
    }

    /// cos (part 0) or sin (part 1) of kωτ.
    pub fn wave(&self, k: usize, part: usize) -> usize {
        2 * k + part
    }

    /// The same times z̄_i.
    pub fn mean(&self, k: usize, part: usize, i: usize) -> usize {
        self.wave(2 * self.highest + 1, 0) + (2 * k + part) * self.coordinates + i
    }

    /// S_ij
    pub fn second(&self, i: usize, j: usize) -> usize {
        let (low, high) = (i.min(j), i.max(j));
        self.mean(self.highest + 1, 0, 0) + high * (high + 1) / 2 + low
    }

    /// The number of unknowns that drive others.
    pub fn driving(&self) -> usize {
        self.second(0, self.coordinates)
    }

    pub fn mean_integral(&self, i: usize) -> usize {
        self.driving() + i
    }

    pub fn square(&self, i: usize) -> usize {
        self.driving() + self.coordinates + i
    }

    pub fn product(&self, bond: usize) -> usize {
        self.driving() + 2 * self.coordinates + bond
    }

    pub fn work(&self) -> usize {
        self.product(self.bonds)
    }

    pub fn size(&self) -> usize {
        self.work() + 1
    }
}

/// An entry of A: a sum or a difference, or a product.
#[derive(Clone, Copy)]
pub(super) enum Factor {
    Plus,
    Minus,
    Times(Double),
}

impl From<Double> for Factor {
    fn from(a: Double) -> Factor {
        match (a.hi, a.lo) {
            (1.0, 0.0) => Factor::Plus,
            (-1.0, 0.0) => Factor::Minus,
            _ => Factor::Times(a),
        }
    }
}

/// The entries of A by rows.
pub(super) struct Generator {
    pub unknowns: Unknowns,
    rows: Vec<Vec<(usize, Double)>>,
}

impl Generator {
    pub fn new(chain: &Chain) -> Generator {
        let unknowns = Unknowns::of(chain);
        let rows = vec![Vec::new(); unknowns.size()];
        let mut generator = Generator { unknowns, rows };
        generator.add_means(chain);
        generator.add_second_moments(chain);
        generator.add_integrals(chain);
        generator
    }

    fn add(&mut self, row: usize, column: usize, value: impl Into<Double>) {
        let value = value.into();
        match self.rows[row].iter_mut().find(|(known, _)| *known == column) {
            Some((_, sum)) => *sum = sum.plus(value),
            None => self.rows[row].push((column, value)),
        }
    }

    /// F = Σ c cos(lωτ) + s sin(lωτ): (l, c, s).
    pub fn force(chain: &Chain) -> Vec<(usize, f64, f64)> {
        if chain.topology == Topology::Ring {
            return Vec::new();
        }
        let harmonics = chain.force.harmonics.iter();
        let harmonics = harmonics.map(|(l, f)| (*l as usize, 2.0 * f.re, -2.0 * f.im));
        std::iter::once((0, chain.force.mean, 0.0)).chain(harmonics).collect()
    }

    /// The waves, and their products with z̄: (c z̄)' = -kω s z̄ + c (B z̄ + F e).
    fn add_means(&mut self, chain: &Chain) {
        let (u, n) = (self.unknowns, chain.coordinates());
        let turning = |k: usize| chain.force.frequency.scaled(k as f64);
        for k in 0..=2 * u.highest {
            self.add(u.wave(k, 0), u.wave(k, 1), turning(k).negated());
            self.add(u.wave(k, 1), u.wave(k, 0), turning(k));
        }
        let force = Generator::force(chain);
        for k in 0..=u.highest {
            for i in 0..n {
                self.add(u.mean(k, 0, i), u.mean(k, 1, i), turning(k).negated());
                self.add(u.mean(k, 1, i), u.mean(k, 0, i), turning(k));
                for part in 0..2 {
                    for (j, rate) in drift(chain, i) {
                        self.add(u.mean(k, part, i), u.mean(k, part, j), rate);
                    }
                }
            }
            // cos k cos l = (cos(k+l) + cos(k-l))/2, and so on.
            for &(l, c, s) in &force {
                let (sum, difference) = (k + l, k.abs_diff(l));
                let sign = if k >= l { 1.0 } else { -1.0 };
                let [cosine, sine] = [u.mean(k, 0, n - 1), u.mean(k, 1, n - 1)];
                self.add(cosine, u.wave(sum, 0), 0.5 * c);
                self.add(cosine, u.wave(difference, 0), 0.5 * c);
                self.add(cosine, u.wave(sum, 1), 0.5 * s);
                self.add(cosine, u.wave(difference, 1), -0.5 * sign * s);
                self.add(sine, u.wave(sum, 1), 0.5 * c);
                self.add(sine, u.wave(difference, 1), 0.5 * sign * c);
                self.add(sine, u.wave(sum, 0), -0.5 * s);
                self.add(sine, u.wave(difference, 0), 0.5 * s);
            }
        }
    }

    /// S' = B S + S Bᵀ + 4γ diag_p(S) + E z F and its mirror image + 2λT.
    fn add_second_moments(&mut self, chain: &Chain) {
        let (u, n) = (self.unknowns, chain.coordinates());
        let force = Generator::force(chain);
        for i in 0..n {
            for k in i..n {
                let row = u.second(i, k);
                drift(chain, i).for_each(|(j, rate)| self.add(row, u.second(j, k), rate));
                drift(chain, k).for_each(|(j, rate)| self.add(row, u.second(i, j), rate));
            }
            let mirrored = if i == n - 1 { 2.0 } else { 1.0 };
            for &(l, c, s) in &force {
                self.add(u.second(i, n - 1), u.mean(l, 0, i), mirrored * c);
                self.add(u.second(i, n - 1), u.mean(l, 1, i), mirrored * s);
            }
        }
        let [friction, temperature] = [chain.friction(), chain.temperature()];
        for p in chain.bonds..n {
            // A flip does not change p².
            self.add(u.second(p, p), u.second(p, p), 4.0 * chain.flip_rate);
        }
        for (end, p) in [chain.bonds, n - 1].into_iter().enumerate() {
            let noise = Double::product(2.0 * friction[end], temperature[end]);
            self.add(u.second(p, p), u.wave(0, 0), noise);
        }
    }

    /// The unknowns at time 0.
    pub fn start(&self, law: &InitialLaw) -> Vec<Double> {
        let u = self.unknowns;
        let mut x = vec![Double::default(); u.size()];
        let (z, covariance) = (law.mean(), law.covariance_above(0.0));
        (0..=2 * u.highest).for_each(|k| x[u.wave(k, 0)] = 1.0.into());
        for i in 0..z.len() {
            (0..=u.highest).for_each(|k| x[u.mean(k, 0, i)] = z[i].into());
            for j in 0..=i {
                let of_means = Double::product(z[i], z[j]);
                x[u.second(i, j)] = of_means.plus(covariance[[i, j]].into());
            }
        }
        x
    }

    fn add_integrals(&mut self, chain: &Chain) {
        let (u, n) = (self.unknowns, chain.coordinates());
        for i in 0..n {
            self.add(u.mean_integral(i), u.mean(0, 0, i), 1.0);
            self.add(u.square(i), u.second(i, i), 1.0);
        }
        for bond in 0..chain.bonds {
            let (p, r) = chain.left_pair(bond);
            self.add(u.product(bond), u.second(p, r), 1.0);
        }
        for (l, c, s) in Generator::force(chain) {
            self.add(u.work(), u.mean(l, 0, n - 1), c);
            self.add(u.work(), u.mean(l, 1, n - 1), s);
        }
    }

    /// The equation of the same unknowns with the variance of each end as its distance from the
    /// end's temperature, and these temperatures with their places. A row that the variance drives
    /// has the temperature as a source, too, and the noise of the end is nothing.
    pub fn beside_temperatures(&self, chain: &Chain) -> (Generator, Vec<(usize, Double)>) {
        let (u, one) = (self.unknowns, self.unknowns.wave(0, 0));
        let ends = [chain.bonds, chain.coordinates() - 1].into_iter().zip(chain.temperature());
        let ends = ends.filter(|(_, temperature)| *temperature > 0.0);
        let ends: Vec<_> = ends.map(|(p, held)| (u.second(p, p), Double::from(held))).collect();
        let mut rows = self.rows.clone();
        for (row, entries) in rows.iter_mut().enumerate() {
            if ends.iter().any(|(at, _)| *at == row) {
                entries.retain(|(column, _)| *column != one);
                continue;
            }
            let driven = entries.iter().filter_map(|(column, a)| {
                let (_, temperature) = ends.iter().find(|(at, _)| at == column)?;
                Some(*a * *temperature)
            });
            let driven = driven.fold(Double::default(), Double::plus);
            match entries.iter_mut().find(|(column, _)| *column == one) {
                _ if driven.hi == 0.0 => {}
                Some((_, a)) => *a = *a + driven,
                None => entries.push((one, driven)),
            }
        }
        (Generator { unknowns: u, rows }, ends)
    }

    /// The entries of A by rows.
    pub fn rows(&self) -> &[Vec<(usize, Double)>] {
        &self.rows
    }

    /// ‖A‖, the largest row sum.
    pub fn norm(&self) -> f64 {
        let sums = self.rows.iter().map(|row| row.iter().map(|(_, a)| a.hi.abs()).sum());
        sums.fold(0.0, f64::max)
    }

    fn apply(&self, x: &[Double]) -> Vec<Double> {
        let row = |row: &Vec<(usize, Double)>| {
            row.iter().fold(Double::default(), |sum, (j, a)| sum.plus(a.times(x[*j])))
        };
        self.rows.iter().map(row).collect()
    }

    /// (e^(At) - 1) x for ‖A‖t up to [`STEP`].
    pub fn short(&self, x: &[Double], time: Double) -> Vec<Double> {
        let (mut term, mut sum) = (x.to_vec(), vec![Double::default(); x.len()]);
        for k in 1..=TERMS {
            let factor = time.divided(k as f64);
            term = self.apply(&term).into_iter().map(|t| t.times(factor)).collect();
            sum.iter_mut().zip(&term).for_each(|(sum, t)| *sum = sum.plus(*t));
        }
        sum
    }
}

/// The row i of B: (column, entry). Friction and flips are two entries of the same place, so that
/// neither loses digits in the other.
fn drift(chain: &Chain, i: usize) -> impl Iterator<Item = (usize, f64)> + use<> {
    let mut row = Vec::new();
    if i < chain.bonds {
        let (left, right) = chain.bond_ends(i);
        row.extend([(chain.bonds + right, 1.0), (chain.bonds + left, -1.0)]);
    } else {
        let atom = i - chain.bonds;
        row.extend(chain.right_bond(atom).map(|bond| (bond, 1.0)));
        row.extend(chain.left_bond(atom).map(|bond| (bond, -1.0)));
        row.push((i, -2.0 * chain.flip_rate));
        let friction = chain.friction();
        let ends = [(0, friction[0]), (chain.atoms() - 1, friction[1])];
        row.extend(ends.iter().filter(|(at, _)| *at == atom).map(|(_, friction)| (i, -friction)));
    }
    row.into_iter()
}
