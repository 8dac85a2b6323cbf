//! Thousands of random worlds from fixed seeds, in which list, state and explanation of a service must agree, no
//! explanation may contradict itself, and every planted fault must be a row.

use std::sync::Arc;

use super::{
    HOUR, Known, MINUTE, builders::*, diagnose_service, explain, rollout, service_context::ServiceContext, trouble,
};
use crate::{
    knowledge::{self, Class},
    resource::{
        Context, Material, Query, Row, Tone, View,
        document::{Document, DocumentLine},
        finding::{Finding, Problem},
        rollout::{BreakerCount, Hook, Rollout},
        service::{Service, ServiceHealth},
        task::Task,
    },
};

/// Number of worlds per test.
const WORLDS: u64 = 3_000;

/// Deterministic random numbers (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `0` to `below`, exclusive.
    fn up_to(&mut self, below: i64) -> i64 {
        (self.next() % below.max(1).unsigned_abs()).cast_signed()
    }

    fn count(&mut self, below: i64) -> i32 {
        i32::try_from(self.up_to(below)).unwrap()
    }

    fn one_in(&mut self, times: i64) -> bool {
        self.up_to(times) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.up_to(of.len().try_into().unwrap())).unwrap()]
    }
}

const NO_CAPACITY: &str = "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again \
                           later or in a different availability zone.";
const NO_CPU: &str = "was unable to place a task because no container instance met all of its requirements. The closest \
                      matching (container-instance 0a1b) has insufficient CPU units available.";
const DEADLOCK: &str = "was unable to stop or start tasks during a deployment because of the service deployment \
                        configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";
const UNHEALTHY: &str = "(port 80) is unhealthy in (target-group t) due to (reason Health checks failed with these \
                         codes: [502]).";

/// Messages of the scheduler.
const MESSAGES: &[&str] = &[
    NO_CAPACITY,
    NO_CPU,
    DEADLOCK,
    UNHEALTHY,
    "has started 1 tasks: (task a1).",
    "has started 2 tasks: (task c0) (task c1).",
    "has stopped 1 running tasks: (task b1).",
    "registered 1 targets in (target-group t)",
    "deregistered 1 targets in (target-group t)",
    "has begun draining connections on 1 tasks.",
    "has reached a steady state.",
    "(deployment ecs-svc/8) deployment completed.",
    "(deployment ecs-svc/8) deployment failed: tasks failed to start.",
    "is unable to consistently start tasks successfully.",
    "was unable to reach steady state because 2 tasks are protected.",
    "failed to launch a task with (error ECS was unable to assume the role 'r').",
    "operations are being throttled on elasticloadbalancing. Will try again later.",
    "TARGET GROUP IS NOT FOUND",
    "says what no rule knows",
];

/// One service, and all rows about it.
struct World {
    service: Service,
    tasks: Vec<Task>,
    others: Vec<Box<dyn Row>>,
}

impl World {
    /// A random world.
    fn any(chance: &mut Chance) -> Self {
        let desired = chance.count(7);
        let mut subject = web(desired);
        subject.running_count = chance.count(i64::from(desired) + 3);
        subject.pending_count = chance.count(3);
        subject.failed_last_hour = if chance.one_in(4) { None } else { Some(0) };
        subject.maximum_percent = chance.pick(&[Some(100), Some(150), Some(200), None]);
        subject.health_check_grace_period_seconds = chance.pick(&[None, Some(0), Some(120), Some(i32::MAX)]);
        subject.deployment_strategy = chance.pick(&[None, Some("ROLLING"), Some("BLUE_GREEN")]).map(str::to_owned);
        subject.launch_type = chance.pick(&[None, Some("FARGATE"), Some("EC2")]).map(str::to_owned);
        subject.status = chance.pick(&[Some("ACTIVE"), Some("ACTIVE"), Some("DRAINING"), None]).map(str::to_owned);
        if chance.one_in(8) {
            subject.deployment_alarms = vec!["errors".into()];
        }
        subject.deployments.clear();
        for revision in (6..9).rev() {
            if !chance.one_in(3) || revision == 8 {
                let state = chance.pick(&["IN_PROGRESS", "COMPLETED", "FAILED", "IN_PROGRESS"]);
                let counts = [desired, chance.count(i64::from(desired) + 2), chance.count(3)];
                let age = chance.pick(&[20, 200, 20 * MINUTE, 5 * HOUR, 40 * HOUR]) + chance.up_to(100);
                let mut deployment = deployment(revision, state, counts, age);
                deployment.failed_tasks = if chance.one_in(4) { chance.count(9) } else { 0 };
                if revision < 8 {
                    deployment.status = Some("ACTIVE".into());
                }
                subject.deployments.push(deployment);
            }
        }
        if chance.one_in(4) {
            let failures = chance.pick(&[None, Some(0), Some(2)]);
            let status = chance.pick(&["IN_PROGRESS", "ROLLBACK_IN_PROGRESS"]);
            let hook = chance.one_in(4).then(|| Hook {
                target_arn: Some("arn:aws:lambda:eu-west-1:1:function:smoke".into()),
                status: Some("IN_PROGRESS".into()),
                ..Hook::default()
            });
            subject.rollout = Some(Box::new(Rollout {
                status: Some(status.into()),
                breaker: failures.map(|failures| BreakerCount { failures, threshold: 3, triggered: false }),
                hooks: hook.into_iter().collect(),
                started_at: ago(chance.up_to(HOUR)),
                updated_at: ago(chance.up_to(HOUR)),
                triggered_alarms: if chance.one_in(6) { vec!["5xx".into()] } else { Vec::new() },
                ..Rollout::default()
            }));
        }
        let mut ages: Vec<i64> = (0..chance.up_to(12)).map(|_| chance.up_to(2 * HOUR)).collect();
        ages.sort_unstable();
        subject.events = ages.iter().map(|age| event(chance.pick(MESSAGES), *age)).collect();
        let tasks = (0..chance.up_to(9)).map(|n| Self::task(chance, n)).collect();
        let mut others: Vec<Box<dyn Row>> = Vec::new();
        if chance.one_in(2) {
            others.push(Box::new(host("i-0a1b")));
        }
        if chance.one_in(2) {
            others.push(Box::new(crate::resource::revision::Revision { cpu: Some("8192".into()), ..revision(8) }));
        }
        Self { service: subject, tasks, others }
    }

    /// A task in any state.
    fn task(chance: &mut Chance, n: i64) -> Task {
        let (id, revision) = (format!("c{n}"), chance.pick(&[6, 7, 8, 8]));
        let age = chance.up_to(2 * HOUR);
        match chance.up_to(6) {
            0 => starting(&id, revision, chance.pick(&["PROVISIONING", "PENDING", "ACTIVATING"]), age),
            1 => stopping(&id, revision, chance.pick(&["DEACTIVATING", "STOPPING"]), age),
            2 => task(&id, revision),
            3 => Task { health_status: Some("UNHEALTHY".into()), ..task(&id, revision) },
            4 => Task { stop_code: Some("SpotInterruption".into()), ..crashed(&id, revision, 143, age) },
            _ => crashed(&id, revision, chance.pick(&[0, 1, 1, 137, 139]), age),
        }
    }

    /// All rows.
    fn all(&self) -> Known<'_> {
        let tasks = self.tasks.iter().map(|task| task as &dyn Row);
        Known::of(tasks.chain(self.others.iter().map(|row| &**row)).chain([&self.service as &dyn Row]), now())
    }

    /// The rows that every list of services has.
    fn listed(&self) -> Known<'_> {
        let tasks = self.tasks.iter().filter(|task| task.stopped()).map(|task| task as &dyn Row);
        Known::of(tasks.chain([&self.service as &dyn Row]), now())
    }

    /// The service as a list shows it.
    fn examined(&self) -> Service {
        let mut examined = self.service.clone();
        examined.findings = diagnose_service(&self.service, &self.listed());
        let failed = |task: &&Task| super::verdict_of(task, &self.listed()).class >= Class::Failure;
        let late = |task: &&Task| task.stopped_at.is_some_and(|at| (now() - at).as_secs() < HOUR);
        let failed = self.tasks.iter().filter(|task| task.stopped()).filter(late).filter(failed).count();
        examined.failed_last_hour = self.service.failed_last_hour.map(|_| failed.try_into().unwrap());
        examined
    }
}

/// Problem, time and cause of findings, as a list shows them.
fn shown(findings: &[Finding]) -> Vec<(Problem, Option<jiff::Timestamp>, &str)> {
    findings.iter().map(|finding| (finding.problem, finding.since, &*finding.cause)).collect()
}

fn text(spans: &[(String, Tone)]) -> String {
    spans.iter().map(|(text, _)| text.as_str()).collect()
}

/// The lines of the section with this title.
fn section<'a>(document: &'a Document, title: &str) -> impl Iterator<Item = &'a DocumentLine> {
    let section = document.sections.iter().find(move |section| section.title == title);
    section.into_iter().flat_map(|section| &section.lines)
}

fn texts(document: &Document, title: &str) -> Vec<String> {
    let text = |line: &DocumentLine| match line {
        DocumentLine::Text { spans, .. }
        | DocumentLine::Bar { text: spans, .. }
        | DocumentLine::Field { value: spans, .. }
        | DocumentLine::Check { answer: spans, .. } => text(spans),
    };
    section(document, title).map(text).collect()
}

/// The rows of trouble for these services.
fn rows(services: Vec<Arc<dyn Row>>) -> Vec<Arc<dyn Row>> {
    let seen = [View::new(&crate::resource::service::KIND, Query::cluster("prod"))];
    let material = Material { rows: &services, seen: &seen, awaited: &[], gaps: &[] };
    let crate::resource::Origin::Composed(compose) = trouble::KIND.origin else { unreachable!("it is composed") };
    compose.rows(&Query::default(), &material, &Context { now: now(), zone: crate::resource::Zone::UTC })
}

#[test]
fn the_list_the_state_and_the_explanation_agree() {
    for seed in 0..WORLDS {
        let world = World::any(&mut Chance(seed));
        let listed = world.examined();
        let explained = explain(&world.service, &world.all());
        assert_eq!(shown(&listed.findings), shown(&explained.findings), "seed {seed}: list and explanation");
        assert_eq!(
            shown(&listed.findings),
            shown(&diagnose_service(&world.service, &world.all())),
            "seed {seed}: whoever opened what"
        );

        let worst = listed.findings.iter().map(|finding| finding.problem).min();
        let faulty = worst.is_some_and(|problem| problem < Problem::Notice);
        let health = listed.health();
        let of_service = worst.is_some_and(|problem| problem <= Problem::Complaint);
        let bad = health < ServiceHealth::Deploying;
        assert_eq!(bad, of_service, "seed {seed}: state {} for {worst:?}", health.word());
        let failed = listed.failed_last_hour.is_some_and(|failed| failed > 0);
        assert_eq!(Row::fault(&listed), faulty || failed, "seed {seed}: fault for {worst:?}");
        let stopping = listed.status.as_deref() == Some("DRAINING");
        assert!(faulty || !failed || stopping, "seed {seed}: failures that are no trouble");

        let rows = rows(vec![Arc::new(listed.clone())]);
        let row = rows.first().and_then(|row| row.any().downcast_ref::<trouble::Trouble>());
        assert_eq!(rows.len(), usize::from(worst.is_some()), "seed {seed}: one service, one row");
        let row = row.map(|row| (row.what, row.since, &*row.cause, row.others.len() + 1));
        let first = listed.findings.first();
        let expected = first
            .map(|worst| (trouble::What::Problem(worst.problem), worst.since, &*worst.cause, listed.findings.len()));
        assert_eq!(row, expected, "seed {seed}: the row is the worst of it, and counts the rest");
    }
}

#[test]
fn no_explanation_contradicts_itself() {
    for seed in 0..WORLDS {
        let world = World::any(&mut Chance(seed));
        let known = world.all();
        let context = ServiceContext::new(&world.service, &known);
        let explained = explain(&world.service, &known);
        let document = &explained.document;
        let findings = texts(document, "Findings").join("\n");
        let well = findings.contains("no problems found") || findings.contains("no problem of the service");
        assert_eq!(well, explained.findings.is_empty(), "seed {seed}: {findings}");
        let lingering = texts(document, "Tasks to check");
        assert!(!findings.contains("no problems found") || lingering.is_empty(), "seed {seed}: {lingering:?}");

        // The block is marked once, and is the finding.
        let checks = section(document, "Why it is not done").filter_map(|line| match line {
            DocumentLine::Check { outcome, question, answer } => Some((*outcome, *question, text(answer))),
            _ => None,
        });
        let checks: Vec<_> = checks.collect();
        let here: Vec<_> = checks.iter().filter(|(.., answer)| answer.starts_with("blocked here: ")).collect();
        assert!(here.len() <= 1, "seed {seed}: {checks:?}");
        for (outcome, question, _) in &here {
            assert_eq!(*outcome, Tone::Bad, "seed {seed}: {question}");
        }
        let found = rollout::diagnose_rollout(&context);
        let fine =
            |question: &str| checks.iter().any(|(outcome, asked, _)| *asked == question && *outcome == Tone::Good);
        let stalled = found.as_ref().and_then(Finding::rule) == Some(knowledge::situations::STALLED.id);
        assert!(!(stalled && fine("Is it making progress?")), "seed {seed}: {checks:?}");

        // Evidence that quotes an error of the scheduler, and a check without one.
        let quotes = explained.findings.iter().filter_map(|finding| finding.verdict.as_ref());
        let since = context.rollout().and_then(|primary| primary.created_at);
        let newer = context
            .events
            .iter()
            .filter(|classified| classified.event.created_at >= since && !classified.is_deployment_end());
        let newer: Vec<_> = newer.filter(|classified| classified.class() >= Class::Failure).collect();
        let quoted = |text: &str| newer.iter().any(|classified| text.contains(&*classified.event.message));
        let error = quotes.flat_map(|verdict| &verdict.evidence).any(|quote| quoted(&quote.text));
        assert!(!(error && fine("Do events report an error?")), "seed {seed}: {checks:?}");
        if context.rollout_failures().count() > 0 {
            assert!(!fine("Are tasks failing?"), "seed {seed}: {checks:?}");
        }

        // Counts of failures match the list.
        let listed: usize = texts(document, "Failures of the last hour")
            .iter()
            .filter_map(|line| line.split_once("x ")?.0.parse::<usize>().ok())
            .sum();
        assert_eq!(listed, context.failed_tasks.len(), "seed {seed}: {document:?}");
        for finding in &explained.findings {
            let all = finding.cause.split(" failures in the last hour").next().and_then(|text| text.rsplit(' ').next());
            if let Some(all) = all.filter(|_| finding.cause.contains(" failures in the last hour")) {
                assert_eq!(all, listed.to_string(), "seed {seed}: {}", finding.cause);
            }
            // A count has a period.
            if finding.cause.contains(" times") || finding.cause.contains(" twice") || finding.cause.contains(" once") {
                let period = ["in the last hour", "in this rollout"].iter().any(|row| finding.cause.contains(row));
                assert!(period, "seed {seed}: {}", finding.cause);
            }
        }
    }
}

/// A fault: its name, how to plant it in a healthy service, and the problems it may cause.
type Plant = (&'static str, fn(&mut Chance, &mut World), &'static [Problem]);

/// Begins a rollout with `running` new tasks, hours ago.
fn roll(chance: &mut Chance, world: &mut World, running: i32) {
    let age = HOUR + chance.up_to(5 * HOUR);
    let pending = chance.count(2);
    let desired = world.service.desired_count;
    world.service = Service { desired_count: desired, ..rolling([running, pending], age) };
    world.service.deployments[0].desired_count = desired;
}

const PLANTS: &[Plant] = &[
    (
        "tasks that find no place for hours, one of them pending",
        |chance, world| {
            let running = chance.count(4);
            if chance.one_in(2) {
                roll(chance, world, running);
                world.service.running_count = chance.count(4);
            } else {
                world.service.running_count = running;
                world.service.pending_count = chance.count(3);
            }
            let message = chance.pick(&[NO_CAPACITY, NO_CPU]);
            let every = 60 + chance.up_to(200);
            world.service.events = (0..20).map(|n| event(message, 20 + every * n)).collect();
            if chance.one_in(2) {
                // The scheduler retries, and the task waits.
                world.service.events.insert(1, event("has started 1 tasks: (task a1).", 21));
                world.tasks.push(starting("a1", 8, "PROVISIONING", 21));
            }
        },
        &[Problem::NotPlaced],
    ),
    (
        "fewer tasks than wanted for hours, whatever is pending",
        |chance, world| {
            world.service.running_count = chance.count(4);
            world.service.pending_count = chance.count(6);
        },
        &[Problem::Short],
    ),
    (
        "a rollout that stands still",
        |chance, world| {
            let running = chance.count(4);
            roll(chance, world, running);
        },
        &[Problem::RolloutStuck],
    ),
    (
        "tasks that die over and over",
        |chance, world| {
            let code = chance.pick(&[1, 137, 139]);
            world.tasks.extend((0..3 + chance.up_to(4)).map(|n| crashed(&format!("x{n}"), 7, code, 30 + 100 * n)));
        },
        &[Problem::CrashLoop],
    ),
    (
        "a rollout whose tasks die",
        |chance, world| {
            roll(chance, world, 0);
            world.service.deployments[0].failed_tasks = 1 + chance.count(9);
        },
        &[Problem::RolloutFailing],
    ),
    (
        "a rollout that ECS gave up",
        |chance, world| {
            let running = chance.count(4);
            roll(chance, world, running);
            world.service.deployments[0].rollout_state = Some("FAILED".into());
        },
        &[Problem::RolloutFailed],
    ),
    (
        "a rollout that may neither start nor stop",
        |chance, world| {
            roll(chance, world, 0);
            world.service.deployments[0].pending_count = 0;
            world.service.maximum_percent = Some(100);
            world.service.events = vec![event(DEADLOCK, 30)];
        },
        &[Problem::RolloutStuck],
    ),
    (
        "targets that are unhealthy",
        |chance, world| {
            let every = 60 + chance.up_to(300);
            world.service.events = (0..4).map(|n| event(UNHEALTHY, 20 + every * n)).collect();
        },
        &[Problem::Unhealthy],
    ),
    (
        "an error that the scheduler repeats",
        |chance, world| {
            let message = chance.pick(&[
                "TARGET GROUP IS NOT FOUND",
                "failed to launch a task with (error ECS was unable to assume the role 'r').",
            ]);
            world.service.events = (0..3).map(|n| event(message, 20 + 100 * n)).collect();
        },
        &[Problem::Complaint],
    ),
];

#[test]
fn every_planted_fault_is_one_row() {
    for (what, plant, problems) in PLANTS {
        for seed in 0..WORLDS / 8 {
            let chance = &mut Chance(seed);
            let mut world = World { service: web(5), tasks: Vec::new(), others: Vec::new() };
            plant(chance, &mut world);
            // Unrelated events hide nothing.
            for n in 0..chance.up_to(3) {
                world.tasks.push(starting(&format!("p{n}"), 8, "PENDING", chance.up_to(HOUR)));
            }
            if chance.one_in(3) {
                world.tasks.push(Task { stop_code: Some("SpotInterruption".into()), ..crashed("s1", 7, 143, 90) });
            }
            let examined = world.examined();
            let worst = examined.findings.first().map(|finding| (finding.problem, finding.cause.clone()));
            let planted = worst.as_ref().is_some_and(|(problem, _)| problems.contains(problem));
            assert!(planted, "seed {seed}: {what}: {worst:?}");
            assert!(examined.health() < ServiceHealth::Deploying, "seed {seed}: {what}");
            assert_eq!(rows(vec![Arc::new(examined)]).len(), 1, "seed {seed}: {what}");
        }
    }
}

#[test]
fn one_service_is_one_row_among_many() {
    for seed in 0..WORLDS / 20 {
        let chance = &mut Chance(seed);
        let named = |n: i64, service: Service| {
            let name = format!("web-{n}");
            Service { service_arn: arn("service", &format!("prod/{name}")), service_name: name, ..service }
        };
        let services: Vec<Service> = (0..12).map(|n| named(n, World::any(chance).examined())).collect();
        let rows = rows(services.iter().cloned().map(|service| Arc::new(service) as Arc<dyn Row>).collect());
        let troubles: Vec<_> = rows.iter().filter_map(|row| row.any().downcast_ref::<trouble::Trouble>()).collect();
        for service in &services {
            let own = troubles.iter().filter(|row| Row::parent(**row) == Some(&*service.service_arn)).count();
            let named = troubles.iter().flat_map(|row| &row.others).filter_map(|other| other.name.as_deref());
            let folded = named.filter(|name| name.strip_prefix("prod/") == Some(&*service.service_name)).count();
            let expected = usize::from(!service.findings.is_empty());
            assert_eq!(own + folded, expected, "seed {seed}: {}: {:?}", service.service_name, service.findings);
        }
    }
}
