//! A token bucket, on tokio's clock, so that tests run in virtual time.

use std::time::Duration;

use tokio::time::Instant;

/// Limits calls to a rate. Unused calls are saved up, to a limit.
#[derive(Debug)]
pub struct TokenBucket {
    /// Tokens added per second.
    pub rate: f64,
    /// Most tokens it can hold.
    burst: f64,
    tokens: f64,
    refilled: Instant,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(rate: f64, burst: f64) -> Self {
        Self { rate, burst, tokens: burst, refilled: Instant::now() }
    }

    /// Takes a token from the bucket.
    ///
    /// # Errors
    /// None is left; the error says when the next one is available.
    pub fn take(&mut self, now: Instant) -> Result<(), Instant> {
        if now > self.refilled {
            let elapsed = (now - self.refilled).as_secs_f64();
            self.tokens = (self.tokens + elapsed * self.rate).min(self.burst);
            self.refilled = now;
        }
        // A rounded wait must not end slightly too early.
        if self.tokens >= 1.0 - 1e-6 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(self.refilled + Duration::from_secs_f64((1.0 - self.tokens) / self.rate))
    }

    /// Takes all tokens out, and adds none until `until`.
    pub fn drain(&mut self, until: Instant) {
        self.tokens = 0.0;
        self.refilled = until;
    }
}
