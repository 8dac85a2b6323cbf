//! How fast a copy is, and how long it will take.

use std::{collections::VecDeque, time::Duration};

use super::CopyProgress;
use crate::resource::format::{duration, size};

/// The rate is that of the last seconds: the network changes.
const WINDOW: Duration = Duration::from_secs(10);

/// Measures a copy at times that the caller passes in.
#[derive(Debug, Default)]
pub struct Meter {
    /// Times, and how many bytes were copied by then.
    samples: VecDeque<(Duration, u64)>,
}

impl Meter {
    /// Bytes, rate and the time that is left, `elapsed` after the start: `12 MB of 64 MB (18%), 1.2 MB/s, 43s left`.
    pub fn text(&mut self, progress: &CopyProgress, elapsed: Duration) -> String {
        let done = progress.done();
        // What an earlier attempt copied says nothing about the rate.
        let copied = done.saturating_sub(progress.offset());
        if self.samples.is_empty() {
            self.samples.push_back((elapsed, 0));
        }
        self.samples.push_back((elapsed, copied));
        while self.samples.len() > 2 && self.samples.get(1).is_some_and(|(at, _)| elapsed.saturating_sub(*at) > WINDOW)
        {
            self.samples.pop_front();
        }
        let (since, before) = self.samples.front().copied().unwrap_or_default();
        let seconds = elapsed.saturating_sub(since).as_secs_f64();
        let rate = if seconds > 0.0 { copied.saturating_sub(before) as f64 / seconds } else { 0.0 };
        let mut text = size(done as f64);
        if let Some(total) = progress.total() {
            let percent = (done * 100).checked_div(total).unwrap_or(100);
            text += &format!(" of {} ({percent}%)", size(total as f64));
        }
        if rate > 0.0 {
            text += &format!(", {}/s", size(rate));
        }
        if let Some(left) =
            progress.total().map(|total| total.saturating_sub(done)).filter(|left| *left > 0 && rate > 0.0)
        {
            text += &format!(", {} left", duration((left as f64 / rate).ceil() as i64));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let progress = CopyProgress::default();
        let mut meter = Meter::default();
        let mut at = |seconds| meter.text(&progress, Duration::from_secs(seconds));
        assert_eq!(at(0), "0 B");
        progress.begin(1024, Some(101 * 1024));
        progress.add(10 * 1024);
        assert_eq!(at(10), "11 kB of 101 kB (10%), 1.0 kB/s, 1m30s left");
        assert_eq!(at(30), "11 kB of 101 kB (10%)", "it has stopped");
        progress.add(90 * 1024);
        assert_eq!(at(31), "101 kB of 101 kB (100%), 4.3 kB/s");
    }
}
