//! What may block: files, and the desktop's clipboard. One after another, in the background, so that neither a slow home
//! folder nor two entries for one history can harm anything.

use futures::future::BoxFuture;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};

type Errand<T> = BoxFuture<'static, Option<T>>;

/// A queue of things to do, and what became of them.
pub struct Errands<T> {
    queue: mpsc::UnboundedSender<Errand<T>>,
    outcomes: mpsc::UnboundedReceiver<T>,
    worker: JoinHandle<()>,
}

impl<T: Send + 'static> Errands<T> {
    /// An empty queue. Needs a tokio runtime.
    pub fn new() -> Self {
        let (queue, mut waiting) = mpsc::unbounded_channel::<Errand<T>>();
        let (done, outcomes) = mpsc::unbounded_channel();
        let worker = tokio::spawn(async move {
            while let Some(errand) = waiting.recv().await {
                if let Some(outcome) = errand.await {
                    let _ = done.send(outcome);
                }
            }
        });
        Self { queue, outcomes, worker }
    }

    /// Does `errand` when those before it are done.
    pub fn run(&self, errand: impl Future<Output = Option<T>> + Send + 'static) {
        // The worker ends with the queue, so there is always somebody to take it.
        let _ = self.queue.send(Box::pin(errand));
    }

    /// The same for one that blocks.
    pub fn block(&self, errand: impl FnOnce() -> Option<T> + Send + 'static) {
        self.run(async { spawn_blocking(errand).await.ok().flatten() });
    }

    /// The next outcome. Safe to cancel.
    pub async fn next(&mut self) -> T {
        match self.outcomes.recv().await {
            Some(outcome) => outcome,
            None => std::future::pending().await,
        }
    }

    /// Waits until all is done.
    pub async fn finish(self) {
        drop(self.queue);
        let _ = self.worker.await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn errands_are_done_in_order_and_all_of_them() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut errands = Errands::new();
        for n in 0..20 {
            let seen = seen.clone();
            errands.block(move || {
                seen.lock().expect("not poisoned").push(n);
                (n == 0).then_some(n)
            });
        }
        assert_eq!(errands.next().await, 0);
        errands.finish().await;
        assert_eq!(*seen.lock().expect("not poisoned"), (0..20).collect::<Vec<_>>());
    }
}
