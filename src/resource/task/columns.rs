//! The columns of the tasks table.

use super::Task;
use crate::resource::{
    ARCHIVED, Cell, Column, Field, Order, Part, Tone, Unit,
    format::{age_cell, age_order, id_cell, last_part, number_order, text_cell, text_order, time_cell, time_order},
};

/// Name of the service a task belongs to, or else its group as AWS gives it.
pub fn group_name(group: Option<&str>) -> Option<&str> {
    group.map(|group| group.strip_prefix("service:").unwrap_or(group))
}

/// Cell with [`group_name`].
pub fn group_cell(group: Option<&str>) -> Cell<'_> {
    let service = group.is_some_and(|group| group.starts_with("service:"));
    text_cell(group_name(group)).toned(if service { Tone::Plain } else { Tone::Muted })
}

pub(super) static FIELDS: &[Field<Task>] = &[
    Field {
        column: Column::new("id", "TASK", 8, 8).identity(),
        cell: |row, _| id_cell(&row.task_arn, Tone::Plain),
        order: |row, _| Order::Text(row.task_id().into()),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster).identity(),
        cell: |row, _| text_cell(Some(&row.cluster_name)),
        order: |row, _| Order::Text((&*row.cluster_name).into()),
    },
    Field {
        column: Column::new("group", "GROUP", 8, 32)
            .aliases(&["service", "svc", "family"])
            .hidden_by(Part::Service)
            .identity(),
        cell: |row, _| group_cell(row.group.as_deref()),
        order: |row, _| text_order(group_name(row.group.as_deref())),
    },
    Field {
        column: Column::new("status", "STATUS", 7, 16).aliases(&["state", "last"]),
        cell: |row, _| match row.archived {
            true => {
                Cell::new(format!("{} {ARCHIVED}", row.state()), Tone::Muted).values([row.state(), ARCHIVED.into()])
            }
            false => Cell::new(row.state(), row.tone()),
        },
        order: |row, _| Order::Text(row.state()),
    },
    Field {
        column: Column::new("desired", "DESIRED", 7, 8).wide(),
        cell: |row, _| Cell::new(row.desired_status.as_deref().map_or("-".into(), str::to_lowercase), Tone::Muted),
        order: |row, _| text_order(row.desired_status.as_deref()),
    },
    Field {
        column: Column::new("health", "HEALTH", 6, 9).priority(3).marks_row(),
        cell: |row, _| match row.health_status.as_deref() {
            Some("HEALTHY") => Cell::new("healthy", Tone::Good),
            Some("UNHEALTHY") => Cell::new("unhealthy", Tone::Bad),
            Some("UNKNOWN") | None => Cell::absent(),
            Some(other) => Cell::new(other, Tone::Muted),
        },
        order: |row, _| text_order(row.health_status.as_deref()),
    },
    Field {
        column: Column::new("revision", "REVISION", 8, 32).aliases(&["rev", "taskdef", "td"]).priority(2).marks_row(),
        cell: |row, _| {
            let old = row.current == Some(false);
            // Stopped tasks need no replacement.
            let tone = if old && !row.stopped() { Tone::Warn } else { Tone::Plain };
            match row.revision() {
                "" => Cell::absent(),
                revision if old => {
                    let number = revision.rsplit(':').next().unwrap_or(revision);
                    Cell::new(format!("{revision} old"), tone).values([revision]).or_short(format!(":{number} old"))
                }
                revision => Cell::new(revision, tone),
            }
        },
        order: |row, _| text_order(Some(row.revision())),
    },
    Field {
        column: Column::new("code", "STOP CODE", 9, 24).aliases(&["stopcode"]).priority(5),
        cell: |row, _| {
            row.stop_code.as_deref().map_or_else(Cell::absent, |code| Cell::new(code, row.end_tone(Tone::Muted)))
        },
        order: |row, _| text_order(row.stop_code.as_deref()),
    },
    Field {
        column: Column::new("exit", "EXIT", 4, 32).aliases(&["exitcode"]).unit(Unit::Count),
        cell: |row, _| row.exit_cell(),
        order: |row, _| {
            let codes = row.containers.iter().filter_map(|container| container.exit_code);
            codes.max_by_key(|code| (*code != 0, *code)).map_or(Order::Absent, |code| Order::Number(code.into()))
        },
    },
    Field {
        column: Column::new("reason", "REASON", 12, 120).aliases(&["why"]),
        cell: |row, _| row.reason().map_or_else(Cell::absent, |reason| Cell::new(reason, row.end_tone(Tone::Plain))),
        order: |row, _| row.reason().map_or(Order::Absent, |reason| Order::Text(reason.into())),
    },
    Field {
        column: Column::new("az", "AZ", 4, 14).aliases(&["zone"]).priority(7),
        cell: |row, _| text_cell(row.availability_zone.as_deref()),
        order: |row, _| text_order(row.availability_zone.as_deref()),
    },
    Field {
        column: Column::new("cpu", "CPU", 4, 6).unit(Unit::Cpu).priority(8),
        cell: |row, _| text_cell(row.cpu.as_deref()),
        order: |row, _| number_order(row.cpu.as_deref()),
    },
    Field {
        column: Column::new("memory", "MEM", 4, 7).aliases(&["mem"]).unit(Unit::Mebibytes).priority(8),
        cell: |row, _| text_cell(row.memory.as_deref()),
        order: |row, _| number_order(row.memory.as_deref()),
    },
    Field {
        column: Column::new("launch", "LAUNCH", 7, 16).aliases(&["provider"]).priority(9),
        cell: |row, _| text_cell(row.capacity_provider_name.as_deref().or(row.launch_type.as_deref())),
        order: |row, _| text_order(row.capacity_provider_name.as_deref().or(row.launch_type.as_deref())),
    },
    Field {
        column: Column::new("ip", "IP", 7, 15).wide(),
        cell: |row, _| text_cell(row.private_address.as_deref()),
        order: |row, _| text_order(row.private_address.as_deref()),
    },
    Field {
        column: Column::new("instance", "INSTANCE", 8, 20).wide(),
        cell: |row, _| text_cell(row.container_instance_arn.as_deref().map(last_part)),
        order: |row, _| text_order(row.container_instance_arn.as_deref()),
    },
    Field {
        column: Column::new("started", "STARTED", 20, 20).unit(Unit::Time).wide(),
        cell: |row, cx| time_cell(row.started_at, cx),
        order: |row, _| time_order(row.started_at),
    },
    Field {
        column: Column::new("stopped", "STOPPED", 20, 20).unit(Unit::Time).wide(),
        cell: |row, cx| time_cell(row.stopped_at, cx),
        order: |row, _| time_order(row.stopped_at),
    },
    Field {
        column: Column::new("age", "AGE", 4, 6).age(),
        cell: |row, cx| age_cell(row.age_from(), cx.now),
        order: |row, cx| age_order(row.age_from(), cx.now),
    },
];
