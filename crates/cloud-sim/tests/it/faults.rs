//! Faults: each kind as a client meets it, and what it leaves in the world.

use cloud_sim::{Fault, FaultRule, Hostile, RateLimit, SimConfig, When};
use cloud_world::Kind;
use serde_json::{Value, json};

use crate::support::{Hetzner, server};

async fn with_fault(fault: Fault) -> Hetzner {
    let hetzner = Hetzner::start().await;
    hetzner.sim.inject(FaultRule::once(fault, "POST", "/servers"));
    hetzner
}

fn hosts(hetzner: &Hetzner) -> usize {
    hetzner.sim.world().hosts.len()
}

#[tokio::test]
async fn a_lost_answer_leaves_the_server_made() {
    let hetzner = with_fault(Fault::AnswerLost).await;
    let lost = hetzner.try_call("POST", "/servers", &server("a")).await;
    assert!(lost.unwrap_err().is_request());
    assert_eq!(hosts(&hetzner), 1);
    let again = hetzner.post("/servers", server("a")).await;
    assert_eq!(again.code(), "uniqueness_error");
}

#[tokio::test]
async fn a_reset_leaves_nothing() {
    let hetzner = with_fault(Fault::Reset).await;
    let error = hetzner.try_call("POST", "/servers", &server("a")).await.unwrap_err();
    assert!(format!("{error:?}").contains("reset"), "{error:?}");
    assert_eq!(hosts(&hetzner), 0);
    assert_eq!(hetzner.post("/servers", server("a")).await.status, 201);
}

#[tokio::test]
async fn a_failure_strikes_before_or_after_the_change() {
    for (when, made) in [(When::Before, 0), (When::After, 1)] {
        for (status, code) in [(500, "server_error"), (502, "bad_gateway"), (504, "timeout")] {
            let hetzner = with_fault(Fault::Status(status, when)).await;
            let answer = hetzner.post("/servers", server("a")).await;
            assert_eq!((answer.status, answer.code()), (status, code));
            assert!(!answer.header("x-correlation-id").is_empty());
            assert_eq!(hosts(&hetzner), made, "{status} {when:?}");
        }
    }
}

#[tokio::test]
async fn a_cut_body_is_an_error_while_reading() {
    let hetzner = with_fault(Fault::CutBody).await;
    let request = hetzner.request("POST", "/servers").json(&server("a"));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 201);
    let announced = response.content_length().unwrap();
    assert!(announced > 1000);
    assert!(response.bytes().await.is_err());
    assert_eq!(hosts(&hetzner), 1);
}

#[tokio::test]
async fn a_page_for_people_is_no_json() {
    for status in [200, 502] {
        let hetzner = with_fault(Fault::NotJson(status)).await;
        let answer = hetzner.post("/servers", server("a")).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "text/html"));
        assert_eq!(answer.body, Value::Null);
        assert_eq!(hosts(&hetzner), 1);
    }
}

#[tokio::test]
async fn a_slow_answer_comes_late_in_simulated_time() {
    let config = SimConfig { speed: 1000.0, ..SimConfig::default() };
    let hetzner = Hetzner::with(config).await;
    hetzner.sim.inject(FaultRule::once(Fault::Slow(20.0), "GET", "/servers"));
    let before = hetzner.sim.clock().now();
    hetzner.get("/servers").await;
    let took = hetzner.sim.clock().now().duration_since(before).as_secs();
    assert!(took >= 20, "{took}");
}

#[tokio::test]
async fn a_lagging_server_is_seen_late_and_its_name_is_taken_at_once() {
    let hetzner = with_fault(Fault::Lag(30.0)).await;
    let made = hetzner.post("/servers", server("a")).await;
    let path = format!("/servers/{}", made.body["server"]["id"]);
    assert_eq!(hetzner.get(&path).await.code(), "not_found");
    let list = hetzner.get("/servers?name=a").await.body;
    assert_eq!(list["servers"], json!([]));
    assert_eq!(hetzner.post("/servers", server("a")).await.code(), "uniqueness_error");
    hetzner.pass_minutes(1);
    assert_eq!(hetzner.get(&path).await.status, 200);
    hetzner.sim.inject(FaultRule::once(Fault::Lag(30.0), "DELETE", "/servers/{id}"));
    hetzner.delete(&path).await;
    assert_eq!(hetzner.get(&path).await.code(), "not_found");
    let list = hetzner.get("/servers?name=a").await.body;
    assert_eq!(list["servers"].as_array().unwrap().len(), 1);
    hetzner.pass_minutes(1);
    let list = hetzner.get("/servers").await.body;
    assert_eq!(list["servers"], json!([]));
}

#[tokio::test]
async fn capacity_and_quota_come_back_after_a_while() {
    for (fault, code) in
        [(Fault::NoCapacity(30.0), "resource_unavailable"), (Fault::QuotaFull(30.0), "resource_limit_exceeded")]
    {
        let hetzner = with_fault(fault).await;
        assert_eq!(hetzner.post("/servers", server("a")).await.code(), code);
        assert_eq!(hetzner.post("/servers", server("a")).await.code(), code);
        hetzner.pass_minutes(1);
        assert_eq!(hetzner.post("/servers", server("a")).await.status, 201);
    }
}

#[tokio::test]
async fn hostile_answers_are_what_their_names_say() {
    let hetzner = Hetzner::start().await;
    for name in ["a", "b"] {
        hetzner.post("/servers", server(name)).await;
    }
    let spoiled = async |hostile| {
        hetzner.sim.inject(FaultRule::once(Fault::Hostile(hostile), "GET", "/servers"));
        let request = hetzner.request("GET", "/servers?page=1&per_page=1");
        request.send().await.unwrap().bytes().await.unwrap()
    };
    assert!(spoiled(Hostile::HugeBody).await.len() >= 10_000_000);
    assert!(spoiled(Hostile::DeepNesting).await.starts_with(&[b'['; 10_000]));
    assert!(std::str::from_utf8(&spoiled(Hostile::InvalidUtf8).await).is_err());
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    let wrong = read(&spoiled(Hostile::WrongTypes).await);
    assert!(wrong["servers"][0]["id"].is_string());
    let endless = read(&spoiled(Hostile::EndlessPages).await);
    assert_eq!(endless["meta"]["pagination"]["next_page"], 2);
    let repeated = read(&spoiled(Hostile::RepeatedPage).await);
    assert_eq!(repeated["meta"]["pagination"]["next_page"], 1);
}

#[tokio::test]
async fn chance_meets_many_kinds_and_everything_succeeds_in_the_end() {
    let config = SimConfig { speed: 2000.0, faults: 0.5, ..SimConfig::default() };
    let hetzner = Hetzner::with(config).await;
    for number in 0..60 {
        let body = server(&format!("h{number}"));
        for attempt in 0.. {
            assert!(attempt < 200, "h{number} never succeeds");
            match hetzner.try_call("POST", "/servers", &body).await {
                Ok(answer) if answer.status == 201 || answer.code() == "uniqueness_error" => break,
                _ => hetzner.sim.clock().jump(std::time::Duration::from_secs(10)),
            }
        }
    }
    assert_eq!(hetzner.sim.world().counts()[&Kind::Host], 60);
    let stats = hetzner.sim.stats();
    assert!(stats.faults.len() >= 14, "{:?}", stats.faults);
    assert_eq!(stats.rate_limited, 0);
}

#[tokio::test]
async fn an_empty_bucket_answers_429_until_time_passes() {
    let config =
        SimConfig { rate_limit: RateLimit { initial: Some(2), ..RateLimit::default() }, ..SimConfig::default() };
    let hetzner = Hetzner::with(config).await;
    let first = hetzner.get("/locations").await;
    assert_eq!(first.header("ratelimit-limit"), "3600");
    assert_eq!(first.header("ratelimit-remaining"), "1");
    let reset: i64 = first.header("ratelimit-reset").parse().unwrap();
    let wait = reset - hetzner.sim.clock().now().as_second();
    assert!((3597..=3600).contains(&wait), "{wait}");
    hetzner.get("/locations").await;
    let refused = hetzner.get("/locations").await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limit_exceeded"));
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    assert_eq!(hetzner.sim.stats().rate_limited, 1);
    hetzner.pass_minutes(1);
    assert_eq!(hetzner.get("/locations").await.status, 200);
}

#[tokio::test]
async fn the_control_paths_need_no_token_and_meet_no_faults() {
    let config = SimConfig { faults: 1.0, token: Some("secret".to_owned()), ..SimConfig::default() };
    let hetzner = Hetzner::with(config).await;
    hetzner.sim.clear_faults();
    let control = format!("{}/_sim", hetzner.sim.url());
    let http = reqwest::Client::new();
    let rule = json!({"fault": {"status": [503, "before"]}, "method": "GET", "count": 1});
    let added = http.post(format!("{control}/faults")).json(&rule).send();
    assert_eq!(added.await.unwrap().status(), 201);
    let wrong = http.post(format!("{control}/faults")).json(&json!({"fault": "x"})).send();
    assert_eq!(wrong.await.unwrap().status(), 400);
    let request = |token: &str| {
        let url = format!("{}/v1/servers", hetzner.sim.url());
        http.get(url).bearer_auth(token).send()
    };
    assert_eq!(request("secret").await.unwrap().status(), 503);
    assert_eq!(request("secret").await.unwrap().status(), 200);
    let read = async |path: &str| {
        let response = http.get(format!("{control}/{path}")).send().await.unwrap();
        response.json::<Value>().await.unwrap()
    };
    assert_eq!(read("world").await["counts"], json!({}));
    let stats = read("stats").await;
    assert_eq!(stats["calls"]["GET /servers"], 2);
    assert_eq!(stats["faults"]["status_503_before"], 1);
}
