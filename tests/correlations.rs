//! What is promised of correlations at two times: Cov(z(t+s), z_j(t)) = e^(Bs) C(t) e_j within the
//! stated error, for every chain that settles; energies in equilibrium; power spectra.

mod agreement;
mod dense;

use agreement::{apart, largest};
use dense::exponential;
use flipchain::TwoTime;
use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::correlations::{Coordinate, columns, energy};
use flipchain::solver::covariance::literal::Literal;
use flipchain::solver::steady::periodic;
use ndarray::Array1;
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn end(temperature: f64, friction: f64) -> Option<Thermostat> {
    Some(Thermostat { temperature, friction })
}

fn open(bonds: usize, flip_rate: f64, ends: [Option<Thermostat>; 2], force: Force) -> Chain {
    let [left, right] = ends;
    Chain { topology: Topology::Open, bonds, flip_rate, left, right, force, general: None }
}

fn ring(bonds: usize, flip_rate: f64) -> Chain {
    let force = Force::default();
    Chain {
        topology: Topology::Ring,
        bonds,
        flip_rate,
        left: None,
        right: None,
        force,
        general: None,
    }
}

fn distance(x: &[f64], y: &Array1<f64>) -> f64 {
    apart(x, y.as_slice().expect("in one piece"))
}

fn all_coordinates(chain: &Chain) -> Vec<Coordinate> {
    let first = usize::from(chain.topology == Topology::Open);
    let elongations = (first..first + chain.bonds).map(Coordinate::Elongation);
    elongations.chain((0..chain.atoms()).map(Coordinate::Momentum)).collect()
}

#[test]
fn small_chains_agree_with_the_dense_exponential_and_the_literal_covariance() {
    let mut random = ChaCha8Rng::seed_from_u64(24);
    let mut worst: f64 = 0.0;
    for number in 0..12 {
        let bonds = random.random_range(1..=6);
        let flip_rate = 10f64.powf(random.random_range(-1.5..1.0));
        let friction = |random: &mut ChaCha8Rng| 10f64.powf(random.random_range(-1.0..1.0));
        let left = end(random.random_range(0.0..3.0), friction(&mut random));
        let right =
            if number % 3 == 0 { None } else { end(random.random(), friction(&mut random)) };
        let mut force = Force { mean: random.random_range(-2.0..2.0), ..Force::default() };
        if number % 2 == 0 {
            force.frequency = random.random_range(0.2..3.0f64).into();
            force.harmonics = vec![(1, Complex64::new(0.7, -0.2)), (2, Complex64::new(0.0, 0.3))];
        }
        let chain = open(bonds, flip_rate, [left, right], force);
        let phase = random.random_range(0.0..1.0);
        let (_, kept, _) = periodic::covariance(&Literal::new(&chain), &[phase]).unwrap();
        let covariance = kept[0].moments.covariance.as_ref().unwrap();
        let drift = chain.drift().to_dense();
        let lags = [0.0, 0.3, 7.0, 200.0 / flip_rate];
        let of = all_coordinates(&chain);
        let start = columns(&chain, None, None, phase, &of, &Default::default()).unwrap();
        let found = start.at_lags(&lags, &Default::default()).unwrap();
        let scale = covariance.diag().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (j, found) in found.iter().enumerate() {
            assert_eq!(found.of, of[j]);
            for (k, &lag) in lags.iter().enumerate() {
                let exact = exponential(&drift, lag).dot(&covariance.column(j));
                let (error, stated) =
                    (distance(&found.at_lags.values[k], &exact), found.at_lags.errors[k]);
                // The judge's own roundings: of the literal solve and of the squarings.
                let judge = 2e-13 * scale;
                assert!(error <= stated + judge, "{number} {j} {lag}: {error:e} > {stated:e}");
                assert!(stated < 1e-10 * scale, "{number} {j} {lag}: {stated:e} is too large");
                worst = largest([worst, error / (stated + judge)]);
            }
        }
    }
    assert!(worst > 0.0);
}

#[test]
fn columns_of_longer_chains_are_those_of_the_whole_covariance() {
    use flipchain::solver::covariance::modal::Modal;
    for (bonds, flip_rate) in [(40, 0.05), (120, 1.0), (60, 8.0)] {
        let force = Force { mean: 1.5, ..Force::default() };
        let chain = open(bonds, flip_rate, [end(2.0, 1.0), end(0.5, 0.3)], force);
        let (_, kept, _) = periodic::covariance(&Modal::new(&chain), &[0.0]).unwrap();
        let covariance = kept[0].moments.covariance.as_ref().unwrap();
        let of = [Coordinate::Momentum(0), Coordinate::Elongation(bonds / 2)];
        let found = columns(&chain, None, None, 0.0, &of, &Default::default()).unwrap().values();
        for (k, coordinate) in of.iter().enumerate() {
            let exact = covariance.column(coordinate.index(&chain).unwrap()).to_owned();
            let stated = found.errors[k] + kept[0].errors.var_p + kept[0].errors.correlation;
            let error = distance(&found.values[k], &exact);
            assert!(error <= stated, "N = {bonds} γ = {flip_rate}: {error:e} > {stated:e}");
            assert!(stated < 1e-11, "N = {bonds} γ = {flip_rate}: {stated:e} is too large");
        }
    }
}

#[test]
fn rings_and_isolated_chains_end_where_their_initial_law_says() {
    let law = |chain: &Chain| InitialLaw {
        mean_r: vec![0.4; chain.bonds],
        mean_p: vec![0.1; chain.atoms()],
        var_r: (0..chain.bonds).map(|n| 1.0 + 0.1 * n as f64).collect(),
        var_p: vec![0.7; chain.atoms()],
        covariance: None,
    };
    for chain in [ring(5, 0.6), open(4, 1.3, [None, None], Force::default())] {
        let of = all_coordinates(&chain);
        let lags = [0.0, 2.0, 300.0];
        let law = law(&chain);
        let start = columns(&chain, Some(&law), None, 0.0, &of, &Default::default()).unwrap();
        let found = start.at_lags(&lags, &Default::default()).unwrap();
        let state = flipchain::solver::steady::closed::isolated(&chain, &law, true).unwrap();
        let covariance = state.average.moments.covariance.unwrap();
        for (j, found) in found.iter().enumerate() {
            for (k, &lag) in lags.iter().enumerate() {
                let exact = exponential(&chain.drift().to_dense(), lag).dot(&covariance.column(j));
                let error = distance(&found.at_lags.values[k], &exact);
                assert!(error <= found.at_lags.errors[k] + 1e-13, "{j} {lag}: {error:e}");
            }
        }
    }
}

/// Σ_n S and the variance of n under S.
fn spread(structure: &[f64], center: f64) -> (f64, f64) {
    let sum: f64 = structure.iter().sum();
    let second = structure.iter().enumerate().map(|(n, s)| (n as f64 - center).powi(2) * s);
    (sum, second.sum::<f64>() / sum)
}

#[test]
fn the_energy_structure_function_is_conserved_and_spreads_at_a_quarter_of_the_flip_time() {
    for flip_rate in [0.5, 2.0] {
        let chain = ring(401, flip_rate);
        let (site, temperature) = (200, 1.7);
        let lags = [0.0, 60.0, 90.0, 120.0].map(|turns| turns / flip_rate);
        let found =
            energy::energy(&chain, temperature, 0.0, site, &lags, 1e-10, &Default::default())
                .unwrap();
        // At lag 0: Var e_m = T², nothing elsewhere.
        let mut start = vec![0.0; 401];
        start[site] = temperature * temperature;
        assert!(distance(&found.values[0], &Array1::from(start)) <= found.errors[0] + 1e-15);
        let at: Vec<_> = found.values.iter().map(|s| spread(s, site as f64)).collect();
        for (k, (sum, _)) in at.iter().enumerate() {
            let allowed = 401.0 * found.errors[k] + 1e-13;
            assert!((sum - temperature * temperature).abs() <= allowed, "{sum} {k}");
        }
        // Half the slope of the variance is κ/c = 1/4γ. Correlated elongations diffuse as well, so
        // that the slope comes in like a power of the lag: its change bounds what is left.
        let slope = |k: usize| 0.5 * (at[k + 1].1 - at[k].1) / (lags[k + 1] - lags[k]);
        let (first, second) = (slope(1), slope(2));
        let far = 200.0f64.powi(2) * 401.0 / (temperature * temperature);
        let known = far * (found.errors[2] + found.errors[3]) / (lags[3] - lags[2]);
        let error = 2.0 * (second - first).abs() + known;
        let expected = 1.0 / (4.0 * flip_rate);
        assert!((second - expected).abs() <= error, "{second} {expected} {error:e}");
        assert!(error < 1e-3 * expected, "{error:e}");
    }
}

#[test]
fn without_flips_energy_flies() {
    let chain = ring(101, 0.0);
    let lags = [0.0, 10.0, 20.0, 40.0];
    let found = energy::energy(&chain, 1.0, 0.0, 50, &lags, 1e-10, &Default::default()).unwrap();
    // The group velocities cos(k/2) have the mean square 1/2: the variance grows as s²/2, but for
    // what oscillates between r and p.
    for (k, &lag) in lags.iter().enumerate().skip(1) {
        let (sum, variance) = spread(&found.values[k], 50.0);
        assert!((sum - 1.0).abs() < 1e-11);
        assert!((variance / (lag * lag) - 0.5).abs() < 2.0 / lag, "{lag}: {variance}");
    }
}

#[test]
fn a_gibbs_state_is_stationary_without_flips_and_thermostats_and_nothing_else_is() {
    for chain in [ring(6, 0.0), open(5, 0.0, [None, None], Force::default())] {
        let elongation = if chain.atoms() == chain.bonds { 0.3 } else { 0.0 };
        let gibbs = InitialLaw {
            mean_r: vec![elongation; chain.bonds],
            mean_p: vec![0.0; chain.atoms()],
            var_r: vec![0.7; chain.bonds],
            var_p: vec![0.7; chain.atoms()],
            covariance: None,
        };
        let run = flipchain::steady(&chain, Some(&gibbs), &Default::default()).unwrap();
        let state = run.at(0);
        assert!(state.var_p().values.iter().all(|v| (v - 0.7).abs() <= state.var_p().error));
        let of = all_coordinates(&chain);
        let asked =
            TwoTime { of: of.clone(), lags: vec![0.0, 3.0], energy: true, ..TwoTime::default() };
        let found =
            flipchain::correlations(&chain, Some(&gibbs), asked, &Default::default()).unwrap();
        for (j, found) in found.covariances.iter().enumerate() {
            let propagated = exponential(&chain.drift().to_dense(), 3.0);
            let exact = propagated.column(of[j].index(&chain).unwrap()).mapv(|x| 0.7 * x);
            let error = distance(&found.at_lags.values[1], &exact);
            assert!(error <= found.at_lags.errors[1] + 1e-14, "{j}: {error:e}");
        }
        for energies in &found.energies {
            let [first, second] = [0, 1].map(|k| energies.values[k].iter().sum::<f64>());
            let allowed = 7.0 * (energies.errors[0] + energies.errors[1]) + 1e-14;
            assert!((first - second).abs() <= allowed, "{first} {second}");
        }
        let mut moving = gibbs.clone();
        moving.mean_p[2] = 0.1;
        let refused = flipchain::steady(&chain, Some(&moving), &Default::default()).unwrap_err();
        assert!(refused.to_string().contains("begin in the Gibbs state"), "{refused}");
    }
}

#[test]
fn power_spectra_obey_the_sum_rule() {
    let chain = open(6, 0.4, [end(2.0, 1.0), end(1.0, 0.5)], Force::default());
    let of = [Coordinate::Momentum(2), Coordinate::Elongation(4)];
    let found = columns(&chain, None, None, 0.0, &of, &Default::default()).unwrap();
    // Frequencies tan(θ): the trapezoid rule converges geometrically.
    let count = 4000;
    let angles: Vec<f64> = (0..count)
        .map(|k| std::f64::consts::PI * ((k as f64 + 0.5) / count as f64 - 0.5))
        .collect();
    let frequencies: Vec<f64> = angles.iter().map(|t| t.tan()).collect();
    let (spectra, found) = (found.spectra(&frequencies).unwrap(), found.values());
    for (k, (coordinate, s)) in of.iter().zip(&spectra).enumerate() {
        let j = coordinate.index(&chain).unwrap();
        let integral: f64 = angles
            .iter()
            .zip(&s.values)
            .map(|(t, s)| s[j] / t.cos().powi(2) / (2.0 * count as f64))
            .sum();
        let variance = found.values[k][j];
        assert!((integral - variance).abs() < 1e-10, "{coordinate}: {integral} {variance}");
        // A power spectrum is positive.
        assert!(s.values.iter().zip(&s.errors).all(|(s, e)| s[j] >= -e));
    }
}

#[cfg(feature = "cli")]
mod program {
    use ndarray::{Array1, Array2, Array3};
    use ndarray_npy::NpzReader;
    use std::fs::File;
    use std::path::Path;
    use std::process::{Command, Output};

    fn steady(arguments: &[&str], out: &Path) -> Output {
        Command::new(env!("CARGO_BIN_EXE_flipchain"))
            .args(["steady", "-q", "--figures", "none", "-o"])
            .arg(out)
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap()
    }

    #[test]
    fn steady_writes_correlations_energies_and_spectra() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        let scenario = "data/scenarios/equilibrium.toml";
        let asked = ["--set", "chain.bonds=12", "--lags", "0,1.5,200", "--of", "p:6,r:3"];
        let more = ["--energy", "--spectrum", "0,0.5,2"];
        let output = steady(&[&[scenario][..], &asked, &more].concat(), &out);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut file = NpzReader::new(File::open(out.join("correlations.npz")).unwrap()).unwrap();
        let lags: Array1<f64> = file.by_name("lags").unwrap();
        let covariance: Array3<f64> = file.by_name("covariance").unwrap();
        let errors: Array2<f64> = file.by_name("error_covariance").unwrap();
        let energy: Array3<f64> = file.by_name("energy").unwrap();
        assert_eq!(lags.to_vec(), [0.0, 1.5, 200.0]);
        assert_eq!((covariance.dim(), errors.dim()), ((3, 2, 25), (3, 2)));
        assert_eq!(energy.dim(), (3, 2, 13));
        // Equilibrium: at lag 0 the temperature at the coordinate itself, T² at the site.
        let temperature = covariance[[0, 0, 12 + 6]];
        assert!(temperature > 0.0 && (covariance[[0, 1, 2]] - temperature).abs() < 1e-12);
        assert!(covariance[[0, 0, 0]].abs() < 1e-12);
        assert!((energy[[0, 0, 6]] - temperature * temperature).abs() < 1e-9);
        let mut file = NpzReader::new(File::open(out.join("spectrum.npz")).unwrap()).unwrap();
        let spectrum: Array3<f64> = file.by_name("S").unwrap();
        assert_eq!(spectrum.dim(), (3, 2, 25));
        assert!(spectrum[[1, 0, 18]] > 0.0 && spectrum[[1, 1, 2]] > 0.0);
    }

    #[test]
    fn what_cannot_be_correlated_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        let uphill = "data/scenarios/uphill.toml";
        for (arguments, said) in [
            (&["--lags", "0", "--of", "p:101"][..], "r:1 to r:100 and p:0 to p:100"),
            (&["--lags", "1,0", "--of", "p:1"], "ascending"),
            (&["--lags", "0", "--of", "q:1"], "r:1 to r:100 and p:0 to p:100"),
            (&["--lags", "0", "--of", "x:1"], "r:n for an elongation"),
            (&["--lags", "0", "--of", "p:1", "--energy"], "equilibrium"),
            (&["--of", "p:1"], "lags"),
        ] {
            let output = steady(&[&[uphill][..], arguments].concat(), &out);
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
            assert!(message.contains(said), "{arguments:?}: {message}");
            assert!(!out.exists());
        }
    }
}
