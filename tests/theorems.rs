//! What is promised of `check`: every number is that of the literal operator, and the program
//! writes what the manual says.
#![cfg(feature = "cli")]

mod agreement;

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

#[test]
fn the_expansion_in_one_over_the_length_leads_to_the_macroscopic_values() {
    let scenario = |bonds: usize| {
        let path = format!("{}/data/scenarios/periodic_force.toml", env!("CARGO_MANIFEST_DIR"));
        Scenario::read(path.as_ref(), &[format!("chain.bonds={bonds}")])
            .expect("a scenario of the program")
    };
    let chain = Chain::new(&scenario(8));
    let limit =
        Problem::new(&scenario(8), &chain).expect("Theorem 2").stationary().expect("stationary");
    let found: Vec<sizes::StationarySize> = [8, 16, 32, 64, 128]
        .map(|n| {
            sizes::stationary(&Chain::new(&scenario(n)), &Default::default()).expect("stationary")
        })
        .to_vec();
    let of = |value: &dyn Fn(&sizes::StationarySize) -> f64| {
        found.iter().map(|s| (s.bonds, value(s), 1e-11)).collect::<Vec<_>>()
    };
    for (points, theory) in [
        (of(&|s| s.wall), limit.heat(1.0)),
        (of(&|s| s.middle.expect("even")), limit.heat(0.5)),
        (of(&|s| s.oscillation_work), oscillation_work(&chain)),
    ] {
        let found = Extrapolated::new("quantity".into(), &points, Some(theory))
            .expect("five sizes that double");
        let error = (found.found.limit.value - theory).abs();
        assert!(error < 1e-4 * theory && error <= found.found.limit.uncertainty, "{found:?}");
    }
}

#[test]
fn the_uncertainty_of_an_extrapolation_bounds_its_error_over_the_closed_forms() {
    // N J, Var p_N and the thermal e_heat(1/2) have closed forms at every N: 16 .. 2048 against
    // their limits, over γ, λ, T and F̄.
    let mut seed = 3u64;
    let mut random = |low: f64, high: f64| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        low + (high - low) * (seed >> 11) as f64 / 2f64.powi(53)
    };
    let mut clean = 0;
    for case in 0..200 {
        let flip_rate = 10f64.powf(random(-1.0, 1.0));
        let thermostat = |temperature: f64, friction: f64| Thermostat { temperature, friction };
        let left = Some(thermostat(random(0.0, 3.0), 10f64.powf(random(-1.0, 1.0))));
        let right = Some(thermostat(random(0.0, 3.0), 10f64.powf(random(-1.0, 1.0))));
        let force = Force { mean: random(-2.0, 2.0), ..Default::default() };
        let sizes = (4..12).map(|k| 1usize << k);
        let chains: Vec<Chain> = sizes
            .map(|bonds| Chain {
                topology: Topology::Open,
                bonds,
                flip_rate,
                left,
                right,
                force: force.clone(),
                general: None,
            })
            .collect();
        let settled = stationary(flip_rate, &ends_of(&chains[0]), || None).expect("thermostats");
        let still = Chain { force: Force::default(), ..chains[0].clone() };
        let thermal = stationary(flip_rate, &ends_of(&still), || None).expect("thermostats");
        let of = |value: &dyn Fn(&Chain) -> f64| {
            chains.iter().map(|c| (c.bonds, value(c), 1e-14)).collect::<Vec<_>>()
        };
        let variance = |chain: &Chain, atom: usize| {
            let still = Chain { force: Force::default(), ..chain.clone() };
            still.thermal_state().expect("thermostats").var_p[atom]
        };
        for (quantity, points, theory) in [
            (
                "N J",
                of(&|c| c.bonds as f64 * c.stationary_current().expect("closed form")),
                settled.current,
            ),
            ("Var p_N", of(&|c| variance(c, c.bonds)), thermal.heat(1.0)),
            ("Var p at 1/2", of(&|c| variance(c, c.bonds / 2)), thermal.heat(0.5)),
        ] {
            let found = Extrapolated::new(quantity.into(), &points, Some(theory))
                .expect("eight sizes")
                .found;
            let error = (found.limit.value - theory).abs();
            assert!(error <= found.limit.uncertainty, "case {case}: {quantity} {found:?} {theory}");
            // Where a contact resistance of 1/λ + λ over γ is hundreds of bonds, N = 16 is not yet
            // an expansion.
            assert!(
                found.limit.uncertainty < 1e-3 * (1.0 + theory.abs()),
                "case {case}: {quantity} {found:?}"
            );
            clean += usize::from(found.limit.uncertainty < 1e-6 * (1.0 + theory.abs()));
        }
    }
    println!("six digits in {clean} of 600");
    assert!(clean > 500, "{clean}");
}

#[test]
fn the_frequency_decides_the_work_and_the_wall_as_in_theory() {
    let path = format!("{}/data/scenarios/periodic_force.toml", env!("CARGO_MANIFEST_DIR"));
    let chain = |bonds: usize| {
        Chain::new(
            &Scenario::read(path.as_ref(), &[format!("chain.bonds={bonds}")])
                .expect("a scenario of the program"),
        )
    };
    let chains = [16, 32, 64, 128, 256].map(chain);
    let omegas = [0.3, 1.0, 2.0, 2.6];
    let found = sweep(&chains, &omegas, &Default::default()).expect("solved").expect("stationary");
    for at in &found {
        let [work, wall] = &at.extrapolated[..] else { panic!("five sizes") };
        for (found, theory) in [(work, at.work), (wall, at.wall)] {
            let error = (found.found.limit.value - theory).abs();
            assert!(error <= found.found.limit.uncertainty, "{found:?}");
            assert!(found.found.limit.uncertainty < 1e-4 * theory, "{found:?}");
        }
        // Var p_N from W_heat, by Theorem 2's parabola: F̄ = 1.2, γ = 0.8, T_- = 1.
        assert!((at.wall - (1.44 + 3.2 * at.work + 1.0)).abs() < 1e-13 * at.wall);
    }
}

#[test]
fn the_program_writes_its_verdicts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let path = format!("{}/data/scenarios/parabola.toml", env!("CARGO_MANIFEST_DIR"));
    let check = |extra: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
        command
            .args(["check", &path, "--force", "-o"])
            .arg(&run)
            .args(extra)
            .output()
            .expect("the program starts")
    };
    let output = check(&[
        "--sizes",
        "8,16,32,64",
        "--covariance-sizes",
        "8,16,32,64",
        "--set",
        "time.outputs=[0, 0.1, 1]",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let csv = std::fs::read_to_string(run.join("check.csv")).expect("check.csv");
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["statement", "bonds", "t", "value", "limit", "bound", "value_error"]);
    for name in [
        "boundary_left",
        "boundary_right",
        "mean_l2",
        "energy",
        "covariance",
        "covariance_offdiagonal",
        "equipartition",
        "work",
        "elongation_distance",
        "energy_distance",
        "elongation_weak",
        "energy_weak",
    ] {
        let own: Vec<&Vec<&str>> = rows.iter().filter(|row| row[0] == name).collect();
        assert!((9..=12).contains(&own.len()), "{name}: {}", own.len());
        for row in own {
            assert!(row[3].parse::<f64>().expect("a value").is_finite());
            if let (Ok(value), Ok(bound)) = (row[3].parse::<f64>(), row[5].parse::<f64>()) {
                // Independent coordinates at t = 0: rounding, where the bound starts.
                assert!(value <= bound * (1.0 + 1e-12) + 1e-25, "{name}: {value} > {bound}");
            }
        }
        assert!(run.join(format!("figures/{name}.svg")).is_file(), "{name}");
    }
    let json = std::fs::read_to_string(run.join("check.json")).expect("check.json");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["statements"].as_array().expect("a list").len(), 12);
    for found in json["extrapolations"].as_array().expect("a list") {
        let limit = &found["found"]["limit"];
        let number = |value: &serde_json::Value| value.as_f64();
        let (Some(value), Some(uncertainty)) =
            (number(&limit["value"]), number(&limit["uncertainty"]))
        else {
            panic!("{found}")
        };
        if let Some(theory) = number(&found["theory"]) {
            assert!(
                (value - theory).abs() <= uncertainty && uncertainty < 0.02 * theory.abs(),
                "{found}"
            );
        }
    }
    for (extra, says) in [
        (&["--sizes", "32,16"][..], "ascending"),
        (&["--set", "chain.flip_rate=0"], "flip_rate > 0"),
        (&["--set", "time.scale=ballistic"], "diffusive"),
        (&["--sizes", "0,16"], "sizes ≥ 1"),
        (&["--sizes", "16,x"], "invalid value 'x'"),
        (&["--covariance-sizes", "64,64"], "--covariance-sizes"),
        (&["--omegas", "2,1"], "ascending ω"),
        (&["--correlation-length=-1"], "a length > 0"),
        (&["--sizes", "8", "--method", "radau"], "--method"),
    ] {
        let output = check(extra);
        let message = String::from_utf8_lossy(&output.stderr).to_string();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn rings_free_chains_shaken_walls_and_single_bonds_are_checked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let check = |name: &str, extra: &[&str]| {
        let path = format!("{}/data/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
        command.args(["check", &path, "--force", "-o"]).arg(&run).args(extra);
        let output = command.output().expect("the program starts");
        let error = String::from_utf8_lossy(&output.stderr).to_string();
        assert!(output.status.success(), "{name}: {error}");
        String::from_utf8(output.stdout).expect("text")
    };
    let times = "time.outputs=[0, 0.01, 0.5]";
    let said =
        check("periodic_force", &["--sizes", "8,16,32", "--omegas", "0.5,1.5", "--set", times]);
    assert!(said.contains("over ω = 0.5 .. 1.5: W_heat(N → ∞)"), "{said}");
    let csv = std::fs::read_to_string(run.join("sweep.csv")).expect("sweep.csv");
    assert_eq!(csv.lines().count(), 1 + 2 * 3);
    assert!(run.join("figures/sweep.png").is_file());
    // Longer than the covariance is asked for, and too early for the ways without it: that is said.
    let early = "time.outputs=[0, 0.01, 0.05]";
    let said = check(
        "ring_relaxation",
        &["--sizes", "4,8,16", "--covariance-sizes", "4,8", "--set", early],
    );
    assert!(
        said.contains("variances not measured") && said.contains("N = 16 at all times"),
        "{said}"
    );
    assert!(!run.join("sweep.csv").exists());
    let free = ["--sizes", "1,2", "--correlation-length", "2", "--set", times];
    let said =
        check("equilibrium", &[&free[..], &["--set", "left.thermostat.temperature=2"]].concat());
    assert!(said.contains("covariance stays below"), "{said}");
}
