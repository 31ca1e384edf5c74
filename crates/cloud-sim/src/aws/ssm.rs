//! The Systems Manager parameters that name the newest images of a release,
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html>.

use serde_json::{Value, json};

use super::amis::{self, Ami};
use super::errors::ApiError;
use super::ids;
use super::places::Place;

/// `AmazonSSM.GetParameter`.
pub(super) fn parameter(sent: &Value, place: Place) -> Result<Value, ApiError> {
    let Some(name) = sent["Name"].as_str() else {
        return Err(ApiError::new("ValidationException", "1 validation error detected: 'name' must not be null"));
    };
    match named(name, place) {
        Some(found) => Ok(json!({"Parameter": found})),
        None => Err(ApiError::new("ParameterNotFound", "")),
    }
}

/// `AmazonSSM.GetParameters`: what is not there is said so beside what is.
pub(super) fn parameters(sent: &Value, place: Place) -> Result<Value, ApiError> {
    let names: Vec<&str> = sent["Names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() || names.len() > MOST {
        let message = "1 validation error detected: 'names' must have between 1 and 10 members";
        return Err(ApiError::new("ValidationException", message));
    }
    let found: Vec<Value> = names.iter().filter_map(|name| named(name, place)).collect();
    let missing: Vec<&str> = names.into_iter().filter(|name| named(name, place).is_none()).collect();
    Ok(json!({"Parameters": found, "InvalidParameters": missing}))
}

fn named(name: &str, place: Place) -> Option<Value> {
    let ami = image(name, place)?;
    Some(json!({
        "Name": name,
        "Type": "String",
        "Value": ids::id("ami", ami.number),
        "Version": 7,
        "LastModifiedDate": ami.created.as_second(),
        "ARN": format!("arn:aws:ssm:{}::parameter{name}", place.name()),
        "DataType": "aws:ec2:image",
    }))
}

fn image(name: &str, place: Place) -> Option<Ami> {
    let parts: Vec<&str> = name.trim_start_matches('/').split('/').collect();
    let (os, version, architecture) = match parts.as_slice() {
        [
            "aws",
            "service",
            "canonical",
            "ubuntu",
            "server",
            version,
            "stable",
            "current",
            architecture,
            "hvm",
            disk,
            "ami-id",
        ] => {
            let wanted = if *version == "22.04" { "ebs-gp2" } else { "ebs-gp3" };
            (*disk == wanted).then_some(("ubuntu", *version, *architecture))?
        }
        ["aws", "service", "debian", "release", version, "latest", architecture] => ("debian", *version, *architecture),
        _ => return None,
    };
    let arm = match architecture {
        "amd64" => false,
        "arm64" => true,
        _ => return None,
    };
    amis::newest(place, os, version, arm)
}

const MOST: usize = 10;
