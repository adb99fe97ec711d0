//! The kernel against the literal operator on pairs, and its row sums.

use super::super::wave::tests::chain;
use super::*;
use faer::Mat;
use faer::linalg::solvers::Solve;

/// σ - B⊗1 - 1⊗B
fn pair_operator(chain: &Chain, sigma: Complex64) -> Mat<Complex64> {
    let n = chain.coordinates();
    let mut m = Mat::from_fn(n * n, n * n, |i, j| if i == j { sigma } else { Complex64::ZERO });
    for (&v, (i, k)) in chain.drift().iter() {
        for j in 0..n {
            m[(i * n + j, k * n + j)] -= v;
            m[(j * n + i, j * n + k)] -= v;
        }
    }
    m
}

/// K_σ on all coordinates (r, then p) from the literal (σ - B⊗1 - 1⊗B)⁻¹.
fn literal(chain: &Chain, sigma: Complex64) -> Mat<Complex64> {
    let n = chain.coordinates();
    let squares =
        Mat::from_fn(
            n * n,
            n,
            |i, j| if i == j * (n + 1) { Complex64::ONE } else { Complex64::ZERO },
        );
    let x = pair_operator(chain, sigma).partial_piv_lu().solve(&squares);
    Mat::from_fn(n, n, |i, j| x[(i * (n + 1), j)])
}

fn unit(len: usize, at: usize, complex: bool) -> Vector {
    let mut v = Vector::zeros(len, complex);
    v.re[at] = 1.0;
    v
}

#[test]
fn the_quadrature_gives_the_literal_kernel_at_every_shift() {
    for (bonds, gamma, friction) in [
        (1, 0.4, [1.0, 0.5]),
        (3, 1.0, [1.0, 0.0]),
        (4, 0.05, [0.3, 4.0]),
        (3, 12.0, [0.0, 1.0]),
        (2, 0.7, [0.0, 0.0]),
    ] {
        let chain = chain(bonds, gamma, friction);
        for (re, im) in
            [(0.0, 0.0), (0.03, 0.0), (0.4, 0.0), (0.01, 0.02), (-0.004, 0.01), (-0.02, 0.02)]
        {
            let sigma = Complex64::new(re * gamma, im * gamma);
            if sigma == Complex64::ZERO && friction == [0.0, 0.0] {
                continue;
            }
            let exact = literal(&chain, sigma);
            let kernel = Kernel::new(&chain, sigma, Quality::FULL);
            let complex = im != 0.0;
            let size = (0..chain.coordinates()).map(|i| exact[(i, i)].norm()).fold(0.0, f64::max);
            for source in 0..chain.coordinates() {
                let (p, r) = match source.checked_sub(bonds) {
                    Some(site) => (unit(bonds + 1, site, complex), Vector::zeros(bonds, complex)),
                    None => (Vector::zeros(bonds + 1, complex), unit(bonds, source, complex)),
                };
                let (on_p, on_r) = kernel.apply(&p, Some(&r));
                for i in 0..chain.coordinates() {
                    let found = if i < bonds { on_r.at(i) } else { on_p.at(i - bonds) };
                    let error = (found - exact[(i, source)]).norm() / size;
                    assert!(
                        error < 1e-12,
                        "N {bonds} γ {gamma} σ {sigma}: ({i},{source}) {found} {}: {error:e}",
                        exact[(i, source)]
                    );
                }
            }
        }
    }
}

#[test]
fn the_squares_of_the_means_have_their_literal_transform() {
    // (σ - B⊗1 - 1⊗B)⁻¹ (w⊗w) on the diagonal.
    for (bonds, gamma, friction, sigma) in [
        (3, 1.0, [1.0, 0.5], (0.01, 0.03)),
        (4, 0.3, [0.0, 2.0], (-0.002, 0.004)),
        (2, 0.8, [1.0, 1.0], (0.2, 0.0)),
    ] {
        let chain = chain(bonds, gamma, friction);
        let sigma = Complex64::new(sigma.0, sigma.1);
        let n = chain.coordinates();
        let w: Vec<f64> = (0..n).map(|i| (1.3 * i as f64 + 0.4).sin()).collect();
        let solve = pair_operator(&chain, sigma).partial_piv_lu();
        let x = solve.solve(&Mat::from_fn(n * n, 1, |i, _| Complex64::from(w[i / n] * w[i % n])));
        let kernel = Kernel::new(&chain, sigma, Quality::FULL);
        let found = kernel.mean_squares(&w[bonds..], &w[..bonds]);
        let size = (0..n).map(|i| x[(i * (n + 1), 0)].norm()).fold(0.0, f64::max);
        for site in 0..=bonds {
            let exact = x[((bonds + site) * (n + 1), 0)];
            assert!(
                (found.at(site) - exact).norm() < 1e-12 * size,
                "{bonds} {sigma} {site}: {} {exact}",
                found.at(site)
            );
        }
    }
}

#[test]
fn the_flux_is_the_double_sum_of_the_kernel() {
    for (bonds, sigma) in
        [(5, Complex64::ZERO), (170, Complex64::ZERO), (140, Complex64::new(-1e-4, 2e-4))]
    {
        let chain = chain(bonds, 0.9, [1.0, 0.4]);
        let kernel = Kernel::new(&chain, sigma, Quality::FULL);
        let complex = sigma != Complex64::ZERO;
        let columns: Vec<Vector> =
            (0..=bonds).map(|n| kernel.apply(&unit(bonds + 1, n, complex), None).0).collect();
        for source in [0, bonds / 3, bonds - 1] {
            let flux = kernel.flux(&unit(bonds, source, complex));
            for bond in 0..bonds {
                let (low, high) = (source.min(bond), source.max(bond));
                let sum: Complex64 = (0..=low)
                    .flat_map(|m| (high + 1..=bonds).map(move |n| (m, n)))
                    .map(|(m, n)| columns[n].at(m))
                    .sum();
                let error = (flux.at(bond) - 4.0 * chain.flip_rate * sum).norm();
                assert!(
                    error < 1e-11 * flux.norm(),
                    "{bonds} {source} {bond}: {} {}",
                    flux.at(bond),
                    4.0 * chain.flip_rate * sum
                );
            }
        }
    }
}

#[test]
fn tables_and_corners_are_what_the_whole_chain_gives_node_by_node() {
    let sites = 1500;
    for (gamma, friction, sigma) in [
        (1.0, [1.0, 0.3], Complex64::ZERO),
        (0.2, [0.0, 5.0], Complex64::new(1e-4, 0.0)),
        (1.0, [1.0, 0.0], Complex64::new(2e-5, 1e-5)),
        (0.3, [2.0, 1.0], Complex64::new(-3e-4, 3e-4)),
        (4.0, [0.5, 1.0], Complex64::new(0.0, 2e-3)),
    ] {
        let chain = chain(sites - 1, gamma, friction);
        let split = Kernel::new(&chain, sigma, Quality::FULL);
        let whole = Kernel::split(&chain, sigma, Quality::FULL, |_| true);
        for (split, whole) in [(&split.moments, &whole.moments), (&split.flux, &whole.flux)] {
            assert!(
                split.bulk.has_tables() && !whole.bulk.has_tables(),
                "γ {gamma} σ {sigma}: nothing is split"
            );
        }
        let wave = |len: usize, k: f64| {
            let values: Vec<_> =
                (0..len).map(|n| Complex64::cis(k * n as f64) + Complex64::new(0.3, 0.0)).collect();
            Vector::from_complex(&values, sigma.im != 0.0)
        };
        let (p, r) = (wave(sites, 1.3), wave(sites - 1, 0.02));
        let close = |found: &Vector, exact: &Vector, what: &str| {
            let size = (0..exact.len()).map(|n| exact.at(n).norm()).fold(0.0, f64::max);
            let error =
                (0..exact.len()).map(|n| (exact.at(n) - found.at(n)).norm()).fold(0.0, f64::max);
            // The transforms, and sums over 300 nodes in another order.
            assert!(
                error < 1e3 * f64::EPSILON * size,
                "γ {gamma} σ {sigma} {what}: {:.1e}",
                error / size
            );
        };
        let (found, exact) = (split.apply(&p, Some(&r)), whole.apply(&p, Some(&r)));
        close(&found.0, &exact.0, "momenta");
        close(&found.1, &exact.1, "elongations");
        close(&split.flux(&r), &whole.flux(&r), "flux");
        // What a thermostat puts in is felt at its own end: far from it nothing is added, not
        // even the roundings of a transform, which summed over the sites would be 1e3 times
        // what is allowed here.
        let mut end = Vector::zeros(sites, sigma.im != 0.0);
        end.re[0] = 1.0;
        let (found, exact) = (split.apply(&end, None).0, whole.apply(&end, None).0);
        let far: f64 = (500..sites).map(|n| (found.at(n) - exact.at(n)).norm()).sum();
        assert!(
            far < f64::EPSILON * exact.at(0).norm(),
            "γ {gamma} σ {sigma} far from the end: {far:.1e}"
        );
    }
}

/// Largest violation of the row sums (6) at σ = 0.
fn row_sums(chain: &Chain, quality: Quality) -> f64 {
    let kernel = Kernel::new(chain, Complex64::ZERO, quality);
    let mut v = Vector::zeros(chain.atoms(), false);
    v.re.fill(4.0 * chain.flip_rate);
    v.re[0] += 2.0 * chain.friction()[0];
    v.re[chain.bonds] += 2.0 * chain.friction()[1];
    let sums = kernel.apply(&v, None).0;
    sums.re.iter().map(|x| (x - 1.0).abs()).fold(0.0, f64::max)
}

#[test]
fn the_row_sums_hold_over_the_range_of_flip_rates_and_frictions() {
    for gamma in [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0] {
        for friction in [[0.01, 1.0], [1.0, 0.0], [100.0, 0.1], [100.0, 100.0]] {
            for bonds in [1, 2, 9, 50, 400] {
                // The path has some 10/γ nodes; 400 bonds at the smallest rates only once.
                if gamma < 0.05 && bonds > 9 && friction[0] < 100.0 {
                    continue;
                }
                let violation = row_sums(&chain(bonds, gamma, friction), Quality::FULL);
                assert!(violation < 1e-13, "γ {gamma} λ {friction:?} N {bonds}: {violation:.1e}");
            }
        }
    }
}

#[test]
fn the_row_sums_hold_for_long_chains() {
    for (gamma, friction) in [(1.0, [1.0, 1.0]), (0.3, [0.2, 0.0]), (5.0, [1.0, 30.0])] {
        let violation = row_sums(&chain(30_000, gamma, friction), Quality::FULL);
        assert!(violation < 1e-13, "γ {gamma} λ {friction:?}: {violation:.1e}");
    }
}
