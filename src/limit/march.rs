//! The macroscopic equations in time,
//!
//! ```text
//! ∂_t r = (1/2γ) ∂_xx r,      ∂_t e_heat = (1/4γ) ∂_xx e_heat + (1/2γ) (∂_x r)²,
//! ```
//!
//! by spectral elements on panels that follow the smoothing, and Radau IIA steps in proportion to
//! the time passed. Data that do not fit the ends, jump or kink leave layers of width √(t/γ):
//! panels are split there down to 2^-42, and at the ends as far as the first output needs
//! (`NARROW`). The first step is the diffusion time of such a panel, and from then on the solution
//! is a smooth function of x/√t and log t, so equal work is done in every octave of t. What the
//! finest panel inside cannot see has an energy of 10^-12. Cost: some hundred steps of O(p²) a
//! panel.

use super::LimitError;
use super::diffusion::{self, solve};
use super::element::Element;
use super::mesh::{self, Field, Mesh, Panel, evaluate, evaluate_in, resolve};
use super::seconds_until;
use crate::evolve::tableau::{Branch, Tableau};
use crate::limit::conditions::{Ends, HeatEnd};
use crate::monitor::{Monitor, Progress};
use crate::numerics::vector::largest_of;
use num_complex::Complex64;
use std::sync::Arc;

/// The resolution of a march.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resolution {
    /// Degree of the elements.
    pub degree: usize,
    /// Stages of the Radau method.
    pub stages: usize,
    /// A step over the time at its start.
    pub step: f64,
    /// Panels are split down to 2^(-finest), at the ends farther where the first output is early.
    pub finest: i32,
    /// The size of what is resolved, relative to the largest value.
    pub tolerance: f64,
}

/// Width of the finest panel at an end over √(t/γ), t the first output's time, at 2^-42 of an inner
/// panel. A jump at an end begins as a polynomial on that panel, and the first step is its
/// diffusion time: of the heat made until then a part is missed. At an insulated end, which keeps
/// what is made, that is 0.02 J² width/√(t/γ) of e_heat for a jump J (measured for γ = 0.05, 1,
/// 20).
const NARROW: f64 = 2e-12;

/// Earlier outputs are taken for this one's mesh: widths square to what a double holds. No site is
/// as near to an end as a layer of 10⁻¹⁴⁰.
const EARLIEST: f64 = 1e-280;

impl Resolution {
    /// Widths of the finest panels inside and at the ends, for outputs from `first` on.
    fn narrowest(&self, flip_rate: f64, first: f64) -> [f64; 2] {
        let inside = 2f64.powi(-self.finest);
        let layer = (first.max(EARLIEST) / flip_rate).sqrt();
        // The coarser resolution's are wider at the ends as they are inside.
        [inside, inside.min(NARROW * 2f64.powi(42 - self.finest) * layer)]
    }

    /// The diffusion time of the finest panel.
    pub(super) fn first_step(&self, flip_rate: f64, first: f64) -> f64 {
        let [_, end] = self.narrowest(flip_rate, first);
        end * end * flip_rate
    }
}

/// The initial profiles.
pub struct Initial<'a> {
    /// r(0, x)
    pub elongation: &'a dyn Fn(f64) -> f64,
    /// e_heat(0+, x)
    pub heat: &'a dyn Fn(f64) -> f64,
}

/// The state at one time.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// t
    pub time: f64,
    element: Arc<Element>,
    mesh: Mesh,
    elongation: Field,
    heat: Field,
    /// Of an output; empty at the start.
    current: Field,
}

impl Snapshot {
    /// r at x.
    pub fn elongation(&self, x: f64) -> f64 {
        evaluate(&self.element, &self.mesh, &self.elongation, x)
    }

    /// e_heat at x.
    pub fn heat(&self, x: f64) -> f64 {
        evaluate(&self.element, &self.mesh, &self.heat, x)
    }

    /// The energy current at x: of an output, and infinite nowhere after the start.
    pub fn current(&self, x: f64) -> f64 {
        evaluate(&self.element, &self.mesh, &self.current, x)
    }

    /// The same with its current at the nodes (docs/theory/limit.md, (10.2)).
    fn with_current(mut self, flip_rate: f64) -> Snapshot {
        let n = self.element.count();
        let panel = |(index, panel): (usize, &Panel)| {
            let [r, heat] = [&self.elongation, &self.heat].map(|f| &f[index * n..(index + 1) * n]);
            let slopes = [r, heat].map(|values| self.element.differentiate(values));
            let scale = -1.0 / (2.0 * flip_rate * panel.width);
            let node = |i: usize| scale * (slopes[1][i] + 2.0 * r[i] * slopes[0][i]);
            (0..n).map(node).collect::<Field>()
        };
        self.current = self.mesh.iter().enumerate().flat_map(panel).collect();
        self
    }

    /// How far a rounding of r and of e_heat, relative to their values on a panel, changes the
    /// current.
    pub fn rounded_current(&self, flip_rate: f64) -> f64 {
        let (n, steepest) = (self.element.count(), self.element.steepest());
        let panel = |(index, panel): (usize, &Panel)| {
            let [r, heat] = [&self.elongation, &self.heat]
                .map(|f| largest_of(f[index * n..(index + 1) * n].iter().copied()));
            steepest * (heat + 2.0 * r * r) / (2.0 * flip_rate * panel.width)
        };
        largest_of(self.mesh.iter().enumerate().map(panel))
    }

    /// ∫ f(x, r, e_heat) dx.
    pub fn integrate(&self, f: impl Fn(f64, f64, f64) -> f64) -> f64 {
        mesh::integrate(&self.element, &self.mesh, |x, i| f(x, self.elongation[i], self.heat[i]))
    }

    /// Largest |r| and |e_heat| at the nodes.
    pub fn sizes(&self) -> [f64; 2] {
        [&self.elongation, &self.heat].map(|f| largest_of(f.iter().copied()))
    }

    /// Largest distance of r, e_heat and the current from another solution, over the nodes of this
    /// one.
    pub fn distance(&self, other: &Snapshot) -> [f64; 3] {
        let n = self.element.count();
        let mut worst = [0.0f64; 3];
        let fields = [
            (&self.elongation, &other.elongation),
            (&self.heat, &other.heat),
            (&self.current, &other.current),
        ];
        for (index, panel) in self.mesh.iter().enumerate() {
            for (i, at) in self.element.nodes.iter().enumerate() {
                let offset = panel.width * (1.0 + at) / 2.0;
                for (worst, (own, theirs)) in worst.iter_mut().zip(fields) {
                    let theirs = evaluate_in(&other.element, &other.mesh, theirs, panel, offset);
                    *worst = largest_of([*worst, own[index * n + i] - theirs]);
                }
            }
        }
        worst
    }
}

/// One march from the initial profiles to the ascending `times` > 0, and the number of its steps.
/// Each step is reported to `monitor`. Long because one loop carries the state of the steps.
pub fn march(
    resolution: &Resolution,
    flip_rate: f64,
    ends: &Ends,
    initial: &Initial<'_>,
    times: &[f64],
    monitor: &Monitor,
) -> Result<(Snapshot, Vec<Snapshot>, usize), LimitError> {
    let (element, ring) = (Arc::new(Element::new(resolution.degree)), *ends == Ends::Ring);
    let start = |panel: &Panel, at: f64| {
        let touches = panel.touches();
        let is_end = [touches[0] && at == -1.0, touches[1] && at == 1.0];
        // The ends of a ring are one point.
        let x = if ring && is_end[1] { 0.0 } else { panel.place(at) };
        let mut values = vec![(initial.elongation)(x), (initial.heat)(x)];
        if let Ends::Open { force, left, right } = *ends {
            for (is_end, heat, elongation) in [(is_end[0], left, 0.0), (is_end[1], right, force)] {
                if is_end {
                    values[0] = elongation;
                    if let HeatEnd::Temperature(t) = heat {
                        values[1] = t;
                    }
                }
            }
        }
        values
    };
    // The size of things, from a first look.
    let sample = |i: usize| start(&Panel::at(i as f64 / 64.0, 1.0 / 64.0), -1.0);
    let size = (0..64).map(sample).chain([start(&Panel::at(0.5, 0.5), 1.0)]);
    let size = size.fold([f64::MIN_POSITIVE; 2], |m, v| {
        [m[0].max(v[0].abs()), m[1].max(v[1].abs()).max(v[0] * v[0])]
    });
    // Both are resolved relative to their own size; a square of the elongation becomes heat.
    let scaled = |panel: &Panel, at: f64| {
        let v = start(panel, at);
        vec![v[0] / size[0], v[1] / size[1]]
    };
    let finest = resolution.narrowest(flip_rate, times.first().copied().unwrap_or(1.0));
    let (mesh, mut fields) = resolve(&element, 2, resolution.tolerance, finest, ring, scaled)?;
    let (mut heat, mut elongation) =
        (fields.pop().unwrap_or_default(), fields.pop().unwrap_or_default());
    elongation.iter_mut().for_each(|v| *v *= size[0]);
    heat.iter_mut().for_each(|v| *v *= size[1]);
    let current = vec![];
    let first = Snapshot { time: 0.0, element: element.clone(), mesh, elongation, heat, current };
    let stepper = Stepper { element, tableau: Tableau::radau(resolution.stages), flip_rate, ends };
    let mut state = first.clone();
    let narrowest = state.mesh.iter().map(|p| p.width).fold(1.0, f64::min).min(finest[0]);
    let shortest = narrowest * narrowest * flip_rate;
    let last = times.last().copied().unwrap_or(0.0);
    let whole = seconds_until(last / shortest, times.len());
    let (mut remeshed, mut steps, mut outputs) = (0.0, 0, Vec::with_capacity(times.len()));
    for &output in times {
        while state.time < output {
            let left = output - state.time;
            let wanted = (resolution.step * state.time).max(shortest);
            let step = if wanted >= left { left } else { wanted.min(left / 2.0) };
            stepper.step(&mut state, step);
            state.time = if step == left { output } else { state.time + step };
            steps += 1;
            let share = seconds_until(state.time / shortest, outputs.len()) / whole;
            monitor.advance(Progress { share, time: state.time, steps, ..Default::default() })?;
            if state.time > 2.0 * remeshed {
                remeshed = state.time;
                let current = |panel: &Panel, at: f64| {
                    let offset = panel.width * (1.0 + at) / 2.0;
                    let value =
                        |f: &Field| evaluate_in(&state.element, &state.mesh, f, panel, offset);
                    vec![value(&state.elongation) / size[0], value(&state.heat) / size[1]]
                };
                let (mesh, mut fields) =
                    resolve(&state.element, 2, resolution.tolerance, finest, ring, current)?;
                fields[0].iter_mut().for_each(|v| *v *= size[0]);
                fields[1].iter_mut().for_each(|v| *v *= size[1]);
                state.mesh = mesh;
                (state.heat, state.elongation) =
                    (fields.pop().unwrap_or_default(), fields.pop().unwrap_or_default());
            }
        }
        outputs.push(state.clone().with_current(flip_rate));
    }
    Ok((first, outputs, steps))
}

struct Stepper<'a> {
    element: Arc<Element>,
    tableau: Tableau,
    flip_rate: f64,
    ends: &'a Ends,
}

impl Stepper<'_> {
    /// One Radau step of length h. With V_j = α_j y + D_j the branches carry increments (see the
    /// moments' integrator).
    fn step(&self, state: &mut Snapshot, h: f64) {
        let (element, mesh, stages) = (&*self.element, &state.mesh, self.tableau.nodes.len());
        let n = element.count();
        let [elongation_diffusion, heat_diffusion] =
            [1.0 / (2.0 * self.flip_rate), 1.0 / (4.0 * self.flip_rate)];
        let (r_ends, heat_ends, slopes) = match *self.ends {
            Ends::Ring => (diffusion::Boundary::Ring, diffusion::Boundary::Ring, [0.0; 2]),
            Ends::Open { left, right, .. } => {
                let fixed = |end: HeatEnd| matches!(end, HeatEnd::Temperature(_));
                let slope = |end: HeatEnd| if let HeatEnd::Slope(s) = end { s } else { 0.0 };
                let heat_ends = diffusion::Boundary::Open([fixed(left), fixed(right)]);
                (diffusion::Boundary::Open([true; 2]), heat_ends, [slope(left), slope(right)])
            }
        };
        let increment = |branch: &Branch,
                         ends,
                         diffusion: f64,
                         drift: &[f64],
                         extra: &dyn Fn(usize) -> Complex64| {
            let f: Vec<Complex64> =
                drift.iter().enumerate().map(|(i, d)| branch.scale * d + extra(i)).collect();
            solve(element, mesh, ends, diffusion, branch.eigenvalue / h, &f)
        };
        let drift =
            weak_diffusion(element, mesh, &state.elongation, elongation_diffusion, [0.0; 2]);
        let mut elongations = vec![state.elongation.clone(); stages];
        for branch in &self.tableau.branches {
            let d = increment(branch, r_ends, elongation_diffusion, &drift, &|_| Complex64::ZERO);
            for (stage, t) in elongations.iter_mut().zip(&branch.column) {
                stage.iter_mut().zip(&d).for_each(|(r, d)| *r += (t * d).re);
            }
        }
        // The heat made: (1/2γ)(∂_x r)² at the nodes, times their mass.
        let source = |r: &Field| -> Field {
            let panel = |(index, panel): (usize, &Panel)| {
                let slopes = element.differentiate(&r[index * n..(index + 1) * n]);
                let scale = 2.0 / panel.width;
                let heat = slopes.into_iter().zip(&element.weights);
                heat.map(move |(s, w)| elongation_diffusion * w * scale * s * s).collect::<Vec<_>>()
            };
            mesh.iter().enumerate().flat_map(panel).collect()
        };
        let sources: Vec<Field> = elongations.iter().map(source).collect();
        let drift = weak_diffusion(element, mesh, &state.heat, heat_diffusion, slopes);
        let mut change = vec![0.0; state.heat.len()];
        for branch in &self.tableau.branches {
            let extra = |i: usize| {
                branch.row.iter().zip(&sources).map(|(t, s)| t * s[i]).sum::<Complex64>()
            };
            let d = increment(branch, heat_ends, heat_diffusion, &drift, &extra);
            let t = branch.column[stages - 1];
            change.iter_mut().zip(&d).for_each(|(y, d)| *y += (t * d).re);
        }
        state.heat.iter_mut().zip(&change).for_each(|(e, d)| *e += d);
        state.elongation = elongations.pop().expect("a method has stages");
    }
}

/// -D K u, and what flows in through the two ends where ∂_x u is given.
fn weak_diffusion(
    element: &Element,
    mesh: &[Panel],
    u: &[f64],
    diffusion: f64,
    slopes: [f64; 2],
) -> Field {
    let n = element.count();
    let panel = |(index, panel): (usize, &Panel)| {
        let scale = -2.0 * diffusion / panel.width;
        element.stiffness_of(&u[index * n..(index + 1) * n]).into_iter().map(move |k| scale * k)
    };
    let mut out: Field = mesh.iter().enumerate().flat_map(panel).collect();
    let last = out.len() - 1;
    out[0] -= diffusion * slopes[0];
    out[last] += diffusion * slopes[1];
    out
}
