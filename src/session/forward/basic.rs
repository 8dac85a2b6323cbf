//! One connection at a time: its bytes are the bytes of the session.
//!
//! When the local connection closes, the agent gets a flag and connects again at the first byte of the next one. What
//! arrives between the two belongs to the old connection.

use std::sync::{Arc, atomic::Ordering};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep_until},
};

use super::{ForwardReporter, HALF_CLOSED, LocalListener, OpenConnection};
use crate::session::{client::Session, close::CloseReason, message::SessionFlag, smux::MAX_FRAME};

/// How many bytes are held for the first connection: some servers speak first.
const MAX_HELD: usize = 256 * 1024;

/// Carries connections until the session ends, or until the first one ends if there are no `turns`.
pub(super) async fn run(
    session: &mut Session,
    listener: &LocalListener,
    reporter: &ForwardReporter,
    turns: bool,
) -> CloseReason {
    let mut held = BytesMut::new();
    let mut is_first = true;
    loop {
        let stream = tokio::select! {
            stream = listener.accept() => stream,
            update = session.updates.recv(), if held.len() < MAX_HELD => {
                match reporter.take(update) {
                    Ok(Some(bytes)) if is_first => held.extend_from_slice(&bytes),
                    Ok(_) => {}
                    Err(reason) => return reason,
                }
                continue;
            }
        };
        let open = Arc::new(reporter.open());
        if let Err(reason) = carry(session, stream, reporter, &open, held.split().freeze(), is_first).await {
            return reason;
        }
        if !turns {
            return CloseReason::User;
        }
        is_first = false;
        session.handle.flag(SessionFlag::DisconnectToPort).await;
    }
}

/// Carries one connection until it is closed. `accepts` says whether what arrives belongs to it from the start, or only
/// after its first byte.
async fn carry(
    session: &mut Session,
    stream: TcpStream,
    reporter: &ForwardReporter,
    open: &Arc<OpenConnection>,
    mut to_local: Bytes,
    mut accepts: bool,
) -> Result<(), CloseReason> {
    let (mut read, mut write) = stream.into_split();
    let counters = &open.0.0;
    let mut to_session = Bytes::new();
    let mut half_closed: Option<Instant> = None;
    loop {
        let silent_at = half_closed.map_or_else(|| Instant::now() + HALF_CLOSED, |since| since + HALF_CLOSED);
        let mut buffer = BytesMut::with_capacity(MAX_FRAME);
        tokio::select! {
            read = read.read_buf(&mut buffer), if half_closed.is_none() && to_session.is_empty() => match read {
                Ok(0) => half_closed = Some(Instant::now()),
                Ok(count) => {
                    counters.sent.fetch_add(count as u64, Ordering::Relaxed);
                    accepts = true;
                    to_session = buffer.freeze();
                }
                Err(_) => return Ok(()),
            },
            () = session.handle.input(to_session.clone()), if !to_session.is_empty() => to_session = Bytes::new(),
            written = write.write(&to_local), if !to_local.is_empty() => match written {
                Ok(count) => {
                    counters.received.fetch_add(count as u64, Ordering::Relaxed);
                    to_local = to_local.slice(count..);
                }
                Err(_) => return Ok(()),
            },
            update = session.updates.recv(), if to_local.is_empty() => match reporter.take(update)? {
                Some(bytes) if accepts => {
                    to_local = bytes;
                    if let Some(since) = &mut half_closed {
                        *since = Instant::now();
                    }
                }
                _ => {}
            },
            () = sleep_until(silent_at), if half_closed.is_some() && to_local.is_empty() => return Ok(()),
        }
    }
}
