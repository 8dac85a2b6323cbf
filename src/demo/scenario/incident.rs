//! A shop with many incidents. Every fault has a real cause in the account (a memory limit, a missing image, a denied secret,
//! a full cluster), and pipelines, schedules and Spot keep repeating it, so that it stays visible.

use super::{HOUR, MINUTE, parts::*};
use crate::demo::logs::{Access, Settings};
use crate::demo::world::{
    Act, Behaviour, Breaker, DeploymentConfig, Logging, NewTask, PauseHook, Quirk, ServicePlan, Site, Stage,
    StrategyItem, TaskId, TaskPlan, Threshold, Voice, World,
};

/// Log drivers that don't write to CloudWatch.
const SPLUNK: Logging = Logging::Driver(
    "splunk",
    &[("splunk-url", "https://splunk.shop.internal:8088"), ("splunk-source", "inventory"), ("splunk-format", "json")],
);
const JSON_FILE: Logging = Logging::Driver("json-file", &[("max-size", "10m"), ("max-file", "3")]);

/// Creates the account at `start`, such that at `now` every fault is under way.
pub(super) fn populate(world: &mut World, start: i64, now: i64) {
    publish_sidecars(world, 40);
    log_groups(world, start);
    let prod = cluster(world, "prod", Some("prod-ec2"));
    let staging = cluster(world, "staging", Some("staging-ec2"));
    let batch = cluster(world, "batch", Some("batch-ec2"));
    managed_instances(world, batch, "batch-managed");
    let machines = instances(world, prod, 6, "m5.xlarge", start);
    instances(world, staging, 2, "m5.large", start);
    let workers = instances(world, batch, 3, "c6i.2xlarge", start);

    healthy_services(world, prod, start);
    memory(world, prod, start);
    target_health(world, prod, start, now);
    missing_image(world, prod, start, now);
    denied_secret(world, prod, start, now);
    failing_rollout(world, prod, start, now);
    paused_blue_green(world, prod, start, now);
    insufficient_capacity(world, prod, start, now);
    spot(world, prod, start);
    staging_services(world, staging, start, now);
    batch_jobs(world, batch, workers, start, now);

    let lost = &mut world.instances[machines + 4];
    lost.agent_connected = false;
    lost.agent_since = now - 47 * MINUTE;
}

/// Creates log groups with special settings; the others are created by the first line written to them.
fn log_groups(world: &mut World, start: i64) {
    let kept = |days| Settings { retention_days: Some(days), ..Settings::default() };
    let key = || Some("3f9c1d5e-7a42-4b8e-9d10-52c6e0a7b841".to_owned());
    for (family, settings) in [
        ("web", kept(30)),
        ("checkout", kept(90)),
        ("api-gateway", Settings { key: key(), ..kept(14) }),
        // Cheap to store, and not readable with most operations.
        ("recommendations", Settings { infrequent: true, ..kept(365) }),
        // Readable only by the team; and encrypted with a key of another account.
        ("payments", Settings { access: Access::Denied, ..kept(400) }),
        ("ranking", Settings { key: key(), access: Access::KeyDenied, ..Settings::default() }),
    ] {
        world.logs.set(&format!("/ecs/{family}"), start - 400 * 24 * HOUR, settings);
    }
    world.delete_group("/ecs/inventory-staging");
}

/// Registers another revision of a plan's family and has a pipeline deploy it at `first` and then repeatedly.
fn pipeline(world: &mut World, service: usize, changed: &TaskPlan, first: i64, every: (i64, i64)) {
    let definition = world.add_definition(changed, first - MINUTE).arn.clone();
    world.repeat(Act::Deploy { service, definition }, first, every);
}

/// The task of a plan with another application image.
fn with_image(plan: &ServicePlan, image: &str) -> TaskPlan {
    let mut task = plan.task.clone();
    if let Some(app) = task.containers.first_mut() {
        app.image = image.to_owned();
    }
    task
}

fn healthy_services(world: &mut World, prod: usize, start: i64) {
    let image = serving(world, "web", "2025.11.3", Voice::Access, 500);
    let mut web = owned_by(service("web", 6, &image, Some(8080)), "storefront", "prod");
    web.task.containers.push(sidecar("envoy", ENVOY));
    web.exec = true;
    web.connect = true;
    web.config.breaker = Some(Breaker::STANDARD);
    let index = world.add_service(prod, &web, start);
    world.auto_scale(index, 2, 10, start);

    let image = serving(world, "api-gateway", "4.12.0", Voice::Json, 1_800);
    let gateway = logging(service("api-gateway", 8, &image, Some(8080)), Logging::Routed);
    let mut gateway = owned_by(gateway, "platform", "prod");
    gateway.task.cpu = 1_024;
    gateway.task.memory = 2_048;
    gateway.task.containers[0].health_start_period = Some(20);
    gateway.task.containers.push(sidecar("log-router", LOG_ROUTER));
    gateway.task.containers.push(sidecar("datadog-agent", AGENT));
    gateway.exec = true;
    gateway.config.breaker = Some(Breaker::STANDARD);
    let index = world.add_service(prod, &gateway, start);
    world.auto_scale(index, 4, 16, start);

    for (name, team, desired, port) in
        [("auth", "identity", 4, 8080), ("inventory", "warehouse", 3, 9000), ("shipping", "warehouse", 2, 8080)]
    {
        let (voice, lines) = match name {
            "auth" => (Voice::Logfmt, Logging::Prefixed),
            "inventory" => (Voice::Plain, SPLUNK),
            _ => (Voice::Plain, Logging::Region("eu-central-1")),
        };
        let image = serving(world, name, "1.8.2", voice, 120);
        let mut plan = owned_by(logging(service(name, desired, &image, Some(port)), lines), team, "prod");
        plan.connect = true;
        plan.exec = name == "auth";
        let index = world.add_service(prod, &plan, start);
        if name == "auth" {
            break_exec(world, index);
        }
    }

    let late = Quirk::Late((20_000, 60_000));
    let image = odd(world, "pricing", "3.1.0", Voice::Json, 90, late);
    let pricing = owned_by(service("pricing", 3, &image, Some(8080)), "storefront", "prod");
    let index = world.add_service(prod, &pricing, start);
    // A team that ships often.
    pipeline(world, index, &pricing.task, start + 11 * MINUTE, (26 * MINUTE, 41 * MINUTE));

    for (name, desired, cpu, memory, lines) in
        [("session-cache", 3, 512, 2_048, Logging::Unprefixed), ("notifications", 4, 256, 512, JSON_FILE)]
    {
        let image = serving(world, name, "7.4.1", Voice::Worker, 60);
        let plan = owned_by(logging(service(name, desired, &image, Some(6379)), lines), "platform", "prod");
        world.add_service(prod, &on_instances(plan, "prod-ec2", cpu, memory), start);
    }

    let agent = logging(service("node-agent", 0, AGENT, None), Logging::Unset);
    let mut agent = on_instances(agent, "prod-ec2", 128, 256);
    agent.daemon = true;
    agent.strategy.clear();
    agent.config.minimum_healthy_percent = 0;
    agent.config.maximum_percent = 100;
    world.add_service(prod, &owned_by(agent, "platform", "prod"), start);
}

/// Breaks the exec agent of one task of a service.
fn break_exec(world: &mut World, service: usize) {
    let task = world.services[service].live.first().copied();
    let containers = task.and_then(|id| world.tasks.get_mut(&id)).map(|task| &mut task.containers);
    if let Some(app) = containers.and_then(|containers| containers.first_mut()) {
        app.agent_failure = Some("ExecuteCommandAgent process exited with exit code: 255");
    }
}

/// An out-of-memory crash loop: the program exceeds its limit within minutes.
fn memory(world: &mut World, prod: usize, start: i64) {
    let grows = Behaviour::Grows { needs_mib: 1_536, after: (3 * MINUTE, 9 * MINUTE) };
    let image = behaving(world, "checkout", "5.2.0", grows, Voice::Java, 240);
    let mut plan = owned_by(service("checkout", 4, &image, Some(8080)), "storefront", "prod");
    plan.task.containers[0].memory = Some(768);
    plan.task.containers[0].environment.push(("JAVA_TOOL_OPTIONS".into(), "-Xmx1200m".into()));
    plan.task.containers.push(sidecar("datadog-agent", AGENT));
    plan.exec = true;
    world.add_service(prod, &plan, start);
}

/// The new revision answers the load balancer with 502.
fn target_health(world: &mut World, prod: usize, start: i64, now: i64) {
    let good = serving(world, "search-api", "2.7.4", Voice::Coloured, 150);
    let bad = behaving(world, "search-api", "2.8.0", Behaviour::FailsTargetChecks { code: 502 }, Voice::Coloured, 60);
    let mut plan = owned_by(service("search-api", 3, &good, Some(8080)), "discovery", "prod");
    plan.grace_seconds = 30;
    let index = world.add_service(prod, &plan, start);
    pipeline(world, index, &with_image(&plan, &bad), now - 74 * MINUTE, (20 * MINUTE, 30 * MINUTE));
}

/// The new revision names a tag that was never pushed. Each deployment resets the back-off.
fn missing_image(world: &mut World, prod: usize, start: i64, now: i64) {
    let good = serving(world, "recommendations", "1.19.3", Voice::Plain, 90);
    let bad = behaving(world, "recommendations", "1.20.0-rc1", Behaviour::Missing, Voice::Plain, 0);
    let mut plan = owned_by(service("recommendations", 3, &good, Some(8080)), "discovery", "prod");
    plan.task.containers.push(sidecar("envoy", ENVOY));
    let index = world.add_service(prod, &plan, start);
    let definition = world.add_definition(&with_image(&plan, &bad), now - 104 * MINUTE).arn.clone();
    let again = Act::DeployAgain { service: index, definition };
    world.repeat(again, now - 103 * MINUTE, (18 * MINUTE, 24 * MINUTE));
}

/// The new revision needs a secret that its execution role may not read.
fn denied_secret(world: &mut World, prod: usize, start: i64, now: i64) {
    let image = serving(world, "payments", "6.0.1", Voice::Json, 120);
    let plan = owned_by(service("payments", 4, &image, Some(8443)), "payments", "prod");
    let index = world.add_service(prod, &plan, start);
    let secret = |name: &str| {
        format!("arn:aws:secretsmanager:{}:{}:secret:prod/payments/{name}", world.region, world.account_id)
    };
    let (known, denied) = (secret("database-7hQk2p"), secret("acquirer-api-key-Zx81Lm"));
    let mut task = plan.task.clone();
    task.containers[0].secrets = vec![("DATABASE_URL".into(), known), ("ACQUIRER_API_KEY".into(), denied.clone())];
    world.deny_secret(&denied);
    let definition = world.add_definition(&task, now - 97 * MINUTE).arn.clone();
    let again = Act::DeployAgain { service: index, definition };
    world.repeat(again, now - 96 * MINUTE, (22 * MINUTE, 28 * MINUTE));
}

/// The new revision dies before it is healthy; the circuit breaker rolls back, and the pipeline tries again.
fn failing_rollout(world: &mut World, prod: usize, start: i64, now: i64) {
    let good = serving(world, "orders-api", "8.3.1", Voice::Json, 200);
    let crash = Behaviour::Crashes {
        exit_code: 1,
        after: (9_000, 26_000),
        last_words: &[
            "connecting to postgres orders-db.internal:5432",
            "dial tcp 10.20.31.17:5432: connect: connection refused",
            "fatal: database migration 0042 failed after 3 attempts: connection refused",
            "main.migrate() /src/cmd/orders/migrate.go:71",
            "exit status 1",
        ],
    };
    let bad = behaving(world, "orders-api", "8.4.0", crash, Voice::Plain, 30);
    let mut plan = owned_by(service("orders-api", 8, &good, Some(8080)), "orders", "prod");
    plan.task.containers[0].health_start_period = Some(60);
    plan.task.containers.push(sidecar("log-router", LOG_ROUTER));
    plan.exec = true;
    plan.config = DeploymentConfig {
        maximum_percent: 125,
        breaker: Some(Breaker { threshold: Threshold::Count(20), ..Breaker::STANDARD }),
        ..DeploymentConfig::default()
    };
    let index = world.add_service(prod, &plan, start);
    pipeline(world, index, &with_image(&plan, &bad), now - 52 * MINUTE, (90_000, 150_000));
}

/// A blue/green deployment that waits for approval.
fn paused_blue_green(world: &mut World, prod: usize, start: i64, now: i64) {
    let blue = serving(world, "catalog", "12.0.4", Voice::Plain, 90);
    let green = serving(world, "catalog", "12.1.0", Voice::Plain, 90);
    let mut plan = owned_by(service("catalog", 4, &blue, Some(8080)), "storefront", "prod");
    plan.config = DeploymentConfig {
        blue_green: true,
        bake_minutes: 5,
        pauses: vec![PauseHook { stage: Stage::PostTestTrafficShift, timeout_minutes: 180, then_continue: false }],
        ..DeploymentConfig::default()
    };
    let index = world.add_service(prod, &plan, start);
    pipeline(world, index, &with_image(&plan, &green), now - 26 * MINUTE, (2 * MINUTE, 4 * MINUTE));
}

/// The new revision needs a whole machine, and none is free.
fn insufficient_capacity(world: &mut World, prod: usize, start: i64, now: i64) {
    let image = serving(world, "ranking", "0.9.7", Voice::Plain, 60);
    let plan = on_instances(service("ranking", 3, &image, None), "prod-ec2", 1_024, 4_096);
    let plan = owned_by(plan, "discovery", "prod");
    let index = world.add_service(prod, &plan, start);
    let mut task = plan.task.clone();
    task.cpu = 4_096;
    task.memory = 8_192;
    task.containers[0].memory = Some(8_192);
    pipeline(world, index, &task, now - 38 * MINUTE, (20 * MINUTE, 30 * MINUTE));
}

/// Spot capacity that is reclaimed again and again.
fn spot(world: &mut World, prod: usize, start: i64) {
    let image = odd(world, "image-resizer", "2.2.0", Voice::Worker, 120, Quirk::Bursts);
    let mut plan = owned_by(service("image-resizer", 6, &image, None), "media", "prod");
    plan.strategy = vec![StrategyItem::new("FARGATE", 1, 1), StrategyItem::new("FARGATE_SPOT", 4, 0)];
    let index = world.add_service(prod, &plan, start);
    world.repeat(Act::ReclaimSpot { service: index }, start + 3 * MINUTE, (6 * MINUTE, 11 * MINUTE));
}

fn staging_services(world: &mut World, staging: usize, start: i64, now: i64) {
    for (name, desired) in
        [("web-staging", 2), ("api-gateway-staging", 2), ("auth-staging", 1), ("inventory-staging", 1)]
    {
        let image = serving(world, name, "main-4f1c2ab", Voice::Plain, 40);
        let mut plan = owned_by(service(name, desired, &image, Some(8080)), "storefront", "staging");
        plan.strategy = vec![StrategyItem::new("FARGATE_SPOT", 1, 0)];
        world.add_service(staging, &plan, start);
    }
    let image = serving(world, "mailer-staging", "main-0b77d21", Voice::Worker, 40);
    world.add_service(staging, &owned_by(service("mailer-staging", 0, &image, None), "growth", "staging"), start);

    // PID 1 is a shell that doesn't forward signals.
    let ignoring_signals = behaving(world, "legacy-admin", "2019.4", Behaviour::IgnoresSigterm, Voice::Plain, 20);
    let plan = owned_by(service("legacy-admin", 1, &ignoring_signals, None), "platform", "staging");
    let index = world.add_service(staging, &plan, start);
    pipeline(world, index, &plan.task, start + 20 * MINUTE, (33 * MINUTE, 47 * MINUTE));

    // The bounds allow neither a start nor a stop.
    let image = serving(world, "cms-staging", "5.0.0", Voice::Access, 40);
    let mut plan = owned_by(service("cms-staging", 2, &image, Some(8080)), "growth", "staging");
    plan.config.maximum_percent = 100;
    let index = world.add_service(staging, &plan, start);
    pipeline(world, index, &plan.task, now - 66 * MINUTE, (HOUR, HOUR));

    let unhealthy = behaving(world, "feature-flags", "main-91aa0c3", Behaviour::FailsHealthChecks, Voice::Plain, 40);
    let good = serving(world, "feature-flags", "main-7d0e4f5", Voice::Plain, 40);
    let mut plan = owned_by(service("feature-flags", 2, &good, None), "platform", "staging");
    plan.task.containers[0].health_start_period = Some(30);
    let index = world.add_service(staging, &plan, start);
    pipeline(world, index, &with_image(&plan, &unhealthy), now - 58 * MINUTE, (20 * MINUTE, 30 * MINUTE));

    let reason = "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to \
                  create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \
                  \"/app/entrypoint.sh\": stat /app/entrypoint.sh: no such file or directory: unknown";
    let broken = [
        ("docs-staging", Behaviour::CannotStart { reason }, now - 44 * MINUTE),
        ("geocoder-staging", Behaviour::Missing, now - 61 * MINUTE),
    ];
    for (name, behaviour, first) in broken {
        let good = serving(world, name, "main-aa10f42", Voice::Plain, 40);
        let bad = behaving(world, name, "main-c3d98e0", behaviour, Voice::Plain, 0);
        let plan = owned_by(service(name, 1, &good, None), "discovery", "staging");
        let plan = on_instances(plan, "staging-ec2", 256, 512);
        let index = world.add_service(staging, &plan, start);
        let definition = world.add_definition(&with_image(&plan, &bad), first - MINUTE).arn.clone();
        world.repeat(Act::DeployAgain { service: index, definition }, first, (23 * MINUTE, 29 * MINUTE));
    }
}

fn batch_jobs(world: &mut World, batch: usize, workers: usize, start: i64, now: i64) {
    let image = serving(world, "queue-worker", "3.0.8", Voice::Worker, 120);
    let plan = on_instances(service("queue-worker", 6, &image, None), "batch-ec2", 1_024, 2_048);
    world.add_service(batch, &owned_by(plan, "data", "batch"), start);
    let image = odd(world, "job-scheduler", "1.4.0", Voice::Plain, 60, Quirk::HugeLines);
    world.add_service(batch, &owned_by(service("job-scheduler", 1, &image, None), "data", "batch"), start);

    // Another tool rolls it out, again and again.
    let image = serving(world, "settlement", "5.2.0", Voice::Worker, 60);
    let mut plan = owned_by(service("settlement", 4, &image, None), "payments", "batch");
    plan.external = true;
    plan.task.containers[0].health_start_period = Some(60);
    let index = world.add_service(batch, &plan, start);
    pipeline(world, index, &plan.task, now - MINUTE / 2, (5 * MINUTE, 9 * MINUTE));

    let jobs = [
        ("nightly-report", (100_000, 240_000), 0, (3 * MINUTE, 5 * MINUTE), "FARGATE"),
        ("invoice-export", (40_000, 90_000), 35, (7 * MINUTE, 12 * MINUTE), "FARGATE"),
        ("index-rebuild", (5 * MINUTE, 9 * MINUTE), 0, (11 * MINUTE, 16 * MINUTE), "EC2"),
    ];
    for (name, after, failing_percent, every, launch_type) in jobs {
        let behaviour = Behaviour::Completes { after, failing_percent };
        let image = behaving(world, name, "2025-11", behaviour, Voice::Job, 400);
        let fargate = launch_type == "FARGATE";
        let mut task = service(name, 0, &image, None).task;
        task.fargate = fargate;
        task.awsvpc = fargate;
        task.containers[0].name = "job".into();
        world.add_definition(&task, start - 40 * HOUR);
        let started_by = if fargate { format!("events-rule/{name}") } else { "airflow".to_owned() };
        let act = Act::Run { cluster: batch, family: name.into(), started_by, launch_type };
        world.repeat(act, start + MINUTE, every);
    }

    // Its volume can't be attached, because ECS may not assume the role.
    let behaviour = Behaviour::Completes { after: (40_000, 90_000), failing_percent: 0 };
    let image = behaving(world, "backfill", "2025-11", behaviour, Voice::Job, 400);
    let mut task = service("backfill", 0, &image, None).task;
    task.volume = Some("scratch");
    task.containers[0].name = "job".into();
    world.add_definition(&task, start - 40 * HOUR);
    world.refuse_volumes();
    let act = Act::Run {
        cluster: batch,
        family: "backfill".into(),
        started_by: "events-rule/backfill".into(),
        launch_type: "FARGATE",
    };
    world.repeat(act, start + 4 * MINUTE, (13 * MINUTE, 17 * MINUTE));

    // A long job keeps an instance draining.
    let behaviour = Behaviour::Completes { after: (9 * HOUR, 14 * HOUR), failing_percent: 0 };
    let image = behaving(world, "model-training", "2025-11", behaviour, Voice::Job, 200);
    let mut task = service("model-training", 0, &image, None).task;
    (task.fargate, task.awsvpc, task.cpu, task.memory) = (false, false, 4_096, 8_192);
    let definition = world.add_definition(&task, start - 40 * HOUR);
    let held = workers + 2;
    let site =
        Site { launch_type: "EC2", capacity_provider: None, instance: Some(held), zone: world.instances[held].zone };
    let new = NewTask {
        cluster: batch,
        service: None,
        group: "family:model-training".into(),
        tags: vec![("team".into(), "data".into())],
        definition,
        site,
        started_by: Some("airflow".into()),
        exec: true,
        overrides: serde_json::json!({ "containerOverrides": [] }),
    };
    let id = TaskId(world.ids.wide());
    world.add_running_task(id, new, now - 3 * HOUR, start);
    world.set_draining(held, true, start + 5 * MINUTE);
}
