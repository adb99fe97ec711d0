//! The scenarios of data/scenarios, carried inside the program as starting points.

/// A ready scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartingPoint {
    /// Its name, which is the file's without the extension.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

macro_rules! starting_points {
    ($($name:literal),* $(,)?) => {
        &[$(StartingPoint { name: $name, text: include_str!(concat!("../../data/scenarios/", $name, ".toml")) }),*]
    };
}

/// All of data/scenarios, the simple ones first.
pub const STARTING_POINTS: &[StartingPoint] = starting_points![
    "small",
    "equilibrium",
    "heat_flow",
    "parabola",
    "uphill",
    "one_thermostat",
    "periodic_force",
    "ring_relaxation",
    "harmonic",
    "far_from_equilibrium",
    "disordered",
    "pinned",
];

impl StartingPoint {
    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static StartingPoint> {
        STARTING_POINTS.iter().find(|point| point.name == name)
    }

    /// Its first comment line: what it shows.
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }
}
