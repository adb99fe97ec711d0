//! What a run leaves: the directory ([`RunDirectory`]) and the tables in it. The formats are fixed;
//! docs/guide.md, "Read a run".

mod directory;
mod npz;
mod parts;

pub use directory::{Existing, OutputError, RunDirectory};
pub use npz::{KeptCovariance, write_covariance_npz, write_profiles_npz};
pub use parts::{Checksum, Parts};

use crate::observe::theorems::{Measurement, STATEMENTS};
use crate::observe::{Profile, verdict};
use std::fmt::Write as _;

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

/// profiles.csv: one row per output time and site, 17 significant digits; `positions` are the
/// sites' x.
pub fn profiles_csv(profiles: &[Profile], positions: &[f64]) -> String {
    let mut csv =
        String::from("t,site,x,mean_r,mean_p,var_r,var_p,mechanical,thermal,energy,current\n");
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

/// limit.csv: one row per output time and position, 17 significant digits; the columns are r,
/// e_mech, e_heat and e.
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

/// check.csv: one row per statement, size and time, with the bound that the statement's smallest
/// constant gives and the estimated largest error of the value.
pub fn check_csv(measurements: &[Measurement]) -> String {
    let mut csv = String::from("statement,bonds,t,value,limit,bound,value_error\n");
    let optional = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.16e}"));
    for statement in &STATEMENTS {
        let rows: Vec<&Measurement> =
            measurements.iter().filter(|m| m.statement == statement.name).collect();
        let constant = verdict::constant(statement.shape, &rows);
        for m in rows {
            let bound = constant.and_then(|c| verdict::bound(statement.shape, m, c));
            let (limit, bound) = (optional(m.limit), optional(bound));
            let _ = writeln!(
                csv,
                "{},{},{:.16e},{:.16e},{limit},{bound},{:.16e}",
                m.statement, m.bonds, m.time, m.value, m.error
            );
        }
    }
    csv
}
