//! Service events: messages of the ECS scheduler. They come with DescribeServices, at no extra call.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    ARCHIVED, ARCHIVED_LONG, Ability, Cell, Column, Context, Document, Field, Kind, LogTarget, Order, Origin, Pace,
    Part, Query, Relation, Resource, Row, Tone, TypedRow, Unit, View,
    format::{age_cell, age_order, one_line, text_cell, text_order, time_cell, time_order, timestamp, when},
    service::{self, Service},
    task,
};
use crate::knowledge::{self, Class, Rule};

pub static KIND: Kind = Kind {
    name: "event",
    plural: "events",
    aliases: &["ev"],
    about: "service events, the newest 100 of each service",
    columns: super::columns::<ServiceEvent>,
    abilities: &[Ability::Explain, Ability::Logs, Ability::Timeline, Ability::Archive],
    states: &[ARCHIVED],
    sort: ("age", false),
    in_cluster: true,
    json_key: "events",
    origin: Origin::Derived { from: &service::KIND, rows },
};

fn rows(row: &dyn Row) -> Vec<Arc<dyn Row>> {
    let Some(service) = row.any().downcast_ref::<Service>() else { return Vec::new() };
    service.events.iter().map(|event| Arc::new(event.clone()) as Arc<dyn Row>).collect()
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceEvent {
    pub id: String,
    #[serde(skip)]
    pub cluster_name: String,
    #[serde(skip)]
    pub service_name: String,
    #[serde(skip)]
    pub service_arn: String,
    pub created_at: Option<Timestamp>,
    pub message: String,
    /// Whether ECS has forgotten it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    #[serde(skip)]
    pub rule: FoundRule,
}

/// The rule of a message, found when it is first needed: a table compares all its cells with every key of a filter.
#[derive(Debug, Clone, Default)]
pub struct FoundRule(OnceLock<Option<&'static Rule>>);

/// It follows from the message.
impl PartialEq for FoundRule {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl ServiceEvent {
    pub(super) fn from_sdk(
        event: aws_sdk_ecs::types::ServiceEvent,
        cluster: &str,
        service: &str,
        service_arn: &str,
    ) -> Self {
        let created_at = timestamp(event.created_at.as_ref());
        Self {
            id: event.id.unwrap_or_else(|| format!("{service_arn}#{created_at:?}")),
            cluster_name: cluster.to_owned(),
            service_name: service.to_owned(),
            service_arn: service_arn.to_owned(),
            created_at,
            message: event.message.unwrap_or_default(),
            archived: false,
            rule: FoundRule::default(),
        }
    }

    /// Rule that recognises its message.
    pub fn rule(&self) -> Option<&'static Rule> {
        *self.rule.0.get_or_init(|| knowledge::of_event(&self.message))
    }

    pub fn tone(&self) -> Tone {
        match self.rule().map(|rule| rule.class) {
            Some(Class::Recovery) => Tone::Good,
            Some(Class::Warning) => Tone::Warn,
            Some(Class::Failure | Class::Critical) => Tone::Bad,
            Some(Class::Normal) | None => Tone::Plain,
        }
    }

    /// Cell with the message in one line.
    pub fn cell(&self) -> Cell<'static> {
        let prefix = if self.archived { format!("{ARCHIVED}: ") } else { String::new() };
        let tone = match self.tone() {
            tone @ (Tone::Warn | Tone::Bad) => tone,
            _ if self.archived => Tone::Muted,
            tone => tone,
        };
        let text = one_line(self.text());
        Cell::new(format!("{prefix}{text}"), tone).values([text])
    }

    /// Message without its prefix `(service NAME) `, which is the same in every row.
    pub fn text(&self) -> &str {
        let prefix = format!("(service {}) ", self.service_name);
        self.message.strip_prefix(prefix.as_str()).unwrap_or(&self.message)
    }
}

static FIELDS: &[Field<ServiceEvent>] = &[
    Field {
        column: Column::new("age", "AGE", 4, 6).age(),
        cell: |row, cx| age_cell(row.created_at, cx.now),
        order: |row, cx| age_order(row.created_at, cx.now),
    },
    Field {
        column: Column::new("time", "TIME", 20, 20).unit(Unit::Time).wide(),
        cell: |row, cx| time_cell(row.created_at, cx),
        order: |row, _| time_order(row.created_at),
    },
    Field {
        column: Column::new("cluster", "CLUSTER", 6, 24).hidden_by(Part::Cluster).identity(),
        cell: |row, _| text_cell(Some(&row.cluster_name)),
        order: |row, _| text_order(Some(&row.cluster_name)),
    },
    Field {
        column: Column::new("service", "SERVICE", 8, 32).aliases(&["svc"]).hidden_by(Part::Service).identity(),
        cell: |row, _| text_cell(Some(&row.service_name)),
        order: |row, _| Order::Text((&*row.service_name).into()),
    },
    Field {
        column: Column::new("message", "MESSAGE", 16, 400).aliases(&["msg", "event"]),
        cell: |row, _| row.cell(),
        order: |row, _| Order::Text((&*row.message).into()),
    },
];

impl Resource for ServiceEvent {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn typed(&self) -> TypedRow<'_> {
        TypedRow::Event(self)
    }

    fn fields() -> &'static [Field<Self>] {
        FIELDS
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> Cow<'_, str> {
        (&*self.id).into()
    }

    fn cluster(&self) -> Option<&str> {
        Some(&self.cluster_name)
    }

    fn parent(&self) -> Option<&str> {
        Some(&self.service_arn)
    }

    fn pace(&self) -> Pace {
        Pace::Final
    }

    fn fault(&self) -> bool {
        self.tone() == Tone::Bad
    }

    fn archived(&self) -> bool {
        self.archived
    }

    fn states(&self) -> Vec<&'static str> {
        self.archived.then_some(ARCHIVED).into_iter().collect()
    }

    fn related(&self, relation: Relation) -> Option<View> {
        let of_service = || Query::service(&*self.cluster_name, &*self.service_name);
        (relation == Relation::Owner).then(|| View::new(&service::KIND, of_service()))
    }

    fn timeline(&self) -> Option<Query> {
        Some(Query::service(&*self.cluster_name, &*self.service_name))
    }

    fn log_target(&self, _: Timestamp) -> Option<LogTarget> {
        Some(LogTarget::service(&self.cluster_name, &self.service_name).around(self.created_at))
    }

    fn consults(&self) -> Vec<View> {
        vec![service::view(&self.cluster_name, &self.service_name), task::stopped_view(&self.cluster_name)]
    }

    fn cli(&self) -> Option<Vec<String>> {
        service::cli(&self.cluster_name, &self.service_name)
    }

    fn describe(&self, cx: &Context) -> Document {
        let mut document = Document::default();
        document
            .section("Event")
            .field("Service", &*self.service_name)
            .field("At", when(self.created_at, cx))
            .field("Id", &*self.id)
            .toned("Archived", if self.archived { ARCHIVED_LONG } else { "" }, Tone::Muted);
        document.section("Message").text(0, &*self.message, self.tone());
        document
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("has reached a steady state.", Tone::Good)]
    #[case("has started 1 tasks: (task 0123456789abcdef0123456789abcdef).", Tone::Plain)]
    #[case("rolling back to deployment ecs-svc/1234567890123456789.", Tone::Warn)]
    #[case("was unable to place a task.", Tone::Bad)]
    #[case("is unable to consistently start tasks successfully.", Tone::Bad)]
    #[case("ate something that disagreed with it.", Tone::Plain)]
    fn the_tone_of_an_event_follows_from_its_rule(#[case] message: &str, #[case] tone: Tone) {
        let event = aws_sdk_ecs::types::ServiceEvent::builder().message(format!("(service web) {message}")).build();
        let event = ServiceEvent::from_sdk(event, "prod", "web", "arn:aws:ecs:eu-west-1:111122223333:service/prod/web");
        assert_eq!((event.tone(), Resource::fault(&event)), (tone, tone == Tone::Bad));
    }
}
