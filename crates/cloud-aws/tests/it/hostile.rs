//! Answers that no good server gives: always an error, never a panic, a hang or a flood.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cloud_aws::{Aws, Config};
use cloud_http::{Body, SendError, Transport};
use cloud_types::clock::within;
use cloud_types::{
    CloudProvider, CloudProviderExt, ErrorKind, HostId, HostSpec, Image, ListHosts, Machine, Name, OfferingFilter,
    Region, Result, ScaledClock, StopMode, SystemClock,
};
use futures::StreamExt;

const HOST: &str = "eu-west-1/i-0123456789abcdef0";

/// Answers every request in one way.
#[derive(Debug, Default)]
struct Server {
    status: u16,
    body: Vec<u8>,
    end: End,
    asked: AtomicU64,
}

#[derive(Debug, Default, Clone, Copy)]
enum End {
    #[default]
    Whole,
    Cut,
    TooLarge,
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, _: http::Request<Bytes>, _: usize) -> std::result::Result<http::Response<Body>, SendError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let body = match self.end {
            End::Whole => Body::Whole(self.body.clone().into()),
            End::Cut => Body::Cut("cut".into()),
            End::TooLarge => Body::TooLarge,
        };
        Ok(http::Response::builder().status(self.status).body(body).unwrap())
    }
}

fn server(status: u16, body: impl Into<Vec<u8>>) -> Arc<Server> {
    Arc::new(Server { status, body: body.into(), ..Server::default() })
}

fn provider(server: &Arc<Server>) -> Aws {
    Config::new()
        .access_key("AKIAEXAMPLE", "any-secret".to_owned())
        .regions([Region::new("eu-west-1").unwrap()])
        .clock(Arc::new(ScaledClock::new(2000.0)))
        // Of the machine's time more than half a second, so that what ends a call is what was answered.
        .deadline(Duration::from_secs(1200))
        .seed(1)
        .transport(server.clone())
        .build()
        .unwrap()
}

fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).unwrap(), Region::new("eu-west-1").unwrap());
    HostSpec::new(name, region, Machine::named("t3.small").unwrap(), Image::ubuntu("24.04"))
}

/// A page of instances with something in the place of one, and the token of a next page.
fn page(inside: &str, token: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><reservationSet><item><instancesSet>{inside}</instancesSet></item></reservationSet><nextToken>{token}</nextToken></DescribeInstancesResponse>"#
    )
}

/// The result of a call that must come to an end.
async fn ends<T>(what: &str, call: impl Future<Output = Result<T>>) -> Result<T> {
    let ended = within(&SystemClock, Duration::from_secs(60), call).await;
    ended.unwrap_or_else(|| panic!("{what} does not end"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_call_answers_a_hostile_server_with_an_error() {
    let html = "<html><body><h1>It works!</h1></body></html>";
    let ended = |end| Arc::new(Server { status: 200, end, ..Server::default() });
    let cases = [
        ("nothing at all", server(200, "")),
        ("a page of HTML", server(200, html)),
        ("JSON", server(200, r#"{"Reservations": []}"#)),
        ("bytes that are no text", server(200, b"<DescribeInstancesResponse>\xff\xfe\xc3(".to_vec())),
        ("a body that is cut", ended(End::Cut)),
        ("a body that is too large", ended(End::TooLarge)),
        ("XML that stops", server(200, &page("<item>", "")[..250])),
        ("XML within XML", server(200, "<a>".repeat(100_000))),
        ("another answer", server(200, "<DescribeVolumesResponseX/>")),
        ("an entity that grows", server(200, "<!DOCTYPE x [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]><x>&c;</x>")),
        ("an error without words", server(500, "")),
        ("a refusal in HTML", server(403, html)),
        ("not found in HTML", server(404, html)),
        ("a refusal in JSON", server(400, r#"{"__type": "Oops"}"#)),
        ("a redirect", server(302, "")),
        ("a status that is none", server(600, "")),
    ];
    for (what, server) in cases {
        let provider = provider(&server);
        let list = ends(what, async {
            provider.hosts(ListHosts::mine()).collect::<Vec<_>>().await.into_iter().collect::<Result<Vec<_>>>()
        })
        .await;
        assert!(list.is_err(), "{what}: a list");
        let catalog = ends(what, provider.catalog().unwrap().offerings(&OfferingFilter::all())).await;
        assert!(catalog.is_err(), "{what}: the catalog");
        let swept = ends(what, provider.sweep().unwrap().list_resources()).await;
        assert!(swept.is_err(), "{what}: a sweep");
        let host = HostId::new(HOST);
        let read = ends(what, provider.get_host(&host)).await.unwrap_err();
        assert_ne!(read.kind(), ErrorKind::NotFound, "{what}: {read}");
        assert!(read.to_string().len() < 1000 && !read.to_string().contains("It works"), "{what}: {read}");
        assert!(ends(what, provider.create_host(&spec("db"))).await.is_err(), "{what}: a create");
        assert!(ends(what, provider.delete_host(&host)).await.is_err(), "{what}: a delete");
        assert!(ends(what, provider.stop_host(&host, StopMode::Hard)).await.is_err(), "{what}: a stop");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_repeats_a_page_ends() {
    let server = server(200, page("", "again"));
    let provider = provider(&server);
    let error = ends("a sweep", provider.sweep().unwrap().list_resources()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected, "{error}");
    let hosts: Vec<_> = provider.hosts(ListHosts::mine()).collect().await;
    assert!(hosts.last().unwrap().is_err());
    assert!(server.asked.load(Ordering::Relaxed) < 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_make_no_sense_are_errors_and_not_guesses() {
    let id = "<instanceId>i-0123456789abcdef0</instanceId><instanceType>t3.small</instanceType>";
    let state = "<instanceState><code>16</code><name>running</name></instanceState>";
    for inside in [
        format!("<item>{state}</item>"),
        format!("<item><instanceId>../../x</instanceId>{state}</item>"),
        format!("<item>{id}<ipAddress>1.2.3.4.5</ipAddress>{state}</item>"),
        format!("<item>{id}<placement><availabilityZone>a b</availabilityZone></placement>{state}</item>"),
        format!("<item>{id}<launchTime>yesterday</launchTime>{state}</item>"),
        format!("<item>{id}<instanceState><code>many</code></instanceState></item>"),
    ] {
        let provider = provider(&server(200, page(&inside, "")));
        let hosts: Vec<_> = provider.hosts(ListHosts::mine()).collect().await;
        let error = hosts.into_iter().find_map(Result::err).unwrap_or_else(|| panic!("{inside} is taken"));
        assert_eq!(error.kind(), ErrorKind::Unexpected, "{inside}: {error}");
        assert!(!error.to_string().contains("yesterday") && !error.to_string().contains("1.2.3"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_namespace_and_unknown_words_are_read_all_the_same() {
    let inside = "<item><instanceId>i-0123456789abcdef0</instanceId><instanceType>z9.huge</instanceType>\
                  <instanceState><code>272</code><name>dreaming</name></instanceState><news><item>1</item></news></item>";
    let body = page(inside, "").replace("2016-11-15", "2042-01-01");
    let host = provider(&server(200, body)).get_host(&HostId::new(HOST)).await.unwrap();
    assert_eq!(host.state.to_string(), "Unknown(dreaming)");
    assert_eq!(host.machine_type.as_str(), "z9.huge");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_none_is_not_sent() {
    let server = server(500, "");
    let provider = provider(&server);
    for bad in ["", "i-01", "eu-west-1/", "eu-west-1/i-", "eu-west-1/vol-01", "EU/i-01", "a.example/i-01", "a/../i-01"]
    {
        let error = provider.get_host(&HostId::new(bad)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{bad}");
    }
    assert_eq!(server.asked.load(Ordering::Relaxed), 0);
}
