//! The initial law: the scenario's profiles on the grid, or the covariance of an earlier run
//! (docs/theory/model.md).

use super::{Chain, InitialLaw};
use crate::numerics::npy;
use crate::scenario::{Expression, Scenario};
use faer::Side;
use ndarray::{Array1, Array2, ArrayD, Ix1, Ix2, OwnedRepr};
use ndarray_npy::{NpzReader, ReadNpyError, ReadNpyExt, ReadNpzError};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The reason why the covariance of a file cannot be the initial law. `file` is its path.
#[derive(Debug, thiserror::Error)]
#[error("initial.covariance: {file}: {reason}")]
pub struct InitialError {
    /// The file.
    pub file: String,
    /// The fault, and the values that are allowed.
    pub reason: String,
}

/// Asymmetry and negative eigenvalues up to this part of the largest variance are accepted as
/// roundings (of single precision).
const SINGLE_PRECISION: f64 = 1e-6;

impl InitialLaw {
    /// The scenario's law, with the covariance of its file where it names one: the last time of an
    /// array `covariance` of shape (times, n, n) or (n, n) in the theory's order, in double or
    /// single precision, and the means from an array `mean`, (times, n) or (n), where there is one;
    /// or a covariance_K.npy, whose means are in mean_K.npy beside it. In place of `covariance` an
    /// array `variance` of shape (times, n) or (n) says that the coordinates are independent.
    /// O(N³) for the check that it is positive semidefinite.
    ///
    /// # Panics
    /// Without an `[initial]` table, as [`InitialLaw::new`].
    pub fn read(scenario: &Scenario) -> Result<InitialLaw, InitialError> {
        let mut law = InitialLaw::new(scenario);
        let Some(file) = scenario.initial.as_ref().and_then(|initial| initial.covariance.clone())
        else {
            return Ok(law);
        };
        let (bonds, n) = (law.mean_r.len(), law.mean_r.len() + law.mean_p.len());
        let refuse = |reason: String| InitialError { file: file.clone(), reason };
        let Read { spread, mean } = arrays(Path::new(&file)).map_err(refuse)?;
        let last = |array: ArrayD<f64>, dimensions: usize| match array.ndim() {
            d if d == dimensions + 1 && array.shape()[0] > 0 => {
                let end = array.shape()[0] - 1;
                array.index_axis_move(ndarray::Axis(0), end)
            }
            _ => array,
        };
        let shape = |name: &str, found: &[usize], wanted: &str| {
            refuse(format!(
                "the array {name:?} has the shape {found:?}; allowed: {wanted} with n = {n}, twice [chain] bonds (and one on an open chain)"
            ))
        };
        let row = |name: &str, array: ArrayD<f64>| {
            let found = array.shape().to_vec();
            let row = last(array, 1).into_dimensionality::<Ix1>().ok().filter(|m| m.len() == n);
            row.map(|row| row.to_vec()).ok_or_else(|| shape(name, &found, "(n) or (times, n)"))
        };
        let (variance, covariance) = match spread {
            Spread::Covariance(matrix) => {
                let found = matrix.shape().to_vec();
                let matrix = last(matrix, 2).into_dimensionality::<Ix2>().ok();
                let matrix = matrix.filter(|c| c.dim() == (n, n));
                let matrix =
                    matrix.ok_or_else(|| shape("covariance", &found, "(n, n) or (times, n, n)"))?;
                let matrix = symmetric_and_positive(matrix).map_err(refuse)?;
                (matrix.diag().to_vec(), Some(matrix))
            }
            Spread::Variance(variance) => (row("variance", variance)?, None),
        };
        if let Some(mean) = mean {
            if law.mean().iter().any(|z| *z != 0.0) {
                return Err(refuse(
                    "it holds the means too; allowed: neither elongation nor momentum beside it"
                        .into(),
                ));
            }
            let mean = row("mean", mean)?;
            if mean.iter().any(|z| !z.is_finite()) {
                return Err(refuse("the array \"mean\" holds a number that is not finite".into()));
            }
            (law.mean_r, law.mean_p) = (mean[..bonds].to_vec(), mean[bonds..].to_vec());
        }
        if let Some(v) = variance.iter().find(|v| !(v.is_finite() && **v >= 0.0)) {
            return Err(refuse(format!("a variance is {v:?}; allowed: finite numbers ≥ 0")));
        }
        (law.var_r, law.var_p) = (variance[..bonds].to_vec(), variance[bonds..].to_vec());
        law.covariance = covariance;
        Ok(law)
    }

    /// E r_n, E p_n, Var r_n and Var p_n of the scenario's `[initial]` at x = n/N, coordinates
    /// independent. Cost: O(N) evaluations.
    ///
    /// # Panics
    /// Without an `[initial]` table: a command that starts from one asks
    /// [`Scenario::require_initial`] first.
    pub fn new(scenario: &Scenario) -> InitialLaw {
        let initial = scenario.initial.as_ref().expect("the command has required [initial]");
        let chain = Chain::new(scenario);
        if chain.coefficients().is_some() {
            return InitialLaw::of_coefficients(scenario, &chain);
        }
        let on_r = |profile: &Expression| {
            scenario.elongation_positions().map(|x| profile.eval(x)).collect()
        };
        let on_p =
            |profile: &Expression| scenario.momentum_positions().map(|x| profile.eval(x)).collect();
        InitialLaw {
            mean_r: on_r(&initial.elongation),
            mean_p: on_p(&initial.momentum),
            var_r: on_r(initial.variance_r()),
            var_p: on_p(initial.variance_p()),
            covariance: None,
        }
    }

    /// The same variances with correlations e^(-distance/length) among the elongations and among
    /// the momenta, distance in sites (the shorter way round a ring): a law whose covariances are
    /// of order one, with C_N(0) ~ `length`. O(N²) memory.
    pub fn correlated(mut self, length: f64, ring: bool) -> InitialLaw {
        let (bonds, v) = (self.mean_r.len(), self.variance());
        self.covariance = Some(Array2::from_shape_fn((v.len(), v.len()), |(i, j)| {
            let distance = i.abs_diff(j);
            let distance = if ring { distance.min(bonds - distance.min(bonds)) } else { distance };
            let alike = (i < bonds) == (j < bonds);
            if i == j {
                v[i]
            } else if alike {
                (v[i] * v[j]).sqrt() * (-(distance as f64) / length).exp()
            } else {
                0.0
            }
        }));
        self
    }

    /// r̄, p̄ in the theory's order.
    pub fn mean(&self) -> Vec<f64> {
        [&self.mean_r[..], &self.mean_p].concat()
    }

    /// Var r, Var p in the theory's order.
    pub fn variance(&self) -> Vec<f64> {
        [&self.var_r[..], &self.var_p].concat()
    }

    /// A temperature T such that nothing is colder: the covariance minus T is positive
    /// semidefinite. For independent coordinates it is the least variance, for others a bound by
    /// Gershgorin's circles.
    pub fn coldest(&self) -> f64 {
        let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
        match &self.covariance {
            None => least(&mut self.var_r.iter().chain(&self.var_p).copied()),
            Some(c) => {
                let row = |(i, row): (usize, ndarray::ArrayView1<f64>)| {
                    let radius: f64 = row.iter().map(|x| x.abs()).sum::<f64>() - row[i].abs();
                    row[i] - radius
                };
                least(&mut c.rows().into_iter().enumerate().map(row)).max(0.0)
            }
        }
    }

    /// The covariance less `reference` times the identity, in the theory's order. O(N²) memory.
    pub fn covariance_above(&self, reference: f64) -> Array2<f64> {
        let difference: Array1<f64> = self.variance().iter().map(|v| v - reference).collect();
        let mut matrix = match &self.covariance {
            Some(covariance) => covariance.clone(),
            None => Array2::zeros((difference.len(), difference.len())),
        };
        matrix.diag_mut().assign(&difference);
        matrix
    }
}

/// What a file says of a law: the covariance, and the means where there are some.
struct Read {
    spread: Spread,
    mean: Option<ArrayD<f64>>,
}

/// The covariance of all coordinates, or the variances of independent ones.
enum Spread {
    Covariance(ArrayD<f64>),
    Variance(ArrayD<f64>),
}

fn arrays(file: &Path) -> Result<Read, String> {
    if file.extension().is_some_and(|ending| ending == "npy") {
        let mean = mean_beside(file).filter(|mean| mean.is_file());
        let mean = mean.map(|mean| npy_array(&mean)).transpose()?;
        return Ok(Read { spread: Spread::Covariance(npy_array(file)?), mean });
    }
    let opened = File::open(file).map_err(|e| e.to_string())?;
    let mut archive = NpzReader::new(opened).map_err(|e| format!("not an npz file: {e}"))?;
    let names = archive.names().map_err(|e| e.to_string())?;
    let held = |name: &str| names.iter().any(|known| known == name);
    let spread = match (held("covariance"), held("variance")) {
        (true, _) => Spread::Covariance(real_array(&mut archive, "covariance")?),
        (false, true) => Spread::Variance(real_array(&mut archive, "variance")?),
        (false, false) => {
            return Err(format!("there is no array \"covariance\"; found {}", names.join(", ")));
        }
    };
    let mean = held("mean").then(|| real_array(&mut archive, "mean")).transpose()?;
    Ok(Read { spread, mean })
}

/// mean_K.npy beside covariance_K.npy.
pub(crate) fn mean_beside(covariance: &Path) -> Option<PathBuf> {
    let number = covariance.file_name()?.to_str()?.strip_prefix("covariance_")?;
    Some(covariance.with_file_name(format!("mean_{number}")))
}

/// The array of an npy file, in double or single precision.
fn npy_array(file: &Path) -> Result<ArrayD<f64>, String> {
    let open = || {
        let opened = File::open(file).and_then(npy::without_remark);
        opened.map_err(|e| format!("{}: {e}", file.display()))
    };
    let read = match ArrayD::<f64>::read_npy(open()?) {
        Err(ReadNpyError::WrongDescriptor(_)) => {
            ArrayD::<f32>::read_npy(open()?).map(|array| array.mapv(f64::from))
        }
        read => read,
    };
    read.map_err(|error| format!("{}: {error}", file.display()))
}

/// Reads an array of real numbers in double precision, or in single precision if the file says so.
/// A damaged array is not tried again, so that the message names the first cause.
fn real_array(archive: &mut NpzReader<File>, name: &str) -> Result<ArrayD<f64>, String> {
    let wrong_type =
        |e: &ReadNpzError| matches!(e, ReadNpzError::Npy(ReadNpyError::WrongDescriptor(_)));
    let read = match archive.by_name::<OwnedRepr<f64>, _>(name) {
        Err(error) if wrong_type(&error) => {
            archive.by_name::<OwnedRepr<f32>, _>(name).map(|a: ArrayD<f32>| a.mapv(f64::from))
        }
        read => read,
    };
    read.map_err(|error| {
        let cause = match &error {
            ReadNpzError::Npy(ReadNpyError::WrongDescriptor(found)) => {
                format!("its numbers are of the type {found}; allowed: '<f8' or '<f4'")
            }
            _ => format!("{error}; the file is damaged or incomplete"),
        };
        format!("the array {name:?} cannot be read: {cause}")
    })
}

/// The symmetric part of a covariance, or what is wrong with it.
pub(super) fn symmetric_and_positive(covariance: Array2<f64>) -> Result<Array2<f64>, String> {
    let scale = covariance.diag().iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    if covariance.iter().any(|c| !c.is_finite()) {
        return Err("the array \"covariance\" holds a number that is not finite".into());
    }
    let asymmetry = (&covariance - &covariance.t()).iter().fold(0.0, |m: f64, d| m.max(d.abs()));
    if asymmetry > SINGLE_PRECISION * scale {
        return Err(format!(
            "the matrix is not symmetric: two mirror images differ by {asymmetry:.1e}"
        ));
    }
    let symmetric = (&covariance + &covariance.t()) / 2.0;
    if let Some(v) = symmetric.diag().iter().find(|v| **v < 0.0) {
        return Err(format!("the matrix has the negative variance {v:?}"));
    }
    let lifted = faer::Mat::from_fn(symmetric.nrows(), symmetric.ncols(), |i, j| {
        symmetric[[i, j]] + if i == j { SINGLE_PRECISION * scale + f64::MIN_POSITIVE } else { 0.0 }
    });
    if lifted.llt(Side::Lower).is_err() {
        return Err("the matrix is not positive semidefinite, so it is no covariance".into());
    }
    Ok(symmetric)
}
