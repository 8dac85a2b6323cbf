//! From a container and its task definition to a log stream, or to the reason why there is none.

use crate::resource::{
    container::Container,
    format::last_part,
    revision::{Definition, Revision},
};

/// A stream in CloudWatch Logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stream {
    /// Where it is; the task's own Region where none is named.
    pub region: Option<String>,
    pub group: String,
    pub name: String,
}

/// Why there is no stream to read, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoStream {
    #[error("the task definition has no container {0}")]
    Unknown(String),
    #[error("no log driver is set for {0}, so its lines are not in CloudWatch")]
    Unset(String),
    /// The driver, and where it sends the lines as far as its options tell.
    #[error("logs go to {0}, not CloudWatch")]
    Elsewhere(String),
    #[error("logs go through {driver} to the log group {group}, to streams named by rules of its own")]
    Routed { driver: String, group: String },
    #[error("the task definition names no log group for {0}")]
    NoGroup(String),
    #[error("no log stream yet: the container never started")]
    NotStarted,
}

/// The stream that `container` writes to. `revision` has to be its task's own, not its service's: what the service runs
/// now may log elsewhere.
///
/// # Errors
/// The reason why there is none.
pub fn stream(container: &Container, revision: &Revision) -> Result<Stream, NoStream> {
    let name = || container.name.clone();
    let definition = revision.containers.iter().find(|definition| definition.name == container.name);
    let definition = definition.ok_or_else(|| NoStream::Unknown(name()))?;
    match definition.log_driver.as_deref() {
        None => return Err(NoStream::Unset(name())),
        Some("awslogs") => {}
        Some(driver) => return Err(elsewhere(driver, definition)),
    }
    let set = |name: &str| option(definition, name).map(str::to_owned);
    let group = set("awslogs-group").ok_or_else(|| NoStream::NoGroup(name()))?;
    let stream = match set("awslogs-stream-prefix") {
        Some(prefix) => format!("{prefix}/{}/{}", container.name, last_part(&container.task_arn)),
        // On instances the driver calls the stream after the container, which has no id before it is made.
        None => container.runtime_id.clone().ok_or(NoStream::NotStarted)?,
    };
    Ok(Stream { region: set("awslogs-region"), group, name: stream })
}

/// What another driver does with the lines, by the option that names the address. The others may hold secrets.
fn elsewhere(driver: &str, definition: &Definition) -> NoStream {
    const ADDRESSES: [&str; 4] = ["splunk-url", "fluentd-address", "gelf-address", "syslog-address"];
    if let Some(group) = option(definition, "log_group_name") {
        return NoStream::Routed { driver: driver.into(), group: group.into() };
    }
    NoStream::Elsewhere(match ADDRESSES.iter().find_map(|name| option(definition, name)) {
        Some(address) => format!("{driver} ({address})"),
        None => driver.into(),
    })
}

fn option<'a>(definition: &'a Definition, name: &str) -> Option<&'a str> {
    let mut options = definition.log_options.iter();
    options.find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn container(runtime_id: Option<&str>) -> Container {
        Container {
            name: "app".into(),
            task_arn: "arn:aws:ecs:eu-west-1:1:task/prod/0123abcd".into(),
            runtime_id: runtime_id.map(str::to_owned),
            ..Container::default()
        }
    }

    fn revision(driver: Option<&str>, options: &[(&str, &str)]) -> Revision {
        let app = Definition {
            name: "app".into(),
            log_driver: driver.map(str::to_owned),
            log_options: options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            ..Definition::default()
        };
        Revision { containers: vec![Definition { name: "proxy".into(), ..app.clone() }, app], ..Revision::default() }
    }

    const GROUP: (&str, &str) = ("awslogs-group", "/ecs/web");
    const PREFIX: (&str, &str) = ("awslogs-stream-prefix", "ecs");

    #[rstest]
    #[case::with_a_prefix(&[GROUP, PREFIX], "ecs/app/0123abcd")]
    #[case::without(&[GROUP], "feedbeef")]
    #[case::with_an_empty_one(&[GROUP, ("awslogs-stream-prefix", "")], "feedbeef")]
    fn a_stream_is_called_after_task_or_container(#[case] options: &[(&str, &str)], #[case] name: &str) {
        let found = stream(&container(Some("feedbeef")), &revision(Some("awslogs"), options)).unwrap();
        assert_eq!((found.group.as_str(), found.name.as_str(), found.region), ("/ecs/web", name, None));
    }

    #[test]
    fn its_region_may_be_another() {
        let elsewhere = revision(Some("awslogs"), &[GROUP, PREFIX, ("awslogs-region", "us-east-1")]);
        assert_eq!(stream(&container(None), &elsewhere).unwrap().region.as_deref(), Some("us-east-1"));
    }

    #[rstest]
    #[case(Some("splunk"), &[("splunk-token", "hush"), ("splunk-url", "https://splunk:8088")], "logs go to splunk (https://splunk:8088), not CloudWatch")]
    #[case(Some("awsfirelens"), &[("Name", "cloudwatch_logs"), ("log_group_name", "/web")], "logs go through awsfirelens to the log group /web, to streams named by rules of its own")]
    #[case(Some("json-file"), &[], "logs go to json-file, not CloudWatch")]
    #[case(Some("awslogs"), &[GROUP], "no log stream yet: the container never started")]
    #[case(Some("awslogs"), &[PREFIX], "the task definition names no log group for app")]
    #[case(None, &[], "no log driver is set for app, so its lines are not in CloudWatch")]
    fn without_one_the_reason_is_told(
        #[case] driver: Option<&str>,
        #[case] options: &[(&str, &str)],
        #[case] reason: &str,
    ) {
        assert_eq!(stream(&container(None), &revision(driver, options)).unwrap_err().to_string(), reason);
    }

    #[test]
    fn a_container_that_the_definition_does_not_have_has_no_stream() {
        let stranger = Container { name: "agent".into(), ..container(None) };
        assert_eq!(stream(&stranger, &revision(None, &[])), Err(NoStream::Unknown("agent".into())));
    }
}
