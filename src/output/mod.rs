//! The files that a run writes: the directory ([`RunDirectory`]) and the tables in it. The formats
//! are fixed; they are described in docs/reference/files.md.

mod about;
mod correlations;
mod directory;
mod error;
mod hidden;
mod npz;
mod parts;
mod replace;
mod shards;
mod text;

pub use correlations::{CorrelationsFile, write_correlations_npz, write_spectrum_npz};
pub use directory::RunDirectory;
pub use error::OutputError;
pub use hidden::Existing;
pub use npz::{
    KeptCovariance, write_covariance_npz, write_limit_npz, write_mean_npy, write_profiles_npz,
};
pub use parts::{Checksum, Parts};
pub use shards::{Shard, left_by_shards};

pub(crate) use npz::{INITIAL_FILE, Npz, npy_remark, write_initial_npz};
pub(crate) use text::Text;

use crate::observe::series::{SERIES_COLUMNS, Totals};
use crate::observe::statement::{CONDUCTIVITY, STATEMENTS};
use crate::observe::theorems::Measurement;
use crate::observe::{Profile, verdict};
use rayon::prelude::*;
use std::fmt::Write as _;
use std::ops::Range;

/// The version of the formats of a run directory, which summary.json and every npz file carry as
/// `format_version`. Version 1 is that of flipchain 0.1, whose files carry none.
pub const FORMAT_VERSION: u32 = 2;

/// A column of a table and what it means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Its name in every file.
    pub name: &'static str,
    /// Its meaning.
    pub meaning: &'static str,
    /// Its unit.
    pub unit: &'static str,
}

const fn column(name: &'static str, meaning: &'static str, unit: &'static str) -> Column {
    Column { name, meaning, unit }
}

/// The columns of profiles.csv and profiles.npz after t, site and x.
pub const PROFILE_COLUMNS: [Column; 8] = [
    column("mean_r", "E r_n; site 0 of an open chain has no bond, r_0 = 0", "length"),
    column("mean_p", "E p_n", "momentum"),
    column("var_r", "Var r_n; 0 at site 0 of an open chain", "energy"),
    column("var_p", "Var p_n", "energy"),
    column("mechanical", "((E r_n)² + (E p_n)²)/2", "energy"),
    column("thermal", "(Var r_n + Var p_n)/2", "energy"),
    column("energy", "mechanical + thermal", "energy"),
    column(
        "current",
        "-E[p_n r_(n+1)], the energy flowing to the right through bond n+1; at n = N of an open chain what leaves through the right end",
        "energy/time",
    ),
];

/// The columns that follow for a chain whose coefficients depend on the site; the last two are
/// empty without pinning, and left out of profiles.npz.
pub const GENERAL_COLUMNS: [Column; 3] = [
    column("temperature", "Var p_n/m_n", "energy"),
    column("mean_q", "E q_n of a pinned chain", "length"),
    column("var_q", "Var q_n of a pinned chain", "length²"),
];

/// The meanings of the usual columns that differ for such chains.
pub(crate) const GENERAL_MEANINGS: [Column; 6] = [
    column("var_r", "Var r_n; 0 at site 0", "length²"),
    column("var_p", "Var p_n", "momentum²"),
    column("mechanical", "(E p_n)²/2m_n + k_n (E r_n)²/2 + κ_n (E q_n)²/2", "energy"),
    column("thermal", "Var p_n/2m_n + k_n Var r_n/2 + κ_n Var q_n/2", "energy"),
    column("energy", "mechanical + thermal", "energy"),
    column(
        "current",
        "-k_(n+1) E[p_n r_(n+1)]/m_n, the energy flowing to the right through bond n+1; at n = N what leaves through the right end",
        "energy/time",
    ),
];

/// The columns of limit.npz, and of limit.csv, where mean_r is called r.
pub const LIMIT_COLUMNS: [Column; 4] = [
    column("mean_r", "r(t, x), the limit of E r_n", "length"),
    column("mechanical", "r(t, x)²/2", "energy"),
    column("thermal", "the limit of the thermal energy of a site", "energy"),
    column("energy", "mechanical + thermal", "energy"),
];

/// The column of limit.npz that limit.csv has not.
pub const LIMIT_CURRENT: Column = column(
    "current",
    "the limit of N times the energy current; not a number at t = 0, where it may be infinite",
    "energy/time",
);

/// The limit's columns at every output time.
pub type LimitTable = [(f64, [Vec<f64>; 4])];

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

/// The columns of [`GENERAL_COLUMNS`] with the largest error of each; none for a homogeneous chain.
pub fn general_columns(profile: &Profile) -> Vec<(&'static str, &[f64], f64)> {
    let Some(general) = &profile.general else { return vec![] };
    let values = [&general.temperature, &general.mean_q, &general.var_q];
    let named = GENERAL_COLUMNS.iter().zip(values).zip(general.errors);
    named.map(|((column, values), error)| (column.name, &values[..], error)).collect()
}

/// Sites whose rows are formatted as one, and how many such blocks are held.
const BLOCK: usize = 1024;
const BLOCKS: usize = 64;

/// Characters of a number, about.
const WIDTH: usize = 24;

/// Rows of profiles.csv, which begin with `time` and with the `places` of their sites.
fn rows(
    time: &str,
    sites: Range<usize>,
    places: &[String],
    columns: &[(&'static str, Vec<f64>)],
    more: &[(&'static str, &[f64], f64)],
) -> String {
    let mut rows = String::with_capacity(sites.len() * (11 + more.len()) * WIDTH);
    for site in sites {
        rows.push_str(time);
        rows.push_str(&places[site]);
        for (_, column) in columns {
            let _ = write!(rows, ",{:.16e}", column[site]);
        }
        for (_, column, _) in more {
            let _ = match column.get(site) {
                Some(value) => write!(rows, ",{value:.16e}"),
                None => write!(rows, ","),
            };
        }
        rows.push('\n');
    }
    rows
}

/// profiles.csv: one row per output time and site, 17 significant digits; `positions` are the
/// sites' x. `tell` is called with the share of the rows that is there.
pub fn profiles_csv(profiles: &[Profile], positions: &[f64], tell: impl Fn(f64)) -> String {
    let mut csv =
        String::from("t,site,x,mean_r,mean_p,var_r,var_p,mechanical,thermal,energy,current");
    if profiles.iter().any(|profile| profile.general.is_some()) {
        GENERAL_COLUMNS.iter().for_each(|column| csv += &format!(",{}", column.name));
    }
    csv.push('\n');
    // Every output repeats the sites, and every row its time: their digits are found once.
    let place = |(site, x): (usize, &f64)| format!(",{site},{x:.16e}");
    let places: Vec<String> = positions.iter().enumerate().map(place).collect();
    // Rows are formatted side by side, and not all of them at once: text takes ten times the memory
    // of what it says.
    let (count, mut done) = (profiles.len() as f64, 0);
    for profiles in profiles.chunks(1 + BLOCK * BLOCKS / positions.len().max(1)) {
        let tables: Vec<_> = profiles
            .par_iter()
            .map(|profile| {
                let time = format!("{:.16e}", profile.time);
                (time, columns(profile), general_columns(profile))
            })
            .collect();
        let blocks: Vec<(usize, Range<usize>)> = (0..tables.len())
            .flat_map(|table| {
                let starts = (0..positions.len()).step_by(BLOCK);
                starts.map(move |start| (table, start..(start + BLOCK).min(positions.len())))
            })
            .collect();
        for blocks in blocks.chunks(BLOCKS) {
            let rows = |(table, sites): &(usize, Range<usize>)| {
                let (time, columns, more) = &tables[*table];
                rows(time, sites.clone(), &places, columns, more)
            };
            let texts: Vec<String> = blocks.par_iter().map(rows).collect();
            texts.iter().for_each(|text| csv.push_str(text));
        }
        done += profiles.len();
        tell(done as f64 / count);
    }
    csv
}

/// series.csv: one row for each output time, 17 significant digits; empty where a value is not
/// known.
pub fn series_csv(series: &[Totals]) -> String {
    let errors = SERIES_COLUMNS.iter().map(|name| format!("{name}_error"));
    let inner = series.iter().any(|totals| totals.others.is_some());
    let more = ["others".to_string(), "others_error".to_string()].into_iter().filter(|_| inner);
    let names = ["t"].iter().chain(&SERIES_COLUMNS).map(|name| name.to_string());
    let names: Vec<String> = names.chain(errors).chain(more).collect();
    let mut csv = names.join(",") + "\n";
    for totals in series {
        let _ = write!(csv, "{:.16e}", totals.time);
        let values = totals.values.iter().map(|known| known.map(|(value, _)| value));
        let errors = totals.values.iter().map(|known| known.map(|(_, error)| error));
        let (others, error) = totals.others.unzip();
        let more = [others, error].into_iter().filter(|_| inner);
        for value in values.chain(errors).chain(more) {
            let _ = match value {
                Some(value) => write!(csv, ",{value:.16e}"),
                None => write!(csv, ","),
            };
        }
        csv.push('\n');
    }
    csv
}

/// limit.csv: one row per output time and position, 17 significant digits; the columns are r,
/// e_mech, e_heat and e.
pub fn limit_csv(outputs: &LimitTable, positions: &[f64]) -> String {
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
    for statement in STATEMENTS.iter().chain([&CONDUCTIVITY]) {
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
