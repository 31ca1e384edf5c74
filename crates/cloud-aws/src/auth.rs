//! The credentials: the SDK's own chain, looked through at the first call, or keys that were handed in.
//!
//! The chain is environment, profile (with SSO, assumed roles and processes), web identity, ECS and EKS, and the instance's
//! metadata (<https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>). The SDK keeps credentials and
//! renews them.

use std::fmt;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ec2::config::Region as SdkRegion;
use aws_sdk_ec2::config::StalledStreamProtectionConfig;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::timeout::TimeoutConfig;
use secrecy::{ExposeSecret, SecretString};

use crate::http::{Connector, SdkClock};

/// Who we are.
#[derive(Clone)]
pub(crate) enum Identity {
    /// The SDK's chain.
    Default,
    /// An access key, its secret, and the session's token of temporary ones.
    Keys { id: String, secret: SecretString, session: Option<SecretString> },
}

impl Identity {
    /// The SDK's settings with these credentials, for the region that the environment names where `region` is `None`.
    /// The chain may ask the instance's metadata for both.
    pub(crate) async fn load(&self, region: Option<&str>, connector: Connector, clock: SdkClock) -> SdkConfig {
        let config = match self {
            Self::Default => {
                let mut loader = aws_config::defaults(BehaviorVersion::latest())
                    .http_client(connector)
                    .time_source(clock.clone())
                    .sleep_impl(clock);
                if let Some(region) = region {
                    loader = loader.region(SdkRegion::new(region.to_owned()));
                }
                loader.load().await
            }
            Self::Keys { id, secret, session } => {
                let session = session.as_ref().map(|token| token.expose_secret().to_owned());
                let keys = Credentials::new(id, secret.expose_secret(), session, None, "cloud");
                SdkConfig::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .http_client(connector)
                    .time_source(clock.clone())
                    .sleep_impl(clock)
                    .credentials_provider(SharedCredentialsProvider::new(keys))
                    .region(region.map(|region| SdkRegion::new(region.to_owned())))
                    .build()
            }
        };
        let region = config.region().cloned().unwrap_or(SdkRegion::from_static(FALLBACK_REGION));
        // Repeats and deadlines are ours: see `client`. The chain's own calls above keep the SDK's.
        config
            .into_builder()
            .region(region)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "Default",
            Self::Keys { .. } => "Keys([redacted])",
        })
    }
}

/// Which region is asked for the list of regions where nobody names one.
const FALLBACK_REGION: &str = "us-east-1";
