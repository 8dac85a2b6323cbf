//! AWS CLI calls, ready to paste: quoted, and with what says where they are to go.

use super::Row;
use crate::{aws::Identity, knowledge::shell_word};

/// Where an AWS CLI call is to go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandScope {
    pub profile: Option<String>,
    pub region: Option<String>,
    pub endpoint_url: Option<String>,
}

impl CommandScope {
    pub fn of(identity: &Identity) -> Self {
        let Identity { profile, region, endpoint_url, .. } = identity.clone();
        Self { profile, region, endpoint_url }
    }

    /// `command` with the flags that it lacks to go there; of a pipeline, the call that it begins with.
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

/// Where the first command of a pipeline ends.
fn end_of_first(command: &str) -> usize {
    let mut quoted = false;
    let end = command.find(|c| {
        quoted ^= c == '\'';
        c == '|' && !quoted
    });
    end.unwrap_or(command.len())
}

/// The call that shows `row`, without its scope; absent where there is none.
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
    fn what_a_command_lacks_is_added(#[case] command: &str, #[case] ready: &str) {
        let scope = CommandScope {
            profile: Some("my prod".into()),
            region: Some("eu-west-1".into()),
            ..CommandScope::default()
        };
        assert_eq!(scope.apply(command), ready);
        assert_eq!(scope.apply(ready), ready, "once is enough");
    }
}
