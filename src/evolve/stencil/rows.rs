//! The inner loops of the stencil, over a row: one diagonal of the covariance, eight places at a
//! time in whatever registers the machine has. No sum depends on the width of the registers.

use crate::numerics::registers::{InRegisters, Registered, Vectorized, Wide, in_widest};
use std::marker::PhantomData;

/// Places that are computed at once. Behind each row there are as many cells that may be
/// overwritten.
pub(super) const TOGETHER: usize = 8;

/// Ones in the first places of the last eight of a row, and zeros after them.
const UP_TO: [[f64; TOGETHER]; TOGETHER] = {
    let mut masks = [[1.0; TOGETHER]; TOGETHER];
    let mut places = 1;
    while places < TOGETHER {
        let mut place = places;
        while place < TOGETHER {
            masks[places][place] = 0.0;
            place += 1;
        }
        places += 1;
    }
    masks
};

/// The inputs of one diagonal of the next term, all over the same range of places i, padded to a
/// multiple of eight.
pub(super) struct Row<'a> {
    /// X_(d-1)[i+1] and X_(d-1)[i]
    pub below: [&'a [f64]; 2],
    /// X_(d+1)[i] and X_(d+1)[i-1]
    pub above: [&'a [f64]; 2],
    /// X_d[i]
    pub here: &'a [f64],
    /// Half of the factor of X_d[i]: that of the place i, and that of the place i+d.
    pub factors: [&'a [f64]; 2],
}

/// Eights of a slice.
#[inline(always)]
fn eights(x: &[f64], count: usize) -> &[[f64; TOGETHER]] {
    &x.as_chunks().0[..count]
}

#[inline(always)]
fn load<L: Wide>(simd: L::Simd, x: &[f64; TOGETHER]) -> L {
    L::load(simd, x, &[], 0)
}

/// term = scale · 𝓛X of the first `places` of a row, with zeros after them, and sum += term;
/// returns eight sums of term².
#[inline(always)]
pub(super) fn advance<L: Wide>(
    simd: L::Simd,
    row: &Row<'_>,
    places: usize,
    scale: f64,
    term: &mut [f64],
    sum: &mut [f64],
) -> L {
    let count = places.div_ceil(TOGETHER);
    let [[below, low], [above, left], [first, second]] =
        [row.below, row.above, row.factors].map(|pair| pair.map(|x| eights(x, count)));
    let here = eights(row.here, count);
    let term = &mut term.as_chunks_mut::<TOGETHER>().0[..count];
    let sum = &mut sum.as_chunks_mut::<TOGETHER>().0[..count];
    let scale = L::number(simd, scale);
    let mut squares = L::number(simd, 0.0);
    for i in 0..count {
        let change = (load::<L>(simd, &below[i]) - load(simd, &low[i]))
            + (load::<L>(simd, &above[i]) - load(simd, &left[i]))
            + (load::<L>(simd, &first[i]) + load(simd, &second[i])) * load(simd, &here[i]);
        let mut value = scale * change;
        if i + 1 == count {
            value = value * load(simd, &UP_TO[places % TOGETHER]);
        }
        value.store(&mut term[i], &mut [], 0);
        (value + load(simd, &sum[i])).store(&mut sum[i], &mut [], 0);
        squares = squares + value * value;
    }
    squares
}

/// The coefficients 0..`count` of w_i² and of w_i w_(i+1), those of w being `series`; beyond the
/// last place is the first where the places go `around`, and zero elsewhere.
pub(super) fn products(series: &[Vec<f64>], count: usize, around: bool) -> [Vec<Vec<f64>>; 2] {
    let len = series[0].len();
    let mut found = [(); 2].map(|()| vec![vec![0.0; len]; count]);
    in_widest(Products { series, around, found: &mut found });
    found
}

struct Products<'a> {
    series: &'a [Vec<f64>],
    around: bool,
    found: &'a mut [Vec<Vec<f64>>; 2],
}

impl InRegisters for Products<'_> {
    type Output = ();
    fn with<L: Wide>(self, simd: L::Simd) {
        L::vectorized(simd, Registered::<_, L>(self, PhantomData));
    }
}

impl<L: Wide> Vectorized for Registered<Products<'_>, L> {
    type Output = ();
    type Numbers = L;
    #[inline(always)]
    fn run(self, simd: L::Simd) {
        let Products { series, around, found: [squares, products] } = self.0;
        let (len, terms) = (series[0].len(), series.len());
        let mut here = vec![[0.0; TOGETHER]; terms];
        let mut right = here.clone();
        for start in (0..len).step_by(TOGETHER) {
            let places = TOGETHER.min(len - start);
            for (j, w) in series.iter().enumerate() {
                here[j][..places].copy_from_slice(&w[start..start + places]);
                let inside = places.min(len - 1 - start);
                right[j][..inside].copy_from_slice(&w[start + 1..start + 1 + inside]);
                if inside < places {
                    right[j][inside] = if around { w[0] } else { 0.0 };
                }
            }
            for k in 0..squares.len() {
                let (mut square, mut product) = (L::number(simd, 0.0), L::number(simd, 0.0));
                for j in (k + 1).saturating_sub(terms)..=k.min(terms - 1) {
                    let a = load::<L>(simd, &here[j]);
                    product = product + a * load(simd, &right[k - j]);
                    if 2 * j <= k {
                        let weight = L::number(simd, if 2 * j == k { 1.0 } else { 2.0 });
                        square = square + weight * (a * load(simd, &here[k - j]));
                    }
                }
                for (sum, out) in [(square, &mut squares[k]), (product, &mut products[k])] {
                    let mut eight = [0.0; TOGETHER];
                    sum.store(&mut eight, &mut [], 0);
                    out[start..start + places].copy_from_slice(&eight[..places]);
                }
            }
        }
    }
}

/// A loop over plain slices.
enum Loop<'a> {
    Dot(&'a [f64], &'a [f64]),
    Add(&'a mut [f64], f64, &'a [f64]),
}

/// Σ x², by eight sums whose order is always the same.
pub(super) fn square(x: &[f64]) -> f64 {
    dot(x, x)
}

/// Σ x y in the same way.
pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    in_widest(Loop::Dot(x, y))
}

/// sum += weight · x
pub(super) fn add(sum: &mut [f64], weight: f64, x: &[f64]) {
    in_widest(Loop::Add(sum, weight, x));
}

impl InRegisters for Loop<'_> {
    type Output = f64;
    fn with<L: Wide>(self, simd: L::Simd) -> f64 {
        L::vectorized(simd, Registered::<_, L>(self, PhantomData))
    }
}

impl<L: Wide> Vectorized for Registered<Loop<'_>, L> {
    type Output = f64;
    type Numbers = L;
    #[inline(always)]
    fn run(self, _: L::Simd) -> f64 {
        match self.0 {
            Loop::Dot(x, y) => {
                let ((x, x_rest), (y, y_rest)) =
                    (x.as_chunks::<TOGETHER>(), y.as_chunks::<TOGETHER>());
                let mut sums = [0.0; TOGETHER];
                for (x, y) in x.iter().zip(y) {
                    for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
                        *sum += x * y;
                    }
                }
                let rest: f64 = x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum();
                sums.iter().sum::<f64>() + rest
            }
            Loop::Add(sum, weight, x) => {
                sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += weight * x);
                0.0
            }
        }
    }
}
