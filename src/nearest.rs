//! "Did you mean": the valid word closest to what was typed.

/// The candidates most like `word`, best first, at most three; empty when none is at all like it.
///
/// Typing errors (edits and swapped neighbours) and shared beginnings count; case does not. `word` itself is never
/// offered.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = word;
    let word = word.to_lowercase();
    let mut scored: Vec<(f64, &str)> = candidates
        .into_iter()
        .filter(|candidate| *candidate != typed)
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score > ALIKE)
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.dedup_by_key(|(_, candidate)| *candidate);
    scored.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// Jaro-Winkler similarity (0 to 1) from which two words look like the same one mistyped.
const ALIKE: f64 = 0.75;

/// Whether `word` is `known` with a typing error or two: never another first letter, and nothing shorter than four letters,
/// where any word is like any other.
pub fn mistyped(word: &str, known: &str) -> bool {
    let (word, known) = (word.to_lowercase(), known.to_lowercase());
    let length = word.chars().count();
    let errors = if length < 8 { 1 } else { 2 };
    length >= 4 && word.chars().next() == known.chars().next() && strsim::osa_distance(&word, &known) <= errors
}

/// How a message about an unknown word ends: the nearest valid ones, or all of them when there are few or none is near.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str, IntoIter: Clone>) -> String {
    let candidates = candidates.into_iter().filter(|candidate| *candidate != word);
    match nearest(word, candidates.clone()).as_slice() {
        [] => match candidates.collect::<Vec<_>>().as_slice() {
            [] => String::new(),
            few if few.len() <= 16 => format!("; one of {}", few.join(", ")),
            head => format!("; one of {}, …", head[..16].join(", ")),
        },
        near => format!("; did you mean {}?", near.join(" or ")),
    }
}

/// What is said of a word that is none of those known: ``unknown cluster `prdo`; did you mean prod?``
pub fn unknown<'a>(what: &str, word: &str, candidates: impl IntoIterator<Item = &'a str, IntoIter: Clone>) -> String {
    format!("unknown {what} `{word}`{}", hint(word, candidates))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const WORDS: [&str; 5] = ["service", "services", "task", "cluster", "container"];

    #[rstest]
    #[case("servcie", "service")]
    #[case("Tsak", "task")]
    #[case("clusters", "cluster")]
    #[case("contaner", "container")]
    fn the_best_comes_first(#[case] typed: &str, #[case] meant: &str) {
        assert_eq!(nearest(typed, WORDS).first(), Some(&meant));
    }

    #[rstest]
    #[case("exti", "exit", true)]
    #[case("clustr", "cluster", true)]
    #[case("Staus", "status", true)]
    #[case("tasks", "task", true)]
    #[case("pause", "cause", false)]
    #[case("node", "name", false)]
    #[case("api", "app", false)]
    #[case("nginx", "name", false)]
    #[case("deployemnts", "deployment", true)]
    fn a_word_is_mistyped_when_a_letter_or_two_are_wrong(#[case] word: &str, #[case] known: &str, #[case] is: bool) {
        assert_eq!(mistyped(word, known), is);
    }

    #[test]
    fn a_word_like_nothing_lists_what_there_is() {
        assert_eq!(nearest("xyzzy", WORDS), Vec::<&str>::new());
        assert_eq!(hint("xyzzy", ["a", "b"]), "; one of a, b");
        assert_eq!(hint("xyzzy", []), "");
    }

    #[test]
    fn the_word_that_was_typed_is_never_offered() {
        assert_eq!(nearest("task", ["task", "tasks", "Task"]), ["Task", "tasks"]);
        assert_eq!(hint("prod", ["prod", "x"]), "; one of x");
    }

    #[test]
    fn at_most_three_are_offered() {
        let regions = ["eu-west-1", "eu-west-2", "eu-west-3", "eu-west-4"];
        assert_eq!(nearest("eu-wset-1", regions).len(), 3);
        assert_eq!(hint("eu-wset-1", ["eu-west-1", "us-gov-x"]), "; did you mean eu-west-1?");
    }
}
