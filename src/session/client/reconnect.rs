//! The pauses between attempts to connect.

use std::time::Duration;

/// The pauses between attempts are random, up to a limit that doubles from the first to the last of these.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// Random pauses between attempts, with a limit that doubles: many clients don't come back at the same time.
pub(in crate::session) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pauses {
    pub(in crate::session) async fn wait(&mut self) {
        let mut random = [0; 2];
        let _ = aws_lc_rs::rand::fill(&mut random);
        let part = f64::from(u16::from_be_bytes(random)) / f64::from(u16::MAX);
        tokio::time::sleep(self.0.mul_f64(part)).await;
        self.0 = (self.0 * 2).min(LAST_PAUSE);
    }
}
