//! Finds the log stream of a container by its task definition, or the reason why there is none.

use crate::resource::{
    container::Container,
    format::last_part,
    revision::{Definition, Revision},
    task::Task,
};

mod routed;

/// A stream in CloudWatch Logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stream {
    /// Region of the log group; the task's own Region if absent.
    pub region: Option<String>,
    pub group: String,
    pub name: String,
}

/// Why a container has no stream to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoStream {
    #[error("the task definition has no container {0}")]
    Unknown(String),
    #[error("no log driver is set for {0}, so its lines are not in CloudWatch")]
    Unset(String),
    /// The container and its instance.
    #[error("no log driver is set for {0}: its lines stay on instance {1}, where its Docker daemon puts them")]
    Daemon(String, String),
    /// The driver, and where it sends the lines, if its options say so.
    #[error("logs go to {0}, not CloudWatch")]
    Elsewhere(String),
    #[error("logs go through {driver} to the log group {group}, to streams named by rules of its own")]
    Routed { driver: String, group: String },
    #[error("the task definition names no log group for {0}")]
    NoGroup(String),
    #[error("no log stream yet: the container never started")]
    NotStarted,
    #[error("there is no log stream: the container never started")]
    NeverStarted,
}

/// The stream that `container` of `task` writes to. `revision` has to be the task's own, not its service's: the
/// service's current one may log to another group.
///
/// # Errors
/// There is none, for the reason given.
pub fn stream(task: &Task, container: &Container, revision: &Revision) -> Result<Stream, NoStream> {
    let name = || container.name.clone();
    let definition = definition(container, revision).ok_or_else(|| NoStream::Unknown(name()))?;
    match definition.log_driver.as_deref() {
        None => return Err(no_driver(task, name())),
        Some("awslogs") => {}
        Some("awsfirelens") => {
            return routed::stream(task, container, definition)
                .map_err(|why| check_started(task, container).err().unwrap_or(why));
        }
        Some(driver) => return Err(elsewhere(driver, task, definition)),
    }
    let set = |name: &str| option(definition, name).map(str::to_owned);
    let group = set("awslogs-group").ok_or_else(|| NoStream::NoGroup(name()))?;
    check_started(task, container)?;
    let stream = match set("awslogs-stream-prefix") {
        Some(prefix) => format!("{prefix}/{}/{}", container.name, task.task_id()),
        // On instances the driver names the stream after the container, whose id is unknown until it is created.
        None => container.runtime_id.clone().ok_or(NoStream::NotStarted)?,
    };
    Ok(Stream { region: set("awslogs-region"), group, name: stream })
}

/// Buffer size of a container that drops log lines when its buffer is full (`non-blocking` mode), as written in the
/// task definition; empty if no size is set. An account's default mode is not visible here.
pub fn dropping_buffer<'a>(container: &Container, revision: &'a Revision) -> Option<&'a str> {
    let definition = definition(container, revision)?;
    let drops = option(definition, "mode") == Some("non-blocking");
    drops.then(|| option(definition, "max-buffer-size").unwrap_or_default())
}

fn definition<'a>(container: &Container, revision: &'a Revision) -> Option<&'a Definition> {
    revision.containers.iter().find(|definition| definition.name == container.name)
}

/// Fails if the task stopped before its containers started: they wrote nothing.
fn check_started(task: &Task, container: &Container) -> Result<(), NoStream> {
    let ran = task.started_at.is_some() || container.exit_code.is_some() || container.runtime_id.is_some();
    if task.stopped() && !ran { Err(NoStream::NeverStarted) } else { Ok(()) }
}

fn no_driver(task: &Task, container: String) -> NoStream {
    match instance(task) {
        Some(instance) => NoStream::Daemon(container, instance.into()),
        None => NoStream::Unset(container),
    }
}

fn instance(task: &Task) -> Option<&str> {
    task.container_instance_arn.as_deref().map(last_part)
}

/// Where another driver sends the lines, by the option with the address. Other options may hold secrets.
fn elsewhere(driver: &str, task: &Task, definition: &Definition) -> NoStream {
    const ADDRESSES: [&str; 4] = ["splunk-url", "fluentd-address", "gelf-address", "syslog-address"];
    /// Drivers that keep the lines on the instance.
    const LOCAL: [&str; 3] = ["json-file", "journald", "local"];
    let address = ADDRESSES.iter().find_map(|name| option(definition, name));
    NoStream::Elsewhere(match (address, instance(task).filter(|_| LOCAL.contains(&driver))) {
        (Some(address), _) => format!("{driver} ({address})"),
        (None, Some(instance)) => format!("{driver} on instance {instance}"),
        (None, None) => driver.into(),
    })
}

fn option<'a>(definition: &'a Definition, name: &str) -> Option<&'a str> {
    let mut options = definition.log_options.iter();
    options
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn task() -> Task {
        Task { task_arn: "arn:aws:ecs:eu-west-1:1:task/prod/0123abcd".into(), ..Task::default() }
    }

    fn container(runtime_id: Option<&str>) -> Container {
        Container { name: "app".into(), runtime_id: runtime_id.map(str::to_owned), ..Container::default() }
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
    fn a_stream_is_named_after_its_task_or_container(#[case] options: &[(&str, &str)], #[case] name: &str) {
        let found = stream(&task(), &container(Some("feedbeef")), &revision(Some("awslogs"), options)).unwrap();
        assert_eq!((found.group.as_str(), found.name.as_str(), found.region), ("/ecs/web", name, None));
    }

    #[test]
    fn a_stream_may_be_in_another_region() {
        let elsewhere = revision(Some("awslogs"), &[GROUP, PREFIX, ("awslogs-region", "us-east-1")]);
        assert_eq!(stream(&task(), &container(None), &elsewhere).unwrap().region.as_deref(), Some("us-east-1"));
    }

    #[rstest]
    #[case(Some("splunk"), &[("splunk-token", "hush"), ("splunk-url", "https://splunk:8088")], "logs go to splunk (https://splunk:8088), not CloudWatch")]
    #[case(Some("json-file"), &[], "logs go to json-file, not CloudWatch")]
    #[case(Some("awslogs"), &[GROUP], "no log stream yet: the container never started")]
    #[case(Some("awslogs"), &[PREFIX], "the task definition names no log group for app")]
    #[case(None, &[], "no log driver is set for app, so its lines are not in CloudWatch")]
    fn a_missing_stream_has_a_reason(
        #[case] driver: Option<&str>,
        #[case] options: &[(&str, &str)],
        #[case] reason: &str,
    ) {
        assert_eq!(stream(&task(), &container(None), &revision(driver, options)).unwrap_err().to_string(), reason);
    }

    #[rstest]
    #[case(Some("json-file"), "logs go to json-file on instance 0a1b2c, not CloudWatch")]
    #[case(Some("journald"), "logs go to journald on instance 0a1b2c, not CloudWatch")]
    #[case(Some("syslog"), "logs go to syslog, not CloudWatch")]
    #[case(None, "no log driver is set for app: its lines stay on instance 0a1b2c, where its Docker daemon puts them")]
    fn lines_that_stay_on_the_instance_name_the_instance(#[case] driver: Option<&str>, #[case] reason: &str) {
        let arn = Some("arn:aws:ecs:eu-west-1:1:container-instance/prod/0a1b2c".to_owned());
        let task = Task { container_instance_arn: arn, ..task() };
        assert_eq!(stream(&task, &container(None), &revision(driver, &[])).unwrap_err().to_string(), reason);
    }

    /// The router's output and the name of the stream, or where the lines go.
    #[rstest]
    #[case::prefix("cloudwatch_logs", &[("log_stream_prefix", "web/")], Ok("web/app-firelens-0123abcd"))]
    #[case::name("cloudwatch_logs", &[("log_stream_name", "all")], Ok("all"))]
    #[case::older_plugin("cloudwatch", &[("log_stream_name", "$(ecs_task_id)")], Ok("0123abcd"))]
    #[case::fluentd("cloudwatch_logs", &[("use_tag_as_stream", "true")], Ok("app-firelens-0123abcd"))]
    #[case::name_from_the_record("cloudwatch", &[("log_stream_name", "$(container_id)")], Err(ROUTED))]
    #[case::template("cloudwatch_logs", &[("log_stream_prefix", "web/"), ("log_stream_template", "$x['y']")], Err(ROUTED))]
    #[case::no_name("cloudwatch_logs", &[], Err(ROUTED))]
    fn a_router_stream_is_named_by_its_options(
        #[case] output: &str,
        #[case] options: &[(&str, &str)],
        #[case] name: Result<&str, &str>,
    ) {
        let options = [&[("Name", output), ("log_group_name", "/web"), ("region", "us-east-1")], options].concat();
        let found = stream(&task(), &container(None), &revision(Some("awsfirelens"), &options));
        let expected =
            name.map(|name| Stream { region: Some("us-east-1".into()), group: "/web".into(), name: name.into() });
        assert_eq!(found.map_err(|reason| reason.to_string()), expected.map_err(str::to_owned));
    }

    const ROUTED: &str = "logs go through awsfirelens to the log group /web, to streams named by rules of its own";

    #[rstest]
    #[case(&[("Name", "es"), ("Host", "search"), ("HTTP_Passwd", "hush")], "logs go to awsfirelens, and on to es (search), not CloudWatch")]
    #[case(&[("Name", "datadog"), ("apikey", "hush")], "logs go to awsfirelens, and on to datadog, not CloudWatch")]
    #[case(&[], "logs go to awsfirelens, and on to where the configuration of its router says, not CloudWatch")]
    fn a_missing_stream_names_the_other_output_of_a_router(#[case] options: &[(&str, &str)], #[case] reason: &str) {
        let found = stream(&task(), &container(None), &revision(Some("awsfirelens"), options));
        assert_eq!(found.unwrap_err().to_string(), reason);
    }

    #[test]
    fn a_task_that_never_started_has_no_stream() {
        let stopped = Task { last_status: Some("STOPPED".into()), ..task() };
        let logging = revision(Some("awslogs"), &[GROUP, PREFIX]);
        assert_eq!(stream(&stopped, &container(None), &logging), Err(NoStream::NeverStarted));
        let ran = Container { exit_code: Some(1), ..container(None) };
        assert!(stream(&stopped, &ran, &logging).is_ok());
        assert!(stream(&task(), &container(None), &logging).is_ok(), "a task that has not stopped may still start");
    }

    #[rstest]
    #[case(&[], None)]
    #[case(&[("mode", "blocking")], None)]
    #[case(&[("mode", "non-blocking")], Some(""))]
    #[case(&[("mode", "non-blocking"), ("max-buffer-size", "25m")], Some("25m"))]
    fn a_dropping_buffer_is_found_in_the_options(#[case] options: &[(&str, &str)], #[case] buffer: Option<&str>) {
        assert_eq!(dropping_buffer(&container(None), &revision(Some("awslogs"), options)), buffer);
    }

    #[test]
    fn a_container_missing_from_the_definition_has_no_stream() {
        let unknown = Container { name: "agent".into(), ..container(None) };
        assert_eq!(stream(&task(), &unknown, &revision(None, &[])), Err(NoStream::Unknown("agent".into())));
    }
}
