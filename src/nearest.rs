//! "Did you mean": finds the valid words closest to a mistyped one.

/// The candidates most similar to `word`, best first, at most three; empty if none is similar.
///
/// Typing errors (edits and swapped neighbours) and shared beginnings count; case does not. `word` itself is never
/// suggested.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = word;
    let word = word.to_lowercase();
    let mut scored: Vec<(f64, &str)> = candidates
        .into_iter()
        .filter(|candidate| *candidate != typed)
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score > SIMILAR)
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.dedup_by_key(|(_, candidate)| *candidate);
    scored.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// The Jaro-Winkler similarity (0 to 1) above which two words are considered similar.
const SIMILAR: f64 = 0.75;

/// Returns whether `word` is `known` with one or two typing errors: the first letter must match, and words under four
/// letters are excluded, because they resemble too many others.
pub fn mistyped(word: &str, known: &str) -> bool {
    let (word, known) = (word.to_lowercase(), known.to_lowercase());
    let length = word.chars().count();
    let errors = if length < 8 { 1 } else { 2 };
    length >= 4 && word.chars().next() == known.chars().next() && strsim::osa_distance(&word, &known) <= errors
}

/// The end of a message about an unknown word: the nearest valid ones, or all of them if none is similar.
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

/// The message about an unknown word: ``unknown cluster `prdo`; did you mean prod?``
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
    fn the_best_match_comes_first(#[case] typed: &str, #[case] meant: &str) {
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
    fn a_word_similar_to_none_lists_all_candidates() {
        assert_eq!(nearest("xyzzy", WORDS), Vec::<&str>::new());
        assert_eq!(hint("xyzzy", ["a", "b"]), "; one of a, b");
        assert_eq!(hint("xyzzy", []), "");
    }

    #[test]
    fn the_typed_word_is_never_suggested() {
        assert_eq!(nearest("task", ["task", "tasks", "Task"]), ["Task", "tasks"]);
        assert_eq!(hint("prod", ["prod", "x"]), "; one of x");
    }

    #[test]
    fn at_most_three_are_suggested() {
        let regions = ["eu-west-1", "eu-west-2", "eu-west-3", "eu-west-4"];
        assert_eq!(nearest("eu-wset-1", regions).len(), 3);
        assert_eq!(hint("eu-wset-1", ["eu-west-1", "us-gov-x"]), "; did you mean eu-west-1?");
    }
}
