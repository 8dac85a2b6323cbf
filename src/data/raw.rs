//! The raw JSON of a row as AWS returned it, including unknown fields.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    aws::{Clients, Failure},
    resource::{Kind, Origin, Query, Row, View},
};

/// Reads the raw objects behind `rows` of `view`, in the same order. A row that AWS has forgotten is returned as last
/// seen. Costs one describe call per full batch.
///
/// # Errors
///
/// The failure of the first call.
pub async fn fetch_raw(clients: &Clients, view: &View, rows: &[Arc<dyn Row>]) -> Result<Vec<Value>, Failure> {
    let source = fetched_kind(view.kind);
    // Composed rows have no response of AWS behind them.
    let Origin::Fetched(fetch) = source.origin else { return Ok(rows.iter().map(|row| row.json()).collect()) };
    let (clients, captured) = clients.capturing();
    if fetch.batch() > 0 {
        for (cluster, ids) in by_cluster(view, rows) {
            let query = Query { cluster, ..view.query.clone() };
            for ids in ids.chunks(fetch.batch()) {
                fetch.describe(&clients, &query, ids.to_vec()).await?;
            }
        }
    }
    let answers = captured.take();
    let found = |row: &Arc<dyn Row>| answers.iter().find_map(|answer| find(answer, row.id())).cloned();
    Ok(rows.iter().map(|row| found(row).map_or_else(|| row.json(), readable_times)).collect())
}

/// The fetched kind at the root of `kind`.
fn fetched_kind(kind: &'static Kind) -> &'static Kind {
    match kind.origin {
        Origin::Fetched(_) | Origin::Composed(_) => kind,
        Origin::Derived { from, .. } => fetched_kind(from),
    }
}

/// The ids to describe: those of the rows, or of the rows they were derived from, without duplicates and archived rows.
fn by_cluster(view: &View, rows: &[Arc<dyn Row>]) -> BTreeMap<Option<Arc<str>>, Vec<Arc<str>>> {
    let mut ids: BTreeMap<Option<Arc<str>>, Vec<Arc<str>>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.archived()) {
        let cluster = view.query.cluster.clone().or_else(|| row.cluster().map(Arc::from));
        let ids = ids.entry(cluster).or_default();
        let id = row.parent().unwrap_or_else(|| row.id());
        if !ids.iter().any(|known| &**known == id) {
            ids.push(id.into());
        }
    }
    ids
}

/// The outermost object that has `id` as a member's value.
fn find<'a>(value: &'a Value, id: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => {
            if members.values().any(|member| member.as_str() == Some(id)) {
                return Some(value);
            }
            members.values().find_map(|member| find(member, id))
        }
        Value::Array(items) => items.iter().find_map(|item| find(item, id)),
        _ => None,
    }
}

/// Epoch seconds in members called `…At` as RFC 3339, as the AWS CLI prints them.
pub(super) fn readable_times(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let time = member.as_f64().filter(|_| name.ends_with("At"));
                *member = match time.and_then(|time| Timestamp::from_millisecond((time * 1000.0) as i64).ok()) {
                    Some(time) => Value::String(time.to_string()),
                    None => readable_times(member.take()),
                };
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = readable_times(item.take());
            }
        }
        _ => {}
    }
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_object_with_the_id_is_found_at_any_depth() {
        let answer = json!({"tasks": [{"taskArn": "t1", "containers": [{"containerArn": "c1", "name": "app"}]}]});
        assert_eq!(find(&answer, "c1").unwrap()["name"], "app");
        assert_eq!(find(&answer, "t1").unwrap()["taskArn"], "t1");
        assert_eq!(find(&answer, "t2"), None);
    }

    #[test]
    fn times_are_formatted_like_the_aws_cli_and_numbers_stay() {
        let value = readable_times(json!({"createdAt": 1_700_000_000.25, "count": 3, "in": [{"stoppedAt": 0}]}));
        assert_eq!(
            value,
            json!({"createdAt": "2023-11-14T22:13:20.25Z", "count": 3, "in": [{"stoppedAt": "1970-01-01T00:00:00Z"}]})
        );
    }
}
