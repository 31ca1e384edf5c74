//! Where Amazon's own service descriptions are wrong, behind, or not at hand.

use crate::contract::Deviation;

/// The known deviations of the descriptions, each with its reason.
pub const DEVIATIONS: &[Deviation] = &[
    Deviation {
        method: "POST",
        path: "GetCallerIdentity",
        problem: "no such operation",
        reason: "STS has a description of its own",
    },
    Deviation {
        method: "POST",
        path: "DescribeInternetGateways",
        problem: "attachmentSet/state",
        reason: "the real one says `available`, which the enumeration does not have: \
                 https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InternetGatewayAttachment.html",
    },
];
