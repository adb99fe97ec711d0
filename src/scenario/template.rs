//! A scenario that is read many times, each time with other values of some keys.

use super::document::shortened;
use super::{Scenario, ScenarioError, text};
use std::path::{Path, PathBuf};

/// The text of a scenario and its overrides. The varied keys get their values later.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    text: String,
    /// Its name in messages.
    name: String,
    /// The file that paths in it are relative to.
    file: Option<PathBuf>,
    overrides: Vec<String>,
}

impl Template {
    /// Reads a file, with overrides `key.path=value`.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Template, ScenarioError> {
        let template = Template::of_text(&text(path)?, &path.display().to_string(), overrides);
        Ok(Template { file: Some(path.into()), ..template })
    }

    /// Takes a text in memory; messages use `name` as the name of the file.
    pub fn of_text(text: &str, name: &str, overrides: &[String]) -> Template {
        let (text, name) = (text.into(), name.into());
        Template { text, name, file: None, overrides: overrides.to_vec() }
    }

    /// The scenario in which these keys have these values, after the overrides. Messages name a
    /// varied key as one of `--vary`.
    pub fn with(&self, varied: &[(&str, String)]) -> Result<Scenario, ScenarioError> {
        let varied: Vec<String> =
            varied.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let overrides = [&self.overrides[..], &varied].concat();
        let scenario = match &self.file {
            Some(file) => {
                Scenario::read_beside(&self.text, &self.name, &overrides, file, |_| Ok(()))
            }
            None => Scenario::from_str_named(&self.text, &self.name, &overrides),
        };
        scenario.map_err(|error| of_varied(error, &varied))
    }
}

/// The message of an override that is a varied key.
fn of_varied(error: ScenarioError, varied: &[String]) -> ScenarioError {
    let ScenarioError::Value { place, key, found, allowed } = error else { return error };
    let is_varied = varied.iter().any(|set| place == format!("--set {}", shortened(set)));
    let place = if is_varied { "--vary".into() } else { place };
    ScenarioError::Value { place, key, found, allowed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varied_keys_come_after_the_overrides_and_are_named_in_messages() {
        let text = "chain = { topology = 'open', bonds = 4, flip_rate = 1 }";
        let template = Template::of_text(text, "inline", &["chain.flip_rate=2".into()]);
        let with = |key: &str, value: &str| template.with(&[(key, value.into())]);
        assert_eq!(with("chain.bonds", "8").unwrap().chain.flip_rate, 2.0.into());
        assert_eq!(with("chain.flip_rate", "3").unwrap().chain.flip_rate, 3.0.into());
        for (key, value, says) in [
            ("chain.bonds", "8.5", "--vary: chain.bonds: found 8.5; allowed: an integer"),
            ("chain.flip_rat", "1", "--vary: chain.flip_rat: found an unknown key"),
            ("chain.flip_rat", "1", "(did you mean flip_rate?)"),
            ("chain.flip_rate", "-1", "--vary: chain.flip_rate: found -1;"),
        ] {
            let said = with(key, value).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        }
    }
}
