//! The local end of a forward, which outlives its sessions.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// The lowest port that everybody may listen on.
const UNPRIVILEGED: u16 = 1024;

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("port {0} is in use on this machine; choose another one, or 0 for any free port")]
    Taken(u16),
    #[error("you may not listen on port {0}; choose one from 1024")]
    Denied(u16),
    #[error("can't listen on {address}: {why}")]
    Other { address: SocketAddr, why: io::Error },
}

/// A listener for local connections.
#[derive(Debug)]
pub struct LocalListener {
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
    /// A connection that came while no session could carry it.
    waiting: Mutex<Option<TcpStream>>,
}

impl LocalListener {
    /// Listens on a port, or on any free one if it is 0. Only an address that is not of this machine alone lets others in.
    ///
    /// # Errors
    ///
    /// If the port can't be used.
    pub async fn bind(address: IpAddr, port: u16) -> Result<Self, ListenError> {
        let wanted = SocketAddr::new(address, port);
        let failed = |why: io::Error| match why.kind() {
            io::ErrorKind::AddrInUse => ListenError::Taken(port),
            io::ErrorKind::PermissionDenied => ListenError::Denied(port),
            _ => ListenError::Other { address: wanted, why },
        };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, waiting: Mutex::default() })
    }

    /// Listens on `port`, or on any free one if it can't be used.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn bind_near(address: IpAddr, port: u16) -> Result<Self, ListenError> {
        match Self::bind(address, if port < UNPRIVILEGED { 0 } else { port }).await {
            Err(ListenError::Taken(_) | ListenError::Denied(_)) => Self::bind(address, 0).await,
            result => result,
        }
    }

    /// Waits for a connection, which the next [`accept`](Self::accept) returns. One that has waited in vain is closed. Cancel
    /// safe.
    pub async fn wait(&self) {
        self.set_waiting(None);
        let stream = self.accept().await;
        self.set_waiting(Some(stream));
    }

    fn set_waiting(&self, stream: Option<TcpStream>) -> Option<TcpStream> {
        std::mem::replace(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner), stream)
    }

    /// Accepts the next local connection. Failures pass: too many files are open, or the other end has gone already. Cancel
    /// safe.
    pub async fn accept(&self) -> TcpStream {
        if let Some(stream) = self.set_waiting(None) {
            return stream;
        }
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    return stream;
                }
                Err(error) => {
                    tracing::debug!(%error, "a local connection was not accepted");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}
