//! Symmetric matrices by the triangle of their entries i ≤ j, each of which stands once.

/// The place of the pair (i, j).
pub fn place(i: usize, j: usize) -> usize {
    let (low, high) = (i.min(j), i.max(j));
    high * (high + 1) / 2 + low
}

/// How many pairs `n` coordinates have.
pub fn count(n: usize) -> usize {
    n * (n + 1) / 2
}

/// The whole matrix.
pub fn unfolded(triangle: &[f64], n: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; n * n];
    for j in 0..n {
        for i in 0..=j {
            let x = triangle[place(i, j)];
            (matrix[j * n + i], matrix[i * n + j]) = (x, x);
        }
    }
    matrix
}

/// The triangle of a matrix of which one half is read.
pub fn fold(matrix: &[f64], n: usize, triangle: &mut [f64]) {
    for j in 0..n {
        for i in 0..=j {
            triangle[place(i, j)] = matrix[j * n + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triangle_holds_a_symmetric_matrix() {
        let n = 5;
        let entry = |i: usize, j: usize| (i * j + 3 * i.max(j)) as f64;
        let matrix: Vec<f64> = (0..n * n).map(|at| entry(at / n, at % n)).collect();
        let mut triangle = vec![f64::NAN; count(n)];
        fold(&matrix, n, &mut triangle);
        assert_eq!(triangle[place(1, 3)], entry(3, 1));
        assert_eq!(unfolded(&triangle, n), matrix);
    }
}
