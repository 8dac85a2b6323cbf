//! Names for the placeholders of rules: from ARNs, image names, task definitions and messages.

use std::sync::LazyLock;

use regex::Regex;

use super::Known;
use crate::{
    knowledge::Names,
    resource::{
        container::Container,
        event::ServiceEvent,
        format::last_part,
        instance::Instance,
        revision::{Definition, Revision},
        service::Service,
        task::Task,
    },
};

/// The names for `task`, and for `container` of it.
pub fn task_names(task: &Task, container: Option<&Container>, known: &Known<'_>) -> Names {
    let owner = task.service().and_then(|name| known.service(&task.cluster_name, name));
    let mut names = owner.map(service_names).unwrap_or_default();
    let arn = task.container_instance_arn.as_deref();
    let host = known.instances(&task.cluster_name).iter().find(|host| Some(&*host.container_instance_arn) == arn);
    put_arn(&mut names, &task.task_arn);
    put_definition(&mut names, task.task_definition_arn.as_deref());
    put(&mut names, "cluster", Some(&task.cluster_name));
    put(&mut names, "service", task.service());
    put(&mut names, "task", Some(task.task_id()));
    put(&mut names, "task_arn", Some(&task.task_arn));
    put(&mut names, "deployment", task.started_by.as_deref().filter(|by| by.starts_with("ecs-svc/")));
    put(&mut names, "instance", host.and_then(|host| host.ec2_instance_id.as_deref()).or(arn.map(last_part)));
    put(&mut names, "instance_arn", arn);
    put_size(&mut names, task.cpu.as_deref(), task.memory.as_deref());
    put(&mut names, "capacity_provider", task.capacity_provider_name.as_deref());
    put(&mut names, "zone", task.availability_zone.as_deref());
    let revision = task.task_definition_arn.as_deref().and_then(|arn| known.revision(arn));
    if let Some(revision) = revision {
        put_roles(&mut names, revision);
    }
    if let Some(container) = container {
        let definition = revision.and_then(|revision| definition_of(revision, &container.name));
        put_container(&mut names, container, definition, task.task_id());
    }
    names
}

/// The names for `service`.
pub fn service_names(service: &Service) -> Names {
    let mut names = Names::default();
    put_arn(&mut names, &service.service_arn);
    put_definition(&mut names, service.task_definition.as_deref());
    put(&mut names, "cluster", Some(&service.cluster_name));
    put(&mut names, "service", Some(&service.service_name));
    put(&mut names, "target_group", service.target_groups.first().map(String::as_str));
    put(&mut names, "subnets", Some(&service.subnets.join(",")));
    put(&mut names, "security_groups", Some(&service.security_groups.join(",")));
    put(
        &mut names,
        "capacity_provider",
        service.capacity_providers.first().map(|item| item.capacity_provider.as_str()),
    );
    put(&mut names, "deployment", service.primary().map(|deployment| deployment.id.as_str()));
    names
}

/// The names for `instance`.
pub fn instance_names(instance: &Instance) -> Names {
    let mut names = Names::default();
    put_arn(&mut names, &instance.container_instance_arn);
    put(&mut names, "cluster", Some(&instance.cluster_name));
    put(&mut names, "instance", Some(instance.short_name()));
    put(&mut names, "instance_arn", Some(&instance.container_instance_arn));
    put(&mut names, "capacity_provider", instance.capacity_provider_name.as_deref());
    put(&mut names, "zone", instance.availability_zone.as_deref());
    names
}

/// The names for `event`, except those in its text.
pub fn event_names(event: &ServiceEvent, known: &Known<'_>) -> Names {
    let owner = known.service(&event.cluster_name, &event.service_name);
    let mut names = owner.map(service_names).unwrap_or_default();
    put_arn(&mut names, &event.service_arn);
    put(&mut names, "cluster", Some(&event.cluster_name));
    put(&mut names, "service", Some(&event.service_name));
    let definition = owner.and_then(|owner| owner.task_definition.as_deref());
    if let Some(revision) = definition.and_then(|arn| known.revision(arn)) {
        put_size(&mut names, revision.cpu.as_deref(), revision.memory.as_deref());
        put_roles(&mut names, revision);
    }
    names
}

/// Adds names in `text`, a message of AWS, which take precedence over others.
pub fn add_names_in(names: &mut Names, text: &str) {
    for (name, pattern) in &*MENTIONED {
        let found = pattern.captures(text).and_then(|found| found.get(1)).map(|found| found.as_str());
        match *name {
            "image" => put_image(names, found),
            "port" => put(names, "port", found),
            name => put(names, name, found),
        }
    }
}

/// The definition of a container.
pub(super) fn definition_of<'a>(revision: &'a Revision, container: &str) -> Option<&'a Definition> {
    revision.containers.iter().find(|definition| definition.name == container)
}

/// Patterns of names in messages. Only ASCII letters count, because Unicode tables take long to build.
static MENTIONED: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let patterns = [
        ("secret", r"(?-u)(arn:[\w-]+:(?:secretsmanager|ssm):[\w-]*:[0-9]*:(?:secret:|parameter/)[\w/+=.@-]*\w)"),
        ("target_group", r"(?-u)(arn:[\w-]+:elasticloadbalancing:[\w-]*:[0-9]*:targetgroup/[\w/-]+)"),
        ("execution_role", r"(?-u)assumed-role/([\w+=,.@-]+)"),
        ("log_group", r"(?-u)log group (?:name )?([\w.#-]*/[\w./#-]*\w)"),
        ("deployment", r"(?-u)deployment (ecs-svc/[0-9]+)"),
        ("instance_arn", r"(?-u)(arn:[\w-]+:ecs:[\w-]*:[0-9]*:container-instance/[\w/-]+)"),
        ("instance", r"(?-u)instance \(?(i-[0-9a-f]{8,17})"),
        ("subnets", r"(?-u)(subnet-[0-9a-f]{8,17})"),
        ("port", r"\(port ([0-9]+)\)"),
        ("image", r"(?-u)((?:[\w-]+\.)+[a-z]{2,}(?::[0-9]+)?/[\w./-]*\w(?::[\w.-]*\w)?(?:@sha256:[0-9a-f]+)?)"),
    ];
    patterns.into_iter().filter_map(|(name, pattern)| Some((name, Regex::new(pattern).ok()?))).collect()
});

fn put(names: &mut Names, name: &'static str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        names.set(name, value);
    }
}

/// Region and account: `arn:aws:ecs:eu-west-1:481516234217:task/…`.
fn put_arn(names: &mut Names, arn: &str) {
    let mut parts = arn.split(':').skip(3);
    put(names, "region", parts.next());
    put(names, "account", parts.next());
}

/// `family` and `revision` out of an ARN or `family:7`.
fn put_definition(names: &mut Names, definition: Option<&str>) {
    let revision = definition.map(last_part);
    put(names, "revision", revision);
    put(names, "family", revision.and_then(|revision| revision.rsplit_once(':')).map(|(family, _)| family));
}

/// CPU and memory of a task.
fn put_size(names: &mut Names, cpu: Option<&str>, memory: Option<&str>) {
    put(names, "cpu", cpu.map(|cpu| format!("{cpu} CPU units")).as_deref());
    put(names, "memory", memory.map(|memory| format!("{memory} MiB")).as_deref());
}

/// Names of roles.
fn put_roles(names: &mut Names, revision: &Revision) {
    put(names, "execution_role", revision.execution_role_arn.as_deref().map(last_part));
    put(names, "task_role", revision.task_role_arn.as_deref().map(last_part));
}

/// The parts of an image name. Only Amazon ECR images have a repository; without tag and digest, the tag is `latest`.
fn put_image(names: &mut Names, image: Option<&str>) {
    let Some(image) = image else { return };
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    // The first part is a registry if it may be a host; a colon in a later part begins the tag.
    let (registry, path) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
        _ => (None, name),
    };
    let (repository, tag) = path.split_once(':').map_or((path, None), |(path, tag)| (path, Some(tag)));
    put(names, "image", Some(image));
    put(names, "registry", registry);
    put(names, "repository", registry.filter(|host| host.contains(".dkr.ecr")).map(|_| repository));
    put(names, "tag", tag.or(if digest.is_some() { None } else { Some("latest") }));
}

fn put_container(names: &mut Names, container: &Container, definition: Option<&Definition>, task_id: &str) {
    let memory = definition.and_then(|definition| definition.memory).map(|memory| memory.to_string());
    put(names, "container", Some(&container.name));
    let memory = container.memory_limit().or(memory.as_deref()).map(|memory| format!("{memory} MiB"));
    put(names, "container_memory", memory.as_deref());
    put_image(names, container.image.as_deref());
    let bound = container.network_bindings.first().map(|binding| binding.container_port.to_string());
    // `8080/tcp`, `80 -> 8080/tcp`.
    let defined =
        definition.and_then(|definition| definition.ports.first()).and_then(|port| port.split(' ').next_back());
    put(names, "port", bound.as_deref().or(defined.and_then(|port| port.split('/').next())));
    let Some(definition) = definition else { return };
    let stop_timeout = definition.stop_timeout.map(|seconds| format!("{seconds} s"));
    put(names, "stop_timeout", stop_timeout.as_deref());
    let option = |name: &str| definition.log_options.iter().find(|(key, _)| key == name).map(|(_, value)| &**value);
    put(names, "log_group", option("awslogs-group"));
    put(names, "log_region", option("awslogs-region"));
    if let Some(prefix) = option("awslogs-stream-prefix") {
        put(names, "log_stream", Some(&format!("{prefix}/{}/{task_id}", container.name)));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn all(names: &Names, keys: &[&'static str]) -> Vec<Option<String>> {
        keys.iter().map(|key| names.get(key).map(str::to_owned)).collect()
    }

    #[rstest]
    #[case(
        "481516234217.dkr.ecr.eu-west-1.amazonaws.com/team/web:1.4.2",
        [Some("481516234217.dkr.ecr.eu-west-1.amazonaws.com"), Some("team/web"), Some("1.4.2")]
    )]
    #[case(
        "481516234217.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:9b2c",
        [Some("481516234217.dkr.ecr.eu-west-1.amazonaws.com"), Some("web"), None]
    )]
    #[case(
        "481516234217.dkr.ecr.eu-west-1.amazonaws.com/web:1@sha256:9b2c",
        [Some("481516234217.dkr.ecr.eu-west-1.amazonaws.com"), Some("web"), Some("1")]
    )]
    #[case("registry.corp.example:5000/acme/web", [Some("registry.corp.example:5000"), None, Some("latest")])]
    #[case("nginx", [None, None, Some("latest")])]
    #[case("acme/web:7", [None, None, Some("7")])]
    fn the_parts_of_an_image_name_are_found(#[case] image: &str, #[case] parts: [Option<&str>; 3]) {
        let mut names = Names::default();
        put_image(&mut names, Some(image));
        assert_eq!(all(&names, &["registry", "repository", "tag"]), parts.map(|part| part.map(str::to_owned)));
    }

    #[rstest]
    #[case(
        "failed to fetch secret arn:aws:secretsmanager:eu-west-1:481516234217:secret:pay/db-AbCdEf from secrets \
            manager",
        "secret",
        "arn:aws:secretsmanager:eu-west-1:481516234217:secret:pay/db-AbCdEf"
    )]
    #[case(
        "on resource: arn:aws:ssm:eu-west-1:481516234217:parameter/pay/key.",
        "secret",
        "arn:aws:ssm:eu-west-1:481516234217:parameter/pay/key"
    )]
    #[case(
        "User: arn:aws:sts::481516234217:assumed-role/pay-exec/0f3c is not authorized",
        "execution_role",
        "pay-exec"
    )]
    #[case(
        "Task failed ELB health checks in (target-group \
            arn:aws:elasticloadbalancing:eu-west-1:481516234217:targetgroup/pay/73e2)",
        "target_group",
        "arn:aws:elasticloadbalancing:eu-west-1:481516234217:targetgroup/pay/73e2"
    )]
    #[case("Scaling activity initiated by (deployment ecs-svc/4816)", "deployment", "ecs-svc/4816")]
    #[case("Host EC2 (instance i-0a1b2c3d4e5f60718) terminated.", "instance", "i-0a1b2c3d4e5f60718")]
    #[case("disabled in subnet 'subnet-0a1b2c3d4e5f60718'", "subnets", "subnet-0a1b2c3d4e5f60718")]
    #[case("(port 8080) is unhealthy in (target-group x)", "port", "8080")]
    #[case(
        "failed to resolve ref 4815.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2: \
            4815.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2: not found",
        "tag",
        "1.4.2"
    )]
    #[case("The specified log group does not exist. (log group /ecs/web.)", "log_group", "/ecs/web")]
    fn messages_name_what_they_are_about(#[case] message: &str, #[case] name: &str, #[case] value: &str) {
        let mut names = Names::default();
        add_names_in(&mut names, message);
        assert_eq!(names.get(name), Some(value));
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(MENTIONED.len(), 10);
    }
}
