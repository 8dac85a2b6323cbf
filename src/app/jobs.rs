//! Blocking work: files, and the desktop's clipboard. Jobs run in the background, one after another, so that a slow
//! home folder does no harm and no two jobs write to the same list at once.

use futures::future::BoxFuture;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};

type Job<T> = BoxFuture<'static, Option<T>>;

/// A queue of jobs, and their outcomes.
pub(super) struct JobQueue<T> {
    queue: mpsc::UnboundedSender<Job<T>>,
    outcomes: mpsc::UnboundedReceiver<T>,
    worker: JoinHandle<()>,
}

impl<T: Send + 'static> JobQueue<T> {
    /// An empty queue. Needs a tokio runtime.
    pub(super) fn new() -> Self {
        let (queue, mut waiting) = mpsc::unbounded_channel::<Job<T>>();
        let (done, outcomes) = mpsc::unbounded_channel();
        let worker = tokio::spawn(async move {
            while let Some(job) = waiting.recv().await {
                if let Some(outcome) = job.await {
                    let _ = done.send(outcome);
                }
            }
        });
        Self { queue, outcomes, worker }
    }

    /// Adds a job, which runs after those before it.
    pub(super) fn add(&self, job: impl Future<Output = Option<T>> + Send + 'static) {
        // The worker lives as long as the queue, so sending can't fail.
        let _ = self.queue.send(Box::pin(job));
    }

    /// Adds a blocking job.
    pub(super) fn add_blocking(&self, job: impl FnOnce() -> Option<T> + Send + 'static) {
        self.add(async { spawn_blocking(job).await.ok().flatten() });
    }

    /// Waits for the next outcome. Cancel safe.
    pub(super) async fn next(&mut self) -> T {
        match self.outcomes.recv().await {
            Some(outcome) => outcome,
            None => std::future::pending().await,
        }
    }

    /// Waits until all jobs are done.
    pub(super) async fn finish(self) {
        drop(self.queue);
        let _ = self.worker.await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn all_jobs_run_in_order() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut jobs = JobQueue::new();
        for n in 0..20 {
            let seen = seen.clone();
            jobs.add_blocking(move || {
                seen.lock().expect("not poisoned").push(n);
                (n == 0).then_some(n)
            });
        }
        assert_eq!(jobs.next().await, 0);
        jobs.finish().await;
        assert_eq!(*seen.lock().expect("not poisoned"), (0..20).collect::<Vec<_>>());
    }
}
