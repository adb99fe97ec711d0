//! A symmetric matrix along the line, by its diagonals.

/// A symmetric matrix by its diagonals d = 0, 1, ..: `rows[d]` holds entry (i, i+d) at i+1, between
/// zeros. What lies beyond is zero. On a ring of n coordinates i + d goes around, d ≤ n/2, and
/// before and after the n entries of a row are the last and the first of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Band {
    /// The diagonals.
    pub rows: Vec<Vec<f64>>,
    /// Whether the coordinates stand around a ring.
    pub ring: bool,
}

impl Band {
    /// All diagonals of a symmetric matrix of n columns, given row by row.
    pub fn of(n: usize, ring: bool, matrix: &[f64]) -> Band {
        let row = |d: usize| {
            let count = if ring { n } else { n - d };
            let mut row = vec![0.0; count + 2];
            (0..count).for_each(|i| row[i + 1] = matrix[i * n + (i + d) % n]);
            if ring {
                close(&mut row);
            }
            row
        };
        let widest = if ring { n / 2 } else { n - 1 };
        Band { rows: (0..=widest).map(row).collect(), ring }
    }

    /// Entry (i, j).
    pub fn at(&self, i: usize, j: usize) -> f64 {
        let (low, high) = (i.min(j), i.max(j));
        let (from, d) = match self.ring {
            true if 2 * (high - low) > self.len() => (high, self.len() - (high - low)),
            _ => (low, high - low),
        };
        self.rows.get(d).map_or(0.0, |row| row[from + 1])
    }

    /// The number of coordinates.
    fn len(&self) -> usize {
        self.rows[0].len() - 2
    }

    /// Entry (i, i+d) as often as it stands in the matrix.
    fn weight(&self, d: usize) -> f64 {
        if d == 0 || (self.ring && 2 * d == self.len()) { 1.0 } else { 2.0 }
    }

    /// Σ over the whole matrix of the squares of one diagonal and its mirror image.
    pub fn square(&self, d: usize) -> f64 {
        let row = &self.rows[d];
        self.weight(d) * row[1..row.len() - 1].iter().map(|x| x * x).sum::<f64>()
    }

    /// Frobenius norm.
    pub fn norm(&self) -> f64 {
        (0..self.rows.len()).map(|d| self.square(d)).sum::<f64>().sqrt()
    }

    /// Drops the last diagonals whose norm together is at most `allowed`; returns that norm.
    pub fn cut(&mut self, allowed: f64) -> f64 {
        let mut cut = 0.0;
        while self.rows.len() > 1 {
            let more = cut + self.square(self.rows.len() - 1);
            if more > allowed * allowed {
                break;
            }
            cut = more;
            self.rows.pop();
        }
        cut.sqrt()
    }
}

/// Puts the last entry of a row of a ring before it and the first one behind.
pub(super) fn close(row: &mut [f64]) {
    let last = row.len() - 1;
    (row[0], row[last]) = (row[last - 1], row[1]);
}
