//! A forward that lasts: a local listener, and one session after another that carries its connections.
//!
//! AWS ends sessions: each connection to its gateway after an hour (the session is resumed), sessions without traffic after
//! twenty minutes, and those of a task with the task. A session that has ended for lack of traffic is followed by another one
//! when the next connection comes; a task that has stopped by another task of the same service or family.
//!
//! Calls: DescribeTasks and StartSession for each session, ListTasks too unless the task is given; DescribeTasks when a session
//! has ended or the agent does not answer; ResumeSession once an hour; TerminateSession at the end.

use std::{net::IpAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{
    client::{Session, SessionNotice, SessionOptions, reconnect::Pauses},
    close::CloseReason,
    forward::{Forward, ForwardCounters, ForwardUpdate, LocalListener},
    gateway::{self, AwsGateway, DocumentRequest},
    handshake::SessionParameters,
};
use crate::{
    aws::{Clients, FailureKind},
    forwarding::{ForwardEnd, ForwardNews, ForwardRequest, ForwardSubject},
    resource::container::ExecTarget,
};

mod reasons;
mod target;

/// How much news waits for its consumer; further news is dropped, except for the end.
const NEWS: usize = 256;
/// Time limit for opening a session, or finding a task, in place of one that has ended.
const RETRY_FOR: Duration = Duration::from_mins(5);
/// How long the end of a forward may take, with that of its session at AWS.
const FINISH: Duration = Duration::from_secs(15);

/// A running forward. Dropping it ends it; its session is terminated only by [`Forwarder::finish`].
#[derive(Debug)]
pub struct Forwarder {
    pub counters: ForwardCounters,
    pub news: mpsc::Receiver<ForwardNews>,
    control: ForwardControl,
    task: JoinHandle<()>,
}

/// Controls a forward. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ForwardControl {
    stop: watch::Sender<bool>,
    check: Arc<Notify>,
}

impl ForwardControl {
    /// Ends the forward; the last news says so.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Asks ECS whether the task still runs, because it seems not to. One call.
    pub fn check(&self) {
        self.check.notify_one();
    }
}

impl Forwarder {
    /// Starts a forward that listens at `address`. `now` dates the messages of its sessions.
    pub fn start(clients: &Clients, request: ForwardRequest, address: IpAddr, now: fn() -> Timestamp) -> Self {
        let (sender, news) = mpsc::channel(NEWS);
        let control = ForwardControl { stop: watch::Sender::new(false), check: Arc::default() };
        let counters = ForwardCounters::default();
        let run = Run {
            clients: clients.with_access(request.access),
            request,
            address,
            now,
            sender,
            counters: counters.clone(),
            stop: control.stop.subscribe(),
            check: control.check.clone(),
            was_ready: false,
        };
        Self { counters, news, control, task: tokio::spawn(run.run()) }
    }

    pub fn control(&self) -> ForwardControl {
        self.control.clone()
    }

    /// Ends the forward and waits until AWS has ended its session, for some seconds at most. Returns how it ended.
    pub async fn finish(mut self) -> Option<ForwardEnd> {
        self.control.stop();
        let rest = async {
            let mut end = None;
            while let Some(news) = self.news.recv().await {
                if let ForwardNews::Ended(how) = news {
                    end = Some(how);
                }
            }
            let _ = (&mut self.task).await;
            end
        };
        timeout(FINISH, rest).await.unwrap_or_default()
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The task of a forward.
struct Run {
    clients: Clients,
    request: ForwardRequest,
    address: IpAddr,
    now: fn() -> Timestamp,
    sender: mpsc::Sender<ForwardNews>,
    counters: ForwardCounters,
    stop: watch::Receiver<bool>,
    /// Somebody asks whether the task still runs.
    check: Arc<Notify>,
    /// A session was open.
    was_ready: bool,
}

/// What follows the end of a session.
enum AfterSession {
    End(ForwardEnd),
    /// Another session at once, and why.
    Reopen(String),
    /// Another session when the next connection comes, and why.
    Await(String),
}

impl Run {
    async fn run(mut self) {
        let end = self.forward().await.unwrap_or_else(|end| end);
        tracing::debug!(reason = end.reason, "a forward has ended");
        // Nobody may take it.
        let _ = timeout(Duration::from_secs(1), self.sender.send(ForwardNews::Ended(end))).await;
    }

    fn report(&self, news: ForwardNews) {
        let _ = self.sender.try_send(news);
    }

    /// Listens, and carries connections until the forward ends.
    async fn forward(&mut self) -> Result<ForwardEnd, ForwardEnd> {
        let ports = &self.request.ports;
        let listener = match ports.local {
            Some(port) => LocalListener::bind(self.address, port).await,
            None => LocalListener::bind_near(self.address, ports.port).await,
        };
        let listener = Arc::new(listener.map_err(|error| ForwardEnd::failed(error.to_string()))?);
        self.report(ForwardNews::Listening(listener.address.to_string()));
        loop {
            let next = match self.open().await? {
                Ok((session, target)) => {
                    let end = self.carry(session, &target, &listener).await;
                    self.after(end, &target).await?
                }
                Err(why) => AfterSession::Await(why),
            };
            match next {
                AfterSession::End(end) => return Ok(end),
                AfterSession::Reopen(why) => self.report(ForwardNews::Reconnecting(why)),
                AfterSession::Await(why) => {
                    self.report(ForwardNews::Idle(why));
                    self.or_stop(listener.wait()).await?;
                }
            }
        }
    }

    /// Waits for something, unless the user ends the forward meanwhile.
    async fn or_stop<T>(&self, future: impl Future<Output = T>) -> Result<T, ForwardEnd> {
        let mut stop = self.stop.clone();
        tokio::select! {
            done = future => Ok(done),
            () = stopped(&mut stop) => Err(ForwardEnd::by_user()),
        }
    }

    /// Finds a container and opens a session there; says why not if it may work later. The first session must work at once,
    /// the others are tried for some minutes.
    async fn open(&mut self) -> Result<Result<(Session, ExecTarget), String>, ForwardEnd> {
        let began = Instant::now();
        let mut pauses = Pauses::default();
        loop {
            let problem = match self.or_stop(self.find_target()).await? {
                // A session that has been started is also ended: this is not cancelled.
                Ok(target) => match self.start_session(&target).await {
                    Ok(session) => return Ok(Ok((session, target))),
                    Err(problem) => problem,
                },
                Err(problem) => problem,
            };
            if !problem.is_temporary || !self.was_ready {
                return Err(ForwardEnd::failed(problem.why));
            }
            if began.elapsed() >= RETRY_FOR {
                return Ok(Err(problem.why));
            }
            self.report(ForwardNews::Reconnecting(problem.why));
            self.or_stop(pauses.wait()).await?;
        }
    }

    async fn start_session(&self, target: &ExecTarget) -> Result<Session, target::Obstacle> {
        self.report(ForwardNews::Opening(target.clone()));
        let ports = &self.request.ports;
        let request = DocumentRequest::port_forwarding(target.session_target(), ports);
        let grant = gateway::start_session(&self.clients, &request).await.map_err(|failure| target::Obstacle {
            why: reasons::of_start(&failure, target, ports.document()),
            is_temporary: !matches!(
                failure.kind,
                FailureKind::Denied | FailureKind::ReadOnly | FailureKind::Unsupported
            ),
        })?;
        let parameters = SessionParameters {
            session_id: grant.session_id.clone(),
            target: request.target,
            expects_handshake: true,
            uses_challenge: true,
        };
        let opened = u64::try_from((self.now)().as_millisecond()).unwrap_or_default();
        let gateway = AwsGateway::new(self.clients.clone(), grant);
        Ok(Session::open(gateway, SessionOptions { parameters, size: None }, opened))
    }

    /// Carries connections through a session until it ends or its task has stopped, and ends it at AWS.
    async fn carry(&mut self, session: Session, target: &ExecTarget, listener: &Arc<LocalListener>) -> CarryEnd {
        let mut forward = Forward::start(session, listener.clone(), self.counters.clone());
        let mut stop = self.stop.clone();
        let end = loop {
            let update = tokio::select! {
                update = forward.updates.recv() => update,
                () = stopped(&mut stop) => break CarryEnd::Closed(CloseReason::User),
                () = self.check.notified() => match self.why_stopped(target).await {
                    Some(why) => break CarryEnd::TaskStopped(why),
                    None => continue,
                },
            };
            match update {
                None => break CarryEnd::Closed(CloseReason::Ended),
                Some(ForwardUpdate::Closed(reason)) => break CarryEnd::Closed(reason),
                Some(ForwardUpdate::Ready(_)) => {
                    self.was_ready = true;
                    self.report(ForwardNews::Ready(target.clone()));
                }
                Some(ForwardUpdate::Connection(number)) => self.report(ForwardNews::Connection(number)),
                Some(ForwardUpdate::ConnectToPortError) => {
                    self.report(ForwardNews::Problem(reasons::of_refusal(&self.request.ports, target)));
                }
                Some(ForwardUpdate::Stalled) => {
                    let why = "a connection was closed: its program took nothing while others waited";
                    self.report(ForwardNews::Problem(why.to_owned()));
                }
                Some(ForwardUpdate::Message(text)) => {
                    self.report(ForwardNews::Problem(format!("the agent says: {text}")));
                }
                Some(ForwardUpdate::Notice(notice)) => match notice {
                    SessionNotice::Reconnecting { why, .. } => self.report(ForwardNews::Reconnecting(why)),
                    SessionNotice::Reconnected => self.report(ForwardNews::Ready(target.clone())),
                    notice => {
                        if let Some(problem) = reasons::of_notice(&notice) {
                            // The agent of a task that has stopped says nothing at all.
                            if let Some(why) = self.why_stopped(target).await {
                                break CarryEnd::TaskStopped(why);
                            }
                            self.report(ForwardNews::Problem(problem.to_owned()));
                        }
                    }
                },
            }
        };
        forward.finish().await;
        end
    }

    /// Decides what follows the end of a session.
    async fn after(&self, end: CarryEnd, target: &ExecTarget) -> Result<AfterSession, ForwardEnd> {
        let follows = !matches!(self.request.subject, ForwardSubject::Task(_));
        let stopped = |why: String| match follows {
            true => AfterSession::Reopen(why),
            false => AfterSession::End(ForwardEnd::failed(why)),
        };
        let reason = match end {
            CarryEnd::TaskStopped(why) => return Ok(stopped(why)),
            CarryEnd::Closed(reason) => reason,
        };
        Ok(match reason {
            CloseReason::User => AfterSession::End(ForwardEnd::by_user()),
            CloseReason::Idle => AfterSession::Await("AWS ended the session, because there was no traffic".to_owned()),
            CloseReason::AgentError(text) => {
                AfterSession::End(ForwardEnd::failed(reasons::of_agent(&text, &self.request.ports, target)))
            }
            CloseReason::Encryption { .. } => AfterSession::End(ForwardEnd::failed(reason.to_string())),
            reason => match self.or_stop(self.why_stopped(target)).await? {
                Some(why) => stopped(why),
                None if self.was_ready => AfterSession::Await(reason.to_string()),
                None => AfterSession::End(ForwardEnd::failed(reason.to_string())),
            },
        })
    }
}

/// How a session has ended.
enum CarryEnd {
    Closed(CloseReason),
    /// Its task has stopped, and why.
    TaskStopped(String),
}

/// Completes when the user ends the forward; never, if nothing is left that could end it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
