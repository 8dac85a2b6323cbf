//! AWS CLI calls ready to paste: quoted, with profile, Region and endpoint.

use super::Row;
use crate::{aws::Identity, knowledge::shell_word};

/// Profile, Region and endpoint of an AWS CLI call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandScope {
    pub profile: Option<String>,
    pub region: Option<String>,
    pub endpoint_url: Option<String>,
}

impl CommandScope {
    pub fn from_identity(identity: &Identity) -> Self {
        let Identity { profile, region, endpoint_url, .. } = identity.clone();
        Self { profile, region, endpoint_url }
    }

    /// Adds the flags that `command` lacks. In a pipeline only the first command gets them.
    pub fn apply(&self, command: &str) -> String {
        let end = end_of_first(command);
        let (call, rest) = command.split_at(end);
        if !call.starts_with("aws ") {
            return command.to_owned();
        }
        let mut call = call.trim_end().to_owned();
        for (flag, value) in
            [("--profile", &self.profile), ("--region", &self.region), ("--endpoint-url", &self.endpoint_url)]
        {
            let given = call.split_whitespace().any(|word| word == flag);
            if let Some(value) = value.as_ref().filter(|_| !given) {
                call += &format!(" {flag} {}", shell_word(value));
            }
        }
        if rest.is_empty() { call } else { format!("{call} {rest}") }
    }
}

/// Byte offset of the end of the first command of a pipeline.
fn end_of_first(command: &str) -> usize {
    let mut quoted = false;
    let end = command.find(|c| {
        quoted ^= c == '\'';
        c == '|' && !quoted
    });
    end.unwrap_or(command.len())
}

/// AWS CLI call that shows `row`, without scope; absent where there is none.
pub fn show(row: &dyn Row) -> Option<String> {
    let words = row.cli()?;
    Some(format!("aws {}", words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("aws ecs list-clusters", "aws ecs list-clusters --profile 'my prod' --region eu-west-1")]
    #[case("aws ecs x --region us-east-1", "aws ecs x --region us-east-1 --profile 'my prod'")]
    #[case("aws ecs x --query 'a|b' | jq .", "aws ecs x --query 'a|b' --profile 'my prod' --region eu-west-1 | jq .")]
    #[case("dig example.com", "dig example.com")]
    fn missing_scope_flags_are_added(#[case] command: &str, #[case] ready: &str) {
        let scope = CommandScope {
            profile: Some("my prod".into()),
            region: Some("eu-west-1".into()),
            ..CommandScope::default()
        };
        assert_eq!(scope.apply(command), ready);
        assert_eq!(scope.apply(ready), ready, "flags are added only once");
    }
}
