//! Faults of the Compute Engine face, as a client meets them.

use cloud_sim::{Fault, FaultRule, Hostile, RateLimit, SimConfig, When};
use cloud_world::Kind;

use crate::support::gcp::{Gcp, INSTANCES, failure, instance, reason};

const CREATE: &str = "/projects/{project}/zones/{zone}/instances";

#[tokio::test]
async fn a_lost_answer_leaves_the_instance_made() {
    let gcp = Gcp::start().await;
    gcp.sim.inject(FaultRule::once(Fault::AnswerLost, "POST", CREATE));
    assert!(gcp.try_call("POST", INSTANCES, &instance("a")).await.is_err());
    assert_eq!(gcp.sim.world().hosts.len(), 1);
    let again = gcp.post(INSTANCES, instance("a")).await;
    assert_eq!((again.status, reason(&again)), (409, "alreadyExists"));
}

#[tokio::test]
async fn a_rate_limit_is_a_403_and_now_and_then_a_429() {
    let rate_limit = RateLimit { limit: 1, per_second: 0.0001, initial: None };
    let gcp = Gcp::with(SimConfig { rate_limit, ..SimConfig::default() }).await;
    assert_eq!(gcp.get("/zones").await.status, 200);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let refused = gcp.get("/zones").await;
        assert_eq!(reason(&refused), "rateLimitExceeded");
        statuses.push(refused.status);
    }
    assert_eq!(statuses, [403, 403, 403, 429]);
    assert_eq!(gcp.sim.stats().rate_limited, 4);
}

#[tokio::test]
async fn a_failure_strikes_before_or_after_the_change() {
    for (when, made) in [(When::Before, 0), (When::After, 1)] {
        let gcp = Gcp::start().await;
        gcp.sim.inject(FaultRule::once(Fault::Status(503, when), "POST", CREATE));
        let answer = gcp.post(INSTANCES, instance("a")).await;
        assert_eq!((answer.status, reason(&answer)), (503, "backendError"));
        assert_eq!(gcp.sim.world().hosts.len(), made);
    }
}

#[tokio::test]
async fn a_full_quota_lies_inside_the_operation() {
    let gcp = Gcp::start().await;
    gcp.sim.inject(FaultRule::once(Fault::QuotaFull(20.0), "POST", CREATE));
    let ended = gcp.done("POST", INSTANCES, instance("a")).await;
    assert_eq!(failure(&ended), "QUOTA_EXCEEDED");
    assert_eq!(ended["httpErrorStatusCode"], 403);
    gcp.sim.world().quotas.insert(Kind::Firewall, 0);
    let rule = serde_json::json!({"name": "f", "allowed": [{"IPProtocol": "tcp"}]});
    let refused = gcp.post("/global/firewalls", rule).await;
    assert_eq!((refused.status, reason(&refused)), (403, "quotaExceeded"));
}

#[tokio::test]
async fn capacity_is_gone_in_the_zone_of_the_request_only() {
    let gcp = Gcp::start().await;
    gcp.sim.inject(FaultRule::once(Fault::NoCapacity(3600.0), "POST", CREATE));
    let ended = gcp.done("POST", INSTANCES, instance("a")).await;
    assert_eq!(failure(&ended), "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS");
    let world = gcp.sim.world();
    let now = gcp.sim.clock().now();
    assert!(world.is_drained("us-central1-a", now));
    assert!(!world.is_drained("us-central1-b", now) && !world.is_drained("us-central1", now));
}

#[tokio::test]
async fn readers_lag_and_writers_do_not() {
    let gcp = Gcp::start().await;
    gcp.sim.inject(FaultRule::once(Fault::Lag(86_400.0), "POST", CREATE));
    gcp.done("POST", INSTANCES, instance("a")).await;
    assert_eq!(gcp.instance("a").await.status, 404);
    let deleted = gcp.delete(&format!("{INSTANCES}/a")).await;
    assert_eq!(deleted.status, 200);
}

#[tokio::test]
async fn endless_pages_name_ever_new_ones() {
    let gcp = Gcp::start().await;
    let mut seen = std::collections::BTreeSet::new();
    let path = "/projects/{project}/zones";
    gcp.sim.inject(FaultRule::always(Fault::Hostile(Hostile::EndlessPages), "GET", path));
    let mut token = String::new();
    for _ in 0..15 {
        let page = gcp.get(&format!("/zones?pageToken={token}")).await;
        assert_eq!(page.body["kind"], "compute#zoneList");
        page.body["nextPageToken"].as_str().unwrap().clone_into(&mut token);
        assert!(seen.insert(token.clone()), "{token} twice");
    }
    gcp.sim.clear_faults();
    gcp.sim.inject(FaultRule::always(Fault::Hostile(Hostile::RepeatedPage), "GET", path));
    let page = gcp.get(&format!("/zones?pageToken={token}")).await;
    assert_eq!(page.body["nextPageToken"], token.as_str());
}
