//! The report of a rollout: progress, what blocks it, the state of its circuit breaker, and earlier rollouts.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    diagnose::{
        HOUR, Known, diagnose_service,
        failed_tasks::{CauseGroup, FailedTask, group_by_cause},
        service_context::ServiceContext,
    },
    resource::{
        Document, Row, Tone, TypedRow,
        deployment::Deployment,
        document::{Bar, DocumentLine, Section, Span},
        finding::{Finding, Problem},
        format::{duration, in_words, last_part, one_line, seconds_since, short_id},
        rollout::{BreakerCount, Rollout, RolloutRevision},
        service::Service,
        task::Task,
    },
};

mod earlier;
mod task_sets;

/// Width of a bar in cells.
const BAR: i64 = 12;
/// Maximum number of causes and events to list.
const MAX_CAUSES: usize = 4;
const MAX_EVENTS: usize = 6;
/// Failure rates older than this allow no prediction.
const PACE_AGE: i64 = HOUR / 2;

/// Lifecycle stages of blue/green, linear and canary rollouts, in order.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html>
const STAGES: [&str; 11] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
];

/// The report of the rollout `row`, or of the newest of the service `row`.
pub fn rollout_report(row: &dyn Row, known: &Known<'_>) -> Document {
    let chosen = match row.typed() {
        TypedRow::Rollout(rollout) => Some(rollout.clone()),
        TypedRow::Service(service) => current_rollout(service, known),
        _ => None,
    };
    let mut document = Document::default();
    let Some(rollout) = chosen else {
        if let TypedRow::Service(service) = row.typed()
            && !service.task_sets.is_empty()
        {
            task_sets::write_task_sets(service, known, &mut document);
            return document.masked();
        }
        document.section("Rollout").text(0, "no known rollout", Tone::Muted);
        return document;
    };
    let service = known.service(&rollout.cluster_name, &rollout.service_name);
    Report { rollout: &rollout, service, known }.write_to(&mut document);
    document.sections.retain(|section| !section.lines.is_empty());
    document.masked()
}

/// The newest rollout of `service`: as described last, or else derived from the service.
pub fn current_rollout(service: &Service, known: &Known<'_>) -> Option<Rollout> {
    if let Some(rollout) = &service.rollout {
        return Some((**rollout).clone());
    }
    let rollouts = known.rollouts(&service.cluster_name, &service.service_name);
    let current =
        |rollout: &&&Rollout| Some(&rollout.service_deployment_arn) == service.current_service_deployment.as_ref();
    let newest = || rollouts.iter().max_by_key(|rollout| rollout.created_at);
    match rollouts.iter().find(current) {
        // The service is polled more often: if its deployments are steady, no rollout is in progress.
        Some(rollout) if rollout.in_progress() && !service.deploying() => Rollout::from_deployments(service),
        Some(rollout) => Some((*rollout).clone()),
        // It is newer than the list.
        None if service.deploying() => Rollout::from_deployments(service),
        None => newest().map(|rollout| (*rollout).clone()).or_else(|| Rollout::from_deployments(service)),
    }
}

struct Report<'a> {
    rollout: &'a Rollout,
    service: Option<&'a Service>,
    known: &'a Known<'a>,
}

impl Report<'_> {
    fn write_to(&self, document: &mut Document) {
        let context = self.service.map(|service| ServiceContext::new(service, self.known));
        let failed: Vec<&FailedTask<'_>> = context
            .iter()
            .flat_map(|context| &context.failed_tasks)
            .filter(|failed| self.started(failed.task))
            .collect();
        let section = document.section("Rollout");
        self.add_status(section);
        self.add_counts(section);
        self.add_traffic(section);
        self.add_breaker(section, &failed);
        self.add_watch(section);
        self.add_zones(section);
        self.add_time(section);
        if let Some(service) = self.service.filter(|_| self.rollout.in_progress() || self.is_current()) {
            self.add_findings(document.section("What is wrong"), service);
        }
        self.add_failures(document.section("Failed tasks"), &failed);
        self.add_events(document.section("Events"));
        self.add_earlier(document.section("Earlier rollouts"));
    }

    /// The deployment of the service with the tasks of `revision`, if there is one.
    fn deployment(&self, revision: &RolloutRevision) -> Option<&Deployment> {
        self.service?.deployments.iter().find(|deployment| revision.is_of(deployment))
    }

    /// `payments:57`, or what is known of the task definition.
    fn name<'b>(&'b self, revision: &'b RolloutRevision) -> &'b str {
        if revision.task_definition.is_some() {
            return revision.name();
        }
        if let Some(deployment) = self.deployment(revision) {
            return deployment.revision();
        }
        let same = |other: &&RolloutRevision| {
            other.service_revision_arn == revision.service_revision_arn && other.task_definition.is_some()
        };
        let rollouts = self.known.rollouts(&self.rollout.cluster_name, &self.rollout.service_name).iter();
        rollouts.flat_map(|rollout| rollout.revisions()).find(same).unwrap_or(revision).name()
    }

    /// Whether it started `task`.
    fn started(&self, task: &Task) -> bool {
        let Some(target) = &self.rollout.target else { return false };
        let number = last_part(&target.service_revision_arn);
        let since = self.rollout.created_at.is_none_or(|at| task.created_at.is_none_or(|created| created >= at));
        since && task.started_by.as_deref().is_some_and(|by| last_part(by) == number)
    }

    /// Whether its tasks fail in a row.
    fn failing(&self) -> bool {
        let deployment = self.rollout.target.as_ref().and_then(|target| self.deployment(target));
        deployment.is_some_and(|deployment| deployment.failed_tasks > 0)
    }

    /// Whether it is the current rollout of the service.
    fn is_current(&self) -> bool {
        let current = self.service.and_then(|service| service.current_service_deployment.as_ref());
        current == Some(&self.rollout.service_deployment_arn)
    }

    fn add_status(&self, section: &mut Section) {
        let rollout = self.rollout;
        let back = rollout.rollback.as_ref().filter(|_| rollout.in_progress()).and_then(|rollback| rollback.started_at);
        let took = match back {
            Some(at) => Some(duration(seconds_since(at, self.known.now))),
            None => rollout.seconds(self.known.now).map(duration),
        };
        let how_long = match (took, rollout.in_progress()) {
            (Some(took), true) => format!(" for {took}"),
            (Some(took), false) => format!(" after {took}"),
            (None, _) => String::new(),
        };
        section.toned("Status", format!("{}{how_long}", rollout.word()), rollout.tone());
        section.field("Reason", rollout.reason().map(one_line).unwrap_or_default());
        if let Some(back) = rollout.rollback.as_ref().and_then(|rollback| rollback.service_revision_arn.clone()) {
            let revision = RolloutRevision { service_revision_arn: back, ..RolloutRevision::default() };
            section.field("Back to", self.name(&revision));
        }
        if let Some(pause) = rollout.pause() {
            section.toned("Hook", pause.advice(self.known.now), Tone::Wait);
        } else if let Some(hook) = rollout.hook_at_work() {
            section.toned("Hook", format!("{} is running", hook.name().map_or("a function", last_part)), Tone::Busy);
        }
        if !rollout.configuration.rolling() {
            section.lines.push(DocumentLine::Field { label: "Stage", value: stages(rollout) });
        }
    }

    fn add_counts(&self, section: &mut Section) {
        let rollout = self.rollout;
        for (label, revision) in
            rollout.target.iter().map(|it| ("New", it)).chain(rollout.sources.iter().map(|it| ("Old", it)))
        {
            let live = self.deployment(revision).filter(|_| rollout.in_progress() || label == "New");
            let (running, pending) = match live {
                Some(deployment) => (deployment.running_count, deployment.pending_count),
                None => (revision.running, revision.pending),
            };
            let wanted = live.map_or(revision.requested, |deployment| deployment.desired_count);
            let failed = live.map_or(0, |deployment| deployment.failed_tasks);
            if label == "Old" && running + pending + wanted == 0 {
                match rollout.in_progress() {
                    true => section.field(label, format!("{}: no tasks left", self.name(revision))),
                    false => section.field("Replaced", self.name(revision)),
                };
                continue;
            }
            // Old and new are drawn in the same proportion.
            let most = rollout.revisions().map(|it| it.requested.max(it.running + it.pending)).max().unwrap_or(0);
            let most = most.max(wanted).max(running + pending).max(1);
            let tone = if label == "New" { Tone::Good } else { Tone::Muted };
            let mut text = format!("{}: {running} of {wanted} running", self.name(revision));
            if pending > 0 {
                text += &format!(", {pending} pending");
            }
            let mut spans: Vec<Span> = vec![(text, Tone::Plain)];
            if failed > 0 {
                spans.push((format!(", {failed} failed in a row"), Tone::Bad));
            }
            section.lines.push(DocumentLine::Bar {
                label,
                bar: bar([running, pending, wanted], most, tone),
                text: spans,
            });
        }
    }

    fn add_traffic(&self, section: &mut Section) {
        let part = |label: &str, weight: fn(&RolloutRevision) -> Option<f64>| {
            let shares: Vec<String> = self
                .rollout
                .revisions()
                .filter_map(|revision| Some(format!("{} % {}", weight(revision)?, self.name(revision))))
                .collect();
            (!shares.is_empty()).then(|| format!("{label} {}", shares.join(", ")))
        };
        let parts = [part("production", |it| it.production_weight), part("test", |it| it.test_weight)];
        section.field("Traffic", parts.into_iter().flatten().collect::<Vec<_>>().join("; "));
    }

    fn add_breaker(&self, section: &mut Section, failed: &[&FailedTask<'_>]) {
        let setting = self.rollout.configuration.breaker.as_ref();
        let Some(setting) = setting.filter(|setting| setting.enabled) else {
            let off = if self.rollout.in_progress() { "off: ECS keeps trying" } else { "off" };
            section.field("Circuit breaker", if setting.is_some() { off } else { "" });
            return;
        };
        let then = if setting.rolls_back { "rolls back" } else { "stops it" };
        let Some(count) = self.rollout.breaker.filter(|_| self.rollout.in_progress() || self.rollout.rolling_back())
        else {
            let text = format!("ECS {then} at {}", setting.threshold());
            section.field("Circuit breaker", text);
            return;
        };
        let tone = match count {
            BreakerCount { triggered: true, .. } => Tone::Bad,
            BreakerCount { failures: 1.., .. } => Tone::Warn,
            _ => Tone::Plain,
        };
        let threshold = match setting.threshold_type.as_deref() {
            Some("COUNT") => String::new(),
            _ => format!(" ({})", setting.threshold()),
        };
        let mut text = format!("{} failures, then ECS {then}{threshold}", count.words());
        if count.triggered {
            text = format!("tripped at {} failures", count.words());
        } else if setting.resets {
            text += "; a healthy task sets the count back to 0";
        }
        section.toned("Circuit breaker", text, tone);
        let left = i64::from(count.threshold - count.failures);
        if let Some(gap) = pace(failed, self.known.now).filter(|_| left > 0 && count.failures > 0 && !count.triggered) {
            let text = format!("in about {}: {left} failures left, one every {}", duration(gap * left), duration(gap));
            section.toned("It trips", text, Tone::Warn);
        }
    }

    fn add_watch(&self, section: &mut Section) {
        let Rollout { alarms, triggered_alarms, configuration, .. } = self.rollout;
        section.field("Alarms", alarms.join(", "));
        section.toned("Alarms fired", triggered_alarms.join(", "), Tone::Bad);
        let minutes = i64::from(configuration.bake_minutes.unwrap_or_default());
        if minutes > 0 && self.rollout.in_progress() {
            // The stage began when the rollout was last updated.
            let begun =
                self.rollout.updated_at.filter(|_| self.rollout.lifecycle_stage.as_deref() == Some("BAKE_TIME"));
            let left = begun.map(|at| (minutes * 60 - seconds_since(at, self.known.now)).max(0));
            let left = left.map(|left| format!(", {} left", duration(left))).unwrap_or_default();
            section.field("Bake time", format!("{}{left}", duration(minutes * 60)));
        }
        if let Some(shift) = configuration.shift {
            let step = duration(i64::from(shift.bake_minutes) * 60);
            section.field("Shift", format!("{} % of the traffic at a time, {step} each", shift.percent));
        }
    }

    /// Adds the distribution of its running tasks over Availability Zones.
    fn add_zones(&self, section: &mut Section) {
        let tasks = self.known.tasks(&self.rollout.cluster_name, &self.rollout.service_name).iter();
        let mut zones: BTreeMap<&str, usize> = BTreeMap::new();
        for zone in tasks
            .filter(|task| !task.stopped() && self.started(task))
            .filter_map(|task| task.availability_zone.as_deref())
        {
            *zones.entry(zone).or_default() += 1;
        }
        let counts: Vec<String> = zones.into_iter().map(|(zone, count)| format!("{zone} {count}")).collect();
        let rebalanced = self.service.and_then(|service| service.availability_zone_rebalancing.as_deref());
        let rebalanced = if rebalanced == Some("ENABLED") && !counts.is_empty() { "; rebalanced by ECS" } else { "" };
        section.field("Zones", counts.join(", ") + rebalanced);
    }

    fn add_findings(&self, section: &mut Section, service: &Service) {
        let findings = diagnose_service(service, self.known);
        for Finding { problem, cause, .. } in findings.iter().filter(|finding| finding.problem < Problem::Notice) {
            section.text(0, format!("{}: {cause}", problem.word()), problem.tone());
        }
    }

    fn add_failures(&self, section: &mut Section, failed: &[&FailedTask<'_>]) {
        let groups: Vec<CauseGroup<'_>> = group_by_cause(failed.iter().copied());
        for group in groups.iter().take(MAX_CAUSES) {
            let Some(newest) = group.newest() else { continue };
            let last = duration(seconds_since(newest.at, self.known.now));
            section.text(0, format!("{}x {}", group.count(), group.summary()), Tone::Bad);
            section.text(1, format!("last {last} ago, task {}", short_id(&newest.task.task_arn)), Tone::Muted);
        }
        if groups.len() > MAX_CAUSES {
            section.text(0, format!("{} more causes", groups.len() - MAX_CAUSES), Tone::Muted);
        }
    }

    /// Adds its events, newest first.
    fn add_events(&self, section: &mut Section) {
        let Some(from) = self.rollout.created_at else { return };
        let to = self.rollout.finished_at.or(self.rollout.stopped_at);
        let events = self.service.map(|service| service.events.as_slice()).unwrap_or_default().iter();
        let within = events
            .filter_map(|event| Some((event.created_at?, event)))
            .filter(|(at, _)| *at >= from && to.is_none_or(|to| seconds_since(to, *at) <= 1));
        for (at, event) in within.take(MAX_EVENTS) {
            let spans = vec![
                (format!("{} ", self.known.zone.short(at, self.known.now)), Tone::Muted),
                (one_line(event.text()), Tone::Plain),
            ];
            section.lines.push(DocumentLine::Text { depth: 0, spans });
        }
    }
}

/// Average seconds between recent failures; absent if there are too few, or the last is too old.
fn pace(failed: &[&FailedTask<'_>], now: Timestamp) -> Option<i64> {
    let (newest, oldest) = (failed.first()?.at, failed.last()?.at);
    let gaps = i64::try_from(failed.len()).ok()? - 1;
    (gaps >= 1 && seconds_since(newest, now) < PACE_AGE).then(|| (seconds_since(oldest, newest) / gaps).max(1))
}

/// A bar of running and pending tasks out of `wanted`; a full bar is `most`.
fn bar([running, pending, wanted]: [i32; 3], most: i32, tone: Tone) -> Bar {
    let until = |count: i32| (i64::from(count) * BAR / i64::from(most.max(1))).min(BAR);
    // A count above zero gets at least one cell.
    let there = until(running).max(i64::from(running > 0));
    let coming = until(running + pending).max(there + i64::from(pending > 0)).min(BAR);
    let wanted = until(wanted).max(coming);
    let cells = |from: i64, to: i64| u16::try_from(to - from).unwrap_or(0);
    Bar {
        there: cells(0, there),
        coming: cells(there, coming),
        missing: cells(coming, wanted),
        blank: cells(wanted, BAR),
        tone,
    }
}

/// The stages up to the current one, and those after it.
fn stages(rollout: &Rollout) -> Vec<Span> {
    let at = rollout.lifecycle_stage.as_deref();
    let place = STAGES.iter().position(|stage| Some(*stage) == at);
    match (at, place) {
        (None, _) => vec![("-".to_owned(), Tone::Muted)],
        (Some(stage), None) => vec![(in_words(stage), Tone::Busy)],
        (Some(stage), Some(place)) => {
            let mut spans =
                vec![(in_words(stage), Tone::Busy), (format!(" ({} of {})", place + 1, STAGES.len()), Tone::Muted)];
            if let Some(next) = STAGES.get(place + 1) {
                spans.push((format!(", then {}", in_words(next)), Tone::Muted));
            }
            spans
        }
    }
}

#[cfg(test)]
mod tests;
