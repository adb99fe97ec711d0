//! Coordinates of the theory as sums along the line, of vectors and of matrices.

use super::super::Model;
use super::super::band::Band;
use super::Line;
use ndarray::Array2;

impl Line {
    /// E r_n of a pinned open chain, n ≥ 1, of means along the line.
    pub fn stretches(&self, y: &[f64]) -> Vec<f64> {
        let z = self.leave(y);
        (1..self.own.len())
            .map(|n| (y[self.position(n)] - self.excess[n] * z[n - 1]) / self.own[n])
            .collect()
    }

    /// [a, b] with r_n = a x_n - b q_(n-1) of a pinned open chain, n ≥ 1.
    pub fn stretching(&self, n: usize) -> [f64; 2] {
        [1.0 / self.own[n], self.excess[n] / self.own[n]]
    }

    /// The covariance in the theory's order. O(N²).
    pub fn matrix(&self, c: &Band) -> Array2<f64> {
        self.in_theory(&Array2::from_shape_fn((self.len, self.len), |(i, j)| c.at(i, j)))
    }

    /// The covariance in the theory's order, of that along the line. O(N²).
    pub fn in_theory(&self, c: &Array2<f64>) -> Array2<f64> {
        let mut half = Array2::zeros((self.len, self.len));
        for (mut column, of_line) in half.columns_mut().into_iter().zip(c.columns()) {
            column.assign(&ndarray::arr1(&self.leave(&of_line.to_vec())));
        }
        let mut whole = Array2::zeros((self.len, self.len));
        for (mut row, of_line) in whole.rows_mut().into_iter().zip(half.rows()) {
            row.assign(&ndarray::arr1(&self.leave(&of_line.to_vec())));
        }
        // Both mirror images agree to a rounding.
        for i in 0..self.len {
            for j in 0..i {
                let middle = (whole[[i, j]] + whole[[j, i]]) / 2.0;
                (whole[[i, j]], whole[[j, i]]) = (middle, middle);
            }
        }
        whole
    }

    /// w with z_index = w·y, for a coordinate in the theory's order of an open chain.
    pub fn functional(&self, index: usize) -> Vec<f64> {
        let positions = self.len - self.root_mass.len();
        let mut w = vec![0.0; self.len];
        match index.checked_sub(positions) {
            Some(atom) => w[self.momentum(atom)] = self.root_mass[atom],
            None if self.offset == 0 => w[self.position(index + 1)] = 1.0 / self.own[index],
            None => {
                let mut part = 1.0 / self.own[index];
                for n in (0..=index).rev() {
                    w[self.position(n)] = part;
                    part *= if n > 0 { self.before[n] / self.own[n - 1] } else { 0.0 };
                }
            }
        }
        w
    }

    /// w with r_n = w·y of a pinned open chain, n ≥ 1.
    pub fn stretch_functional(&self, n: usize) -> Vec<f64> {
        let mut w = self.functional(n - 1);
        w.iter_mut().for_each(|w| *w *= -self.excess[n] / self.own[n]);
        w[self.position(n)] = 1.0 / self.own[n];
        w
    }

    /// A bound of ‖∂z/∂y‖₂, z in the theory's order of an open chain. With pinning DᵀkD + κ has an
    /// inverse without negative entries, whose largest row sum bounds its norm.
    pub fn reach(&self, model: &Model) -> f64 {
        let heaviest = self.root_mass.iter().copied().fold(0.0, f64::max);
        if self.offset == 0 {
            return self.own.iter().map(|root| 1.0 / root).fold(heaviest, f64::max);
        }
        let stiffness = model.stiffness_to_the_right();
        let mut pushed = vec![1.0; stiffness.len()];
        for n in (1..pushed.len()).rev() {
            let k = model.spring[n - 1];
            pushed[n - 1] += pushed[n] * (k / (k + stiffness[n]));
        }
        let (mut q, mut most) = (pushed[0] / stiffness[0], 0.0f64);
        for n in 1..pushed.len() {
            most = most.max(q);
            let k = model.spring[n - 1];
            q = (pushed[n] + k * q) / (k + stiffness[n]);
        }
        most.max(q).sqrt().max(heaviest)
    }

    /// Roundings of [`Line::leave`] in norm, relative to ε‖z‖: of a displacement along all before.
    pub fn rounding_of_leave(&self, reach: f64) -> f64 {
        match self.offset {
            1 => 2.0 * reach * self.own.iter().copied().fold(0.0, f64::max),
            _ => 0.0,
        }
    }
}
