//! The friction-free chain in its own modes: cosines for p, sines for r, so that D ψ_k = a_k φ_k.
//!
//! Open chain, M = N+1: ψ_k(n) = √(2/M) cos(πk(n+½)/M), φ_k(n) = -√(2/M) sin(πkn/M), a_k = 2
//! sin(πk/2M), k = 0..N (φ_0 = 0). Ring, M = N, θ_j = 2πj/N: first the cosine modes ψ = √(2/N)
//! cos(θ_j(n+½)), φ = -√(2/N) sin(θ_j n), then the sine modes ψ = √(2/N) sin(θ_j(n+½)), φ = √(2/N)
//! cos(θ_j n), a = 2 sin(πj/N). The modes j = 0 and j = N/2 carry 1/√2. Both bases are orthonormal;
//! a transform costs O(N log N). The uniform mode of the ring has φ_0 = 1/√N.
//!
//! A product of two modes is a sum of two modes, so Ψᵀ diag(d) Ψ is Toeplitz plus Hankel in each
//! block of equal kind: [`Modes::table`] and [`Modes::untable`] exchange a diagonal d with the
//! one-dimensional table that holds it.

use super::Chain;
use crate::scenario::Topology;
use flipchain_transforms::{Dst1, Fft, TransformType2And3, cosine, forward, sine};
use num_complex::Complex64;
use std::f64::consts::{FRAC_1_SQRT_2, PI};
use std::sync::Arc;

/// A run of columns of one row of Ψᵀ diag(d) Ψ: for column `columns.start + i` the entry is
/// ν ν' ( table\[difference + i\] + table\[sum + i\] ).
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// The modes it covers.
    pub columns: std::ops::Range<usize>,
    /// The start of the Toeplitz part in the table.
    pub difference: usize,
    /// The start of the Hankel part in the table.
    pub sum: usize,
}

/// The modes of a chain.
pub struct Modes {
    topology: Topology,
    count: usize,
    /// a_k, the frequency of mode k.
    pub frequency: Vec<f64>,
    /// ν_k: 1, or 1/√2 where a mode's square does not oscillate.
    pub norm: Vec<f64>,
    cosine: Option<Arc<dyn TransformType2And3<f64>>>,
    sine: Option<Arc<dyn Dst1<f64>>>,
    fourier: Option<Arc<dyn Fft<f64>>>,
}

impl Modes {
    /// The modes of `chain` (its friction plays no role).
    pub fn new(chain: &Chain) -> Modes {
        let count = chain.atoms();
        let (m, bonds) = (count as f64, chain.bonds);
        match chain.topology {
            Topology::Open => {
                let mut norm = vec![1.0; count];
                norm[0] = FRAC_1_SQRT_2;
                Modes {
                    topology: Topology::Open,
                    count,
                    frequency: (0..count)
                        .map(|k| 2.0 * (PI * k as f64 / (2.0 * m)).sin())
                        .collect(),
                    norm,
                    cosine: Some(cosine(count)),
                    sine: Some(sine(bonds)),
                    fourier: None,
                }
            }
            Topology::Ring => {
                let cosines = Modes::ring_cosines(count);
                let wave = |k: usize| if k < cosines { k } else { k - cosines + 1 };
                let norm =
                    |k: usize| if k == 0 || 2 * wave(k) == count { FRAC_1_SQRT_2 } else { 1.0 };
                Modes {
                    topology: Topology::Ring,
                    count,
                    frequency: (0..count).map(|k| 2.0 * (PI * wave(k) as f64 / m).sin()).collect(),
                    norm: (0..count).map(norm).collect(),
                    cosine: None,
                    sine: None,
                    fourier: Some(forward(count)),
                }
            }
        }
    }

    /// Number of cosine modes of a ring of `count` sites: j = 0 .. ⌈N/2⌉-1; the sines are j = 1 ..
    /// ⌊N/2⌋.
    fn ring_cosines(count: usize) -> usize {
        count.div_ceil(2)
    }

    /// Number of modes M: N+1 (open) or N (ring).
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether these are the modes of a ring, where the uniform mode of r exists.
    pub fn is_ring(&self) -> bool {
        self.topology == Topology::Ring
    }

    /// Zeros that lead the elongations to as many entries as momenta: one in the open chain, none
    /// on the ring.
    pub fn padding(&self) -> usize {
        usize::from(!self.is_ring())
    }

    /// Whole numbers (m, d) with a_k = 2 sin(πm/d).
    pub fn half_turns(&self, k: usize) -> (usize, usize) {
        match self.topology {
            Topology::Open => (k, 2 * self.count),
            Topology::Ring => {
                let cosines = Modes::ring_cosines(self.count);
                (if k < cosines { k } else { k - cosines + 1 }, self.count)
            }
        }
    }

    /// ψ_k(0); at the other end of the open chain ψ_k(N) = (-1)^k ψ_k(0).
    pub fn at_left_end(&self, k: usize) -> f64 {
        let m = self.count as f64;
        self.norm[k] * (2.0 / m).sqrt() * (PI * k as f64 / (2.0 * m)).cos()
    }

    fn scale(&self) -> f64 {
        (2.0 / self.count as f64).sqrt()
    }

    /// Momenta at the sites to modes, Ψᵀ p.
    pub fn momentum_to_modes(&self, p: &mut [f64]) {
        match &self.cosine {
            Some(dct) => {
                dct.process_dct2(p);
                self.rescale(p);
            }
            None => {
                let mut v = self.spectrum(p, 0.5);
                self.pack(&mut v, p, false);
            }
        }
    }

    /// Modes to momenta, Ψ p̂.
    pub fn momentum_to_sites(&self, p: &mut [f64]) {
        self.rescale(p);
        match &self.cosine {
            Some(dct) => {
                // The library's DCT-III halves its first entry.
                p[0] *= 2.0;
                dct.process_dct3(p);
            }
            None => self.synthesize(p, false),
        }
    }

    /// Elongations to modes, Φᵀ r. Open chain: `r` has length N+1 with r\[0\] = 0, and so has the
    /// result.
    pub fn elongation_to_modes(&self, r: &mut [f64]) {
        match &self.sine {
            Some(dst) => {
                r[0] = 0.0;
                dst.process_dst1(&mut r[1..]);
                r.iter_mut().for_each(|x| *x *= -self.scale());
            }
            None => {
                let mut v = self.spectrum(r, 0.0);
                self.pack(&mut v, r, true);
            }
        }
    }

    /// Modes to elongations, Φ r̂, in the layout of [`Modes::elongation_to_modes`].
    pub fn elongation_to_sites(&self, r: &mut [f64]) {
        match &self.sine {
            Some(_) => self.elongation_to_modes(r),
            None => {
                self.rescale(r);
                self.synthesize(r, true);
            }
        }
    }

    /// (r_k) and (p_k) of a vector in the theory's order.
    pub fn of_coordinates(&self, z: &[f64]) -> [Vec<f64>; 2] {
        let (elongation, momentum) = z.split_at(self.count - self.padding());
        let mut r = [&vec![0.0; self.padding()], elongation].concat();
        let mut p = momentum.to_vec();
        self.elongation_to_modes(&mut r);
        self.momentum_to_modes(&mut p);
        [r, p]
    }

    /// The vector in the theory's order of (r_k) and (p_k).
    pub fn to_coordinates(&self, [mut r, mut p]: [Vec<f64>; 2]) -> Vec<f64> {
        self.elongation_to_sites(&mut r);
        self.momentum_to_sites(&mut p);
        [&r[self.padding()..], &p].concat()
    }

    /// Multiplies mode k by ν_k √(2/M).
    fn rescale(&self, v: &mut [f64]) {
        let scale = self.scale();
        v.iter_mut().zip(&self.norm).for_each(|(x, norm)| *x *= scale * norm);
    }

    /// Ring: Σ_n d_n e^(-iθ_j(n+offset)), j = 0..N-1.
    fn spectrum(&self, d: &[f64], offset: f64) -> Vec<Complex64> {
        let mut v: Vec<Complex64> = d.iter().map(|&x| Complex64::new(x, 0.0)).collect();
        self.fourier.as_ref().expect("a ring has a Fourier transform").process(&mut v);
        let step = -2.0 * PI / self.count as f64 * offset;
        v.iter_mut().enumerate().for_each(|(j, x)| *x *= Complex64::cis(step * j as f64));
        v
    }

    /// Ring: sums over cosines and sines to the modes of p (or of r, where sine and cosine change
    /// places and a sign).
    fn pack(&self, spectrum: &mut [Complex64], out: &mut [f64], elongation: bool) {
        let cosines = Modes::ring_cosines(self.count);
        for (k, value) in out.iter_mut().enumerate() {
            let sine = k >= cosines;
            let v = spectrum[if sine { k - cosines + 1 } else { k }];
            *value = match (sine, elongation) {
                (false, false) | (true, true) => v.re,
                (true, false) => -v.im,
                // φ of a cosine mode is -sin; the uniform mode is a constant.
                (false, true) => {
                    if k == 0 {
                        v.re
                    } else {
                        v.im
                    }
                }
            };
        }
        self.rescale(out);
    }

    /// Ring: modes (already scaled) to sites.
    fn synthesize(&self, modes: &mut [f64], elongation: bool) {
        let (n, cosines) = (self.count, Modes::ring_cosines(self.count));
        let offset = if elongation { 0.0 } else { 0.5 };
        let mut v = vec![Complex64::new(0.0, 0.0); n];
        for (k, &x) in modes.iter().enumerate() {
            let (j, sine) = if k < cosines { (k, false) } else { (k - cosines + 1, true) };
            // Σ x cos(θ_j(n+offset)) is Re of Σ x e^(-iθ..); Σ x sin is Re of Σ i x e^(-iθ..).
            let coefficient = match (sine, elongation) {
                (false, false) | (true, true) => Complex64::new(x, 0.0),
                (true, false) => Complex64::new(0.0, x),
                (false, true) => {
                    if k == 0 {
                        Complex64::new(x, 0.0)
                    } else {
                        Complex64::new(0.0, -x)
                    }
                }
            };
            v[j] += coefficient * Complex64::cis(-2.0 * PI / n as f64 * j as f64 * offset);
        }
        self.fourier.as_ref().expect("a ring has a Fourier transform").process(&mut v);
        modes.iter_mut().zip(&v).for_each(|(x, v)| *x = v.re);
    }

    /// Length of a table.
    pub fn table_len(&self) -> usize {
        match self.topology {
            Topology::Open => 2 * self.count,
            Topology::Ring => 6 * (self.count + 1),
        }
    }

    /// The runs of columns k' ≥ k of row k, in ascending order.
    pub fn segments(&self, k: usize) -> Vec<Segment> {
        let m = self.count;
        match self.topology {
            Topology::Open => vec![Segment { columns: k..m, difference: 0, sum: 2 * k }],
            Topology::Ring => {
                // Table: cos(difference), cos(sum), -cos(sum), then sin from -(N+1) to N, then
                // sin(sum).
                let cosines = Modes::ring_cosines(m);
                let block = m + 1;
                if k < cosines {
                    let mixed = Segment {
                        columns: cosines..m,
                        difference: 4 * block + 1 - k,
                        sum: 5 * block + k + 1,
                    };
                    vec![Segment { columns: k..cosines, difference: 0, sum: block + 2 * k }, mixed]
                } else {
                    let j = k - cosines + 1;
                    vec![Segment { columns: k..m, difference: 0, sum: 2 * block + 2 * j }]
                }
            }
        }
    }

    /// The table of Ψᵀ diag(d) Ψ.
    pub fn table(&self, d: &[f64]) -> Vec<f64> {
        let m = self.count;
        match &self.cosine {
            Some(dct) => {
                let mut table = d.to_vec();
                dct.process_dct2(&mut table);
                table.iter_mut().for_each(|x| *x /= m as f64);
                table.push(0.0);
                table.extend(
                    (m + 1..2 * m).map(|j| 2 * m - j).map(|j| -table[j]).collect::<Vec<_>>(),
                );
                table
            }
            None => {
                let v = self.spectrum(d, 0.5);
                // e^(-iθ_j(n+½)) has period 2N in j, and changes sign after N.
                let at = |j: usize| if j == m { -v[0] } else { v[j] } / m as f64;
                let block = m + 1;
                let mut table = vec![0.0; self.table_len()];
                for j in 0..block {
                    let value = at(j);
                    table[j] = value.re;
                    table[block + j] = value.re;
                    table[2 * block + j] = -value.re;
                    table[4 * block + j] = -value.im;
                    table[4 * block - j] = value.im;
                    table[5 * block + j] = -value.im;
                }
                table
            }
        }
    }

    /// Open chain: the table of Φᵀ diag(d) Φ, d at r_1..r_N, from which the entry at k, k' is
    /// table\[difference\] - table\[sum\].
    pub fn elongation_table(&self, d: &[f64]) -> Vec<f64> {
        assert!(!self.is_ring() && d.len() + 1 == self.count, "an open chain's elongations");
        let (m, zero) = (self.count, Complex64::ZERO);
        let half = |x: &f64| Complex64::new(0.5 * x / m as f64, 0.0);
        // (1/M) Σ_n d_n cos(πjn/M), as a transform of the even continuation.
        let mut table = vec![zero; 2 * m];
        for (n, x) in (1..).zip(d) {
            (table[n], table[2 * m - n]) = (half(x), half(x));
        }
        forward(2 * m).process(&mut table);
        table.into_iter().map(|x| x.re).collect()
    }

    /// The diagonal of Ψ P Ψᵀ from the sums of P over the places of each table entry (the transpose
    /// of [`Modes::table`]): `sums` holds Σ ν ν' P over all (k, k'), k and k' in either order.
    pub fn untable(&self, sums: &[f64]) -> Vec<f64> {
        let m = self.count;
        match &self.cosine {
            Some(dct) => {
                let mut d = sums[..m].to_vec();
                (1..m).for_each(|j| d[j] -= sums[2 * m - j]);
                d[0] *= 2.0;
                dct.process_dct3(&mut d);
                d.iter_mut().for_each(|x| *x /= m as f64);
                d
            }
            None => {
                let block = m + 1;
                let mut v = vec![Complex64::new(0.0, 0.0); m];
                for j in 0..block {
                    let cosine = sums[j] + sums[block + j] - sums[2 * block + j];
                    let sine = sums[4 * block + j] - if j > 0 { sums[4 * block - j] } else { 0.0 }
                        + sums[5 * block + j];
                    let turn = Complex64::cis(-PI * j as f64 / m as f64);
                    v[j % m] += Complex64::new(cosine, sine) * turn;
                }
                self.fourier.as_ref().expect("a ring has a Fourier transform").process(&mut v);
                v.iter().map(|x| x.re / m as f64).collect()
            }
        }
    }

    /// Open chain: ψ_kᵀ diag(Ψ (Q∘Ψᵀ diag(ψ_k) Ψ) Ψᵀ) from the sums of Q (νν')² over the places of
    /// each table entry, each pair once.
    pub fn diagonal_symbol(&self, sums: &[f64]) -> Vec<f64> {
        let m = self.count;
        // The table of ψ_k is √(M/2)/M at k (1/√M for k = 0) and its mirror image; the factor 2 is
        // for the order of the pair.
        let value = |k: usize| if k == 0 { 2.0 * sums[0] } else { sums[k] + sums[2 * m - k] };
        (0..m).map(|k| value(k) / m as f64).collect()
    }

    /// Ring: the eigenvalues, on these modes, of the circulant symmetric matrix with first column
    /// `column`.
    pub fn circulant_symbol(&self, column: &[f64]) -> Vec<f64> {
        let spectrum = self.spectrum(column, 0.0);
        let cosines = Modes::ring_cosines(self.count);
        (0..self.count)
            .map(|k| spectrum[if k < cosines { k } else { k - cosines + 1 }].re)
            .collect()
    }
}
