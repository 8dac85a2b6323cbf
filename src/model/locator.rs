//! Locators: the address of a row, to share with a colleague: `scope://profile/region/cluster/kind/name?filter`.
//! `:open` and the command line open it.

use std::{fmt, str::FromStr};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::{
    Model, Table,
    command::{Args, view_word},
    screens::text::TextSubject,
};
use crate::{
    nearest,
    resource::{Kind, Status, query::PARTS},
};

/// The prefix of a locator.
pub const SCHEME: &str = "scope://";

/// Stands for an absent part.
const ABSENT: &str = "-";

/// Characters that are escaped within a part, for the locator's syntax or for a shell.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'/').add(b'?').add(b'#').add(b'\'').add(b'"');

/// A row of a view in a scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Locator {
    pub profile: Option<String>,
    pub region: Option<String>,
    pub cluster: Option<String>,
    /// The word for a view: `service`, `stopped`.
    pub kind: String,
    /// The name of a row, or its id if the name is ambiguous; absent for the view itself.
    pub name: Option<String>,
    pub filter: Option<String>,
}

impl FromStr for Locator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("invalid locator `{text}`; expected {SCHEME}profile/region/cluster/kind/name?filter");
        let rest = text.trim().strip_prefix(SCHEME).ok_or_else(invalid)?;
        let (path, filter) = rest.split_once('?').map_or((rest, None), |(path, filter)| (path, Some(filter)));
        let part = |part: &str| match part {
            "" | ABSENT => Ok(None),
            part => percent_decode_str(part).decode_utf8().map(|part| Some(part.into_owned())).map_err(|_| invalid()),
        };
        let parts = path.split('/').map(part).collect::<Result<Vec<_>, _>>()?;
        let (scope, name) = match parts.as_slice() {
            [scope @ .., name] if scope.len() == 4 => (scope, name.clone()),
            scope if scope.len() == 4 => (scope, None),
            _ => return Err(invalid()),
        };
        let [profile, region, cluster, Some(kind)] = scope else { return Err(invalid()) };
        let (profile, region, cluster) = (profile.clone(), region.clone(), cluster.clone());
        let filter = filter.map(part).transpose()?.flatten();
        Ok(Self { profile, region, cluster, kind: kind.clone(), name, filter })
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part: Option<&str>| match part {
            None | Some("") => ABSENT.to_owned(),
            // A name that equals the sign for an absent part.
            Some(ABSENT) => "%2D".to_owned(),
            Some(part) => utf8_percent_encode(part, ESCAPED).to_string(),
        };
        let [profile, region, cluster] = [&self.profile, &self.region, &self.cluster].map(|it| part(it.as_deref()));
        write!(f, "{SCHEME}{profile}/{region}/{cluster}/{}/{}", part(Some(&self.kind)), part(self.name.as_deref()))?;
        match self.filter.as_deref() {
            None | Some("") => Ok(()),
            filter => write!(f, "?{}", part(filter)),
        }
    }
}

impl Locator {
    /// The view of its row.
    ///
    /// # Errors
    ///
    /// If the kind is unknown, with the nearest.
    pub(super) fn view(&self, kinds: &[&'static Kind]) -> Result<(&'static Kind, Status), String> {
        let unknown = || nearest::unknown("kind", &self.kind, kinds.iter().map(|kind| kind.name));
        view_word(kinds, &self.kind).ok_or_else(unknown)
    }
}

impl Model {
    /// The locator of a row, with the filter of the table on screen.
    pub(super) fn locate(&self, subject: &TextSubject) -> Locator {
        let identity = &self.snapshot.identity;
        let row = &subject.row;
        let part = PARTS.iter().find(|(_, kind, status)| {
            *kind == row.kind().name && *status == Status::Stopped && row.states().contains(&"stopped")
        });
        let name = row.name();
        let rows = self.snapshot.feeds_of(&subject.view).into_iter().flat_map(|feed| feed.rows.iter());
        let name = match rows.filter(|entry| entry.row.name() == name).nth(1) {
            None => name.into_owned(),
            Some(_) => row.id().to_owned(),
        };
        let filter = self.front.get::<Table>().map(|table| table.filter.text()).filter(|text| !text.is_empty());
        Locator {
            profile: identity.profile.clone().or_else(|| self.scope.profile.clone()),
            region: identity.region.clone().or_else(|| self.scope.region.clone()),
            cluster: row.cluster().filter(|_| row.kind().in_cluster).map(str::to_owned),
            kind: part.map_or(row.kind().name, |(word, ..)| *word).to_owned(),
            name: Some(name),
            filter: filter.map(str::to_owned),
        }
    }

    /// Opens a locator in its scope.
    pub(super) fn open_locator(&mut self, text: &str) -> Result<(), String> {
        let locator: Locator = text.parse()?;
        let (kind, status) = locator.view(self.kinds)?;
        let here = self.snapshot.identity.clone();
        let profile =
            locator.profile.filter(|name| ![&here.profile, &self.scope.profile].contains(&&Some(name.clone())));
        // A profile has its own Region, so a locator with a profile always names the Region.
        let region = locator.region.filter(|name| profile.is_some() || here.region.as_ref() != Some(name));
        let scope = match (profile, region) {
            (None, None) => None,
            (profile, region) => Some([profile.unwrap_or_default(), region.unwrap_or_default()].join("/")),
        };
        let cluster = locator.cluster.as_deref().unwrap_or("all");
        let args = Args {
            cluster: kind.in_cluster.then_some(cluster),
            filter: locator.filter.as_deref(),
            scope: scope.as_deref(),
            since: None,
        };
        self.show_kind(kind, status, &args)?;
        self.table_mut(|table| {
            if locator.filter.is_none() {
                table.filter = super::RowFilter::default();
            }
            table.faults_only = false;
            table.sought = locator.name;
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn any_part() -> impl Strategy<Value = Option<String>> {
        prop::option::of(prop_oneof![Just("-".to_owned()), "\\PC{1,20}", "[a-z/?%#'\" -]{1,12}"])
    }

    proptest! {
        #[test]
        fn a_locator_is_parsed_as_it_was_formatted(
            scope in (any_part(), any_part(), any_part()),
            kind in "[a-z]{1,10}",
            name in any_part(),
            filter in any_part(),
        ) {
            let (profile, region, cluster) = scope;
            let locator = Locator { profile, region, cluster, kind, name, filter };
            let text = locator.to_string();
            prop_assert!(!text.contains(char::is_whitespace) || text.contains('\u{a0}') || !text.is_ascii(), "{}", text);
            prop_assert_eq!(text.parse::<Locator>(), Ok(locator));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,60}") {
            let _ = text.parse::<Locator>();
            let _ = format!("{SCHEME}{text}").parse::<Locator>();
        }
    }

    #[rstest]
    #[case("scope://p/r/c/service")]
    #[case("scope://-/-/-/cluster/web")]
    #[case("scope://p/r/c/stopped/1a2b?exit=137%20age<30m")]
    fn locators(#[case] text: &str) {
        assert!(text.parse::<Locator>().is_ok());
    }

    #[rstest]
    #[case("service")]
    #[case("scope://p/r/c")]
    #[case("scope://p/r/c/-/x")]
    #[case("scope://p/r/c/service/a/b")]
    #[case("scope://p/r/c/service/%ff")]
    fn the_error_for_an_invalid_locator_shows_the_format(#[case] text: &str) {
        assert!(
            text.parse::<Locator>().unwrap_err().starts_with(&format!("invalid locator `{text}`; expected scope://"))
        );
    }
}
