//! What holds whatever keys are pressed: nothing changes without a yes, nothing at all while read-only, and a rollout on
//! screen costs few calls and shows every step at once.

use std::collections::BTreeMap;

use aws_sdk_ecs::{Client, types::DeploymentRolloutState};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ecsight::{
    aws::{Nature, operation::ALL},
    demo::{Endpoint, Options, Scenario},
    model::{
        action::{ACTIONS, Action},
        keymap::Key,
    },
    resource::Ability,
};
use proptest::{
    prelude::*,
    sample::select,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use rstest::rstest;
use tokio::time::{Duration, Instant, sleep};

use crate::support::{
    console::{User, run_console},
    in_process::sdk_config,
    requests::{count, mutating},
};

const SIZE: (u16, u16) = (80, 24);
/// Random keys of each seed.
const KEYS: usize = 2_500;
/// Time in which a dialog ignores keys.
const INERT: Duration = Duration::from_millis(310);

/// What ends the console, or leaves the account.
fn leaves(action: &Action) -> bool {
    ["quit", "interrupt", "suspend", "scope", "profile", "region"].contains(&action.name)
}

/// Every key that is bound, and those of prompts and dialogs.
fn all_keys() -> Vec<KeyEvent> {
    let bound = ACTIONS.iter().filter(|action| !leaves(action)).flat_map(|action| action.keys);
    let bound = bound.map(|key| key.parse::<Key>().expect("a key")).map(|key| KeyEvent::new(key.code, key.modifiers));
    let letters = ('a'..='z').chain('0'..='9').chain([' ', ':', '/', '-', '+']).map(KeyCode::Char).map(KeyEvent::from);
    let others =
        [KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::Left, KeyCode::Right, KeyCode::Up, KeyCode::Down];
    bound.chain(letters).chain(others.map(KeyEvent::from)).collect()
}

/// An argument for the command of an action, so that it does something.
fn argument(action: &Action) -> &'static str {
    match action.name {
        "scale" => "+1",
        "deploy" | "rollback" => "1",
        "protect" => "2h",
        "shell" => "sh",
        "tag" => "team=shop",
        "write" => "1h",
        _ => "",
    }
}

fn command(word: &str, argument: &str) -> String {
    format!(":{word} {argument}").trim_end().to_owned() + "\r"
}

/// What a restless user does next.
#[derive(Debug, Clone)]
enum Act {
    Key(KeyEvent),
    Type(String),
    /// Goes to rows that can be changed, and starts a change of one.
    Change(&'static str, Vec<KeyEvent>),
    /// Waits until a dialog takes keys, and answers it with yes.
    Answer,
}

/// Tables with rows that can be changed.
const TABLES: [&str; 6] = [
    ":services prod\r",
    ":services staging\r",
    ":tasks prod\r",
    ":instances batch\r",
    ":revisions /auth\r",
    ":services prod /^catalog\r",
];

/// The calls of an action: by each of its keys, and by each of its words.
fn calls(action: &Action) -> Vec<Vec<KeyEvent>> {
    let keys = action.keys.iter().map(|key| key.parse::<Key>().expect("a key"));
    let keys = keys.map(|key| vec![KeyEvent::new(key.code, key.modifiers)]);
    let words = action.words.iter().map(|word| command(word, argument(action)).chars().map(key_of).collect());
    keys.chain(words).collect()
}

fn acts() -> impl Strategy<Value = Act> {
    let usable = || ACTIONS.iter().filter(|action| !leaves(action) && action.name != "read-only");
    let commands: Vec<String> =
        usable().filter_map(|action| Some(command(action.words.first()?, argument(action)))).collect();
    let changing = [
        Ability::Service,
        Ability::StopTask,
        Ability::Run,
        Ability::Drain,
        Ability::Deploy,
        Ability::Deregister,
        Ability::Tag,
    ];
    let changes = usable().filter(|action| action.needs.is_some_and(|ability| changing.contains(&ability)));
    let changes: Vec<Vec<KeyEvent>> = changes.flat_map(calls).collect();
    prop_oneof![
        24 => select(all_keys()).prop_map(Act::Key),
        2 => select(commands).prop_map(Act::Type),
        4 => (select(&TABLES[..]), select(changes)).prop_map(|(table, call)| Act::Change(table, call)),
        3 => Just(Act::Answer),
    ]
}

/// Whether the dialog before a change is open, as drawn.
fn asks(user: &User) -> bool {
    user.shown().text.contains("Cancel")
}

/// The name that the dialog requires.
fn required_name(user: &User) -> Option<String> {
    let text = user.shown().text;
    text.lines().find_map(|line| line.split("type ").nth(1)?.split_whitespace().next().map(str::to_owned))
}

/// Has the editor change a task definition each time, at most `times`.
fn will_edit(user: &User, times: usize) {
    for _ in 0..times {
        user.will_edit(|text| Ok(text.replacen("\"cpu\": \"", "\"cpu\": \"1", 1)));
    }
}

/// The user of one run of random keys.
struct Restless {
    user: User,
    pressed: usize,
    /// Dialogs that opened, and answers that sent something.
    dialogs: usize,
    confirmed: usize,
}

impl Restless {
    /// Presses a key, and checks that it sent nothing unless it was enter in the dialog.
    async fn press(&mut self, key: KeyEvent, of: &Act) {
        let user = &self.user;
        let changes = || count(&user.endpoint, |nature| nature == Nature::Mutates);
        let (open, before) = (asks(user), changes());
        user.press(key);
        sleep(Duration::from_millis(20)).await;
        let sent = changes() - before;
        assert!(
            sent == 0 || (open && key.code == KeyCode::Enter),
            "{key:?} of {of:?} sent {sent}:\n{}",
            user.shown().text
        );
        self.pressed += 1;
        self.dialogs += usize::from(!open && asks(&self.user));
        self.confirmed += usize::from(sent > 0);
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Key(key) => self.press(*key, act).await,
            Act::Type(text) => self.type_text(text, act).await,
            Act::Change(table, call) => {
                self.type_text("\x1b\x1b\x1b:write 8h\r", act).await;
                self.type_text(table, act).await;
                sleep(INERT).await;
                for key in call {
                    self.press(*key, act).await;
                }
            }
            Act::Answer if asks(&self.user) => {
                sleep(INERT).await;
                let name = required_name(&self.user).unwrap_or("\t".to_owned());
                self.type_text(&(name + "\r"), act).await;
            }
            Act::Answer => {}
        }
    }

    async fn type_text(&mut self, text: &str, of: &Act) {
        for key in text.chars().map(key_of) {
            self.press(key, of).await;
        }
    }
}

/// Ten thousand keys in all: a request that changes something leaves only after enter in the dialog.
#[rstest]
#[case(1)]
#[case(2)]
#[case(3)]
#[case(4)]
#[tokio::test(start_paused = true)]
async fn random_keys_change_nothing_without_an_answer_in_the_dialog(#[case] seed: u8) {
    let options = Options { scenario: Scenario::Incident, quotas: false, ..Options::default() };
    let exit = run_console(SIZE, options, async |user| {
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let (mut runner, acts) = (TestRunner::new_with_rng(Config::default(), random), acts());
        will_edit(&user, KEYS);
        user.sleep(5).await;
        let mut restless = Restless { user, pressed: 0, dialogs: 0, confirmed: 0 };
        // One change for certain, so that what is counted can be counted.
        let restart = vec![KeyCode::Char('r').into()];
        for act in [Act::Change(TABLES[1], restart), Act::Answer] {
            restless.act(&act).await;
        }
        while restless.pressed < KEYS {
            let act = acts.new_tree(&mut runner).expect("a strategy").current();
            restless.act(&act).await;
        }
        let Restless { user, dialogs, confirmed, .. } = restless;
        // It knows the operation of every request.
        mutating(&user.endpoint);
        println!("seed {seed}: {dialogs} dialogs, {confirmed} confirmed");
        assert!(dialogs > 1 && confirmed > 0, "{dialogs} dialogs, {confirmed} confirmed");
    })
    .await;
    assert!(exit.is_none(), "the console was closed");
}

/// The key that types a character, as [`User::keys`] has them.
fn key_of(c: char) -> KeyEvent {
    match c {
        '\r' => KeyCode::Enter.into(),
        '\x1b' => KeyCode::Esc.into(),
        '\t' => KeyCode::Tab.into(),
        c if c.is_uppercase() => KeyEvent::new(KeyCode::Char(c), KeyModifiers::SHIFT),
        c => KeyCode::Char(c).into(),
    }
}

/// Every action by its keys and its words, on every screen, each answered with yes: nothing leaves a read-only console that
/// changes something or opens a session.
#[rstest]
#[case::services(":services prod\r", "checkout", "", "checkout")]
#[case::tasks(":tasks prod\r", "running", "", "running")]
#[case::instances(":instances batch\r", "active", "", "active")]
#[case::revisions(":revisions /auth\r", "auth:", "", "auth:")]
#[case::containers(":containers prod\r", "app", "", "app")]
#[case::findings(":trouble prod\r", "orders-api", "", "orders-api")]
#[case::clusters(":clusters\r", "staging", "", "staging")]
#[case::rollout(":services prod /^catalog\r", "[1/", "z", "Rollout of catalog")]
#[case::rollouts(":services prod /^catalog\r", "[1/", "zz", "Rollouts(catalog)")]
#[case::explanation(":services prod /^auth\r", "[1/", "X", "no problems")]
#[case::description(":services staging\r", "auth-staging", "d", "staging")]
#[case::logs(":services prod /^checkout\r", "[1/", "l", "Follow")]
#[tokio::test(start_paused = true)]
async fn every_action_on_every_screen_sends_nothing_while_read_only(
    #[case] table: &str,
    #[case] has: &str,
    #[case] keys: &str,
    #[case] shows: &str,
) {
    let options = Options { scenario: Scenario::Incident, quotas: false, ..Options::default() };
    run_console((100, 30), options, async |mut user| {
        let goto = format!("\x1b\x1b\x1b\x1b{table}");
        user.keys(":readonly\r");
        will_edit(&user, ACTIONS.len());
        user.keys(&goto);
        user.wait_for(has).await;
        user.keys(keys);
        user.wait_for(shows).await;
        for action in ACTIONS.iter().filter(|action| !leaves(action) && action.name != "write") {
            for call in calls(action) {
                call.into_iter().for_each(|key| user.press(key));
                sleep(INERT).await;
                user.keys("\t\r");
                sleep(INERT).await;
                let sent = count(&user.endpoint, |nature| !nature.harmless());
                assert!(sent == 0, "{} sent {sent} requests:\n{}", action.name, user.shown().text);
                user.keys(&goto);
                user.keys(keys);
                sleep(Duration::from_millis(50)).await;
            }
        }
        // It knows the operation of every request.
        assert_eq!(mutating(&user.endpoint), [""; 0]);
        // The keys arrived where they should.
        user.wait_for(shows).await;
    })
    .await;
}

/// Starts a rollout of `auth` behind the console's back.
async fn deploy(client: &Client) {
    let update = client.update_service().cluster("prod").service("auth").force_new_deployment(true);
    update.send().await.expect("a deployment");
}

fn outside(endpoint: &Endpoint) -> Client {
    Client::new(&sdk_config(endpoint))
}

/// Calls of each quota class since `after`, by second.
fn calls_by_class(user: &User, after: Duration) -> BTreeMap<String, Vec<u64>> {
    let mut calls: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for request in user.endpoint.requests().into_iter().filter(|request| request.at >= after) {
        let class = ALL.iter().find(|known| known.name == request.operation).map(|known| known.class);
        calls.entry(format!("{class:?}")).or_default().push(request.at.saturating_sub(after).as_secs());
    }
    calls
}

#[tokio::test(start_paused = true)]
async fn a_rollout_on_screen_makes_at_most_one_call_a_second_of_each_class() {
    let options = Options { scenario: Scenario::Calm, ..Options::default() };
    run_console(SIZE, options, async |mut user| {
        let begun = Instant::now();
        user.keys(":services prod /^auth\r");
        user.wait_for("[1/").await;
        user.keys("z");
        user.wait_for("Rollout of auth").await;
        user.sleep(30).await;
        deploy(&outside(&user.endpoint)).await;
        user.wait_for("in progress for").await;
        user.sleep(5).await;
        let from = begun.elapsed();
        let seconds = 60;
        user.sleep(seconds).await;
        assert!(user.shown().text.contains("in progress for"), "it took longer:\n{}", user.shown().text);
        for (class, calls) in calls_by_class(&user, from) {
            println!("{class}: {} calls in {seconds} s", calls.len());
            assert!(calls.len() as u64 <= seconds, "{class}: {calls:?}");
            // No burst either: at most ten calls in any ten seconds.
            for second in 0..seconds - 10 {
                let burst = calls.iter().filter(|at| (second..second + 10).contains(*at)).count();
                assert!(burst <= 10, "{class}: {burst} from second {second}");
            }
        }
    })
    .await;
}

/// A state of `auth`, as ECS describes it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct State {
    desired: i32,
    running: i32,
    /// Running tasks of the newest deployment.
    new: i32,
    deploying: bool,
}

impl State {
    async fn read(client: &Client) -> Self {
        let answer = client.describe_services().cluster("prod").services("auth").send().await.expect("the service");
        let service = answer.services().first().expect("the service");
        let primary = service.deployments().first().expect("a deployment");
        Self {
            desired: service.desired_count(),
            running: service.running_count(),
            new: primary.running_count(),
            deploying: primary.rollout_state() == Some(&DeploymentRolloutState::InProgress),
        }
    }

    fn is_on_the_rollout(self, screen: &str) -> bool {
        screen.contains("in progress for") == self.deploying
            && screen.contains(&format!("{} of {}", self.new, self.desired))
    }

    fn is_in_the_table(self, screen: &str) -> bool {
        let counts = format!("{:>5} {:>4}", self.desired, self.running);
        let row = screen.lines().find(|line| line.contains("auth ")).unwrap_or_default();
        row.contains(&counts) && row.contains("deploying") == self.deploying
    }
}

/// Every step that ECS shows for longer than the limit is on screen by then.
#[rstest]
#[case::rollout("z", 2, State::is_on_the_rollout)]
#[case::table("", 5, State::is_in_the_table)]
#[tokio::test(start_paused = true)]
async fn a_step_of_a_rollout_is_on_screen_in_time(
    #[case] keys: &str,
    #[case] seconds: u64,
    #[case] is_on: fn(State, &str) -> bool,
) {
    let options = Options { scenario: Scenario::Calm, quotas: false, ..Options::default() };
    run_console(SIZE, options, async |mut user| {
        user.keys(":services prod /^auth\r");
        user.wait_for("[1/").await;
        user.keys(keys);
        user.sleep(30).await;
        let client = outside(&user.endpoint);
        deploy(&client).await;
        // The console learns of a rollout that someone else has started when it polls next.
        user.sleep(16).await;
        let limit = Duration::from_secs(seconds);
        let (mut state, mut since) = (State::read(&client).await, Instant::now());
        let (mut steps, mut shown) = (0, false);
        for _ in 0..600 {
            sleep(Duration::from_millis(250)).await;
            let now = State::read(&client).await;
            if now != state {
                (state, since, shown) = (now, Instant::now(), false);
                steps += 1;
            }
            shown |= is_on(state, &user.shown().text);
            let late = !shown && since.elapsed() > limit;
            assert!(!late, "{state:?} for {:?}:\n{}", since.elapsed(), user.shown().text);
        }
        assert!(steps > 3 && !state.deploying, "only {steps} steps to {state:?}");
    })
    .await;
}
