//! Ways in 32 digits beside each other: the tests of the series and of the contour.

use super::super::moment_generator::Generator;
use super::super::outcome::EvolveError;
use crate::chain::{Chain, Double, Force, InitialLaw, frequency_of};
use crate::monitor::Monitor;
use crate::numerics::vector::largest_of;
use crate::scenario::{Thermostat, Topology};
use num_complex::Complex64;

/// Flip rate, frictions of the ends and harmonics of the force.
pub(crate) type Rates = (f64, [f64; 2], Vec<(u32, Complex64)>);

/// States at these times by a way, from this start and with steps of at most a part of the longest.
type States<'a> = &'a dyn Fn(
    &Chain,
    &Generator,
    &[Double],
    &[Double],
    f64,
    &Monitor,
) -> Result<Vec<Vec<Double>>, EvolveError>;

/// The distances of a way by long steps from the same by shorter ones and from squarings are within
/// those that it states; the largest part of them.
pub(crate) fn within_what_is_lost(
    bonds: usize,
    rates: Vec<Rates>,
    times: &[f64],
    shorter: f64,
    by: States,
    lost: impl Fn(&Chain, f64) -> f64,
) -> f64 {
    let mut closest = 0.0f64;
    for (flip_rate, frictions, harmonics) in rates {
        let [left, right] =
            frictions.map(|friction| Some(Thermostat { temperature: 1.0, friction }));
        let force = Force { mean: 1.5, frequency: frequency_of(8.0), harmonics };
        let topology = Topology::Open;
        let chain = Chain { topology, bonds, flip_rate, left, right, force, general: None };
        let law = InitialLaw {
            mean_r: [0.5, -1.0, 2.0, 0.0, 1.0, 0.25][..bonds].to_vec(),
            mean_p: vec![0.25; bonds + 1],
            var_r: vec![1.5; bonds],
            var_p: [0.0, 1e-6, 1.0, 2.0, 0.5, 1.0, 3.0][..=bonds].to_vec(),
            covariance: None,
        };
        let generator = Generator::new(&chain);
        let start = generator.start(&law);
        let times: Vec<Double> = times.iter().copied().map(Double::from).collect();
        let monitor = Monitor::default();
        let by = |part: f64| {
            by(&chain, &generator, &start, &times, part, &monitor).expect("nobody ends it")
        };
        let (coarse, fine) = (by(1.0), by(shorter));
        let squared = super::states(&generator, &start, &times);
        for (((a, b), c), time) in coarse.iter().zip(&fine).zip(&squared).zip(times) {
            let size = largest_of(a.iter().map(|x| x.hi));
            // Squarings lose 2⁻¹⁰² of each of some 60 unknowns, 8τ times.
            let judge = 2f64.powi(-96) * (1.0 + 10.0 * time.hi);
            let allowed = size * (lost(&chain, time.hi) + judge);
            for ((a, b), c) in a.iter().zip(b).zip(c) {
                for other in [b, c] {
                    let apart = (*a - *other).hi.abs();
                    assert!(apart <= allowed, "γ = {flip_rate}, {time}: {apart:e} {allowed:e}");
                    closest = closest.max(apart / allowed);
                }
            }
        }
    }
    closest
}
