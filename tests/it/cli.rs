//! The command line of the built binary: output, streams and exit codes.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use rstest::rstest;
use tempfile::TempDir;

/// A home folder, and an environment without variables of this machine.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub fn with(self, path: &str, text: &str) -> Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("below home")).expect("created");
        fs::write(path, text).expect("written");
        self
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecsight"));
        command.args(args).env_clear().env("HOME", self.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).output().expect("the binary runs"))
    }
}

#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    /// Messages about waiting, which occur on a busy machine.
    pub waited: String,
}

impl Answer {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let messages = text(output.stderr);
        let (waited, err) = messages.split_inclusive('\n').partition(|line| line.starts_with("waiting for "));
        Self { code: output.status.code(), out: text(output.stdout), err, waited }
    }
}

#[rstest]
#[case(&["--regoin", "eu-west-1"], &["--regoin", "--region"])]
#[case(&["--region", "eu-wset-1"], &["--region", "eu-wset-1", "did you mean eu-west-1"])]
#[case(&["--profile", "prdo"], &["unknown profile `prdo`", "did you mean prod"])]
#[case(&["scope://prod/eu-west-1/web/servce/api"], &["unknown kind `servce`", "did you mean service"])]
#[case(&["scope://prod/eu-west-1"], &["invalid locator", "scope://profile/region/cluster/kind/name?filter"])]
#[case(&["scope://prdo/eu-west-1/web/service/api"], &["unknown profile `prdo`", "did you mean prod"])]
#[case(&["--open", "scope://prdo/eu-west-1/web/service/api"], &["unknown profile `prdo`"])]
#[case(&["--theme", "midnigth"], &["--theme", "midnigth", "'midnight'"])]
#[case(&["--refresh", "fast"], &["--refresh", "`fast`", "5s"])]
#[case(&["--refresh", "2h"], &["--refresh", "expected 1s to 1h"])]
#[case(&["--endpoint-url", "localhost:4566"], &["--endpoint-url", "http://"])]
#[case(&["--log-level", "loud"], &["--log-level", "debug"])]
#[case(&["--read-only", "--write"], &["--read-only", "--write"])]
#[case(&["dem0"], &["dem0", "'demo'"])]
#[case(&["get"], &["<KIND>"])]
#[case(&["get", "servces"], &["servces", "'services'"])]
#[case(&["get", "services", "-o", "yaml"], &["--output", "yaml", "json"])]
#[case(&["get", "tasks", "--status", "runing"], &["--status", "'running'"])]
#[case(&["get", "services", "--sort", "stata"], &["--sort", "`stata`", "did you mean state"])]
#[case(&["get", "services", "--filter", "age<soon"], &["--filter", "age<soon", "character"])]
#[case(&["get", "families", "--service", "web"], &["--service", "families", "services, tasks, containers"])]
#[case(&["get", "clusters", "-c", "prod"], &["--cluster", "clusters"])]
#[case(&["get", "instances", "--status", "stopped"], &["--status", "instances", "tasks, containers"])]
#[case(&["get", "services", "--since", "6h"], &["`--since` does not apply to services", "failures, tasks, deployments, events, timeline"])]
#[case(&["get", "tasks", "--since", "6h"], &["--since", "running tasks", "`ecsight get stopped`"])]
#[case(&["get", "stopped", "--since", "soon"], &["--since", "`soon`", "6h"])]
#[case(&["get", "stopped", "--status", "running"], &["--status"])]
#[case(&["get", "services", "--theme", "paper"], &["--theme"])]
#[case(&["--theme", "paper", "demo"], &["--theme", "ecsight demo --theme"])]
#[case(&["--command", "tasks", "get", "services"], &["--command", "not to `get`"])]
#[case(&["demo", "--scenario", "calmm"], &["--scenario", "'calm'"])]
#[case(&["demo", "--speed=-1"], &["--speed"])]
#[case(&["demo", "--fault", "throtle"], &["--fault", "throtle", "throttle"])]
#[case(&["demo", "--seed", "x"], &["--seed", "expected a whole number from 0 on"])]
#[case(&["why", "--exit-code", "x"], &["--exit-code", "expected a whole number from -1 to 255"])]
#[case(&["demo", "--serve", "localhost"], &["--serve", "localhost"])]
#[case(&["completions", "bsh"], &["bsh", "'bash'"])]
#[case(&["--config", "/missing/config.toml"], &["/missing/config.toml", "no such file"])]
#[case(&[], &["terminal", "ecsight get"])]
fn a_mistake_is_reported_with_the_nearest_valid_word(#[case] args: &[&str], #[case] expected: &[&str]) {
    let home = Home::new().with(".aws/config", "[profile prod]\nregion = eu-west-1\n");
    let answer = home.run(args);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{answer:?}");
    for part in expected {
        assert!(answer.err.contains(part), "{part:?} is not in: {}", answer.err);
    }
    for rust in ["panicked", "RUST_BACKTRACE", "Location:", "Err("] {
        assert!(!answer.err.contains(rust), "{}", answer.err);
    }
}

#[test]
fn a_mistake_in_the_configuration_names_file_line_and_key() {
    let home = Home::new().with("my.toml", "theme = \"paper\"\n[budget]\nshar = 0.5\n");
    let path = home.path().join("my.toml");
    let answer = home.run(&["--config", path.to_str().expect("UTF-8"), "get", "services"]);
    let expected = format!("error: {}, line 3, key `budget.shar`: unknown key; did you mean share?\n", path.display());
    assert_eq!((answer.code, answer.err), (Some(2), expected));
}

#[test]
fn the_environment_can_set_the_configuration_file() {
    let home = Home::new().with("my.toml", "them = 1\n");
    let output = home.command(&["info"]).env("ECSIGHT_CONFIG", home.path().join("my.toml")).output().expect("runs");
    let answer = Answer::of(output);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("my.toml, line 1, key `them`") && answer.err.contains("theme"), "{}", answer.err);
}

#[test]
fn without_a_region_the_error_says_how_to_set_one() {
    let answer = Home::new().run(&["get", "clusters"]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("no AWS Region") && answer.err.contains("--region"), "{}", answer.err);
}

#[test]
fn help_has_examples_exit_codes_and_every_subcommand() {
    let answer = Home::new().run(&["--help"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    for part in [
        "Examples:",
        "Exit codes:",
        "get ",
        "why ",
        "report ",
        "demo ",
        "completions ",
        "man ",
        "info ",
        "ECSIGHT_CONFIG",
    ] {
        assert!(answer.out.contains(part), "{part:?} is not in: {}", answer.out);
    }
    for line in Home::new().run(&["get", "--help"]).out.lines().chain(answer.out.lines()) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn help_lists_all_faults() {
    let answer = Home::new().run(&["demo", "--help"]);
    let words = answer.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for fault in ecsight::demo::faults::kinds() {
        assert!(words.contains(fault.usage) && words.contains(fault.help), "{}", fault.name);
    }
}

#[test]
fn the_manual_page_has_every_flag() {
    let answer = Home::new().run(&["man"]);
    assert_eq!(answer.code, Some(0));
    let page = answer.out.replace("\\-", "-");
    let flags = ["--profile", "--read-only", "--output", "--message", "--since", "--scenario", "--fault"];
    for flag in flags.into_iter().chain(["ecsight get", "ecsight why", "ecsight report"]) {
        assert!(page.contains(flag), "{flag} is not in the manual");
    }
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
    assert_eq!(
        sections.iter().map(|title| title.trim_matches('"')).collect::<Vec<_>>(),
        [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "COMMANDS",
            "KEYS",
            "EXAMPLES",
            "FILES",
            "ENVIRONMENT",
            "EXIT STATUS",
            "SEE ALSO",
        ]
    );
    let fault = page.lines().find(|line| line.starts_with("throttle[:OPERATION][=N/s]  "));
    assert!(fault.is_some_and(|line| line.contains("ThrottlingException")), "the faults are a table");
    assert!(!page.contains("ecsight-get(1)"), "there is one page only");
}

#[rstest]
#[case("bash")]
#[case("zsh")]
#[case("fish")]
fn completion_scripts_call_the_program(#[case] shell: &str) {
    let answer = Home::new().run(&["completions", shell]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    assert!(answer.out.contains("ECSIGHT_COMPLETE") && answer.out.contains("ecsight"), "{}", answer.out);
}

/// Completion candidates in bash for the last of `words`.
fn offered(home: &Home, words: &[&str]) -> Vec<String> {
    let mut command = home.command(&[&["--", "ecsight"], words].concat());
    command.env("ECSIGHT_COMPLETE", "bash").env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_COMP_TYPE", "9");
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("_CLAP_COMPLETE_SPACE", "true");
    let answer = Answer::of(command.current_dir(home.path()).output().expect("the binary runs"));
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    answer.out.lines().map(str::to_owned).collect()
}

#[rstest]
#[case(&["--profile", ""], "prod")]
#[case(&["--region", "eu-central"], "eu-central-1")]
#[case(&["--cluster", ""], "payments")]
#[case(&["--theme", ""], "midnight")]
#[case(&["get", "serv"], "services")]
#[case(&["get", "services", "--sort", "ru"], "running")]
#[case(&["get", "services", "-o", ""], "csv-excel")]
#[case(&["demo", "--fault", "thr"], "throttle")]
#[case(&["demo", "--scenario", ""], "fleet")]
fn completion_offers_values_without_the_network(#[case] words: &[&str], #[case] expected: &str) {
    let home = Home::new()
        .with(".aws/config", "[profile prod]\nregion = eu-west-1\n")
        .with(".config/ecsight/config.toml", "favourites = [\"payments\"]\n")
        .with("a-file", "");
    let offered = offered(&home, words);
    assert!(offered.iter().any(|word| word.trim() == expected), "{offered:?}");
    assert!(!offered.iter().any(|word| word.contains("a-file")), "{offered:?}");
}

#[test]
fn completion_offers_clusters_and_services_of_earlier_runs() {
    let aws = crate::support::aws::Aws::incident_now(&[]);
    assert_eq!(aws.run(&["get", "stopped", "-c", "prod"]).code, Some(0));
    assert!(offered(&aws.home, &["--cluster", ""]).iter().any(|word| word.trim() == "prod"));
    assert!(offered(&aws.home, &["why", ""]).iter().any(|word| word.trim() == "checkout"));
}

#[test]
fn a_mistake_in_a_variable_names_the_variable() {
    let output = Home::new().command(&[]).env("ECSIGHT_THEME", "midnigth").output().expect("runs");
    let answer = Answer::of(output);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("'ECSIGHT_THEME'") && answer.err.contains("'midnight'"), "{}", answer.err);
    assert!(!answer.err.contains("--theme"), "{}", answer.err);
}

#[test]
fn a_closed_pipe_is_not_a_failure() {
    // Little output suffices, because the pipe is closed before the first byte.
    let mut child =
        Home::new().command(&["man"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}
