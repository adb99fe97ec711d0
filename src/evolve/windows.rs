//! Profiles of a long chain at early times: windows of it, each evolved by steps with its
//! covariance.
//!
//! Nothing travels faster than one site per unit of time: what is beyond τ sites reaches a site by
//! the tail of a Bessel function only, which at τ + 8τ^(1/3) + 12 sites is below e^(-40). So a
//! site's moments at τ are those of a chain cut off that far away on either side. The chain is
//! divided into cores, each evolved with such margins ([`super::radau`]); ends of the chain that
//! lie inside a window keep their thermostat and force, and of a ring every window is an open
//! piece. Cost: O(N τ) in time, O(τ²) in memory. Error: that of the steps, and the distance of two
//! neighbouring windows, cut at different places, where their cores meet.

use super::radau::{self, Counts, EvolveError};
use crate::chain::{Chain, Double, Force, InitialLaw};
use crate::covariance::modal::Modal;
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution};
use crate::monitor::{Monitor, Progress};
use crate::scenario::Topology;
use rayon::prelude::*;
use std::ops::Range;

/// Windows evolved side by side.
pub(super) const ABREAST: usize = 2;

/// Atoms on either side of a core that the time τ needs.
pub fn margin(time: f64) -> usize {
    // No chain is that long: the cap keeps multiples of it in range.
    (time + 8.0 * time.cbrt() + 12.0).ceil().min(1e12) as usize
}

/// A core and the window around it.
struct Window {
    /// Atoms.
    core: Range<usize>,
    /// The window's first atom; on a ring it may lie before atom 0.
    first: isize,
    atoms: usize,
}

impl Window {
    /// An atom's number within the window.
    fn local(&self, atom: usize) -> usize {
        (atom as isize - self.first) as usize
    }

    /// Whether the window is the whole chain.
    fn is_whole(&self, chain: &Chain) -> bool {
        self.atoms == chain.atoms()
    }
}

/// All windows; a core is as long as its two margins, for which the cost is least.
fn windows(chain: &Chain, time: f64) -> Vec<Window> {
    let (atoms, margin) = (chain.atoms(), margin(time));
    let ring = chain.topology == Topology::Ring;
    let count = atoms.div_ceil(2 * margin);
    if ring && atoms.div_ceil(count) + 2 * margin > atoms {
        return vec![Window { core: 0..atoms, first: 0, atoms }];
    }
    let edge = |i: usize| i * atoms / count;
    let window = |i: usize| {
        let core = edge(i)..edge(i + 1);
        let (first, end) = (core.start as isize - margin as isize, core.end + margin);
        let (first, end) = if ring { (first, end) } else { (first.max(0), end.min(atoms)) };
        Window { core, first, atoms: (end as isize - first) as usize }
    };
    (0..count).map(window).collect()
}

/// Bonds of the largest window, and how many windows there are.
pub fn largest(chain: &Chain, time: f64) -> (usize, usize) {
    let windows = windows(chain, time);
    let atoms = windows.iter().map(|window| window.atoms).max().unwrap_or(1);
    (atoms - 1, windows.len())
}

/// The window's own chain and initial law: a piece of a ring is an open chain with free ends.
fn cut(chain: &Chain, law: &InitialLaw, window: &Window) -> (Chain, InitialLaw) {
    if window.is_whole(chain) {
        return (chain.clone(), law.clone());
    }
    let at_end = |atom: isize| chain.topology == Topology::Open && atom == window.first;
    let ends = (at_end(0), at_end(chain.atoms() as isize - window.atoms as isize));
    let part = Chain {
        topology: Topology::Open,
        bonds: window.atoms - 1,
        flip_rate: chain.flip_rate,
        left: chain.left.filter(|_| ends.0),
        right: chain.right.filter(|_| ends.1),
        force: if ends.1 { chain.force.clone() } else { Force::default() },
        general: None,
    };
    let atoms: Vec<usize> = (0..window.atoms as isize)
        .map(|i| (window.first + i).rem_euclid(chain.atoms() as isize) as usize)
        .collect();
    let of_atoms = |values: &[f64]| atoms.iter().map(|&atom| values[atom]).collect::<Vec<f64>>();
    let of_bonds = |values: &[f64]| {
        let bonds = atoms[..part.bonds]
            .iter()
            .map(|&atom| chain.right_bond(atom).expect("the next atom is in the window"));
        bonds.map(|bond| values[bond]).collect::<Vec<f64>>()
    };
    let law = InitialLaw {
        mean_r: of_bonds(&law.mean_r),
        mean_p: of_atoms(&law.mean_p),
        var_r: of_bonds(&law.var_r),
        var_p: of_atoms(&law.var_p),
        covariance: None,
    };
    (part, law)
}

/// The moments without covariance at ascending `times`, with independent initial coordinates.
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[Double],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    let last = times.last().map_or(0.0, |last| last.hi);
    let windows = windows(chain, last);
    let mut whole: Vec<Solution> = times.iter().map(|_| Solution::zero(chain)).collect();
    let mut counts = Counts::default();
    // What the window before says of the bond and the atom where its core ends, and the first one
    // of where it begins.
    let mut borders: Vec<Option<[f64; 5]>> = vec![None; times.len()];
    let mut seam = borders.clone();
    for (number, together) in windows.chunks(ABREAST).enumerate() {
        let silent = monitor.silent();
        // Every window keeps its parts under its own name, so that none goes on from the state of
        // another.
        let solve = |(index, window): (usize, &Window)| {
            let (chain, law) = cut(chain, law, window);
            let name = format!("window-{}", number * ABREAST + index);
            let found = silent.once(&name, |monitor| {
                let equations = Modal::new(&chain).watched_by(monitor.clone());
                radau::evolve(&equations, &law, times, tolerance, |_| false, monitor)
            });
            found.map(|found| (chain, found))
        };
        let solved: Vec<_> = together.par_iter().enumerate().map(solve).collect();
        for (window, solved) in together.iter().zip(solved) {
            let (part, (solutions, own)) = solved?;
            counts.steps += own.steps;
            counts.rejected += own.rejected;
            counts.solves += own.solves;
            let (start, end) = (window.local(window.core.start), window.local(window.core.end));
            for (i, (whole, found)) in whole.iter_mut().zip(&solutions).enumerate() {
                let here = |atom: usize| {
                    (atom > 0 && atom < part.atoms()).then(|| at(&part, &found.moments, atom))
                };
                whole.moments.time = found.moments.time;
                whole.errors = larger(whole.errors, found.errors, borders[i].zip(here(start)));
                insert(chain, &mut whole.moments, &part, &found.moments, window);
                borders[i] = here(end);
                seam[i] = seam[i].or(here(start));
            }
        }
        let share = ((number + 1) * ABREAST) as f64 / windows.len() as f64;
        monitor.advance(Progress {
            share,
            time: last,
            steps: counts.steps,
            solves: counts.solves,
            error: 0.0,
            ..Default::default()
        })?;
    }
    for (i, solution) in whole.iter_mut().enumerate() {
        if chain.topology == Topology::Ring {
            solution.errors = larger(solution.errors, Default::default(), borders[i].zip(seam[i]));
        }
        let Moments { variance, correlation, .. } = &solution.moments;
        solution.consistency = Some(Consistency::of_bonds(chain, variance, correlation));
    }
    Ok((whole, counts))
}

/// r̄, p̄, Var r, Var p and Cov(p, r) of an atom that is not the first and of the bond to its left.
fn at(part: &Chain, moments: &Moments, atom: usize) -> [f64; 5] {
    let (r, p) = (atom - 1, part.bonds + atom);
    [
        moments.mean[r],
        moments.mean[p],
        moments.variance[r],
        moments.variance[p],
        moments.correlation[r],
    ]
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

/// Writes the atoms of a core and the bonds to their left.
fn insert(chain: &Chain, whole: &mut Moments, part: &Chain, found: &Moments, window: &Window) {
    for atom in window.core.clone() {
        let local = window.local(atom);
        let (to, from) = (chain.bonds + atom, part.bonds + local);
        (whole.mean[to], whole.variance[to]) = (found.mean[from], found.variance[from]);
        if let (Some(to), Some(from)) = (chain.left_bond(atom), part.left_bond(local)) {
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
        let times = times.map(Double::from);
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
