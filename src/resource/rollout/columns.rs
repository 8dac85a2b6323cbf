//! The columns of rollouts.

use super::Rollout;
use crate::resource::{
    Cell, Column, Field, Order, Part, Tone, Unit,
    format::{age_cell, age_order, duration, id_cell, one_line, text_cell, text_order},
};

pub(super) static FIELDS: &[Field<Rollout>] = &[
    Field {
        column: Column::new("taskdef", "REVISION", 8, 40).aliases(&["td", "revision", "rev"]),
        cell: |row, _| text_cell(row.target.as_ref().map(|target| target.name())),
        order: |row, _| text_order(row.target.as_ref().map(|target| target.name())),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster).identity(),
        cell: |row, _| text_cell(Some(&row.cluster_name)),
        order: |row, _| text_order(Some(&row.cluster_name)),
    },
    Field {
        column: Column::new("service", "SERVICE", 8, 32).aliases(&["svc"]).hidden_by(Part::Service).identity(),
        cell: |row, _| text_cell(Some(&row.service_name)),
        order: |row, _| text_order(Some(&row.service_name)),
    },
    Field {
        column: Column::new("status", "STATUS", 11, 16).aliases(&["state"]).marks_row(),
        cell: |row, _| Cell::new(row.word(), row.tone()),
        order: |row, _| Order::Text(row.word()),
    },
    Field {
        column: Column::new("replaces", "REPLACES", 8, 40).aliases(&["from", "source"]).priority(1),
        cell: |row, _| Cell::list(row.sources.iter().map(|source| source.name()), ", ", Tone::Muted),
        order: |row, _| text_order(row.sources.first().map(|source| source.name())),
    },
    Field {
        column: Column::new("started", "STARTED", 7, 7).aliases(&["age"]).age(),
        cell: |row, cx| age_cell(row.started_at.or(row.created_at), cx.now),
        order: |row, cx| age_order(row.started_at.or(row.created_at), cx.now),
    },
    Field {
        column: Column::new("took", "TOOK", 5, 7).aliases(&["duration"]).age().priority(1),
        cell: |row, cx| match row.seconds(cx.now) {
            Some(seconds) => Cell::new(duration(seconds), if row.in_progress() { Tone::Busy } else { Tone::Plain }),
            None => Cell::absent(),
        },
        order: |row, cx| row.seconds(cx.now).map_or(Order::Absent, |seconds| Order::Number(seconds as f64)),
    },
    Field {
        column: Column::new("failed", "FAILED", 6, 8).unit(Unit::Count).priority(2),
        cell: |row, _| match row.breaker {
            Some(breaker) => {
                let tone = if breaker.failures > 0 { Tone::Warn } else { Tone::Muted };
                let text = format!("{}/{}", breaker.failures, breaker.threshold);
                Cell::new(text, tone).values([breaker.failures.to_string()])
            }
            None => Cell::absent(),
        },
        order: |row, _| row.breaker.map_or(Order::Absent, |breaker| Order::Number(breaker.failures.into())),
    },
    Field {
        column: Column::new("id", "ID", 8, 8).identity(),
        cell: |row, _| id_cell(&row.service_deployment_arn, Tone::Muted),
        order: |row, _| text_order(Some(row.short_name())),
    },
    Field {
        column: Column::new("reason", "REASON", 12, 120).aliases(&["why"]).priority(3),
        cell: |row, _| row.reason().map_or_else(Cell::absent, |reason| Cell::plain(one_line(reason))),
        order: |row, _| text_order(row.reason()),
    },
];
