//! Setting and removing tags.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html>

use std::sync::Arc;

use aws_sdk_ecs::types::Tag;
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{
    ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input, instance_target, instance_views,
    register::{revision_target, revision_views},
    service_target, service_views, split_words,
    stop_task::{task_target, task_views},
};
use crate::{
    aws::{Clients, Failure, operation},
    diagnose::Known,
    resource::{
        Query, Row, TypedRow, View, cluster,
        secrets::{MASK, is_secret_name},
    },
};

pub static TAG: ChangeKind = ChangeKind {
    name: "tag",
    title: "Set tags",
    button: "tag",
    starts_rollout: false,
    make: |row, text, _| tag(row, text),
    reports_progress: false,
    evidence: None,
};

pub static UNTAG: ChangeKind = ChangeKind {
    name: "untag",
    title: "Remove tags",
    button: "remove",
    starts_rollout: false,
    make: |row, text, _| untag(row, text),
    reports_progress: false,
    evidence: None,
};

/// Limits of tags. <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html>
const MOST: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// A row that has tags.
struct Tagged<'a> {
    target: ChangeTarget,
    tags: &'a [(String, String)],
    views: Vec<View>,
}

impl<'a> Tagged<'a> {
    fn of(row: &'a dyn Row) -> Result<Self, String> {
        let (target, tags) = match row.typed() {
            TypedRow::Service(service) => (service_target(service), &service.tags),
            TypedRow::Task(task) if task.stopped() => return Err(format!("{} has stopped", task.label())),
            TypedRow::Task(task) => (task_target(task), &task.tags),
            TypedRow::Instance(instance) => (instance_target(instance), &instance.tags),
            TypedRow::Revision(revision) if !revision.described => {
                return Err(format!("the tags of {} are not loaded yet; try again in a moment", row.name()));
            }
            TypedRow::Revision(revision) => (revision_target(&revision.task_definition_arn), &revision.tags),
            TypedRow::Cluster(cluster) => (cluster_target(cluster), &cluster.tags),
            _ => return Err(format!("{} {} has no tags of its own", row.kind().name, row.name())),
        };
        let views = match row.typed() {
            TypedRow::Service(_) => service_views(&target),
            TypedRow::Task(task) => task_views(&target, task.service()),
            TypedRow::Instance(_) => instance_views(&target),
            TypedRow::Revision(_) => revision_views(&target.name),
            _ => vec![View::new(&cluster::KIND, Query::default())],
        };
        Ok(Self { target, tags, views })
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        self.tags.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }
}

fn cluster_target(cluster: &cluster::Cluster) -> ChangeTarget {
    let name = cluster.cluster_name.clone();
    ChangeTarget { kind: "cluster", cluster: name.clone(), name, arn: cluster.cluster_arn.clone() }
}

fn tag(row: &dyn Row, text: &str) -> Result<Arc<dyn Change>, String> {
    let row = Tagged::of(row)?;
    let (mut set, mut says) = (Vec::new(), Vec::new());
    for word in split_words(text)? {
        let (key, value) = read_tag(&word)?;
        match row.value(&key) {
            Some(old) if old == value => continue,
            Some(old) => says.push(format!("{key} changes from {} to {}", shown(&key, old), shown(&key, &value))),
            None => says.push(format!("{key} = {} is added", shown(&key, &value))),
        }
        set.push((key, value));
    }
    let name = &row.target.name;
    if set.is_empty() {
        return Err(match text {
            "" => "no tag; expected KEY=VALUE".to_owned(),
            _ => format!("{name} has {text} already"),
        });
    }
    let new = set.iter().filter(|(key, _)| row.value(key).is_none()).count();
    // Tags of AWS itself don't count.
    let own = row.tags.iter().filter(|(key, _)| !is_reserved(key)).count();
    if own + new > MOST {
        return Err(format!("{name} would have {} tags; it can have {MOST}", own + new));
    }
    Ok(Arc::new(SetTags { target: row.target, set, consequences: with_effect(says), views: row.views }))
}

fn untag(row: &dyn Row, text: &str) -> Result<Arc<dyn Change>, String> {
    let row = Tagged::of(row)?;
    let (mut keys, mut says) = (Vec::new(), Vec::new());
    for key in split_words(text)? {
        check_key(&key)?;
        let old = row.value(&key).ok_or_else(|| format!("{} has no tag `{key}`", row.target.name))?;
        says.push(format!("{key} = {} is removed", shown(&key, old)));
        keys.push(key);
    }
    if keys.is_empty() {
        return Err("no tag; expected KEY".to_owned());
    }
    Ok(Arc::new(RemoveTags { target: row.target, keys, consequences: with_effect(says), views: row.views }))
}

fn with_effect(mut says: Vec<String>) -> Vec<String> {
    says.push("no task changes; policies and cost reports that use the tag may".to_owned());
    says
}

/// The value of a tag for display.
fn shown<'a>(key: &str, value: &'a str) -> &'a str {
    match value {
        _ if is_secret_name(key) => MASK,
        "" => "(empty)",
        value => value,
    }
}

/// Parses `KEY=VALUE`; the value may be empty.
///
/// # Errors
///
/// A message about what AWS would refuse.
fn read_tag(word: &str) -> Result<(String, String), String> {
    let (key, value) = word.split_once('=').ok_or_else(|| format!("invalid tag `{word}`; expected KEY=VALUE"))?;
    check_key(key)?;
    if value.chars().count() > LONGEST_VALUE {
        return Err(format!("the value of {key} is too long; a value has at most {LONGEST_VALUE} characters"));
    }
    check_characters(value)?;
    Ok((key.to_owned(), value.to_owned()))
}

fn check_key(key: &str) -> Result<(), String> {
    if key.is_empty() || key.chars().count() > LONGEST_KEY {
        return Err(format!("invalid tag key `{key}`; expected 1 to {LONGEST_KEY} characters"));
    }
    if is_reserved(key) {
        return Err(format!("invalid tag key `{key}`; `aws:` is reserved for AWS"));
    }
    check_characters(key)
}

fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

fn check_characters(text: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c);
    match text.chars().find(|c| !allowed(*c)) {
        Some(c) => {
            Err(format!("invalid character `{c}` in a tag; expected letters, digits, spaces or + - = . _ : / @"))
        }
        None => Ok(()),
    }
}

#[derive(Debug)]
struct SetTags {
    target: ChangeTarget,
    /// Keys and values.
    set: Vec<(String, String)>,
    consequences: Vec<String>,
    views: Vec<View>,
}

impl Change for SetTags {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Reversible
    }

    fn consequences(&self) -> Vec<String> {
        self.consequences.clone()
    }

    fn basis(&self) -> Vec<String> {
        let set = self.set.iter().map(|(key, value)| format!("{key}={value}"));
        self.consequences.iter().cloned().chain(set).collect()
    }

    fn api_call(&self) -> ApiCall {
        let value = |key: &str, value: &str| if is_secret_name(key) { MASK.to_owned() } else { value.to_owned() };
        let tags: Vec<_> =
            self.set.iter().map(|(key, text)| json!({ "key": key, "value": value(key, text) })).collect();
        input(operation::TAG_RESOURCE, [("resourceArn", json!(self.target.arn)), ("tags", json!(tags))])
    }

    fn touches(&self) -> Vec<View> {
        self.views.clone()
    }

    fn progress(&self, _: &Known<'_>) -> ChangeProgress {
        ChangeProgress::Settled("tagged".to_owned())
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let tags = self.set.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let request = clients.ecs.tag_resource().resource_arn(&self.target.arn).set_tags(Some(tags));
        async move {
            clients.call(operation::TAG_RESOURCE, request.send()).await?;
            Ok("tagged".to_owned())
        }
        .boxed()
    }
}

#[derive(Debug)]
struct RemoveTags {
    target: ChangeTarget,
    keys: Vec<String>,
    consequences: Vec<String>,
    views: Vec<View>,
}

impl Change for RemoveTags {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Reversible
    }

    fn consequences(&self) -> Vec<String> {
        self.consequences.clone()
    }

    fn api_call(&self) -> ApiCall {
        input(operation::UNTAG_RESOURCE, [("resourceArn", json!(self.target.arn)), ("tagKeys", json!(self.keys))])
    }

    fn touches(&self) -> Vec<View> {
        self.views.clone()
    }

    fn progress(&self, _: &Known<'_>) -> ChangeProgress {
        ChangeProgress::Settled("no longer tagged".to_owned())
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let request = clients.ecs.untag_resource().resource_arn(&self.target.arn);
        let request = request.set_tag_keys(Some(self.keys.clone()));
        async move {
            clients.call(operation::UNTAG_RESOURCE, request.send()).await?;
            Ok("no longer tagged".to_owned())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::resource::service::Service;

    fn web(tags: &[(&str, &str)]) -> Service {
        Service {
            service_arn: "arn:aws:ecs:eu-west-1:1:service/prod/web".into(),
            service_name: "web".into(),
            cluster_name: "prod".into(),
            tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            ..Service::default()
        }
    }

    #[test]
    fn only_what_differs_is_sent() {
        let service = web(&[("env", "prod"), ("team", "shop")]);
        let change = tag(&service, "env=prod team=web owner='jo doe'").unwrap();
        assert_eq!(
            change.command(),
            "aws ecs tag-resource --resource-arn arn:aws:ecs:eu-west-1:1:service/prod/web --tags \
             '[{\"key\":\"team\",\"value\":\"web\"},{\"key\":\"owner\",\"value\":\"jo doe\"}]'"
        );
        assert_eq!(change.consequences()[..2], ["team changes from shop to web", "owner = jo doe is added"]);
        let change = untag(&service, "env team").unwrap();
        assert_eq!(
            change.command(),
            "aws ecs untag-resource --resource-arn arn:aws:ecs:eu-west-1:1:service/prod/web --tag-keys env team"
        );
    }

    #[rstest]
    #[case("", "no tag; expected KEY=VALUE")]
    #[case("env=prod", "web has env=prod already")]
    #[case("env", "invalid tag `env`; expected KEY=VALUE")]
    #[case("=x", "invalid tag key ``; expected 1 to 128 characters")]
    #[case("AWS:x=y", "invalid tag key `AWS:x`; `aws:` is reserved for AWS")]
    #[case("a=b;c", "invalid character `;` in a tag; expected letters, digits, spaces or + - = . _ : / @")]
    fn what_aws_would_refuse_is_refused(#[case] text: &str, #[case] reason: &str) {
        assert_eq!(tag(&web(&[("env", "prod")]), text).unwrap_err(), reason);
    }

    #[test]
    fn lengths_and_numbers_are_limited() {
        let long = |count| "x".repeat(count);
        assert!(tag(&web(&[]), &format!("{}={}", long(128), long(256))).is_ok());
        assert!(tag(&web(&[]), &format!("{}=", long(129))).is_err());
        assert!(tag(&web(&[]), &format!("a={}", long(257))).is_err());
        let keys: Vec<String> = (0..50).map(|number| format!("key{number}")).collect();
        let full: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "")).chain([("aws:x", "y")]).collect();
        assert_eq!(tag(&web(&full), "more=1").unwrap_err(), "web would have 51 tags; it can have 50");
        assert!(tag(&web(&full), "key1=2").is_ok());
        assert_eq!(untag(&web(&full), "other").unwrap_err(), "web has no tag `other`");
    }

    #[test]
    fn the_value_of_a_tag_with_a_secret_name_is_not_shown() {
        let change = tag(&web(&[("api_token", "abc")]), "api_token=s3cret").unwrap();
        assert!(!format!("{:?}{}", change.consequences(), change.command()).contains("s3cret"));
    }
}
