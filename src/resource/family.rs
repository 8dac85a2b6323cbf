//! Task definition families: the names under which revisions are registered.

use std::{borrow::Cow, sync::Arc};

use aws_sdk_ecs::types::TaskDefinitionFamilyStatus;
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Ability, Batch, Cadence, Cell, Column, Context, Document, Fetch, Field, Kind, LogTarget, Only, Order, Origin, Page,
    Query, Resource, Row, View, format::words, revision,
};
use crate::aws::{Clients, Failure, operation};

pub static KIND: Kind = Kind {
    name: "family",
    plural: "families",
    aliases: &["fam", "td", "taskdef", "taskdefs"],
    about: "task definition families with an active revision",
    columns: super::columns::<Family>,
    abilities: &[Ability::Logs],
    states: &[],
    sort: ("name", false),
    in_cluster: false,
    json_key: "families",
    origin: Origin::Fetched(&Families),
};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Family {
    pub family: String,
}

static FIELDS: &[Field<Family>] = &[Field {
    column: Column::new("name", "FAMILY", 20, 255).aliases(&["family"]),
    cell: |row, _| Cell::plain(&*row.family),
    order: |row, _| Order::Text((&*row.family).into()),
}];

impl Resource for Family {
    fn kind() -> &'static Kind {
        &KIND
    }

    fn fields() -> &'static [Field<Self>] {
        FIELDS
    }

    fn id(&self) -> &str {
        &self.family
    }

    fn name(&self) -> Cow<'_, str> {
        (&*self.family).into()
    }

    fn drill(&self) -> Option<View> {
        Some(View::new(&revision::KIND, Query::family(&*self.family)))
    }

    fn log_target(&self, _: Timestamp) -> Option<LogTarget> {
        let only = Only::Definitions([Arc::from(&*self.family)].into());
        Some(LogTarget::group(&*self.family, Query::family(&*self.family), Query::default(), only))
    }

    fn cli(&self) -> Option<Vec<String>> {
        words(["ecs", "list-task-definitions", "--family-prefix", &self.family])
    }

    fn describe(&self, _: &Context) -> Document {
        let mut document = Document::default();
        document.section("Family").field("Name", &*self.family).field("Revisions", "Enter lists them, newest first");
        document
    }
}

struct Families;

impl Fetch for Families {
    fn batch(&self) -> usize {
        0
    }

    fn cadence(&self) -> Cadence {
        Cadence { list: 300, visible: 300, moving: 300, sweep: 300 }
    }

    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        _: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>> {
        async move {
            let request = aws
                .ecs
                .list_task_definition_families()
                .status(TaskDefinitionFamilyStatus::Active)
                .max_results(100)
                .set_next_token(token);
            let answer = aws.call(operation::LIST_TASK_DEFINITION_FAMILIES, request.send()).await?;
            Page::new(operation::LIST_TASK_DEFINITION_FAMILIES, answer.families, answer.next_token)
        }
        .boxed()
    }

    fn describe<'a>(&'a self, _: &'a Clients, _: &'a Query, _: Vec<Arc<str>>) -> BoxFuture<'a, Result<Batch, Failure>> {
        async { Ok(Batch::default()) }.boxed()
    }

    fn stub(&self, id: &str) -> Option<Arc<dyn Row>> {
        Some(Arc::new(Family { family: id.to_owned() }))
    }
}
