//! (σ M + D K) u = f: one shifted solve of the diffusion D ∂_xx in its weak form on a mesh of
//! panels.
//!
//! M is the mass (diagonal by the quadrature), K the stiffness. Inner nodes are eliminated panel by
//! panel in the element's eigenvectors, which leaves a tridiagonal system for the panels' common
//! nodes (cyclic on the ring). Cost: O(p²) a panel. Error: rounding, as long as the panels are not
//! much narrower than √(D/σ).

use super::element::Element;
use super::mesh::Panel;
use num_complex::Complex64;

/// The boundary conditions at the two ends of [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Boundary {
    /// Joined to a ring.
    Ring,
    /// `true` where the value is given (its change is 0), `false` where the flux is.
    Open([bool; 2]),
}

/// Solves (σ M + D K) u = f for values at the nodes; f holds each panel's own part of the weak
/// right-hand side.
pub fn solve(
    element: &Element,
    mesh: &[Panel],
    ends: Boundary,
    diffusion: f64,
    shift: Complex64,
    f: &[Complex64],
) -> Vec<Complex64> {
    let (n, last) = (element.count(), element.count() - 1);
    let panels = mesh.len();
    // Common nodes: panel i lies between i and i+1; on the ring node `panels` is node 0.
    let size = if ends == Boundary::Ring { panels } else { panels + 1 };
    let mut diagonal = vec![Complex64::ZERO; size];
    let mut coupling = vec![Complex64::ZERO; panels];
    let mut rhs = vec![Complex64::ZERO; size];
    let mut inner = Vec::with_capacity(panels);
    for (i, panel) in mesh.iter().enumerate() {
        let (mass, stiff) = (shift * panel.width / 2.0, 2.0 * diffusion / panel.width);
        let own = &f[i * n..(i + 1) * n];
        let inverse: Vec<Complex64> =
            element.rates.iter().map(|rate| (mass + stiff * rate).inv()).collect();
        let modes = element.to_modes(&own[1..last]);
        let mut own_diagonal = mass * element.weights[0] + stiff * element.end_stiffness[0];
        let mut own_coupling = Complex64::from(stiff * element.end_stiffness[1]);
        let mut ends_rhs = [own[0], own[last]];
        for ((d, b), g) in inverse.iter().zip(&element.end_coupling).zip(&modes) {
            let b = [stiff * b[0], stiff * b[1]];
            own_diagonal -= d * b[0] * b[0];
            own_coupling -= d * b[0] * b[1];
            ends_rhs[0] -= d * g * b[0];
            ends_rhs[1] -= d * g * b[1];
        }
        coupling[i] = own_coupling;
        for (side, part) in ends_rhs.into_iter().enumerate() {
            let node = (i + side) % size;
            diagonal[node] += own_diagonal;
            rhs[node] += part;
        }
        inner.push((inverse, modes, stiff));
    }
    if let Boundary::Open(fixed) = ends {
        for (fixed, node, next) in [(fixed[0], 0, 0), (fixed[1], panels, panels - 1)] {
            if fixed {
                // Its neighbour does not feel a node that stays.
                (diagonal[node], rhs[node], coupling[next]) =
                    (Complex64::ONE, Complex64::ZERO, Complex64::ZERO);
            }
        }
    }
    let common = if ends == Boundary::Ring {
        cyclic(&diagonal, &coupling, &rhs)
    } else {
        tridiagonal(&diagonal, &coupling, rhs)
    };
    let mut out = Vec::with_capacity(f.len());
    for (i, (inverse, modes, stiff)) in inner.iter().enumerate() {
        let ends = [common[i], common[(i + 1) % size]];
        let answers: Vec<Complex64> = inverse
            .iter()
            .zip(&element.end_coupling)
            .zip(modes)
            .map(|((d, b), g)| d * (g - *stiff * (b[0] * ends[0] + b[1] * ends[1])))
            .collect();
        out.push(ends[0]);
        out.extend(element.to_nodes(&answers));
        out.push(ends[1]);
    }
    out
}

/// A symmetric tridiagonal system, eliminated from the left: it is diagonally dominant in the sense
/// that matters, Re(σ) > 0.
fn tridiagonal(
    diagonal: &[Complex64],
    coupling: &[Complex64],
    mut x: Vec<Complex64>,
) -> Vec<Complex64> {
    let n = x.len();
    let mut pivots = diagonal.to_vec();
    for i in 1..n {
        let factor = coupling[i - 1] / pivots[i - 1];
        pivots[i] -= factor * coupling[i - 1];
        let before = x[i - 1];
        x[i] -= factor * before;
    }
    x[n - 1] /= pivots[n - 1];
    for i in (0..n - 1).rev() {
        let after = x[i + 1];
        x[i] = (x[i] - coupling[i] * after) / pivots[i];
    }
    x
}

/// A cyclic one, coupling[i] between i and i+1: the last unknown is split off.
fn cyclic(diagonal: &[Complex64], coupling: &[Complex64], rhs: &[Complex64]) -> Vec<Complex64> {
    let n = rhs.len();
    let (inner, c) = (n - 1, coupling);
    let mut column = vec![Complex64::ZERO; inner];
    column[0] += c[n - 1];
    column[inner - 1] += c[n - 2];
    let x = tridiagonal(&diagonal[..inner], &c[..inner - 1], rhs[..inner].to_vec());
    let y = tridiagonal(&diagonal[..inner], &c[..inner - 1], column);
    let last = (rhs[n - 1] - c[n - 1] * x[0] - c[n - 2] * x[inner - 1])
        / (diagonal[n - 1] - c[n - 1] * y[0] - c[n - 2] * y[inner - 1]);
    x.iter().zip(&y).map(|(x, y)| x - last * y).chain([last]).collect()
}
