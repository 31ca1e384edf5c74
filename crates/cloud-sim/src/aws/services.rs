//! The services beside EC2 on the same address: STS, Systems Manager and the price list.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::api::ACCOUNT;
use super::errors::ApiError;
use super::places::Place;
use super::{pricing, ssm, xml};
use crate::face::{Call, Calls, post};
use crate::{Reply, Request};

/// A call of another service; all of them only read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Service {
    /// `GetCallerIdentity` of STS, in the Query protocol.
    CallerIdentity,
    /// A target of a service that speaks JSON.
    Json(&'static Call<Target>),
}

/// What answers a target.
type Target = fn(&Value, Place) -> Result<Value, ApiError>;

impl Service {
    /// The call of another service that a request is, if any.
    pub(super) fn of(request: &Request, action: Option<&str>) -> Option<Self> {
        if action == Some(IDENTITY) {
            return Some(Self::CallerIdentity);
        }
        let target = request.headers.get("x-amz-target")?.to_str().ok()?;
        TARGETS.named(target).map(Self::Json)
    }

    /// Its name, as its description has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CallerIdentity => IDENTITY,
            Self::Json(target) => target.template,
        }
    }

    pub(super) fn answer(self, request: &Request, place: Place, key_id: &str, id: &str) -> Reply {
        match self {
            Self::CallerIdentity => identity(key_id, id),
            Self::Json(target) => {
                let sent = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
                match (target.does)(&sent, place) {
                    Ok(shown) => Reply { content_type: JSON, ..Reply::json(StatusCode::OK, &shown) },
                    Err(error) => error.into_json(),
                }
            }
        }
    }

    /// An error in the words of the service.
    pub(super) fn error(self, error: ApiError, id: &str) -> Reply {
        if matches!(self, Self::Json(_)) {
            return in_json_words(error).into_json();
        }
        let ApiError { code, message, .. } = &error;
        let mut body =
            format!(r#"<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code><Message>"#);
        xml::escape(message, &mut body);
        body.push_str(&format!("</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"));
        Reply { body: Bytes::from(body), ..error.into_xml(id) }
    }
}

/// What EC2 says of keys and rates in the words of the JSON services, which answer all of it with 400.
fn in_json_words(error: ApiError) -> ApiError {
    let code = match error.code.as_str() {
        "RequestLimitExceeded" => "ThrottlingException",
        "AuthFailure" => "UnrecognizedClientException",
        "UnauthorizedOperation" => "AccessDeniedException",
        _ => return error,
    };
    ApiError::new(code, error.message)
}

fn identity(key_id: &str, id: &str) -> Reply {
    let mut body = format!(r#"<{IDENTITY}Response xmlns="{NAMESPACE}"><{IDENTITY}Result>"#);
    xml::fields! {
        "Arn" => format!("arn:aws:iam::{ACCOUNT}:user/{key_id}"),
        "UserId" => "AIDASIMULATED00000001",
        "Account" => ACCOUNT,
    }
    .write(&mut body);
    body.push_str(&format!("</{IDENTITY}Result><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>"));
    body.push_str(&format!("</{IDENTITY}Response>"));
    Reply { status: StatusCode::OK, headers: Vec::new(), content_type: "text/xml", body: body.into() }
}

const TARGETS: Calls<Target> = Calls::below(
    "",
    &[
        post::<Target>("AmazonSSM.GetParameter", ssm::parameter).reads(),
        post::<Target>("AmazonSSM.GetParameters", ssm::parameters).reads(),
        post::<Target>("AWSPriceListService.GetProducts", pricing::products).reads(),
    ],
);
const IDENTITY: &str = "GetCallerIdentity";
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const JSON: &str = "application/x-amz-json-1.1";
