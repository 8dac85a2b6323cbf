//! Screens while AWS can't be read: header, title and body report the same failure on every screen, from the start and later,
//! until it is over.

use std::time::Duration;

use ecsight::demo::{Options, Scenario};
use rstest::rstest;
use tokio::time::Instant;

use crate::support::console::{User, run_console};

const SIZE: (u16, u16) = (120, 30);
/// Number of lines of the header at this size.
const HEADER: usize = 4;

fn calm() -> Options {
    Options { scenario: Scenario::Calm, ..Options::default() }
}

/// A class of failure: the fault, the word in the header, and texts in the body, one of which must be shown.
struct Class {
    fault: &'static str,
    header: &'static str,
    body: &'static [&'static str],
}

impl Class {
    /// Whether header and body report the failure, and neither says that all is well.
    fn is_reported(&self, screen: &str) -> bool {
        let header: Vec<&str> = screen.lines().take(HEADER).collect();
        let header = header.join("\n");
        let body: String = screen.lines().skip(HEADER).collect();
        header.contains(self.header) && !says_well(screen) && self.body.iter().any(|words| body.contains(words))
    }

    /// Seconds until the failure is known at the latest: a call without an answer must time out first.
    fn known_after(&self) -> u64 {
        if self.fault == "hang" { 8 } else { 0 }
    }
}

/// Whether the header says that all is well.
fn says_well(screen: &str) -> bool {
    let header: Vec<&str> = screen.lines().take(HEADER).collect();
    header.iter().any(|line| line.contains("● ok") || line.contains("data  live"))
}

async fn within(user: &mut User, seconds: u64, what: &str, condition: impl Fn(&str) -> bool) {
    let start = Instant::now();
    user.wait_until(what, condition).await;
    let shown = user.shown().text;
    assert!(start.elapsed() <= Duration::from_secs(seconds), "{what} after {:?}:\n{shown}", start.elapsed());
}

#[rstest]
#[case::cut("cut", "offline", &["no answer"])]
#[case::hang("hang", "offline", &["no answer"])]
#[case::unavailable("unavailable", "failing", &["AWS server error"])]
#[case::server("server-error", "failing", &["AWS server error"])]
#[case::throttled("throttle", "throttled", &["Checking for", "Asking AWS"])]
#[case::denied("deny", "denied", &["not allowed to"])]
#[case::expired("expired", "credentials expired", &["no valid credentials", "credentials expired"])]
#[case::cut_short("truncate", "failing", &["garbled answer"])]
#[case::garbage("malformed", "failing", &["garbled answer"])]
#[case::html("http500", "failing", &["garbled answer"])]
#[tokio::test(start_paused = true)]
async fn each_screen_reports_a_failure_from_the_start_and_recovers(
    #[case] fault: &'static str,
    #[case] header: &'static str,
    #[case] body: &'static [&'static str],
) {
    let class = Class { fault, header, body };
    let faults = vec![fault.parse().expect("a fault")];
    run_console(SIZE, Options { faults, ..calm() }, async |mut user| {
        for (screen, most) in [("", 1), (":clusters\r", 3), (":services\r", 3), (":tasks\r", 3), (":trouble\r", 3)] {
            user.keys(screen);
            within(&mut user, class.known_after() + most, fault, |shown| class.is_reported(shown)).await;
            let shown = user.shown().text;
            assert!(!shown.contains("no cluster here") && !shown.contains("There are no"), "{shown}");
            user.sleep(20).await;
            assert!(class.is_reported(&user.shown().text), "for as long as it lasts: {}", user.shown().text);
        }
        user.endpoint.clear_faults();
        if header == "denied" {
            user.keys("\x12");
        }
        within(&mut user, 15, "that all is well", |shown| says_well(shown) && shown.contains("No problems in")).await;
    })
    .await;
}

#[rstest]
#[case::cut("cut", "offline", &["no answer", "offline"])]
#[case::hang("hang", "offline", &["no answer", "offline"])]
#[case::unavailable("unavailable", "failing", &["AWS server error"])]
#[case::server("server-error", "failing", &["AWS server error"])]
#[case::denied("deny", "denied", &["not allowed", "no permission"])]
#[case::expired("expired", "credentials expired", &["no valid credentials", "credentials expired"])]
#[case::cut_short("truncate", "failing", &["garbled answer"])]
#[case::garbage("malformed", "failing", &["garbled answer"])]
#[case::html("http500", "failing", &["garbled answer", "AWS server error"])]
#[tokio::test(start_paused = true)]
async fn each_screen_keeps_its_rows_and_reports_a_later_failure(
    #[case] fault: &'static str,
    #[case] header: &'static str,
    #[case] body: &'static [&'static str],
) {
    let class = Class { fault, header, body };
    run_console(SIZE, calm(), async |mut user| {
        user.wait_for("No problems in").await;
        let screens =
            [(":trouble\r", "Trouble(all)"), (":clusters\r", "prod"), (":services prod\r", "web"), ("l", "Logs(api)")];
        for (screen, row) in screens {
            user.keys(screen);
            user.wait_until(row, |shown| shown.contains(row) && says_well(shown)).await;
            user.sleep(2).await;
            user.add_fault(fault);
            user.keys("\x12");
            // A log without new lines is polled every five seconds.
            within(&mut user, class.known_after() + 8, fault, |shown| class.is_reported(shown)).await;
            user.sleep(60).await;
            let shown = user.shown().text;
            assert!(class.is_reported(&shown), "for as long as it lasts:\n{shown}");
            assert!(shown.contains(row), "the rows stay:\n{shown}");
            user.endpoint.clear_faults();
            if header == "denied" {
                user.keys("\x12");
            }
            // A failure that needs a fix in CloudWatch is retried once a minute.
            let most = if header == "denied" && screen == "l" { 65 } else { 15 };
            within(&mut user, most, "that all is well", says_well).await;
        }
    })
    .await;
}
