//! Paged lists. A token names the last item of a page instead of a position, so that a list that changes between two
//! pages neither repeats nor skips items.

use base64::{Engine, prelude::BASE64_URL_SAFE};
use serde::Deserialize;

use super::input::invalid;
use crate::demo::wire::ApiError;

/// The parameters shared by all paged operations.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PageRequest {
    pub(super) next_token: Option<String>,
    pub(super) max_results: Option<i64>,
}

/// The items of a page, and the token of the next page.
pub(super) type Page<T> = (Vec<T>, Option<String>);

fn token(list: &str, last: &str) -> String {
    BASE64_URL_SAFE.encode(format!("{list}\n{last}"))
}

fn read_token(list: &str, token: &str) -> Option<String> {
    let text = String::from_utf8(BASE64_URL_SAFE.decode(token).ok()?).ok()?;
    let (of, last) = text.split_once('\n')?;
    (of == list).then(|| last.to_owned())
}

/// The page of `items` (sorted by key in either direction) for `request`. `list` names the list, so that tokens of
/// other lists are refused; `default` is the page size if none is requested, `most` the largest.
pub(super) fn page<T>(
    request: &PageRequest,
    list: &str,
    default: usize,
    most: usize,
    items: Vec<(String, T)>,
) -> Result<Page<T>, ApiError> {
    let size = match request.max_results {
        None => default,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=most).contains(size))
            .ok_or_else(|| invalid(format!("maxResults must be between 1 and {most}.")))?,
    };
    let start = match request.next_token.as_deref().filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            let last = read_token(list, token).ok_or_else(|| invalid("Invalid token."))?;
            let falling = items.first().zip(items.last()).is_some_and(|((first, _), (last, _))| first > last);
            items.partition_point(|(key, _)| if falling { *key >= last } else { *key <= last })
        }
    };
    let next = items.get(start..).filter(|rest| rest.len() > size).and_then(|rest| rest.get(size - 1));
    let next = next.map(|(key, _)| token(list, key));
    Ok((items.into_iter().skip(start).take(size).map(|(_, item)| item).collect(), next))
}

/// Items that are their own sort keys.
pub(super) fn keyed(mut items: Vec<String>) -> Vec<(String, String)> {
    items.sort_unstable();
    items.into_iter().map(|item| (item.clone(), item)).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn walk(items: &[String], size: Option<i64>, default: usize) -> Vec<usize> {
        let (mut pages, mut seen, mut next_token) = (Vec::new(), Vec::new(), None);
        loop {
            let request = PageRequest { next_token, max_results: size };
            let (page, next) = page(&request, "things", default, 100, keyed(items.to_vec())).unwrap();
            pages.push(page.len());
            seen.extend(page);
            next_token = next;
            if next_token.is_none() {
                break;
            }
        }
        assert_eq!(seen, items);
        pages
    }

    #[rstest]
    #[case(0, None, &[0])]
    #[case(1, None, &[1])]
    #[case(10, None, &[10])]
    #[case(11, None, &[10, 1])]
    #[case(100, Some(100), &[100])]
    #[case(101, Some(100), &[100, 1])]
    #[case(3, Some(1), &[1, 1, 1])]
    fn every_item_comes_once(#[case] count: usize, #[case] size: Option<i64>, #[case] pages: &[usize]) {
        let items: Vec<String> = (0..count).map(|number| format!("{number:04}")).collect();
        assert_eq!(walk(&items, size, 10), pages);
    }

    #[test]
    fn a_changing_list_neither_repeats_nor_skips_items() {
        let items = |names: &[&str]| keyed(names.iter().map(ToString::to_string).collect());
        let request = PageRequest { max_results: Some(2), ..PageRequest::default() };
        let (_, next_token) = page(&request, "things", 10, 100, items(&["a", "b", "c", "d"])).unwrap();
        let request = PageRequest { next_token, ..request };
        let (rest, next) = page(&request, "things", 10, 100, items(&["a", "aa", "c", "d"])).unwrap();
        assert_eq!(rest, ["c", "d"]);
        assert_eq!(next, None);
    }

    #[test]
    fn descending_lists_are_paged() {
        let items = || ["c", "b", "a"].map(|name| (name.to_owned(), name)).to_vec();
        let request = PageRequest { max_results: Some(2), ..PageRequest::default() };
        let (first, next_token) = page(&request, "things", 10, 100, items()).unwrap();
        let (second, _) = page(&PageRequest { next_token, ..request }, "things", 10, 100, items()).unwrap();
        assert_eq!((first, second), (vec!["c", "b"], vec!["a"]));
    }

    #[rstest]
    #[case(Some("nonsense!"), None)]
    #[case(Some("bm9uc2Vuc2U="), None)]
    #[case(None, Some(0))]
    #[case(None, Some(101))]
    #[case(None, Some(-1))]
    fn invalid_paging_parameters_are_refused(#[case] next_token: Option<&str>, #[case] max_results: Option<i64>) {
        let request = PageRequest { next_token: next_token.map(str::to_owned), max_results };
        let error = page(&request, "things", 10, 100, keyed(vec!["a".into()])).unwrap_err();
        assert_eq!((error.status, error.code), (400, "InvalidParameterException"));
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let request = PageRequest { next_token: Some(token("others", "a")), max_results: None };
        assert!(page(&request, "things", 10, 100, keyed(vec!["b".into()])).is_err());
    }
}
