//! Random scenarios over the whole format, small enough for the matrix exponential of everything.

use flipchain::chain::{Chain, Double, Force, InitialLaw, frequency_of};
use flipchain::scenario::{Thermostat, TimeScale, Topology};
use ndarray::Array2;
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub struct Scenario {
    pub chain: Chain,
    pub law: InitialLaw,
    /// The force's period, which the chain's frequency comes from.
    pub period: f64,
    /// What a time is in units of: N², N or 1.
    pub scale: TimeScale,
    /// Output times in that unit that can be stepped to, from microscopic to diffusive.
    pub early: Vec<f64>,
    /// Later ones, for the ways without steps, up to some 10¹² periods.
    pub late: Vec<f64>,
}

/// A number between `low` and `high`, evenly on the logarithmic axis.
fn spread(random: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low * (high / low).powf(random.random())
}

pub fn scenario(seed: u64) -> Scenario {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    let (chain, period) = chain(random);
    let law = law(&chain, random);
    let oscillates = !chain.force.harmonics.is_empty();
    // Where motion lasts, every period is stepped through.
    let longest = if oscillates || chain.flip_rate == 0.0 {
        100.0
    } else {
        (40.0 / chain.flip_rate).clamp(100.0, 3e3)
    };
    let mut early = vec![
        0.0,
        spread(random, 1e-6, 1e-2),
        spread(random, 0.01, 10.0),
        spread(random, 10.0, longest),
    ];
    early.push(early[3] * random.random_range(1.0..5.0));
    let mut late = Vec::new();
    if chain.flip_rate > 0.0 {
        let period = if oscillates { 40.0 / chain.force.frequency.hi } else { 0.0 };
        let first =
            (300.0 / chain.flip_rate).max(period).max(early[4]) * random.random_range(1.0..2.0);
        late = vec![first, first * spread(random, 1.0, 10.0), first * spread(random, 10.0, 1e3)];
    } else {
        late.push(spread(random, 1e3, 1e6));
    }
    // As late as 10¹² periods, of the force or of the fastest mode.
    late.push(
        late[late.len() - 1] * spread(random, 10.0, 1e3) + period * spread(random, 1e3, 1e12),
    );
    let scales = [TimeScale::Diffusive, TimeScale::Ballistic, TimeScale::Microscopic];
    let scale = scales[random.random_range(0..3)];
    let unit = chain.time_unit(scale);
    [&mut early, &mut late].into_iter().flatten().for_each(|time| *time /= unit);
    Scenario { chain, law, period, scale, early, late }
}

impl Scenario {
    /// The times as the judge takes them: a number and its unit, whose product is not rounded.
    pub fn given(&self) -> Vec<(f64, f64)> {
        let unit = self.chain.time_unit(self.scale);
        self.early.iter().chain(&self.late).map(|&t| (t, unit)).collect()
    }

    /// The times as the library takes them.
    pub fn times(&self) -> Vec<Double> {
        let time = |&t: &f64| self.chain.microscopic_time(t, self.scale);
        self.early.iter().chain(&self.late).map(time).collect()
    }
}

/// The chain, and the period of its force.
fn chain(random: &mut ChaCha8Rng) -> (Chain, f64) {
    let topology = if random.random_range(0..5) == 0 { Topology::Ring } else { Topology::Open };
    let open = topology == Topology::Open;
    let mut end = |likely: f64| {
        let temperature =
            if random.random_range(0..4) == 0 { 0.0 } else { random.random_range(0.1..3.0) };
        let thermostat = Thermostat { temperature, friction: spread(random, 0.01, 100.0) };
        (open && random.random_bool(likely)).then_some(thermostat)
    };
    let (left, right) = (end(0.8), end(0.7));
    let flip_rate = if random.random_range(0..7) == 0 { 0.0 } else { spread(random, 1e-3, 50.0) };
    let mut force = Force::default();
    if open && random.random_bool(0.6) {
        force.mean = random.random_range(-2.0..2.0);
    }
    let mut period = 3.0;
    if open && random.random_bool(0.35) {
        period = std::f64::consts::TAU / spread(random, 0.03, 3.0);
        force.frequency = frequency_of(period);
        force.harmonics = (1..=random.random_range(1..3))
            .map(|l| {
                (l, Complex64::from_polar(spread(random, 1e-3, 1.0), random.random_range(0.0..6.0)))
            })
            .collect();
    }
    let bonds = if random.random_range(0..8) == 0 {
        random.random_range(4..7)
    } else {
        random.random_range(1..4)
    };
    (Chain { topology, bonds, flip_rate, left, right, force, general: None }, period)
}

fn law(chain: &Chain, random: &mut ChaCha8Rng) -> InitialLaw {
    let n = chain.coordinates();
    // At rest, in a Gibbs state, independent coordinates, or correlated ones.
    let kind = random.random_range(0..8);
    let mut values = |n: usize, low: f64, high: f64| {
        (0..n).map(|_| random.random_range(low..high)).collect::<Vec<f64>>()
    };
    let [tension, temperature] = [values(1, -1.0, 1.0)[0], values(1, 0.1, 2.0)[0]];
    let mut law = InitialLaw {
        mean_r: values(chain.bonds, -1.0, 1.5),
        mean_p: values(chain.atoms(), -1.0, 1.5),
        var_r: values(chain.bonds, 0.0, 1.5),
        var_p: values(chain.atoms(), 0.0, 1.5),
        covariance: None,
    };
    match kind {
        0 => [&mut law.mean_r, &mut law.mean_p].into_iter().for_each(|mean| mean.fill(0.0)),
        1 => {
            law.mean_r.fill(tension);
            law.mean_p.fill(0.0);
            [&mut law.var_r, &mut law.var_p]
                .into_iter()
                .for_each(|variance| variance.fill(temperature));
        }
        2 => {
            let root = Array2::from_shape_fn((n, n), |_| random.random_range(-0.6..0.6));
            let covariance: Array2<f64> = root.dot(&root.t());
            let variance = covariance.diag().to_vec();
            let (var_r, var_p) = variance.split_at(chain.bonds);
            (law.var_r, law.var_p) = (var_r.to_vec(), var_p.to_vec());
            law.covariance = Some(covariance);
        }
        _ => {}
    }
    law
}
