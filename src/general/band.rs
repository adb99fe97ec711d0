//! A symmetric matrix along the line, by its diagonals.

/// A symmetric matrix by its diagonals d = 0, 1, ..: `rows[d]` holds entry (i, i+d) at i+1, between
/// zeros. What lies beyond is zero.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Band {
    /// The diagonals.
    pub rows: Vec<Vec<f64>>,
}

impl Band {
    /// Entry (i, j).
    pub fn at(&self, i: usize, j: usize) -> f64 {
        let (low, high) = (i.min(j), i.max(j));
        self.rows.get(high - low).map_or(0.0, |row| row[low + 1])
    }

    /// Σ over the whole matrix of the squares of one diagonal and its mirror image.
    pub fn square(&self, d: usize) -> f64 {
        let weight = if d == 0 { 1.0 } else { 2.0 };
        weight * self.rows[d].iter().map(|x| x * x).sum::<f64>()
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
