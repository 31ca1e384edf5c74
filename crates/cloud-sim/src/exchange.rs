//! One request from arrival to answer: checks, rate limit, faults, the face, the record.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use cloud_world::{Kind, Lag, World};
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

use crate::body::{NoAnswer, ReplyBody};
use crate::faults::Faults;
use crate::rate::{Bucket, Level};
use crate::record::Recorder;
use crate::{Clock, Exchange, Face, Fault, FaultRule, Reply, Request, Route, SimConfig, Stats, When};

/// What all connections of one simulator share.
#[derive(Debug)]
pub(crate) struct Shared<F> {
    face: F,
    pub(crate) clock: Clock,
    world: Mutex<World>,
    bucket: Mutex<Bucket>,
    faults: Mutex<Faults>,
    stats: Mutex<Stats>,
    recorder: Option<Recorder>,
}

impl<F: Face> Shared<F> {
    pub(crate) fn new(config: &SimConfig) -> io::Result<Arc<Self>> {
        let start = config.start.unwrap_or_else(Timestamp::now);
        Ok(Arc::new(Self {
            face: F::new(config),
            clock: Clock::new(config.speed, start),
            world: Mutex::new(World::new(F::settings(config))),
            bucket: Mutex::new(Bucket::new(config.rate_limit, start)),
            faults: Mutex::new(Faults::new(config.faults, config.seed)),
            stats: Mutex::default(),
            recorder: config.record.as_deref().map(Recorder::open).transpose()?,
        }))
    }

    /// The world at this moment.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().expect("the world's holders do not panic");
        world.advance(self.clock.now());
        world
    }

    pub(crate) fn stats(&self) -> Stats {
        self.lock_stats().clone()
    }

    pub(crate) fn inject(&self, rule: FaultRule) {
        self.lock_faults().add(rule);
    }

    pub(crate) fn clear_faults(&self) {
        self.lock_faults().clear();
    }

    /// Answers one request, or closes the connection.
    pub(crate) async fn handle(&self, request: Request) -> Result<Response<ReplyBody>, NoAnswer> {
        if let Some(reply) = crate::control::answer(self, &request) {
            return Ok(respond(reply, Vec::new()));
        }
        let route = self.face.route(&request);
        let call = format!("{} {}", request.method, route.template);
        self.lock_stats().count_call(call);
        let (level, refusal) = self.admit(&request);
        if let Some(reply) = refusal {
            self.record(&request, &route, &reply, None);
            return Ok(respond(reply, self.face.rate_headers(&level)));
        }
        let fault = self.lock_faults().meet(&request, &route);
        if let Some(fault) = fault {
            self.lock_stats().count_fault(&fault.name());
        }
        self.answer_under(fault, &request, &route, level).await
    }

    async fn answer_under(
        &self,
        fault: Option<Fault>,
        request: &Request,
        route: &Route,
        level: Level,
    ) -> Result<Response<ReplyBody>, NoAnswer> {
        let reply = match fault {
            Some(Fault::Reset) => return Err(NoAnswer::Reset),
            Some(Fault::Status(status, When::Before)) => self.failure(request, status, &level),
            _ => {
                self.hold(request).await;
                self.answer(fault, request, route)
            }
        };
        let reply = match fault {
            Some(Fault::AnswerLost) => {
                self.record(request, route, &reply, fault);
                return Err(NoAnswer::Closed);
            }
            Some(Fault::NoAnswer) => {
                self.record(request, route, &reply, fault);
                // Until the client gives up and closes the connection.
                return std::future::pending().await;
            }
            Some(Fault::Status(status, When::After)) => self.failure(request, status, &level),
            Some(Fault::NotJson(status)) => page_for_people(status),
            Some(Fault::Hostile(hostile)) => hostile.spoil(request, reply),
            _ => reply,
        };
        if let Some(Fault::Slow(seconds)) = fault {
            self.clock.sleep(span(seconds)).await;
        }
        self.record(request, route, &reply, fault);
        let cut = fault == Some(Fault::CutBody) && !reply.body.is_empty();
        let body = cut.then(|| ReplyBody::cut(&reply.body));
        let mut response = respond(reply, self.face.rate_headers(&level));
        if let Some(body) = body {
            *response.body_mut() = body;
        }
        Ok(response)
    }

    async fn hold(&self, request: &Request) {
        let until = {
            let world = self.world();
            self.face.hold(request, &world, self.clock.now())
        };
        if let Some(until) = until {
            self.clock.sleep_until(until).await;
        }
    }

    /// The face's answer, with those faults that lie in the world itself.
    fn answer(&self, fault: Option<Fault>, request: &Request, route: &Route) -> Reply {
        let mut world = self.world();
        let now = self.clock.now();
        let until = |seconds| now + span(seconds);
        let lag = world.lag;
        match fault {
            Some(Fault::Lag(seconds)) => {
                let longest = span(seconds);
                world.lag = Lag { create: longest, delete: longest, chance: 1.0 };
            }
            Some(Fault::NoCapacity(seconds)) => {
                let places = self.face.places(request, &world);
                drain(&mut world, places, until(seconds));
            }
            Some(Fault::QuotaFull(seconds)) => {
                world.fill_quota(route.target.unwrap_or(Kind::Host), until(seconds));
            }
            _ => {}
        }
        let reply = self.face.answer(request, &mut world, now);
        world.lag = lag;
        reply
    }

    fn admit(&self, request: &Request) -> (Level, Option<Reply>) {
        let refusal = self.face.refuse(request);
        let now = self.clock.now();
        let level = self.bucket.lock().expect("no holder of this lock panics").take(now);
        if refusal.is_none() && !level.taken {
            self.lock_stats().rate_limited += 1;
            return (level, Some(self.face.over_limit(request, &level)));
        }
        (level, refusal)
    }

    fn failure(&self, request: &Request, status: u16, level: &Level) -> Reply {
        match StatusCode::from_u16(status) {
            Ok(StatusCode::TOO_MANY_REQUESTS) => self.face.over_limit(request, level),
            Ok(status) => self.face.failure(request, status),
            Err(_) => self.face.failure(request, StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn record(&self, request: &Request, route: &Route, reply: &Reply, fault: Option<Fault>) {
        let Some(recorder) = &self.recorder else {
            return;
        };
        let query = if is_form(request) { Vec::new() } else { request.query.clone() };
        recorder.write(&Exchange {
            face: F::NAME.to_owned(),
            method: request.method.to_string(),
            path: request.path.clone(),
            path_template: route.template.clone(),
            query,
            request_body: request_body(request),
            status: reply.status.as_u16(),
            response_body: response_body(reply),
            fault: fault.map(Fault::name),
        });
    }

    fn lock_stats(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().expect("no holder of this lock panics")
    }

    fn lock_faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().expect("no holder of this lock panics")
    }
}

/// Whether the request is a form, in its body or, where there is none, in its query.
fn is_form(request: &Request) -> bool {
    let kind = request.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) || request.param("Action").is_some()
}

/// A form is written down as an object of texts.
fn request_body(request: &Request) -> Value {
    if is_form(request) {
        return request.form().into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    }
    serde_json::from_slice(&request.body).unwrap_or(Value::Null)
}

/// XML is written down as its text.
fn response_body(reply: &Reply) -> Value {
    if reply.content_type.contains("xml") {
        return Value::String(String::from_utf8_lossy(&reply.body).into_owned());
    }
    serde_json::from_slice(&reply.body).unwrap_or(Value::Null)
}

/// Takes the capacity of these places away, or of all regions where there is none.
fn drain(world: &mut World, mut places: Vec<String>, until: Timestamp) {
    if places.is_empty() {
        places = world.catalog.regions.iter().map(|region| region.name.clone()).collect();
    }
    for place in places {
        world.drain_region(place, until);
    }
}

/// The span that a rule names, at most a day: rules come from outside.
fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(Duration::ZERO, |span| span.min(LONGEST_SPAN))
}

fn page_for_people(status: u16) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    Reply {
        status,
        headers: Vec::new(),
        content_type: "text/html",
        body: "<html><body><h1>Something is wrong</h1></body></html>".into(),
    }
}

fn respond(reply: Reply, rate: Vec<(&'static str, String)>) -> Response<ReplyBody> {
    let mut builder = Response::builder().status(reply.status);
    if !reply.body.is_empty() {
        builder = builder.header(http::header::CONTENT_TYPE, reply.content_type);
    }
    for (name, value) in rate.into_iter().chain(reply.headers) {
        builder = builder.header(name, value);
    }
    builder.body(ReplyBody::whole(reply.body)).expect("a face's headers are valid")
}

const LONGEST_SPAN: Duration = Duration::from_secs(86_400);
