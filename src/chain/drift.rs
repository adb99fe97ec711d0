//! The drift matrix B and the sources of the moment equations, literally (docs/theory/model.md,
//! (1.4)).
//!
//! Order of the coordinates: r_1..r_N, p_0..p_N (ring: r_0..r_(N-1), p_0..p_(N-1)); of a pinned
//! chain q_0..q_N, p_0..p_N (ring: q_0..q_(N-1), p_0..p_(N-1)).

use super::{Chain, Coefficients};
use crate::scenario::Topology;
use sprs::{CsMat, TriMat};

impl Chain {
    /// Number of coordinates: 2N+1 (open), 2N+2 (open and pinned) or 2N (ring).
    pub fn coordinates(&self) -> usize {
        self.positions() + self.atoms()
    }

    /// The names of the coordinates in their order: r_1..r_N, p_0..p_N, on a ring r_0..r_(N-1),
    /// p_0..p_(N-1), of a pinned chain q_0.. in place of r.
    pub fn coordinate_names(&self) -> Vec<String> {
        let (letter, first) = match (self.is_pinned(), self.topology) {
            (true, _) => ("q", 0),
            (false, Topology::Open) => ("r", 1),
            (false, Topology::Ring) => ("r", 0),
        };
        let positions = (0..self.positions()).map(|n| format!("{letter}_{}", n + first));
        positions.chain((0..self.atoms()).map(|n| format!("p_{n}"))).collect()
    }

    /// The atoms that bond `index` (counted from 0) connects: r = p_right - p_left per unit time.
    pub fn bond_ends(&self, index: usize) -> (usize, usize) {
        match self.topology {
            Topology::Open => (index, index + 1),
            Topology::Ring => ((index + self.bonds - 1) % self.bonds, index),
        }
    }

    /// Friction and noise strength at every atom (docs/theory/model.md, (1.2)): λ_n and 2 λ_n m_n
    /// T_n, zero where there is no thermostat.
    pub fn thermostats(&self) -> (Vec<f64>, Vec<f64>) {
        let (mut friction, mut noise) = (vec![0.0; self.atoms()], vec![0.0; self.atoms()]);
        if let Some(general) = &self.general {
            for (site, t) in &general.thermostats {
                friction[*site] = t.friction;
                noise[*site] = 2.0 * t.friction * general.mass[*site] * t.temperature;
            }
            return (friction, noise);
        }
        let last = self.atoms() - 1;
        for (site, end) in [(0, self.left), (last, self.right)] {
            if let Some(t) = end {
                friction[site] += t.friction;
                noise[site] += 2.0 * t.friction * t.temperature;
            }
        }
        (friction, noise)
    }

    /// γ_n of every atom.
    pub fn flip_rates(&self) -> Vec<f64> {
        match &self.general {
            Some(general) => general.flip_rate.clone(),
            None => vec![self.flip_rate; self.atoms()],
        }
    }

    /// B = [[0, D], [-Dᵀ, -(2γ + Γ)]]: the drift of the means, dz̄/dτ = B z̄ + F(τ) e_(pN). With
    /// coefficients [[0, D/m], [-Dᵀk, -(2γ + Γ)]]; of a pinned chain, whose coordinates are q and
    /// p, [[0, 1/m], [-(DᵀkD + κ), -(2γ + Γ)]].
    pub fn drift(&self) -> CsMat<f64> {
        let n = self.coordinates();
        let mut b = TriMat::new((n, n));
        if let Some(general) = &self.general {
            self.drift_of_coefficients(general, &mut b);
            return b.to_csr();
        }
        for bond in 0..self.bonds {
            let (left, right) = self.bond_ends(bond);
            let (left, right) = (self.bonds + left, self.bonds + right);
            for (row, column, value) in
                [(bond, right, 1.0), (bond, left, -1.0), (right, bond, -1.0), (left, bond, 1.0)]
            {
                b.add_triplet(row, column, value);
            }
        }
        for (site, friction) in self.thermostats().0.into_iter().enumerate() {
            b.add_triplet(self.bonds + site, self.bonds + site, -(2.0 * self.flip_rate + friction));
        }
        b.to_csr()
    }

    fn drift_of_coefficients(&self, general: &Coefficients, b: &mut TriMat<f64>) {
        let first = self.positions();
        let friction = self.thermostats().0;
        for (site, (rate, friction)) in general.flip_rate.iter().zip(friction).enumerate() {
            b.add_triplet(first + site, first + site, -(2.0 * rate + friction));
        }
        let inverse = |atom: usize| 1.0 / general.mass[atom];
        if general.is_pinned() {
            for (site, pinning) in general.pinning.iter().enumerate() {
                b.add_triplet(site, first + site, inverse(site));
                b.add_triplet(first + site, site, -pinning);
            }
        }
        for (bond, spring) in general.spring.iter().enumerate() {
            let (left, right) = self.bond_ends(bond);
            if general.is_pinned() {
                // The force of the energy k (q_right - q_left)²/2.
                for (row, column, sign) in [
                    (left, left, -1.0),
                    (left, right, 1.0),
                    (right, right, -1.0),
                    (right, left, 1.0),
                ] {
                    b.add_triplet(first + row, column, sign * spring);
                }
            } else {
                b.add_triplet(bond, first + right, inverse(right));
                b.add_triplet(bond, first + left, -inverse(left));
                b.add_triplet(first + right, bond, -spring);
                b.add_triplet(first + left, bond, *spring);
            }
        }
    }

    /// The diagonal source of the covariance at the momenta: 4γ p̄² + 2λT, less what a reference
    /// state `reference`·1 takes up (2λ T_ref), for the momenta `mean_p`.
    pub fn covariance_source(&self, mean_p: &[f64], reference: f64) -> Vec<f64> {
        self.covariance_source_of(mean_p.iter().map(|p| p * p), reference)
    }

    /// The same for given p̄², such as their averages over a period.
    pub fn covariance_source_of(
        &self,
        squares: impl Iterator<Item = f64>,
        reference: f64,
    ) -> Vec<f64> {
        let (friction, noise) = self.thermostats();
        let rates = self.flip_rates();
        squares
            .zip(friction.iter().zip(&noise).zip(&rates))
            .map(|(square, ((friction, noise), rate))| {
                4.0 * rate * square + (noise - 2.0 * friction * reference)
            })
            .collect()
    }

    /// B z̄, without the force. O(N).
    pub fn drift_of(&self, mean: &[f64]) -> Vec<f64> {
        if self.general.is_some() {
            let drift = self.drift();
            let row = |row: sprs::CsVecView<f64>| row.iter().map(|(i, b)| b * mean[i]).sum();
            return drift.outer_iterator().map(row).collect();
        }
        let (r, p) = mean.split_at(self.bonds);
        let mut out = vec![0.0; mean.len()];
        for (bond, r) in r.iter().enumerate() {
            let (left, right) = self.bond_ends(bond);
            out[bond] = p[right] - p[left];
            out[self.bonds + right] -= r;
            out[self.bonds + left] += r;
        }
        for (site, friction) in self.thermostats().0.into_iter().enumerate() {
            out[self.bonds + site] -= (2.0 * self.flip_rate + friction) * p[site];
        }
        out
    }
}
