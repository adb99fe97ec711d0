//! Functions of a chain that is homogeneous between its ends (docs/theory/harmonic.md, (9.2)): G_ij
//! = T(i-j) + (-1)ʲ H(i+j), T(-d) = (-1)ᵈ T(d), i, j = 0..L, L even, in 32 digits.
//!
//! The generator ẏ_i = y_(i+1) - y_(i-1), with anything added at i = 0 and i = L, has waves ζⁱ and
//! (-1/ζ)ⁱ and turns into its transpose under the signs (-1)ⁱ; so its resolvent, and with it its
//! exponential, has this form. 3L numbers hold the matrix, three columns determine them (up to what
//! cancels in G), and a square costs O(L²). Sums of two doubles (Dekker; [`super::double_double`])
//! leave 10⁻³⁰ L² a product: rounding of a double never shows.
//!
//! The matrix is held as G - 1, whose square is (G² - 1) = 2(G - 1) + (G - 1)²: slow rates keep
//! their digits beside fast ones through all squarings.

use super::double_double::Double;
use super::registers::{InRegisters, Registered, Vectorized, Wide, in_widest};
use rayon::prelude::*;

/// Numbers of 32 digits, as two arrays.
#[derive(Debug, Clone, Default)]
struct Doubles {
    hi: Vec<f64>,
    lo: Vec<f64>,
}

impl Doubles {
    /// `values` and zeros behind them, as many as a vector register needs.
    fn new(values: impl Iterator<Item = Double>) -> Doubles {
        let mut out = Doubles::default();
        for value in values.chain([Double::default(); 8]) {
            out.hi.push(value.hi);
            out.lo.push(value.lo);
        }
        out
    }
}

/// Rows worked on by one task.
const ROWS: usize = 64;

/// The matrix G, held as G - 1.
#[derive(Debug, Clone)]
pub struct ToeplitzHankel {
    /// L
    last: usize,
    /// T(L-x), x = 0..2L: row i reads from x = L - i on.
    differences: Doubles,
    /// (-1)ˡ H(l): row i reads from l = i on, with the sign (-1)ⁱ.
    sums: Doubles,
}

impl ToeplitzHankel {
    /// From the columns 0, 1 and L of G - 1.
    pub fn from_columns(columns: [&[Double]; 3]) -> ToeplitzHankel {
        let [first, second, end] = columns;
        let last = first.len() - 1;
        // T(0) and T(1) are free: what is put there cancels against H.
        let mut t = Vec::<Double>::with_capacity(last + 1);
        for (i, own) in first.iter().enumerate() {
            t.push(if i < 2 {
                Double::default()
            } else {
                own.plus(second[i - 1]).plus(t[i - 2].negated())
            });
        }
        let signed = |x: Double, odd: usize| if odd % 2 == 1 { x.negated() } else { x };
        let difference =
            |x: usize| if x <= last { t[last - x] } else { signed(t[x - last], x - last) };
        let sum = |l: usize| {
            let h = if l <= last {
                first[l].plus(t[l].negated())
            } else {
                end[l - last].plus(signed(t[2 * last - l], l).negated())
            };
            signed(h, l)
        };
        ToeplitzHankel {
            last,
            differences: Doubles::new((0..=2 * last).map(difference)),
            sums: Doubles::new((0..=2 * last).map(sum)),
        }
    }

    /// Row i of G, in doubles.
    pub fn row(&self, i: usize) -> Vec<f64> {
        self.wide_row(i).map(|entry| entry.hi).collect()
    }

    /// Row i of G.
    pub fn wide_row(&self, i: usize) -> impl Iterator<Item = Double> {
        (0..=self.last).map(move |j| {
            let change = self.entry(i, j);
            if i == j { change.plus(1.0.into()) } else { change }
        })
    }

    /// G², from the columns of (G - 1)².
    pub fn squared(&self) -> ToeplitzHankel {
        let columns = [0, 1, self.last].map(|j| self.column(j));
        let mut squares = self.times(&columns);
        for (square, column) in squares.iter_mut().zip(&columns) {
            let doubled = column.iter().map(|x| x.scaled(2.0));
            square.iter_mut().zip(doubled).for_each(|(sum, x)| *sum = sum.plus(x));
        }
        ToeplitzHankel::from_columns([&squares[0], &squares[1], &squares[2]])
    }

    /// The entry (i, j) of G - 1.
    fn entry(&self, i: usize, j: usize) -> Double {
        let (x, l) = (self.last - i + j, i + j);
        let sign = if i % 2 == 1 { -1.0 } else { 1.0 };
        let t = Double { hi: self.differences.hi[x], lo: self.differences.lo[x] };
        t.plus(Double { hi: sign * self.sums.hi[l], lo: sign * self.sums.lo[l] })
    }

    fn column(&self, j: usize) -> Vec<Double> {
        (0..=self.last).map(|i| self.entry(i, j)).collect()
    }

    fn times(&self, columns: &[Vec<Double>; 3]) -> [Vec<Double>; 3] {
        let columns = [0, 1, 2].map(|c| Doubles::new(columns[c].iter().copied()));
        let starts: Vec<usize> = (0..=self.last).step_by(ROWS).collect();
        let task = |&start: &usize| {
            let rows = Rows {
                matrix: self,
                columns: &columns,
                rows: start..(start + ROWS).min(self.last + 1),
            };
            in_widest(rows)
        };
        let parts: Vec<Vec<[Double; 3]>> = starts.par_iter().map(task).collect();
        [0, 1, 2].map(|c| parts.iter().flatten().map(|row| row[c]).collect())
    }
}

/// Some rows times the columns.
struct Rows<'a> {
    matrix: &'a ToeplitzHankel,
    columns: &'a [Doubles; 3],
    rows: std::ops::Range<usize>,
}

impl InRegisters for Rows<'_> {
    type Output = Vec<[Double; 3]>;
    fn with<L: Wide>(self, simd: L::Simd) -> Vec<[Double; 3]> {
        L::vectorized(simd, Registered::<_, L>(self, Default::default()))
    }
}

/// The two halves of the digits of a double (Dekker).
#[inline(always)]
fn halves<L: Wide>(a: L) -> [L; 2] {
    let t = a * L::number(a.simd(), 134_217_729.0);
    let high = t - (t - a);
    [high, a - high]
}

#[inline(always)]
fn load<L: Wide>(simd: L::Simd, values: &[f64], at: usize) -> L {
    L::load(simd, values, &[], at)
}

/// a + b and what its rounding loses.
#[inline(always)]
fn sum<L: Wide>(a: L, b: L) -> [L; 2] {
    let total = a + b;
    let part = total - a;
    [total, (a - (total - part)) + (b - part)]
}

impl<L: Wide> Vectorized for Registered<Rows<'_>, L> {
    type Output = Vec<[Double; 3]>;
    type Numbers = L;

    #[inline(always)]
    fn run(self, simd: L::Simd) -> Vec<[Double; 3]> {
        let Rows { matrix, columns, rows } = self.0;
        let (t, h) = (&matrix.differences, &matrix.sums);
        let zero = L::number(simd, 0.0);
        let mut out = Vec::with_capacity(rows.len());
        for i in rows {
            let (from, sign) =
                (matrix.last - i, L::number(simd, if i % 2 == 1 { -1.0 } else { 1.0 }));
            let mut totals = [[zero; 2]; 3];
            let mut j = 0;
            while j <= matrix.last {
                let [g, lost] =
                    sum(load::<L>(simd, &t.hi, from + j), sign * load::<L>(simd, &h.hi, i + j));
                let low = lost
                    + (load::<L>(simd, &t.lo, from + j) + sign * load::<L>(simd, &h.lo, i + j));
                let [g1, g2] = halves(g);
                for (total, column) in totals.iter_mut().zip(columns) {
                    let (c, c_low) =
                        (load::<L>(simd, &column.hi, j), load::<L>(simd, &column.lo, j));
                    let [c1, c2] = halves(c);
                    let p = g * c;
                    let error = ((g1 * c1 - p) + g1 * c2 + g2 * c1) + g2 * c2;
                    let [next, lost] = sum(total[0], p);
                    *total = [next, total[1] + (lost + (error + (g * c_low + low * c)))];
                }
                j += 8;
            }
            out.push(totals.map(|[high, low]| {
                let mut parts = [[0.0; 8]; 2];
                high.add_to(&mut parts[0], &mut [], 0);
                low.add_to(&mut parts[1], &mut [], 0);
                (0..8).fold(Double::default(), |total, lane| {
                    total.plus(Double::sum(parts[0][lane], parts[1][lane]))
                })
            }));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_is_the_square_of_the_dense_matrix() {
        // Any T and H make a matrix of this form; those of a polynomial of the generator are closed
        // under products.
        for last in [2usize, 8, 22] {
            let n = last + 1;
            let step = |y: &[f64]| -> Vec<f64> {
                let drift = |i: usize| {
                    let right = if i < last { y[i + 1] } else { 0.0 };
                    let left = if i > 0 { y[i - 1] } else { 0.0 };
                    right
                        - left
                        - if i == 0 {
                            0.7 * y[0]
                        } else if i == last {
                            1.9 * y[last]
                        } else {
                            0.0
                        }
                };
                (0..n).map(|i| y[i] + 0.25 * drift(i)).collect()
            };
            // Dyadic numbers: three steps are exact in doubles but for the frictions.
            let column = |source: usize| -> Vec<f64> {
                let unit: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == source))).collect();
                step(&step(&step(&unit)))
            };
            let doubles =
                |v: &[f64]| v.iter().map(|&hi| Double { hi, lo: 0.0 }).collect::<Vec<_>>();
            let change = |j: usize| {
                let mut change = column(j);
                change[j] -= 1.0;
                change
            };
            let columns = [0, 1, last].map(|j| doubles(&change(j)));
            let matrix = ToeplitzHankel::from_columns([&columns[0], &columns[1], &columns[2]]);
            let square = matrix.squared();
            for i in 0..n {
                let rows = [matrix.row(i), square.row(i)];
                for j in 0..n {
                    let single = column(j);
                    let double = step(&step(&step(&single)));
                    for (row, exact) in rows.iter().zip([&single, &double]) {
                        // Roundings of the reference, summed up along the chain.
                        let error = (row[j] - exact[i]).abs();
                        assert!(
                            error < 1e-15 * n as f64,
                            "L = {last} ({i},{j}): {} {}",
                            row[j],
                            exact[i]
                        );
                    }
                }
            }
        }
    }
}
