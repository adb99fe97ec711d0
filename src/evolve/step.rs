//! One implicit step of the means and the covariance, with estimates of the errors at its end.

use super::halving::Difference;
use super::means;
use super::past::{Past, longest, of_old};
use super::reference::reference_temperature;
use super::tableau::{STAGES, Tableau};
use super::trajectory::{Losses, Path, Point};
use crate::budget::{rounding, truncation};
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{MomentErrors, Moments, Solution, TimeIntegrals, apart, largest};
use crate::covariance::source::ErrorSource;
use crate::covariance::{MomentEquations, Rate, Shifted, SolveError, Source};
use crate::numerics::double_double::phase_error;
use crate::numerics::vector::{euclidean, largest_norm, largest_of};
use crate::scenario::Topology;
use ndarray::Array2;
use num_complex::Complex64;

pub(super) struct Run<'a, E: ?Sized> {
    pub equations: &'a E,
    pub tableau: Tableau,
    pub reference: f64,
    pub solve_tolerance: f64,
    /// The matrix 1, which is stationary where nothing enters or leaves, and the start's Σ E z²
    /// less the reference state's.
    pub identity: Vec<f64>,
    pub energy: f64,
    /// On a ring u uᵀ, u the direction in which all bonds lengthen alike, which is stationary too,
    /// and the start's variance along u.
    pub uniform: Option<Vec<f64>>,
    pub length: f64,
    /// The largest variance of ∫ e^(𝓛s) 1 ds, as long as the energy of an error lasts at most.
    pub longest: f64,
    /// The highest frequency of the force.
    pub highest: f64,
    /// 2λ(T - T_ref) at every atom.
    noise: Vec<f64>,
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The atoms that share their heat by a time: waves run at most one bond a unit of time, and flips
/// make them spread with D = 1/4γ.
fn shared(chain: &Chain, time: f64) -> f64 {
    let reach = time / (1.0 + 4.0 * chain.flip_rate * time).sqrt();
    (1.0 + reach).min(chain.atoms() as f64)
}

/// Σ E z² less the reference state's.
fn twice_energy(point: &Point, identity: &[f64]) -> f64 {
    product(&point.state, identity) + point.mean.iter().map(|z| z * z).sum::<f64>()
}

impl<'a, E: MomentEquations + ?Sized> Run<'a, E> {
    /// The steps of an evolution, and the point where it starts.
    pub fn new(equations: &'a E, law: &InitialLaw, tolerance: f64) -> (Run<'a, E>, Point) {
        let chain = equations.chain();
        let reference = reference_temperature(chain, law);
        let state = equations.represent(&law.covariance_above(reference));
        let start = Point { mean: law.mean(), state };
        let (n, bonds) = (chain.coordinates(), chain.bonds);
        let identity = equations.represent(&Array2::eye(n));
        let ring = chain.topology == Topology::Ring;
        let in_length = |i: usize| if i < bonds { 1.0 / (bonds as f64).sqrt() } else { 0.0 };
        let uniform = Array2::from_shape_fn((n, n), |(i, j)| in_length(i) * in_length(j));
        let uniform = ring.then(|| equations.represent(&uniform));
        let run = Run {
            equations,
            tableau: Tableau::radau(STAGES),
            reference,
            solve_tolerance: (1e-7 * tolerance).max(1e-14),
            energy: twice_energy(&start, &identity),
            length: uniform.as_ref().map_or(0.0, |uniform| product(&start.state, uniform)),
            longest: longest(equations, &identity),
            highest: chain.force.highest_frequency(),
            noise: chain.covariance_source(&vec![0.0; chain.atoms()], reference),
            identity,
            uniform,
        };
        (run, start)
    }
}

impl<E: MomentEquations + ?Sized> Run<'_, E> {
    /// One step of length h. Adds to the integrals, and to the losses what the solves' residuals
    /// and the roundings may leave.
    ///
    /// With V_j = α_j y + D_j the branches carry increments, (λ_j/h - 𝓛) D_j = α_j (𝓛y + g) +
    /// (T⁻¹G)_j, y(h) = y + Σ_j T_sj D_j, g the noise and G the heat at the stages: the sum
    /// amplifies rounding and residuals by Σ_j |T_sj α_j|, a thousand at seven stages, and so it
    /// amplifies those of an increment only. The integral is ∫y = h y + Σ_j (h T_sj/λ_j) D_j,
    /// because the weights are A's last row.
    ///
    /// Long because the branches share their sources.
    pub fn step(
        &self,
        from: &Point,
        time: Double,
        h: f64,
        path: Option<&mut Path>,
        losses: &mut Losses,
    ) -> Result<Point, SolveError> {
        let (chain, tableau) = (self.equations.chain(), &self.tableau);
        let stages = tableau.nodes.len();
        let open = chain.topology == Topology::Open;
        let force: Vec<f64> = tableau
            .nodes
            .iter()
            .map(|c| if open { chain.force.at(time.plus((c * h).into())) } else { 0.0 })
            .collect();
        let mut means = means::stages(self.equations, tableau, &from.mean, &force, h)?;
        let heat = |z: &Vec<f64>| -> Vec<f64> {
            z[chain.bonds..].iter().map(|p| 4.0 * chain.flip_rate * p * p).collect()
        };
        let sources: Vec<Vec<f64>> = means.iter().map(heat).collect();
        // The branches share the noise, and its roundings, with what friction takes: those of what
        // is theirs alone are amplified.
        let Rate { change, flips, ends } = self.equations.rate(&from.state, &self.noise);
        let mut state = from.state.clone();
        let mut integral = path;
        if let Some(path) = &mut integral {
            path.state.iter_mut().zip(&from.state).for_each(|(sum, y)| *sum += h * y);
            path.means.add_stages(
                chain,
                &means,
                &force,
                tableau.matrix[stages - 1].iter().map(|b| h * b),
            );
        }
        let momenta: Vec<Vec<Complex64>> = (tableau.branches.iter())
            .map(|branch| {
                let source =
                    |n: usize| branch.row.iter().zip(&sources).map(|(t, q)| t * q[n]).sum();
                (0..chain.atoms()).map(source).collect()
            })
            .collect();
        let equations: Vec<Shifted<'_>> = (tableau.branches.iter().zip(&momenta))
            .map(|(branch, momenta)| {
                let weight = branch.column[stages - 1];
                Shifted {
                    shift: branch.eigenvalue / h,
                    source: Source { state: Some(&change), scale: branch.scale, momenta },
                    weights: vec![weight, weight * h / branch.eigenvalue],
                }
            })
            .collect();
        let mut states = vec![&mut state[..]];
        states.extend(integral.map(|path| &mut path.state[..]));
        let reports = self.equations.solve_all(&equations, &mut states, self.solve_tolerance)?;
        for (equation, report) in equations.iter().zip(reports) {
            let left = 2.0 * equation.weights[0].norm() * report.error;
            losses.variance += left;
            losses.solved += left;
            let more = (report.flow_error - chain.current_weight() * report.error).max(0.0);
            losses.columns += 2.0 * equation.weights[0].norm() * more;
        }
        let mut to = Point { mean: means.pop().expect("a method has stages"), state };
        if chain.is_isolated() {
            losses.alike += 0.25 * self.restore(&mut to);
        }
        // The heat of a branch has the roundings of a transform at all atoms.
        let heated: f64 = (tableau.branches.iter().zip(&momenta))
            .map(|(b, q)| (b.column[stages - 1] / b.eigenvalue).norm() * largest_norm(q))
            .sum();
        let amplification: f64 =
            tableau.branches.iter().map(|b| (b.column[stages - 1] * b.scale).norm()).sum();
        let rounding = rounding::FORMULA;
        // The coefficients' own roundings turn every step's means the same way.
        losses.mean += 2.0 * rounding * (apart(&from.mean, &to.mean) + largest(&to.mean));
        // Rounding is spread over the modes, so a site sees the Frobenius norm over √M.
        let spread = (chain.atoms() as f64).sqrt();
        losses.variance += rounding * amplification * self.covariance_distance(from, &to) / spread
            + rounding::PRODUCT * h * heated;
        // Slow parts gain h times the rounding of 𝓛y, the same in every step: that of a
        // transform, at every atom, of its largest term. The atoms that have shared their heat by
        // then share these too, and where energy can leave, the balance of the total energy shows
        // them as well.
        let averaged = 1.0 / shared(chain, time.hi + h).sqrt();
        let of_flips = if chain.is_isolated() { 1.0 } else { (4.0 * averaged).min(1.0) };
        let of_terms = rounding::PRODUCT * of_flips * flips + rounding::UNIT * averaged * ends;
        // In short chains the coefficients of a friction have roundings in every mode, too.
        let of_all = if chain.is_isolated() { 1.0 } else { (4.0 / spread).min(1.0) };
        let at_ends = 16.0 * (8.0 / chain.atoms() as f64).min(1.0);
        let of_rates = chain.flip_rate + at_ends * largest(&chain.friction());
        let of_norm = rounding * of_all * of_rates * self.equations.norm(&to.state) / spread;
        losses.alike += h * of_terms.max(of_norm);
        Ok(to)
    }

    /// Takes back what roundings changed of the conserved quantities of an isolated chain: the
    /// total energy, and on a ring, whose total length every trajectory keeps, the variance of
    /// that. A stationary direction gains h times the rounding of 𝓛y, which is γ|y| ε and the same
    /// in every late step, so it would grow like γτ. The quantities are linear in C, so that the
    /// amount to take back is known exactly: with a = u·Cu and t = tr C too large it is a of u uᵀ
    /// and (t - a)/(n - 1) of 1 - u uᵀ. Returned is the largest change of a variance: other slow
    /// modes feel a part of the same roundings (seen: a tenth).
    fn restore(&self, to: &mut Point) -> f64 {
        let chain = self.equations.chain();
        let (n, bonds) = (chain.coordinates() as f64, chain.bonds as f64);
        let energy = twice_energy(to, &self.identity) - self.energy;
        let Some(uniform) = &self.uniform else {
            let surplus = energy / n;
            to.state.iter_mut().zip(&self.identity).for_each(|(c, one)| *c -= surplus * one);
            return surplus.abs();
        };
        let length = product(&to.state, uniform) - self.length;
        let others = (energy - length) / (n - 1.0);
        for ((c, one), along) in to.state.iter_mut().zip(&self.identity).zip(uniform) {
            *c -= others * one + (length - others) * along;
        }
        others.abs() + (length - others).abs() / bonds
    }

    /// Frobenius distance of the covariances.
    fn covariance_distance(&self, a: &Point, b: &Point) -> f64 {
        let difference: Vec<f64> = a.state.iter().zip(&b.state).map(|(a, b)| a - b).collect();
        self.equations.norm(&difference)
    }

    /// The difference of two points of the trajectories.
    pub fn difference(&self, a: &Point, b: &Point) -> Difference {
        let chain = self.equations.chain();
        let state: Vec<f64> = a.state.iter().zip(&b.state).map(|(a, b)| a - b).collect();
        let matrix = self.equations.matrix(&state);
        let mean: Vec<f64> = a.mean.iter().zip(&b.mean).map(|(a, b)| a - b).collect();
        let size = euclidean(&mean);
        let moments = Moments {
            mean,
            variance: matrix.diag().to_vec(),
            correlation: chain.left_correlations(matrix.view()),
            ..Default::default()
        };
        let zero = Solution::zero(chain).moments;
        let columns = MomentErrors::default().with_distance(chain, &moments, &zero);
        // An error ε of the means heats by 4γ∫ 2|p̄||ε| ≤ 2|z̄||ε|, by what both lose to friction.
        let weight = (2.0 * euclidean(&b.mean)).max(1.0);
        Difference { covariance: self.equations.norm(&state), mean: size, weight, columns }
    }

    /// The next point of the second trajectory: where that comes to, `coarse`, plus `factor` times
    /// the difference of the step itself.
    pub fn carried(&self, coarse: &Point, whole: &Point, fine: &Point, factor: f64) -> Point {
        let carried = |coarse: &[f64], whole: &[f64], fine: &[f64]| {
            let points = coarse.iter().zip(whole).zip(fine);
            points.map(|((c, w), f)| c + factor * (w - f)).collect::<Vec<f64>>()
        };
        Point {
            mean: carried(&coarse.mean, &whole.mean, &fine.mean),
            state: carried(&coarse.state, &whole.state, &fine.state),
        }
    }

    /// The violation of the balance of the total energy, as an error of every variance. It shows
    /// the roundings of the slowest mode.
    fn missing_energy(&self, point: &Point, integrals: &TimeIntegrals, time: f64) -> f64 {
        let chain = self.equations.chain();
        let ends = [(0, chain.left), (chain.atoms() - 1, chain.right)];
        let inflow: f64 = ends
            .into_iter()
            .filter_map(|(atom, end)| end.map(|t| (atom, t)))
            .map(|(atom, t)| {
                t.friction
                    * ((t.temperature - self.reference) * time
                        - integrals.square[chain.bonds + atom])
            })
            .sum();
        let gained = twice_energy(point, &self.identity) - self.energy;
        (gained - 2.0 * (inflow + integrals.work)).abs() / chain.coordinates() as f64
    }

    /// The fine point with its covariance and its error estimate: of the error `apart` of the
    /// steps, the `losses`, and the part `lost` of motion that is faster than they are. Long
    /// because it lists every column's errors, source by source.
    pub fn solution(
        &self,
        time: Double,
        fine: &Point,
        path: &Path,
        (mut apart, losses, lost): (MomentErrors, Losses, f64),
        past: &Past,
    ) -> Solution {
        let chain = self.equations.chain();
        let mut covariance = self.equations.matrix(&fine.state);
        covariance.diag_mut().iter_mut().for_each(|v| *v += self.reference);
        let variance = covariance.diag().to_vec();
        let correlation = chain.left_correlations(covariance.view());
        let sums = self.equations.matrix(&path.state);
        // Less the reference state, which is added last: ∫T dτ would hide what is small beside it.
        let above = TimeIntegrals {
            square: path.means.square.iter().zip(sums.diag()).map(|(z, c)| z + c).collect(),
            product: path
                .means
                .product
                .iter()
                .zip(chain.left_correlations(sums.view()))
                .map(|(z, c)| z + c)
                .collect(),
            ..path.means.clone()
        };
        // The transforms of the modes leave some tens of roundings, the steps together some more.
        let transforms = rounding::RECURRENCES;
        let phase = phase_error(self.highest * time.hi);
        let mean_loss = losses.mean + lost + (transforms + phase) * largest(&fine.mean);
        // What the means lose of their energy appears in the variances.
        let heated = 2.0 * largest(&fine.mean) * mean_loss;
        let fast = lost + heated + transforms * largest(&variance);
        // What gathers at a constant rate spreads: an error of the variances that is s old has a
        // flux of 0.3/√(γs) of it at most, on average over τ twice that.
        let slow = losses.gathered(self.longest) + self.missing_energy(fine, &above, time.hi);
        let in_flow = (2.0 / (chain.flip_rate * time.hi).sqrt()).min(1.0);
        let loss = losses.variance + fast + slow;
        let others = fast + in_flow * slow;
        // Of roundings that come at a rate all the time, ∫ 2λ e^(-2λs) ds = 1 of it are fresh.
        let through_end = |friction: f64| {
            past.through_end(chain, friction, time.hi)
                + of_old(friction) * others
                + losses.rate.min(friction * losses.alike)
        };
        let through_bonds = past.through_bonds(chain, time.hi) + others;
        let through = chain.friction().map(through_end).into_iter().fold(through_bonds, f64::max);
        // The energy at an end is read off λ (C - T_ref), and new heat there has not spread.
        let excess = largest_of(variance.iter().map(|v| v - self.reference));
        let read = transforms * excess + rounding::FORMULA * largest(&variance);
        let new = (chain.current_weight() - 1.0).min(4.0 * chain.flip_rate) * heated;
        let flow = through + new + chain.current_weight() * read;
        let whole = losses.variance + others;
        let weight = if whole > 0.0 { through / whole } else { 1.0 };
        if self.highest > 0.0 {
            // Motion that turns with the force is seen at one phase: where it vanishes in the
            // momenta, the elongations show it.
            apart = apart.map(|error| truncation::AT_ONE_PHASE * error);
            apart.mean_p = apart.mean_p.max(apart.mean_r);
            apart.mean_r = apart.mean_r.max(apart.mean_p);
            apart.var_p = apart.var_p.max(apart.var_r);
            apart.var_r = apart.var_r.max(apart.var_p);
        }
        let errors = MomentErrors {
            mean_r: apart.mean_r + mean_loss,
            mean_p: apart.mean_p + mean_loss,
            var_r: apart.var_r + loss + losses.columns,
            var_p: apart.var_p + loss + losses.columns,
            correlation: apart.correlation + flow + losses.columns,
            left: 0.0,
        };
        let size = largest(&fine.mean);
        let of = |mean: f64, variance: f64| MomentErrors {
            mean_r: mean,
            mean_p: mean,
            var_r: variance + 2.0 * size * mean,
            var_p: variance + 2.0 * size * mean,
            correlation: (variance + 2.0 * size * mean) * weight,
            left: 0.0,
        };
        let of_columns = MomentErrors::of_variances(losses.columns, losses.columns);
        let solved = of(0.0, losses.solved).with(of_columns, |a, b| a + b);
        let parts = vec![
            (ErrorSource::Truncation, apart),
            (ErrorSource::Truncation, of(lost, lost)),
            (ErrorSource::Iteration, solved),
            (ErrorSource::InputRounding, of(phase * size, 0.0)),
        ];
        let square = above.square.iter().map(|z| z + self.reference * time.hi).collect();
        let integrals = TimeIntegrals { square, ..above };
        Solution {
            moments: Moments {
                time,
                mean: fine.mean.clone(),
                variance,
                correlation,
                inflow: None,
                leaving: None,
                covariance: Some(covariance),
            },
            errors,
            parts,
            consistency: None,
            variance_integral: None,
            integrals: Some(integrals),
        }
    }
}
