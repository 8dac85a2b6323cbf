//! Scope rules: what a profile, an account, a Region or a cluster is called, and whether it may be changed.

use regex::Regex;
use serde::{Deserialize, Deserializer, de};

use crate::{data::Identity, resource::Tone};

/// Names a scope. Every part that is given must match; the first rule that matches counts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeRule {
    pub account: Option<Glob>,
    pub profile: Option<Glob>,
    pub region: Option<Glob>,
    pub cluster: Option<Glob>,
    /// The word on the band in the header: `PROD`.
    pub env: String,
    /// How the band strikes the eye; the theme gives it its colour.
    #[serde(default)]
    pub tone: Tone,
    /// Absent: as without the rule.
    pub mode: Option<Mode>,
}

/// Whether calls that change something are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    ReadOnly,
    Write,
}

impl ScopeRule {
    /// Whether the rule is about `identity`, looking at `cluster`.
    pub fn matches(&self, identity: &Identity, cluster: Option<&str>) -> bool {
        [
            (&self.account, identity.account.as_deref()),
            (&self.profile, identity.signer()),
            (&self.region, identity.region.as_deref()),
            (&self.cluster, cluster),
        ]
        .into_iter()
        .all(|(glob, name)| glob.as_ref().is_none_or(|glob| name.is_some_and(|name| glob.matches(name))))
    }

    /// The rules that hold where the file has none: production is called so.
    pub fn shipped() -> Vec<Self> {
        let production = || Glob::new("*prod*|*prd*|live|*-live|live-*").ok();
        let rule = Self {
            account: None,
            profile: None,
            region: None,
            cluster: None,
            env: "PROD".into(),
            tone: Tone::Bad,
            mode: Some(Mode::ReadOnly),
        };
        vec![Self { profile: production(), ..rule.clone() }, Self { cluster: production(), ..rule }]
    }
}

/// A pattern for names: `*` is any text, `?` any character, `|` parts alternatives; case is ignored.
#[derive(Debug, Clone)]
pub struct Glob {
    source: String,
    regex: Regex,
}

impl Glob {
    /// # Errors
    /// When the pattern is empty or absurdly long.
    pub fn new(source: &str) -> Result<Self, String> {
        if source.is_empty() {
            return Err("an empty pattern matches nothing; leave the key out to match everything".into());
        }
        let pattern = regex::escape(source).replace(r"\*", ".*").replace(r"\?", ".").replace(r"\|", "|");
        let regex = Regex::new(&format!("(?is)^(?:{pattern})$")).map_err(|error| error.to_string())?;
        Ok(Self { source: source.to_owned(), regex })
    }

    pub fn matches(&self, name: &str) -> bool {
        self.regex.is_match(name)
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("*prod*", "payments-Prod-eu", true)]
    #[case("prod", "prod-eu", false)]
    #[case("1234????????", "123456789012", true)]
    #[case("a.c", "abc", false)]
    #[case("live|*-live", "shop-live", true)]
    #[case("live|*-live", "delivery", false)]
    fn globs(#[case] glob: &str, #[case] name: &str, #[case] expected: bool) {
        assert_eq!(Glob::new(glob).unwrap().matches(name), expected);
    }

    #[test]
    fn all_parts_must_match_and_an_unknown_part_does_not() {
        let rule = ScopeRule { region: Glob::new("eu-*").ok(), ..ScopeRule::shipped().remove(0) };
        let identity = |profile: Option<&str>, region: &str| Identity {
            profile: profile.map(Into::into),
            region: Some(region.into()),
            ..Identity::default()
        };
        assert!(rule.matches(&identity(Some("prod"), "eu-west-1"), None));
        assert!(!rule.matches(&identity(Some("prod"), "us-east-1"), None));
        assert!(!rule.matches(&identity(None, "eu-west-1"), None));
    }
}
