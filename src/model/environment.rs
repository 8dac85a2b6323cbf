//! Which environment a scope is, by the words in its names: the one thing nobody may overlook.

/// What a scope is for, the most delicate first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    Production,
    Staging,
    Development,
    /// An endpoint on this machine.
    Local,
    /// Nothing in its names says so.
    Unknown,
}

/// Words that tell an environment, as whole parts of a name: `acme-prod` is production, `product-catalog` is not.
const WORDS: &[(Environment, &[&str])] = &[
    (Environment::Production, &["prod", "prd", "production", "live"]),
    (Environment::Staging, &["stage", "staging", "stg", "uat", "preprod", "qa"]),
    (Environment::Development, &["dev", "development", "test", "sandbox", "sbx", "demo"]),
];

impl Environment {
    /// The most delicate environment that any of the names (cluster, profile, role, account alias) tells.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>, endpoint_url: Option<&str>) -> Self {
        let told = names.into_iter().flat_map(|name| name.split(|c: char| !c.is_alphanumeric()));
        let told = told.filter_map(|part| {
            let known = |(_, words): &&(Self, &[&str])| words.iter().any(|word| word.eq_ignore_ascii_case(part));
            WORDS.iter().find(known).map(|(environment, _)| *environment)
        });
        told.min().unwrap_or(if endpoint_url.is_some_and(is_local) { Self::Local } else { Self::Unknown })
    }

    /// The word on the band.
    pub fn word(self) -> &'static str {
        match self {
            Self::Production => "PROD",
            Self::Staging => "STAGE",
            Self::Development => "DEV",
            Self::Local => "LOCAL",
            Self::Unknown => "AWS",
        }
    }
}

fn is_local(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&["acme-prod"], None, "PROD")]
    #[case(&["LIVE"], None, "PROD")]
    #[case(&["product-catalog"], None, "AWS")]
    #[case(&["deliver"], None, "AWS")]
    #[case(&["acme/staging"], None, "STAGE")]
    #[case(&["dev-cluster", "acme_prd"], None, "PROD")]
    #[case(&["dev-cluster", "stg"], None, "STAGE")]
    #[case(&[], Some("http://127.0.0.1:4566"), "LOCAL")]
    #[case(&[], Some("http://localhost:4566"), "LOCAL")]
    #[case(&["prod"], Some("http://[::1]:4566"), "PROD")]
    #[case(&[], Some("https://vpce-1.ecs.eu-west-1.vpce.amazonaws.com"), "AWS")]
    fn names_tell_the_environment(#[case] names: &[&str], #[case] endpoint: Option<&str>, #[case] word: &str) {
        assert_eq!(Environment::of(names.iter().copied(), endpoint).word(), word);
    }
}
