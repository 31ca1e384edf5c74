//! Error bodies, <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.

use cloud_world::{HostState, Kind, WorldError};
use http::StatusCode;
use serde_json::json;

use super::{ids, xml};
use crate::Reply;

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

impl ApiError {
    /// An error of the client's, with status 400.
    pub(super) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into() }
    }

    fn with_status(status: u16, code: &str, message: &str) -> Self {
        Self { status, ..Self::new(code, message) }
    }

    /// The body of the Query protocol.
    pub(super) fn into_xml(self, request_id: &str) -> Reply {
        let mut body = r#"<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>"#.to_owned();
        xml::escape(&self.code, &mut body);
        body.push_str("</Code><Message>");
        xml::escape(&self.message, &mut body);
        body.push_str("</Message></Error></Errors><RequestID>");
        body.push_str(request_id);
        body.push_str("</RequestID></Response>");
        let status = self.status();
        Reply { status, headers: Vec::new(), content_type: "text/xml;charset=UTF-8", body: body.into() }
    }

    /// The body of the services that speak JSON.
    pub(super) fn into_json(self) -> Reply {
        let status = self.status();
        let body = json!({"__type": self.code, "message": self.message});
        Reply { content_type: "application/x-amz-json-1.1", ..Reply::json(status, &body) }
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST)
    }
}

impl From<WorldError> for ApiError {
    fn from(error: WorldError) -> Self {
        match error {
            WorldError::NotFound { kind, id } => not_found_by_number(kind, &id),
            WorldError::NameTaken { kind } => Self::new(duplicate(kind), "The name is in use already."),
            WorldError::KeyTaken => Self::new("InvalidKeyPair.Duplicate", "The key is in use already."),
            WorldError::Locked { kind, .. } => {
                Self::new(incorrect_state(kind), format!("The {kind} is being changed already."))
            }
            WorldError::Protected { .. } => Self::new(
                "OperationNotPermitted",
                "The instance may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.",
            ),
            WorldError::WrongState { id, state, .. } => wrong_state(id, state),
            WorldError::QuotaFull { kind } => quota(kind),
            WorldError::NoCapacity { region, machine } if machine.is_empty() => {
                Self::with_status(500, "InsufficientVolumeCapacity", &format!("No room for volumes in {region}."))
            }
            WorldError::NoCapacity { region, machine } => no_capacity(&machine, &region),
            WorldError::Invalid { field, rule } => invalid(field, rule),
            WorldError::InUse { kind: Kind::Volume, id } => {
                Self::new("VolumeInUse", format!("{} is in use", ids::id("vol", id)))
            }
            WorldError::InUse { kind, id } => Self::new("DependencyViolation", format!("{kind} {id} is in use")),
        }
    }
}

/// No such thing, by what its id begins with.
pub(super) fn not_found(prefix: &str, text: &str) -> ApiError {
    let (code, what) = match prefix {
        "i" => ("InvalidInstanceID.NotFound", "instance ID"),
        "vol" => ("InvalidVolume.NotFound", "volume"),
        "snap" => ("InvalidSnapshot.NotFound", "snapshot"),
        "ami" => ("InvalidAMIID.NotFound", "image id"),
        "sg" => ("InvalidGroup.NotFound", "security group"),
        "sgr" => ("InvalidSecurityGroupRuleId.NotFound", "security group rule ID"),
        "key" => ("InvalidKeyPair.NotFound", "key pair"),
        "eni" => ("InvalidNetworkInterfaceID.NotFound", "networkInterface ID"),
        "eipalloc" => ("InvalidAllocationID.NotFound", "allocation ID"),
        "eipassoc" => ("InvalidAssociationID.NotFound", "association ID"),
        "subnet" => ("InvalidSubnetID.NotFound", "subnet ID"),
        "vpc" => ("InvalidVpcID.NotFound", "vpc ID"),
        "igw" => ("InvalidInternetGatewayID.NotFound", "internetGateway ID"),
        "rtb" => ("InvalidRouteTableID.NotFound", "routeTable ID"),
        "sir" => ("InvalidSpotInstanceRequestID.NotFound", "spot instance request ID"),
        _ => ("InvalidID", "ID"),
    };
    ApiError::new(code, format!("The {what} '{text}' does not exist"))
}

/// A text that is no id of its kind.
pub(super) fn malformed(prefix: &str, text: &str) -> ApiError {
    let code = match prefix {
        "i" => "InvalidInstanceID.Malformed",
        "vol" => "InvalidVolumeID.Malformed",
        "snap" => "InvalidSnapshotID.Malformed",
        "ami" => "InvalidAMIID.Malformed",
        "sg" => "InvalidGroupId.Malformed",
        "sgr" => "InvalidSecurityGroupRuleId.Malformed",
        "subnet" => "InvalidSubnetID.Malformed",
        "vpc" => "InvalidVpcID.Malformed",
        "eni" => "InvalidNetworkInterfaceId.Malformed",
        "sir" => "InvalidSpotInstanceRequestID.Malformed",
        _ => "InvalidParameterValue",
    };
    ApiError::new(code, format!("Invalid id: \"{text}\" (expecting \"{prefix}-...\")"))
}

/// `InvalidParameterValue` about one parameter.
pub(super) fn invalid(name: &str, rule: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterValue", format!("Invalid value for parameter {name}: {}", rule.into()))
}

/// `InvalidParameterCombination`.
pub(super) fn combination(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterCombination", message)
}

/// `MissingParameter`.
pub(super) fn missing(name: &str) -> ApiError {
    ApiError::new("MissingParameter", format!("The request must contain the parameter {name}"))
}

/// `UnknownParameter`.
pub(super) fn unknown(name: &str) -> ApiError {
    ApiError::new("UnknownParameter", format!("The parameter {name} is not recognized"))
}

/// The instance's state does not allow it.
pub(super) fn wrong_state(instance: u64, state: HostState) -> ApiError {
    let word = super::render_instance::state_of(state).1;
    let id = ids::id("i", instance);
    let message = format!("The instance '{id}' is in the state '{word}', which does not allow this.");
    ApiError::new("IncorrectInstanceState", message)
}

/// No room for the type in a zone at present: a server error.
pub(super) fn no_capacity(machine: &str, zone: &str) -> ApiError {
    let message = format!(
        "We currently do not have sufficient {machine} capacity in the Availability Zone you requested ({zone}). \
         Our system will be working on provisioning additional capacity."
    );
    ApiError::with_status(500, "InsufficientInstanceCapacity", &message)
}

/// Whether a launch found no room.
pub(super) fn is_no_capacity(error: &ApiError) -> bool {
    error.code == "InsufficientInstanceCapacity"
}

/// A quota that is full.
pub(super) fn quota(kind: Kind) -> ApiError {
    let (code, message) = match kind {
        Kind::Host => (
            "VcpuLimitExceeded",
            "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket \
             that the specified instance type belongs to.",
        ),
        Kind::Volume => ("VolumeLimitExceeded", "You have exceeded the maximum number of volumes."),
        Kind::Address => ("AddressLimitExceeded", "The maximum number of addresses has been reached."),
        Kind::Image => ("SnapshotLimitExceeded", "The maximum number of snapshots has been reached."),
        Kind::Firewall => ("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached."),
        _ => ("ResourceLimitExceeded", "You have exceeded a limit of your account."),
    };
    ApiError::new(code, message)
}

/// The quota of spot instances is another than that of the rest.
pub(super) fn spot_quota() -> ApiError {
    ApiError::new("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
}

pub(super) fn unauthorized() -> ApiError {
    let message = "AWS was not able to validate the provided access credentials";
    ApiError::with_status(401, "AuthFailure", message)
}

pub(super) fn forbidden() -> ApiError {
    ApiError::with_status(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")
}

pub(super) fn dry_run() -> ApiError {
    let message = "Request would have succeeded, but DryRun flag is set.";
    ApiError::with_status(412, "DryRunOperation", message)
}

/// The answer to a request over the rate limit, which is a 503 here.
pub(super) fn over_limit() -> ApiError {
    ApiError::with_status(503, "RequestLimitExceeded", "Request limit exceeded.")
}

/// A failure of the provider's own with this status.
pub(super) fn failure(status: StatusCode) -> ApiError {
    match status.as_u16() {
        403 => forbidden(),
        503 => ApiError::with_status(503, "Unavailable", "The server is overloaded and can't handle the request."),
        502 | 504 => ApiError::with_status(status.as_u16(), "ServiceUnavailable", "The service is unavailable."),
        code => ApiError::with_status(code, "InternalError", "An internal error has occurred"),
    }
}

fn not_found_by_number(kind: Kind, number: &str) -> ApiError {
    let prefix = match kind {
        Kind::Host => "i",
        Kind::Volume => "vol",
        Kind::Address => "eipalloc",
        Kind::SshKey => "key",
        Kind::Image => "ami",
        Kind::Firewall => "sg",
        _ => "",
    };
    not_found(prefix, &ids::id(prefix, number.parse().unwrap_or(0)))
}

fn duplicate(kind: Kind) -> &'static str {
    match kind {
        Kind::SshKey => "InvalidKeyPair.Duplicate",
        Kind::Firewall => "InvalidGroup.Duplicate",
        Kind::Image => "InvalidAMIName.Duplicate",
        _ => "InvalidParameterValue",
    }
}

fn incorrect_state(kind: Kind) -> &'static str {
    if kind == Kind::Host { "IncorrectInstanceState" } else { "IncorrectState" }
}
