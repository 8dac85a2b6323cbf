//! The columns of the services table.

use super::{Service, ServiceHealth};
use crate::resource::{
    Cell, Column, Field, Order, Part, Tone, Unit, count_cell,
    format::{age_cell, age_order, duration, seconds_since, text_cell, text_order},
};

pub(super) static FIELDS: &[Field<Service>] = &[
    Field {
        column: Column::new("name", "NAME", 8, 44).aliases(&["service", "svc"]).identity(),
        cell: |row, _| Cell::plain(&*row.service_name),
        order: |row, _| Order::Text((&*row.service_name).into()),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster).identity(),
        cell: |row, _| text_cell(Some(&row.cluster_name)),
        order: |row, _| Order::Text((&*row.cluster_name).into()),
    },
    Field {
        column: Column::new("state", "STATE", 9, 11).aliases(&["status", "health"]),
        cell: |row, _| Cell::new(row.health().word(), row.health().tone()),
        order: |row, _| Order::Text(row.health().word().into()),
    },
    Field {
        column: Column::new("desired", "DES", 3, 5).aliases(&["des"]).unit(Unit::Count),
        cell: |row, _| count_cell(row.desired_count, Tone::Plain),
        order: |row, _| Order::Number(row.desired_count.into()),
    },
    Field {
        column: Column::new("running", "RUN", 3, 5).aliases(&["run"]).unit(Unit::Count),
        cell: |row, _| {
            let short = row.running_count < row.desired_count;
            Cell::new(row.running_count.to_string(), if short { row.health().tone() } else { Tone::Plain })
        },
        order: |row, _| Order::Number(row.running_count.into()),
    },
    Field {
        column: Column::new("pending", "PEND", 4, 5).aliases(&["pend"]).unit(Unit::Count),
        cell: |row, _| count_cell(row.pending_count, Tone::Busy),
        order: |row, _| Order::Number(row.pending_count.into()),
    },
    Field {
        column: Column::new("failed", "FAIL/H", 6, 6)
            .aliases(&["fails", "failures"])
            .unit(Unit::Count)
            .priority(2)
            .marks_row(),
        cell: |row, _| match row.failed_last_hour {
            None => Cell::absent(),
            Some(0) => Cell::new("0", Tone::Muted),
            // A steady service has recovered from them.
            Some(failed) if row.health() == ServiceHealth::Steady => Cell::new(failed.to_string(), Tone::Warn),
            Some(failed) => Cell::new(failed.to_string(), Tone::Bad),
        },
        order: |row, _| row.failed_last_hour.map_or(Order::Absent, |failed| Order::Number(failed.into())),
    },
    Field {
        // The counts of the last hour change with the clock.
        column: Column { ages: true, ..Column::new("cause", "CAUSE", 10, 64).aliases(&["why"]) },
        cell: |row, _| match row.findings.first() {
            Some(finding) => Cell::new(&*finding.cause, finding.problem.tone()),
            None => Cell::absent(),
        },
        order: |row, _| text_order(row.findings.first().map(|finding| &*finding.cause)),
    },
    Field {
        column: Column { ages: true, ..Column::new("rollout", "ROLLOUT", 10, 30).priority(3) },
        cell: |row, cx| {
            let Some(primary) = row.primary() else { return Cell::absent() };
            let rollout = row.rollout.as_ref().filter(|_| row.deploying());
            let state = rollout.map_or_else(|| primary.progress().into(), |rollout| rollout.word());
            let since = primary.since().map(|at| duration(seconds_since(at, cx.now)));
            let failures = rollout.and_then(|rollout| rollout.breaker).filter(|breaker| breaker.failures > 0);
            let failures = failures.map(|breaker| format!("{}/{} failed", breaker.failures, breaker.threshold));
            let parts = [Some(state.to_string()), since, failures];
            let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
            let tone = rollout.map_or_else(|| primary.tone(), |rollout| rollout.tone().max(primary.tone()));
            Cell::new(text, tone).values([state])
        },
        order: |row, _| text_order(row.primary().map(|primary| primary.progress())),
    },
    Field {
        column: Column::new("taskdef", "TASK DEFINITION", 10, 40).aliases(&["td", "revision", "rev"]).priority(4),
        cell: |row, _| text_cell(Some(row.revision())),
        order: |row, _| text_order(Some(row.revision())),
    },
    Field {
        column: Column::new("launch", "LAUNCH", 7, 24).aliases(&["provider", "capacity"]).priority(5),
        cell: |row, _| match row.launch() {
            launch if launch.is_empty() => Cell::absent(),
            launch => Cell::plain(launch),
        },
        order: |row, _| Order::Text(row.launch()),
    },
    Field {
        column: Column::new("strategy", "STRATEGY", 8, 12).wide(),
        cell: |row, _| text_cell(row.deployment_strategy.as_deref()),
        order: |row, _| text_order(row.deployment_strategy.as_deref()),
    },
    Field {
        column: Column::new("exec", "EXEC", 4, 5).wide(),
        cell: |row, _| if row.enable_execute_command { Cell::plain("on") } else { Cell::new("off", Tone::Muted) },
        order: |row, _| Order::Number(f64::from(row.enable_execute_command)),
    },
    Field {
        column: Column::new("event", "LAST EVENT", 20, 80).wide(),
        cell: |row, _| row.events.first().map_or_else(Cell::absent, |event| event.cell()),
        order: |row, _| text_order(row.events.first().map(|event| &*event.message)),
    },
    Field {
        column: Column::new("age", "AGE", 4, 6).age().priority(6),
        cell: |row, cx| age_cell(row.created_at, cx.now),
        order: |row, cx| age_order(row.created_at, cx.now),
    },
];
