//! A log on the test harness: the payments service runs out of memory while its log is open.

use std::sync::Arc;

use ecsight::{
    event::Event,
    logs::{Line, Role, Source, Stream, TailMessage, TailPhase, TailStatus, TailUpdate, level},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    fixtures::{arn, now},
    harness::Harness,
};

/// The task that runs out of memory, one that keeps running, and the one that replaces the first.
pub const TASKS: [&str; 3] =
    ["1d7b6e2a9c4f4b8d8e2f6a1c3d5b7f90", "0f3c9a1e5b7d4c2f8a6e1d3b5c7f9e02", "6b8d0f2a4c6e4b8d9f1a3c5e7b9d2f4a"];

pub fn source(task: usize, container: &str) -> Arc<Source> {
    let task = TASKS[task];
    Arc::new(Source {
        stream: Stream { region: None, group: "/ecs/payments".into(), name: format!("payments/{container}/{task}") },
        task_arn: arn("task", &format!("acme-prod/{task}")).as_str().into(),
        container: container.into(),
        service: Some("payments".into()),
        revision: Some("payments:57".into()),
    })
}

/// Time a number of milliseconds before now.
pub fn time_before(millis: i64) -> Timestamp {
    now() - SignedDuration::from_millis(millis)
}

pub fn line(at: Timestamp, source: &Arc<Source>, text: impl Into<String>) -> Line {
    let text = text.into();
    Line {
        source: Some(source.clone()),
        at,
        role: Role::Output,
        level: level::detect(&text),
        late: false,
        task: None,
        text: text.into(),
    }
}

pub fn marker(at: Timestamp, role: Role, text: &str) -> Line {
    Line { source: None, at, role, level: None, late: false, task: None, text: text.into() }
}

/// A minute and a half of lines of a task, its replacement, and another task that keeps running.
pub fn lines() -> Vec<Line> {
    let [dying, living, coming] = [0, 1, 2].map(|task| source(task, "payments"));
    let envoy = source(1, "envoy");
    let json = |level: &str, message: &str, rest: &str| {
        format!(r#"{{"time":"2026-01-31T14:03:21.412Z","level":"{level}","msg":"{message}"{rest}}}"#)
    };
    let paid = |id: u32, ms: u32| {
        json("info", "payment accepted", &format!(r#","order":"A-{id}","amount":129.5,"ms":{ms},"retry":false"#))
    };
    let trace = "java.lang.OutOfMemoryError: Java heap space\n\tat com.acme.payments.Ledger.load(Ledger.java:218)\n\tat \
                 com.acme.payments.Ledger.settle(Ledger.java:97)\n\tat com.acme.payments.Main.run(Main.java:41)";
    vec![
        line(time_before(98_588), &living, paid(48_210, 41)),
        line(time_before(97_903), &dying, paid(48_211, 38)),
        line(
            time_before(96_120),
            &envoy,
            "[2026-01-31 14:03:23.880][1][info][main] upstream payments: 2 hosts healthy",
        ),
        line(time_before(93_410), &dying, json("warn", "heap above 80 %", r#","used_mb":846,"max_mb":1024"#)),
        line(time_before(92_011), &living, paid(48_212, 44)),
        line(
            time_before(90_650),
            &dying,
            "\u{1b}[33mGC pause\u{1b}[0m \u{1b}[1m412 ms\u{1b}[0m, 3 collections in the last 10 s",
        ),
        line(time_before(88_204), &living, paid(48_213, 39)),
        line(
            time_before(86_990),
            &dying,
            json("error", "could not settle batch", r#","batch":"2026-01-31/117","error":{"code":"HEAP","attempt":3}"#),
        ),
        line(time_before(86_988), &dying, trace),
        Line {
            late: true,
            ..line(time_before(91_300), &envoy, "[2026-01-31 14:03:28.700][1][warning][config] stats sink is slow")
        },
        line(time_before(84_120), &living, paid(48_214, 52)),
        marker(time_before(82_500), Role::Stopped { fault: true }, "− task 1d7b6e2a stopped: exit 137, out of memory"),
        line(time_before(80_377), &living, paid(48_215, 40)),
        line(time_before(79_002), &living, "GET /health 200 1ms"),
        marker(time_before(61_250), Role::Started, "+ task 6b8d0f2a started, revision 57"),
        line(
            time_before(61_004),
            &coming,
            json("debug", "reading configuration", r#","source":"ssm","path":"/acme/payments""#),
        ),
        line(time_before(59_870), &coming, json("info", "listening", r#","port":8080"#)),
        line(time_before(58_310), &living, paid(48_216, 47)),
        marker(time_before(52_000), Role::Gap(Some(1_302)), "Live Tail sent a sample"),
        line(time_before(51_777), &coming, paid(48_217, 58)),
        line(
            time_before(49_005),
            &envoy,
            "[2026-01-31 14:04:10.995][1][info][main] upstream payments: 2 hosts healthy",
        ),
        line(time_before(44_120), &coming, format!("request body: {}", "0123456789abcdef".repeat(6 << 10))),
        line(time_before(43_800), &living, "日本語のメッセージ: 支払いが完了しました 👩‍👩‍👧 é"),
        line(
            time_before(31_212),
            &living,
            json("warn", "slow query", r#","ms":1830,"sql":"select * from ledger where day = ?""#),
        ),
        marker(time_before(25_000), Role::Mark, "here the restart began"),
        line(time_before(9_410), &coming, paid(48_218, 43)),
        line(time_before(3_002), &living, paid(48_219, 37)),
        line(time_before(1_870), &coming, "GET /health 200 1ms"),
    ]
}

/// Status of a tail with two streams of running tasks and one of a stopped task.
pub fn following_status() -> TailStatus {
    TailStatus {
        phase: TailPhase::Following,
        streams: 4,
        lag: Some(SignedDuration::from_millis(2_140)),
        calls: 31,
        ..TailStatus::default()
    }
}

impl Harness {
    /// The log of the payments service, still without data.
    pub fn log(size: (u16, u16)) -> Self {
        Self::with_account(size).keys("/").type_text("payments").keys("enter l")
    }

    /// The log of the payments service with lines, followed.
    pub fn followed_log(size: (u16, u16)) -> Self {
        Self::log(size).status(following_status()).lines(lines())
    }

    fn send_log_event(mut self, update: TailUpdate) -> Self {
        let tail = self.model.log().map_or(0, |reader| reader.wanted.id);
        self.event(Event::Log(TailMessage { tail, update }));
        self
    }

    pub fn lines(self, lines: Vec<Line>) -> Self {
        self.send_log_event(TailUpdate::Lines(lines))
    }

    pub fn older(self, lines: Vec<Line>, end: bool) -> Self {
        self.send_log_event(TailUpdate::Older { lines, end })
    }

    pub fn status(self, status: TailStatus) -> Self {
        self.send_log_event(TailUpdate::Status(Arc::new(status)))
    }
}
