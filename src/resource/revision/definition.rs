//! One container of a task definition.

use aws_sdk_ecs::types::{ContainerDefinition, HealthCheck, KeyValuePair, ResourceType};
use serde::Serialize;

use crate::resource::{
    format::amount,
    secrets::{MASK, is_secret_name, masked},
};

/// Default time between SIGTERM and SIGKILL, in seconds.
pub const STOP_TIMEOUT: i32 = 30;

/// One container of a task definition.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    pub name: String,
    pub image: Option<String>,
    pub essential: bool,
    pub cpu: i32,
    pub memory: Option<i32>,
    pub memory_reservation: Option<i32>,
    pub ports: Vec<String>,
    pub command: Vec<String>,
    /// Environment variables: names and values. Values that look like secrets are masked.
    pub environment: Vec<(String, String)>,
    /// Secrets: name of the environment variable and ARN of the secret.
    pub secrets: Vec<(String, String)>,
    pub log_driver: Option<String>,
    pub log_options: Vec<(String, String)>,
    /// Fixed ports that it needs on its instance, and their protocol.
    pub host_ports: Vec<(i32, String)>,
    pub gpus: usize,
    pub health_check: Vec<String>,
    /// Timing of its health check, where it has one.
    pub check: Option<Check>,
    /// Time for its dependencies to be ready, in seconds.
    pub start_timeout: Option<i32>,
    /// Time between SIGTERM and SIGKILL, in seconds.
    pub stop_timeout: Option<i32>,
    pub depends_on: Vec<String>,
    /// Its root file system is mounted read-only.
    pub read_only_root: bool,
    /// It has an init process, which cleans up ended processes.
    pub init_process: bool,
}

/// Timing of a container's health check: seconds, and number of retries. Missing values are AWS's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    pub interval: i32,
    pub timeout: i32,
    pub retries: i32,
    pub start_period: i32,
}

impl Definition {
    /// The single TCP ports that it names, without ranges.
    pub fn tcp_ports(&self) -> Vec<u16> {
        let port = |mapping: &String| {
            let inside = mapping.rsplit(" -> ").next()?.strip_suffix("/tcp")?;
            inside.parse().ok()
        };
        self.ports.iter().filter_map(port).collect()
    }

    pub(super) fn from_sdk(container: ContainerDefinition) -> Self {
        let log = container.log_configuration;
        let options = log.as_ref().and_then(|log| log.options.clone()).unwrap_or_default();
        let mut log_options: Vec<_> = options.into_iter().collect();
        log_options.sort();
        let port = |mapping: aws_sdk_ecs::types::PortMapping| {
            let protocol = mapping.protocol.as_ref().map_or("tcp", |protocol| protocol.as_str()).to_owned();
            let inside = mapping.container_port.map(|port| port.to_string()).or(mapping.container_port_range)?;
            Some(match mapping.host_port.filter(|host| *host != 0 && Some(*host) != mapping.container_port) {
                Some(host) => format!("{host} -> {inside}/{protocol}"),
                None => format!("{inside}/{protocol}"),
            })
        };
        let mappings = container.port_mappings.unwrap_or_default();
        // Zero means any free port.
        let fixed = mappings.iter().filter_map(|mapping| {
            let protocol = mapping.protocol.as_ref().map_or("tcp", |protocol| protocol.as_str()).to_owned();
            Some((mapping.host_port.filter(|port| *port > 0)?, protocol))
        });
        let host_ports = fixed.collect();
        let requirements = container.resource_requirements.unwrap_or_default();
        let gpus = requirements.iter().filter(|requirement| requirement.r#type == ResourceType::Gpu);
        Self {
            name: container.name.unwrap_or_default(),
            image: container.image,
            // AWS's default when the field is left out.
            essential: container.essential.unwrap_or(true),
            cpu: amount(container.cpu),
            memory: container.memory.map(amount),
            memory_reservation: container.memory_reservation.map(amount),
            ports: mappings.into_iter().filter_map(port).collect(),
            command: container.command.unwrap_or_default(),
            environment: container.environment.unwrap_or_default().into_iter().filter_map(variable).collect(),
            secrets: container
                .secrets
                .unwrap_or_default()
                .into_iter()
                .map(|secret| (secret.name, secret.value_from))
                .collect(),
            log_driver: log.map(|log| log.log_driver.as_str().to_owned()),
            log_options,
            host_ports,
            gpus: gpus.filter_map(|gpu| gpu.value.parse::<usize>().ok()).fold(0, usize::saturating_add),
            check: container.health_check.as_ref().map(Check::from_sdk),
            health_check: container.health_check.map(|check| check.command).unwrap_or_default(),
            start_timeout: container.start_timeout.map(amount),
            stop_timeout: container.stop_timeout.map(amount),
            read_only_root: container.readonly_root_filesystem.unwrap_or_default(),
            init_process: container.linux_parameters.and_then(|linux| linux.init_process_enabled).unwrap_or_default(),
            depends_on: container
                .depends_on
                .unwrap_or_default()
                .into_iter()
                .map(|on| format!("{} {}", on.container_name, on.condition.as_str()))
                .collect(),
        }
    }
    /// Time between SIGTERM and SIGKILL in seconds, with the default.
    pub fn stop_timeout(&self) -> i32 {
        self.stop_timeout.unwrap_or(STOP_TIMEOUT)
    }
}

fn variable(pair: KeyValuePair) -> Option<(String, String)> {
    let (name, value) = (pair.name?, pair.value.unwrap_or_default());
    let value = if is_secret_name(&name) { MASK.to_owned() } else { masked(&value) };
    Some((name, value))
}

impl Check {
    fn from_sdk(check: &HealthCheck) -> Self {
        let or = |value: Option<i32>, usual: i32| value.map_or(usual, amount);
        Self {
            interval: or(check.interval, 30),
            timeout: or(check.timeout, 5),
            retries: or(check.retries, 3),
            start_period: or(check.start_period, 0),
        }
    }

    /// Seconds after which the check must have succeeded or failed.
    pub fn decided_after(&self) -> i32 {
        self.start_period.saturating_add(self.retries.saturating_mul(self.interval))
    }
}
