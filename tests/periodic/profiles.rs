//! Profiles without the covariance under a periodic force.

use super::*;

#[test]
fn profiles_without_the_covariance_are_the_same_at_every_phase() {
    let harmonics = [(1, Complex64::new(4.0, 1.0)), (3, Complex64::new(0.0, -2.0))];
    for (bonds, flip_rate, ends, frequency) in [
        (40, 1.0, [true, true], 1.3),
        (25, 0.3, [true, false], 0.02),
        (25, 3.0, [false, true], 2.6),
        (1, 0.7, [true, true], 0.5),
        (120, 0.8, [true, false], 1e-3),
    ] {
        let chain = chain(bonds, flip_rate, ends, frequency, &harmonics);
        let (slim, _) = flipchain::solver::steady::profiles::profiles(&chain, &Default::default())
            .expect("a thermostat");
        let (full, _, _) = periodic::covariance(&Modal::new(&chain), &[]).expect("a thermostat");
        for phase in [0.0, 0.3, 0.85] {
            for (kind, distance, allowed) in distances(&slim.at(phase), &full.at(phase)) {
                assert!(
                    distance <= allowed,
                    "{kind}, {chain:?} at {phase}: {distance:e} > {allowed:e}"
                );
                assert!(allowed < 1e-9, "{kind}, {chain:?} at {phase}: {allowed:e}");
            }
        }
    }
}

#[test]
fn profiles_in_time_without_the_covariance_are_the_same_at_the_instant_asked_for() {
    let mut random = ChaCha8Rng::seed_from_u64(23);
    let harmonics = [(1, Complex64::new(3.0, 1.0)), (2, Complex64::new(0.0, -2.0))];
    for (bonds, flip_rate, ends, frequency) in [
        (1, 0.7, [true, true], 0.5),
        (2, 2.0, [false, true], 2.6),
        (6, 0.4, [true, false], 1.3),
        (5, 1.0, [false, false], 0.9),
        (20, 1.0, [true, true], 0.2),
        (30, 3.0, [true, false], 0.02),
        (60, 0.8, [true, true], 3.1),
    ] {
        let chain = chain(bonds, flip_rate, ends, frequency, &harmonics);
        let law = law(&chain, &mut random);
        // While ωτ < 40 one contour encloses all frequencies; the covariance is stepped to until
        // its own contour serves.
        let first = evolve::profiles::earliest(&chain, &law).expect("flips");
        let served = contour::earliest(&chain).expect("flips").max(2.0 * first);
        let times = [first, 1.7 * first, 0.9 * served, 1.1 * served, 40.3 * served];
        let slim = evolve::profiles::evolve(&chain, &law, &times, 1e-9, &Monitor::default());
        let slim = slim.expect("it ends").0;
        let (early, late) = times.split_at(3);
        let quiet = Monitor::default();
        let full = if bonds < 3 {
            let literal = Literal::new(&chain);
            let late = contour::evolve(&literal, &law, late, 1e-9, |_| false, &quiet);
            radau::evolve(&literal, &law, early, 1e-10, |_| false, &quiet)
                .and_then(|early| Ok((early.0, late?.0)))
        } else {
            let modal = Modal::new(&chain);
            let late = contour::evolve(&modal, &law, late, 1e-9, |_| false, &quiet);
            radau::evolve(&modal, &law, early, 1e-10, |_| false, &quiet)
                .and_then(|early| Ok((early.0, late?.0)))
        };
        let (early, late) = full.expect("it ends");
        for (a, b) in slim.iter().zip(early.iter().chain(&late)) {
            let place = format!("{chain:?} τ = {}", a.moments.time.hi);
            for (kind, distance, allowed) in distances(a, b) {
                assert!(distance <= allowed, "{kind}, {place}: {distance:e} > {allowed:e}");
                // A chain without thermostats heats up for ever.
                let energy = 10.0 + largest(&a.moments.variance);
                assert!(allowed < 1e-9 * energy, "{kind}, {place}: {allowed:e}");
            }
        }
    }
}

/// An archive in memory that is always due.
#[derive(Default)]
struct Everything(std::sync::Mutex<std::collections::HashMap<String, Vec<u8>>>);

impl Archive for Everything {
    fn read(&self, name: &str) -> Option<Box<dyn std::io::Read>> {
        let parts = self.0.lock().expect("no writer panicked");
        parts
            .get(name)
            .map(|part| Box::new(std::io::Cursor::new(part.clone())) as Box<dyn std::io::Read>)
    }

    fn write(&self, name: &str, content: &dyn Fn(&mut dyn std::io::Write) -> std::io::Result<()>) {
        let mut part = Vec::new();
        content(&mut part).expect("memory takes it");
        self.0.lock().expect("no writer panicked").insert(name.into(), part);
    }

    fn is_due(&self) -> bool {
        true
    }
}

#[test]
fn a_long_chain_feels_the_periodic_force_at_its_end_early() {
    let mut random = ChaCha8Rng::seed_from_u64(24);
    let quiet = Monitor::default();
    let harmonics = [(1, Complex64::new(3.0, 1.0)), (2, Complex64::new(0.0, -2.0))];
    let chain = chain(230, 0.6, [true, false], 1.7, &harmonics);
    let law = law(&chain, &mut random);
    let times = [0.0, 0.4, 2.0, 6.0];
    let plan = evolve::plan(&chain, &law, &times, Method::Profiles, false).expect("it serves");
    assert!(plan.stencil, "{plan:?}");
    let modal = Modal::new(&chain);
    let slim =
        evolve::evolve(&modal, &law, &times, &plan, 1e-9, |_| false, &quiet).expect("it ends").0;
    // A state that is kept after every step changes nothing.
    let keeping = Monitor::default().keeping_in(std::sync::Arc::new(Everything::default()));
    let kept =
        evolve::evolve(&modal, &law, &times, &plan, 1e-9, |_| false, &keeping).expect("it ends").0;
    assert!(slim.iter().zip(&kept).all(|(a, b)| a.moments == b.moments));
    let full = radau::evolve(&modal, &law, &times, 1e-10, |_| false, &quiet).expect("it ends").0;
    for (a, b) in slim.iter().zip(&full) {
        for (kind, distance, allowed) in distances(a, b) {
            assert!(
                distance <= allowed,
                "{kind}, τ = {}: {distance:e} > {allowed:e}",
                a.moments.time.hi
            );
            assert!(allowed < 3e-9, "{kind}, τ = {}: {allowed:e}", a.moments.time.hi);
        }
    }
}
