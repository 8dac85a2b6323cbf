//! Names of resources, and the placeholders in rules that they replace.

use std::borrow::Cow;

/// A placeholder that rules may use.
pub(super) struct Placeholder {
    pub(super) name: &'static str,
    /// Words used in a sentence when the name is unknown.
    generic: &'static str,
    /// Noun before the name in a sentence, for names that need one.
    noun: &'static str,
}

const fn placeholder(name: &'static str, generic: &'static str) -> Placeholder {
    Placeholder { name, generic, noun: "" }
}

pub(super) const PLACEHOLDERS: &[Placeholder] = &[
    placeholder("account", "the account"),
    placeholder("capacity_provider", "the capacity provider"),
    placeholder("cluster", "the cluster"),
    placeholder("container", "the container"),
    // With its unit: `512 MiB`.
    placeholder("container_memory", "today's limit"),
    placeholder("cpu", "the CPU it asks for"),
    placeholder("deployment", "the deployment"),
    // A name, as `--role-name` wants it.
    placeholder("execution_role", "the execution role"),
    placeholder("family", "the task definition"),
    placeholder("image", "the image"),
    // EC2 instance id where it is known, else the ECS id: for sentences only.
    placeholder("instance", "the instance"),
    // Container instance ARN.
    placeholder("instance_arn", "the container instance"),
    placeholder("log_group", "the log group"),
    placeholder("log_region", "the log's Region"),
    placeholder("log_stream", "the log stream"),
    placeholder("memory", "the memory it asks for"),
    // With its noun, for sentences only: `port 8080`.
    placeholder("port", "its port"),
    placeholder("region", "the Region"),
    // The host in the image name.
    placeholder("registry", "the registry"),
    // In Amazon ECR; unknown for images from elsewhere.
    Placeholder { name: "repository", generic: "the repository", noun: "repository " },
    // `family:revision`.
    placeholder("revision", "the task definition"),
    // In Secrets Manager or Parameter Store, from `valueFrom` without key, stage and version.
    placeholder("secret", "the secret"),
    // Several are separated by commas.
    placeholder("security_groups", "the task's security groups"),
    placeholder("service", "the service"),
    placeholder("stop_timeout", "its stopTimeout"),
    placeholder("subnets", "the task's subnets"),
    Placeholder { name: "tag", generic: "the tag", noun: "tag " },
    // An ARN.
    placeholder("target_group", "the target group"),
    placeholder("task", "the task"),
    placeholder("task_arn", "the task"),
    placeholder("task_role", "the task role"),
    placeholder("zone", "the Availability Zone"),
];

/// Names by placeholder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(Vec<(&'static str, String)>);

impl Names {
    /// Sets a name, replacing an earlier one. An empty name means unknown.
    pub fn set(&mut self, placeholder: &'static str, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        self.0.retain(|(known, _)| *known != placeholder);
        if !name.is_empty() {
            self.0.push((placeholder, name));
        }
        self
    }

    pub fn get(&self, placeholder: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == placeholder).map(|(_, name)| &**name)
    }
}

/// Fills the placeholders of a sentence with names, or with generic words where a name is unknown.
pub fn fill(template: &str, names: &Names) -> String {
    let words = |placeholder: &str| {
        let known = PLACEHOLDERS.iter().find(|known| known.name == placeholder)?;
        match names.get(placeholder) {
            Some(name) if known.noun.is_empty() => Some(readable(name)),
            Some(name) => Some(format!("{}{name}", known.noun).into()),
            None => Some(known.generic.into()),
        }
    };
    replace(template, words).unwrap_or_else(|| template.to_owned())
}

/// Fills the placeholders of a command, ready to paste. Absent when a name is unknown or the template is empty.
pub fn command(template: &str, names: &Names) -> Option<String> {
    if template.is_empty() {
        return None;
    }
    let filled = replace(template, |placeholder| names.get(placeholder).map(shell_word))?;
    Some(format!("aws {filled}"))
}

/// Quotes `text` as one word for a POSIX shell.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

/// Converts a name to the form used in sentences: the resource's name in an ARN, and a list with spaces after the commas.
fn readable(name: &str) -> Cow<'_, str> {
    let mut parts = name.splitn(6, ':');
    let resource = if parts.next() == Some("arn") { parts.nth(4) } else { None };
    match resource.map(|resource| resource.split_once([':', '/']).unwrap_or(("", resource))) {
        Some(("targetgroup", path)) => path.split('/').next().unwrap_or(path).into(),
        Some(("task" | "container-instance", path)) => path.rsplit('/').next().unwrap_or(path).into(),
        Some((_, path)) => path.into(),
        None if name.contains(',') => name.split(',').map(str::trim).collect::<Vec<_>>().join(", ").into(),
        None => name.into(),
    }
}

/// Replaces each `{placeholder}` in `template` by the result of `name`; absent when `name` gives none for one of them.
fn replace<'a>(template: &str, name: impl Fn(&str) -> Option<Cow<'a, str>>) -> Option<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (placeholder, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&name(placeholder)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        names.set("cluster", "prod").set("container", "app").set("subnets", "subnet-1,subnet-2");
        names
    }

    #[test]
    fn an_unknown_name_is_replaced_by_generic_words() {
        assert_eq!(fill("Logs of {container} in {cluster}, {service}", &names()), "Logs of app in prod, the service");
        assert_eq!(fill("Routes of {subnets}", &names()), "Routes of subnet-1, subnet-2");
        assert_eq!(fill("Routes of {subnets}", &Names::default()), "Routes of the task's subnets");
    }

    #[test]
    fn a_tag_has_its_noun_in_a_sentence() {
        let mut names = names();
        assert_eq!(fill("Was {tag} pushed?", &names), "Was the tag pushed?");
        assert_eq!(fill("Was {tag} pushed?", names.set("tag", "1.4.2")), "Was tag 1.4.2 pushed?");
    }

    #[test]
    fn a_command_with_an_unknown_name_is_absent() {
        assert_eq!(
            command("ecs list-tasks --cluster {cluster}", &names()).unwrap(),
            "aws ecs list-tasks --cluster prod"
        );
        assert_eq!(command("ecs list-tasks --service-name {service}", &names()), None);
        assert_eq!(command("", &names()), None);
    }

    #[test]
    fn a_name_is_quoted_in_a_command() {
        let mut names = names();
        names.set("cluster", "it's; rm -rf /").set("container", "{cluster}");
        assert_eq!(
            command("ecs list-tasks --cluster {cluster}", &names).unwrap(),
            r"aws ecs list-tasks --cluster 'it'\''s; rm -rf /'"
        );
        assert_eq!(fill("Logs of {container}", &names), "Logs of {cluster}");
    }

    #[test]
    fn the_last_name_wins_and_an_empty_one_means_unknown() {
        let mut names = names();
        names.set("cluster", "staging").set("container", "");
        assert_eq!((names.get("cluster"), names.get("container")), (Some("staging"), None));
    }

    #[rstest]
    #[case("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067", "web")]
    #[case("arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/web/db-AbCdEf", "prod/web/db-AbCdEf")]
    #[case("arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/0123abcd", "0123abcd")]
    #[case("arn:aws:iam::111122223333:role/web-execution", "web-execution")]
    #[case("arn:aws:sns:eu-west-1:111122223333:topic", "topic")]
    #[case("arn:aws", "arn:aws")]
    #[case("prod/web", "prod/web")]
    fn an_arn_reads_as_the_name_in_it(#[case] arn: &str, #[case] name: &str) {
        assert_eq!(readable(arn), name);
    }

    #[rstest]
    #[case("prod", "prod")]
    #[case("", "''")]
    #[case("two words", "'two words'")]
    #[case("it's; rm -rf /", r"'it'\''s; rm -rf /'")]
    fn shell_words_are_quoted_where_needed(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(shell_word(text), expected);
    }
}
