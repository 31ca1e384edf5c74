//! Each call as it goes over the wire, and the provider's documented answers as they are read.

use cloud_http::FakeTransport;
use cloud_types::{CloudProvider, ErrorKind, HostId, HostState};
use cloud_{{module}}::Config;
use serde_json::json;

#[tokio::test]
async fn a_host_is_read_by_one_get() {
    let machine = json!({ "id": 7, "name": "web-1", "status": "running", "region": "region-1", "size": "small" });
    let fake = FakeTransport::new().answer(200, json!({ "machine": machine }).to_string());
    let provider = Config::new("secret").transport(fake.clone()).build().unwrap();

    let host = provider.get_host(&HostId::new("7")).await.unwrap();

    assert_eq!((host.name.as_str(), host.state), ("web-1", HostState::Running));
    let [request] = &fake.requests()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/v1/machines/7"));
    assert_eq!(request.headers["authorization"], "Bearer secret");
}

#[tokio::test]
async fn a_code_of_the_table_has_its_kind() {
    let fake = FakeTransport::new().answer(409, json!({ "code": "sold_out" }).to_string());
    let provider = Config::new("secret").transport(fake).build().unwrap();
    let error = provider.get_host(&HostId::new("7")).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NoCapacity, Some("sold_out")));
}
