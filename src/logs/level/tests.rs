use proptest::prelude::*;
use rstest::rstest;

use super::{Level::*, *};

/// Lines as written by libraries and programs.
#[rstest]
#[case::pino(r#"{"level":50,"time":1700000000000,"pid":1,"hostname":"web","msg":"no connection"}"#, Error)]
#[case::bunyan(
    r#"{"name":"web","hostname":"a","pid":1,"level":40,"msg":"slow","time":"2026-01-31T14:00:00Z","v":0}"#,
    Warn
)]
#[case::zap(r#"{"level":"info","ts":1700000000.1,"caller":"main.go:1","msg":"error rate is 0"}"#, Info)]
#[case::zap_console("2026-01-31T14:00:00.000Z\tWARN\tweb/main.go:12\tslow answer", Warn)]
#[case::zap_small("2026-01-31T14:00:00.000Z\terror\tweb/main.go:12\tno answer", Error)]
#[case::istio("2026-01-31T14:00:00.000000Z\twarn\tads\tpush", Warn)]
#[case::zerolog("2026-01-31T14:00:00Z ERR no answer error=\"timeout\"", Error)]
#[case::zerolog_kitchen("2:00PM WRN slow answer", Warn)]
#[case::slog_text("time=2026-01-31T14:00:00Z level=WARN msg=\"slow answer\" path=/error", Warn)]
#[case::slog_json(r#"{"time":"2026-01-31T14:00:00Z","level":"DEBUG","msg":"ERROR"}"#, Debug)]
#[case::slog_default("2026/01/31 14:00:00 ERROR no answer err=timeout", Error)]
#[case::logrus(r#"time="2026-01-31T14:00:00Z" level=fatal msg="said \"level=info\"""#, Fatal)]
#[case::logrus_terminal("\u{1b}[31mERRO\u{1b}[0m[0000] no answer", Error)]
#[case::ecs_agent(r#"level=info time=2026-01-31T14:00:00Z msg="Managed task" task="a""#, Info)]
#[case::hclog("2026-01-31T14:00:00.000Z [ERROR] agent: no leader: error=\"timeout\"", Error)]
#[case::klog("E0131 14:00:00.000000       1 reflector.go:138] failed to list", Error)]
#[case::glog("W20260131 14:00:00.000000  1 main.cc:1] slow", Warn)]
#[case::go_runtime("fatal error: all goroutines are asleep - deadlock!", Fatal)]
#[case::go_panic("panic: runtime error: index out of range [1] with length 1", Fatal)]
#[case::python("2026-01-31 14:00:00,123 ERROR no answer", Error)]
#[case::python_named("2026-01-31 14:00:00,123 - shop.payments - WARNING - slow", Warn)]
#[case::python_short_name("2026-01-31 14:00:00,123 - payments - CRITICAL - gone", Fatal)]
#[case::python_basic("WARNING:root:slow", Warn)]
#[case::python_json(r#"{"asctime": "2026-01-31 14:00:00", "levelname": "ERROR", "message": "gone"}"#, Error)]
#[case::python_traceback("Traceback (most recent call last):", Error)]
#[case::python_raised("ValueError: invalid literal for int()", Error)]
#[case::python_raised_below("botocore.exceptions.NoCredentialsError: Unable to locate credentials", Error)]
#[case::loguru("2026-01-31 14:00:00.000 | WARNING  | __main__:<module>:1 - slow", Warn)]
#[case::structlog("2026-01-31T14:00:00.000000Z [warning  ] slow                  [web] path=/", Warn)]
#[case::gunicorn("[2026-01-31 14:00:00 +0000] [1] [INFO] Listening at: http://0.0.0.0:80 (1)", Info)]
#[case::uvicorn("INFO:     127.0.0.1:1 - \"GET /error HTTP/1.1\" 200 OK", Info)]
#[case::celery("[2026-01-31 14:00:00,000: ERROR/MainProcess] Task shop.pay raised", Error)]
#[case::powertools(r#"{"level":"ERROR","location":"handler:1","message":"gone","timestamp":"x"}"#, Error)]
#[case::lambda("[ERROR]\t2026-01-31T14:00:00.000Z\t8f5c\tno answer", Error)]
#[case::lambda_node("2026-01-31T14:00:00.000Z\t8f5c1b2a-1111-2222-3333-444455556666\tERROR\tno answer", Error)]
#[case::spring("2026-01-31 14:00:00.000 ERROR 1 --- [nio-8080-exec-1] c.e.Payments : no answer", Error)]
#[case::spring_new("2026-01-31T14:00:00.000Z  WARN 1 --- [payments] [main] c.e.Payments : slow", Warn)]
#[case::logback("14:00:00.000 [main] DEBUG com.example.Payments - asked", Debug)]
#[case::log4j("ERROR [main] (Payments.java:1) - no answer", Error)]
#[case::log4j_dashes("2026-01-31 14:00:00,000 [myid:1] - INFO  [main:Quorum@1] - up", Info)]
#[case::log4j_json(
    r#"{"instant":{"epochSecond":1,"nanoOfSecond":2},"thread":"main","level":"WARN","message":"x"}"#,
    Warn
)]
#[case::java_util("SEVERE: Servlet.service() threw", Error)]
#[case::java_thrown("Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space", Error)]
#[case::java_trace("java.lang.NullPointerException: Cannot invoke", Error)]
#[case::kafka("[2026-01-31 14:00:00,000] ERROR [KafkaServer id=0] Fatal error (kafka.server.KafkaServer)", Error)]
#[case::elasticsearch("[2026-01-31T14:00:00,000][WARN ][o.e.c.Coordinator] [node-1] slow", Warn)]
#[case::elastic_common(r#"{"@timestamp":"2026-01-31T14:00:00Z","log.level":"error","message":"gone"}"#, Error)]
#[case::elastic_nested(
    r#"{"@timestamp":"2026-01-31T14:00:00Z","log":{"logger":"web","level":"warn"},"message":"slow"}"#,
    Warn
)]
#[case::cassandra("INFO  [main] 2026-01-31 14:00:00,000 CassandraDaemon.java:1 - up", Info)]
#[case::jboss("14:00:00,000 ERROR [org.jboss.msc] (MSC service thread 1-1) failed", Error)]
#[case::tracing("2026-01-31T14:00:00.000000Z  WARN web::pay: slow answer", Warn)]
#[case::tracing_colours(
    "\u{1b}[2m2026-01-31T14:00:00Z\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m \u{1b}[2mweb\u{1b}[0m: gone",
    Error
)]
#[case::tracing_json(r#"{"timestamp":"x","level":"TRACE","fields":{"message":"asked"},"target":"web"}"#, Trace)]
#[case::env_logger("[2026-01-31T14:00:00Z ERROR web] gone", Error)]
#[case::rust_panic("thread 'main' panicked at src/main.rs:1:1:", Fatal)]
#[case::rust_error("error: could not bind", Error)]
#[case::node_error("Error: Cannot find module 'express'", Error)]
#[case::node_type_error("TypeError: Cannot read properties of undefined (reading 'id')", Error)]
#[case::node_warning("(node:1) Warning: Setting the NODE_TLS_REJECT_UNAUTHORIZED", Warn)]
#[case::npm("npm ERR! code ELIFECYCLE", Error)]
#[case::npm_warn("npm WARN deprecated har-validator@5.1.5", Warn)]
#[case::winston("error: no answer {\"service\":\"web\"}", Error)]
#[case::winston_json(r#"{"message":"slow","level":"warning","service":"web"}"#, Warn)]
#[case::nest("[Nest] 1  - 01/31/2026, 2:00:00 PM   ERROR [ExceptionsHandler] gone", Error)]
#[case::nest_log("[Nest] 1  - 01/31/2026, 2:00:00 PM     LOG [NestFactory] Starting Nest application...", Info)]
#[case::nginx("2026/01/31 14:00:00 [error] 31#31: *1 connect() failed (111: Connection refused)", Error)]
#[case::nginx_start("nginx: [emerg] host not found in upstream \"web\"", Fatal)]
#[case::apache("[Sat Jan 31 14:00:00.000000 2026] [core:error] [pid 1:tid 2] AH00126: Invalid URI", Error)]
#[case::envoy("[2026-01-31 14:00:00.000][1][warning][config] [source/common/config/grpc.cc:1] closed", Warn)]
#[case::traefik(r#"time="2026-01-31T14:00:00Z" level=error msg="gone" providerName=ecs"#, Error)]
#[case::coredns("[ERROR] plugin/errors: 2 example.com. A: read udp", Error)]
#[case::caddy(r#"{"level":"error","ts":1700000000.1,"logger":"http.log.error","msg":"gone","status":502}"#, Error)]
#[case::haproxy("[ALERT]    (1) : config : parsing", Fatal)]
#[case::fluent_bit("[2026/01/31 14:00:00] [ info] [engine] started (pid=1)", Info)]
#[case::fluent_bit_warn("[2026/01/31 14:00:00] [ warn] [output:cloudwatch_logs:0] slow", Warn)]
#[case::firelens(
    r#"{"container_id":"a","container_name":"/app","source":"stderr","log":"2026-01-31 14:00:00 ERROR gone"}"#,
    Error
)]
#[case::firelens_json(r#"{"source":"stdout","log":"{\"time\":\"x\",\"level\":\"error\",\"msg\":\"gone\"}"}"#, Error)]
#[case::cloudwatch_agent("2026-01-31T14:00:00Z E! [outputs.cloudwatchlogs] Aws error received", Error)]
#[case::xray("2026-01-31T14:00:00Z [Warn] Delaying sending of batch", Warn)]
#[case::datadog("2026-01-31 14:00:00 UTC | CORE | WARN | (pkg/util/log.go:1 in func1) | slow", Warn)]
#[case::serilog("[14:00:00 ERR] no answer", Error)]
#[case::serilog_json(r#"{"@t":"2026-01-31T14:00:00Z","@mt":"no answer","@l":"Error"}"#, Error)]
#[case::dotnet("fail: Microsoft.AspNetCore.Server.Kestrel[13]", Error)]
#[case::dotnet_info("info: Microsoft.Hosting.Lifetime[14]", Info)]
#[case::ruby("E, [2026-01-31T14:00:00.000000 #1] ERROR -- : no answer", Error)]
#[case::sidekiq("2026-01-31T14:00:00.000Z pid=1 tid=abc WARN: slow", Warn)]
#[case::laravel("[2026-01-31 14:00:00] production.ERROR: no answer {\"exception\":\"[object]\"}", Error)]
#[case::php("PHP Warning:  Undefined variable $a in /app/index.php on line 1", Warn)]
#[case::php_fatal("[31-Jan-2026 14:00:00 UTC] PHP Fatal error:  Uncaught Error: x", Fatal)]
#[case::php_fpm("[31-Jan-2026 14:00:00] NOTICE: fpm is running, pid 1", Info)]
#[case::elixir("14:00:00.000 [error] GenServer #PID<0.1.0> terminating", Error)]
#[case::rabbitmq("2026-01-31 14:00:00.000000+00:00 [warning] <0.1.0> closing", Warn)]
#[case::postgres("2026-01-31 14:00:00.000 UTC [1] ERROR:  relation \"a\" does not exist", Error)]
#[case::postgres_log("2026-01-31 14:00:00.000 UTC [1] LOG:  database system is ready", Info)]
#[case::postgres_fatal("2026-01-31 14:00:00.000 UTC [1] app@shop FATAL:  password authentication failed", Fatal)]
#[case::mysql("2026-01-31T14:00:00.000000Z 0 [Warning] [MY-010068] [Server] CA certificate is self signed.", Warn)]
#[case::mysql_note("2026-01-31T14:00:00.000000Z 0 [Note] mysqld: ready for connections.", Info)]
#[case::redis("1:M 31 Jan 2026 14:00:00.000 # WARNING Memory overcommit must be enabled", Warn)]
#[case::mongo(r#"{"t":{"$date":"2026-01-31T14:00:00.000+00:00"},"s":"W","c":"NETWORK","id":1,"msg":"slow"}"#, Warn)]
#[case::mongo_old("2026-01-31T14:00:00.000+0000 E NETWORK  [conn1] no answer", Error)]
#[case::cockroach("E260131 14:00:00.000000 1 server/main.go:1  gone", Error)]
#[case::syslog("<11>Jan 31 14:00:00 host app[1]: it broke", Error)]
#[case::syslog_new("<14>1 2026-01-31T14:00:00Z host app 1 - - hello", Info)]
#[case::syslog_with_level("Jan 31 14:00:00 host app[1]: error: it broke", Error)]
#[case::graylog(r#"{"version":"1.1","host":"a","short_message":"gone","level":3}"#, Error)]
#[case::google(r#"{"severity":"CRITICAL","message":"gone"}"#, Fatal)]
#[case::opentelemetry(r#"{"body":"gone","severityText":"ERROR","severityNumber":17}"#, Error)]
#[case::plain_start("ERROR could not reach the database", Error)]
#[case::plain_colon("WARN: slow", Warn)]
#[case::compose("app  | 2026-01-31 14:00:00 ERROR gone", Error)]
#[case::json_after_a_time(r#"2026-01-31T14:00:00Z stdout F {"level":"error","msg":"gone"}"#, Error)]
#[case::json_breaks_off(r#"{"level":"error","msg":"and so on and on"#, Error)]
#[case::json_wraps(r#"{"message":"[WARN] slow"}"#, Warn)]
fn known_formats_have_a_level(#[case] text: &str, #[case] level: Level) {
    assert_eq!(detect(text), Some(level));
}

/// Text that only looks like a level.
#[rstest]
#[case::a_word_within("the error was terrible")]
#[case::in_a_sentence("Finished without error: all good")]
#[case::counts("2026-01-31 14:00:00 done errors=0 warnings=0")]
#[case::counts_first("errors=0 warnings=0")]
#[case::part_of_a_word("errorless terrors")]
#[case::upper_part_of_a_word("ERRORS: 0")]
#[case::path("GET /error/info HTTP/1.1")]
#[case::nginx_access(r#"10.0.0.1 - - [31/Jan/2026:14:00:00 +0000] "GET /ERROR HTTP/1.1" 200 12 "-" "curl/8""#)]
#[case::url("10.0.0.1 http://example.com/?level=error")]
#[case::capitals_in_a_sentence("The ERROR page was served")]
#[case::constant("ERROR_CODE=5")]
#[case::assigned("ERROR=1")]
#[case::json_text(r#"{"msg":"the level is error","level_of":"error"}"#)]
#[case::json_deep(r#"{"user":{"level":"error"}}"#)]
#[case::json_number(r#"{"level":3,"player":"a"}"#)]
#[case::bracketed_later("Opened the page [error] for reading")]
#[case::stack_frame("    at com.example.Error.of(Error.java:1)")]
#[case::mentioned("caused a ValueError: x")]
#[case::report("REPORT RequestId: 8f5c Duration: 1 ms Billed Duration: 2 ms")]
#[case::nothing("")]
#[case::space("   ")]
#[case::code_alone("E0131")]
#[case::order_number("E0131 is the order's number")]
fn text_that_only_looks_like_a_level_has_none(#[case] text: &str) {
    assert_eq!(detect(text), None);
}

#[test]
fn a_level_after_the_first_kibibyte_is_ignored() {
    let long = format!("{{\"a\":\"{}\",\"level\":\"error\"}}", "é".repeat(600));
    assert_eq!(detect(&long), None);
}

#[test]
fn a_wrapped_text_may_break_off() {
    let long = format!("{{\"log\":\"ERROR {}\"}}", "x".repeat(2000));
    assert_eq!(detect(&long), Some(Error));
}

#[test]
fn every_level_is_parsed_from_its_name() {
    assert_eq!(Level::ALL.map(|level| Level::parse(level.word())), Level::ALL.map(Some));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        detect(&text);
    }

    #[test]
    fn nothing_that_looks_like_a_log_makes_it_panic(text in r#"[a-zEWI0-9 \[\](){}"':=\\|<>.!é\x1b-]{0,60}"#) {
        detect(&text);
        detect(&format!("{{{text}"));
        detect(&format!("level=\"{text}"));
    }
}
