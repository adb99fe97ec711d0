//! correlations.npz and spectrum.npz: docs/howto/correlate.md.

use super::directory::RunDirectory;
use super::error::OutputError;
use super::npz::Npz;
use super::text::Text;
use crate::correlations::Vectors;
use ndarray::{Array2, Array3};

/// The content of correlations.npz: one list of vectors for each coordinate of `of`.
pub struct CorrelationsFile<'a> {
    /// The lags.
    pub lags: &'a [f64],
    /// The coordinates' names, such as p:50.
    pub of: Vec<String>,
    /// The names of all coordinates.
    pub coordinates: Vec<String>,
    /// Cov(z(t+s), z_of(t)).
    pub covariances: Vec<&'a Vectors>,
    /// Cov(e_n(s), e_of(0)), or none.
    pub energies: Vec<&'a Vectors>,
}

/// The values, shape (lags, of, entries), and the errors, (lags, of).
fn arrays(vectors: &[&Vectors]) -> (Array3<f64>, Array2<f64>) {
    let lags = vectors.first().map_or(0, |v| v.values.len());
    let entries = vectors.first().and_then(|v| v.values.first()).map_or(0, Vec::len);
    let values = Array3::from_shape_fn((lags, vectors.len(), entries), |(lag, of, entry)| {
        vectors[of].values[lag][entry]
    });
    let errors = Array2::from_shape_fn((lags, vectors.len()), |(lag, of)| vectors[of].errors[lag]);
    (values, errors)
}

/// correlations.npz: `lags`, `of`, `coordinates` (their names), `covariance` (lags, of,
/// coordinates), `error_covariance` (lags, of) and, where energies were asked for, `energy` (lags,
/// of, sites) and `error_energy`. An error is a bound of the Euclidean norm of its vector's error.
pub fn write_correlations_npz(
    directory: &RunDirectory,
    content: &CorrelationsFile<'_>,
) -> Result<(), OutputError> {
    let mut file = Npz::create(directory, "correlations.npz")?;
    file.vector("lags", content.lags.iter().copied())?;
    file.add("of", &Text::list(content.of.clone()))?;
    file.add("coordinates", &Text::list(content.coordinates.clone()))?;
    for (name, vectors) in [("covariance", &content.covariances), ("energy", &content.energies)] {
        if !vectors.is_empty() {
            let (values, errors) = arrays(vectors);
            file.add(name, &values)?;
            file.add(&format!("error_{name}"), &errors)?;
        }
    }
    file.finish()
}

/// spectrum.npz: `omega`, `of`, `coordinates`, `S` (omega, of, coordinates) and `error_S` (omega,
/// of).
pub fn write_spectrum_npz(
    directory: &RunDirectory,
    frequencies: &[f64],
    of: Vec<String>,
    coordinates: Vec<String>,
    spectra: &[Vectors],
) -> Result<(), OutputError> {
    let mut file = Npz::create(directory, "spectrum.npz")?;
    file.vector("omega", frequencies.iter().copied())?;
    file.add("of", &Text::list(of))?;
    let spectra: Vec<&Vectors> = spectra.iter().collect();
    file.add("coordinates", &Text::list(coordinates))?;
    let (values, errors) = arrays(&spectra);
    file.add("S", &values)?;
    file.add("error_S", &errors)?;
    file.finish()
}
