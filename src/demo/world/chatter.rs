//! The log output of containers.

mod voice;

use super::{
    ScheduledEvent, World,
    image::{Behaviour, Quirk},
    rng::Rng,
    task::{LogStream, Phase, TaskId},
};

pub(crate) use voice::Voice;
use voice::{huge, levelled, lines};

/// A line that has not been ingested yet.
#[derive(Debug)]
pub(crate) struct Late {
    stream: LogStream,
    at: i64,
    message: String,
}

/// The random numbers of one line, kept apart from those of the task's life.
fn line_rng(id: TaskId, container: usize, at: i64, what: &str) -> Rng {
    Rng::stream(id.0 as u64 ^ at as u64, &format!("{what} {container}"))
}

impl World {
    fn log(&mut self, id: TaskId, container: usize, at: i64, message: String) {
        let Some(stream) = self.tasks.get(&id).and_then(|task| task.log_stream(container)) else { return };
        if self.deleted_groups.contains(&stream.group) {
            return;
        }
        match self.image_of(id, container).map(|image| image.quirk) {
            Some(Quirk::Late(delay)) if id.0.is_multiple_of(3) => {
                let arrives = at + line_rng(id, container, at, "late").within(delay);
                self.scheduled += 1;
                self.late.insert(self.scheduled, Late { stream, at, message });
                self.schedule(arrives, ScheduledEvent::Arrival(self.scheduled));
            }
            _ => self.put(&stream, at, at, message),
        }
    }

    fn put(&mut self, stream: &LogStream, at: i64, arrived: i64, message: String) {
        let elsewhere = stream.region.as_ref().filter(|region| **region != self.region);
        let store = match elsewhere {
            Some(region) => self.logs_elsewhere.entry(region.clone()).or_default(),
            None => &mut self.logs,
        };
        store.put_at(&stream.group, &stream.name, at, arrived, message);
    }

    pub(super) fn arrive(&mut self, number: u64, at: i64) {
        if let Some(late) = self.late.remove(&number) {
            self.put(&late.stream, late.at, at, late.message);
        }
    }

    /// Schedules the first everyday line of a container.
    pub(super) fn begin_chatter(&mut self, id: TaskId, container: usize, at: i64) {
        self.next_line(id, container, at.max(self.chatter_from));
    }

    fn next_line(&mut self, id: TaskId, container: usize, at: i64) {
        let Some(image) = self.image_of(id, container) else { return };
        if image.lines_per_hour == 0 {
            return;
        }
        let mean = 3_600_000 / i64::from(image.lines_per_hour);
        let due = at + line_rng(id, container, at, "pace").within((mean / 2, mean * 3 / 2)).max(1);
        self.schedule(due, ScheduledEvent::Chatter { id, container });
    }

    fn image_of(&self, id: TaskId, container: usize) -> Option<super::Image> {
        let spec = self.tasks.get(&id)?.definition.containers.get(container)?;
        Some(self.image(&spec.image))
    }

    pub(super) fn chatter(&mut self, id: TaskId, container: usize, at: i64) {
        let Some(image) = self.image_of(id, container) else { return };
        let Some(task) = self.tasks.get(&id) else { return };
        if task.containers.get(container).is_none_or(|container| container.phase != Phase::Running) {
            return;
        }
        let mut rng = line_rng(id, container, at, "line");
        let messages = match image.quirk {
            Quirk::HugeLines if rng.chance(10) => vec![huge(at, &mut rng)],
            Quirk::Bursts if rng.chance(3) => (0..400).flat_map(|_| lines(image.voice, at, &mut rng)).collect(),
            _ => lines(image.voice, at, &mut rng),
        };
        for (number, message) in messages.into_iter().enumerate() {
            // A burst takes a second; the lines of a stack trace have the same time.
            let spread = if image.quirk == Quirk::Bursts { number as i64 * 5 / 2 } else { 0 };
            self.log(id, container, at + spread, message);
        }
        self.next_line(id, container, at);
    }

    fn write_all(&mut self, id: TaskId, container: usize, at: i64, lines: &[(&str, &str)]) {
        let Some(image) = self.image_of(id, container) else { return };
        for (index, (level, message)) in lines.iter().enumerate() {
            // Lines written together stay in order.
            let at = at - (lines.len() - 1 - index) as i64 * 7;
            let text = levelled(image.voice, level, message, at, &mut line_rng(id, container, at, "said"));
            self.log(id, container, at, text);
        }
    }

    /// Writes the first lines of a task's containers.
    pub(super) fn log_start(&mut self, id: TaskId, at: i64) {
        let Some(definition) = self.tasks.get(&id).map(|task| task.definition.clone()) else { return };
        for (container, spec) in definition.containers.iter().enumerate() {
            let version = spec.image.rsplit_once(':').map_or("latest", |(_, tag)| tag);
            let hello = format!("starting {} {version}", spec.name);
            let listening = spec.ports.first().map(|(port, _)| format!("listening on 0.0.0.0:{port}"));
            let mut lines = vec![("INFO", hello.as_str())];
            if let Some(listening) = &listening {
                lines.push(("INFO", listening));
            }
            self.write_all(id, container, at, &lines);
        }
    }

    /// Writes the lines of a program that is asked to stop.
    pub(super) fn log_stop_request(&mut self, id: TaskId, at: i64) {
        let Some(task) = self.tasks.get(&id) else { return };
        let running: Vec<usize> =
            (0..task.containers.len()).filter(|index| task.containers[*index].phase == Phase::Running).collect();
        for container in running {
            let deaf =
                self.image_of(id, container).is_some_and(|image| matches!(image.behaviour, Behaviour::IgnoresSigterm));
            if !deaf {
                self.write_all(id, container, at, &[("INFO", "received SIGTERM, finishing open requests")]);
            }
        }
    }

    /// Writes the lines of a program that ends by itself.
    pub(super) fn log_exit(&mut self, id: TaskId, container: usize, exit_code: i32, at: i64) {
        let Some(image) = self.image_of(id, container) else { return };
        match (&image.behaviour, image.voice) {
            (Behaviour::Crashes { last_words, .. }, _) => {
                let lines: Vec<_> = last_words.iter().map(|line| ("ERROR", *line)).collect();
                self.write_all(id, container, at, &lines);
            }
            (Behaviour::Grows { .. }, Voice::Java) => {
                self.write_all(
                    id,
                    container,
                    at,
                    &[
                        ("WARN", "c.s.checkout.SessionCache                : Session cache holds 2114380 entries, evicting none"),
                        ("WARN", "gc                                       : Pause Full (G1 Compaction Pause) 743M->741M 2.318s"),
                        ("WARN", "c.s.checkout.SessionCache                : Heap usage 97% after full GC"),
                        ("ERROR", "o.a.c.c.C.[.[.[/].[dispatcherServlet]    : Servlet.service() threw exception"),
                        ("ERROR", "java.lang.OutOfMemoryError: Java heap space"),
                        ("ERROR", "\tat com.shop.checkout.SessionCache.put(SessionCache.java:87)"),
                        ("ERROR", "\tat com.shop.checkout.CartController.price(CartController.java:142)"),
                    ],
                );
            }
            (Behaviour::Grows { .. }, _) => {
                self.write_all(id, container, at, &[("WARN", "memory at 98% of the limit, dropping caches")]);
            }
            (Behaviour::Completes { .. }, _) if exit_code == 0 => {
                self.write_all(id, container, at, &[("INFO", "all done"), ("INFO", "exit 0")]);
            }
            (Behaviour::Completes { .. }, _) => {
                self.write_all(
                    id,
                    container,
                    at,
                    &[("ERROR", "unhandled exception: relation \"ledger_2\" does not exist"), ("ERROR", "exit 1")],
                );
            }
            _ => {}
        }
    }
}
