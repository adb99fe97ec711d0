//! What would make a computation fit the memory.

use std::fmt;

/// A change of the question that would cost less memory or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// Fewer covariances to keep.
    FewerCovariances,
    /// Fewer output times.
    FewerOutputs,
    /// Later output times, whose profiles need no covariance.
    LaterOutputs,
    /// The profiles without the covariance.
    ProfilesAlone,
    /// Fewer phases.
    FewerPhases,
    /// A shorter chain; nothing else would help.
    FewerBonds,
    /// Smaller sizes.
    SmallerSizes,
    /// Fewer profiles; only their tables are counted, and solving may take more.
    FewerTables,
    /// A shorter chain; only the table of its one profile is counted.
    ShorterTable,
}

impl Saving {
    /// What may be done in place of taking fewer bonds, between semicolons; `words` are those of
    /// the caller's world.
    pub(crate) fn or(self, words: &dyn fmt::Display) -> String {
        match self {
            Saving::FewerBonds | Saving::ShorterTable => String::new(),
            _ => format!("or {words}; "),
        }
    }
}

impl fmt::Display for Saving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Saving::FewerCovariances => "fewer covariances to keep (covariance_times)",
            Saving::FewerOutputs => "fewer output times",
            Saving::LaterOutputs => "later output times, whose profiles need no covariance",
            Saving::ProfilesAlone => "the profiles alone, without covariance and method, in O(N)",
            Saving::FewerPhases => "fewer phases",
            Saving::FewerBonds | Saving::ShorterTable => "a shorter chain",
            Saving::SmallerSizes => "smaller covariance_sizes or sizes",
            Saving::FewerTables => "fewer profiles, each of which takes 400 bytes a site",
        })
    }
}
