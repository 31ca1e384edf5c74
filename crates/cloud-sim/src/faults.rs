//! Faults: which request meets which.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::{Hostile, Request, Route};

/// Something that goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The change is made, and the connection is closed without an answer.
    AnswerLost,
    /// The change is made, and the connection stays open without an answer; chance never draws it.
    NoAnswer,
    /// The connection is reset before the request is looked at.
    Reset,
    /// An error with this status, before or after the change is made.
    Status(u16, When),
    /// The answer takes this many simulated seconds longer.
    Slow(f64),
    /// The answer breaks off in the middle of its body.
    CutBody,
    /// The change is made, and the answer with this status is a page for people.
    NotJson(u16),
    /// What the request makes or deletes is seen so only after this many simulated seconds.
    Lag(f64),
    /// The region that the request names has no capacity for this many simulated seconds.
    NoCapacity(f64),
    /// The quota of what the request makes is full for this many simulated seconds.
    QuotaFull(f64),
    /// An answer that no good server gives.
    Hostile(Hostile),
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Before the change: nothing happened.
    Before,
    /// After the change: it was made, but the client is not told so.
    After,
}

impl Fault {
    /// The name it is counted under.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::AnswerLost => "answer_lost".to_owned(),
            Self::NoAnswer => "no_answer".to_owned(),
            Self::Reset => "reset".to_owned(),
            Self::Status(status, When::Before) => format!("status_{status}_before"),
            Self::Status(status, When::After) => format!("status_{status}_after"),
            Self::Slow(_) => "slow".to_owned(),
            Self::CutBody => "cut_body".to_owned(),
            Self::NotJson(status) => format!("not_json_{status}"),
            Self::Lag(_) => "lag".to_owned(),
            Self::NoCapacity(_) => "no_capacity".to_owned(),
            Self::QuotaFull(_) => "quota_full".to_owned(),
            Self::Hostile(_) => "hostile".to_owned(),
        }
    }
}

/// Which requests meet a fault. The first rule that fits a request is the one that counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The fault.
    pub fault: Fault,
    /// The method; `None` for all.
    #[serde(default)]
    pub method: Option<String>,
    /// The path's template such as `/servers/{id}`; `None` for all.
    #[serde(default)]
    pub path: Option<String>,
    /// How many fitting requests pass before the first that meets the fault.
    #[serde(default)]
    pub skip: u32,
    /// How many requests meet the fault; `None` for no end.
    #[serde(default)]
    pub count: Option<u32>,
    /// How likely a fitting request meets it, 0 to 1.
    #[serde(default = "always")]
    pub chance: f64,
}

impl FaultRule {
    /// The next request with this method and path template meets the fault, once.
    pub fn once(fault: Fault, method: &str, path: &str) -> Self {
        Self { count: Some(1), ..Self::always(fault, method, path) }
    }

    /// Every request with this method and path template meets the fault.
    pub fn always(fault: Fault, method: &str, path: &str) -> Self {
        Self {
            fault,
            method: Some(method.to_owned()),
            path: Some(path.to_owned()),
            skip: 0,
            count: None,
            chance: always(),
        }
    }

    fn fits(&self, request: &Request, route: &Route) -> bool {
        let method = self.method.as_deref();
        let path = self.path.as_deref();
        method.is_none_or(|method| method == request.method.as_str())
            && path.is_none_or(|path| path == route.template)
            && self.count != Some(0)
    }
}

/// The rules and the chance of one simulator.
#[derive(Debug)]
pub(crate) struct Faults {
    rules: Vec<FaultRule>,
    chance: f64,
    random: fastrand::Rng,
    runs: HashMap<u64, u32>,
}

impl Faults {
    pub(crate) fn new(chance: f64, seed: u64) -> Self {
        Self {
            rules: Vec::new(),
            chance,
            random: fastrand::Rng::with_seed(seed ^ SEED_OF_FAULTS),
            runs: HashMap::new(),
        }
    }

    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    /// Forgets all rules and the overall chance.
    pub(crate) fn clear(&mut self) {
        self.rules.clear();
        self.chance = 0.0;
    }

    /// The fault that this request meets.
    pub(crate) fn meet(&mut self, request: &Request, route: &Route) -> Option<Fault> {
        self.by_rule(request, route).or_else(|| self.by_chance(request, route))
    }

    fn by_rule(&mut self, request: &Request, route: &Route) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| rule.fits(request, route))?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        if self.random.f64() >= rule.chance {
            return None;
        }
        rule.count = rule.count.map(|count| count - 1);
        Some(rule.fault)
    }

    /// Draws evenly among all faults that this request can meet. A request that is repeated gets
    /// through after a few, so that patient clients succeed in the end.
    fn by_chance(&mut self, request: &Request, route: &Route) -> Option<Fault> {
        if self.chance <= 0.0 {
            return None;
        }
        let call = fingerprint(request);
        let run = self.runs.get(&call).copied().unwrap_or(0);
        if run >= LONGEST_RUN || self.random.f64() >= self.chance {
            self.runs.remove(&call);
            return None;
        }
        self.runs.insert(call, run + 1);
        let possible = possible(request, route);
        Some(possible[self.random.usize(..possible.len())])
    }
}

/// Tells whether two requests are the same.
fn fingerprint(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&request.method, &request.path, &request.query, &request.body).hash(&mut hasher);
    hasher.finish()
}

fn possible(request: &Request, route: &Route) -> Vec<Fault> {
    let mut faults = vec![
        Fault::AnswerLost,
        Fault::Reset,
        Fault::Status(429, When::Before),
        Fault::Status(500, When::Before),
        Fault::Status(502, When::Before),
        Fault::Status(503, When::Before),
        Fault::Status(504, When::Before),
        Fault::Slow(SLOW.as_secs_f64()),
        Fault::CutBody,
        Fault::NotJson(200),
        Fault::NotJson(502),
    ];
    if route.writes {
        faults.extend([
            Fault::Status(500, When::After),
            Fault::Status(502, When::After),
            Fault::Status(504, When::After),
            Fault::Lag(LAG.as_secs_f64()),
        ]);
    }
    if route.places {
        faults.push(Fault::NoCapacity(OUTAGE.as_secs_f64()));
    }
    if route.target.is_some() && request.method == Method::POST {
        faults.push(Fault::QuotaFull(OUTAGE.as_secs_f64()));
    }
    faults
}

fn always() -> f64 {
    1.0
}

const LONGEST_RUN: u32 = 4;
const SLOW: Duration = Duration::from_secs(10);
const LAG: Duration = Duration::from_secs(5);
const OUTAGE: Duration = Duration::from_secs(20);
/// Keeps the faults' chance apart from the world's.
const SEED_OF_FAULTS: u64 = 0x5eed_fa17;

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: Method) -> (Request, Route) {
        let writes = method == Method::POST;
        let request = Request {
            method,
            path: "/v1/servers".to_owned(),
            query: Vec::new(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
            origin: String::new(),
        };
        let route =
            Route { template: "/servers".to_owned(), target: Some(cloud_world::Kind::Host), places: true, writes };
        (request, route)
    }

    #[test]
    fn a_rule_skips_strikes_and_ends() {
        let mut faults = Faults::new(0.0, 1);
        faults.add(FaultRule { skip: 1, ..FaultRule::once(Fault::Reset, "POST", "/servers") });
        let (get, route) = call(Method::GET);
        let (post, _) = call(Method::POST);
        assert_eq!(faults.meet(&get, &route), None);
        assert_eq!(faults.meet(&post, &route), None);
        assert_eq!(faults.meet(&post, &route), Some(Fault::Reset));
        assert_eq!(faults.meet(&post, &route), None);
    }

    #[test]
    fn chance_draws_every_kind_and_never_more_than_four_in_a_row() {
        let mut faults = Faults::new(0.9, 1);
        let (post, route) = call(Method::POST);
        let (mut run, mut longest) = (0, 0);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2000 {
            match faults.meet(&post, &route) {
                Some(fault) => {
                    run += 1;
                    seen.insert(fault.name());
                }
                None => run = 0,
            }
            longest = longest.max(run);
        }
        assert_eq!(longest, 4);
        assert_eq!(seen.len(), possible(&post, &route).len());
    }

    #[test]
    fn a_post_that_only_reads_meets_no_fault_of_writes() {
        let (post, route) = call(Method::POST);
        let reads = Route { target: None, places: false, writes: false, ..route.clone() };
        let of_writes = [Fault::Status(500, When::After), Fault::Lag(5.0)];
        assert!(of_writes.iter().all(|fault| possible(&post, &route).contains(fault)));
        assert!(!of_writes.iter().any(|fault| possible(&post, &reads).contains(fault)));
    }
}
