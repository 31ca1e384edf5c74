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
use crate::retry::{Attempt, Conflicts, Outcome, Repeat, Verdict};
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
    let (mut attempts, mut garbled) = (0, 0);
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
        garbled += u32::from(failure.outcome == Outcome::Garbled);
        let attempt = Attempt {
            outcome: failure.outcome,
            repeat: call.repeat,
            conflicts: call.conflicts,
            hint: failure.error.retry_after(),
            attempts,
            garbled,
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
        ErrorKind::Timeout => "the deadline passed",
        _ => return error.with_kind(kind),
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

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::future::pending;
    use std::sync::Arc;

    use async_trait::async_trait;
    use cloud_types::ProviderId;

    use super::*;
    use crate::{BearerToken, Body, Client, FakeTransport, Transport};

    type Server = std::collections::BTreeMap<String, u64>;

    fn client(transport: Arc<dyn Transport>) -> Client {
        let base = "http://api.test/v1".parse().unwrap();
        let builder = Client::builder(ProviderId::new("test"), base).transport(transport).seed(1);
        builder.authorize(BearerToken::new("marker-token")).build().unwrap()
    }

    /// Never answers; the request has left.
    #[derive(Debug)]
    struct Silence;

    #[async_trait]
    impl Transport for Silence {
        async fn send(&self, _: http::Request<Bytes>, _: usize) -> Result<http::Response<Body>, SendError> {
            pending().await
        }
    }

    #[tokio::test]
    async fn a_request_is_sent_as_it_was_built() {
        let fake = FakeTransport::new().answer(201, r#"{"id":1}"#);
        let request = client(fake.clone()).post("create_host", "servers").query("label", "a=b c").query("label", 2);
        let made: Server = request.header("x-token", 7).json(&[1, 2]).send().await.unwrap();
        assert_eq!(made["id"], 1);
        let sent = &fake.requests()[0];
        assert_eq!((&sent.method, sent.target.as_str()), (&Method::POST, "/v1/servers?label=a%3Db%20c&label=2"));
        assert_eq!(sent.json(), serde_json::json!([1, 2]));
        for (name, value) in [
            ("authorization", "Bearer marker-token"),
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("x-token", "7"),
        ] {
            assert_eq!(sent.headers[name], value);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_is_repeated_until_it_succeeds() {
        let fake = FakeTransport::new()
            .fail(SendError::maybe_sent("reset"))
            .answer(503, "<html>")
            .cut(http::StatusCode::OK)
            .answer_with(429, &[("retry-after", "7")], "")
            .answer(200, r#"{"id":1}"#);
        let start = tokio::time::Instant::now();
        let found: Server = client(fake.clone()).get("get_host", "servers/1").send().await.unwrap();
        assert_eq!((found["id"], fake.left()), (1, 0));
        assert!(start.elapsed() >= Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn an_unsafe_request_whose_outcome_is_unknown_is_sent_once() {
        for fake in [
            FakeTransport::new().fail(SendError::maybe_sent("reset")),
            FakeTransport::new().answer(500, ""),
            FakeTransport::new().cut(http::StatusCode::CREATED),
            FakeTransport::new().answer(201, "<html>"),
        ] {
            let error = client(fake.clone()).post("create_host", "servers").send::<Server>().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
            assert!(error.source().is_some());
            assert_eq!(fake.requests().len(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_unsafe_request_that_was_certainly_not_carried_out_is_repeated() {
        let fake = FakeTransport::new().fail(SendError::not_sent("refused")).answer(429, "").answer(201, r#"{"id":1}"#);
        client(fake.clone()).post("create_host", "servers").send::<Server>().await.unwrap();
        assert_eq!(fake.requests().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_vouched_for_is_repeated() {
        let fake = FakeTransport::new().fail(SendError::maybe_sent("reset")).answer(201, r#"{"id":1}"#);
        client(fake.clone()).post("create_host", "servers").repeatable().send::<Server>().await.unwrap();
        assert_eq!(fake.requests().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn conflicts_are_retried_only_where_asked() {
        let busy = || FakeTransport::new().answer(423, "").answer(200, "");
        let refused = client(busy()).post("start_host", "servers/1/start").send_empty().await.unwrap_err();
        assert_eq!((refused.kind(), refused.status()), (ErrorKind::Conflict, Some(423)));
        client(busy()).post("start_host", "servers/1/start").retry_conflicts().send_empty().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_ends_at_the_deadline_by_what_a_repeat_may_do() {
        let start = tokio::time::Instant::now();
        let read = client(Arc::new(Silence)).get("get_host", "servers/1").deadline(Duration::from_secs(10));
        assert_eq!(read.send_empty().await.unwrap_err().kind(), ErrorKind::Timeout);
        let create = client(Arc::new(Silence)).post("create_host", "servers").deadline(Duration::from_secs(10));
        assert_eq!(create.send_empty().await.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        assert!(start.elapsed() < Duration::from_secs(21));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_longer_than_the_deadline_is_the_callers() {
        let fake = FakeTransport::new().answer_with(429, &[("retry-after", "600"), ("x-request-id", "r-1")], "");
        let start = tokio::time::Instant::now();
        let error = client(fake).get("get_host", "servers/1").send_empty().await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(600))));
        assert_eq!((error.request_id(), error.operation()), (Some("r-1"), Some("get_host")));
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_never_understood_is_unexpected_and_names_the_field() {
        let fake = FakeTransport::new().answer(200, r#"{"id":"marker"}"#);
        let fake = (0..3).fold(fake, |fake, _| fake.answer(200, r#"{"id":"marker"}"#));
        let error = client(fake.clone()).get("get_host", "servers/1").send::<Server>().await.unwrap_err();
        assert_eq!((error.kind(), fake.left()), (ErrorKind::Unexpected, 0));
        assert!(error.message().ends_with("id: expected u64 at line 1 column 14"), "{error}");
        assert!(!format!("{error:?}").contains("marker"));
    }

    #[tokio::test]
    async fn a_path_that_leaves_the_base_is_refused_before_it_is_sent() {
        let error = client(FakeTransport::new()).delete("delete_host", "servers/../images/1").send_empty().await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidRequest);
    }

    #[test]
    fn nothing_secret_is_in_debug() {
        let client = client(FakeTransport::new());
        let request = client.post("create_host", "servers").query("token", "marker").json(&"marker");
        assert!(!format!("{client:?} {:?} {request:?}", client.0.authorize).contains("marker"));
    }
}
