//! The question in words: the chain, its ends and the output times in both units.

use super::Times;
use crate::chain::{Chain, Coefficients};
use crate::observe::digits::digits;
use crate::scenario::{Thermostat, TimeScale, Topology};

/// The chain in two lines: "open chain, N = 100, γ = 1" and its ends.
pub(super) fn chain(chain: &Chain) -> String {
    if let Some(coefficients) = chain.coefficients() {
        return with_coefficients(chain, coefficients);
    }
    let (bonds, rate) = (chain.bonds, digits(chain.flip_rate, 6));
    if chain.topology == Topology::Ring {
        return format!("ring, N = {bonds}, γ = {rate}");
    }
    let end = |end: Option<Thermostat>| match end {
        None => "free".to_string(),
        Some(end) => {
            format!("T = {}, λ = {}", digits(end.temperature, 6), digits(end.friction, 6))
        }
    };
    let (left, right) = (end(chain.left), end(chain.right));
    let force = match (&chain.force.harmonics[..], chain.force.mean) {
        ([], 0.0) => String::new(),
        ([], mean) => format!("; force {}", digits(mean, 6)),
        (harmonics, mean) => {
            let period = 2.0 * std::f64::consts::PI / chain.force.frequency.hi;
            let parts = counted(harmonics.len(), "harmonic");
            format!("; force {} and {parts}, period {}", digits(mean, 6), digits(period, 6))
        }
    };
    format!("open chain, N = {bonds}, γ = {rate}\nleft end: {left}; right end: {right}{force}")
}

/// The same for a chain whose coefficients depend on the site: each coefficient by its range.
fn with_coefficients(chain: &Chain, coefficients: &Coefficients) -> String {
    let range = |name: &str, values: &[f64]| {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        match least == most {
            true => format!("{name} = {}", digits(least, 6)),
            false => format!("{name} = {} .. {}", digits(least, 6), digits(most, 6)),
        }
    };
    let all = [
        range("γ", &coefficients.flip_rate),
        range("m", &coefficients.mass),
        range("k", &coefficients.spring),
        range("κ", &coefficients.pinning),
    ];
    let thermostat = |(site, t): &(usize, Thermostat)| {
        let (temperature, friction) = (digits(t.temperature, 6), digits(t.friction, 6));
        format!("atom {site}: T = {temperature}, λ = {friction}")
    };
    let thermostats = &coefficients.thermostats;
    let thermostats = match thermostats.len() {
        0 => "no thermostat".to_string(),
        1..=4 => thermostats.iter().map(thermostat).collect::<Vec<_>>().join("; "),
        count => format!("{count} thermostats"),
    };
    let forces = match coefficients.forces.len() {
        0 => String::new(),
        count => format!("; {}", counted(count, "force")),
    };
    let kind = if chain.topology == Topology::Ring { "ring" } else { "open chain" };
    format!("{kind}, N = {}, {}\n{thermostats}{forces}", chain.bonds, all.join(", "))
}

/// The output times: "t = τ/N², 0.001 to 1 (4 outputs), that is τ = 10 to 10000".
pub(super) fn times(times: &Times, chain: &Chain) -> String {
    let (values, unit) = (&times.values, chain.time_unit(times.scale));
    let outputs = counted(values.len(), "output");
    let interval = |factor: f64| match &values[..] {
        [] => String::new(),
        [only] => digits(only * factor, 4),
        [first, .., last] => {
            format!("{} to {}", digits(first * factor, 4), digits(last * factor, 4))
        }
    };
    let scale = match times.scale {
        TimeScale::Microscopic => return format!("t = τ, {} ({outputs})", interval(1.0)),
        TimeScale::Ballistic => "τ/N",
        TimeScale::Diffusive => "τ/N²",
    };
    format!("t = {scale}, {} ({outputs}), that is τ = {}", interval(1.0), interval(unit))
}

/// A number of things: "1 step", "2 steps", "2 frequencies".
pub(crate) fn counted(count: usize, thing: &str) -> String {
    match thing.strip_suffix('y') {
        _ if count == 1 => format!("1 {thing}"),
        Some(stem) => format!("{count} {stem}ies"),
        None => format!("{count} {thing}s"),
    }
}

/// The stationary current and its sign, where it has a closed form.
pub(super) fn current(chain: &Chain) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn a_question_is_said_in_short_lines_with_the_times_in_both_units() {
        let text = "chain = { topology = 'open', bonds = 100, flip_rate = 1 }
                    left.thermostat.temperature = 2
                    right.force = { mean = 2, period = 4.8, harmonics = [{ order = 1, amplitude = 3 }] }
                    time = { scale = 'diffusive', outputs = [0.001, 1] }";
        let scenario = Scenario::from_str_named(text, "inline", &[]).unwrap();
        let open = Chain::new(&scenario);
        let said = chain(&open);
        assert_eq!(
            said,
            "open chain, N = 100, γ = 1\n\
             left end: T = 2, λ = 1; right end: free; force 2 and 1 harmonic, period 4.8"
        );
        let asked = Times::of(&scenario).unwrap();
        assert_eq!(
            times(&asked, &open),
            "t = τ/N², 0.001 to 1 (2 outputs), that is τ = 10 to 10000"
        );
        assert_eq!(times(&Times::microscopic([3.0]), &open), "t = τ, 3 (1 output)");
    }
}
