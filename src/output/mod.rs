//! What a run leaves: the directory ([`RunDirectory`]) and the tables in it. The formats are fixed; docs/guide.md, "Read a run".

mod directory;
mod parts;

pub use directory::{Existing, OutputError, RunDirectory};
pub use parts::{Checksum, Parts};

use crate::observe::theorems::{Measurement, STATEMENTS};
use crate::observe::{Profile, verdict};
use directory::at;
use ndarray::{Array1, Array2, Array3, Axis};
use ndarray_npy::{NpzWriter, WriteNpzError};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The error of writing an npz file, with its path.
fn npz(path: &Path) -> impl Fn(WriteNpzError) -> OutputError + '_ {
    |source| OutputError::Io { path: path.to_path_buf(), source: std::io::Error::other(source) }
}

/// The columns of a profile in the order of profiles.csv.
pub fn columns(profile: &Profile) -> [(&'static str, Vec<f64>); 8] {
    [
        ("mean_r", profile.mean_r.clone()),
        ("mean_p", profile.mean_p.clone()),
        ("var_r", profile.var_r.clone()),
        ("var_p", profile.var_p.clone()),
        ("mechanical", profile.mechanical()),
        ("thermal", profile.thermal()),
        ("energy", profile.energy()),
        ("current", profile.current.clone()),
    ]
}

/// profiles.csv: one row per output time and site, 17 significant digits; `positions` are the sites' x.
pub fn profiles_csv(profiles: &[Profile], positions: &[f64]) -> String {
    let mut csv = String::from("t,site,x,mean_r,mean_p,var_r,var_p,mechanical,thermal,energy,current\n");
    for profile in profiles {
        let columns = columns(profile);
        for (site, x) in positions.iter().enumerate() {
            let _ = write!(csv, "{:.16e},{site},{x:.16e}", profile.time);
            for (_, column) in &columns {
                let _ = write!(csv, ",{:.16e}", column[site]);
            }
            csv.push('\n');
        }
    }
    csv
}

/// limit.csv: one row per output time and position, 17 significant digits; the columns are r, e_mech, e_heat and e.
pub fn limit_csv(outputs: &[(f64, [Vec<f64>; 4])], positions: &[f64]) -> String {
    let mut csv = String::from("t,x,r,mechanical,thermal,energy\n");
    for (time, columns) in outputs {
        for (site, x) in positions.iter().enumerate() {
            let _ = write!(csv, "{time:.16e},{x:.16e}");
            for column in columns {
                let _ = write!(csv, ",{:.16e}", column[site]);
            }
            csv.push('\n');
        }
    }
    csv
}

/// check.csv: one row per statement, size and time, with the bound that the statement's smallest constant gives.
pub fn check_csv(measurements: &[Measurement]) -> String {
    let mut csv = String::from("statement,bonds,t,value,limit,bound\n");
    let optional = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.16e}"));
    for statement in &STATEMENTS {
        let rows: Vec<&Measurement> = measurements.iter().filter(|m| m.statement == statement.name).collect();
        let constant = verdict::constant(statement.shape, &rows);
        for m in rows {
            let bound = constant.and_then(|c| verdict::bound(statement.shape, m, c));
            let (limit, bound) = (optional(m.limit), optional(bound));
            let _ = writeln!(csv, "{},{},{:.16e},{:.16e},{limit},{bound}", m.statement, m.bonds, m.time, m.value);
        }
    }
    csv
}

/// profiles.npz: `times`, `sites`, `x`, `left_inflow`, `error_estimate` and one (times, sites) array a column.
pub fn write_profiles_npz(
    directory: &RunDirectory,
    profiles: &[Profile],
    positions: &[f64],
    estimates: &[f64],
) -> Result<(), OutputError> {
    let path = directory.path("profiles.npz");
    let mut file = NpzWriter::new(fs::File::create(&path).map_err(at(&path))?);
    let mut vector = |name: &str, values: Vec<f64>| file.add_array(name, &Array1::from(values)).map_err(npz(&path));
    vector("times", profiles.iter().map(|p| p.time).collect())?;
    vector("x", positions.to_vec())?;
    vector("left_inflow", profiles.iter().map(|p| p.left_inflow).collect())?;
    vector("error_estimate", estimates.to_vec())?;
    file.add_array("sites", &Array1::from_iter(0..positions.len() as i64)).map_err(npz(&path))?;
    let tables: Vec<_> = profiles.iter().map(columns).collect();
    for index in 0..8 {
        let Some(first) = tables.first() else { break };
        let values = tables.iter().flat_map(|columns| columns[index].1.iter().copied()).collect();
        let array = Array2::from_shape_vec((profiles.len(), positions.len()), values)
            .expect("every profile has one entry a site");
        file.add_array(first[index].0, &array).map_err(npz(&path))?;
    }
    file.finish().map_err(npz(&path)).map(|_| ())
}

/// A covariance to write: time, means, matrix.
pub type KeptCovariance = (f64, Vec<f64>, Array2<f64>);

/// covariance.npz: `times`, `mean` (times, coordinates) and `covariance` (times, coordinates, coordinates) in the theory's order, the last in
/// double or single precision. A later run can start from it. Each matrix is dropped once it is in the array that is written, so that at most one exists twice.
pub fn write_covariance_npz(
    directory: &RunDirectory,
    mut kept: Vec<KeptCovariance>,
    single: bool,
) -> Result<(), OutputError> {
    let path = directory.path("covariance.npz");
    let mut file = NpzWriter::new(fs::File::create(&path).map_err(at(&path))?);
    file.add_array("times", &Array1::from_iter(kept.iter().map(|(t, ..)| *t))).map_err(npz(&path))?;
    let coordinates = kept.first().map_or(0, |(_, mean, _)| mean.len());
    let means = kept.iter().flat_map(|(_, mean, _)| mean.iter().copied()).collect();
    let means = Array2::from_shape_vec((kept.len(), coordinates), means).expect("all means have one length");
    file.add_array("mean", &means).map_err(npz(&path))?;
    match kept.pop() {
        Some((_, _, one)) if kept.is_empty() && !single => file.add_array("covariance", &one.insert_axis(Axis(0))),
        last => {
            kept.extend(last);
            if single {
                file.add_array("covariance", &gather(kept, |c| c as f32))
            } else {
                file.add_array("covariance", &gather(kept, |c| c))
            }
        }
    }
    .map_err(npz(&path))?;
    file.finish().map_err(npz(&path)).map(|_| ())
}

/// All matrices in one array.
fn gather<T: Clone + Default>(kept: Vec<KeptCovariance>, convert: impl Fn(f64) -> T) -> Array3<T> {
    let (rows, columns) = kept.first().map_or((0, 0), |(_, _, matrix)| matrix.dim());
    let mut all = Array3::from_elem((kept.len(), rows, columns), T::default());
    for (mut place, (_, _, matrix)) in all.outer_iter_mut().zip(kept) {
        place.zip_mut_with(&matrix, |place, &c| *place = convert(c));
    }
    all
}
