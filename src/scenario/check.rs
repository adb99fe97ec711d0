//! Checks that a schema cannot express: which keys go together, the order of the times, the
//! profiles on the grid.

mod sites;

use super::document::{Document, shortened};
use super::node::Value;
use super::schema::LARGEST_NUMBER;
use super::{Expression, OutputRange, Outputs, Scenario, ScenarioError, Spacing, Topology};

/// Checks a scenario of valid form, except for the values of its profiles; `document` gives the
/// places for messages.
pub(super) fn meaning(scenario: &Scenario, document: &Document) -> Result<(), ScenarioError> {
    ring_has_no_ends(scenario, document)?;
    harmonics_have_a_period(scenario, document)?;
    sites::sites(scenario, document)?;
    sites::coefficients(scenario, document)?;
    if let Some(time) = &scenario.time {
        times_increase(&time.outputs, document)?;
    }
    if scenario.initial.is_some() { initial_keys_agree(document) } else { Ok(()) }
}

/// Checks the values of the initial profiles at every site. O(N).
pub(super) fn profiles(scenario: &Scenario, document: &Document) -> Result<(), ScenarioError> {
    sites::values(scenario, document)?;
    let Some(initial) = &scenario.initial else { return Ok(()) };
    sites::initial_of_pinned(scenario, initial, document)?;
    let r = || scenario.elongation_positions();
    let p = || scenario.momentum_positions();
    if let Some(tension) = &initial.tension {
        profile(tension, r(), false, "initial.tension", document)?;
    }
    profile(&initial.elongation, r(), false, "initial.elongation", document)?;
    profile(&initial.momentum, p(), false, "initial.momentum", document)?;
    if let Some(displacement) = &initial.displacement {
        profile(displacement, p(), false, "initial.displacement", document)?;
    }
    if let (Some(var_q), Some(var_p)) = (&initial.var_q, &initial.var_p) {
        profile(var_q, p(), true, "initial.var_q", document)?;
        return profile(var_p, p(), true, "initial.var_p", document);
    }
    if let (Some(var_r), Some(var_p)) = (&initial.var_r, &initial.var_p) {
        profile(var_r, r(), true, "initial.var_r", document)?;
        return profile(var_p, p(), true, "initial.var_p", document);
    }
    // Every r sits where a p sits, so the grid of p covers both variances.
    profile(&initial.temperature, p(), true, "initial.temperature", document)
}

/// A covariance file holds the variances, a Gibbs state the means.
fn initial_keys_agree(document: &Document) -> Result<(), ScenarioError> {
    let Value::Table(tables) = &document.root.value else { return Ok(()) };
    let Some(Value::Table(keys)) = tables.get("initial").map(|node| &node.value) else {
        return Ok(());
    };
    let has = |key: &str| keys.contains_key(key);
    // A mean that is written as "0" counts as left out.
    let says = |key: &str| match keys.get(key).map(|node| &node.value) {
        Some(Value::Text(text)) => text != "0" || !["elongation", "momentum"].contains(&key),
        value => value.is_some(),
    };
    let together =
        |first: &str, others: &[&str], allowed: &str| match others.iter().find(|key| says(key)) {
            Some(key) if has(first) => Err(document.refuse(
                &format!("initial.{key}"),
                format!("{key} beside {first}"),
                allowed,
            )),
            _ => Ok(()),
        };
    let held = "only elongation and momentum beside a covariance file, which holds the variances";
    together("covariance", &["temperature", "var_r", "var_q", "var_p", "state", "tension"], held)?;
    let gibbs = "only temperature and tension beside state = \"gibbs\", which sets the means";
    together("state", &["elongation", "momentum", "var_r", "var_q", "var_p"], gibbs)?;
    let both = "either temperature, or var_r and var_p";
    together("temperature", &["var_r", "var_q", "var_p"], both)?;
    together("var_q", &["var_r"], "var_q on a pinned chain, var_r on others")?;
    let with_var_p = if has("var_q") { "var_q" } else { "var_r" };
    for (key, other) in [("var_r", "var_p"), ("var_q", "var_p"), ("var_p", with_var_p)] {
        if has(key) && !has(other) {
            return Err(document.refuse(
                &format!("initial.{key}"),
                format!("{key} without {other}"),
                format!("{both} together"),
            ));
        }
    }
    if has("tension") && !has("state") {
        return Err(document.refuse(
            "initial.tension",
            "tension without a state",
            "tension beside state = \"gibbs\"",
        ));
    }
    if !has("temperature") && !has("var_p") && !has("covariance") {
        let allowed =
            "a number, or a mathematical expression in x between quotes (or var_r and var_p)";
        return Err(document.refuse(
            "initial.temperature",
            "nothing, but this key is required",
            allowed,
        ));
    }
    Ok(())
}

fn ring_has_no_ends(scenario: &Scenario, document: &Document) -> Result<(), ScenarioError> {
    let Value::Table(tables) = &document.root.value else { return Ok(()) };
    match ["left", "right"].into_iter().find(|end| tables.contains_key(*end)) {
        Some(end) if scenario.chain.topology == Topology::Ring => {
            let allowed =
                "neither [left] nor [right] with chain.topology = \"ring\", which has no ends";
            Err(document.refuse(end, format!("a {end} end on a ring"), allowed))
        }
        _ => Ok(()),
    }
}

fn harmonics_have_a_period(scenario: &Scenario, document: &Document) -> Result<(), ScenarioError> {
    match &scenario.right.force {
        Some(force) if !force.harmonics.is_empty() && force.period.is_none() => Err(document.refuse(
            "right.force.period",
            "harmonics without a period",
            "a finite number > 0, the period 2π/ω in microscopic time, whenever there are harmonics",
        )),
        _ => Ok(()),
    }
}

fn times_increase(outputs: &Outputs, document: &Document) -> Result<(), ScenarioError> {
    if let Outputs::Range(range) = outputs {
        range_is_one(range, document)?;
    }
    let times = outputs.times();
    let Some(n) = (1..times.len())
        .find(|&n| times[n].partial_cmp(&times[n - 1]) != Some(std::cmp::Ordering::Greater))
    else {
        return Ok(());
    };
    let [before, after] = [times[n - 1], times[n]];
    Err(match outputs {
        Outputs::List(_) if after == before => document.refuse(
            &format!("time.outputs[{n}]"),
            format!("{after:?} twice"),
            "each time once",
        ),
        Outputs::List(_) => {
            let found = format!("{after:?} after {before:?}");
            document.refuse(&format!("time.outputs[{n}]"), found, "times in increasing order")
        }
        Outputs::Range(range) => document.refuse(
            "time.outputs.count",
            format!(
                "{} times that cannot be told apart (the one after {before:?} is {after:?})",
                range.count
            ),
            "fewer times, or a longer interval",
        ),
    })
}

fn range_is_one(range: &OutputRange, document: &Document) -> Result<(), ScenarioError> {
    let OutputRange { from, to, count, spacing } = *range;
    if spacing == Spacing::Log && from == 0.0 {
        let allowed = "a finite number > 0 with spacing = \"log\"";
        return Err(document.refuse("time.outputs.from", format!("{from:?}"), allowed));
    }
    if count == 1 && from != to {
        let found = format!("1 time for the interval from {from:?} to {to:?}");
        return Err(document.refuse("time.outputs.count", found, "an integer ≥ 2, or from = to"));
    }
    if count > 1 && to <= from {
        let allowed = format!("a finite number > from = {from:?}");
        return Err(document.refuse("time.outputs.to", format!("{to:?}"), allowed));
    }
    Ok(())
}

/// Finite, not beyond [`LARGEST_NUMBER`] and, for a variance, not negative, at every point of the
/// grid.
fn profile(
    expression: &Expression,
    grid: impl Iterator<Item = f64>,
    is_variance: bool,
    key: &str,
    document: &Document,
) -> Result<(), ScenarioError> {
    let allowed = |value: f64| value.abs() <= LARGEST_NUMBER && (value >= 0.0 || !is_variance);
    let points = if expression.is_constant() { 1 } else { usize::MAX };
    let Some(x) = grid.take(points).find(|&x| !allowed(expression.eval(x))) else { return Ok(()) };
    let found = format!(
        "\"{}\", which is {:?} at x = {x:?}",
        shortened(expression.source()),
        expression.eval(x)
    );
    let range = if is_variance { "≥ 0 (and at most" } else { "(of size at most" };
    Err(document.refuse(
        key,
        found,
        format!("a finite number {range} {LARGEST_NUMBER:e}) at every site"),
    ))
}
