//! Load: numbered lines that a service is made to write, evenly in time.

use super::{World, task::Status};

/// How many seconds of load lines are kept.
const KEPT_SECONDS: usize = 150;
/// Memory of one such line, overhead included.
const LINE_BYTES: usize = 128;

/// A service under load.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) service: usize,
    pub(crate) per_second: u32,
    /// The number of the next line.
    pub(crate) next: u64,
    /// When the load was set, or last had no task to write its lines.
    since: i64,
    /// Number of lines since then.
    written: u64,
}

impl World {
    /// Makes a service (`cluster/name`) write this many lines per second from now on, besides its own; 0 stops it.
    /// Numbers continue from the last line.
    ///
    /// # Errors
    /// There is no such service.
    pub fn load(&mut self, name: &str, per_second: u32) -> Result<(), String> {
        let service = self.named(name)?;
        let lines = KEPT_SECONDS.saturating_mul(per_second as usize);
        self.logs.allow(lines, (16 << 20) + lines.saturating_mul(LINE_BYTES));
        let since = self.now_ms;
        match self.loads.iter_mut().find(|load| load.service == service) {
            Some(load) => (load.per_second, load.since, load.written) = (per_second, since, 0),
            None => self.loads.push(Load { service, per_second, next: 0, since, written: 0 }),
        }
        Ok(())
    }

    /// The number of load lines written by a service.
    ///
    /// # Errors
    /// There is no such service.
    pub fn written(&self, name: &str) -> Result<u64, String> {
        let service = self.named(name)?;
        let load = self.loads.iter().find(|load| load.service == service);
        Ok(load.map_or(0, |load| load.next))
    }

    /// Finds a service by `cluster/name`.
    fn named(&self, name: &str) -> Result<usize, String> {
        let found = name.split_once('/').and_then(|(cluster, service)| {
            let cluster = self.find_cluster(cluster)?;
            self.find_service(cluster, service)
        });
        found.ok_or_else(|| format!("no service {name:?}; say CLUSTER/SERVICE"))
    }

    /// Writes the lines of all loads that are due, in turn to the first containers of each service's running tasks.
    pub(super) fn write_loads(&mut self) {
        let mut loads = std::mem::take(&mut self.loads);
        for load in &mut loads {
            let due = (self.now_ms - load.since).max(0) as u64 * u64::from(load.per_second) / 1_000;
            if due == load.written {
                continue;
            }
            let live = self.services[load.service].live.iter().filter_map(|id| self.tasks.get(id));
            let running = live.filter(|task| task.status == Status::Running);
            let targets: Vec<_> = running.filter_map(|task| task.log_stream(0)).collect();
            if targets.is_empty() {
                (load.since, load.written) = (self.now_ms, 0);
                continue;
            }
            for line in load.written..due {
                let at = load.since + (line * 1_000 / u64::from(load.per_second)) as i64;
                let (number, target) = (load.next, &targets[load.next as usize % targets.len()]);
                let text = format!("seq={number:010} level=info msg=\"order priced\" ms={}", number % 97);
                self.logs.put(&target.group, &target.name, at, text);
                load.next += 1;
            }
            load.written = due;
        }
        self.loads = loads;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_769_860_800_000;

    fn numbers(world: &World) -> Vec<u64> {
        let streams = world.logs.groups().values().flat_map(|group| group.streams.values());
        let texts = streams.flat_map(|stream| &stream.events).filter_map(|event| event.message.strip_prefix("seq="));
        let mut numbers: Vec<u64> = texts.map(|text| text[..10].parse().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn a_load_writes_every_line_evenly_however_often_it_is_read() {
        let written = |steps: &[i64]| {
            let mut world = World::sized(1, 1, 3, NOW_MS);
            world.load("cluster-000/service-0000", 2_000).unwrap();
            steps.iter().for_each(|step| world.advance_to(NOW_MS + step));
            assert_eq!(numbers(&world), (0..60_000).collect::<Vec<_>>());
            let stream = |(name, stream): (&String, &crate::demo::logs::Stream)| {
                (name.clone(), stream.events.iter().map(|event| event.at.timestamp_ms).collect::<Vec<_>>())
            };
            let groups = world.logs.groups().values();
            groups.flat_map(|group| group.streams.iter()).map(stream).collect::<Vec<_>>()
        };
        let often: Vec<i64> = (1..=300).map(|step| step * 100).collect();
        let (once, often) = (written(&[30_000]), written(&often));
        assert_eq!(once.len(), 3);
        assert!(once == often);
    }

    #[test]
    fn a_load_stops_continues_its_numbers_and_needs_a_service() {
        let mut world = World::sized(1, 1, 1, NOW_MS);
        assert!(world.load("cluster-000/nothing", 1).is_err());
        for (per_second, until) in [(10, 1), (0, 2), (20, 3)] {
            world.load("cluster-000/service-0000", per_second).unwrap();
            world.advance_to(NOW_MS + until * 1_000);
        }
        assert_eq!(numbers(&world), (0..30).collect::<Vec<_>>());
    }
}
