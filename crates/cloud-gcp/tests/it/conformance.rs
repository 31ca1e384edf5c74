//! Every behaviour of the conformance suite against the simulator: with ephemeral addresses, and with reserved ones.

use cloud_conformance::simulated::Simulated;

use crate::subject;

mod ephemeral {
    cloud_conformance::conformance_tests!(super::ephemeral);
}

mod reserved {
    cloud_conformance::conformance_tests!(super::reserved);
}

async fn ephemeral() -> Simulated<subject::Simulated> {
    Simulated::start(subject::Simulated::EPHEMERAL).await
}

async fn reserved() -> Simulated<subject::Simulated> {
    Simulated::start(subject::Simulated::RESERVED).await
}
