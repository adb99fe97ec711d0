//! Covariances that do not fit the memory: they are formed when the run directory is written, one
//! at a time, each in a file of its own.

use super::save::time;
use super::{Error, memory};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::Cost;
use crate::covariance::modal::Modal;
use crate::covariance::moments::apart;
use crate::evolve::filed::{self, Filed};
use crate::evolve::squares;
use crate::monitor::Monitor;
use crate::numerics::matrix_file::MatrixFile;
use crate::output::{OutputError, RunDirectory, npy_remark, write_mean_npy};
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::Path;

/// The covariances to write as soon as there is a directory.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub chain: Chain,
    pub law: InitialLaw,
    pub outputs: Vec<Kept>,
    /// The tolerance of the profiles.
    pub tolerance: f64,
    pub single_precision: bool,
    /// The monitor of the part of the work that is left.
    pub monitor: Monitor,
}

/// An output whose covariance is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// K
    pub number: usize,
    /// Its time in the unit of the question, and the microscopic one.
    pub t: f64,
    pub time: Double,
    /// r̄, p̄
    pub mean: Vec<f64>,
    /// The variances that the profiles have found.
    pub variance: Vec<f64>,
}

/// The error of a covariance with these variances. The profiles were found in another way, so that
/// what the variances differ by is an error, too.
pub(super) fn judged(error: f64, variances: &[f64], of_profiles: &[f64]) -> f64 {
    error.max(apart(variances, of_profiles))
}

/// Whether the covariance at these microscopic times can be filed.
pub(super) fn serves(chain: &Chain, law: &InitialLaw, times: &[Double]) -> bool {
    let first = squares::serves(chain, law);
    first.is_some_and(|first| times.iter().all(|time| time.hi == 0.0 || time.hi >= first))
}

/// The cost of the files.
pub(super) fn cost(chain: &Chain, times: &[Double], tolerance: f64) -> Cost {
    filed::cost(chain, times, tolerance_of(tolerance))
}

/// The cost of covariances that fit the memory.
pub(super) fn cost_in_memory(chain: &Chain, times: &[Double], tolerance: f64) -> Cost {
    filed::cost_in_memory(chain, times, tolerance_of(tolerance))
}

/// The bound of an entry is a norm of the whole matrix, some √N times what it bounds.
pub(super) fn tolerance_of(tolerance: f64) -> f64 {
    (0.1 * tolerance).max(1e-12)
}

/// The error of a file at `path` that cannot be written.
fn refused(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    |source| OutputError::Io { path: path.to_path_buf(), source }.into()
}

impl Waiting {
    /// Writes mean_K.npy and covariance_K.npy for every output K that is kept; returned are their
    /// list for the summary, and the largest error of an entry for every K.
    pub fn write(&self, directory: &RunDirectory) -> Result<(Value, Vec<(usize, f64)>), Error> {
        let monitor = self.monitor.clone().keeping_in(directory.parts());
        let name = |index: usize| format!("covariance_{}.npy", self.outputs[index].number);
        let draft = |index: usize| directory.parts().beside(&name(index));
        let n = self.chain.coordinates();
        let late = self.outputs.iter().take_while(|output| output.time.hi == 0.0).count();
        for index in 0..late {
            self.write_start(&draft(index)).map_err(refused(&draft(index)))?;
        }
        let times: Vec<Double> = self.outputs[late..].iter().map(|output| output.time).collect();
        let place = filed::Place {
            create: &|index| MatrixFile::create(&draft(late + index), n, &npy_remark()),
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
            let Kept { number, t, mean, variance, .. } = &self.outputs[index];
            let error = judged(filed.error, &filed.variance, variance);
            errors.push((*number, error));
            write_mean_npy(directory, *number, mean)?;
            let (from, to) = (draft(index), directory.path(&name(index)));
            if self.single_precision {
                MatrixFile::open(&from, n)
                    .and_then(|matrix| matrix.in_single_precision(&to, &npy_remark()))
                    .map_err(refused(&to))?;
                fs::remove_file(&from).map_err(refused(&from))?;
            } else {
                fs::rename(&from, &to).map_err(refused(&to))?;
            }
            listed.push(json!({ "file": name(index), "t": time(*t), "error_estimate": error }));
        }
        Ok((Value::Array(listed), errors))
    }

    /// The covariance of the initial law, which is diagonal.
    fn write_start(&self, path: &Path) -> io::Result<()> {
        let matrix = MatrixFile::create(path, self.chain.coordinates(), &npy_remark())?;
        let mut variances = self.law.variance().into_iter().enumerate();
        variances.try_for_each(|(i, variance)| matrix.put(i, i, &[variance]))?;
        matrix.sync()
    }
}

/// The words of a plan.
pub(super) fn words(chain: &Chain, count: usize) -> String {
    let bytes = 8.0 * (chain.coordinates() as f64).powi(2);
    format!(
        "the covariance does not fit the memory and goes to {} of {}, one at a time",
        super::describe::counted(count, "file"),
        memory::size(bytes)
    )
}
