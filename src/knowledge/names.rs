//! Names of resources, put into what a rule recommends.

use std::borrow::Cow;

/// A placeholder that rules may use.
pub(super) struct Placeholder {
    pub(super) name: &'static str,
    /// What stands for it in a sentence when its name is not known.
    generic: &'static str,
    /// What goes before its name in a sentence, for names that say nothing by themselves.
    noun: &'static str,
}

const fn called(name: &'static str, generic: &'static str) -> Placeholder {
    Placeholder { name, generic, noun: "" }
}

pub(super) const PLACEHOLDERS: &[Placeholder] = &[
    called("account", "the account"),
    called("capacity_provider", "the capacity provider"),
    called("cluster", "the cluster"),
    called("container", "the container"),
    // With its unit: `512 MiB`.
    called("container_memory", "today's limit"),
    called("cpu", "the CPU it asks for"),
    called("deployment", "the deployment"),
    // A name, as `--role-name` wants it.
    called("execution_role", "the execution role"),
    called("family", "the task definition"),
    called("image", "the image"),
    // Of EC2 where it is known, else of ECS: for sentences only.
    called("instance", "the instance"),
    // Of ECS.
    called("instance_arn", "the container instance"),
    called("log_group", "the log group"),
    called("log_region", "the log's Region"),
    called("log_stream", "the log stream"),
    called("memory", "the memory it asks for"),
    // As it is spoken of, for sentences only: `port 8080`.
    called("port", "its port"),
    called("region", "the Region"),
    // The host in the image's name.
    called("registry", "the registry"),
    // In Amazon ECR; no name where the image comes from elsewhere.
    Placeholder { name: "repository", generic: "the repository", noun: "repository " },
    // `family:revision`.
    called("revision", "the task definition"),
    // Of Secrets Manager or Parameter Store, as `valueFrom` names it but without key, stage and version.
    called("secret", "the secret"),
    // Several are separated by commas.
    called("security_groups", "the task's security groups"),
    called("service", "the service"),
    called("stop_timeout", "its stopTimeout"),
    called("subnets", "the task's subnets"),
    Placeholder { name: "tag", generic: "the tag", noun: "tag " },
    // An ARN.
    called("target_group", "the target group"),
    called("task", "the task"),
    called("task_arn", "the task"),
    called("task_role", "the task role"),
    called("zone", "the Availability Zone"),
];

/// What is called how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(Vec<(&'static str, String)>);

impl Names {
    /// The last name counts; an empty one counts as unknown.
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

/// The sentence with its names; what has no name is called by its generic words.
pub fn fill(template: &str, names: &Names) -> String {
    let told = |placeholder: &str| {
        let known = PLACEHOLDERS.iter().find(|known| known.name == placeholder)?;
        match names.get(placeholder) {
            Some(name) if known.noun.is_empty() => Some(spoken(name)),
            Some(name) => Some(format!("{}{name}", known.noun).into()),
            None => Some(known.generic.into()),
        }
    };
    replace(template, told).unwrap_or_else(|| template.to_owned())
}

/// The command, ready to paste; none when a name in it is not known, or when there is none.
pub fn command(template: &str, names: &Names) -> Option<String> {
    if template.is_empty() {
        return None;
    }
    let filled = replace(template, |placeholder| names.get(placeholder).map(shell_word))?;
    Some(format!("aws {filled}"))
}

/// `text` as one word of a POSIX shell.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

/// A name as it reads in a sentence: of an ARN the resource's own, and a list with spaces in it.
fn spoken(name: &str) -> Cow<'_, str> {
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

/// `template` with what `name` gives for each `{placeholder}`; none when it gives none for one of them.
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
    fn what_has_no_name_is_called_by_its_generic_words() {
        assert_eq!(fill("Logs of {container} in {cluster}, {service}", &names()), "Logs of app in prod, the service");
        assert_eq!(fill("Routes of {subnets}", &names()), "Routes of subnet-1, subnet-2");
        assert_eq!(fill("Routes of {subnets}", &Names::default()), "Routes of the task's subnets");
    }

    #[test]
    fn a_tag_is_told_with_what_it_is() {
        let mut names = names();
        assert_eq!(fill("Was {tag} pushed?", &names), "Was the tag pushed?");
        assert_eq!(fill("Was {tag} pushed?", names.set("tag", "1.4.2")), "Was tag 1.4.2 pushed?");
    }

    #[test]
    fn a_command_has_all_its_names_or_there_is_none() {
        assert_eq!(
            command("ecs list-tasks --cluster {cluster}", &names()).unwrap(),
            "aws ecs list-tasks --cluster prod"
        );
        assert_eq!(command("ecs list-tasks --service-name {service}", &names()), None);
        assert_eq!(command("", &names()), None);
    }

    #[test]
    fn a_name_cannot_break_out_of_a_command() {
        let mut names = names();
        names.set("cluster", "it's; rm -rf /").set("container", "{cluster}");
        assert_eq!(
            command("ecs list-tasks --cluster {cluster}", &names).unwrap(),
            r"aws ecs list-tasks --cluster 'it'\''s; rm -rf /'"
        );
        assert_eq!(fill("Logs of {container}", &names), "Logs of {cluster}");
    }

    #[test]
    fn the_last_name_counts_and_an_empty_one_does_not() {
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
        assert_eq!(spoken(arn), name);
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
