//! What every run does: open the directory, compute, write, report.

use super::{Error, Format, RunArgs, interrupt, print, progress};
use crate::chain::Chain;
use crate::covariance::moments::largest;
use crate::figures::{self, Figure, style::Theme};
use crate::monitor::{CancelToken, Monitor};
use crate::numerics::vector::largest_of;
use crate::observe::identities::Identity;
use crate::observe::{Profile, relative_errors};
use crate::output::{
    Checksum, Existing, KeptCovariance, OutputError, Parts, RunDirectory, profiles_csv,
    write_covariance_npz, write_profiles_npz,
};
use crate::scenario::Scenario;
use serde_json::{Map, Value, json};
use std::io::{Write, stderr};
use std::sync::Arc;
use std::time::Instant;

/// A run that has begun.
pub struct Run<'a> {
    args: &'a RunArgs,
    request: Map<String, Value>,
    directory: RunDirectory,
    start: Instant,
    cancel: CancelToken,
    _kept: Kept,
}

/// Says at the end of a run that did not come to its own end what has been kept of it.
struct Kept(Arc<Parts>);

impl Drop for Kept {
    fn drop(&mut self) {
        if self.0.count() > 0 {
            let _ = writeln!(
                stderr(),
                "flipchain: what is finished is kept; the same command with --resume goes on from there"
            );
        }
        if let Some(failure) = self.0.failure() {
            let _ = writeln!(stderr(), "flipchain: a finished part could not be kept: {failure}");
        }
    }
}

/// What a command has found.
pub struct Findings<'a> {
    /// The scenario with its defaults.
    pub scenario: &'a Scenario,
    /// The chain.
    pub chain: &'a Chain,
    /// One profile an output.
    pub profiles: Vec<Profile>,
    /// The covariances to write, with their times and means.
    pub covariances: Vec<KeptCovariance>,
    /// Whether they are written in single precision.
    pub single: bool,
    /// Worst violations.
    pub identities: Vec<Identity>,
    /// What the outputs are, for the figures.
    pub figured: figures::Outputs,
    /// Method, reason, counts: more keys of the summary.
    pub details: Map<String, Value>,
    /// How it was done, in a line.
    pub line: String,
}

/// What every command says at its end.
pub struct Report {
    /// The command's keys of the summary.
    pub keys: Map<String, Value>,
    /// Figures.
    pub figures: Vec<Figure>,
    /// How it was done, in a line.
    pub line: String,
    /// What else there is to say, in lines.
    pub remarks: String,
    /// Largest relative error estimate.
    pub worst: f64,
}

impl<'a> Run<'a> {
    /// Opens the run directory and sets the number of threads. `options` are those of the command
    /// that the results depend on.
    pub fn begin(
        args: &'a RunArgs,
        command: &'static str,
        scenario: &Scenario,
        options: Value,
    ) -> Result<Run<'a>, Error> {
        let request = request(args, command, scenario, options)?;
        let existing = Existing { force: args.force, resume: args.resume };
        let directory =
            match RunDirectory::create(&args.output, existing, &Value::Object(request.clone())) {
                Err(OutputError::Exists(place)) if args.resume && answers(&place, &request) => {
                    return Err(Error::AlreadyDone(format!(
                        "{}: this run is complete",
                        place.display()
                    )));
                }
                opened => opened.map_err(|e| Error::BadInput(e.to_string()))?,
            };
        if let Some(threads) = args.threads {
            // Fails only where a pool exists already, which is then used.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global();
        }
        let kept = Kept(directory.parts());
        Ok(Run {
            args,
            request,
            directory,
            start: Instant::now(),
            cancel: interrupt::token()?,
            _kept: kept,
        })
    }

    /// What the computation reports to; `unit` is the microscopic time of t = 1.
    pub fn monitor(&self, unit: f64) -> Monitor {
        let (show, quiet) = (self.args.progress, self.args.quiet);
        progress::monitor(show, quiet, self.start, unit, &self.cancel)
            .keeping_in(self.directory.parts())
    }

    /// Writes one more file into the run directory.
    pub fn add(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        self.directory.write(name, content).map_err(|e| Error::Failed(e.to_string()))
    }

    /// Writes the profiles of a chain and reports; an error when the tolerance was missed, after
    /// everything is kept.
    pub fn finish(self, findings: Findings<'_>) -> Result<(), Error> {
        let estimates = relative_errors(&findings.profiles);
        let violation = largest_of(findings.identities.iter().map(|i| i.violation));
        let outputs = findings.profiles.iter().zip(&estimates).map(|(p, error)| {
            json!({ "t": time(p.time), "error_estimate": error, "left_inflow": p.left_inflow, "absolute_errors": p.errors })
        });
        let more = if self.args.verbose {
            details(&findings.profiles, &estimates, &findings.identities)
        } else {
            String::new()
        };
        let mut keys = findings.details;
        keys.insert("outputs".into(), outputs.collect());
        keys.insert("identities".into(), json!(findings.identities));
        keys.insert("stationary_current".into(), json!(findings.chain.stationary_current()));
        let positions: Vec<f64> = findings.scenario.momentum_positions().collect();
        let report = Report {
            keys,
            figures: figures::profiles(&findings.profiles, findings.chain, findings.figured),
            line: findings.line,
            remarks: format!(
                "{more}worst violation of an exact identity {violation:.1e}\n{}",
                current_line(findings.chain)
            ),
            worst: largest(&estimates),
        };
        self.write(report, |directory| {
            directory
                .write("profiles.csv", profiles_csv(&findings.profiles, &positions).as_bytes())?;
            write_profiles_npz(directory, &findings.profiles, &positions, &estimates)?;
            if findings.covariances.is_empty() {
                return Ok(());
            }
            write_covariance_npz(directory, findings.covariances, findings.single)
        })
    }

    /// Writes the run directory, the files of the command's own by `files`, and reports; an error
    /// when the tolerance was missed, after everything is kept.
    pub fn write(
        self,
        report: Report,
        files: impl FnOnce(&RunDirectory) -> Result<(), OutputError>,
    ) -> Result<(), Error> {
        let (args, worst) = (self.args, report.worst);
        let failed = |e: OutputError| Error::Failed(e.to_string());
        files(&self.directory).map_err(failed)?;
        if !args.figures.0.is_empty() {
            let folder = self.directory.folder("figures").map_err(failed)?;
            for figure in &report.figures {
                figure
                    .save(&folder, &Theme::PRINT, &args.figures.0)
                    .map_err(|e| Error::Failed(e.to_string()))?;
            }
        }
        // Last, so that it can say what all of it took.
        let seconds = self.start.elapsed().as_secs_f64();
        let mut summary = json!({
            "program": "flipchain",
            "tolerance_reached": worst <= args.tolerance,
            "threads": rayon::current_num_threads(),
            "wall_seconds": seconds,
            "cpu_seconds": process::cpu_seconds(),
            "peak_memory_bytes": process::peak_memory_bytes(),
        });
        if let Some(keys) = summary.as_object_mut() {
            keys.extend(self.request);
            keys.extend(report.keys);
        }
        let text = serde_json::to_string_pretty(&summary)
            .map_err(|e| Error::Failed(e.to_string()))?
            + "\n";
        self.directory.write("summary.json", text.as_bytes()).map_err(failed)?;
        self.directory.commit().map_err(failed)?;
        if args.format == Format::Json {
            print(&text)?;
        } else if !args.quiet {
            print(&format!(
                "{}\n{seconds:.2} s; largest error estimate {worst:.1e} of a profile's largest value (tolerance {:.1e})\n\
                 {}written to {}\n",
                report.line,
                args.tolerance,
                report.remarks,
                args.output.display(),
            ))?;
        }
        if worst <= args.tolerance {
            return Ok(());
        }
        Err(Error::Failed(format!(
            "the tolerance {:.1e} was missed: the largest error estimate is {worst:.1e}; the profiles are kept",
            args.tolerance
        )))
    }
}

/// Everything that the results depend on: a run may go on from the parts of an earlier one that was
/// asked for the same.
fn request(
    args: &RunArgs,
    command: &'static str,
    scenario: &Scenario,
    options: Value,
) -> Result<Map<String, Value>, Error> {
    let file = scenario.initial.as_ref().and_then(|initial| initial.covariance.as_ref());
    let checksum = file.map(|path| {
        let mut sum = Checksum::new(std::io::sink());
        let copied =
            std::fs::File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut sum));
        copied.map_err(|e| Error::BadInput(format!("{path}: {e}")))?;
        Ok::<_, Error>(format!("{:016x}", sum.value))
    });
    let request = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "command": command,
        "scenario": scenario,
        "initial_checksum": checksum.transpose()?,
        "tolerance": args.tolerance,
        "method_asked": args.method,
        "options": options,
    });
    let Value::Object(request) = request else { unreachable!("it was written as an object") };
    Ok(request)
}

/// Whether a run directory is the answer to this request.
fn answers(place: &std::path::Path, request: &Map<String, Value>) -> bool {
    let summary = std::fs::read(place.join("summary.json")).ok();
    let summary = summary.and_then(|text| serde_json::from_slice::<Map<String, Value>>(&text).ok());
    summary
        .is_some_and(|summary| request.iter().all(|(key, value)| summary.get(key) == Some(value)))
}

/// For `--verbose`: the estimate of every output and the worst violation of every identity.
fn details(profiles: &[Profile], estimates: &[f64], identities: &[Identity]) -> String {
    let outputs = profiles
        .iter()
        .zip(estimates)
        .map(|(p, e)| format!("  t = {:.6e}: error estimate {e:.1e}\n", p.time));
    let identities = identities.iter().map(|i| {
        let site = i.site.map_or(String::new(), |n| format!(" at site {n}"));
        format!("  {}: violated by {:.1e}{site}, t = {:.6e}\n", i.name, i.violation, i.time)
    });
    outputs.chain(identities).collect()
}

/// A time in JSON, which has no infinity.
pub fn time(t: f64) -> Value {
    if t.is_finite() { json!(t) } else { json!("inf") }
}

/// The stationary current and its sign, where it has a closed form.
fn current_line(chain: &Chain) -> String {
    let Some(current) = chain.stationary_current() else { return String::new() };
    let [left, right] = chain.temperature();
    let way = match current {
        j if j > 0.0 => "to the right",
        j if j < 0.0 => "to the left",
        _ => "nowhere",
    };
    let uphill = if (left - right) * current < 0.0 {
        ", from the colder to the hotter end (uphill)"
    } else {
        ""
    };
    format!("stationary current {current:.6e} (closed form): energy flows {way}{uphill}\n")
}

/// What the operating system says of this process; `None` where it does not.
mod process {
    /// Ticks a second of the counters in /proc/self/stat (fixed at 100 for user space on Linux).
    const TICKS: f64 = 100.0;

    pub fn cpu_seconds() -> Option<f64> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The command name may contain spaces; it ends at the last parenthesis. User and system
        // time are fields 14 and 15.
        let fields: Vec<&str> = stat[stat.rfind(')')? + 2..].split(' ').collect();
        Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / TICKS)
    }

    pub fn peak_memory_bytes() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    }
}
