//! The sums over the nodes of a contour at one output time: O(N) numbers, and the whole covariance
//! where it is asked for.
//!
//! The currents are summed twice: as the solves give them, and from the variances by the balance of
//! energy ([`resolvent::currents`]). The latter carry 1/γN of the variances' errors, the former
//! errors of their own; at the end those that are known better are taken.
//!
//! What friction takes of Y(0) at the ends is λ Y(p, p) e^(-2λτ) by itself, gone soon where λ is
//! strong. Its transform λ Y(p, p)/(s + 2λ) is large at every node and cancels in the sum, with
//! the digits of a small current: it is left out of the sums ([`Driven`]), and added in time.

use crate::budget::{iteration, rounding};
use crate::chain::Chain;
use crate::covariance::{Diagonals, Driven, SolveReport, Target};
use crate::numerics::vector::largest_norm;
use crate::resolvent::{self, Currents, Exchange};
use crate::scenario::Topology;
use num_complex::Complex64;

/// The terms of Y(0) in the balance of energy.
#[derive(Debug, Clone, Default)]
pub(super) struct Start {
    /// Its variances of r.
    pub elongation: Vec<f64>,
    /// Its variances of p.
    pub momentum: Vec<f64>,
    /// Σ_n Y(p_(n-1), r_n) + Y(p_n, r_n)
    pub products: f64,
    /// Whether what friction takes by itself is added in time, at either end: its pole at -2λ must
    /// be within the contour.
    pub apart: [bool; 2],
}

impl Start {
    /// λ Y(p, p) at the ends where that is so.
    fn apart(&self, friction: [f64; 2]) -> [f64; 2] {
        let squares = [self.momentum.first(), self.momentum.last()];
        [0, 1].map(|end| match squares[end] {
            Some(square) if self.apart[end] => friction[end] * square,
            _ => 0.0,
        })
    }
}

/// The currents of one transform, or their sums.
#[derive(Debug, Clone)]
struct Flows<T> {
    /// Cov(p, r) of every bond with the atom to its left.
    correlation: Vec<T>,
    /// λ Var p at the ends, less what is left of the start by itself.
    losses: [T; 2],
    error: f64,
    /// The largest of them; of sums, with the weights' absolute values.
    size: f64,
}

/// The answer of one solve with its errors.
pub(super) struct Found {
    diagonals: Diagonals,
    /// The error of a variance.
    error: f64,
    direct: bool,
    /// λ Y(p, p) at the ends where what friction takes of the start by itself is left out.
    apart: Option<[f64; 2]>,
    read: Flows<Complex64>,
    balanced: Option<Flows<Complex64>>,
}

impl Found {
    /// From the result of a solve of (σ - 𝓛) X = `start` + diag_p(`momenta`).
    pub fn new(
        chain: &Chain,
        shift: Complex64,
        momenta: &[Complex64],
        start: Option<&Start>,
        (report, diagonals): (SolveReport, Diagonals),
    ) -> Found {
        let written = if report.direct { rounding::FORMULA } else { rounding::TRANSFORM };
        // Four times the change by another refinement, because the residual has roundings too, plus
        // the roundings of the transforms.
        let error =
            iteration::REFINEMENT * report.error + written * largest_norm(&diagonals.variance);
        let friction = chain.friction();
        let apart = start.map(|start| start.apart(friction));
        let left = [0, 1].map(|end| match apart {
            Some(taken) if taken[end] != 0.0 => taken[end] / (shift + 2.0 * friction[end]),
            _ => Complex64::ZERO,
        });
        let less = |losses: [Complex64; 2]| [0, 1].map(|end| losses[end] - left[end]);
        let size = |losses| largest_norm(diagonals.correlation.iter().chain(&losses));
        let all = size(diagonals.losses);
        let read = Driven {
            losses: less(diagonals.losses),
            error: report.flow_error + 0.25 * written * all,
        };
        let driven = diagonals.driven.map_or(read, |driven| {
            let alone = start.map_or([true; 2], |start| start.apart);
            let of = |end: usize| if alone[end] { driven.losses[end] } else { read.losses[end] };
            let error = if alone == [true; 2] { 0.0 } else { read.error };
            Driven { losses: [of(0), of(1)], error: driven.error.max(error) }
        });
        let size = size(driven.losses);
        let read = Flows {
            error: iteration::REFINEMENT * driven.error + written * size,
            size,
            correlation: diagonals.correlation.clone(),
            losses: driven.losses,
        };
        let balanced = (chain.topology == Topology::Open && !report.direct).then(|| {
            let (elongation, momentum) = diagonals.variance.split_at(chain.bonds);
            let heated: Vec<Complex64> = momenta.iter().map(|q| 0.5 * q).collect();
            let exchange = Exchange {
                heated: &heated,
                momentum,
                elongation,
                start: start.map(|start| [&start.elongation[..], &start.momentum]),
                products: start.map_or(0.0, |start| start.products),
                temperature: [Complex64::ZERO; 2],
            };
            let Currents { bonds, inflow } = resolvent::currents(chain, shift, &exchange);
            let sources = start.map_or(0.0, |start| {
                start.elongation.iter().chain(&start.momentum).map(|y| y.abs()).sum()
            });
            let terms = heated.iter().map(|q| q.norm()).sum::<f64>()
                + sources
                + shift.norm() * diagonals.variance.iter().map(|v| v.norm()).sum::<f64>()
                + largest_norm(left);
            let share = 2.0 * resolvent::current_share(chain);
            Flows {
                correlation: bonds.iter().map(|j| -j).collect(),
                losses: less(inflow.map(|flow| -flow)),
                error: share * error + rounding::FORMULA * terms,
                size,
            }
        });
        Found { diagonals, error, direct: report.direct, apart, read, balanced }
    }
}

/// Sums and their time integrals.
#[derive(Debug, Clone)]
struct FlowSums {
    value: Flows<f64>,
    integral: Vec<f64>,
}

impl FlowSums {
    fn new(bonds: usize) -> FlowSums {
        let value =
            Flows { correlation: vec![0.0; bonds], losses: [0.0; 2], error: 0.0, size: 0.0 };
        FlowSums { value, integral: vec![0.0; bonds] }
    }

    fn add(&mut self, weight: Complex64, integral: Complex64, flows: &Flows<Complex64>) {
        add(&mut self.value.correlation, weight, &flows.correlation);
        add(&mut self.value.losses, weight, &flows.losses);
        add(&mut self.integral, integral, &flows.correlation);
        self.value.error += weight.norm() * flows.error;
        self.value.size += weight.norm() * flows.size;
    }
}

/// Adds Re(weight · x).
fn add(sums: &mut [f64], weight: Complex64, values: &[Complex64]) {
    sums.iter_mut().zip(values).for_each(|(sum, x)| *sum += (weight * x).re);
}

/// The sums at one output time.
pub(super) struct OutputSums {
    pub variance: Vec<f64>,
    pub variance_integral: Vec<f64>,
    /// The error of a variance.
    pub error: f64,
    /// Σ |weight| times the largest variance of X.
    pub size: f64,
    /// What the start's roundings have left in a variance and in a current.
    pub of_start: [f64; 2],
    /// Whether all X came from direct solves.
    pub direct: bool,
    /// λ Y(p, p) of the start at the ends where its own part is added in time.
    apart: [f64; 2],
    pub state: Option<Vec<f64>>,
    read: FlowSums,
    balanced: FlowSums,
}

/// The sums at one output: of Y, of w and its time integral, and the errors of w.
pub(super) struct Summed {
    pub sums: OutputSums,
    pub means: [Vec<f64>; 2],
    pub losses: [f64; 2],
}

/// The currents that are known best: Y(p, r) of every bond with the atom to its left and its time
/// integral, λ Y(p, p) at the ends, and the error.
pub(super) struct Best {
    pub correlation: Vec<f64>,
    pub correlation_integral: Vec<f64>,
    pub losses: [f64; 2],
    pub error: f64,
    /// Σ |weight| times the largest of a transform.
    pub size: f64,
}

impl OutputSums {
    pub fn new(chain: &Chain, state: Option<Vec<f64>>) -> OutputSums {
        let (n, bonds) = (chain.coordinates(), chain.bonds);
        OutputSums {
            variance: vec![0.0; n],
            variance_integral: vec![0.0; n],
            error: 0.0,
            size: 0.0,
            of_start: [0.0; 2],
            direct: true,
            apart: [0.0; 2],
            state,
            read: FlowSums::new(bonds),
            balanced: FlowSums::new(bonds),
        }
    }

    /// Adds Re(weight · X), and to the integrals Re(integral · X).
    pub fn add(&mut self, weight: Complex64, integral: Complex64, found: &Found) {
        add(&mut self.variance, weight, &found.diagonals.variance);
        add(&mut self.variance_integral, integral, &found.diagonals.variance);
        self.direct &= found.direct;
        self.apart = found.apart.unwrap_or(self.apart);
        self.error += weight.norm() * found.error;
        self.size += weight.norm() * largest_norm(&found.diagonals.variance);
        self.read.add(weight, integral, &found.read);
        self.balanced.add(weight, integral, found.balanced.as_ref().unwrap_or(&found.read));
    }

    /// Counts an error of the weights.
    pub fn lose(&mut self, part: f64, found: &Found) {
        self.error += part * largest_norm(&found.diagonals.variance);
        let flow = part * largest_norm(&found.read.correlation);
        self.read.value.error += flow;
        self.balanced.value.error += flow;
    }

    /// At a time after the start.
    pub fn best(&self, chain: &Chain, time: f64) -> Best {
        let better = self.balanced.value.error < self.read.value.error;
        let FlowSums { value, integral } = if better { &self.balanced } else { &self.read };
        let friction = chain.friction();
        let still = |end: usize| self.apart[end] * (-2.0 * friction[end] * time).exp();
        let [of_left, of_right] = value.losses;
        Best {
            correlation: value.correlation.clone(),
            correlation_integral: integral.clone(),
            losses: [of_left + still(0), of_right + still(1)],
            error: value.error,
            size: value.size,
        }
    }
}

/// The places where the whole covariances of the output times are summed, with their weights.
pub(super) fn targets(
    sums: &mut [OutputSums],
    weight: impl Fn(usize) -> Complex64,
) -> Vec<Target<'_>> {
    let sums = sums.iter_mut().enumerate();
    let states = sums.filter_map(|(i, sums)| Some((i, sums.state.as_mut()?)));
    states.map(|(i, state)| Target { weight: weight(i), state }).collect()
}
