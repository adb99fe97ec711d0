//! The tasks ([`Task`]) and the methods ([`Method`]): one list for the command line, Python and the
//! library.

use serde::Serialize;
use std::fmt;

/// A question about a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Profiles at output times.
    Evolve,
    /// The stationary or time-periodic state.
    Steady,
    /// The macroscopic equations.
    Limit,
    /// The theorems' statements over a range of sizes.
    Check,
}

impl Task {
    /// Its name, which is that of the command and of the function.
    pub const fn name(self) -> &'static str {
        match self {
            Task::Evolve => "evolve",
            Task::Steady => "steady",
            Task::Limit => "limit",
            Task::Check => "check",
        }
    }
}

/// A method. Every method gives the same numbers within the errors that it states.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The one that is estimated to cost least and to reach the tolerance.
    #[default]
    Auto,
    /// The profiles without the covariance, O(N).
    Profiles,
    /// The covariance by a contour of shifted solves, without steps.
    Contour,
    /// The covariance by implicit steps.
    Radau,
    /// The covariance by the exponential of the five-point stencil: explicit steps with a bound.
    Stencil,
    /// The propagator e^(Bτ); with flips, of a tiny chain, the exponential of the whole moment
    /// equation in 32 digits.
    Exponential,
    /// A closed form.
    Closed,
    /// One shifted solve for the covariance, O(N²).
    Modal,
    /// The sparse matrix of the equations as they are written: slow, the judge of the others.
    Literal,
}

impl Method {
    /// All of them, in the order in which messages list them.
    pub const ALL: [Method; 9] = [
        Method::Auto,
        Method::Profiles,
        Method::Contour,
        Method::Radau,
        Method::Stencil,
        Method::Exponential,
        Method::Closed,
        Method::Modal,
        Method::Literal,
    ];

    /// Its name on the command line, in Python and in summary.json.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Auto => "auto",
            Method::Profiles => "profiles",
            Method::Contour => "contour",
            Method::Radau => "radau",
            Method::Stencil => "stencil",
            Method::Exponential => "exponential",
            Method::Closed => "closed",
            Method::Modal => "modal",
            Method::Literal => "literal",
        }
    }

    /// The conditions of the method, as a clause; empty if there are none.
    pub const fn needs(self) -> &'static str {
        match self {
            Method::Auto | Method::Radau | Method::Stencil => "",
            Method::Profiles => "flips and no covariance",
            Method::Contour => "flips and late output times",
            Method::Exponential => "no flips, or a tiny chain",
            Method::Closed => "no flips or no thermostats",
            Method::Modal => "flips and a thermostat",
            Method::Literal => "a short chain",
        }
    }

    /// Whether it can be used for this task on some chain.
    pub const fn serves(self, task: Task) -> bool {
        match task {
            Task::Evolve => !matches!(self, Method::Closed | Method::Modal),
            Task::Steady => !matches!(
                self,
                Method::Contour | Method::Radau | Method::Stencil | Method::Exponential
            ),
            Task::Limit | Task::Check => matches!(self, Method::Auto),
        }
    }

    /// The method of this name.
    pub fn named(name: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The methods that a task allows, as a message lists them.
    pub fn allowed(task: Task) -> String {
        let item = |method: Method| match method.needs() {
            _ if method == Method::Auto => "auto (the default)".to_string(),
            "" => method.name().into(),
            needs => format!("{} (needs {needs})", method.name()),
        };
        let serving = Method::ALL.into_iter().filter(|method| method.serves(task));
        serving.map(item).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_one_name_and_serves_some_task() {
        for method in Method::ALL {
            assert_eq!(Method::named(method.name()), Some(method));
            assert!(method.serves(Task::Evolve) || method.serves(Task::Steady));
        }
        assert_eq!(Method::allowed(Task::Limit), "auto (the default)");
        assert!(Method::allowed(Task::Steady).contains("closed (needs no flips or"));
    }
}
