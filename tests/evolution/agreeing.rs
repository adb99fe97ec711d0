//! The contour beside the integrator.

use super::*;

#[test]
fn the_contour_and_the_integrator_agree_to_their_stated_errors() {
    let mut random = ChaCha8Rng::seed_from_u64(12);
    let (open, ring) = (Topology::Open, Topology::Ring);
    for round in 0..12 {
        let (topology, ends, force) = [
            (open, [true, true], 1.3),
            (open, [true, false], -0.4),
            (open, [false, false], 0.0),
            (ring, [false, false], 0.0),
        ][round % 4];
        let flip_rate = 10f64.powf(random.random_range(-1.0..1.0));
        let chain = chain(topology, random.random_range(1..20), flip_rate, ends, force);
        let law = law(&chain, &mut random);
        let first = contour::earliest(&chain).expect("flips and a constant force");
        let times = [first, 1.5 * first, 4.0 * first, 100.0 * first];
        for tolerance in [1e-6, 1e-9] {
            let modal = Modal::new(&chain);
            let inverted =
                contour::evolve(&modal, &law, &times, tolerance, |_| true, &Default::default())
                    .expect("it ends")
                    .0;
            let (stepped, _) = stepped(&modal, &law, &times, tolerance);
            for (a, b) in inverted.iter().zip(&stepped) {
                let place = format!("{chain:?} τ = {} at {tolerance:e}", a.moments.time.hi);
                for (kind, distance, allowed) in distances(a, b) {
                    assert!(distance <= allowed, "{kind}, {place}: {distance:e} > {allowed:e}");
                    assert!(allowed < 100.0 * tolerance, "{kind}, {place}: {allowed:e}");
                }
                let (p, q) = (
                    a.integrals.as_ref().expect("integrals"),
                    b.integrals.as_ref().expect("integrals"),
                );
                assert!(
                    apart(&p.square, &q.square) < 100.0 * tolerance * (1.0 + a.moments.time.hi),
                    "{place}"
                );
                assert!(
                    apart(&p.product, &q.product) < 100.0 * tolerance * (1.0 + a.moments.time.hi),
                    "{place}"
                );
            }
        }
    }
}
