//! The covariance at late times by the contour of [`super::squares`] (docs/theory/theorems.md,
//! (11.1)): where it does not fit the memory each time in a file of its own.

use super::outcome::EvolveError;
use super::squares::{self, Collected, TransformedSquares, groups};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::{self, Cost};
use crate::covariance::filed::{HELD, NotFiled};
use crate::covariance::modal::Modal;
use crate::covariance::squares::{formed as formed_of, written};
use crate::monitor::{Monitor, record};
use crate::numerics::double_double::rounded;
use crate::numerics::matrix_file::MatrixFile;
use ndarray::Array2;
use std::cell::OnceCell;
use std::io;

/// The time that an entry of the matrix takes: to write it, to read it back twice, and to
/// transform it.
const SECONDS_OF_ENTRY: f64 = 60e-9;
/// The place of the files.
pub(crate) struct Place<'a> {
    /// Makes the file of the time of this index.
    pub create: &'a dyn Fn(usize) -> io::Result<MatrixFile>,
    /// Whether it is there already.
    pub is_there: &'a dyn Fn(usize) -> bool,
}

/// A covariance that stands in a file.
pub(crate) struct Filed {
    /// The largest error of an entry.
    pub error: f64,
    /// The variances in it.
    pub variance: Vec<f64>,
}

record!(Filed { error, variance });

/// The cost of [`evolve`]: the nodes, the pass over them, and two transforms of the matrix.
pub(crate) fn cost(chain: &Chain, times: &[Double], tolerance: f64) -> Cost {
    let entries = (chain.coordinates() as f64).powi(2);
    let late = times.iter().filter(|time| time.hi > 0.0).count() as f64;
    let norms = squares::cost(chain, &rounded(times), tolerance);
    let turned = SECONDS_OF_ENTRY * late * entries;
    Cost { bytes: norms.bytes + 10.0 * entries.min(HELD as f64), seconds: norms.seconds + turned }
}

/// The covariance at ascending `times`, none before [`super::squares::serves`], each in the file
/// of its index. A file that an earlier run with the same archive has finished is not written
/// again. O(nodes · N² + N² log N) time a contour, O(nodes · N) memory.
pub(crate) fn evolve(
    equations: &Modal,
    law: &InitialLaw,
    times: &[Double],
    tolerance: f64,
    place: &Place<'_>,
    monitor: &Monitor,
) -> Result<Vec<Filed>, EvolveError> {
    let problem = TransformedSquares::new(equations, law)?;
    let mut found = Vec::with_capacity(times.len());
    for group in groups(&rounded(times), tolerance) {
        let share = |index: usize| index as f64 / times.len() as f64;
        let part = monitor.part(share(group.start), share(group.end));
        let solved = OnceCell::<Collected<'_>>::new();
        for index in group.clone() {
            // The nodes take half of the time.
            let until = |end: usize| 0.5 + 0.5 * (end - group.start) as f64 / group.len() as f64;
            let name = format!("covariance_{index}");
            if let Some(filed) = part.kept(&name).filter(|_| (place.is_there)(index)) {
                found.push(filed);
                continue;
            }
            let all = match solved.get() {
                Some(all) => all,
                None => {
                    let all =
                        problem.solved(&times[group.clone()], tolerance, &part.part(0.0, 0.5))?;
                    solved.get_or_init(|| all)
                }
            };
            let i = index - group.start;
            let file = (place.create)(index).map_err(NotFiled::from)?;
            let writing = part.part(until(index), until(index + 1));
            let (squares, variance) =
                written(equations, &all.answers, problem.sums(all, i), &file, &writing)?;
            file.sync().map_err(NotFiled::from)?;
            // No entry differs by more than the norm of the difference.
            let error = squares[1].sqrt() + problem.error(times[index], all, i);
            let filed = Filed { error, variance };
            part.keep(&name, &filed);
            found.push(filed);
        }
    }
    Ok(found)
}

/// The cost of [`formed`]: the nodes, two states and the matrices.
pub(crate) fn cost_in_memory(chain: &Chain, times: &[Double], tolerance: f64) -> Cost {
    let norms = squares::cost(chain, &rounded(times), tolerance);
    let bytes = norms.bytes + (1.0 + times.len() as f64) * cost::of_covariance(chain);
    let entries = (chain.coordinates() as f64).powi(2);
    Cost { bytes, seconds: norms.seconds + 20e-9 * entries * times.len() as f64 }
}

/// The covariances at ascending `times` as [`evolve`] finds them, in memory, each with the largest
/// error of an entry.
pub(crate) fn formed(
    equations: &Modal,
    law: &InitialLaw,
    times: &[Double],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<Vec<(Array2<f64>, f64)>, EvolveError> {
    let problem = TransformedSquares::new(equations, law)?;
    let mut found = Vec::with_capacity(times.len());
    for (number, group) in groups(&rounded(times), tolerance).into_iter().enumerate() {
        let share = |index: usize| index as f64 / times.len() as f64;
        let part = monitor.part(share(group.start), share(group.end));
        found.extend(part.once(&format!("covariances-{number}"), |part| {
            let all = problem.solved(&times[group.clone()], tolerance, part)?;
            let form = |(i, &time): (usize, &Double)| {
                part.check()?;
                let (matrix, difference) =
                    formed_of(equations, &all.answers, &problem.sums(&all, i));
                Ok((matrix, difference + problem.error(time, &all, i)))
            };
            let matrices = times[group.clone()].iter().enumerate().map(form);
            matrices.collect::<Result<Vec<(Array2<f64>, f64)>, EvolveError>>()
        })?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::double_double::exact;
    use crate::run::{Keep, Options, Times};
    use crate::{Force, Method, Thermostat, evolve as evolution};

    /// Against the literal operator, whose covariance is in memory.
    #[test]
    fn every_entry_of_the_file_is_within_its_error() {
        let chain = Chain::open(8)
            .left(Thermostat::at(2.0))
            .right(Thermostat { temperature: 0.5, friction: 0.4 })
            .force(Force::periodic(1.0, 3.0).harmonic(1, 2.0, 0.3))
            .build()
            .unwrap();
        let law = InitialLaw::local_gibbs(&chain, |x| 2.0 - x).unwrap();
        let first = squares::serves(&chain, &law).unwrap();
        let labels = [1.5 * first, 2.0 * first, 9.0 * first];
        let times = Times::microscopic(labels);
        let options = Options {
            method: Method::Literal,
            covariance: Keep::All,
            tolerance: 1e-10,
            ..Options::default()
        };
        let literal = evolution(&chain, &law, &times, &options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = |index: usize| folder.path().join(format!("{index}.npy"));
        let n = chain.coordinates();
        let place = Place {
            create: &|index| MatrixFile::create(&path(index), n, ""),
            is_there: &|_| false,
        };
        let equations = Modal::new(&chain);
        let found =
            evolve(&equations, &law, &exact(&labels), 1e-9, &place, &Monitor::default()).unwrap();
        for (index, (filed, (.., expected))) in found.iter().zip(literal.covariances()).enumerate()
        {
            let file = MatrixFile::open(&path(index), n).unwrap();
            let mut row = vec![0.0; n];
            let mut worst = 0.0;
            for i in 0..n {
                file.get(i, 0, &mut row).unwrap();
                assert_eq!(row[i], filed.variance[i]);
                for (found, expected) in row.iter().zip(expected.row(i)) {
                    worst = f64::max(worst, (found - expected).abs());
                    assert!((found - expected).abs() <= filed.error + 1e-10, "{index} {i}");
                }
            }
            assert!(filed.error < 1e-9, "{}", filed.error);
            assert!(worst > 0.0);
        }
    }
}
