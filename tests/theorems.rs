//! What is promised of `check`: every number is that of the literal operator, and the program
//! writes what the manual says.
#![cfg(feature = "cli")]

mod agreement;
#[path = "theorems/program.rs"]
mod program;

use agreement::largest;
use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::scenario::{Scenario, Thermostat, Topology};
use flipchain::solver::covariance::MomentEquations;
use flipchain::solver::covariance::literal::Literal;
use flipchain::solver::limit::conditions::{ends_of, oscillation_work};
use flipchain::solver::limit::stationary::stationary;
use flipchain::solver::limit::{Evolution, Problem};
use flipchain::solver::observe::sizes;
use flipchain::solver::observe::sweep::sweep;
use flipchain::solver::observe::theorems::{Measurement, test_functions};
use flipchain::solver::observe::verdict::Extrapolated;
use ndarray::Array2;
use std::process::Command;

/// u = (r, p, 1, cos lωτ, sin lωτ, ...) is linear, u' = G u, and so are U = u uᵀ, C and all their
/// time integrals.
struct Literally {
    literal: Literal,
    generator: Array2<f64>,
}

/// u uᵀ and C, and their integrals.
#[derive(Clone)]
struct State {
    products: Array2<f64>,
    covariance: Array2<f64>,
    product_sums: Array2<f64>,
    covariance_sums: Array2<f64>,
}

impl State {
    fn add(&mut self, factor: f64, other: &State) {
        self.products.scaled_add(factor, &other.products);
        self.covariance.scaled_add(factor, &other.covariance);
        self.product_sums.scaled_add(factor, &other.product_sums);
        self.covariance_sums.scaled_add(factor, &other.covariance_sums);
    }
}

impl Literally {
    fn new(chain: &Chain) -> Literally {
        let (n, waves) = (chain.coordinates(), chain.force.harmonics.len());
        let mut generator = Array2::zeros((n + 1 + 2 * waves, n + 1 + 2 * waves));
        generator.slice_mut(ndarray::s![..n, ..n]).assign(&chain.drift().to_dense());
        if chain.topology == Topology::Open {
            generator[[n - 1, n]] = chain.force.mean;
        }
        for (k, &(order, amplitude)) in chain.force.harmonics.iter().enumerate() {
            let (cos, sin, omega) =
                (n + 1 + 2 * k, n + 2 + 2 * k, order as f64 * chain.force.frequency.hi);
            // F_l e^(ilωτ) and its conjugate.
            generator[[n - 1, cos]] = 2.0 * amplitude.re;
            generator[[n - 1, sin]] = -2.0 * amplitude.im;
            generator[[cos, sin]] = -omega;
            generator[[sin, cos]] = omega;
        }
        Literally { literal: Literal::new(chain), generator }
    }

    fn start(&self, law: &InitialLaw) -> State {
        let size = self.generator.nrows();
        let mut u = law.mean();
        u.push(1.0);
        (u.len()..size).step_by(2).for_each(|_| u.extend([1.0, 0.0]));
        let covariance = law.covariance_above(0.0);
        State {
            products: Array2::from_shape_fn((size, size), |(i, j)| u[i] * u[j]),
            product_sums: Array2::zeros((size, size)),
            covariance_sums: Array2::zeros(covariance.raw_dim()),
            covariance,
        }
    }

    fn slope(&self, state: &State) -> State {
        let chain = self.literal.chain();
        let flow = self.generator.dot(&state.products);
        let n = chain.coordinates();
        let image = self.literal.generator(&self.literal.represent(&state.covariance));
        let mut covariance = self.literal.matrix(&image);
        let noise = chain.thermostats().1;
        for p in chain.bonds..n {
            covariance[[p, p]] += 4.0 * chain.flip_rate * state.products[[p, p]]
                + noise[p - chain.bonds] * state.products[[n, n]];
        }
        State {
            products: &flow + &flow.t(),
            covariance,
            product_sums: state.products.clone(),
            covariance_sums: state.covariance.clone(),
        }
    }

    /// Taylor's series in steps of 1/16 of microscopic time, to rounding; sees every state on the
    /// way.
    fn evolve(&self, state: &mut State, duration: f64, mut see: impl FnMut(f64, &State)) {
        let steps = (16.0 * duration).ceil();
        for step in 1..=steps as usize {
            let mut term = state.clone();
            for k in 1..20 {
                let mut next = self.slope(&term);
                let zero = next.clone();
                next.add(duration / steps / k as f64 - 1.0, &zero);
                state.add(1.0, &next);
                term = next;
            }
            see(duration * step as f64 / steps, state);
        }
    }
}

/// Every statement from a literal state, by the formulas of the statements themselves.
fn literally(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    limit: &Evolution,
) -> Vec<(&'static str, f64, f64)> {
    let way = Literally::new(chain);
    let mut state = way.start(law);
    let (bonds, n) = (chain.bonds, chain.bonds as f64);
    let coordinates = chain.coordinates();
    let average = |state: &State| (0..coordinates).map(|i| state.products[[i, i]]).sum::<f64>() / n;
    let mut most = average(&state);
    let mut before = 0.0;
    let mut all = Vec::new();
    for (index, &t) in times.iter().enumerate() {
        let mut samples = vec![average(&state)];
        way.evolve(&mut state, (t - before) * n * n, |_, s| samples.push(average(s)));
        // The largest of the parabolas through three neighbours.
        most = most.max(largest(&samples));
        for three in samples.windows(3) {
            let (slope, bend) = ((three[2] - three[0]) / 2.0, three[2] - 2.0 * three[1] + three[0]);
            if bend < 0.0 && slope.abs() < bend.abs() {
                most = most.max(three[1] - slope * slope / (2.0 * bend));
            }
        }
        before = t;
        let z: Vec<f64> = (0..coordinates).map(|i| state.products[[i, coordinates]]).collect();
        let first = chain.atoms() - bonds;
        let sites: Vec<(f64, usize, usize)> = (first..chain.atoms())
            .map(|site| (site as f64 / n, site - first, bonds + site))
            .collect();
        let macroscopic = &limit.outputs[index].state;
        let second = |i: usize| state.covariance[[i, i]] + z[i] * z[i];
        let energies: Vec<f64> =
            sites.iter().map(|&(_, r, p)| (second(r) + second(p)) / 2.0).collect();
        // ∫ f by many midpoints; the limit itself is judged elsewhere.
        let integral = |f: &dyn Fn(f64) -> f64| {
            (0..20000).map(|i| f((i as f64 + 0.5) / 20000.0)).sum::<f64>() / 20000.0
        };
        let weak = |values: &[f64], f: &dyn Fn(f64) -> f64| {
            largest(test_functions(chain.topology).iter().map(|g| {
                let sum = sites.iter().zip(values).map(|((x, ..), v)| g(*x) * v).sum::<f64>() / n;
                sum - integral(&|x| g(x) * f(x))
            }))
        };
        let distance = |values: &[f64], f: &dyn Fn(f64) -> f64| {
            largest(sites.iter().zip(values).map(|((x, ..), v)| v - f(*x)))
        };
        let elongations: Vec<f64> = sites.iter().map(|s| z[s.1]).collect();
        let differences: Vec<f64> = sites
            .iter()
            .map(|&(_, r, p)| {
                (state.covariance_sums[[r, r]] - state.covariance_sums[[p, p]]) / (n * n)
            })
            .collect();
        let squares = |keep: &dyn Fn(usize, usize) -> bool| {
            let entries = state
                .covariance
                .indexed_iter()
                .filter(|((i, j), _)| !(*i < bonds && *j >= bonds) && keep(*i, *j));
            entries.map(|(_, c)| c * c).sum::<f64>() / n
        };
        if chain.topology == Topology::Open {
            let work = (0..way.generator.ncols())
                .filter(|&k| k >= coordinates)
                .map(|k| {
                    way.generator[[coordinates - 1, k]] * state.product_sums[[coordinates - 1, k]]
                })
                .sum::<f64>();
            all.push(("work", t, work / n));
            all.push((
                "boundary_left",
                t,
                (state.product_sums[[bonds, coordinates]] / (n * n)).abs(),
            ));
            all.push((
                "boundary_right",
                t,
                (state.product_sums[[coordinates - 1, coordinates]] / (n * n)).abs(),
            ));
        }
        all.push(("mean_l2", t, most));
        all.push(("energy", t, (0..coordinates).map(second).sum::<f64>() / (2.0 * n)));
        all.push(("covariance", t, squares(&|_, _| true)));
        all.push(("covariance_offdiagonal", t, squares(&|i, j| i != j)));
        all.push(("equipartition", t, weak(&differences, &|_| 0.0)));
        all.push((
            "elongation_distance",
            t,
            distance(&elongations, &|x| macroscopic.elongation(x)),
        ));
        all.push(("energy_distance", t, distance(&energies, &|x| macroscopic.energy(x))));
        all.push(("elongation_weak", t, weak(&elongations, &|x| macroscopic.elongation(x))));
        all.push(("energy_weak", t, weak(&energies, &|x| macroscopic.energy(x))));
    }
    all
}

const PERIODIC: &str = "[left.thermostat]\ntemperature = 1.5\nfriction = 0.7\n[right.force]\nmean = 1.2\nperiod = 2.0\n\
    harmonics = [{ order = 1, amplitude = 1.0, phase = 0.4 }, { order = 3, amplitude = 0.5 }]\n";
const TWO: &str = "[left.thermostat]\ntemperature = 2\n[right.thermostat]\ntemperature = 1\n[right.force]\nmean = 1.5\n";

fn scenario(topology: &str, bonds: usize, ends: &str) -> Scenario {
    scenario_at(topology, bonds, ends, "[0.02, 0.3, 1]")
}

fn scenario_at(topology: &str, bonds: usize, ends: &str, outputs: &str) -> Scenario {
    let text = format!(
        "[chain]\ntopology = \"{topology}\"\nbonds = {bonds}\nflip_rate = 0.6\n{ends}[initial]\nelongation = \"cos(2*pi*x)\"\n\
         momentum = \"0.8*sin(2*pi*x)\"\ntemperature = \"1 + 0.5*x*(1-x)\"\n[time]\nscale = \"diffusive\"\noutputs = {outputs}\n"
    );
    Scenario::from_str_named(&text, "test", &[]).expect("a scenario")
}

fn compare(chain: &Chain, law: &InitialLaw, limit: &Evolution, times: &[f64], covariance: bool) {
    let found: Vec<Measurement> =
        sizes::measure(chain, law, times, limit, covariance, 1e-9, &Default::default())
            .expect("measured");
    for (statement, t, value) in literally(chain, law, times, limit) {
        if !covariance && statement.starts_with("covariance") {
            continue;
        }
        let row = found
            .iter()
            .find(|m| m.statement == statement && m.time == t)
            .expect("every statement is measured");
        // The supremum is between samples; integrals of the limit by midpoints lose 1e-9; the rest
        // is the tolerance's.
        let allowed = if statement == "mean_l2" { 1e-4 } else { 5e-8 };
        assert!(
            (row.value - value).abs() < allowed * value.abs().max(0.1),
            "{statement} N = {} t = {t}: {} instead of {value}",
            chain.bonds,
            row.value
        );
        // What needs no integral of the limit is as near as it says; Taylor's series leaves some
        // thousand roundings.
        if !["mean_l2", "distance", "weak"].iter().any(|part| statement.contains(part)) {
            let rounding = 1e-12 * value.abs().max(0.1);
            let off = (row.value - value).abs();
            assert!(
                off <= row.error + rounding,
                "{statement} N = {} t = {t}: {off:e} > {:e}",
                chain.bonds,
                row.error
            );
        }
    }
}

#[test]
fn every_number_is_that_of_the_literal_operator() {
    for (topology, bonds, ends) in [
        ("open", 1, TWO),
        ("open", 3, TWO),
        ("open", 6, TWO),
        ("open", 5, PERIODIC),
        ("open", 4, ""),
        ("ring", 6, ""),
    ] {
        let scenario = scenario(topology, bonds, ends);
        let chain = Chain::new(&scenario);
        let times = scenario.output_times();
        let limit = Problem::new(&scenario, &chain)
            .expect("a limit")
            .evolve(&times)
            .expect("solved")
            .expect("initial");
        compare(&chain, &InitialLaw::new(&scenario), &limit, &times, true);
    }
}

#[test]
fn what_the_variances_say_is_the_same_without_the_covariance() {
    // The profiles' way serves from τ = 60/γ on: late times, against the literal operator, and a
    // longer chain both ways.
    let scenario = |bonds: usize, outputs: &str| scenario_at("open", bonds, TWO, outputs);
    let limit_of = |scenario: &Scenario, chain: &Chain| {
        let problem = Problem::new(scenario, chain).expect("a limit");
        problem.evolve(&scenario.output_times()).expect("solved").expect("initial")
    };
    let short = scenario(6, "[0, 14, 16]");
    let chain = Chain::new(&short);
    compare(
        &chain,
        &InitialLaw::new(&short),
        &limit_of(&short, &chain),
        &short.output_times(),
        false,
    );
    let long = scenario(64, "[0, 0.001, 0.13, 1]");
    let chain = Chain::new(&long);
    let (law, limit, times) =
        (InitialLaw::new(&long), limit_of(&long, &chain), long.output_times());
    let measure = |covariance| {
        sizes::measure(&chain, &law, &times, &limit, covariance, 1e-9, &Default::default())
            .expect("measured")
    };
    let (quick, whole) = (measure(false), measure(true));
    let mut compared = 0;
    for row in &quick {
        let other = whole
            .iter()
            .find(|m| m.statement == row.statement && m.time == row.time)
            .expect("measured");
        // Both say how far they may be off; sums of 64 numbers of order one leave some roundings.
        let allowed = row.error + other.error + 1e-14;
        assert!((row.value - other.value).abs() <= allowed, "{row:?} {other:?}");
        compared += usize::from(row.statement == "equipartition");
    }
    // At t = 0.001, τ = 4, there is no way without the covariance.
    assert_eq!(compared, 3);
}

#[test]
fn correlations_of_order_one_are_measured_from_the_start() {
    // An initial law with correlations between all coordinates: the literal operator sees the same
    // numbers.
    let scenario = scenario("open", 5, TWO);
    let chain = Chain::new(&scenario);
    let times = scenario.output_times();
    let limit = Problem::new(&scenario, &chain)
        .expect("a limit")
        .evolve(&times)
        .expect("solved")
        .expect("initial");
    let law = InitialLaw::new(&scenario).correlated(4.0, false);
    compare(&chain, &law, &limit, &times, true);
}
