//! Everything beside servers, over HTTP: tokens, pages, keys, volumes, addresses, firewalls.

use cloud_sim::SimConfig;
use serde_json::{Value, json};

use crate::support::{Hetzner, public_key, server};

#[tokio::test]
async fn tokens_are_checked_after_the_path() {
    let config = SimConfig {
        token: Some("token".to_owned()),
        read_only_token: Some("reader".to_owned()),
        ..SimConfig::default()
    };
    let hetzner = Hetzner::with(config).await;
    let http = reqwest::Client::new();
    let call = async |method: &str, path: &str, token: Option<&str>| {
        let url = format!("{}/v1{path}", hetzner.sim.url());
        let mut request = http.request(method.parse().unwrap(), url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        assert!(response.headers().contains_key("x-correlation-id"));
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        let code = body["error"]["code"].as_str().unwrap_or_default().to_owned();
        (status, code)
    };
    let expected = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(call("GET", "/nowhere", None).await, expected(404, "not_found"));
    assert_eq!(call("GET", "/servers", None).await, expected(401, "unauthorized"));
    assert_eq!(call("GET", "/servers", Some("x")).await, expected(401, "unauthorized"));
    assert_eq!(call("GET", "/servers", Some("token")).await, expected(200, ""));
    assert_eq!(call("GET", "/servers", Some("reader")).await, expected(200, ""));
    assert_eq!(call("POST", "/servers", Some("reader")).await, expected(401, "token_readonly"));
}

#[tokio::test]
async fn a_body_that_is_no_json_is_a_json_error() {
    let hetzner = Hetzner::start().await;
    let request = hetzner.request("POST", "/servers").body("{\"name\":");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 400);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], "json_error");
}

#[tokio::test]
async fn pages_cover_a_list_without_gaps() {
    let hetzner = Hetzner::start().await;
    for number in 0..7 {
        hetzner.post("/servers", server(&format!("h{number}"))).await;
    }
    let mut names = Vec::new();
    let mut page = json!(1);
    while !page.is_null() {
        let path = format!("/servers?page={page}&per_page=3&sort=name:desc");
        let answer = hetzner.get(&path).await;
        let servers = answer.body["servers"].as_array().unwrap().iter();
        names.extend(servers.map(|one| one["name"].as_str().unwrap().to_owned()));
        let pagination = &answer.body["meta"]["pagination"];
        assert_eq!((&pagination["last_page"], &pagination["total_entries"]), (&json!(3), &json!(7)));
        let has_next = answer.header("link").contains("rel=\"next\"");
        assert_eq!(has_next, !pagination["next_page"].is_null());
        page = pagination["next_page"].clone();
    }
    assert_eq!(names, ["h6", "h5", "h4", "h3", "h2", "h1", "h0"]);
    for query in ["page=0", "per_page=51", "per_page=x", "sort=colour", "status=fine", "label_selector=a%3Db%3Dc"] {
        let refused = hetzner.get(&format!("/servers?{query}")).await;
        assert_eq!(refused.code(), "invalid_input", "{query}");
    }
    let beyond = hetzner.get("/servers?page=99").await;
    assert_eq!((beyond.status, &beyond.body["servers"]), (200, &json!([])));
}

#[tokio::test]
async fn label_selectors_filter_servers() {
    let hetzner = Hetzner::start().await;
    for (name, env) in [("a", "prod"), ("b", "dev"), ("c", "dev")] {
        let mut body = server(name);
        body["labels"] = json!({"env": env});
        hetzner.post("/servers", body).await;
    }
    for (selector, count) in [("env", 3), ("env=dev", 2), ("env!=dev", 1), ("env%20in%20(prod,x)", 1)] {
        let found = hetzner.get(&format!("/servers?label_selector={selector}")).await;
        assert_eq!(found.body["servers"].as_array().unwrap().len(), count, "{selector}");
    }
}

#[tokio::test]
async fn labels_are_replaced_as_a_whole() {
    let hetzner = Hetzner::start().await;
    let mut body = server("a");
    body["labels"] = json!({"one": "1", "two": "2"});
    let made = hetzner.post("/servers", body).await;
    let path = format!("/servers/{}", made.body["server"]["id"]);
    let changed = hetzner.call("PUT", &path, json!({"labels": {"three": "3"}})).await;
    assert_eq!(changed.body["server"]["labels"], json!({"three": "3"}));
    assert_eq!(changed.body["server"]["name"], "a");
}

#[tokio::test]
async fn ssh_keys_are_unique_by_name_and_by_key() {
    let hetzner = Hetzner::start().await;
    let add = async |name: &str, key: String| hetzner.post("/ssh_keys", json!({"name": name, "public_key": key})).await;
    let made = add("a", public_key(1)).await;
    assert_eq!(made.status, 201);
    let fingerprint = made.body["ssh_key"]["fingerprint"].as_str().unwrap();
    assert_eq!(fingerprint.split(':').count(), 16);
    let found = hetzner.get(&format!("/ssh_keys?fingerprint={fingerprint}")).await;
    assert_eq!(found.body["ssh_keys"][0]["name"], "a");
    for (name, key, field) in [("a", public_key(2), "name"), ("b", public_key(1), "public_key")] {
        let refused = add(name, key).await;
        assert_eq!((refused.status, refused.code()), (409, "uniqueness_error"));
        assert_eq!(refused.body["error"]["details"]["fields"][0]["name"], field);
    }
    assert_eq!(add("c", "ssh-ed25519 nonsense".to_owned()).await.code(), "invalid_input");
    let mut body = server("with-key");
    body["ssh_keys"] = json!(["a"]);
    let made = hetzner.post("/servers", body).await;
    assert_eq!((made.status, &made.body["root_password"]), (201, &Value::Null));
}

#[tokio::test]
async fn a_volume_follows_its_rules() {
    let hetzner = Hetzner::start().await;
    let id = hetzner.running_server("a").await;
    let make = async |name: &str, size: u64, location: &str| {
        let body = json!({"name": name, "size": size, "location": location});
        let made = hetzner.post("/volumes", body).await;
        hetzner.pass_minutes(1);
        made
    };
    assert_eq!(make("small", 9, "fsn1").await.code(), "invalid_input");
    let both = json!({"name": "x", "size": 10, "location": "fsn1", "server": id});
    assert_eq!(hetzner.post("/volumes", both).await.code(), "invalid_input");
    let far = make("far", 10, "ash").await.body["volume"]["id"].clone();
    let near = make("near", 10, "fsn1").await.body["volume"]["id"].clone();
    let attach = async |volume: &Value| {
        let path = format!("/volumes/{volume}/actions/attach");
        let answer = hetzner.post(&path, json!({"server": id})).await;
        hetzner.pass_minutes(1);
        answer
    };
    assert_eq!(attach(&far).await.code(), "invalid_input");
    assert_eq!(attach(&near).await.status, 201);
    assert_eq!(attach(&near).await.code(), "volume_already_attached");
    let refused = hetzner.delete(&format!("/volumes/{near}")).await;
    assert_eq!(refused.code(), "resource_in_use");
    hetzner.delete(&format!("/servers/{id}")).await;
    let free = hetzner.get(&format!("/volumes/{near}")).await;
    assert_eq!(free.body["volume"]["server"], Value::Null);
    assert_eq!(hetzner.delete(&format!("/volumes/{near}")).await.status, 204);
}

#[tokio::test]
async fn a_reserved_address_survives_its_server() {
    let hetzner = Hetzner::start().await;
    let body = json!({"name": "ip", "type": "ipv4", "location": "fsn1"});
    let made = hetzner.post("/primary_ips", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let address = made.body["primary_ip"]["id"].clone();
    let mut body = server("a");
    body["public_net"] = json!({"ipv4": address, "enable_ipv6": false});
    let made = hetzner.post("/servers", body.clone()).await;
    assert_eq!(made.body["server"]["public_net"]["ipv4"]["id"], address);
    assert_eq!(made.body["server"]["public_net"]["ipv6"], Value::Null);
    body["name"] = json!("b");
    assert_eq!(hetzner.post("/servers", body).await.code(), "primary_ip_assigned");
    let refused = hetzner.delete(&format!("/primary_ips/{address}")).await;
    assert_eq!((refused.status, refused.code()), (422, "must_be_unassigned"));
    hetzner.pass_minutes(1);
    hetzner.delete(&format!("/servers/{}", made.body["server"]["id"])).await;
    let free = hetzner.get(&format!("/primary_ips/{address}")).await;
    assert_eq!(free.body["primary_ip"]["assignee_id"], Value::Null);
}

#[tokio::test]
async fn a_firewall_in_use_is_not_deleted() {
    let hetzner = Hetzner::start().await;
    let rule = json!({"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ["::/0"]});
    let made = hetzner.post("/firewalls", json!({"name": "f", "rules": [rule]})).await;
    let firewall = made.body["firewall"]["id"].clone();
    let mut body = server("a");
    body["firewalls"] = json!([{"firewall": firewall}]);
    let made = hetzner.post("/servers", body).await;
    let shown = &made.body["server"]["public_net"]["firewalls"][0];
    assert_eq!(shown, &json!({"id": firewall, "status": "applied"}));
    let path = format!("/firewalls/{firewall}");
    let refused = hetzner.delete(&path).await;
    assert_eq!((refused.status, refused.code()), (422, "resource_in_use"));
    hetzner.pass_minutes(1);
    hetzner.delete(&format!("/servers/{}", made.body["server"]["id"])).await;
    assert_eq!(hetzner.delete(&path).await.status, 204);
    let bad = json!({"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ["10.0.0.1/8"]});
    let refused = hetzner.post("/firewalls", json!({"name": "g", "rules": [bad]})).await;
    let field = &refused.body["error"]["details"]["fields"][0]["name"];
    assert_eq!(field, "rules.0.source_ips");
}

#[tokio::test]
async fn actions_are_asked_for_by_id() {
    let hetzner = Hetzner::start().await;
    assert_eq!(hetzner.get("/actions").await.code(), "invalid_input");
    let made = hetzner.post("/servers", server("a")).await;
    let id = &made.body["action"]["id"];
    let found = hetzner.get(&format!("/actions?id={id}&id=1")).await.body;
    assert_eq!(found["actions"].as_array().unwrap().len(), 1);
    assert_eq!(found["actions"][0]["status"], "running");
    assert_eq!(found["actions"][0]["finished"], Value::Null);
}

#[tokio::test]
async fn prices_are_decimal_texts_with_tax_and_without() {
    let hetzner = Hetzner::start().await;
    let kinds = hetzner.get("/server_types?name=cx22").await.body;
    let hourly = &kinds["server_types"][0]["prices"][0]["price_hourly"];
    assert_eq!(hourly, &json!({"net": "0.0060000000", "gross": "0.0071400000"}));
    let pricing = hetzner.get("/pricing").await.body["pricing"].clone();
    assert_eq!((&pricing["currency"], &pricing["vat_rate"]), (&json!("EUR"), &json!("19.00")));
}

#[tokio::test]
async fn a_drained_location_is_shown_as_not_available() {
    let hetzner = Hetzner::start().await;
    let until = hetzner.sim.clock().now() + jiff::SignedDuration::from_mins(5);
    hetzner.sim.world().drain_region("nbg1", until);
    let kinds = hetzner.get("/server_types?name=cx22").await.body;
    let places = kinds["server_types"][0]["locations"].as_array().unwrap();
    let available: Vec<&str> =
        places.iter().filter(|place| place["available"] == true).filter_map(|place| place["name"].as_str()).collect();
    assert_eq!(available, ["fsn1", "hel1"]);
}
