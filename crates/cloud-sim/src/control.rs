//! `/_sim/…`: what tests ask a simulator itself. Needs no token and meets no faults.

use http::{Method, StatusCode};
use serde_json::json;

use crate::exchange::Shared;
use crate::{Face, FaultRule, Reply, Request};

/// The answer to a request below `/_sim`; `None` for any other request.
pub(crate) fn answer<F: Face>(shared: &Shared<F>, request: &Request) -> Option<Reply> {
    let segments = request.segments();
    let ["_sim", rest @ ..] = segments.as_slice() else {
        return None;
    };
    Some(match (&request.method, rest) {
        (&Method::GET, ["world"]) => {
            let world = shared.world();
            let body = json!({
                "now": shared.clock.now(),
                "counts": world.counts(),
                "world": &*world,
            });
            Reply::json(StatusCode::OK, &body)
        }
        (&Method::GET, ["stats"]) => Reply::json(StatusCode::OK, &shared.stats()),
        (&Method::POST, ["faults"]) => add_rules(shared, request),
        (&Method::DELETE, ["faults"]) => {
            shared.clear_faults();
            Reply::empty(StatusCode::NO_CONTENT)
        }
        _ => Reply::json(StatusCode::NOT_FOUND, &json!({"error": "no such control"})),
    })
}

/// Adds one rule or an array of rules.
fn add_rules<F: Face>(shared: &Shared<F>, request: &Request) -> Reply {
    let rules = serde_json::from_slice::<Vec<FaultRule>>(&request.body)
        .or_else(|_| serde_json::from_slice(&request.body).map(|rule| vec![rule]));
    match rules {
        Ok(rules) => {
            let added = rules.len();
            rules.into_iter().for_each(|rule| shared.inject(rule));
            Reply::json(StatusCode::CREATED, &json!({"added": added}))
        }
        Err(error) => {
            let body = json!({"error": error.to_string()});
            Reply::json(StatusCode::BAD_REQUEST, &body)
        }
    }
}
