//! Scope rules: the environment name of a profile, account, Region or cluster, and whether changes are allowed there.

use jiff::Timestamp;
use regex::Regex;
use serde::{Deserialize, Deserializer, de};

use super::{Model, Table};
use crate::{
    aws::{Access, Identity},
    change::{self, ChangeKind, Risk},
    event::Effect,
    journal::SESSION,
    nearest::hint,
    resource::Tone,
};

/// A rule for scopes. All given parts must match; the first matching rule applies.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeRule {
    pub account: Option<Glob>,
    pub profile: Option<Glob>,
    pub region: Option<Glob>,
    pub cluster: Option<Glob>,
    /// Name of the environment in the header's band: `PROD`.
    pub env: String,
    /// Tone of the band; the theme sets its colour.
    #[serde(default)]
    pub tone: Tone,
    /// The access mode; absent to leave it to the default.
    pub mode: Option<AccessMode>,
    /// What confirms a change; absent: its name in production and where it can't be undone.
    pub confirm: Option<ConfirmBy>,
    /// Targets of one change, at most.
    pub max_bulk: Option<usize>,
    /// Changes that are refused, by name.
    #[serde(default, deserialize_with = "change_names")]
    pub deny: Vec<String>,
}

/// What confirms a change in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmBy {
    /// The button of the dialog, but for what can't be undone.
    Button,
    /// The name of the target.
    Name,
}

/// Reads the names of changes.
fn change_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let known = || change::KINDS.iter().map(|kind| kind.name).chain([SESSION]);
    match names.iter().find(|name| !known().any(|known| known == name.as_str())) {
        Some(unknown) => Err(de::Error::custom(format!("unknown change `{unknown}`{}", hint(unknown, known())))),
        None => Ok(names),
    }
}

/// Whether calls that change something are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessMode {
    ReadOnly,
    Write,
}

/// The user's choice of access mode in the current scope. It overrides rules, and ends with the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOverride {
    ReadOnly,
    Write,
    /// Until this time, and only while the same rule matches as when it was chosen: permission in a sandbox must not
    /// extend to production.
    WriteUntil {
        until: Timestamp,
        rule: Option<usize>,
    },
}

/// Environment name and access mode of the current scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeState {
    /// Index of the rule that sets both; absent if none matches, or none does yet.
    pub rule: Option<usize>,
    pub mode: AccessMode,
}

impl Model {
    /// Environment name and access mode by the rules, from what is known now.
    pub fn scope_state(&self) -> ScopeState {
        let identity = &self.snapshot.identity;
        let state = self.settings.scope_state(identity, self.cluster.as_deref());
        // Without a Region there are no clients, and the account is unknown.
        if identity.region.is_none() { ScopeState { mode: AccessMode::ReadOnly, ..state } } else { state }
    }

    /// The cluster that the screen is about: that of the row of a text or a log, or else the one in use.
    pub fn cluster_on_screen(&self) -> Option<&str> {
        let screens = std::iter::once(&self.front).chain(self.behind.iter().rev());
        let mut texts = screens.take_while(|screen| !screen.is::<Table>());
        texts.find_map(|screen| screen.cluster()).or(self.cluster.as_deref())
    }

    /// The rule for the cluster on screen.
    pub(super) fn rule_on_screen(&self) -> Option<&ScopeRule> {
        let state = self.settings.scope_state(&self.snapshot.identity, self.cluster_on_screen());
        self.settings.scopes.get(state.rule?)
    }

    /// The access mode for the cluster on screen: changes also need that of the current scope.
    pub(super) fn access_on_screen(&self) -> Access {
        match self.access() {
            Access::ReadOnly => Access::ReadOnly,
            _ => self.access_in(self.cluster_on_screen()),
        }
    }

    /// The current access mode, for the clients' guard.
    pub fn access(&self) -> Access {
        self.access_by(self.scope_state())
    }

    /// The access mode for objects in `cluster`.
    pub fn access_in(&self, cluster: Option<&str>) -> Access {
        self.access_by(self.settings.scope_state(&self.snapshot.identity, cluster))
    }

    fn access_by(&self, state: ScopeState) -> Access {
        match self.write_override {
            Some(WriteOverride::ReadOnly) => Access::ReadOnly,
            Some(WriteOverride::Write) => Access::Write,
            Some(WriteOverride::WriteUntil { until, rule }) if rule == state.rule => Access::WriteUntil(until),
            _ => match state.mode {
                AccessMode::ReadOnly => Access::ReadOnly,
                AccessMode::Write => Access::Write,
            },
        }
    }

    /// Sends the access mode to the clients' guard if it has changed.
    pub(super) fn send_access(&mut self) {
        let access = self.access();
        if self.sent_access != access {
            self.sent_access = access;
            self.out.push(Effect::SetAccess(access));
        }
    }
}

impl ScopeRule {
    /// Refuses a change that the rule denies, or one of too many targets.
    ///
    /// # Errors
    /// Why, in words.
    pub fn require_allowed(rule: Option<&Self>, kind: &ChangeKind, targets: usize) -> Result<(), String> {
        Self::require_permitted(rule, kind.name)?;
        Self::require_few(rule, targets, "change is made to")
    }

    /// Refuses more targets than the rule allows at once. `what` is done, as in `change is made to`.
    ///
    /// # Errors
    /// How many it allows.
    pub fn require_few(rule: Option<&Self>, targets: usize, what: &str) -> Result<(), String> {
        let most = rule.and_then(|rule| rule.max_bulk).unwrap_or(change::MAX_BULK);
        match targets > most {
            true => Err(format!("{targets} targets are too many; one {what} {most} at most")),
            false => Ok(()),
        }
    }

    /// Refuses what the rule denies by name: a change or a session.
    ///
    /// # Errors
    /// Which rule denies it.
    pub fn require_permitted(rule: Option<&Self>, name: &str) -> Result<(), String> {
        match rule.filter(|rule| rule.deny.iter().any(|denied| denied == name)) {
            Some(rule) => Err(format!("the rule for {} denies {name}", rule.env)),
            None => Ok(()),
        }
    }

    /// The risk of a change of this risk in its scope.
    pub fn risk_of(rule: Option<&Self>, risk: Risk) -> Risk {
        match rule.map(|rule| (rule.confirm, rule.tone)) {
            Some((Some(ConfirmBy::Name), _)) => Risk::Destructive,
            Some((None, Tone::Bad)) => risk.raised(),
            _ => risk,
        }
    }

    /// Whether a question comes before a session there: in production, and where changes need a name.
    pub fn asks_before_session(rule: Option<&Self>) -> bool {
        Self::risk_of(rule, Risk::Reversible) != Risk::Reversible
    }

    /// Whether the rule matches `identity` and `cluster`; `None` if that depends on the account, which is unknown yet.
    pub fn matches(&self, identity: &Identity, cluster: Option<&str>) -> Option<bool> {
        let parts =
            [(&self.profile, identity.signer()), (&self.region, identity.region.as_deref()), (&self.cluster, cluster)];
        let fits = |glob: &Option<Glob>, name: Option<&str>| {
            glob.as_ref().is_none_or(|glob| name.is_some_and(|name| glob.matches(name)))
        };
        if !parts.into_iter().all(|(glob, name)| fits(glob, name)) {
            return Some(false);
        }
        let account = identity.account.as_deref();
        (self.account.is_none() || account.is_some()).then(|| fits(&self.account, account))
    }

    /// The rules that apply without any in the file: names of production.
    pub fn shipped() -> Vec<Self> {
        let production = || Glob::new("*prod*|*prd*|live|*-live|live-*").ok();
        let rule = Self {
            account: None,
            profile: None,
            region: None,
            cluster: None,
            env: "PROD".into(),
            tone: Tone::Bad,
            mode: Some(AccessMode::ReadOnly),
            confirm: None,
            max_bulk: None,
            deny: Vec::new(),
        };
        vec![Self { profile: production(), ..rule.clone() }, Self { cluster: production(), ..rule }]
    }
}

/// A pattern for names: `*` matches any text, `?` any character, `|` separates alternatives; case is ignored.
#[derive(Debug, Clone)]
pub struct Glob {
    source: String,
    regex: Regex,
}

impl Glob {
    /// # Errors
    ///
    /// If the pattern is empty or far too long.
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
        assert_eq!(rule.matches(&identity(Some("prod"), "eu-west-1"), None), Some(true));
        assert_eq!(rule.matches(&identity(Some("prod"), "us-east-1"), None), Some(false));
        assert_eq!(rule.matches(&identity(None, "eu-west-1"), None), Some(false));
    }

    #[test]
    fn whether_a_rule_with_an_account_matches_is_unknown_before_the_account() {
        let rule = ScopeRule { account: Glob::new("1*").ok(), ..ScopeRule::shipped().remove(0) };
        let identity = |profile: &str, account: Option<&str>| Identity {
            profile: Some(profile.into()),
            account: account.map(Into::into),
            ..Identity::default()
        };
        assert_eq!(rule.matches(&identity("prod", None), None), None);
        assert_eq!(rule.matches(&identity("prod", Some("123")), None), Some(true));
        assert_eq!(rule.matches(&identity("prod", Some("2")), None), Some(false));
        assert_eq!(rule.matches(&identity("dev", None), None), Some(false), "the profile is sufficient");
    }

    fn rule(tone: Tone, confirm: Option<ConfirmBy>) -> ScopeRule {
        let deny = vec!["drain".to_owned()];
        ScopeRule { env: "PROD".into(), tone, confirm, max_bulk: Some(2), deny, ..ScopeRule::shipped().remove(0) }
    }

    #[rstest]
    #[case::production(Tone::Bad, None, Risk::Reversible, Risk::Disruptive)]
    #[case::production_takes_tasks(Tone::Bad, None, Risk::Disruptive, Risk::Destructive)]
    #[case::elsewhere(Tone::Good, None, Risk::Reversible, Risk::Reversible)]
    #[case::by_name(Tone::Good, Some(ConfirmBy::Name), Risk::Reversible, Risk::Destructive)]
    #[case::by_button(Tone::Bad, Some(ConfirmBy::Button), Risk::Disruptive, Risk::Disruptive)]
    #[case::for_good(Tone::Bad, Some(ConfirmBy::Button), Risk::Destructive, Risk::Destructive)]
    fn a_rule_says_how_a_change_is_confirmed(
        #[case] tone: Tone,
        #[case] confirm: Option<ConfirmBy>,
        #[case] risk: Risk,
        #[case] expected: Risk,
    ) {
        assert_eq!(ScopeRule::risk_of(Some(&rule(tone, confirm)), risk), expected);
    }

    #[rstest]
    #[case::production(Tone::Bad, None, true)]
    #[case::by_button(Tone::Bad, Some(ConfirmBy::Button), false)]
    #[case::elsewhere(Tone::Good, None, false)]
    #[case::by_name(Tone::Good, Some(ConfirmBy::Name), true)]
    fn a_rule_says_whether_a_session_needs_a_yes(
        #[case] tone: Tone,
        #[case] confirm: Option<ConfirmBy>,
        #[case] asks: bool,
    ) {
        assert_eq!(ScopeRule::asks_before_session(Some(&rule(tone, confirm))), asks);
        assert!(!ScopeRule::asks_before_session(None));
    }

    #[test]
    fn a_rule_denies_changes_and_bounds_their_targets() {
        let rule = rule(Tone::Bad, None);
        let allowed = |kind, targets| ScopeRule::require_allowed(Some(&rule), kind, targets);
        assert_eq!(allowed(&change::DRAIN, 1), Err("the rule for PROD denies drain".to_owned()));
        assert_eq!(allowed(&change::STOP_TASK, 2), Ok(()));
        assert!(allowed(&change::STOP_TASK, 3).unwrap_err().contains("2 at most"));
        assert_eq!(ScopeRule::require_allowed(None, &change::DRAIN, change::MAX_BULK), Ok(()));
        assert!(ScopeRule::require_allowed(None, &change::DRAIN, change::MAX_BULK + 1).is_err());
    }
}
