//! The squared kernel of the ring, which Fourier modes make a number for each wave, in closed form:
//! O(1) a wave.
//!
//! For the wave q = 2πj/N of the variances the pairs of modes k, k' = q - k are coupled through
//! d̂_q alone. With θ = k - q/2, y = 1 - cos θ, h = 1 - cos q/2, c = σ + 2γ, e = 4/c, and α_k = 2
//! sin k/2 in the place of the frequencies, the pair's response is rational in y,
//!
//! ```text
//! A = σ + e(h + (1-h) y),
//! o = e(h - y),
//! A - o = σ + e(2-h) y,
//! A + o = σ + e h (2-y),
//! det = (A-o)(A+o) + 4γA = P (y + m)(1 - u y),
//! ```
//!
//! and its average over the N values of θ is the trapezoid sum of simple poles, ⟨1/(y+m)⟩ =
//! (1+ζ)/((1-ζ)√(m(m+2))), ζ = (-1)ʲ zᴺ (docs/theory/ring.md, (8.3)). The part of Var p that
//! flips do not return, ⟨(A-o)(A+o)/det⟩, of order 1/N² for long waves, is arranged so that nothing
//! cancels. Judge: the sums themselves. Source: docs/theory/ring.md, (8.2).

use super::path::{Integrand, Quality, path};
use super::wave::{asinh, exp_m1};
use crate::chain::Chain;
use crate::monitor::{Interrupted, Monitor};
use flipchain_transforms::Planner;
use num_complex::Complex64;
use std::f64::consts::PI;

/// The response of a wave of the variances at one σ.
#[derive(Debug, Clone, Copy)]
pub struct RingResponse {
    sigma: Complex64,
    flip_rate: f64,
    /// q/2
    half: f64,
    /// ⟨(A² - o²)/det⟩
    unreturned: Complex64,
    /// ⟨A/det⟩, ⟨o/det⟩, ⟨(A+4γ)/det⟩
    momentum: Complex64,
    mixed: Complex64,
    elongation: Complex64,
    /// ⟨y A/det⟩, ⟨y o/det⟩
    curved_momentum: Complex64,
    curved_mixed: Complex64,
}

/// One wave of what the profiles are made of, all transformed: Σ_n x_n e^(-iqn).
#[derive(Debug, Clone, Copy)]
pub struct RingWave {
    /// The wave of Var r_n.
    pub var_r: Complex64,
    /// The wave of Var p_n.
    pub var_p: Complex64,
    /// The wave of Cov(p_n, r_(n+1)).
    pub correlation: Complex64,
    /// The terms of that, whose roundings it has: the sum of their sizes.
    pub correlation_terms: f64,
}

impl RingResponse {
    /// The response of the waves ±j, 0 ≤ j ≤ N/2, at σ off the negative axis.
    pub fn new(chain: &Chain, sigma: Complex64, j: usize) -> RingResponse {
        let (gamma, n) = (chain.flip_rate, chain.bonds as f64);
        let half = PI * j as f64 / n;
        let h = 2.0 * (0.5 * half).sin().powi(2);
        let e = 4.0 / (sigma + 2.0 * gamma);
        let det0 = sigma * (sigma + 2.0 * e * h) + 4.0 * gamma * (sigma + e * h);
        let det1 = e * ((2.0 - h) * (sigma + 2.0 * e * h) - sigma * h + 4.0 * gamma * (1.0 - h));
        let det2 = e * e * h * (2.0 - h);
        let root = (det1 * det1 + 4.0 * det2 * det0).sqrt();
        let root = if (det1.conj() * root).re < 0.0 { -root } else { root };
        let p = 0.5 * (det1 + root);
        let (m, u) = (det0 / p, det2 / p);
        // 1 - 2u without cancellation, det1 - 2 det2 being 8(1-h).
        let rest = 8.0 * (1.0 - h);
        let beyond = (rest * (det1 + 2.0 * det2) + 4.0 * det2 * det0) / (root + 2.0 * det2);
        let w_squared = (rest + beyond) / (2.0 * p);
        let w = w_squared.sqrt();
        let sign = |odd: bool| if odd { -1.0 } else { 1.0 };
        // (1+ζ)/(1-ζ) for ζ = ± e^log
        let coth = |sign: f64, log: Complex64| {
            let power = log.exp();
            let missing = if sign > 0.0 { -exp_m1(log) } else { 1.0 + power };
            (1.0 + sign * power) / missing
        };
        let inverse_m = coth(sign(j % 2 == 1), -2.0 * n * asinh((0.5 * m).sqrt()))
            / (m.sqrt() * (m + 2.0).sqrt());
        let odd = sign((j + chain.bonds) % 2 == 1);
        let (inverse_u, curved_u) = if u == Complex64::ZERO {
            // z₊ᴺ/u is 1/2 on a ring of one, and else 0.
            (Complex64::ONE, 1.0 + if chain.bonds == 1 { odd } else { 0.0 } + Complex64::ZERO)
        } else {
            let log_z = -2.0 * asinh((0.5 * w_squared / u).sqrt());
            let over_u = odd * ((n - 1.0) * log_z).exp() / (1.0 - u + w);
            let missing = if odd > 0.0 { -exp_m1(n * log_z) } else { 1.0 + (n * log_z).exp() };
            (coth(odd, n * log_z) / w, 2.0 / (w * (1.0 + w)) + 2.0 * over_u / (missing * w))
        };
        let both = (inverse_m + u * inverse_u) / (1.0 + u * m);
        let least = sigma / (e * (2.0 - h));
        let g = e * (2.0 - h) * (2.0 * e * h + sigma) / p;
        // 1 - g, which is small for weak flips.
        let below = 4.0 * gamma * (u * (sigma + e * h) + e * (1.0 - h)) / (p * (1.0 + u * least));
        let unreturned =
            g - below * u * curved_u - (m - least) * ((g + u * m) * both - u * inverse_u);
        // ⟨1/det⟩, ⟨y/det⟩, ⟨y²/det⟩
        let plain = both / p;
        let first = (inverse_u - m * inverse_m) / ((1.0 + u * m) * p);
        let second = curved_u / p - m * first;
        let momentum = sigma * plain + e * (h * plain + (1.0 - h) * first);
        RingResponse {
            sigma,
            flip_rate: gamma,
            half,
            unreturned,
            momentum,
            mixed: e * (h * plain - first),
            elongation: momentum + 4.0 * gamma * plain,
            curved_momentum: (sigma + e * h) * first + e * (1.0 - h) * second,
            curved_mixed: e * (h * first - second),
        }
    }

    /// The answer to the wave j (`sign` 1.0) or -j (`sign` -1.0) of noise and initial variances on
    /// the momenta, and of initial variances on the elongations, of independent coordinates.
    pub fn answer(&self, sign: f64, momenta: Complex64, elongations: Complex64) -> RingWave {
        let turn = Complex64::cis(sign * self.half);
        let r = turn * elongations;
        let d = (self.momentum * momenta - self.mixed * r) / self.unreturned;
        let all = momenta + 4.0 * self.flip_rate * d;
        let rr = self.elongation * r - self.mixed * all;
        let curved = self.curved_momentum * all - self.curved_mixed * r;
        let slope =
            Complex64::new(0.0, sign * self.half.sin()) / (self.sigma + 2.0 * self.flip_rate);
        RingWave {
            var_r: turn.conj() * rr,
            var_p: d,
            correlation: 0.25 * (self.sigma * d - momenta) + slope * (d - curved + rr),
            correlation_terms: 0.25 * ((self.sigma * d).norm() + momenta.norm())
                + slope.norm() * (d.norm() + curved.norm() + rr.norm()),
        }
    }
}

/// The means of the ring in waves: r̃_j and p̃_j, Σ_n x_n e^(-2πijn/N), j = 0..N-1.
#[derive(Debug, Clone)]
pub struct RingMeans {
    elongation: Vec<Complex64>,
    momentum: Vec<Complex64>,
    /// Waves beyond ±reach are below rounding.
    reach: usize,
}

/// j or j - N, whichever is nearer to 0.
fn signed(j: usize, n: usize) -> f64 {
    if 2 * j <= n { j as f64 } else { j as f64 - n as f64 }
}

impl RingMeans {
    /// The waves of means at the sites.
    pub fn new(elongation: &[f64], momentum: &[f64]) -> RingMeans {
        let n = elongation.len();
        let plan = flipchain_transforms::forward(n);
        let [elongation, momentum] = [elongation, momentum].map(|x| {
            let mut x: Vec<Complex64> = x.iter().map(|&x| x.into()).collect();
            plan.process(&mut x);
            x
        });
        let sizes = || elongation.iter().chain(&momentum).map(|x| x.norm());
        let seen = f64::EPSILON * sizes().fold(0.0, f64::max);
        let far = sizes()
            .enumerate()
            .filter(|(_, x)| *x > seen)
            .map(|(j, _)| signed(j % n, n).abs() as usize)
            .max();
        RingMeans { elongation, momentum, reach: far.unwrap_or(0) }
    }

    /// How many waves are above rounding.
    pub fn waves(&self) -> usize {
        if self.vanish() { 0 } else { 2 * self.reach + 1 }
    }

    /// Whether they vanish.
    pub fn vanish(&self) -> bool {
        self.elongation.iter().chain(&self.momentum).all(|x| *x == Complex64::ZERO)
    }

    /// The transforms (r̃, p̃) of the wave j at s: with ρ = e^(ik/2) r̃, sρ = ρ(0) + iα p, (s + 2γ)
    /// p = p(0) + iα ρ.
    pub fn at(&self, flip_rate: f64, s: Complex64, j: usize) -> [Complex64; 2] {
        let n = self.elongation.len();
        let half = PI * signed(j, n) / n as f64;
        let (turn, alpha) = (Complex64::cis(half), Complex64::new(0.0, 2.0 * half.sin()));
        let (rho, p, c) = (turn * self.elongation[j], self.momentum[j], s + 2.0 * flip_rate);
        let det = s * c - alpha * alpha;
        [turn.conj() * (c * rho + alpha * p) / det, (s * p + alpha * rho) / det]
    }

    /// The waves, j = 0..N-1, of the transform at σ of the squares of the momenta: the inner
    /// quadrature over û(σ/2+κ) û(σ/2-κ), each product on a grid that just holds it. O(M log M) a
    /// node, M the number of waves above rounding; `monitor` is asked at each whether to go on.
    pub fn squares(
        &self,
        chain: &Chain,
        sigma: Complex64,
        quality: Quality,
        monitor: &Monitor,
    ) -> Result<Vec<Complex64>, Interrupted> {
        let n = self.elongation.len();
        let grid = (4 * self.reach + 2).next_power_of_two();
        let grid = if grid < n { grid } else { n };
        let mut planner = Planner::new();
        let back = planner.inverse(grid);
        let waves: Vec<usize> =
            (0..n).filter(|&j| signed(j, n).abs() as usize <= self.reach).collect();
        let place = |j: usize| if 2 * j <= n { j } else { grid - (n - j) };
        let on_grid = |s: Complex64| {
            let mut values = vec![Complex64::ZERO; grid];
            waves.iter().for_each(|&j| values[place(j)] = self.at(chain.flip_rate, s, j)[1]);
            back.process(&mut values);
            values
        };
        let mut sum = vec![Complex64::ZERO; grid];
        for (kappa, weight) in path(chain, sigma, quality, Integrand::Moments) {
            monitor.check()?;
            let (a, b) = (on_grid(0.5 * sigma + kappa), on_grid(0.5 * sigma - kappa));
            sum.iter_mut().zip(a.iter().zip(&b)).for_each(|(sum, (a, b))| *sum += weight * a * b);
        }
        planner.forward(grid).process(&mut sum);
        let scale = 1.0 / (grid as f64 * n as f64);
        let mut out = vec![Complex64::ZERO; n];
        let held = |j: usize| grid == n || 2.0 * signed(j, n).abs() < grid as f64;
        (0..n).filter(|&j| held(j)).for_each(|j| out[j] = scale * sum[place(j)]);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Topology;

    fn ring(bonds: usize, flip_rate: f64) -> Chain {
        Chain {
            topology: Topology::Ring,
            bonds,
            flip_rate,
            left: None,
            right: None,
            force: Default::default(),
            general: None,
        }
    }

    #[test]
    fn the_closed_forms_are_the_sums_over_the_pairs_of_modes() {
        for (bonds, gamma) in
            [(1, 0.7), (2, 1.0), (3, 0.2), (7, 3.0), (12, 1e-3), (40, 20.0), (41, 0.5)]
        {
            for (re, im) in [(0.3, 0.0), (0.01, 0.0), (0.001, 0.02), (-0.003, 0.01), (-0.02, 0.02)]
            {
                let (chain, sigma) = (ring(bonds, gamma), Complex64::new(re, im) * gamma);
                for j in 0..=bonds / 2 {
                    let found = RingResponse::new(&chain, sigma, j);
                    let q = 2.0 * PI * j as f64 / bonds as f64;
                    let h = 1.0 - (0.5 * q).cos();
                    let e = 4.0 / (sigma + 2.0 * gamma);
                    let average = |f: &dyn Fn(
                        f64,
                        Complex64,
                        Complex64,
                        Complex64,
                    ) -> Complex64|
                     -> Complex64 {
                        let term = |i: usize| {
                            let y = 1.0 - (2.0 * PI * i as f64 / bonds as f64 - 0.5 * q).cos();
                            let (a, o) = (sigma + e * (h + (1.0 - h) * y), e * (h - y));
                            let left = (sigma + e * (2.0 - h) * y) * (sigma + e * h * (2.0 - y));
                            f(y, a, o, left + 4.0 * gamma * a)
                        };
                        (0..bonds).map(term).sum::<Complex64>() / bonds as f64
                    };
                    let pairs = [
                        (
                            "unreturned",
                            found.unreturned,
                            average(&|_, a, _, det| (det - 4.0 * gamma * a) / det),
                        ),
                        ("momentum", found.momentum, average(&|_, a, _, det| a / det)),
                        ("mixed", found.mixed, average(&|_, _, o, det| o / det)),
                        (
                            "elongation",
                            found.elongation,
                            average(&|_, a, _, det| (a + 4.0 * gamma) / det),
                        ),
                        (
                            "curved momentum",
                            found.curved_momentum,
                            average(&|y, a, _, det| y * a / det),
                        ),
                        ("curved mixed", found.curved_mixed, average(&|y, _, o, det| y * o / det)),
                    ];
                    for (name, closed, sum) in pairs {
                        // The closed forms are sums of σ⟨1/det⟩, eh⟨1/det⟩, e⟨y/det⟩ and of these
                        // once more times y ≤ 2, in which terms may cancel whose roundings stay;
                        // the largest of them is as large as the response to momenta, where all
                        // have one sign. What is not returned is put together from numbers of order
                        // one without such terms. For weak flips the poles are as near to the
                        // circle as γ, and share what they lose.
                        let scale = sum.norm()
                            + if name == "unreturned" { 1e-2 } else { found.momentum.norm() };
                        let rounding = 1e-12f64.max(64.0 * f64::EPSILON / gamma);
                        assert!(
                            (closed - sum).norm() < rounding * scale,
                            "{name} N {bonds} γ {gamma} σ {sigma} j {j}: {closed} {sum}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_squares_of_the_means_are_those_of_all_pairs_of_waves() {
        // The transform of p_k p_k' from the four exponentials of the two modes.
        for (bonds, gamma, waves) in [(5, 0.6, 5), (8, 1.0, 8), (64, 0.9, 2)] {
            let (chain, sigma) = (ring(bonds, gamma), Complex64::new(-0.004, 0.01) * gamma);
            let profile = |shift: f64| -> Vec<f64> {
                let x = |n: usize| 2.0 * PI * n as f64 / bonds as f64;
                let wave =
                    |n: usize, k: usize| (x(n) * k as f64 + shift + k as f64).cos() / k as f64;
                (0..bonds).map(|n| (1..=waves).map(|k| wave(n, k)).sum()).collect()
            };
            let mut elongation = profile(0.3);
            let mean = elongation.iter().sum::<f64>() / bonds as f64;
            elongation.iter_mut().for_each(|r| *r -= mean);
            let means = RingMeans::new(&elongation, &profile(1.1));
            let found = means
                .squares(&chain, sigma, Quality::FULL, &Monitor::default())
                .expect("nothing interrupts");
            // p_k(τ) = Σ_± c_± e^(s_± τ), s_± = -γ ± √(γ² - α²), with the residues of the
            // transform.
            let modes: Vec<[(Complex64, Complex64); 2]> = (0..bonds)
                .map(|j| {
                    let half = PI * signed(j, bonds) / bonds as f64;
                    let split = Complex64::from(gamma * gamma - (2.0 * half.sin()).powi(2)).sqrt();
                    let rates = [-gamma + split, -gamma - split];
                    let (rho, p) = (Complex64::cis(half) * means.elongation[j], means.momentum[j]);
                    let residue = |s: Complex64, other: Complex64| {
                        (s * p + Complex64::new(0.0, 2.0 * half.sin()) * rho) / (s - other)
                    };
                    [
                        (residue(rates[0], rates[1]), rates[0]),
                        (residue(rates[1], rates[0]), rates[1]),
                    ]
                })
                .collect();
            for (q, found) in found.iter().enumerate() {
                let pair = |k: usize| -> Complex64 {
                    let other = &modes[(q + bonds - k) % bonds];
                    modes[k]
                        .iter()
                        .flat_map(|a| other.iter().map(move |b| a.0 * b.0 / (sigma - a.1 - b.1)))
                        .sum()
                };
                let exact = (0..bonds).map(pair).sum::<Complex64>() / bonds as f64;
                let size = bonds as f64 / gamma;
                assert!(
                    (found - exact).norm() < 1e-12 * size,
                    "N {bonds} wave {q}: {found} {exact}"
                );
            }
        }
    }
}
