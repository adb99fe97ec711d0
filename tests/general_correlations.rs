//! What is promised of correlations at two times of chains whose coefficients depend on the site:
//! Cov(z(t+s), z_j(t)) = e^(Bs) C(t) e_j within the stated error, energies in equilibrium, power
//! spectra.

mod agreement;
mod dense;
#[cfg(feature = "cli")]
#[path = "general_correlations/program.rs"]
mod program;
#[path = "general_correlations/refused.rs"]
mod refused;

use agreement::{apart, largest};
use dense::exponential;
use flipchain::chain::{Chain, Coefficients, InitialLaw};
use flipchain::scenario::Topology;
use flipchain::solver::correlations::{Coordinate, columns, energy};
use flipchain::solver::covariance::literal::Literal;
use flipchain::solver::covariance::{MomentEquations, Source, Target};
use flipchain::{Coefficient, Force, Options, Thermostat, TwoTime};
use ndarray::{Array1, Array2};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

fn all_coordinates(chain: &Chain) -> Vec<Coordinate> {
    let positions: Vec<Coordinate> = match chain.is_pinned() {
        true => (0..chain.atoms()).map(Coordinate::Displacement).collect(),
        false => (1..chain.atoms()).map(Coordinate::Elongation).collect(),
    };
    positions.into_iter().chain((0..chain.atoms()).map(Coordinate::Momentum)).collect()
}

/// A random chain of N bonds; in one of four some atoms have neither flips nor a thermostat.
fn random_chain(number: u64, bonds: usize, pinned: bool, periodic: bool) -> Chain {
    let mut random = ChaCha8Rng::seed_from_u64(240 + number);
    let rate = 10f64.powf(random.random_range(-1.5..0.8));
    let rates = match number % 4 {
        3 if !periodic => Coefficient::choose([0.0, rate], number),
        _ => Coefficient::uniform([0.3 * rate, 1.5 * rate], number),
    };
    let chain = Chain::open(bonds)
        .flip_rate(rates)
        .masses(Coefficient::uniform([0.4, 2.6], number))
        .springs(Coefficient::uniform([0.5, 2.0], number))
        .left(Thermostat::at(random.random_range(0.0..3.0)).friction(0.6))
        .right(Thermostat::at(random.random_range(0.0..3.0)));
    let chain = if pinned { chain.pinning(Coefficient::choose([0.0, 0.4], number)) } else { chain };
    let chain = match bonds {
        1 => chain,
        _ => chain.thermostat(bonds / 2, Thermostat::at(3.0).friction(0.2)),
    };
    let force = match periodic {
        true => Force::periodic(0.6, random.random_range(2.0..20.0)).harmonic(1, 1.4, 0.3),
        false => Force::constant(0.6),
    };
    let inner = match periodic {
        true => force.clone().harmonic(2, 0.8, 1.0),
        false => Force::constant(-1.1),
    };
    let chain = chain.force(force);
    let chain = if bonds > 1 { chain.force_at(1, inner) } else { chain };
    chain.build().unwrap()
}

/// C at a phase of the period by the literal operator: one solve for every harmonic.
fn literal_covariance(chain: &Chain, phase: f64) -> Array2<f64> {
    let literal = Literal::new(chain);
    let (n, first, atoms) = (chain.coordinates(), chain.positions(), chain.atoms());
    let frequency = chain.force.frequency.hi;
    let forces = &chain.coefficients().unwrap().forces;
    let highest =
        forces.iter().flat_map(|f| f.harmonics.iter().map(|(l, _)| *l)).max().unwrap_or(0) as i32;
    // p̂_l for every l, negative ones too.
    let momenta = |l: i32| -> Vec<Complex64> {
        let mut force = vec![Complex64::ZERO; n];
        for f in forces {
            let at = first + f.site;
            match f.harmonics.iter().find(|(order, _)| *order as i32 == l.abs()) {
                _ if l == 0 => force[at] += f.mean,
                Some((_, part)) => force[at] += if l > 0 { *part } else { part.conj() },
                None => {}
            }
        }
        let shift = Complex64::new(0.0, f64::from(l) * frequency);
        literal.solve_mean(shift, &force).unwrap()[first..].to_vec()
    };
    let all: Vec<_> = (-highest..=highest).map(|l| (l, momenta(l))).collect();
    let mut state = vec![0.0; literal.state_len()];
    for order in 0..=2 * highest {
        let mut squares = vec![Complex64::ZERO; atoms];
        for (l, a) in &all {
            for (k, b) in &all {
                if l + k == order {
                    (0..atoms).for_each(|n| squares[n] += a[n] * b[n]);
                }
            }
        }
        let rates = &chain.coefficients().unwrap().flip_rate;
        let source: Vec<Complex64> = match order {
            0 => {
                let squares = squares.iter().map(|q| q.re);
                chain.covariance_source_of(squares, 0.0).into_iter().map(Complex64::from).collect()
            }
            _ => squares.iter().zip(rates).map(|(q, rate)| 4.0 * rate * q).collect(),
        };
        let turned = f64::from(order) * std::f64::consts::TAU * phase;
        let weight = if order == 0 { Complex64::ONE } else { Complex64::from_polar(2.0, turned) };
        let source = Source { state: None, scale: Complex64::ZERO, momenta: &source };
        let mut targets = [Target { weight, state: &mut state }];
        let shift = Complex64::new(0.0, f64::from(order) * frequency);
        literal.solve(shift, source, &mut targets, 0.0).unwrap();
    }
    literal.matrix(&state)
}

#[test]
fn small_chains_agree_with_the_dense_exponential_and_the_literal_covariance() {
    let mut worst: f64 = 0.0;
    for number in 0..24 {
        let bonds = 1 + (number as usize * 5) % 6;
        let (pinned, periodic) = (number % 2 == 0, number % 3 == 0);
        let chain = random_chain(number, bonds, pinned, periodic);
        let phase = if periodic { 0.1 + 0.03 * number as f64 } else { 0.0 };
        let covariance = literal_covariance(&chain, phase);
        let drift = chain.drift().to_dense();
        let least = flipchain::solver::general::Model::new(&chain).least_damping();
        let lags = [0.0, 0.3, 7.0, 200.0 / least.max(0.1)];
        let of = all_coordinates(&chain);
        let start = columns(&chain, None, None, phase, &of, &Default::default()).unwrap();
        let found = start.at_lags(&lags, &Default::default()).unwrap();
        let scale = covariance.diag().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (j, found) in found.iter().enumerate() {
            assert_eq!((found.of, found.of.index(&chain)), (of[j], Some(j)));
            for (k, &lag) in lags.iter().enumerate() {
                let exact = exponential(&drift, lag).dot(&covariance.column(j));
                let (values, stated) = (&found.at_lags.values[k], found.at_lags.errors[k]);
                let error = apart(values, exact.as_slice().unwrap());
                // The judge's own roundings: of the literal solve and of the squarings.
                let judge = 2e-13 * scale;
                let place = format!("{number}, N = {bonds}, pinned {pinned}, {} at {lag}", of[j]);
                assert!(error <= stated + judge, "{place}: {error:e} > {stated:e}");
                assert!(stated < 1e-10 * scale, "{place}: {stated:e} is too large");
                worst = largest([worst, error / (stated + judge)]);
            }
        }
    }
    println!("largest error as a part of its estimate: {worst:.2}");
    assert!(worst > 0.0);
}

/// The homogeneous chain with all masses and springs 4: the same motion, p twice and r half as
/// large, under forces twice as large. Nothing is rounded by that.
fn fourfold(chain: &Chain) -> Chain {
    let (atoms, bonds) = (chain.atoms(), chain.bonds);
    let ends = [(0, chain.left), (bonds, chain.right)];
    let harmonics = chain.force.harmonics.iter().map(|(l, f)| (*l, 2.0 * f)).collect();
    let general = Coefficients {
        mass: vec![4.0; atoms],
        spring: vec![4.0; bonds],
        pinning: vec![0.0; atoms],
        flip_rate: vec![chain.flip_rate; atoms],
        thermostats: ends.into_iter().filter_map(|(site, end)| Some((site, end?))).collect(),
        forces: vec![flipchain::chain::SiteForce {
            site: bonds,
            mean: 2.0 * chain.force.mean,
            harmonics,
        }],
    };
    Chain { general: Some(Arc::new(general)), ..chain.clone() }
}

#[test]
fn long_chains_agree_with_the_homogeneous_one_whose_masses_and_springs_they_have_fourfold() {
    for (bonds, flip_rate, periodic) in [
        (60, 0.05, false),
        (300, 1.0, false),
        (60, 8.0, false),
        (40, 0.7, true),
        (300, 0.5, true),
        (500, 0.5, true),
    ] {
        let force = match periodic {
            true => Force::periodic(1.5, 7.0).harmonic(1, 2.0, 0.4),
            false => Force::constant(1.5),
        };
        let plain = Chain::open(bonds)
            .flip_rate(flip_rate)
            .left(Thermostat::at(2.0))
            .right(Thermostat::at(0.5).friction(0.3))
            .force(force)
            .build()
            .unwrap();
        let general = fourfold(&plain);
        let of = [Coordinate::Momentum(0), Coordinate::Elongation(bonds / 2)];
        let lags = [0.0, 3.0, 300.0 / flip_rate];
        let phase = if periodic { 0.3 } else { 0.0 };
        let both = [&plain, &general].map(|chain| {
            let start = columns(chain, None, None, phase, &of, &Default::default()).unwrap();
            start.at_lags(&lags, &Default::default()).unwrap()
        });
        for (k, coordinate) in of.iter().enumerate() {
            let own = if k == 0 { 2.0 } else { 0.5 };
            for (lag, s) in lags.iter().enumerate() {
                let [a, b] = [0, 1].map(|i| &both[i][k].at_lags);
                let scaled = |(i, x): (usize, &f64)| own * x * if i < bonds { 0.5 } else { 2.0 };
                let expected: Vec<f64> = a.values[lag].iter().enumerate().map(scaled).collect();
                let error = apart(&b.values[lag], &expected);
                let stated = b.errors[lag] + 2.0 * own * a.errors[lag];
                let place = format!("N = {bonds}, γ = {flip_rate}, {coordinate} at {s}");
                assert!(error <= stated, "{place}: {error:e} > {stated:e}");
                assert!(b.errors[lag] < 1e-10, "{place}: {:e} is too large", b.errors[lag]);
            }
        }
    }
}

#[test]
fn power_spectra_obey_the_sum_rule() {
    for (number, pinned) in [(0, true), (1, false), (5, true)] {
        let chain = random_chain(number, 5, pinned, false);
        let of = all_coordinates(&chain);
        let found = columns(&chain, None, None, 0.0, &of, &Default::default()).unwrap();
        // Frequencies tan(θ): the trapezoid rule converges geometrically.
        let count = 6000;
        let angle = |k: usize| std::f64::consts::PI * ((k as f64 + 0.5) / count as f64 - 0.5);
        let angles: Vec<f64> = (0..count).map(angle).collect();
        let frequencies: Vec<f64> = angles.iter().map(|t| t.tan()).collect();
        let (spectra, found) = (found.spectra(&frequencies).unwrap(), found.values());
        for (j, s) in spectra.iter().enumerate() {
            let integral: f64 = angles
                .iter()
                .zip(&s.values)
                .map(|(t, s)| s[j] / t.cos().powi(2) / (2.0 * count as f64))
                .sum();
            let variance = found.values[j][j];
            let error = (integral - variance).abs();
            assert!(error <= 1e-9 * variance, "{number} {}: {integral} {variance}", of[j]);
            assert!(s.values.iter().zip(&s.errors).all(|(s, e)| s[j] >= -e));
            // Against the dense matrix, at one frequency.
            let (k, n) = (count / 2 + 700, chain.coordinates());
            let drift = chain.drift();
            let mut moved: Vec<Complex64> = found.values[j].iter().map(|x| (*x).into()).collect();
            let shift = Complex64::new(0.0, frequencies[k]);
            moved =
                flipchain::solver::covariance::literal::solve_drift(&chain, shift, &moved).unwrap();
            assert_eq!(drift.rows(), n);
            let exact: Vec<f64> = moved.iter().map(|z| 2.0 * z.re).collect();
            let error = apart(&s.values[k], &exact);
            assert!(error <= s.errors[k] + 1e-12, "{number} {}: {error:e}", of[j]);
        }
    }
}

/// A chain between thermostats of one temperature, or without any.
fn equilibrium(number: u64, bonds: usize, pinned: bool, thermostats: bool) -> Chain {
    let mut all = (**random_chain(number, bonds, pinned, false).general.as_ref().unwrap()).clone();
    all.forces.clear();
    match thermostats {
        true => all.thermostats.iter_mut().for_each(|(_, t)| t.temperature = 1.3),
        false => all.thermostats.clear(),
    }
    let end = |site: usize| all.thermostats.iter().find(|(s, _)| *s == site).map(|(_, t)| *t);
    let (left, right) = (end(0), end(bonds));
    Chain {
        topology: Topology::Open,
        bonds,
        flip_rate: 1.0,
        left,
        right,
        force: Default::default(),
        general: Some(Arc::new(all)),
    }
}

/// The quadratic form of e_n in the theory's order: e_n = zᵀHz.
fn form(chain: &Chain, site: usize) -> Array2<f64> {
    let all = chain.coefficients().unwrap();
    let (n, first) = (chain.coordinates(), chain.positions());
    let mut h = Array2::zeros((n, n));
    h[[first + site, first + site]] = 0.5 / all.mass[site];
    if chain.is_pinned() {
        h[[site, site]] += all.pinning[site] / 2.0;
    }
    if let Some(bond) = site.checked_sub(1) {
        let k = all.spring[bond] / 2.0;
        match chain.is_pinned() {
            true => {
                h[[site, site]] += k;
                h[[bond, bond]] += k;
                h[[site, bond]] -= k;
                h[[bond, site]] -= k;
            }
            false => h[[bond, bond]] += k,
        }
    }
    h
}

#[test]
fn energies_agree_with_the_dense_exponential_of_the_moment_equations() {
    for (number, bonds) in [(1, 3), (2, 4), (4, 2), (5, 4), (7, 3)] {
        for (pinned, thermostats) in [(true, true), (false, true), (true, false), (false, false)] {
            let chain = equilibrium(number, bonds, pinned, thermostats);
            let (temperature, n) = (1.3, chain.coordinates());
            let law = InitialLaw::local_gibbs(&chain, move |_| temperature).unwrap();
            let gibbs = law.covariance_above(0.0);
            let literal = Literal::new(&chain);
            // 𝓛 as a dense matrix; it does not see the temperatures.
            let mut dense = Array2::zeros((n * n, n * n));
            for k in 0..n * n {
                let mut unit = vec![0.0; n * n];
                unit[k] = 1.0;
                dense.column_mut(k).assign(&Array1::from(literal.generator(&unit)));
            }
            let lags = [0.0, 0.8, 9.0];
            for site in 0..=bonds {
                let found = energy::energy(
                    &chain,
                    temperature,
                    0.0,
                    site,
                    &lags,
                    1e-10,
                    &Default::default(),
                )
                .unwrap();
                // Cov(zᵀHz, zzᵀ) = 2 C H C.
                let start = gibbs.dot(&form(&chain, site)).dot(&gibbs) * 2.0;
                let start = Array1::from(start.iter().copied().collect::<Vec<_>>());
                for (k, &lag) in lags.iter().enumerate() {
                    let moved = exponential(&dense, lag).dot(&start);
                    let moved = moved.into_shape_with_order((n, n)).unwrap();
                    let exact: Vec<f64> =
                        (0..=bonds).map(|m| (&form(&chain, m) * &moved).sum()).collect();
                    let error = apart(&found.values[k], &exact);
                    let place = format!("{number}, pinned {pinned}, site {site} at {lag}");
                    let stated = found.errors[k];
                    // The judge squares up to ten times, each time doubling its roundings.
                    assert!(error <= stated + 1e-12, "{place}: {error:e} > {stated:e}");
                    assert!(stated < 1e-9, "{place}: {stated:e} is too large");
                    if !thermostats {
                        let sum: f64 = found.values[k].iter().sum();
                        let whole: f64 = found.values[0].iter().sum();
                        let allowed = (bonds as f64 + 1.0) * stated + 1e-13;
                        assert!((sum - whole).abs() <= allowed, "{place}: {sum} {whole}");
                    }
                }
            }
        }
    }
}

#[test]
fn energy_of_the_pinned_chain_spreads_with_its_conductivity_over_its_heat_capacity() {
    let (pinning, rate, bonds) = (0.7, 1.0, 160);
    let chain = Chain::open(bonds).flip_rate(rate).pinning(pinning).build().unwrap();
    let (site, temperature) = (bonds / 2, 1.7);
    let lags = [0.0, 30.0, 60.0, 90.0];
    let found =
        energy::energy(&chain, temperature, 0.0, site, &lags, 1e-9, &Default::default()).unwrap();
    let spread = |values: &[f64]| {
        let sum: f64 = values.iter().sum();
        let second = values.iter().enumerate().map(|(n, s)| {
            let distance = n as f64 - site as f64;
            distance * distance * s
        });
        second.sum::<f64>() / sum
    };
    let at: Vec<f64> = found.values.iter().map(|s| spread(s)).collect();
    let slope = |k: usize| 0.5 * (at[k + 1] - at[k]) / (lags[k + 1] - lags[k]);
    // (16.9), with one unit of heat capacity an atom.
    let square = f64::sqrt(pinning * (pinning + 4.0));
    let exact = 1.0 / (2.0 * rate * (pinning + 2.0 + square));
    let (first, second) = (slope(1), slope(2));
    let error = 2.0 * (second - first).abs() + 1e-6 * exact;
    assert!((second - exact).abs() <= error, "{second} {exact} {error:e}");
    assert!(error < 1e-3 * exact, "{error:e}");
}
