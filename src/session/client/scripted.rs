//! A session without a connection, for tests of what uses one.

use super::*;

/// The other side of the session.
pub(in crate::session) struct Script {
    inputs: mpsc::Receiver<SessionInput>,
    pub(in crate::session) updates: mpsc::Sender<SessionUpdate>,
    size: watch::Receiver<Option<TerminalSize>>,
    closing: watch::Receiver<bool>,
}

pub(in crate::session) fn session() -> (Session, Script) {
    let (inputs, received) = mpsc::channel(4);
    let (sender, updates) = mpsc::channel(4);
    let (size, sizes) = watch::channel(None);
    let (closing, closes) = watch::channel(false);
    let handle = SessionHandle { inputs, size, closing };
    let session = Session { handle, updates, task: tokio::spawn(async {}) };
    (session, Script { inputs: received, updates: sender, size: sizes, closing: closes })
}

impl Script {
    /// The next input as text.
    pub(in crate::session) async fn input(&mut self) -> String {
        match self.inputs.recv().await {
            Some(SessionInput::Bytes(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
            Some(SessionInput::Flag(flag)) => format!("{flag:?}"),
            None => "closed".to_owned(),
        }
    }

    pub(in crate::session) async fn output(&self, text: &str) {
        let update = SessionUpdate::Output(Bytes::copy_from_slice(text.as_bytes()));
        self.updates.send(update).await.expect("somebody takes it");
    }

    pub(in crate::session) async fn close(&self, reason: CloseReason) {
        self.updates.send(SessionUpdate::Closed(reason)).await.expect("somebody takes it");
    }

    pub(in crate::session) fn size(&self) -> Option<TerminalSize> {
        *self.size.borrow()
    }

    pub(in crate::session) fn is_closed(&self) -> bool {
        *self.closing.borrow()
    }
}
