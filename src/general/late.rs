//! The answer of [`super::contour`] at an output: profiles, their errors, and the energy that has
//! entered.
//!
//! The current through a bond is summed from what enters and stays at the atoms before it. What the
//! sum misses at the far end is spread over its terms by their sizes, so that the current is as
//! accurate as the smaller of both sides: with the coldest temperature split off, the colder one.

use super::contour::TransformedLine;
use super::exponential::Output;
use super::mean::forces_of;
use super::profile::{Local, LocalErrors};
use super::transforms::Parts;
use crate::budget::{inner_quadrature, rounding};
use crate::chain::Double;
use crate::covariance::source::ErrorSource;
use crate::numerics::vector::largest_of;
use crate::observe::series::Integrated;

/// Sums over the terms of the current through a bond, those before it and those beyond it: the
/// largest product of their shares, and the smaller of both sums.
struct Felt {
    share: f64,
    size: f64,
}

impl TransformedLine<'_> {
    /// One output, from two contours; `least` is the error that they share, of the outer and of the
    /// inner quadrature.
    pub(super) fn output(
        &self,
        fine: &Parts<f64>,
        coarse: &Parts<f64>,
        time: Double,
        least: [f64; 2],
        nodes: usize,
    ) -> Output {
        let (model, line, atoms) = (&self.model, &self.line, self.model.atoms());
        let apart = |of: fn(&Parts<f64>) -> &Vec<f64>| {
            let pairs = of(fine).iter().zip(of(coarse));
            inner_quadrature::TWO_RULES * largest_of(pairs.map(|(a, b)| a - b))
        };
        let hottest = largest_of(fine.kinetic.iter().map(|t| t + self.reference));
        let size = hottest.max(largest_of(self.deviation.iter().map(|w| w * w)));
        let root = size.sqrt();
        let moving =
            largest_of(self.deviation.iter().copied()).max(largest_of(fine.mean.iter().copied()));
        let settled = rounding::FORMULA * largest_of(self.settled.iter().copied());
        let soft = model.softness();
        let of_positions = apart(|p| &p.elongation).max(if soft > 0.0 {
            apart(|p| &p.displacement) / soft
        } else {
            0.0
        });
        let closure = fine.current.last().copied().unwrap_or(0.0).abs();
        let felt = self.felt(fine, time.hi);
        let largest_current = largest_of(fine.current[..atoms - 1].iter().copied());
        // A relative error of everything, and further errors of means, second moments and currents.
        let errors_of = |relative: f64, [mean, second, flow]: [f64; 3]| {
            let mean = mean + relative * moving;
            let second = second + relative * size;
            let flow = Some(flow + relative * (felt.size + largest_current));
            LocalErrors { flow, ..LocalErrors::of(mean, second, soft) }
        };
        let apart_mean = apart(|p| &p.mean);
        let apart_second = apart(|p| &p.kinetic).max(of_positions);
        let apart_flow = apart(|p| &p.current) + closure * (2.0 * felt.share).min(0.5);
        let [outer, inner] = least;
        let all = [apart_mean + settled, apart_second, apart_flow];
        let errors = errors_of(outer + inner + rounding::SOLVE, all);
        let parts = vec![
            (
                ErrorSource::OuterQuadrature,
                errors_of(outer, [apart_mean, apart_second, apart_flow]),
            ),
            (ErrorSource::InnerQuadrature, errors_of(inner, [0.0; 3])),
        ];
        let LocalErrors { mean, second, .. } = errors;
        let y: Vec<f64> = fine.mean.iter().zip(&self.settled).map(|(w, s)| w + s).collect();
        let z = line.leave(&y);
        let first = z.len() - atoms;
        let gibbs_r = model.gibbs_elongations();
        let mut local = Local { mean_p: z[first..].to_vec(), ..Local::default() };
        local.var_p =
            (0..atoms).map(|n| model.mass[n] * (self.reference + fine.kinetic[n])).collect();
        local.var_r = (0..atoms - 1)
            .map(|n| self.reference * gibbs_r[n] + fine.elongation[n] / model.spring[n])
            .collect();
        local.correlation = (0..atoms - 1)
            .map(|n| 0.0 - fine.current[n] * model.mass[n] / model.spring[n])
            .collect();
        if line.offset == 1 {
            local.mean_q = z[..first].to_vec();
            local.mean_r = line.stretches(&y);
            let gibbs = model.gibbs_displacements();
            local.var_q =
                (0..atoms).map(|n| self.reference * gibbs[n] + fine.displacement[n]).collect();
        } else {
            local.mean_r = z[..first].to_vec();
        }
        let mut integrals = self.integrals(fine, time.hi);
        let other = self.integrals(coarse, time.hi);
        let most = largest_of(model.friction.iter().copied())
            + largest_of(model.flip_rate.iter().copied());
        integrals.error = inner_quadrature::TWO_RULES * integrals.apart(&other)
            + time.hi * (most * atoms as f64) * (second + 2.0 * root * mean);
        Output { time, local, errors, parts, integrals, steps: nodes, kept: None }
    }

    /// How much relative errors of what enters and stays at the atoms show in the current.
    fn felt(&self, fine: &Parts<f64>, time: f64) -> Felt {
        let (model, atoms) = (&self.model, self.model.atoms());
        let energy = |n: usize| {
            let bond = n.checked_sub(1).map_or(0.0, |bond| fine.elongation[bond]);
            let displaced = fine.displacement.get(n).copied().unwrap_or(0.0);
            let start = self.start[self.line.momentum(n)];
            (fine.kinetic[n].abs() + bond.abs() + model.pinning[n] * displaced.abs() + start.abs())
                / time
        };
        let sizes: Vec<f64> = (0..atoms)
            .map(|n| energy(n) + self.noise(n).abs() + model.friction[n] * fine.kinetic[n].abs())
            .collect();
        let total: f64 = sizes.iter().sum();
        let mut felt = Felt { share: 0.0, size: 0.0 };
        let mut before = 0.0;
        for size in &sizes[..atoms - 1] {
            before += size;
            let share = if total > 0.0 { (before / total) * (1.0 - before / total) } else { 0.0 };
            felt.share = felt.share.max(share);
            felt.size = felt.size.max(2.0 * share * total);
        }
        felt
    }

    /// The heat that has entered since time 0.
    fn integrals(&self, fine: &Parts<f64>, time: f64) -> Integrated {
        let (model, line) = (&self.model, &self.line);
        let mut all = Integrated { heat: fine.heat, ..Integrated::default() };
        for force in forces_of(self.chain) {
            let u = line.momentum(force.site);
            let moved = fine.mean_integral[u] + self.settled[u] * time;
            all.work += line.force(force.site, force.mean) * moved;
        }
        for n in model.thermostats() {
            let friction = model.friction[n];
            let square = fine.square_integral[n];
            let entered = self.noise(n) * time - friction * (fine.kinetic_integral[n] + square);
            model.add_entered(&mut all, n, entered);
        }
        all
    }
}
