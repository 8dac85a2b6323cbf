//! The account behind one function from request to response.

mod live_tail;
mod record;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderValue, StatusCode, header};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use tokio::time::Instant;

use super::{
    Fault, Options, auto_scaling, control, ecs, elb,
    faults::{Distortion, Ending, Faults, SessionFault, Strike},
    kms, logs,
    query::{self, Form},
    quota::Buckets,
    session, sts,
    wire::{self, ApiError, Call, Request, Response, Service},
    world::{Rng, World},
};
use record::Record;

pub use live_tail::Session;
pub use record::Recorded;

/// The most Live Tail sessions an account may have open at once.
const SESSIONS: usize = 15;
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";
/// The most that a signature's time may differ from the endpoint's clock.
const MAX_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The connection is to be closed without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("connection cut")]
pub struct Cut;

/// An account that answers requests. Clones share it.
///
/// Its clock is tokio's: world time is the start plus speed times elapsed, so a paused clock means virtual time. The
/// world advances when a request arrives, up to that moment. A request has to be signed, but the signer and the Region
/// are not checked: there is only one account.
#[derive(Debug, Clone)]
pub struct Endpoint {
    account: Arc<Account>,
}

#[derive(Debug)]
struct Account {
    options: Options,
    /// World time at `started`.
    start_ms: i64,
    started: Instant,
    /// Counts the open Live Tail sessions: each holds a clone.
    sessions: Arc<()>,
    /// Never held across an await.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    world: World,
    faults: Faults,
    buckets: Buckets,
    record: Record,
}

impl Endpoint {
    /// Creates the account of a scenario.
    pub fn new(options: Options) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a world begins today")]
        let start_ms = options.start_ms.unwrap_or_else(|| Timestamp::now().as_millisecond());
        let world = World::new(options.scenario, options.seed, start_ms);
        Self::with_world(world, options)
    }

    /// Creates an account from a world. Its time starts where the world's stands; scenario and start of the options are
    /// ignored.
    pub fn with_world(world: World, options: Options) -> Self {
        let (start_ms, started) = (world.now_ms, Instant::now());
        let mut faults = Faults::default();
        options.faults.iter().for_each(|fault| faults.add(fault.clone(), started));
        let buckets = Buckets::new(&world.region);
        let state = Mutex::new(State { world, faults, buckets, record: Record::default() });
        Self { account: Arc::new(Account { options, start_ms, started, sessions: Arc::new(()), state }) }
    }

    /// Answers one request. Under the fault `hang` this never returns.
    ///
    /// # Errors
    /// [`Cut`] if the connection is to be closed without an answer. A response whose `content-length` exceeds its body
    /// means the same after the body. The frames of a [`Session`] follow the body of its response.
    pub async fn respond(&self, request: Request) -> Result<Response, Cut> {
        if request.uri().path().starts_with(control::PATH) {
            return Ok(control::respond_to(self, &request));
        }
        let now = Instant::now();
        let call = Call::from_request(&request).unwrap_or(Call { service: Service::Ecs, operation: String::new() });
        let (number, strike) = {
            let mut state = self.state();
            let caller = sts::caller_arn(&state.world.account_id);
            let number = state.record.record_arrival(&call, now - self.account.started, request.body().clone());
            (number, state.faults.strike(&call, &caller, now))
        };
        if !strike.delay.is_zero() {
            tokio::time::sleep(strike.delay).await;
        }
        match strike.ending {
            Ending::Cut => return Err(Cut),
            Ending::Hang => std::future::pending().await,
            Ending::Answer | Ending::Refuse(_) | Ending::Html => {}
        }
        Ok(self.finish_response(&request, &call, number, strike))
    }

    /// Adds a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.state().faults.add(fault, Instant::now());
    }

    /// Removes a fault, whatever its remaining count; returns whether it was there.
    pub fn remove_fault(&self, fault: &Fault) -> bool {
        self.state().faults.remove(fault)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// The faults in force, each with its remaining count.
    pub fn faults(&self) -> Vec<Fault> {
        self.state().faults.iter().cloned().collect()
    }

    /// The requests that arrived, oldest first; only the newest few thousand are kept.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state().record.requests().cloned().collect()
    }

    /// The number of requests for an operation since the start. Operations unknown to AWS are not counted.
    pub fn count(&self, operation: &str) -> u64 {
        self.state().record.count(operation)
    }

    /// Reads or changes the world in its current state.
    pub fn with<T>(&self, access: impl FnOnce(&mut World) -> T) -> T {
        let mut state = self.state();
        state.world.advance_to(self.account.world_time());
        access(&mut state.world)
    }

    /// Offers the faults of sessions; those that `applies` accepts lose one of their count.
    pub(super) fn strike_session(&self, applies: impl FnMut(&SessionFault) -> bool) {
        self.state().faults.strike_session(applies);
    }

    /// Decrypts a data key for the role of a task.
    ///
    /// # Errors
    /// The text of the error.
    pub(super) fn decrypt_for_agent(&self, blob: &[u8], context: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
        let state = &mut *self.state();
        let call = Call { service: Service::Kms, operation: "Decrypt".to_owned() };
        let role = format!("arn:aws:sts::{}:assumed-role/task/demo", state.world.account_id);
        if let Ending::Refuse(error) = state.faults.strike(&call, &role, Instant::now()).ending {
            return Err(format!("{}: {}", error.code, error.message));
        }
        let decrypted = kms::Keys::of(&state.world).decrypt(blob, context);
        decrypted.map(|(_, plaintext)| plaintext).ok_or_else(|| "InvalidCiphertextException".to_owned())
    }

    /// World time, in milliseconds since the Unix epoch.
    pub(super) fn now_ms(&self) -> i64 {
        self.account.world_time()
    }

    /// The options the account was created with.
    pub fn options(&self) -> &Options {
        &self.account.options
    }

    /// The random numbers of one request.
    fn rng(&self, what: &str, number: u64) -> Rng {
        Rng::stream(self.account.options.seed, &format!("{what} {number}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.account.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the response to a request, unless a fault leaves it unanswered.
    fn finish_response(&self, request: &Request, call: &Call, number: u64, strike: Strike) -> Response {
        let state = &mut *self.state();
        state.world.advance_to(self.account.world_time());
        let request_id = self.rng("request", number).uuid();
        let mut response = match &strike.ending {
            Ending::Html => html_500(),
            Ending::Refuse(error) => error.response(call.service, &request_id),
            _ => self
                .answer(state, request, call, number, &strike, &request_id)
                .unwrap_or_else(|error| error.response(call.service, &request_id)),
        };
        let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&clock(&state.world, &strike));
        if let Some(date) = date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
            response.headers_mut().insert(header::DATE, date);
        }
        state.record.record_answer(number, response.status().as_u16());
        response
    }

    /// Answers a request that no fault intercepts.
    fn answer(
        &self,
        state: &mut State,
        request: &Request,
        call: &Call,
        number: u64,
        strike: &Strike,
        request_id: &str,
    ) -> Result<Response, ApiError> {
        if !wire::is_signed(request.headers()) {
            return Err(ApiError::client("MissingAuthenticationTokenException", "Missing Authentication Token"));
        }
        let world = &mut state.world;
        if strike.skew_ms != 0 {
            check_signing_time(request, clock(world, strike))?;
        }
        if self.account.options.quotas {
            state.buckets.take(call, Instant::now())?;
        }
        let (operation, body) = (call.operation.as_str(), request.body());
        let region = wire::region(request.headers()).unwrap_or_default();
        if (call.service, operation) == (Service::Logs, "StartLiveTail") {
            let session = self.rng("session", number).uuid();
            let tail = logs::Tail::start(world.logs_in(region), &wire::input(body)?, [request_id.to_owned(), session])?;
            return self.live(tail, strike, request_id);
        }
        if let Some(error) = session::refuse(call, &mut state.faults) {
            return Err(error);
        }
        let answer = match call.service {
            Service::AutoScaling => auto_scaling::call(world, operation, &wire::input(body)?),
            Service::Ecs => ecs::call(world, operation, &wire::input(body)?),
            Service::Logs => logs::call(world, region, operation, &wire::input(body)?),
            Service::Elb => elb::call(world, operation, &Form::read(body)),
            Service::Kms => kms::Keys::of(world).call(operation, &wire::input(body)?, number),
            Service::Sts => sts::call(&world.account_id, operation, &Form::read(body)),
            Service::Ssm => session::call(world, operation, &wire::input(body)?),
        };
        let mut answer = answer.unwrap_or_else(|| Err(ApiError::unknown_operation()))?;
        session::adjust(call, &mut answer, world, &mut state.faults);
        if let Some(host) = wire::host(request) {
            session::lead_to(host, &mut answer);
        }
        let mut rng = self.rng("fault", number);
        strike.distortions.iter().for_each(|distortion| distortion.distort_answer(&mut answer, &mut rng));
        let mut response = match call.service.namespace() {
            Some(namespace) => query::response(namespace, operation, &answer, request_id),
            None => wire::json_response(StatusCode::OK, &answer, request_id),
        };
        strike.distortions.iter().for_each(|distortion| distortion.distort_response(&mut response));
        Ok(response)
    }

    /// Starts an event stream; if a fault distorts it, nothing follows.
    fn live(&self, tail: logs::Tail, strike: &Strike, request_id: &str) -> Result<Response, ApiError> {
        let counted = self.account.sessions.clone();
        // One count is the account's own, one is this session's.
        if Arc::strong_count(&counted) > SESSIONS + 1 {
            return Err(ApiError::client("LimitExceededException", "Resource limit exceeded."));
        }
        let mut response = wire::respond(StatusCode::OK, EVENT_STREAM, tail.first_frames(), request_id);
        if !strike.distortions.iter().any(Distortion::ends_the_body) {
            response.headers_mut().remove(header::CONTENT_LENGTH);
            response.extensions_mut().insert(Session::new(self.clone(), tail, counted));
        }
        strike.distortions.iter().for_each(|distortion| distortion.distort_response(&mut response));
        Ok(response)
    }
}

impl Account {
    fn world_time(&self) -> i64 {
        let elapsed_ms = self.started.elapsed().as_secs_f64() * 1000.0 * self.options.speed;
        self.start_ms.saturating_add(elapsed_ms as i64)
    }
}

/// The time by the endpoint's clock, skew included.
fn clock(world: &World, strike: &Strike) -> Timestamp {
    Timestamp::from_millisecond(world.now_ms.saturating_add(strike.skew_ms)).unwrap_or(Timestamp::MAX)
}

/// Refuses a signature made more than five minutes before or after `clock`.
fn check_signing_time(request: &Request, clock: Timestamp) -> Result<(), ApiError> {
    let Some(signed) = wire::signed_at(request.headers()) else { return Ok(()) };
    let off = clock.duration_since(signed);
    let written = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
    let message = if off > MAX_SKEW {
        format!(
            "Signature expired: {} is now earlier than {} ({} - 5 min.)",
            written(signed),
            written(clock - MAX_SKEW),
            written(clock),
        )
    } else if off < -MAX_SKEW {
        format!(
            "Signature not yet current: {} is still later than {} ({} + 5 min.)",
            written(signed),
            written(clock + MAX_SKEW),
            written(clock),
        )
    } else {
        return Ok(());
    };
    Err(ApiError::client("InvalidSignatureException", message))
}

/// The answer of a proxy that can't reach AWS: an HTML page.
fn html_500() -> Response {
    const PAGE: &str = "<html>\r\n<head><title>500 Internal Server Error</title></head>\r\n<body>\r\n\
                        <center><h1>500 Internal Server Error</h1></center>\r\n<hr><center>proxy</center>\r\n\
                        </body>\r\n</html>\r\n";
    wire::respond(StatusCode::INTERNAL_SERVER_ERROR, "text/html", PAGE, None)
}

#[cfg(test)]
mod tests;
