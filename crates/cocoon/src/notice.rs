//! What a caller is told of while a call goes on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloud_types::Name;

/// Something that takes time, or does not go as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The VM was asked to power off, and has this long.
    AskedToPowerOff {
        /// The VM.
        name: Name,
        /// Its time.
        grace: Duration,
    },
    /// The VM did not power off in its time, and its hypervisor is told to end.
    GraceIsOver {
        /// The VM.
        name: Name,
        /// The time that it had.
        grace: Duration,
    },
    /// This box passes packets on from now on, between all its networks: what a VM's network needs to reach others.
    ForwardingTurnedOn {
        /// The setting of the kernel that was changed, and stays so.
        setting: String,
    },
    /// Rules of this box that are not ours drop what they do not know, and may keep a network's VMs from all others.
    FirewallMayDrop {
        /// The chain, as `nft list chain` takes it.
        chain: String,
        /// The network's interface, which the rules have to let pass.
        bridge: String,
    },
    /// The hypervisor does not answer, and is killed: what the guest had not written may be lost.
    Killing {
        /// The VM.
        name: Name,
        /// Why it came to that.
        reason: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AskedToPowerOff { name, grace } => write!(f, "{name}: asked to power off within {grace:?}"),
            Self::GraceIsOver { name, grace } => {
                write!(f, "{name}: still runs after {grace:?}: its hypervisor is told to end")
            }
            Self::ForwardingTurnedOn { setting } => {
                write!(f, "{setting} was turned on, for this whole box, and is left so: networks of VMs need it")
            }
            Self::FirewallMayDrop { chain, bridge } => write!(
                f,
                "this box's firewall (chain {chain}) drops what it does not know: have it let pass what comes from or goes \
                 to {bridge}, or VMs may neither get an address nor reach others"
            ),
            Self::Killing { name, reason } => write!(f, "{name}: {reason}: its hypervisor is killed"),
        }
    }
}

/// Who is told.
#[derive(Clone)]
pub(crate) struct Listener(Arc<dyn Fn(&Notice) + Send + Sync>);

impl Listener {
    pub(crate) fn new(listener: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    pub(crate) fn tell(&self, notice: &Notice) {
        (self.0)(notice);
    }
}

impl Default for Listener {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
