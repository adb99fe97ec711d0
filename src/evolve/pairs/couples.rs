//! The pairs of waves: their rates, what they are at the momenta, and which are close.

use super::waves::Waves;
use crate::chain::Chain;
use crate::numerics::triangle::{count, place};
use crate::numerics::wide::Wide;
use faer::Mat;
use num_complex::Complex64;
use std::collections::BTreeMap;

/// Rates closer than this multiple of 4γ are close: 0.3 still lost no digits.
const CLOSE: f64 = 0.5;

/// Close pairs of a pair, expected on the average, up to which they make small groups.
const MOST: f64 = 1.0;

/// Rows of R that are formed at once; a larger group of close rates is formed as one.
const ROWS: usize = 64;

/// Whether few rates are close: they are spread over the sums of two frequencies, -4 to 4.
pub(super) fn serves(chain: &Chain) -> bool {
    let near = CLOSE * 4.0 * chain.flip_rate;
    near * count(chain.coordinates()) as f64 / 8.0 <= MOST
}

/// The pairs of waves, those with what the force drives last.
pub(super) struct Couples<'a> {
    pub chain: &'a Chain,
    pub waves: &'a Waves,
    /// Those of damped waves alone.
    pub own: usize,
    pub pairs: Vec<[usize; 2]>,
    pub rates: Vec<Wide>,
    /// √2 for two waves, which stand twice in a matrix.
    pub weights: Vec<f64>,
    /// u_α(n) with that weight; all × atoms.
    pub shapes: Mat<Complex64>,
    /// The complex conjugate, and its sign.
    pub partners: Vec<(usize, f64)>,
    /// Rows of R that are formed together, so that close ones are. The others are conjugates.
    pub blocks: Vec<Vec<usize>>,
    /// The close pairs of each of these rows.
    pub close: Vec<Vec<usize>>,
    /// The place of a row in its block.
    pub places: Vec<usize>,
    /// The distance within which rates are close.
    pub near: f64,
}

impl<'a> Couples<'a> {
    pub fn new(chain: &'a Chain, waves: &'a Waves) -> Couples<'a> {
        let pairs: Vec<[usize; 2]> =
            (0..waves.waves.len()).flat_map(|a| (0..=a).map(move |b| [a, b])).collect();
        let own = waves.own * (waves.own + 1) / 2;
        let of = |a: usize| &waves.waves[a];
        let rates: Vec<Wide> = pairs.iter().map(|&[a, b]| of(a).rate + of(b).rate).collect();
        let weights: Vec<f64> =
            pairs.iter().map(|[a, b]| if a == b { 1.0 } else { 2f64.sqrt() }).collect();
        let bonds = chain.bonds;
        let shapes = Mat::from_fn(pairs.len(), chain.atoms(), |alpha, n| {
            let [a, b] = pairs[alpha];
            of(a).rounded[bonds + n] * of(b).rounded[bonds + n] * weights[alpha]
        });
        let partner =
            |&[a, b]: &[usize; 2]| (place(of(a).partner, of(b).partner), of(a).sign * of(b).sign);
        let partners: Vec<(usize, f64)> = pairs.iter().map(partner).collect();
        let near = CLOSE * 4.0 * chain.flip_rate;
        let (close, groups) = close(&rates, own, near, &partners);
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for group in groups {
            match blocks.last_mut() {
                Some(block) if block.len() + group.len() <= ROWS => block.extend(group),
                _ => blocks.push(group),
            }
        }
        let mut places = vec![usize::MAX; pairs.len()];
        for block in &blocks {
            block.iter().enumerate().for_each(|(place, &alpha)| places[alpha] = place);
        }
        Couples {
            chain,
            waves,
            own,
            pairs,
            rates,
            weights,
            shapes,
            partners,
            blocks,
            close,
            places,
            near,
        }
    }

    pub fn all(&self) -> usize {
        self.pairs.len()
    }

    pub fn atoms(&self) -> usize {
        self.chain.atoms()
    }

    /// Whether the force alone drives a pair.
    pub fn is_driven(&self, alpha: usize) -> bool {
        self.pairs[alpha].iter().all(|&a| a >= self.waves.own)
    }

    /// What a pair adds to the entry (i, j) of the matrix, for a coefficient of 1.
    pub fn entry(&self, alpha: usize, i: usize, j: usize) -> Complex64 {
        let [a, b] = self.pairs[alpha].map(|a| &self.waves.waves[a].rounded);
        (a[i] * b[j] + b[i] * a[j]) * (0.5 * self.weights[alpha])
    }
}

/// Of every pair those with close rates, and the groups of pairs that are close to each other, one
/// of two conjugate ones.
fn close(
    rates: &[Wide],
    own: usize,
    near: f64,
    partners: &[(usize, f64)],
) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
    let all = rates.len();
    let mut order: Vec<usize> = (0..all).collect();
    order.sort_by(|&a, &b| rates[a].im.hi.total_cmp(&rates[b].im.hi).then(a.cmp(&b)));
    let mut close: Vec<Vec<usize>> = vec![Vec::new(); all];
    let mut group: Vec<usize> = (0..all).collect();
    fn root(group: &mut [usize], mut a: usize) -> usize {
        while group[a] != a {
            group[a] = group[group[a]];
            a = group[a];
        }
        a
    }
    for (at, &alpha) in order.iter().enumerate() {
        if alpha < own {
            close[alpha].push(alpha);
        }
        for &beta in &order[at + 1..] {
            if rates[beta].im.hi - rates[alpha].im.hi >= near {
                break;
            }
            if (alpha < own || beta < own) && apart(rates[alpha], rates[beta]).norm() < near {
                close[alpha].push(beta);
                close[beta].push(alpha);
                let (a, b) = (root(&mut group, alpha), root(&mut group, beta));
                group[a.max(b)] = a.min(b);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &alpha in &order {
        let first = root(&mut group, alpha);
        let conjugate = root(&mut group, partners[alpha].0);
        if first <= conjugate {
            groups.entry(first).or_default().push(alpha);
        }
    }
    (close, groups.into_values().collect())
}

/// Λ_α - Λ_β
pub(super) fn apart(a: Wide, b: Wide) -> Complex64 {
    Complex64::new(
        (a.re.hi - b.re.hi) + (a.re.lo - b.re.lo),
        (a.im.hi - b.im.hi) + (a.im.lo - b.im.lo),
    )
}
