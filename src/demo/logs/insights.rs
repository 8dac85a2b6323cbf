//! CloudWatch Logs Insights: StartQuery, GetQueryResults, StopQuery.

mod language;
mod run;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{
    Here,
    input::{self, text},
    invalid,
};
use crate::demo::{wire::ApiError, world::Rng};
use language::Program;
use run::Outcome;

/// The most queries running at once in an account.
const AT_ONCE: usize = 30;
/// Number of finished queries whose results are kept.
const KEPT: usize = 50;
/// The most groups per query.
const GROUPS: usize = 50;
/// The most results per query.
pub(super) const RESULTS: usize = 10_000;
/// Number of polls after which a query is done: its duration is counted in polls, so that it also ends when the clock
/// stands still.
const LOOKS: u32 = 4;

/// A query and its results.
#[derive(Debug)]
pub struct Query {
    outcome: Outcome,
    looks: u32,
    stopped: bool,
}

impl Query {
    /// Creates a query from the input of StartQuery.
    ///
    /// # Errors
    /// `MalformedQueryException` with the position in the query, or another refusal of AWS.
    pub fn from_input(here: Here, input: &Value) -> Result<Self, ApiError> {
        let names = groups(input)?;
        let (start, end) = match (input["startTime"].as_i64(), input["endTime"].as_i64()) {
            (Some(start), Some(end)) if start <= end => (start, end),
            (Some(_), Some(_)) => return Err(invalid("End time should not be less than start time.")),
            _ => return Err(invalid("startTime and endTime must be given.")),
        };
        let limit = match input["limit"].as_i64() {
            None => None,
            Some(limit) if (1..=RESULTS as i64).contains(&limit) => usize::try_from(limit).ok(),
            Some(_) => return Err(invalid(format!("limit must be a number from 1 to {RESULTS}."))),
        };
        let program = Program::parse(text(input, "queryString").unwrap_or_default()).map_err(malformed)?;
        let mut groups = Vec::new();
        for name in names {
            let (name, group) = input::group(here, "StartQuery", &json!({ "logGroupName": name }))?;
            input::decrypted(here, group)?;
            groups.push((name, group));
        }
        // Seconds since the epoch; milliseconds would mean the far future, as at AWS.
        let range = (start.saturating_mul(1_000), end.saturating_mul(1_000).saturating_add(999));
        let outcome = run::run(&program, here, &groups, range, limit.unwrap_or(RESULTS));
        Ok(Self { outcome, looks: 0, stopped: false })
    }

    fn is_running(&self) -> bool {
        !self.stopped && self.looks < LOOKS
    }

    fn status(&self) -> &'static str {
        match self.looks {
            _ if self.stopped => "Cancelled",
            0 | 1 => "Scheduled",
            2..LOOKS => "Running",
            _ => "Complete",
        }
    }
}

/// The queries of an account, oldest first.
#[derive(Debug, Default)]
pub struct Queries {
    known: VecDeque<(String, Query)>,
    started: u64,
}

impl Queries {
    /// Starts a query.
    ///
    /// # Errors
    /// `LimitExceededException` if too many are running.
    pub fn start(&mut self, query: Query) -> Result<Value, ApiError> {
        let running = self.known.iter().filter(|(_, query)| query.is_running()).count();
        if running >= AT_ONCE {
            let message = format!("Account maximum query concurrency limit of [{AT_ONCE}] reached.");
            return Err(ApiError::client("LimitExceededException", message));
        }
        while self.known.len() - running >= KEPT {
            let Some(oldest) = self.known.iter().position(|(_, query)| !query.is_running()) else { break };
            self.known.remove(oldest);
        }
        self.started += 1;
        let id = Rng::stream(self.started, "query").uuid();
        self.known.push_back((id.clone(), query));
        Ok(json!({ "queryId": id }))
    }

    /// The results of a query so far; every poll lets it progress.
    ///
    /// # Errors
    /// `ResourceNotFoundException` without such a query.
    pub fn results(&mut self, input: &Value) -> Result<Value, ApiError> {
        let query = self.query(input)?;
        query.looks += u32::from(query.is_running());
        let (part, whole) = (query.looks.saturating_sub(1), LOOKS - 1);
        Ok(query.outcome.json(query.status(), part, whole))
    }

    /// Stops a query.
    ///
    /// # Errors
    /// `ResourceNotFoundException` without such a query, `InvalidParameterException` when it has ended.
    pub fn stop(&mut self, input: &Value) -> Result<Value, ApiError> {
        let query = self.query(input)?;
        if !query.is_running() {
            return Err(invalid("Query is not in Running or Scheduled status."));
        }
        query.stopped = true;
        Ok(json!({ "success": true }))
    }

    fn query(&mut self, input: &Value) -> Result<&mut Query, ApiError> {
        let id = text(input, "queryId").unwrap_or_default();
        let found = self.known.iter_mut().find(|(known, _)| known == id).map(|(_, query)| query);
        found.ok_or_else(|| ApiError::client("ResourceNotFoundException", format!("Query {id} does not exist.")))
    }
}

/// The names of the groups to search, which can be given in one of three ways.
fn groups(input: &Value) -> Result<Vec<&str>, ApiError> {
    let one = text(input, "logGroupName").map(|name| vec![name]);
    let list = |member: &str| {
        let list = input[member].as_array();
        list.map(|list| list.iter().filter_map(Value::as_str).map(input::group_name).collect::<Vec<_>>())
    };
    let given: Vec<_> = [one, list("logGroupNames"), list("logGroupIdentifiers")].into_iter().flatten().collect();
    if input["logGroupIdentifiers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|id| id.ends_with(":*"))
    {
        return Err(invalid(
            "1 validation error detected: Value at 'logGroupIdentifiers' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\w#+=/:,.@-]*",
        ));
    }
    match <[Vec<&str>; 1]>::try_from(given) {
        Ok([names]) if (1..=GROUPS).contains(&names.len()) => Ok(names),
        Ok([names]) => Err(invalid(format!("A query takes 1 to {GROUPS} log groups, not {}.", names.len()))),
        Err(_) => Err(invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be given.")),
    }
}

fn malformed(error: language::Malformed) -> ApiError {
    let details = json!({ "queryCompileError": {
        "location": { "startCharOffset": error.from, "endCharOffset": error.to },
        "message": error.message,
    } });
    ApiError { details, ..ApiError::client("MalformedQueryException", error.message) }
}
