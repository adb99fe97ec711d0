//! "Did you mean ...?": finds the known word nearest to a misspelled one.

/// The known word nearest to `name`, capitals aside, or nothing where none is near: at most one
/// error (a letter more, less, wrong, or two exchanged), and one more for every three letters.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A word of 80 characters is like no other.
    let name: String = name.chars().take(80).collect::<String>().to_lowercase();
    let distance = |word: &str| strsim::osa_distance(&name, &word.to_lowercase());
    let (distance, word) = known.into_iter().map(|word| (distance(word), word)).min()?;
    (distance <= 1 + word.len() / 3 && distance < word.chars().count()).then_some(word)
}

/// " (did you mean WORD?)", or nothing where no known word is near.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or(String::new(), |word| format!(" (did you mean {word}?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_named_and_a_word_like_no_other_has_none() {
        let known = ["parabola", "uphill", "periodic"];
        for (typed, meant) in [
            ("parabla", Some("parabola")),
            ("Uphill", Some("uphill")),
            ("uphlil", Some("uphill")),
            ("banana", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
        assert_eq!(did_you_mean("perodic", known), " (did you mean periodic?)");
        // A word of one letter is not near to every other letter.
        assert_eq!(nearest("T", ["x"]), None);
    }
}
