//! As much of the metadata server as credentials need: a token and the project.

use http::StatusCode;
use serde_json::json;

use crate::{Reply, Request, Route};

/// Whether a request is for the metadata server.
pub(super) fn is_asked(request: &Request) -> bool {
    request.path == "/" || request.path.starts_with("/computeMetadata/")
}

/// What faults and statistics see of such a request.
pub(super) fn route() -> Route {
    Route { template: "/computeMetadata".to_owned(), target: None, places: false, writes: false }
}

/// Its answer; the token is the one that the simulator asks for.
pub(super) fn answer(request: &Request, token: Option<&str>) -> Reply {
    let flavored = request.headers.get("metadata-flavor").is_some_and(|flavor| flavor == "Google");
    let mut reply = match request.path.trim_start_matches("/computeMetadata/v1/").trim_end_matches('/') {
        "" => text(StatusCode::OK, "computeMetadata/"),
        _ if !flavored => text(StatusCode::FORBIDDEN, "Missing Metadata-Flavor:Google header."),
        "instance/service-accounts/default/token" => Reply::json(
            StatusCode::OK,
            &json!({"access_token": token.unwrap_or("simulated"), "expires_in": 3599, "token_type": "Bearer"}),
        ),
        "instance/service-accounts/default/email" => value(request, "someone@example.com"),
        "project/project-id" => value(request, "simulated-project"),
        "project/numeric-project-id" => value(request, "1000000000001"),
        "universe/universe-domain" => value(request, "googleapis.com"),
        _ => text(StatusCode::NOT_FOUND, "not found"),
    };
    reply.headers.push(("Metadata-Flavor", "Google".to_owned()));
    reply
}

/// A value as plain text, or as JSON where that is asked for.
fn value(request: &Request, value: &'static str) -> Reply {
    if request.param("alt") == Some("json") {
        return Reply::json(StatusCode::OK, &value);
    }
    text(StatusCode::OK, value)
}

fn text(status: StatusCode, text: &'static str) -> Reply {
    Reply { status, headers: Vec::new(), content_type: "application/text", body: text.into() }
}
