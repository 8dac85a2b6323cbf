//! FireLens: lines go through a router beside the container, which writes to CloudWatch by rules of its own. The names
//! of its streams are known where these rules are simple.

use super::{NoStream, Stream, option};
use crate::resource::{container::Container, revision::Definition, task::Task};

/// The stream that a router writes `container`'s lines to.
///
/// # Errors
/// Where the lines go instead, if that is known.
pub(super) fn stream(task: &Task, container: &Container, definition: &Definition) -> Result<Stream, NoStream> {
    const DRIVER: &str = "awsfirelens";
    let set = |name: &str| option(definition, name);
    let output = set("Name").or(set("@type"));
    let Some(group) = set("log_group_name") else {
        return Err(NoStream::Elsewhere(match (output, address(definition)) {
            (Some(output), Some(address)) => format!("{DRIVER}, and on to {output} ({address})"),
            (Some(output), None) => format!("{DRIVER}, and on to {output}"),
            (None, _) => format!("{DRIVER}, and on to where the configuration of its router says"),
        }));
    };
    let tag = format!("{}-firelens-{}", container.name, task.task_id());
    let name = match (set("log_stream_name"), set("log_stream_prefix")) {
        (Some(name), _) => fill_in(name, task, &tag),
        (None, Some(prefix)) => fill_in(prefix, task, &tag).map(|prefix| prefix + &tag),
        (None, None) => set("use_tag_as_stream").filter(|value| *value == "true").map(|_| tag.clone()),
    };
    // A template takes precedence, and is filled from each record.
    let name = name.filter(|_| set("log_stream_template").is_none());
    let routed = || NoStream::Routed { driver: DRIVER.into(), group: group.into() };
    let group = fill_in(group, task, &tag).filter(|_| set("log_group_template").is_none()).ok_or_else(routed)?;
    Ok(Stream { region: set("region").map(str::to_owned), group, name: name.ok_or_else(routed)? })
}

/// The address of another output; it holds no secrets.
fn address(definition: &Definition) -> Option<&str> {
    ["Host", "endpoint", "delivery_stream", "stream", "bucket", "topics", "url"]
        .into_iter()
        .find_map(|name| option(definition, name))
}

/// Fills the task's values into a name; `None` if it needs values of each record.
fn fill_in(name: &str, task: &Task, tag: &str) -> Option<String> {
    let known = [
        ("$(tag)", tag),
        ("$(ecs_task_id)", task.task_id()),
        ("$(ecs_task_arn)", &task.task_arn),
        ("$(ecs_cluster)", &task.cluster_name),
    ];
    let name = known.iter().fold(name.to_owned(), |name, (place, value)| name.replace(place, value));
    (!name.contains('$')).then_some(name)
}
