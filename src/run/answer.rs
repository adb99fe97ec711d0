//! The answer of `evolve` and `steady`: profiles whose numbers carry their errors, and the method
//! that gave them.

use super::describe;
use super::filed::Waiting;
use super::plan::{Plan, Record};
use super::save::{Answer, Start, time};
use super::{Correlations, Error};
use crate::chain::{Chain, InitialLaw};
use crate::covariance::moments::largest;
use crate::covariance::source::ErrorSource;
use crate::method::Task;
use crate::numerics::vector::largest_of;
use crate::observe::digits::digits;
use crate::observe::identities::Identity;
use crate::observe::periodic::PeriodicWork;
use crate::observe::phonons::{self, Phonon};
use crate::observe::series::Totals;
use crate::observe::{Profile, dominating_sources, relative_errors};
use crate::output::{
    KeptCovariance, OutputError, RunDirectory, profiles_csv, series_csv, write_covariance_npz,
    write_profiles_npz,
};
use ndarray::ArrayView2;
use serde_json::{Map, Value, json};

/// Numbers, and a bound of the error of each of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimated {
    /// The numbers, one for each site.
    pub values: Vec<f64>,
    /// The largest error of any of them, as it is estimated.
    pub error: f64,
}

/// The answer of [`evolve`](super::evolve) and [`steady`](super::steady).
#[derive(Debug, Clone)]
pub struct Run {
    pub(super) record: Record,
    pub(super) chain: Chain,
    pub(super) profiles: Vec<Profile>,
    /// Totals: one for each output time, or one of the stationary state.
    pub(super) series: Vec<Totals>,
    pub(super) errors: Vec<f64>,
    pub(super) identities: Vec<Identity>,
    pub(super) covariances: Vec<KeptCovariance>,
    /// The covariances that do not fit in memory; saving the run forms them in their files.
    pub(super) waiting: Option<Waiting>,
    pub(super) modes: Option<Modes>,
    pub(super) single_precision: bool,
    pub(super) correlations: Option<Correlations>,
    /// The work of a periodic force.
    pub(super) work: Option<PeriodicWork>,
    /// The initial law, where the scenario of the request does not say it.
    pub(super) law: Option<InitialLaw>,
    /// More keys of the summary.
    pub(super) keys: Map<String, Value>,
    /// The question and the method, in lines.
    pub(super) line: String,
    /// Counts of what it took, in a line.
    pub(super) counts: String,
}

/// The energies of the modes at every output, and their errors.
#[derive(Debug, Clone)]
pub(super) struct Modes {
    pub phonons: Vec<Vec<Phonon>>,
    pub errors: Vec<f64>,
}

/// The profiles at one output time, one entry for each site n = 0..N (0..N-1 on a ring). On an open
/// chain the bond r_n belongs to site n, and r_0 = 0.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    profile: &'a Profile,
}

impl<'a> Output<'a> {
    /// The output time in the unit of the question; a phase in \[0, 1) of a periodic state;
    /// infinite for a stationary state.
    pub fn time(&self) -> f64 {
        self.profile.time
    }

    /// E r_n
    pub fn mean_r(&self) -> Estimated {
        Estimated { values: self.profile.mean_r.clone(), error: self.profile.errors.mean_r }
    }

    /// E p_n
    pub fn mean_p(&self) -> Estimated {
        Estimated { values: self.profile.mean_p.clone(), error: self.profile.errors.mean_p }
    }

    /// Var r_n
    pub fn var_r(&self) -> Estimated {
        Estimated { values: self.profile.var_r.clone(), error: self.profile.errors.var_r }
    }

    /// Var p_n
    pub fn var_p(&self) -> Estimated {
        Estimated { values: self.profile.var_p.clone(), error: self.profile.errors.var_p }
    }

    /// (r̄_n² + p̄_n²)/2
    pub fn mechanical(&self) -> Estimated {
        Estimated { values: self.profile.mechanical(), error: self.profile.errors.mechanical }
    }

    /// (Var r_n + Var p_n)/2
    pub fn thermal(&self) -> Estimated {
        Estimated { values: self.profile.thermal(), error: self.profile.errors.thermal }
    }

    /// The sum of the mechanical and the thermal energy.
    pub fn energy(&self) -> Estimated {
        Estimated { values: self.profile.energy(), error: self.profile.errors.energy }
    }

    /// E\[j_(n,n+1)\] = -E\[p_n r_(n+1)\], the energy that flows to the right through bond n+1; at
    /// the right end of an open chain the energy that leaves there.
    pub fn current(&self) -> Estimated {
        Estimated { values: self.profile.current.clone(), error: self.profile.errors.current }
    }

    /// The energy that enters at the left thermostat, λ_-(T_- - E p_0²).
    pub fn left_inflow(&self) -> f64 {
        self.profile.left_inflow
    }

    /// All of it.
    pub fn profile(&self) -> &'a Profile {
        self.profile
    }
}

/// The largest error of every column that the profile has.
fn absolute_errors(profile: &Profile) -> Value {
    let mut all = json!(profile.errors);
    if let Some(general) = &profile.general {
        let columns = [&general.temperature, &general.mean_q, &general.var_q];
        let named = ["temperature", "mean_q", "var_q"].into_iter().zip(columns);
        for ((name, column), error) in named.zip(general.errors) {
            if !column.is_empty() {
                all[name] = json!(error);
            }
        }
    }
    all
}

impl Run {
    pub(super) fn new(
        record: Record,
        chain: &Chain,
        profiles: Vec<Profile>,
        identities: Vec<Identity>,
        keys: Value,
        line: String,
    ) -> Run {
        let errors = relative_errors(&profiles);
        let keys = keys.as_object().cloned().unwrap_or_default();
        let (series, covariances, modes, single_precision) = Default::default();
        let (correlations, work, counts, waiting, law) = Default::default();
        let chain = chain.clone();
        Run {
            record,
            chain,
            profiles,
            series,
            errors,
            identities,
            covariances,
            waiting,
            modes,
            single_precision,
            correlations,
            work,
            law,
            keys,
            line,
            counts,
        }
    }

    /// The same, which keeps the law that it started from where its scenario does not say it.
    pub(super) fn started_from(self, law: Option<&InitialLaw>) -> Run {
        let said = !self.record.request["scenario"]["initial"].is_null();
        Run { law: law.filter(|_| !said).cloned(), ..self }
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The plan: the method, its reason and its expected cost.
    pub fn plan(&self) -> &Plan {
        &self.record.plan
    }

    /// Number of outputs.
    pub fn len(&self) -> usize {
        self.profiles.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }

    /// The output of this index. The stationary state is the last output of `steady`.
    ///
    /// # Panics
    /// If there is no such output.
    pub fn at(&self, index: usize) -> Output<'_> {
        Output { profile: &self.profiles[index] }
    }

    /// All outputs.
    pub fn outputs(&self) -> impl ExactSizeIterator<Item = Output<'_>> {
        self.profiles.iter().map(|profile| Output { profile })
    }

    /// The profiles of all outputs.
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// x = n/N of every site.
    pub fn positions(&self) -> Vec<f64> {
        self.chain.momentum_positions()
    }

    /// The error estimate of every output: the largest error of its profiles, each relative to the
    /// largest value of that profile over the run.
    pub fn errors(&self) -> &[f64] {
        &self.errors
    }

    /// Whether every output has reached the tolerance that was asked for.
    pub fn tolerance_reached(&self) -> bool {
        self.worst_error() <= self.record.tolerance
    }

    /// Totals of the chain and what has entered, left and been converted since time 0, one an
    /// output time; of a stationary state one.
    pub fn series(&self) -> &[Totals] {
        &self.series
    }

    /// The worst violation of each exact identity.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// The times at which the covariance was kept, with E z and Cov(z_i, z_j) in the theory's
    /// order: r, then p. One that does not fit the memory is not among them: [`Answer::save`] forms
    /// it in its file.
    pub fn covariances(&self) -> impl Iterator<Item = (f64, &[f64], ArrayView2<'_, f64>)> {
        self.covariances.iter().map(|(t, mean, c)| (*t, &mean[..], c.view()))
    }

    /// The work of a periodic force and the motion of the atom that it acts on.
    pub fn periodic_work(&self) -> Option<&PeriodicWork> {
        self.work.as_ref()
    }

    /// Correlations at two times, where they were asked for.
    pub fn correlations(&self) -> Option<&Correlations> {
        self.correlations.as_ref()
    }

    /// The energies of the modes at every output, where they were asked for.
    pub fn modes(&self) -> Option<&[Vec<Phonon>]> {
        self.modes.as_ref().map(|modes| &modes.phonons[..])
    }
}

impl Answer for Run {
    fn record(&self) -> &Record {
        &self.record
    }

    fn worst_error(&self) -> f64 {
        largest(&self.errors)
    }

    fn keys(&self) -> Map<String, Value> {
        let outputs = self.profiles.iter().zip(&self.errors).map(|(p, error)| {
            json!({
                "t": time(p.time),
                "error_estimate": error,
                "left_inflow": p.left_inflow,
                "absolute_errors": absolute_errors(p),
            })
        });
        let source = |source: Option<ErrorSource>| source.map(|source| source.to_string());
        let sources = dominating_sources(&self.profiles).into_iter().map(source);
        let mut keys = self.keys.clone();
        keys.insert("outputs".into(), outputs.collect());
        keys.insert("error_sources".into(), sources.collect());
        keys.insert("identities".into(), json!(self.identities));
        keys.insert("stationary_current".into(), json!(self.chain.stationary_current()));
        if let Some(modes) = &self.modes {
            keys.insert("modes_error_estimates".into(), json!(modes.errors));
        }
        keys
    }

    fn line(&self) -> String {
        self.line.clone()
    }

    fn remarks(&self, verbose: bool) -> String {
        let violation = digits(largest_of(self.identities.iter().map(|i| i.violation)), 2);
        let more = if verbose { self.details() } else { String::new() };
        let current = describe::current(&self.chain);
        let two_time =
            self.correlations.as_ref().map_or(String::new(), |found| found.sentence(&self.chain));
        format!("{more}worst violation of an exact identity {violation}\n{current}{two_time}")
    }

    fn start(&self) -> Start<'_> {
        self.law.as_ref().map_or(Start::Said, |law| Start::Arrays(law, &self.chain))
    }

    fn write(&self, directory: &RunDirectory) -> Result<(), OutputError> {
        let positions = self.positions();
        let tell = |share: f64| directory.tell(TEXT * share);
        let text = profiles_csv(&self.profiles, &positions, tell);
        directory.write("profiles.csv", text.as_bytes())?;
        drop(text);
        let request = &self.record.request;
        write_profiles_npz(directory, &self.profiles, &positions, &self.errors, request)?;
        directory.tell(TEXT + ARRAYS);
        directory.write("series.csv", series_csv(&self.series).as_bytes())?;
        directory.tell(1.0);
        if let Some(modes) = &self.modes {
            let times = self.profiles.iter().map(|p| p.time);
            let csv = phonons::modes_csv(times.zip(modes.phonons.iter().map(|p| &p[..])));
            directory.write("modes.csv", csv.as_bytes())?;
        }
        if let Some(correlations) = &self.correlations {
            correlations.write(directory, self.chain.coordinate_names())?;
        }
        Ok(())
    }

    fn write_covariances(&mut self, directory: &RunDirectory) -> Result<(), Error> {
        if let Some(waiting) = self.waiting.take() {
            let (files, errors) = waiting.write(directory)?;
            self.keys.insert("covariance_files".into(), files);
            self.count_covariances(&errors);
        }
        if self.covariances.is_empty() {
            return Ok(());
        }
        let covariances = std::mem::take(&mut self.covariances);
        let names = self.chain.coordinate_names();
        Ok(write_covariance_npz(directory, covariances, names, self.single_precision)?)
    }
}

/// The shares of the time for all tables that profiles.csv and profiles.npz take.
const TEXT: f64 = 0.7;
const ARRAYS: f64 = 0.2;

impl Run {
    /// Takes the errors of the entries of covariances into account, each with the number of its
    /// output.
    pub(super) fn count_covariances(&mut self, errors: &[(usize, f64)]) {
        for &(number, error) in errors {
            let sizes = self.profiles[number].sizes();
            let relative = error / largest(&[sizes.var_r, sizes.var_p]);
            self.errors[number] = largest(&[self.errors[number], relative]);
        }
    }

    /// The estimate of every output and the worst violation of every identity.
    fn details(&self) -> String {
        // The finite times of a periodic state are phases.
        let phases = self.record.plan.task == Task::Steady;
        let when = |time: f64| match (phases, digits(time, 6)) {
            (true, _) if time.is_infinite() => "in the long run".to_string(),
            (true, phase) => format!("phase = {phase}"),
            (false, t) => format!("t = {t}"),
        };
        let outputs = (self.profiles.iter().zip(&self.errors))
            .map(|(p, e)| format!("  {}: error estimate {e:.1e}\n", when(p.time)));
        let identities = self.identities.iter().map(|i| {
            let site = i.site.map_or(String::new(), |n| format!(" at site {n}"));
            let violation = digits(i.violation, 2);
            format!("  {}: violated by {violation}{site}, {}\n", i.name, when(i.time))
        });
        let counts = format!("  {}\n", self.counts);
        std::iter::once(counts).chain(outputs).chain(identities).collect()
    }
}
