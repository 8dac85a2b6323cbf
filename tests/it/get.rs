//! `ecsight get`, the built binary, against the embedded AWS on a socket.

use std::process::Stdio;

use ecsight::{
    demo::{Endpoint, Options, world::World},
    kinds::KINDS,
    resource::{self, Query},
};
use rstest::rstest;
use serde_json::Value;

use crate::{
    cli::Answer,
    support::aws::{Aws, START_MS},
};

impl Aws {
    fn get(&self, args: &[&str]) -> Answer {
        self.run(&[&["get"], args].concat())
    }

    /// Rows of a CSV answer, without the header.
    fn csv(&self, args: &[&str]) -> Vec<Vec<String>> {
        let answer = self.get(&[args, &["-o", "csv"]].concat());
        assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
        records(&answer.out).split_off(1)
    }
}

/// Parses CSV text as in RFC 4180.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            c => field.push(c),
        }
    }
    records
}

#[test]
fn every_kind_prints_in_every_format() {
    let aws = Aws::incident_now(&[]);
    for kind in KINDS.iter().filter(|kind| kind.name != "revision") {
        let query = if kind.by_service() { Query::service("prod", "checkout") } else { Query::default() };
        let get = |more: &[&str]| {
            let service: &[&str] = if kind.by_service() { &["-s", "checkout"] } else { &[] };
            aws.get(&[&[kind.plural], service, more].concat())
        };
        let table = get(&[]);
        assert_eq!((table.code, table.err.as_str()), (Some(0), ""), "{}", kind.plural);
        let titles: Vec<_> =
            (kind.columns)().iter().filter(|column| column.shown(&query, false)).map(|column| column.title).collect();
        let head = table.out.lines().next().unwrap_or_default();
        assert_eq!(head.split_whitespace().collect::<String>(), titles.concat().replace(' ', ""), "{}", kind.plural);
        assert!(!table.out.contains('\x1b'), "a pipe gets no colours");

        let csv = get(&["-o", "csv"]).out;
        let names: Vec<_> = (kind.columns)().iter().map(|column| column.name).collect();
        assert_eq!(csv.lines().next(), Some(names.join(",").as_str()));

        let answer = get(&["-o", "json"]);
        assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""), "{}", kind.plural);
        let json: Value = serde_json::from_str(&answer.out).expect("JSON");
        let listed = json[kind.json_key].as_array().expect("a list").len();
        assert_eq!(listed, table.out.lines().count() - 1, "{}", kind.plural);
        assert!(listed > 0, "{}", kind.plural);
    }
}

#[test]
fn throttling_is_retried_for_raw_answers_too() {
    let aws = Aws::incident(&["throttle:DescribeTaskDefinition#2"]);
    let answer = aws.get(&["revisions", "--family", "web", "-o", "json"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    let json: Value = serde_json::from_str(&answer.out).expect("JSON");
    assert!(json["taskDefinitions"].as_array().is_some_and(|list| !list.is_empty()), "{json:#}");
}

#[test]
fn json_is_the_answer_of_aws() {
    let aws = Aws::incident(&[]);
    let answer = aws.get(&["service", "web", "auth", "-c", "prod", "-o", "json"]);
    let json: Value = serde_json::from_str(&answer.out).expect("JSON");
    let services = json["services"].as_array().expect("a list");
    let names: Vec<_> = services.iter().filter_map(|service| service["serviceName"].as_str()).collect();
    assert_eq!(names, ["auth", "web"]);
    let service = &services[0];
    // Fields that no table shows, nested fields, and times in the form of the AWS CLI.
    assert!(service["networkConfiguration"]["awsvpcConfiguration"]["subnets"][0].is_string(), "{service:#}");
    assert!(service["deployments"][0]["rolloutState"].is_string());
    assert!(service["events"].as_array().is_some_and(|events| !events.is_empty()));
    assert!(service["createdAt"].as_str().is_some_and(|time| time.parse::<jiff::Timestamp>().is_ok()));
}

#[rstest]
#[case(0)]
#[case(1)]
#[case(101)]
fn lists_are_complete(#[case] services: usize) {
    let aws = Aws::on(Endpoint::with_world(
        World::sized(1, services, 1, START_MS),
        Options { speed: 0.0, ..Options::default() },
    ));
    assert_eq!(aws.csv(&["services"]).len(), services);
}

#[test]
fn without_a_cluster_all_are_listed_and_with_one_only_that() {
    let aws = Aws::incident(&[]);
    let cluster = resource::service::KIND.column("cluster").expect("a column");
    let mut clusters: Vec<_> = aws.csv(&["services"]).into_iter().map(|mut row| row.swap_remove(cluster)).collect();
    clusters.sort();
    clusters.dedup();
    assert_eq!(clusters, ["batch", "prod", "staging"]);
    assert!(aws.csv(&["services", "-c", "batch"]).iter().all(|row| row[cluster] == "batch"));
}

#[test]
fn names_and_arns_select_rows_and_unknown_ones_are_reported() {
    let aws = Aws::incident(&[]);
    let arn = "arn:aws:ecs:eu-west-1:123456789012:service/prod/web";
    assert_eq!(aws.csv(&["svc", "auth", arn, "-c", "prod"]).len(), 2);

    let answer = aws.get(&["services", "auth", "checkuot", "-c", "prod"]);
    assert_eq!(answer.code, Some(1));
    assert_eq!(answer.err, "error: unknown service `checkuot`; did you mean checkout?\n");
    assert_eq!(answer.out.lines().count(), 2, "what exists is printed: {}", answer.out);

    let answer = aws.get(&["services", "checkuot", "-c", "prod"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""));
}

#[test]
fn filters_and_sorting_are_those_of_the_console() {
    let aws = Aws::incident(&[]);
    let column = |name| resource::service::KIND.column(name).expect("a column");
    let all = aws.csv(&["services"]);
    let faults = aws.csv(&["services", "--filter", "is:fault"]);
    assert!(!faults.is_empty() && faults.len() < all.len());
    assert!(faults.iter().all(|row| all.contains(row)));

    let running = |rows: Vec<Vec<String>>| -> Vec<u32> {
        rows.iter().map(|row| row[column("running")].parse().expect("a number")).collect()
    };
    let down = running(aws.csv(&["services", "--sort", "-running"]));
    assert!(down.is_sorted_by(|a, b| a >= b) && down.first() > down.last(), "{down:?}");
    assert!(running(aws.csv(&["services", "--sort", "running"])).is_sorted());
}

/// A task of two containers that ran out of memory has `137,143`.
#[test]
fn an_exit_code_of_any_container_is_found() {
    let aws = Aws::incident(&[]);
    let exit = resource::task::KIND.column("exit").expect("a column");
    let has = |row: &Vec<String>, code: &str| row[exit].split([',', ' ', ':']).any(|other| other == code);
    let all = aws.csv(&["stopped"]);
    let select = |filter: &str| aws.csv(&["stopped", "--filter", filter]).len();
    for code in ["137", "143", "1"] {
        let having = all.iter().filter(|row| has(row, code)).count();
        let others = all.iter().filter(|row| row[exit] != "-" && !has(row, code)).count();
        assert_eq!((select(&format!("exit={code}")), select(&format!("exit!={code}"))), (having, others), "{code}");
        assert!(having > 0, "{code}");
    }
}

#[rstest]
#[case("exti=137", "at character 1: unknown column `exti`; did you mean exit?")]
#[case("web is:fautl", "at character 8: unknown state `fautl`; did you mean fault?")]
#[case("cpu=many", "at character 5: invalid CPU size `many`")]
fn an_invalid_filter_is_a_usage_error(#[case] filter: &str, #[case] reason: &str) {
    let aws = Aws::incident(&[]);
    let answer = aws.get(&["stopped", "--filter", filter]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""));
    assert!(answer.err.contains(reason), "{}", answer.err);
    assert!(aws.endpoint.requests().is_empty(), "nothing was asked for");
}

#[test]
fn stopped_tasks_are_listed_with_a_flag() {
    let aws = Aws::incident(&[]);
    let status = resource::task::KIND.column("status").expect("a column");
    let select = |args: &[&str]| aws.csv(&[&["tasks", "-c", "batch"], args].concat());
    let (running, stopped, all) = (select(&[]), select(&["--status", "stopped"]), select(&["--status", "all"]));
    assert!(!stopped.is_empty() && stopped.iter().all(|row| row[status] == "stopped"));
    assert!(!running.is_empty() && running.iter().all(|row| row[status] != "stopped"));
    assert_eq!(all.len(), running.len() + stopped.len());
}

#[test]
fn stopped_is_a_word_for_stopped_tasks() {
    let aws = Aws::incident(&[]);
    let select = |args: &[&str]| aws.csv(&[args, &["-c", "batch", "--sort", "id"]].concat());
    assert_eq!(select(&["stopped"]), select(&["tasks", "--status", "stopped"]));
}

#[test]
fn archived_rows_are_listed_with_current_ones() {
    let status = resource::task::KIND.column("status").expect("a column");
    let another = |seed| Endpoint::new(Options { speed: 0.0, seed, ..Options::default() });
    let before = Aws::on(another(1));
    let seen = before.csv(&["stopped", "-c", "prod", "--filter", "is:stopped"]);
    assert!(!seen.is_empty());
    // A new AWS, which doesn't know the tasks of the first one.
    let aws = before.replaced(another(2));
    let rows = aws.csv(&["stopped", "-c", "prod", "--since", "24h", "--filter", "is:stopped"]);
    let (archived, live): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row[status] == "stopped archived");
    assert_eq!(archived.len(), seen.len());
    assert!(!live.is_empty());
    let archived = aws.get(&["stopped", "-c", "prod", "--filter", "is:archived", "-o", "json"]);
    let json: Value = serde_json::from_str(&archived.out).expect("JSON");
    let tasks = json["tasks"].as_array().expect("a list");
    assert_eq!(tasks.len(), seen.len());
    assert!(tasks.iter().all(|task| task["archived"] == true && task["stoppedReason"].is_string()));
}

#[test]
fn failures_are_counted_and_say_why() {
    let aws = Aws::incident_now(&[]);
    let json: Value = serde_json::from_str(&aws.get(&["failures", "--since", "6h", "-o", "json"]).out).expect("JSON");
    let groups = json["failures"].as_array().expect("a list");
    assert!(groups.iter().any(|group| group["verdict"]["rule"] == "STOP-OOM"), "{groups:#?}");
    assert!(groups.iter().all(|group| group["count"].as_u64() > Some(0) && group["last"].is_string()));
    let service = groups[0]["service"].as_str().expect("a service");
    let of_service = aws.csv(&["failures", "--service", service, "-c", "prod"]);
    assert!(!of_service.is_empty() && of_service.iter().all(|row| row[0] == service));
}

#[test]
fn concurrent_processes_lose_no_row() {
    let aws = Aws::incident_now(&[]);
    let run = |cluster: &&str| {
        let args = ["get", "stopped", "-c", cluster, "--filter", "is:stopped", "-o", "csv"];
        aws.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
    };
    let children: Vec<_> = ["batch", "prod", "staging"].iter().map(run).collect();
    let answers = children.into_iter().map(|child| Answer::of(child.wait_with_output().expect("it ends")));
    let seen: usize = answers.map(|answer| records(&answer.out).len() - 1).sum();
    assert!(seen > 0);
    let info = aws.run(&["info"]).out;
    assert!(info.contains(&format!(": {seen} stopped tasks, ")), "{seen} are not in: {info}");
}

#[test]
fn nothing_is_recorded_when_the_history_is_off() {
    let mut aws = Aws::incident_now(&[]);
    aws.home = aws.home.with(".config/ecsight/config.toml", "[history]\noff = true\n");
    assert!(!aws.csv(&["failures"]).is_empty(), "what is there now is counted all the same");
    assert!(!aws.home.path().join(".local/state/ecsight/history.db").exists());
    let info = aws.run(&["info"]).out;
    assert!(info.contains("history        off\n"), "{info}");
}

#[test]
fn only_requested_revisions_are_described() {
    let aws = Aws::incident(&[]);
    let image = resource::revision::KIND.column("images").expect("a column");
    let rows = aws.csv(&["revisions", "--family", "auth", "--sort", "name"]);
    assert!(rows.len() > 1 && rows.iter().any(|row| row[image].contains("auth")), "{rows:?}");
    let before = aws.endpoint.count("DescribeTaskDefinition");
    assert_eq!(aws.csv(&["revisions", "auth:1", "--family", "auth"]).len(), 1);
    assert_eq!(aws.endpoint.count("DescribeTaskDefinition"), before + 1);
}

#[rstest]
#[case("deny:ListServices", &["ListServices", "not authorized to perform: ecs:ListServices", "ecs:ListServices"])]
#[case("expired", &["expired"])]
fn a_refusal_of_aws_is_printed_with_its_message(#[case] fault: &str, #[case] parts: &[&str]) {
    let answer = Aws::incident(&[fault]).get(&["services", "-c", "prod"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""));
    for part in parts {
        assert!(answer.err.contains(part), "{part:?} is not in: {}", answer.err);
    }
    assert!(!answer.err.contains("ServiceError"), "the SDK's debug text: {}", answer.err);
}

#[rstest]
#[case("throttle:ListClusters#1")]
#[case("server-error:ListClusters#1")]
#[case("cut:DescribeClusters#1")]
fn transient_failures_are_retried(#[case] fault: &str) {
    assert_eq!(Aws::incident(&[fault]).csv(&["clusters"]).len(), 3);
}

#[test]
fn an_unknown_cluster_gets_the_error_of_aws_when_clusters_cannot_be_listed() {
    let answer = Aws::incident(&["deny:ListClusters"]).get(&["services", "-c", "missing"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""));
    assert!(answer.err.contains("Cluster not found"), "{}", answer.err);
}

/// The stopped tasks, which tell why, belong to another kind.
#[test]
fn the_cause_of_a_deployment_is_that_of_its_service() {
    let aws = Aws::incident_now(&[]);
    let causes = |kind: &str| {
        let answer = aws.get(&[kind, "-o", "csv"]);
        let rows = records(&answer.out);
        let cause = rows[0].iter().position(|name| name == "cause").expect("a column");
        rows[1..].iter().map(|row| row[cause].clone()).filter(|cause| cause != "-").collect::<Vec<_>>()
    };
    let (services, deployments) = (causes("services"), causes("deployments"));
    assert!(!deployments.is_empty());
    for cause in deployments {
        let known = services.iter().any(|service| cause.starts_with(service.split(" (+").next().unwrap_or_default()));
        assert!(known, "{cause} is not in {services:?}");
    }
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let aws = Aws::incident(&[]);
    let mut child = aws
        .command(&["get", "tasks", "-o", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn info_prints_identity_and_paths() {
    let aws = Aws::incident(&[]);
    let answer = aws.run(&["info"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    let home = aws.home.path().join(".config/ecsight/config.toml").display().to_string();
    for part in ["ecsight 0.", &home, "eu-west-1", &aws.server.url(), "123456789012", "arn:aws:sts::"] {
        assert!(answer.out.contains(part), "{part:?} is not in: {}", answer.out);
    }
}
