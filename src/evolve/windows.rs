//! Profiles of a long chain at early times: windows of it, each evolved by steps with its covariance.
//!
//! Nothing travels faster than one site per unit of time: what is beyond τ sites reaches a site by the tail of a Bessel function only, which at
//! τ + 8τ^(1/3) + 12 sites is below e^(-40). So a site's moments at τ are those of a chain cut off that far away on either side. The chain is divided
//! into cores, each evolved with such margins ([`super::radau`]); ends of the chain that lie inside a window keep their thermostat and force.
//! Cost: O(N τ) in time, O(τ²) in memory. Error: that of the steps, and the distance of two neighbouring windows, cut at different places, where
//! their cores meet.

use super::radau::{self, Counts, EvolveError};
use crate::chain::{Chain, Force, InitialLaw};
use crate::covariance::modal::Modal;
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution};
use crate::monitor::{Monitor, Progress};
use rayon::prelude::*;
use std::ops::Range;

/// Windows evolved side by side.
pub(super) const ABREAST: usize = 2;

/// Atoms on either side of a core that the time τ needs.
pub fn margin(time: f64) -> usize {
    // No chain is that long: the cap keeps multiples of it in range.
    (time + 8.0 * time.cbrt() + 12.0).ceil().min(1e12) as usize
}

/// Cores and their windows, as atoms; a core is as long as its two margins, for which the cost is least.
fn windows(chain: &Chain, time: f64) -> Vec<(Range<usize>, Range<usize>)> {
    let (atoms, margin) = (chain.atoms(), margin(time));
    let count = atoms.div_ceil(2 * margin);
    let edge = |i: usize| i * atoms / count;
    let window = |i: usize| {
        let core = edge(i)..edge(i + 1);
        (core.clone(), core.start.saturating_sub(margin)..(core.end + margin).min(atoms))
    };
    (0..count).map(window).collect()
}

/// Bonds of the largest window, and how many windows there are.
pub fn largest(chain: &Chain, time: f64) -> (usize, usize) {
    let windows = windows(chain, time);
    let atoms = windows.iter().map(|(_, window)| window.len()).max().unwrap_or(1);
    (atoms - 1, windows.len())
}

/// The window's own chain and initial law.
fn cut(chain: &Chain, law: &InitialLaw, window: &Range<usize>) -> (Chain, InitialLaw) {
    let (first, last) = (window.start, window.end - 1);
    let ends = (first == 0, last == chain.bonds);
    let part = Chain {
        bonds: last - first,
        left: chain.left.filter(|_| ends.0),
        right: chain.right.filter(|_| ends.1),
        force: if ends.1 { chain.force.clone() } else { Force::default() },
        ..chain.clone()
    };
    let law = InitialLaw {
        mean_r: law.mean_r[first..last].to_vec(),
        mean_p: law.mean_p[first..=last].to_vec(),
        var_r: law.var_r[first..last].to_vec(),
        var_p: law.var_p[first..=last].to_vec(),
        covariance: None,
    };
    (part, law)
}

/// The moments without covariance at ascending `times`, for an open chain with independent initial coordinates.
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    let windows = windows(chain, times.last().copied().unwrap_or(0.0));
    let mut whole: Vec<Solution> = times.iter().map(|_| Solution::zero(chain)).collect();
    let mut counts = Counts::default();
    // What the window before says of the bond and the atom where its core ends.
    let mut borders: Vec<Option<[f64; 5]>> = vec![None; times.len()];
    for (number, together) in windows.chunks(ABREAST).enumerate() {
        let silent = monitor.silent();
        let solve = |(index, (_, window)): (usize, &(Range<usize>, Range<usize>))| {
            let (chain, law) = cut(chain, law, window);
            // Each keeps its own steps: those of another window would be taken for them.
            let found = silent.once(&format!("window-{}", number * ABREAST + index), |monitor| {
                let equations = Modal::new(&chain).watched_by(monitor.clone());
                radau::evolve(&equations, &law, times, tolerance, |_| false, monitor)
            });
            found.map(|found| (chain, found))
        };
        let solved: Vec<_> = together.par_iter().enumerate().map(solve).collect();
        for ((core, window), solved) in together.iter().zip(solved) {
            let (part, (solutions, own)) = solved?;
            counts.steps += own.steps;
            counts.rejected += own.rejected;
            counts.solves += own.solves;
            for ((whole, found), border) in whole.iter_mut().zip(&solutions).zip(&mut borders) {
                let before = border.map(|values| (values, at(&part, &found.moments, core.start - window.start)));
                whole.moments.time = found.moments.time;
                whole.errors = larger(whole.errors, found.errors, before);
                insert(chain, &mut whole.moments, &part, &found.moments, core, window.start);
                *border = (core.end < chain.atoms()).then(|| at(&part, &found.moments, core.end - window.start));
            }
        }
        let share = ((number + 1) * ABREAST) as f64 / windows.len() as f64;
        let time = times.last().copied().unwrap_or(0.0);
        monitor.advance(Progress { share, time, steps: counts.steps, solves: counts.solves, error: 0.0 })?;
    }
    for solution in &mut whole {
        let Moments { variance, correlation, .. } = &solution.moments;
        solution.consistency = Some(Consistency::of_bonds(chain, variance, correlation));
    }
    Ok((whole, counts))
}

/// r̄, p̄, Var r, Var p and Cov(p, r) of an atom that is not the first and of the bond to its left.
fn at(part: &Chain, moments: &Moments, atom: usize) -> [f64; 5] {
    let (r, p) = (atom - 1, part.bonds + atom);
    [moments.mean[r], moments.mean[p], moments.variance[r], moments.variance[p], moments.correlation[r]]
}

/// The larger errors, the distance of two windows at their border granted.
fn larger(a: MomentErrors, b: MomentErrors, border: Option<([f64; 5], [f64; 5])>) -> MomentErrors {
    let apart = |i: usize| border.map_or(0.0, |(a, b)| (a[i] - b[i]).abs());
    MomentErrors {
        mean_r: a.mean_r.max(b.mean_r + apart(0)),
        mean_p: a.mean_p.max(b.mean_p + apart(1)),
        var_r: a.var_r.max(b.var_r + apart(2)),
        var_p: a.var_p.max(b.var_p + apart(3)),
        correlation: a.correlation.max(b.correlation + apart(4)),
    }
}

/// Writes the atoms of a core and the bonds to their left; `offset` is the window's first atom.
fn insert(chain: &Chain, whole: &mut Moments, part: &Chain, found: &Moments, core: &Range<usize>, offset: usize) {
    for atom in core.clone() {
        let (to, from) = (chain.bonds + atom, part.bonds + atom - offset);
        (whole.mean[to], whole.variance[to]) = (found.mean[from], found.variance[from]);
        if atom > 0 {
            let (to, from) = (atom - 1, atom - 1 - offset);
            (whole.mean[to], whole.variance[to]) = (found.mean[from], found.variance[from]);
            whole.correlation[to] = found.correlation[from];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Archive;
    use crate::scenario::Scenario;
    use std::collections::BTreeMap;
    use std::io::{self, Cursor, Read, Write};
    use std::sync::{Arc, Mutex};

    /// Keeps every state on the way, and gives it to whoever asks.
    #[derive(Default)]
    struct Always(Mutex<BTreeMap<String, Vec<u8>>>);

    impl Archive for Always {
        fn read(&self, name: &str) -> Option<Box<dyn Read>> {
            let bytes = self.0.lock().unwrap().get(name)?.clone();
            Some(Box::new(Cursor::new(bytes)))
        }
        fn write(&self, name: &str, content: &dyn Fn(&mut dyn Write) -> io::Result<()>) {
            let mut bytes = Vec::new();
            content(&mut bytes).unwrap();
            self.0.lock().unwrap().insert(name.into(), bytes);
        }
        fn is_due(&self) -> bool {
            true
        }
    }

    #[test]
    fn no_window_goes_on_from_the_steps_of_another() {
        let text = "chain = { topology = 'open', bonds = 260, flip_rate = 1 }
                    left.thermostat.temperature = 2
                    right.thermostat.temperature = 1
                    [initial]
                    temperature = '2 - x'
                    elongation = 'x'";
        let scenario = Scenario::from_str_named(text, "inline", &[]).unwrap();
        let (chain, law, times) = (Chain::new(&scenario), InitialLaw::new(&scenario), [0.5, 1.0]);
        assert!(largest(&chain, 1.0).1 > 3);
        let alone = evolve(&chain, &law, &times, 1e-6, &Monitor::default()).unwrap();
        let archive = Arc::new(Always::default());
        let monitor = Monitor::default().keeping_in(archive.clone());
        for _ in 0..2 {
            // The second time from what the first has kept.
            assert!(evolve(&chain, &law, &times, 1e-6, &monitor).unwrap() == alone);
        }
        assert!(!archive.0.lock().unwrap().is_empty());
    }
}
