//! Covariances that do not fit the memory: they are formed when the run directory is written, one
//! at a time, each in a file of its own.

use super::save::time;
use super::{Error, memory};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::Cost;
use crate::covariance::modal::Modal;
use crate::covariance::moments::{Solution, largest};
use crate::evolve::filed::{self, Filed};
use crate::evolve::squares;
use crate::monitor::Monitor;
use crate::numerics::matrix_file::MatrixFile;
use crate::numerics::vector::largest_of;
use crate::output::{OutputError, RunDirectory, write_mean_npy};
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::Path;

/// What is written once there is a directory.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub chain: Chain,
    pub law: InitialLaw,
    /// The numbers of the outputs, their times in the unit of the question and microscopic.
    pub outputs: Vec<(usize, f64, Double)>,
    /// r̄, p̄ at these.
    pub means: Vec<Vec<f64>>,
    /// The variances that the profiles found.
    pub variances: Vec<Vec<f64>>,
    /// Of the profiles.
    pub tolerance: f64,
    pub single_precision: bool,
    /// Of the part of the work that is left.
    pub monitor: Monitor,
}

/// Whether the covariance at these microscopic times can be filed.
pub(super) fn serves(chain: &Chain, law: &InitialLaw, times: &[Double]) -> bool {
    let first = squares::serves(chain, law);
    first.is_some_and(|first| times.iter().all(|time| time.hi == 0.0 || time.hi >= first))
}

/// What it costs.
pub(super) fn cost(chain: &Chain, times: &[Double], tolerance: f64) -> Cost {
    filed::cost(chain, times, tolerance_of(tolerance))
}

/// What it costs where it fits the memory.
pub(super) fn cost_in_memory(chain: &Chain, times: &[Double], tolerance: f64) -> Cost {
    filed::cost_in_memory(chain, times, tolerance_of(tolerance))
}

/// The bound of an entry is a norm of the whole matrix, some √N times what it bounds.
pub(super) fn tolerance_of(tolerance: f64) -> f64 {
    (0.1 * tolerance).max(1e-12)
}

/// Where a file goes.
fn refused(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    |source| OutputError::Io { path: path.to_path_buf(), source }.into()
}

impl Waiting {
    /// The same, with what the profiles found.
    pub fn with(self, solutions: &[Solution]) -> Waiting {
        let of = |(number, ..): &(usize, f64, Double)| &solutions[*number].moments;
        let means = self.outputs.iter().map(|output| of(output).mean.clone()).collect();
        let variances = self.outputs.iter().map(|output| of(output).variance.clone()).collect();
        Waiting { means, variances, ..self }
    }

    /// Writes mean_K.npy and covariance_K.npy for every output K that is kept; returned are, for
    /// the summary, their names and errors, and for every K the error relative to the largest
    /// variance.
    pub fn write(&self, directory: &RunDirectory) -> Result<(Value, Vec<(usize, f64)>), Error> {
        let monitor = self.monitor.clone().keeping_in(directory.parts());
        let name = |index: usize| format!("covariance_{}.npy", self.outputs[index].0);
        let draft = |index: usize| directory.parts().beside(&name(index));
        let n = self.chain.coordinates();
        let late = self.outputs.iter().take_while(|output| output.2.hi == 0.0).count();
        for index in 0..late {
            self.write_start(&draft(index)).map_err(refused(&draft(index)))?;
        }
        let times: Vec<Double> = self.outputs[late..].iter().map(|output| output.2).collect();
        let place = filed::Place {
            create: &|index| MatrixFile::create(&draft(late + index), n),
            is_there: &|index| draft(late + index).exists(),
        };
        let equations = Modal::new(&self.chain).watched_by(monitor.silent());
        let later = filed::evolve(
            &equations,
            &self.law,
            &times,
            tolerance_of(self.tolerance),
            &place,
            &monitor,
        )?;
        let start = (0..late).map(|_| Filed { error: 0.0, variance: self.law.variance() });
        let (mut listed, mut errors) = (Vec::new(), Vec::new());
        for (index, filed) in start.chain(later).enumerate() {
            let (number, t, _) = self.outputs[index];
            // The profiles were found in another way: what the variances differ by is an error too.
            let both = filed.variance.iter().zip(&self.variances[index]);
            let error = filed.error.max(largest_of(both.map(|(a, b)| (a - b).abs())));
            errors.push((number, error / largest(&filed.variance)));
            write_mean_npy(directory, number, &self.means[index])?;
            let (from, to) = (draft(index), directory.path(&name(index)));
            if self.single_precision {
                MatrixFile::open(&from, n)
                    .and_then(|matrix| matrix.in_single_precision(&to))
                    .map_err(refused(&to))?;
                fs::remove_file(&from).map_err(refused(&from))?;
            } else {
                fs::rename(&from, &to).map_err(refused(&to))?;
            }
            listed.push(json!({ "file": name(index), "t": time(t), "error_estimate": error }));
        }
        Ok((Value::Array(listed), errors))
    }

    /// The covariance of the initial law, which is diagonal.
    fn write_start(&self, path: &Path) -> io::Result<()> {
        let matrix = MatrixFile::create(path, self.chain.coordinates())?;
        let mut variances = self.law.variance().into_iter().enumerate();
        variances.try_for_each(|(i, variance)| matrix.put(i, i, &[variance]))?;
        matrix.sync()
    }
}

/// What a plan says of it.
pub(super) fn words(chain: &Chain, count: usize) -> String {
    let bytes = 8.0 * (chain.coordinates() as f64).powi(2);
    format!(
        "the covariance does not fit the memory and goes to {} of {}, one at a time",
        super::describe::counted(count, "file"),
        memory::size(bytes)
    )
}
