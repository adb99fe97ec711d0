//! Powers of a matrix near the unit matrix in 32 digits, for exponentials of a small one.
//!
//! A matrix 1 + D is held as D, so that slow rates keep their digits beside fast ones: (1 + D)² is
//! 1 + (2D + D²). A product adds the exact products of the leading parts in 32 digits and the mixed
//! ones in 16, a row of the right factor at a time, so that the compiler can use vector registers
//! without any instruction that some processors lack. Cost: n³ multiplications of some 4 ns. Error:
//! a few n times 2⁻¹⁰⁴ (2|D| + |D|²).

use super::double_double::{Double, leading};
use super::vector::largest_of;
use rayon::prelude::*;

/// A step and how often it is doubled up to a last time.
#[derive(Debug, Clone, Copy)]
pub struct Doublings {
    /// A power of two.
    pub step: f64,
    pub count: usize,
}

impl Doublings {
    pub fn up_to(last: f64, step: f64) -> Doublings {
        Doublings { step, count: (last / step).log2().floor().max(0.0) as usize }
    }

    /// The steps 2^k `step`, k ≤ `count`, that a time up to the last one is made of, and the rest,
    /// exactly.
    pub fn of(&self, time: Double) -> (Vec<bool>, Double) {
        let (mut bits, mut left) = (vec![false; self.count + 1], time);
        for (k, bit) in bits.iter_mut().enumerate().rev() {
            let length = self.step * 2f64.powi(k as i32);
            // The largest power may be half a rounding of the time too short.
            if left.hi >= length {
                (*bit, left) = (true, left.plus((-length).into()));
            }
        }
        (bits, left)
    }
}

/// 1 + D, or D alone. The last columns of D may be zero: then the last unknowns are driven by the
/// others and drive none. Those columns are not stored; the rest is stored by rows, the high and
/// the low parts of the numbers in two arrays.
#[derive(Debug, Clone)]
pub struct Power {
    /// 1 or 0
    unit: f64,
    columns: usize,
    high: Vec<f64>,
    low: Vec<f64>,
}

impl Power {
    /// From the columns of D, each with an entry for every row.
    pub fn of_columns(columns: &[Vec<Double>]) -> Power {
        let (rows, count) = (columns.first().map_or(0, Vec::len), columns.len());
        let (mut high, mut low) = (vec![0.0; rows * count], vec![0.0; rows * count]);
        for (j, column) in columns.iter().enumerate() {
            for (i, x) in column.iter().enumerate() {
                (high[i * count + j], low[i * count + j]) = (x.hi, x.lo);
            }
        }
        Power { unit: 1.0, columns: count, high, low }
    }

    /// 1 + D of a square D in doubles, by columns.
    pub fn rounded(&self) -> Vec<f64> {
        let n = self.columns;
        let entry = |i: usize, j: usize| match i == j {
            true => {
                let own = Double { hi: self.high[i * n + j], lo: self.low[i * n + j] };
                own.plus(self.unit.into()).hi
            }
            false => self.high[i * n + j],
        };
        (0..n).flat_map(|j| (0..n).map(move |i| entry(i, j))).collect()
    }

    /// The root of the sum of the squares of the entries of a square matrix.
    pub fn norm(&self) -> f64 {
        let entries = self.rounded();
        let largest = largest_of(entries.iter().copied());
        match largest > 0.0 {
            true => largest * entries.iter().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt(),
            false => largest,
        }
    }

    /// The same square matrix without its 1 apart, so that numbers far below 1 keep their digits.
    pub fn whole(mut self) -> Power {
        let n = self.columns;
        for at in (0..n).map(|i| i * n + i) {
            let own = Double { hi: self.high[at], lo: self.low[at] }.plus(self.unit.into());
            (self.high[at], self.low[at]) = (own.hi, own.lo);
        }
        Power { unit: 0.0, ..self }
    }

    /// (1 + D) x
    pub fn apply(&self, x: &[Double]) -> Vec<Double> {
        let rows = self.high.chunks(self.columns).zip(self.low.chunks(self.columns));
        let change = |(high, low): (&[f64], &[f64])| {
            let terms = high.iter().zip(low).zip(x).filter(|((hi, _), _)| **hi != 0.0);
            terms.fold(Double::default(), |sum, ((&hi, &lo), x)| {
                sum.plus(Double { hi, lo }.times(*x))
            })
        };
        rows.map(change).zip(x).map(|(change, x)| x.scaled(self.unit).plus(change)).collect()
    }

    /// (1 + D)ᵀ Q (1 + D) of a square D.
    pub fn turned(&self, form: &Form) -> Form {
        form.with_rows_of(self).transposed().with_rows_of(self)
    }

    /// (1 + D)². The same bits for any number of threads.
    pub fn squared(&self) -> Power {
        let n = self.columns;
        let mut high: Vec<f64> = self.high.iter().map(|x| 2.0 * self.unit * x).collect();
        let mut low: Vec<f64> = self.low.iter().map(|x| 2.0 * self.unit * x).collect();
        let rows = high.par_chunks_mut(n).zip(low.par_chunks_mut(n)).enumerate();
        rows.for_each(|(i, (high, low))| {
            for k in 0..n {
                let a = Double { hi: self.high[i * n + k], lo: self.low[i * n + k] };
                if a.hi != 0.0 {
                    let row = k * n..(k + 1) * n;
                    add_multiple(high, low, a, &self.high[row.clone()], &self.low[row]);
                }
            }
        });
        Power { columns: n, high, low, ..*self }
    }
}

/// A quadratic form: a symmetric matrix by rows, as the numbers of [`Power`].
#[derive(Debug, Clone)]
pub struct Form {
    size: usize,
    high: Vec<f64>,
    low: Vec<f64>,
}

impl Form {
    pub fn of(size: usize, entries: &[Double]) -> Form {
        let (high, low) = entries.iter().map(|x| (x.hi, x.lo)).unzip();
        Form { size, high, low }
    }

    fn at(&self, index: usize) -> Double {
        Double { hi: self.high[index], lo: self.low[index] }
    }

    /// xᵀ Q x
    pub fn of_vector(&self, x: &[Double]) -> Double {
        let row = |i: usize| {
            let terms = (0..self.size).map(|j| self.at(i * self.size + j) * x[j]);
            terms.fold(Double::default(), Double::plus) * x[i]
        };
        (0..self.size).map(row).fold(Double::default(), Double::plus)
    }

    /// Q + Q'
    pub fn plus(&self, other: &Form) -> Form {
        let sums: Vec<Double> =
            (0..self.high.len()).map(|index| self.at(index) + other.at(index)).collect();
        Form::of(self.size, &sums)
    }

    /// Q + Aᵀ Q
    fn with_rows_of(&self, a: &Power) -> Form {
        let n = self.size;
        let (mut high, mut low) = (self.high.clone(), self.low.clone());
        let rows = high.par_chunks_mut(n).zip(low.par_chunks_mut(n)).enumerate();
        rows.for_each(|(i, (high, low))| {
            for k in 0..n {
                let a = Double { hi: a.high[k * n + i], lo: a.low[k * n + i] };
                if a.hi != 0.0 {
                    let row = k * n..(k + 1) * n;
                    add_multiple(high, low, a, &self.high[row.clone()], &self.low[row]);
                }
            }
        });
        Form { size: n, high, low }
    }

    fn transposed(&self) -> Form {
        let n = self.size;
        let entries: Vec<Double> =
            (0..n * n).map(|index| self.at(index % n * n + index / n)).collect();
        Form::of(n, &entries)
    }
}

/// sum += a b, entry by entry.
fn add_multiple(high: &mut [f64], low: &mut [f64], a: Double, b_high: &[f64], b_low: &[f64]) {
    let a_lead = leading(a.hi);
    let a_rest = a.hi - a_lead;
    for (((high, low), &b), &b_lo) in high.iter_mut().zip(low).zip(b_high).zip(b_low) {
        let (b_lead, product) = (leading(b), a.hi * b);
        let b_rest = b - b_lead;
        let error =
            ((a_lead * b_lead - product) + (a_lead * b_rest + a_rest * b_lead)) + a_rest * b_rest;
        let small = error + (a.hi * b_lo + a.lo * b);
        let sum = *high + product;
        let part = sum - *high;
        let rest = (*high - (sum - part)) + (product - part) + (*low + small);
        *high = sum + rest;
        *low = rest - (*high - sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_time_and_what_is_left_are_the_time() {
        for time in [0.0, 0.3, 7.0, 1e12 / 3.0, 6e12] {
            let doublings = Doublings::up_to(6e12, 0.125);
            let (bits, left) = doublings.of(Double::from(time));
            let lengths = bits.iter().enumerate().filter(|(_, bit)| **bit);
            let sum: f64 = lengths.map(|(k, _)| 0.125 * 2f64.powi(k as i32)).sum();
            assert_eq!(left.plus(sum.into()), Double::from(time), "{time}");
            assert!((0.0..0.125).contains(&left.hi), "{time}: {left:?}");
        }
    }

    /// Powers of an integer matrix with determinant 1 are exact while their entries have fewer than
    /// 104 bits.
    #[test]
    fn powers_hold_thirty_two_digits() {
        let columns = [[1.0, 1.0], [1.0, 0.0]].map(|c| c.map(Double::from).to_vec());
        let mut power = Power::of_columns(&columns);
        for _ in 0..6 {
            power = power.squared();
        }
        // The Fibonacci numbers 129, 128 and 127.
        let fibonacci = |n: usize| (0..n).fold((0u128, 1u128), |(a, b), _| (b, a + b)).0;
        let one = |i: usize| {
            let mut unit = vec![Double::default(); 2];
            unit[i] = 1.0.into();
            power.apply(&unit)
        };
        let whole = |x: Double| x.hi as i128 + x.lo as i128;
        let (first, second) = (one(0), one(1));
        assert_eq!(whole(first[0]), fibonacci(129) as i128);
        assert_eq!(whole(first[1]), fibonacci(128) as i128);
        assert_eq!(whole(second[1]), fibonacci(127) as i128);
    }

    /// The last unknown adds up the first: after 2ᵏ steps it holds the geometric series.
    #[test]
    fn a_driven_unknown_is_no_factor() {
        let rate = 2f64.powi(-40);
        let mut power = Power::of_columns(&[vec![Double::from(-rate), 1.0.into()]]);
        for _ in 0..10 {
            power = power.squared();
        }
        let found = power.apply(&[1.0.into(), 3.0.into()]);
        // (1 - rate)^1024 and 3 + (1 - (1 - rate)^1024)/rate, by the binomial series.
        let mut term = Double::from(1.0);
        let (mut left, mut sum) = (Double::from(1.0), Double::from(3.0));
        for k in 1..8 {
            term = term.scaled(-rate * (1025.0 - f64::from(k))).divided(f64::from(k));
            left = left.plus(term);
            sum = sum.plus(term.divided(-rate));
        }
        assert!(found[0].plus(left.negated()).hi.abs() < 1e-30);
        assert!(found[1].plus(sum.negated()).hi.abs() < 1e-27);
    }

    /// Numbers with all bits in use: a product of 27 bits and 27 bits lost a bit in the sum.
    #[test]
    fn squares_agree_with_sums_of_wide_products() {
        let n = 7;
        let entry = |i: usize, j: usize| {
            let seed = ((3 * i + 5 * j + i * j) as f64).sin();
            Double::product(seed, 1e-2).plus((1e-19 * seed).into())
        };
        let columns: Vec<Vec<Double>> =
            (0..n).map(|j| (0..n).map(|i| entry(i, j)).collect()).collect();
        let found = Power::of_columns(&columns).squared();
        for i in 0..n {
            for j in 0..n {
                let start = entry(i, j).scaled(2.0);
                let exact = (0..n).fold(start, |sum, k| sum.plus(entry(i, k).times(entry(k, j))));
                let (hi, lo) = (found.high[i * n + j], found.low[i * n + j]);
                let error = Double { hi, lo }.plus(exact.negated()).hi.abs();
                assert!(error < 1e-33, "{i} {j}: {error:e}");
            }
        }
    }
}
