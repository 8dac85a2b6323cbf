//! Changes from the key to the account and back: what is sent, what is said, what the journal has.

use std::fs;

use ecsight::demo::{Options, Scenario};
use rstest::rstest;
use serde_json::Value;

use crate::support::{
    console::{User, run_console},
    requests::mutating,
};

const SIZES: [(u16, u16); 2] = [(120, 30), (80, 24)];

fn sent(user: &User) -> Vec<String> {
    mutating(&user.endpoint)
}

/// The lines of the journal, once it has `count` of them.
async fn journal(user: &User, lines: usize) -> Vec<Value> {
    for _ in 0..200 {
        let text = fs::read_to_string(user.state.join("journal.jsonl")).unwrap_or_default();
        let entries: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        if entries.len() >= lines {
            return entries;
        }
        // The file is written by another thread, in real time.
        tokio::task::spawn_blocking(std::thread::yield_now).await.expect("a thread");
        user.sleep(1).await;
    }
    panic!("the journal has too few lines");
}

/// Opens the services of a cluster, with changes allowed there.
async fn services(user: &mut User, cluster: &str, name: &str) {
    user.keys(&format!(":services {cluster}\r"));
    user.wait_for(name).await;
    user.keys(":write\r");
    user.wait_for("RW").await;
    user.keys(&format!("/^{name}\r"));
    user.wait_for("[1/").await;
}

/// Waits for what takes minutes.
async fn wait_long(user: &User, text: &str) {
    for _ in 0..60 {
        if user.shown().text.contains(text) {
            return;
        }
        user.sleep(10).await;
    }
    panic!("{text} never came; the screen shows:\n{}", user.shown().text);
}

/// Says yes to the dialog, once it takes an answer.
async fn confirm(user: &mut User) {
    user.wait_for("Cancel").await;
    user.sleep(1).await;
    user.keys("\t\r");
    user.wait_until_gone("Cancel").await;
}

#[rstest]
#[case(SIZES[0])]
#[case(SIZES[1])]
#[tokio::test(start_paused = true)]
async fn a_restart_is_confirmed_sent_shown_and_journalled(#[case] size: (u16, u16)) {
    run_console(size, Options { scenario: Scenario::Incident, ..Options::default() }, async |mut user| {
        services(&mut user, "prod", "auth").await;
        user.keys("r");
        user.wait_for("running tasks are replaced").await;
        assert!(sent(&user).is_empty());
        confirm(&mut user).await;
        user.wait_for("has begun").await;
        assert_eq!(sent(&user), ["UpdateService"]);
        // Its rollout opens by itself, and is followed to its end.
        user.wait_for("Rollout of auth").await;
        user.wait_for("in progress for").await;
        wait_long(&user, "successful after").await;
        // How it ended is said wherever one is by then.
        user.keys(":clusters\r!");
        user.wait_for("restart service auth: steady: 4 tasks of auth:3 run after").await;
        user.keys(":journal\r");
        user.wait_for("accepted  restart service auth in prod").await;
        let entries = journal(&user, 2).await;
        let states: Vec<_> = entries.iter().map(|entry| entry["state"].as_str().expect("a state")).collect();
        assert_eq!(states, ["sent", "accepted"]);
        assert_eq!(entries[0]["input"]["forceNewDeployment"], true);
        assert_eq!((&entries[0]["name"], &entries[0]["cluster"]), (&"auth".into(), &"prod".into()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_rollout_is_rolled_back_from_the_first_screen() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        user.keys(":trouble prod\r");
        user.wait_for("orders-api").await;
        user.keys(":write\r");
        user.wait_for("RW").await;
        user.keys("/orders-api\r");
        user.wait_for("[1/").await;
        // The explanation names the key, and it works there.
        user.keys("X");
        user.wait_for("What you can do").await;
        user.wait_for("shift-r  roll back: the deployment of orders-api:4 is stopped").await;
        user.keys("R");
        user.wait_for("rolled back").await;
        confirm(&mut user).await;
        user.wait_for("rolling back").await;
        assert_eq!(sent(&user), ["StopServiceDeployment"]);
        user.keys(":deployments prod /orders-api\r");
        user.wait_for("completed").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_waits_is_approved_and_goes_on() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "prod", "catalog").await;
        user.keys("z");
        user.wait_for("waiting for approval").await;
        user.keys("Y");
        user.wait_for("the rollout continues after").await;
        confirm(&mut user).await;
        assert_eq!(sent(&user), ["ContinueServiceDeployment"]);
        user.wait_for("production 100 % catalog").await;
        wait_long(&user, "successful after").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_rollouts_of_a_service_are_listed_and_one_is_chosen_to_go_back_to() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "prod", "payments").await;
        user.keys("zz");
        user.wait_for("Rollouts(payments)").await;
        user.wait_for("successful").await;
        user.keys("/successful\r\r");
        user.wait_until("one that is over", |shown| {
            shown.contains("Rollout of payments") && shown.contains("Replaced")
        })
        .await;
        user.keys("R");
        user.wait_for("a deployment of payments:3 replaces").await;
        confirm(&mut user).await;
        user.wait_for("a deployment of payments:3 has begun").await;
        assert_eq!(sent(&user), ["UpdateService"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_explanation_offers_the_approval_and_says_what_it_takes_while_read_only() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        user.keys(":services prod /^catalog\r");
        user.wait_for("[1/").await;
        user.keys("X");
        user.wait_for("What you can do, after `:write`").await;
        user.wait_for("shift-y  approve the waiting rollout: the rollout continues after").await;
        user.keys(":services prod /^auth\rX");
        user.wait_for("4 of 4 healthy").await;
        user.wait_until_gone("What you can do").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn where_rollouts_may_not_be_read_the_service_stands_for_them() {
    let denied = ["deny:ListServiceDeployments", "deny:DescribeServiceDeployments"];
    let faults = denied.map(|fault| fault.parse().expect("a fault")).into();
    run_console(SIZES[1], Options { faults, ..Options::default() }, async |mut user| {
        user.keys(":services prod /^payments\r");
        user.wait_for("[1/").await;
        user.keys("z");
        user.wait_for("payments:4: 0 of 4 running").await;
        user.keys("/ListServiceDeployments\r");
        user.wait_for("1/3 \"ListServiceDeployments\"").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_count_is_typed_confirmed_and_reached() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "prod", "inventory").await;
        user.keys("s");
        user.wait_for(":scale").await;
        user.keys("5\r");
        user.wait_for("from 3 to 5: ECS starts 2 tasks").await;
        confirm(&mut user).await;
        user.wait_until("5 of 5", |shown| {
            shown.lines().any(|line| line.contains("inventory") && line.contains("5    5"))
        })
        .await;
        assert_eq!(sent(&user), ["UpdateService"]);
    })
    .await;
}

/// The limits of auto scaling are read once, and what they say comes true.
#[tokio::test(start_paused = true)]
async fn a_count_beyond_the_limits_of_auto_scaling_is_brought_back() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "prod", "web").await;
        user.keys(":scale 12\r");
        user.wait_for("auto scaling keeps it between 2 and 10: its next scaling activity").await;
        assert_eq!(user.endpoint.count("DescribeScalableTargets"), 1);
        confirm(&mut user).await;
        user.wait_until("auto scaling has acted", |shown| {
            shown.lines().any(|line| line.contains("web") && line.contains("10   10"))
        })
        .await;
        user.keys("!");
        user.wait_for("scale service web: 12 tasks run (auto scaling's limit is 10)").await;
        assert_eq!(sent(&user), ["UpdateService"]);
        assert_eq!(user.endpoint.count("DescribeScalableTargets"), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn auto_scaling_that_may_not_be_read_is_reported_and_blocks_nothing() {
    let faults = vec!["deny:DescribeScalableTargets".parse().expect("a fault")];
    run_console(SIZES[0], Options { faults, ..Options::default() }, async |mut user| {
        services(&mut user, "prod", "inventory").await;
        user.keys(":scale 5\r");
        user.wait_for("its auto scaling could not be read").await;
        user.wait_for("application-autoscaling:DescribeScalableTargets").await;
        confirm(&mut user).await;
        user.wait_for("5 tasks desired now").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_protected_and_exec_enabled() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "staging", "auth-staging").await;
        user.keys(":enable-exec\r");
        user.wait_for("1 task now running cannot").await;
        confirm(&mut user).await;
        user.wait_for("ECS Exec is enabled").await;
        user.keys("\r");
        user.wait_for("running").await;
        user.keys(":protect 30m\r");
        user.wait_for("ECS does not stop it for 30m").await;
        confirm(&mut user).await;
        user.wait_for(": protected").await;
        assert_eq!(sent(&user), ["UpdateService", "UpdateTaskProtection"]);
    })
    .await;
}

/// A form, a dialog, and the exit code wherever one is by then; the values of variables stay out of dialog and journal.
#[rstest]
#[case(SIZES[0], "sh -c 'sleep 5; exit 3'", "exit code 3")]
#[case(SIZES[1], "./manage.py migrate", "exit code 0")]
#[tokio::test(start_paused = true)]
async fn a_task_like_a_service_is_run_and_followed_to_its_exit_code(
    #[case] size: (u16, u16),
    #[case] command: &str,
    #[case] ends: &str,
) {
    run_console(size, Options::default(), async |mut user| {
        services(&mut user, "staging", "auth-staging").await;
        user.keys(":run\r");
        user.wait_for("like service auth-staging in staging").await;
        user.keys(&format!("\t\t{command}\tTOKEN=s3cret\r"));
        user.wait_for("ECS starts 1 task on capacity provider FARGATE_SPOT").await;
        user.wait_for("app gets TOKEN").await;
        assert!(!user.shown().text.contains("s3cret"));
        confirm(&mut user).await;
        user.wait_for("started").await;
        user.keys(":clusters\r!");
        wait_long(&user, ends).await;
        assert_eq!(sent(&user), ["RunTask"]);
        let entries = journal(&user, 2).await;
        assert_eq!(entries[0]["change"], "run");
        assert!(!entries.iter().any(|entry| entry.to_string().contains("s3cret")));
    })
    .await;
}

/// The answer is lost twice: the client token keeps ECS from starting the task again.
#[tokio::test(start_paused = true)]
async fn a_run_whose_answer_is_lost_starts_one_task() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "staging", "auth-staging").await;
        user.add_fault("truncate:RunTask#2");
        user.keys(":run\r");
        user.wait_for("like service auth-staging").await;
        user.keys("\r");
        confirm(&mut user).await;
        user.wait_for("started").await;
        assert_eq!(sent(&user), ["RunTask"; 3]);
        user.keys(":tasks staging /group:auth-staging\r");
        user.wait_for("[2/").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_finds_no_room_is_refused_with_the_reason() {
    run_console(SIZES[0], Options::default(), async |mut user| {
        services(&mut user, "prod", "session-cache").await;
        user.keys(":run\r");
        user.wait_for("like service session-cache").await;
        user.keys("\t\t\t\t\t900000\r");
        user.wait_for("with 900000 MiB").await;
        confirm(&mut user).await;
        user.wait_for("1 task not placed: RESOURCE:MEMORY").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stopped_task_is_replaced() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "prod", "auth").await;
        user.keys("\r");
        user.wait_for("Tasks(auth").await;
        user.wait_for("running").await;
        user.keys("\x04");
        user.wait_for("auth keeps desired 4: ECS starts a replacement").await;
        // Production asks for the name.
        user.wait_for("to stop:").await;
        let shown = user.shown().text;
        let name = shown.lines().find_map(|line| line.split("type ").nth(1)?.split_whitespace().next());
        user.sleep(1).await;
        user.keys(&format!("{}\r", name.expect("a name to type")));
        user.wait_for("stopping").await;
        assert_eq!(sent(&user), ["StopTask"]);
        user.keys("x");
        user.wait_for("stopped by hand").await;
        user.keys("!");
        user.wait_for(": stopped after").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_drained_and_taken_back() {
    run_console(SIZES[0], Options::default(), async |mut user| {
        user.keys(":instances batch\r");
        user.wait_for("active").await;
        user.keys(":write\r");
        user.wait_for("RW").await;
        user.keys("D");
        user.wait_for("ECS places no more tasks there").await;
        confirm(&mut user).await;
        user.wait_until("it drains", |shown| shown.matches("draining  connected").count() == 2).await;
        user.keys(":activate\r");
        user.wait_for("ECS places tasks there again").await;
        confirm(&mut user).await;
        user.wait_until("it is in use", |shown| shown.matches("draining  connected").count() == 1).await;
        assert_eq!(sent(&user), ["UpdateContainerInstancesState", "UpdateContainerInstancesState"]);
    })
    .await;
}

/// What becomes of each task is read once; then the drain is reported until the instance is empty.
#[tokio::test(start_paused = true)]
async fn a_drain_says_what_becomes_of_each_task_and_what_is_left() {
    run_console(SIZES[0], Options::default(), async |mut user| {
        user.keys(":instances prod\r");
        user.wait_for("connected").await;
        user.keys(":write\r");
        user.wait_for("RW").await;
        user.keys("D");
        user.wait_for("is a daemon: it stops last").await;
        user.wait_for("is replaced elsewhere").await;
        assert_eq!(user.endpoint.count("GetTaskProtection"), 1);
        user.wait_for("type i-0").await;
        let shown = user.shown().text;
        let name = shown.lines().find_map(|line| line.split("type ").nth(1)?.split_whitespace().next());
        user.sleep(1).await;
        user.keys(&format!("{}\r", name.expect("a name to type")));
        user.wait_until_gone("Cancel").await;
        user.keys("!");
        // Its task of ranking needs a whole instance, and none is free.
        wait_long(&user, "4 → 2 tasks left: ranking (").await;
        user.wait_for("whose replacement can't be").await;
        assert_eq!(sent(&user), ["UpdateContainerInstancesState"]);
        assert_eq!(user.endpoint.count("GetTaskProtection"), 1);
    })
    .await;
}

/// A task that nothing stops: the drain names it, and says when it stands still.
#[tokio::test(start_paused = true)]
async fn a_drain_that_stands_still_names_what_blocks_it() {
    run_console(SIZES[0], Options::default(), async |mut user| {
        user.keys(":instances batch\r");
        user.wait_for("active").await;
        user.keys(":write\r");
        user.wait_for("RW").await;
        user.keys("/draining\r");
        user.wait_for("[1/").await;
        user.keys(":activate\r");
        confirm(&mut user).await;
        user.wait_for("[0/").await;
        user.keys("\x15/rest\r\x15");
        user.wait_for("[3]").await;
        user.keys("GD");
        user.wait_for("stays: a standalone task: draining does not stop it").await;
        confirm(&mut user).await;
        user.keys("!");
        wait_long(&user, "no progress for 2m").await;
        wait_long(&user, "model-training (").await;
    })
    .await;
}

/// Every way to change something, in a console that may not: the same sentence, the same rows, and nothing is sent.
#[tokio::test(start_paused = true)]
async fn read_only_refuses_every_change_and_loses_nothing() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        user.keys(":services prod\r");
        user.wait_for("checkout").await;
        for keys in ["r", "s", "R", ":restart\r", ":scale 9\r", ":rollback checkout:1\r"] {
            user.keys(keys);
            user.wait_for("read-only: `:write` allows changes").await;
            user.wait_for("checkout").await;
            user.keys(":messages\r\x1b");
            user.wait_for("Services(prod)").await;
        }
        assert!(sent(&user).is_empty());
    })
    .await;
}

/// The change was made, and its answer never came: that is said, and nothing is sent again.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_leaves_the_outcome_open() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "prod", "auth").await;
        user.add_fault("truncate:UpdateService");
        user.keys("r");
        confirm(&mut user).await;
        user.wait_for("it may have succeeded").await;
        user.wait_for("deploying").await;
        assert_eq!(sent(&user), ["UpdateService"]);
        assert_eq!(journal(&user, 2).await[1]["state"], "unknown");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_denied_change_names_the_missing_action() {
    run_console(SIZES[0], Options::default(), async |mut user| {
        services(&mut user, "prod", "auth").await;
        user.add_fault("deny:UpdateService");
        user.keys("r");
        confirm(&mut user).await;
        user.wait_for("ecs:UpdateService").await;
        assert_eq!(journal(&user, 2).await[1]["state"], "refused");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_is_named_compared_and_deployed() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "prod", "ranking").await;
        user.keys("U");
        user.wait_for(":deploy").await;
        user.keys("3\r");
        user.wait_for("a deployment of ranking:3 replaces the tasks of ranking:4").await;
        user.wait_for("v diff").await;
        user.sleep(1).await;
        // The differences stand in for the dialog, which comes back from there.
        user.keys("v");
        user.wait_for("--- ranking:4").await;
        user.wait_for("+++ ranking:3").await;
        user.keys("\r");
        user.wait_for("a deployment of ranking:3 replaces the tasks of ranking:4").await;
        confirm(&mut user).await;
        user.wait_for("Rollout of ranking").await;
        assert_eq!(sent(&user), ["UpdateService"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_selected_revision_is_deployed_to_the_service_that_it_was_opened_from() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "prod", "ranking").await;
        user.keys("t");
        user.wait_for("Revisions(").await;
        user.wait_for("ranking:1").await;
        user.keys("/^ranking:2\r");
        user.wait_for("[1/").await;
        user.keys("U");
        user.wait_for("a deployment of ranking:2 replaces the tasks of ranking:4").await;
        confirm(&mut user).await;
        user.wait_for("a deployment of ranking:2 has begun").await;
        assert_eq!(sent(&user), ["UpdateService"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_without_a_loaded_service_says_how_to_deploy_it() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        user.keys(":revisions /^model-training:1\r");
        user.wait_for("[1/").await;
        user.keys("U");
        user.wait_for("on one, `:deploy model-training:1`").await;
        assert!(sent(&user).is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_is_deregistered_by_its_name_and_leaves_the_list() {
    run_console(SIZES[1], Options::default(), async |mut user| {
        services(&mut user, "prod", "ranking").await;
        user.keys("t");
        user.wait_for("ranking:1").await;
        user.keys("/^ranking:4\r");
        user.wait_for("active").await;
        user.keys(":deregister\r");
        user.wait_for("run by service ranking in prod").await;
        user.wait_for("type ranking:4").await;
        user.sleep(1).await;
        // Nothing else than the name confirms it.
        user.keys("ranking:3\r");
        user.sleep(1).await;
        assert!(sent(&user).is_empty());
        user.keys("\x15ranking:4\r");
        user.wait_for("deregistered").await;
        user.wait_for("[0/").await;
        assert_eq!(sent(&user), ["DeregisterTaskDefinition"]);
        assert_eq!(journal(&user, 2).await[0]["input"]["taskDefinition"], "ranking:4");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn tags_are_set_and_removed_and_described() {
    run_console(SIZES[0], Options::default(), async |mut user| {
        services(&mut user, "staging", "auth-staging").await;
        user.keys(":tag owner='jo doe' team=web\r");
        user.wait_for("owner = jo doe is added").await;
        confirm(&mut user).await;
        user.wait_for("tagged").await;
        user.keys("d");
        user.wait_for("Describe service auth-staging").await;
        user.sleep(5).await;
        user.keys("/owner = jo doe\r");
        user.wait_for("1/1").await;
        // A text about a row has its commands as well.
        user.keys(":untag owner\r");
        user.wait_for("owner = jo doe is removed").await;
        confirm(&mut user).await;
        user.wait_for("no longer tagged").await;
        user.sleep(5).await;
        user.keys(":untag owner\r");
        user.wait_for("has no tag `owner`").await;
        user.keys(":tag aws:x=1\r");
        user.wait_for("`aws:` is reserved").await;
        assert_eq!(sent(&user), ["TagResource", "UntagResource"]);
    })
    .await;
}

#[rstest]
#[case::cluster(":clusters /staging\r", "[1/")]
#[case::revision(":revisions /^ranking:1\r", "active")]
#[case::instance(":instances batch\r", "active")]
#[case::task(":tasks staging\r", "running")]
#[tokio::test(start_paused = true)]
async fn whatever_has_tags_is_tagged(#[case] table: &str, #[case] has: &str) {
    run_console(SIZES[0], Options::default(), async |mut user| {
        user.keys(":write\r");
        user.keys(table);
        user.wait_for(has).await;
        user.keys(":tag zone=blue\r");
        user.wait_for("zone = blue is added").await;
        confirm(&mut user).await;
        user.wait_for("tagged").await;
        user.keys("d");
        user.sleep(5).await;
        user.keys("/zone = blue\r");
        user.wait_for("1/1").await;
        assert_eq!(sent(&user), ["TagResource"]);
    })
    .await;
}

/// One of three is refused: the results say so for each, and only the refused one stays marked.
#[rstest]
#[case(SIZES[0])]
#[case(SIZES[1])]
#[tokio::test(start_paused = true)]
async fn the_result_of_each_target_is_shown_in_one_place(#[case] size: (u16, u16)) {
    run_console(size, Options::default(), async |mut user| {
        user.keys(":services staging\r");
        user.wait_for("auth-staging").await;
        user.keys(":write\r");
        user.wait_for("RW").await;
        user.keys("/auth-staging|cms-staging|docs-staging\r");
        user.wait_for("[3/").await;
        user.add_fault("deny:UpdateService#1");
        user.keys("*r");
        user.wait_for("(3)").await;
        confirm(&mut user).await;
        user.wait_for("2 accepted, 1 refused").await;
        user.wait_for("ask for ecs:UpdateService").await;
        user.keys("\r");
        user.wait_until_gone("2 accepted").await;
        user.keys("/is:marked\r");
        user.wait_for("[1/").await;
        assert_eq!(sent(&user), ["UpdateService"; 3]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_denial_is_decoded_where_that_is_permitted() {
    run_console(SIZES[0], Options::default(), async |mut user| {
        services(&mut user, "staging", "auth-staging").await;
        user.add_fault("deny-encoded:UpdateService");
        user.keys("r");
        confirm(&mut user).await;
        user.keys("!");
        user.wait_for("not authorized to perform: ecs:UpdateService").await;
        user.wait_for("an explicit deny in a service control policy").await;
        assert_eq!(user.endpoint.count("DecodeAuthorizationMessage"), 1);
    })
    .await;
}

/// Without the permission that is said once, and not asked for again.
#[tokio::test(start_paused = true)]
async fn a_reason_that_may_not_be_decoded_says_which_permission_is_missing() {
    run_console(SIZES[0], Options::default(), async |mut user| {
        services(&mut user, "staging", "auth-staging").await;
        user.add_fault("deny-encoded:UpdateService");
        user.add_fault("deny:DecodeAuthorizationMessage");
        for _ in 0..2 {
            user.keys("r");
            confirm(&mut user).await;
            user.wait_for("ask for ecs:UpdateService").await;
            user.sleep(1).await;
        }
        user.keys("!");
        user.wait_for("AWS has encoded the reason").await;
        assert_eq!(user.shown().text.matches("sts:DecodeAuthorizationMessage").count(), 1, "{}", user.shown().text);
        assert_eq!(user.endpoint.count("DecodeAuthorizationMessage"), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_task_sets_of_an_external_controller_are_shown_and_ecs_deploys_nothing() {
    run_console(SIZES[0], Options::default(), async |mut user| {
        services(&mut user, "batch", "settlement").await;
        user.keys("z");
        user.wait_for("an external controller").await;
        user.wait_for("Primary").await;
        user.wait_for("settlement:").await;
        user.keys("r");
        user.wait_for("external deployment controller: ECS can't deploy it").await;
        assert!(sent(&user).is_empty());
    })
    .await;
}
