//! The log output of programs in different styles.

use serde_json::json;

use crate::demo::world::Rng;

/// The style of a program's log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// A JSON object per line.
    Json,
    /// A level and a message.
    Plain,
    /// The same in colours, as for a terminal.
    Coloured,
    /// Keys and values.
    Logfmt,
    /// Spring on a Java virtual machine.
    Java,
    /// The access log of a web server.
    Access,
    /// A queue worker.
    Worker,
    /// The progress of a batch job.
    Job,
    /// The sparse output of a sidecar.
    Sidecar,
}

const PATHS: [&str; 8] = [
    "/api/v1/orders",
    "/api/v1/orders/{n}",
    "/api/v1/cart",
    "/api/v1/products/{n}",
    "/api/v1/search?q=lamp",
    "/api/v1/users/{n}/addresses",
    "/healthz",
    "/api/v1/checkout",
];
const PLAIN: [(&str, &str); 7] = [
    ("INFO", "handled request path={path} status=200 duration={ms}ms"),
    ("INFO", "handled request path={path} status=200 duration={ms}ms"),
    ("INFO", "cache hit ratio 0.{n2} over the last minute"),
    ("DEBUG", "connection pool: {n1} in use, {n2} idle"),
    ("INFO", "refreshed configuration, {n1} keys"),
    ("WARN", "slow query took {ms}ms: SELECT * FROM items WHERE owner_id = $1"),
    ("ERROR", "upstream returned 503 for {path}, will retry"),
];
const JAVA: [(&str, &str); 5] = [
    ("INFO ", "c.s.checkout.CartController              : Priced cart {n} with {n1} items in {ms} ms"),
    ("INFO ", "c.s.checkout.PaymentGateway              : Authorised payment {n}"),
    ("INFO ", "o.hibernate.SQL_SLOW                     : SlowQuery: {ms} milliseconds. SQL: 'select ...'"),
    ("WARN ", "c.s.checkout.SessionCache                : Session cache holds {n} entries, evicting none"),
    (
        "DEBUG",
        "c.z.hikari.pool.HikariPool               : HikariPool-1 - Pool stats (total=10, active={n1}, idle=3, waiting=0)",
    ),
];
const WORKER: [(&str, &str); 5] = [
    ("info", "received {n1} messages from queue"),
    ("info", "job {n} done in {ms} ms"),
    ("info", "job {n} done in {ms} ms"),
    ("debug", "visibility timeout extended for job {n}"),
    ("warn", "job {n} took {ms} ms, more than expected"),
];
const LOGFMT: [(&str, &str); 6] = [
    ("INFO", "msg=\"token issued\" user={n} client=web duration={ms}ms"),
    ("INFO", "msg=\"token issued\" user={n} client=mobile duration={ms}ms"),
    ("INFO", "msg=\"token refreshed\" user={n} duration={ms}ms"),
    ("DEBUG", "msg=\"key set cached\" keys={n1}"),
    ("WARN", "msg=\"sign-in refused\" user={n} reason=\"wrong password\" attempt={n1}"),
    ("ERROR", "msg=\"directory does not answer\" err=\"dial tcp 10.20.7.9:636: i/o timeout\" duration={ms}ms"),
];
/// Exceptions, each with its stack.
const EXCEPTIONS: [(&str, [&str; 3]); 2] = [
    (
        "c.s.checkout.PaymentGateway              : Payment not authorised: com.shop.checkout.GatewayException",
        [
            "com.shop.checkout.PaymentGateway.authorise(PaymentGateway.java:118)",
            "com.shop.checkout.CartController.pay(CartController.java:201)",
            "java.base/java.lang.Thread.run(Thread.java:1583)",
        ],
    ),
    (
        "c.s.checkout.StockClient                 : Stock is unknown: com.shop.checkout.StockException",
        [
            "com.shop.checkout.StockClient.reserve(StockClient.java:64)",
            "com.shop.checkout.CartController.price(CartController.java:142)",
            "java.base/java.lang.Thread.run(Thread.java:1583)",
        ],
    ),
];
const JOB: [(&str, &str); 3] = [
    ("INFO", "processed {n} of 48210 rows"),
    ("INFO", "wrote part {n1} to s3://shop-reports/out/part-{n1}.parquet"),
    ("INFO", "checkpoint saved after {ms} ms"),
];
const SIDECAR: [&str; 3] = [
    "[info] flushed {n1} records in {ms} ms",
    "[info] connection to upstream re-established",
    "[debug] {n} samples in buffer",
];

/// Fills the gaps of a template.
fn fill(template: &str, rng: &mut Rng) -> String {
    let mut text = template.to_owned();
    if text.contains("{path}") {
        let path = *rng.pick(&PATHS);
        text = text.replace("{path}", path);
    }
    for (gap, from, to) in [("{ms}", 3, 900), ("{n1}", 1, 9), ("{n2}", 10, 99), ("{n}", 1_000, 99_999)] {
        if text.contains(gap) {
            text = text.replace(gap, &rng.within((from, to)).to_string());
        }
    }
    text
}

fn clock(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |time| format!("{time:.3}"))
}

/// Formats a message with its level in a style.
pub(super) fn levelled(voice: Voice, level: &str, message: &str, at: i64, rng: &mut Rng) -> String {
    match voice {
        Voice::Json => {
            json!({ "ts": clock(at), "level": level.trim().to_lowercase(), "msg": message, "trace_id": rng.hex(16) })
                .to_string()
        }
        Voice::Java => format!("{}  {level:<5} 1 --- [nio-8080-exec-{}] {message}", clock(at), rng.below(10) + 1),
        Voice::Access | Voice::Sidecar => format!("[{}] {message}", level.trim().to_lowercase()),
        Voice::Worker => format!("{} [{}] {message}", clock(at), level.trim()),
        Voice::Logfmt => format!("ts={} level={} {message}", clock(at), level.trim().to_lowercase()),
        Voice::Coloured => {
            let colour = match level.trim() {
                "ERROR" => "1;31",
                "WARN" => "33",
                "DEBUG" => "2",
                _ => "32",
            };
            format!("\u{1b}[2m{}\u{1b}[0m \u{1b}[{colour}m{level:<5}\u{1b}[0m {message}", clock(at))
        }
        Voice::Plain | Voice::Job => format!("{} {level:<5} {message}", clock(at)),
    }
}

/// The lines written at one moment: an everyday line, or an exception with one event per line of its stack.
pub(super) fn lines(voice: Voice, at: i64, rng: &mut Rng) -> Vec<String> {
    if voice != Voice::Java || !rng.chance(6) {
        return vec![line(voice, at, rng)];
    }
    let (exception, frames) = *rng.pick(&EXCEPTIONS);
    let first = levelled(voice, "ERROR", exception, at, rng);
    let cause = format!("Caused by: java.net.SocketTimeoutException: Read timed out after {} ms", rng.below(9) * 1_000);
    let frames = frames.iter().map(|frame| format!("\tat {frame}"));
    [first].into_iter().chain(frames).chain([cause, "\t... 42 common frames omitted".into()]).collect()
}

/// A huge line: a whole data structure on one line.
pub(super) fn huge(at: i64, rng: &mut Rng) -> String {
    let row = |rng: &mut Rng| {
        json!({ "job": format!("job-{}", rng.below(100_000)), "state": rng.pick(&["done", "waiting", "running"]) })
            .to_string()
    };
    let rows: Vec<_> = (0..20).map(|_| row(rng)).collect();
    let rows = rows.join(",");
    // 200 KB to 1 MB: the limit of an event.
    let wanted = rng.within((200_000, 1_000_000)) as usize;
    let dump = vec![rows.as_str(); wanted / rows.len()].join(",");
    format!("{{\"ts\":\"{}\",\"level\":\"debug\",\"msg\":\"schedule dumped\",\"schedule\":[{dump}]}}", clock(at))
}

/// An everyday line.
fn line(voice: Voice, at: i64, rng: &mut Rng) -> String {
    let pick_line = |table: &[(&str, &str)], rng: &mut Rng| {
        let (level, template) = *rng.pick(table);
        let message = fill(template, rng);
        levelled(voice, level, &message, at, rng)
    };
    match voice {
        Voice::Plain => pick_line(&PLAIN, rng),
        Voice::Java => pick_line(&JAVA, rng),
        Voice::Worker => pick_line(&WORKER, rng),
        Voice::Logfmt => pick_line(&LOGFMT, rng),
        Voice::Coloured => pick_line(&PLAIN, rng),
        Voice::Job => pick_line(&JOB, rng),
        Voice::Sidecar => {
            let template = *rng.pick(&SIDECAR);
            fill(template, rng)
        }
        Voice::Access => {
            let path = fill("{path}", rng);
            let path = fill(&path, rng);
            let status = *rng.pick(&[200, 200, 200, 200, 204, 301, 404, 502]);
            let size = rng.within((120, 48_000));
            format!(
                "10.20.{}.{} - - \"GET {path} HTTP/1.1\" {status} {size} \"-\" \"okhttp/4.12.0\"",
                rng.below(48),
                rng.below(250)
            )
        }
        Voice::Json => {
            let path = fill("{path}", rng);
            let path = fill(&path, rng);
            let status = *rng.pick(&[200, 200, 200, 200, 200, 201, 204, 404, 429, 500]);
            let level = if status >= 500 {
                "error"
            } else if status >= 429 {
                "warn"
            } else {
                "info"
            };
            json!({
                "ts": clock(at),
                "level": level,
                "msg": if status >= 500 { "request failed" } else { "request" },
                "method": rng.pick(&["GET", "GET", "GET", "POST", "PUT"]),
                "path": path,
                "status": status,
                "duration_ms": rng.within((1, 480)),
                "request_id": rng.uuid(),
                "user": { "id": rng.within((1_000, 99_999)), "tier": rng.pick(&["free", "plus"]) },
            })
            .to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_are_valid_and_no_template_gap_is_left() {
        let mut rng = Rng::stream(1, "lines");
        let voices = [Voice::Json, Voice::Plain, Voice::Java, Voice::Access, Voice::Worker, Voice::Job, Voice::Sidecar];
        for voice in voices {
            for _ in 0..200 {
                let text = line(voice, 1_700_000_000_000, &mut rng);
                if voice == Voice::Json {
                    assert!(
                        serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|line| line["level"].is_string())
                    );
                } else {
                    assert!(!text.contains('{'), "{text}");
                }
            }
        }
    }
}
