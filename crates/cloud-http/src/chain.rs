//! The chain that every call goes through, in its order: span, deadline, rate limit, authorize, send, classify, retry.

use std::time::Duration;

use bytes::Bytes;
use cloud_types::clock::within;
use cloud_types::{Error, ErrorKind, Result};
use http::{HeaderMap, Method, Uri};
use tracing::{Instrument, debug, debug_span, warn};

use crate::classify::{self, Accept, Failure};
use crate::client::Shared;
use crate::deadline::Deadline;
use crate::limit::Turn;
use crate::retry::{Attempt, Conflicts, Repeat, Verdict};
use crate::transport::SendError;

/// One call, whole and checked.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) repeat: Repeat,
    pub(crate) conflicts: Conflicts,
    pub(crate) deadline: Duration,
}

/// Runs `call` to its end and hands the body of its success to `accept`.
pub(crate) async fn run(client: &Shared, call: &Call, accept: Accept<'_>) -> Result<HeaderMap> {
    // Allow-listed: no query, no header, no body.
    let span = debug_span!(
        "call",
        provider = %client.provider,
        operation = call.operation,
        method = %call.method,
        path = call.uri.path(),
    );
    attempts(client, call, accept)
        .instrument(span)
        .await
        .map_err(|error| error.with_provider(&client.provider).with_operation(call.operation))
}

async fn attempts(client: &Shared, call: &Call, mut accept: Accept<'_>) -> Result<HeaderMap> {
    let clock = &*client.clock;
    let mut deadline = Deadline::after(clock, call.deadline);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let turn = take_turn(client, &mut deadline).await?;
        let request = authorized(client, call, deadline).await?;
        let started = clock.monotonic();
        let answer = send(client, request, deadline, turn).await;
        let sorted = answer
            .map_err(classify::unanswered)
            .and_then(|answer| classify::classify(&*client.errors, clock, answer, &mut accept));
        let millis = (clock.monotonic().saturating_sub(started)).as_millis();
        let failure = match sorted {
            Ok(headers) => {
                debug!(attempt = attempts, millis, request_id = client.errors.request_id(&headers), "succeeded");
                return Ok(headers);
            }
            Err(failure) => failure,
        };
        let attempt = Attempt {
            outcome: failure.outcome,
            repeat: call.repeat,
            conflicts: call.conflicts,
            hint: failure.error.retry_after(),
            attempts,
            left: deadline.left(clock),
        };
        match client.retry.verdict(&attempt, client.roll()) {
            Verdict::RetryAfter(wait) => {
                let Failure { outcome, error } = &failure;
                let (status, request_id) = (error.status(), error.request_id());
                warn!(attempt = attempts, millis, status, request_id, ?outcome, ?wait, "failed, trying again");
                clock.sleep(wait).await;
            }
            verdict => {
                let Failure { outcome, error } = failure;
                let (status, request_id) = (error.status(), error.request_id());
                debug!(attempt = attempts, millis, status, request_id, ?outcome, "failed");
                return Err(match verdict {
                    Verdict::GiveUp(kind) => given_up(kind, error),
                    Verdict::Return | Verdict::RetryAfter(_) => error,
                });
            }
        }
    }
}

/// Rate limit: waits for a place in the budget. The wait does not count against the deadline but has its own bound.
async fn take_turn<'a>(client: &'a Shared, deadline: &mut Deadline) -> Result<Turn<'a>> {
    let clock = &*client.clock;
    let before = clock.monotonic();
    let turn = within(clock, client.patience, client.limiter.turn(clock)).await.ok_or_else(|| {
        let message = "the wait for a place in the provider's request budget took too long";
        Error::new(ErrorKind::RateLimited, message)
    })?;
    deadline.extend(clock.monotonic().saturating_sub(before));
    Ok(turn)
}

/// Authorize: a fresh request with credentials. Only the reference counts of body and URI are copied.
async fn authorized(client: &Shared, call: &Call, deadline: Deadline) -> Result<http::Request<Bytes>> {
    let mut request = http::Request::new(call.body.clone());
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = call.uri.clone();
    *request.headers_mut() = call.headers.clone();
    let left = deadline.left(&*client.clock);
    match within(&*client.clock, left, client.authorize.authorize(&mut request)).await {
        Some(done) => done.map(|()| request),
        None => Err(Error::new(ErrorKind::Timeout, "the credentials were not ready before the deadline")),
    }
}

/// Send: one attempt, within its time. What it tells about the budget goes back to the limiter.
async fn send(
    client: &Shared,
    request: http::Request<Bytes>,
    deadline: Deadline,
    mut turn: Turn<'_>,
) -> Result<http::Response<crate::Body>, SendError> {
    let clock = &*client.clock;
    let limit = client.retry.time_for_attempt(deadline.left(clock));
    turn.sending();
    let sent = within(clock, limit, client.transport.send(request, client.max_body)).await;
    let sent = sent.unwrap_or_else(|| Err(SendError::maybe_sent("no answer in the time given")));
    turn.settle(&sent);
    sent
}

/// The error of another kind that an attempt's error ends as.
fn given_up(kind: ErrorKind, error: Error) -> Error {
    let context = match kind {
        ErrorKind::OutcomeUnknown => "the request may have been carried out",
        ErrorKind::Timeout => "no answer before the deadline",
        _ => "given up",
    };
    let mut outer = Error::new(kind, format!("{context}: {}", error.message()));
    if let Some(status) = error.status() {
        outer = outer.with_status(status);
    }
    if let Some(code) = error.code() {
        outer = outer.with_code(code);
    }
    if let Some(id) = error.request_id() {
        outer = outer.with_request_id(id);
    }
    outer.with_source(error)
}
