//! Containers of tasks. They come with DescribeTasks, at no extra call.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Ability, Cell, Column, Context, Document, Field, Kind, LogTarget, Order, Origin, Pace, Part, Query, Relation,
    Resource, Row, Tone, TypedRow, Unit, View,
    format::{id_cell, last_part, number_order, one_line, short_id, text_cell, text_order},
    task::{self, Task},
};

pub static KIND: Kind = Kind {
    name: "container",
    plural: "containers",
    aliases: &["co"],
    about: "containers of tasks: image, health, exit code, exec readiness",
    columns: super::columns::<Container>,
    abilities: &[
        Ability::Explain,
        Ability::Evidence,
        Ability::Logs,
        Ability::Timeline,
        Ability::Diff,
        Ability::StopTask,
        Ability::Shell,
        Ability::Exec,
        Ability::Forward,
    ],
    states: &["running", "pending", "stopped", "healthy", "unhealthy"],
    sort: ("name", false),
    in_cluster: true,
    json_key: "containers",
    origin: Origin::Derived { from: &task::KIND, rows },
};

fn rows(row: &dyn Row) -> Vec<Arc<dyn Row>> {
    let Some(task) = row.any().downcast_ref::<Task>() else { return Vec::new() };
    task.containers.iter().map(|container| Arc::new(container.clone()) as Arc<dyn Row>).collect()
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    pub container_arn: String,
    pub name: String,
    #[serde(skip)]
    pub cluster_name: String,
    #[serde(skip)]
    pub task_arn: String,
    /// Group of its task: `service:NAME` or `family:NAME`.
    #[serde(skip)]
    pub group: Option<String>,
    pub image: Option<String>,
    pub image_digest: Option<String>,
    pub runtime_id: Option<String>,
    pub last_status: Option<String>,
    pub health_status: Option<String>,
    pub exit_code: Option<i32>,
    pub reason: Option<String>,
    pub cpu: Option<String>,
    pub memory: Option<String>,
    pub memory_reservation: Option<String>,
    pub network_bindings: Vec<NetworkBinding>,
    pub private_address: Option<String>,
    /// Last status of the ExecuteCommandAgent; absent where exec is off.
    pub exec_agent: Option<String>,
    pub exec_reason: Option<String>,
}

/// A container to enter with ECS Exec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecTarget {
    pub cluster_name: String,
    pub task_arn: String,
    pub container: String,
    /// Identifies the running container; needed for ports, and where the cluster encrypts sessions.
    pub runtime_id: Option<String>,
}

impl ExecTarget {
    /// Its name in a sentence: `app of task 0cf34e4c`.
    pub fn label(&self) -> String {
        format!("{} of task {}", self.container, short_id(&self.task_arn))
    }

    /// Its name for Systems Manager: `ecs:CLUSTER_TASK_RUNTIME`.
    pub fn session_target(&self) -> String {
        let runtime_id = self.runtime_id.as_deref().unwrap_or_default();
        format!("ecs:{}_{}_{runtime_id}", last_part(&self.cluster_name), last_part(&self.task_arn))
    }
}

/// A port of a container on its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkBinding {
    pub host_port: i32,
    pub container_port: i32,
    pub protocol: String,
}

impl Container {
    pub(super) fn from_sdk(
        container: aws_sdk_ecs::types::Container,
        index: usize,
        cluster: &str,
        task_arn: &str,
        group: Option<&str>,
    ) -> Self {
        let agents = container.managed_agents.unwrap_or_default();
        let agent = agents
            .into_iter()
            .find(|agent| agent.name.as_ref().is_some_and(|name| name.as_str() == "ExecuteCommandAgent"));
        let interfaces = container.network_interfaces.unwrap_or_default();
        let bindings = container.network_bindings.unwrap_or_default();
        let name = container.name.unwrap_or_else(|| format!("#{index}"));
        Self {
            container_arn: container.container_arn.unwrap_or_else(|| format!("{task_arn}/{name}")),
            name,
            cluster_name: cluster.to_owned(),
            task_arn: task_arn.to_owned(),
            group: group.map(str::to_owned),
            image: container.image,
            image_digest: container.image_digest,
            runtime_id: container.runtime_id,
            last_status: container.last_status,
            health_status: container.health_status.map(|health| health.as_str().to_owned()),
            exit_code: container.exit_code,
            reason: container.reason,
            cpu: container.cpu,
            memory: container.memory,
            memory_reservation: container.memory_reservation,
            network_bindings: bindings
                .into_iter()
                .filter_map(|binding| {
                    let protocol = binding.protocol.map(|protocol| protocol.as_str().to_owned()).unwrap_or_default();
                    let (host_port, container_port) = (binding.host_port?, binding.container_port?);
                    Some(NetworkBinding { host_port, container_port, protocol })
                })
                .collect(),
            private_address: interfaces.into_iter().find_map(|interface| interface.private_ipv4_address),
            exec_reason: agent.as_ref().and_then(|agent| agent.reason.clone()),
            exec_agent: agent.map(|agent| agent.last_status.unwrap_or_default()),
        }
    }

    pub fn tone(&self) -> Tone {
        match (self.last_status.as_deref(), self.exit_code) {
            (Some("RUNNING"), _) if self.health_status.as_deref() == Some("UNHEALTHY") => Tone::Bad,
            (Some("RUNNING"), _) => Tone::Good,
            // 143: stopped by SIGTERM, as requested.
            (Some("STOPPED"), Some(0 | 143)) => Tone::Muted,
            (Some("STOPPED"), Some(_)) => Tone::Bad,
            // It never ran; if something went wrong, there is a reason.
            (Some("STOPPED"), None) if self.reason.is_some() => Tone::Bad,
            (Some("STOPPED"), None) => Tone::Muted,
            (Some(_), _) => Tone::Busy,
            (None, _) => Tone::Muted,
        }
    }

    /// Readiness for ECS Exec: `ready`, `off`, or the state of the agent.
    pub fn exec(&self) -> (&str, Tone) {
        match self.exec_agent.as_deref() {
            None => ("off", Tone::Muted),
            Some("RUNNING") => ("ready", Tone::Good),
            Some("PENDING") => ("starting", Tone::Busy),
            // In a running container the agent should not have stopped.
            Some("STOPPED") if self.last_status.as_deref() == Some("RUNNING") => ("stopped", Tone::Bad),
            Some("STOPPED") => ("stopped", Tone::Muted),
            Some(other) => (other, Tone::Muted),
        }
    }

    /// Memory limit in MiB; absent when only the task has a limit.
    pub fn memory_limit(&self) -> Option<&str> {
        self.memory.as_deref().filter(|memory| *memory != "0")
    }

    /// Image without its registry: `payments:1.42`.
    pub fn short_image(&self) -> &str {
        self.image.as_deref().map(|image| image.rsplit('/').next().unwrap_or(image)).unwrap_or_default()
    }

    /// First twelve digits of the image digest.
    pub fn short_digest(&self) -> Option<&str> {
        let digest = self.image_digest.as_deref()?;
        let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
        Some(digest.char_indices().nth(12).map_or(digest, |(end, _)| &digest[..end]))
    }

    /// Name, status and exit code in one line.
    pub fn summary(&self) -> String {
        let status = self.last_status.as_deref().unwrap_or("-").to_lowercase();
        let exit = self.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
        let health = match self.health_status.as_deref() {
            None | Some("UNKNOWN") => String::new(),
            Some(health) => format!(", {}", health.to_lowercase()),
        };
        format!("{}: {status}{health}{exit}", self.name)
    }
}

static FIELDS: &[Field<Container>] = &[
    Field {
        column: Column::new("name", "CONTAINER", 6, 32).aliases(&["container"]).identity(),
        cell: |row, _| Cell::plain(&*row.name),
        order: |row, _| Order::Text((&*row.name).into()),
    },
    Field {
        column: Column::new("task", "TASK", 8, 8).hidden_by(Part::Task).identity(),
        cell: |row, _| id_cell(&row.task_arn, Tone::Muted),
        order: |row, _| Order::Text((&*row.task_arn).into()),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster).identity(),
        cell: |row, _| text_cell(Some(&row.cluster_name)),
        order: |row, _| text_order(Some(&row.cluster_name)),
    },
    Field {
        column: Column::new("group", "GROUP", 8, 32)
            .aliases(&["service", "svc", "family"])
            .hidden_by(Part::Service)
            .identity(),
        cell: |row, _| task::group_cell(row.group.as_deref()),
        order: |row, _| text_order(task::group_name(row.group.as_deref())),
    },
    Field {
        column: Column::new("status", "STATUS", 7, 14).aliases(&["state"]),
        cell: |row, _| Cell::new(row.last_status.as_deref().map_or("-".into(), str::to_lowercase), row.tone()),
        order: |row, _| text_order(row.last_status.as_deref()),
    },
    Field {
        column: Column::new("health", "HEALTH", 6, 9).priority(2).marks_row(),
        cell: |row, _| match row.health_status.as_deref() {
            Some("HEALTHY") => Cell::new("healthy", Tone::Good),
            Some("UNHEALTHY") => Cell::new("unhealthy", Tone::Bad),
            Some("UNKNOWN") | None => Cell::absent(),
            Some(other) => Cell::new(other, Tone::Muted),
        },
        order: |row, _| text_order(row.health_status.as_deref()),
    },
    Field {
        column: Column::new("exit", "EXIT", 4, 5).aliases(&["exitcode"]).unit(Unit::Count),
        cell: |row, _| match row.exit_code {
            None => Cell::absent(),
            Some(code) => Cell::new(code.to_string(), row.tone()),
        },
        order: |row, _| row.exit_code.map_or(Order::Absent, |code| Order::Number(code.into())),
    },
    Field {
        column: Column::new("image", "IMAGE", 12, 48).priority(1),
        cell: |row, _| text_cell(Some(row.short_image())),
        order: |row, _| text_order(row.image.as_deref()),
    },
    Field {
        column: Column::new("digest", "DIGEST", 12, 12).priority(5),
        cell: |row, _| row.short_digest().map_or_else(Cell::absent, |digest| Cell::new(digest, Tone::Muted)),
        order: |row, _| text_order(row.image_digest.as_deref()),
    },
    Field {
        column: Column::new("exec", "EXEC", 5, 8).priority(3).marks_row(),
        cell: |row, _| Cell::new(row.exec().0, row.exec().1),
        order: |row, _| Order::Text(row.exec().0.into()),
    },
    Field {
        column: Column::new("reason", "REASON", 12, 120).aliases(&["why"]),
        cell: |row, _| row.reason.as_deref().map_or_else(Cell::absent, |r| Cell::new(one_line(r), row.tone())),
        order: |row, _| text_order(row.reason.as_deref()),
    },
    Field {
        column: Column::new("cpu", "CPU", 4, 6).unit(Unit::Cpu).priority(7),
        cell: |row, _| text_cell(row.cpu.as_deref().filter(|cpu| *cpu != "0")),
        order: |row, _| number_order(row.cpu.as_deref()),
    },
    Field {
        column: Column::new("memory", "MEM", 4, 7).aliases(&["mem"]).unit(Unit::Mebibytes).priority(7),
        cell: |row, _| text_cell(row.memory.as_deref().or(row.memory_reservation.as_deref())),
        order: |row, _| number_order(row.memory.as_deref().or(row.memory_reservation.as_deref())),
    },
    Field {
        column: Column::new("runtime", "RUNTIME ID", 12, 45).aliases(&["id"]).priority(8),
        cell: |row, _| text_cell(row.runtime_id.as_deref()),
        order: |row, _| text_order(row.runtime_id.as_deref()),
    },
];

impl Resource for Container {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Container(self)
    }

    fn fields() -> &'static [Field<Self>] {
        FIELDS
    }

    fn id(&self) -> &str {
        &self.container_arn
    }

    fn name(&self) -> Cow<'_, str> {
        (&*self.name).into()
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster_name)
    }

    fn parent(&self) -> Option<&str> {
        Some(&self.task_arn)
    }

    fn pace(&self) -> Pace {
        match self.last_status.as_deref() {
            Some("STOPPED") => Pace::Final,
            Some("RUNNING") => Pace::Calm,
            _ => Pace::Moving,
        }
    }

    fn fault(&self) -> bool {
        self.tone() == Tone::Bad
    }

    fn states(&self) -> Vec<&'static str> {
        let status = match self.last_status.as_deref() {
            Some("RUNNING") => Some("running"),
            Some("STOPPED") => Some("stopped"),
            Some(_) => Some("pending"),
            None => None,
        };
        let health = match self.health_status.as_deref() {
            Some("HEALTHY") => Some("healthy"),
            Some("UNHEALTHY") => Some("unhealthy"),
            _ => None,
        };
        status.into_iter().chain(health).collect()
    }

    fn related(&self, relation: Relation) -> Option<View> {
        (relation == Relation::Owner).then(|| View::new(&task::KIND, Query::task(&*self.cluster_name, &*self.task_arn)))
    }

    fn log_target(&self, _: Timestamp) -> Option<LogTarget> {
        let task = LogTarget::task(
            short_id(&self.task_arn),
            Query::task(&*self.cluster_name, &*self.task_arn),
            &self.task_arn,
        );
        Some(task.container(&*self.name))
    }

    fn consults(&self) -> Vec<View> {
        vec![View::new(&task::KIND, Query::task(&*self.cluster_name, &*self.task_arn))]
    }

    fn cli(&self) -> Option<Vec<String>> {
        task::cli(&self.cluster_name, last_part(&self.task_arn))
    }

    fn describe(&self, _: &Context) -> Document {
        let (exec, exec_tone) = self.exec();
        let mut document = Document::default();
        document
            .section("Container")
            .field("Name", &*self.name)
            .toned("Status", self.last_status.as_deref().unwrap_or_default().to_lowercase(), self.tone())
            .field(
                "Health",
                self.health_status.as_deref().filter(|health| *health != "UNKNOWN").unwrap_or_default().to_lowercase(),
            )
            .toned("Exit code", self.exit_code.map(|code| code.to_string()).unwrap_or_default(), self.tone())
            .toned("Reason", self.reason.clone().unwrap_or_default(), self.tone())
            .field("Image", self.image.clone().unwrap_or_default())
            .field("Digest", self.image_digest.clone().unwrap_or_default())
            .toned("Exec", exec, exec_tone)
            .field("Exec reason", self.exec_reason.clone().unwrap_or_default())
            .field("CPU", self.cpu.clone().filter(|cpu| cpu != "0").unwrap_or_default())
            .field("Memory", self.memory.clone().unwrap_or_default())
            .field("Memory reserved", self.memory_reservation.clone().unwrap_or_default())
            .field("Address", self.private_address.clone().unwrap_or_default())
            .field("Runtime id", self.runtime_id.clone().unwrap_or_default())
            .field("Task", &*self.task_arn)
            .field("ARN", &*self.container_arn);
        let ports = document.section("Ports");
        for NetworkBinding { host_port, container_port, protocol } in &self.network_bindings {
            ports.text(0, format!("{host_port} -> {container_port}/{protocol}"), Tone::Plain);
        }
        document
    }
}
