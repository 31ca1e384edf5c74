//! Inbound ports: security groups, which all of an owner's hosts that ask for the same ports share.
//!
//! A group's name is made of owner, network and ports, so that making it twice finds the first. EC2 refuses to delete one that
//! a host uses, also one that is just being launched, and to launch into one that is gone: so a create and a delete that
//! meet end well, and the create makes the group anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::types::{Instance, IpPermission, IpRange, Ipv6Range, ResourceType};
use cloud_types::{Error, ErrorKind, HostSpec, Inbound, InboundPort, Owner, Region, Result};

use crate::client::{filter, tagged};
use crate::convert::nonsense;
use crate::host::Inner;
use crate::reader::{LAG_PAUSE, READ_LAG};
use crate::tags;

/// The groups that this process has seen, by region and name.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    known: Mutex<HashMap<(Region, String), String>>,
}

impl Groups {
    pub(crate) fn get(&self, region: &Region, name: &str) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(region.clone(), name.to_owned())).cloned()
    }

    fn learn(&self, region: &Region, name: &str, id: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((region.clone(), name.to_owned()), id.to_owned());
    }

    /// Forgets a group by its name, to look for it anew.
    pub(crate) fn forget_name(&self, region: &Region, name: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&(region.clone(), name.to_owned()));
    }

    /// Forgets a group that is gone.
    pub(crate) fn forget(&self, region: &Region, id: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(place, _), one| place != region || one != id);
    }
}

/// What a host lets in.
#[derive(Debug)]
pub(crate) struct RuleSet {
    /// The name of the group.
    pub(crate) name: String,
    network: String,
    rules: Vec<IpPermission>,
}

impl Inner {
    /// What a host in this network lets in; none where it asks for what the network does by itself.
    pub(crate) fn rule_set(&self, spec: &HostSpec, network: &str) -> Option<RuleSet> {
        let Inbound::Only(ports) = &spec.inbound else { return None };
        Some(rule_set(&self.owner, network, ports))
    }

    /// The id of the group, which is made where this process has not seen it.
    pub(crate) async fn ensure_group(&self, region: &Region, set: &RuleSet) -> Result<String> {
        if let Some(id) = self.groups.get(region, &set.name) {
            return Ok(id);
        }
        let tags = tags::of_shared(&self.owner, &set.name, tags::FOR_HOSTS);
        let tags = tags::specification(ResourceType::SecurityGroup, &tags);
        for _ in 0..LOOKS {
            let made = self.api.create_group(region, &set.network, &set.name, DESCRIPTION, &tags).await;
            let id = match made {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => self.find_group(region, set).await?,
                other => Some(other?),
            };
            if let Some(id) = id {
                // All rules go in by one call, so that a group has all of them or none.
                match self.allow(region, &id, &set.rules).await {
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    other => {
                        other?;
                        self.groups.learn(region, &set.name, &id);
                        return Ok(id);
                    }
                }
            }
            // Made just now, and not shown everywhere yet; or just deleted by somebody else, and shown still.
            self.clock.sleep(LAG_PAUSE).await;
        }
        Err(Error::new(ErrorKind::Conflict, format!("the security group {} comes and goes: repeat the call", set.name)))
    }

    async fn allow(&self, region: &Region, id: &str, rules: &[IpPermission]) -> Result<()> {
        if rules.is_empty() { Ok(()) } else { self.api.allow(region, id, rules).await }
    }

    async fn find_group(&self, region: &Region, set: &RuleSet) -> Result<Option<String>> {
        let filters = [filter("group-name", [set.name.as_str()]), filter("vpc-id", [set.network.as_str()])];
        let found = self.api.all_groups(region, &filters).await?;
        Ok(found.into_iter().find_map(|group| group.group_id))
    }

    /// The groups that creates made for an instance: by their tags, since anybody may name a group as ours are named.
    pub(crate) async fn groups_of(&self, region: &Region, instance: &Instance) -> Result<Vec<String>> {
        let interfaces = instance.network_interfaces.iter().flatten();
        let groups = instance.security_groups.iter().chain(interfaces.filter_map(|one| one.groups.as_ref())).flatten();
        let named = groups.filter(|group| group.group_name.as_deref().is_some_and(|name| name.starts_with("cloud-")));
        let ids: BTreeSet<String> = named.filter_map(|group| group.group_id.clone()).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ours = [filter("group-id", ids), self.mine(), tagged(tags::USE, tags::FOR_HOSTS)];
        let found = self.api.all_groups(region, &ours).await?;
        Ok(found.into_iter().filter_map(|group| group.group_id).collect())
    }

    /// Removes a group, unless a host uses it that is to stay; one that is not there is removed. Hosts that are just going
    /// hold it for a while.
    pub(crate) async fn remove_group(&self, region: &Region, id: &str) -> Result<()> {
        self.groups.forget(region, id);
        let until = self.clock.monotonic() + HELD;
        loop {
            let error = match self.api.delete_group(region, id).await {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Conflict => error,
                other => return other,
            };
            let used = || filter("instance.group-id", [id]);
            if self.has_staying_user(region, used()).await? {
                return Ok(());
            }
            if self.clock.monotonic() < until {
                self.clock.sleep(HELD_PAUSE).await;
                continue;
            }
            // Whoever deletes those deletes the group after them.
            return match self.has_leaving_user(region, used()).await? {
                true => Ok(()),
                false => Err(error.with_context(format!("security group {id} is still in use"))),
            };
        }
    }

    /// All groups of this owner in a region, by id.
    pub(crate) async fn own_groups(&self, region: &Region) -> Result<Vec<aws_sdk_ec2::types::SecurityGroup>> {
        self.api.all_groups(region, &[self.mine()]).await
    }

    /// Removes all groups in a region that creates of this owner made and no host uses.
    pub(crate) async fn remove_unused_groups(&self, region: &Region) -> Result<()> {
        for group in self.api.all_groups(region, &[self.mine(), tagged(tags::USE, tags::FOR_HOSTS)]).await? {
            let id = group.group_id.ok_or_else(|| nonsense("a security group's id"))?;
            let used = || filter("instance.group-id", [id.as_str()]);
            if self.has_leaving_user(region, used()).await? || self.has_staying_user(region, used()).await? {
                continue;
            }
            self.remove_group(region, &id).await?;
        }
        Ok(())
    }
}

fn rule_set(owner: &Owner, network: &str, ports: &[InboundPort]) -> RuleSet {
    // One permission lets a range of ports in from several networks.
    let mut by_ports: BTreeMap<(String, u16, u16), Vec<String>> = BTreeMap::new();
    for port in ports {
        let sources = by_ports.entry((port.protocol().to_string(), port.first(), port.last())).or_default();
        match port.sources() {
            [] => sources.extend(ANYWHERE.map(str::to_owned)),
            some => sources.extend(some.iter().map(ToString::to_string)),
        }
        sources.sort_unstable();
        sources.dedup();
    }
    let name = tags::group_name(owner, network, &format!("{by_ports:?}"));
    let rules = by_ports.into_iter().map(|((protocol, first, last), sources)| {
        let (v6, v4): (Vec<_>, Vec<_>) = sources.into_iter().partition(|source| source.contains(':'));
        IpPermission::builder()
            .ip_protocol(protocol)
            .from_port(first.into())
            .to_port(last.into())
            .set_ip_ranges(Some(v4.into_iter().map(|net| IpRange::builder().cidr_ip(net).build()).collect()))
            .set_ipv6_ranges(Some(v6.into_iter().map(|net| Ipv6Range::builder().cidr_ipv6(net).build()).collect()))
            .build()
    });
    RuleSet { name, network: network.to_owned(), rules: rules.collect() }
}

const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];
const DESCRIPTION: &str = "Inbound ports of hosts";
/// How many looks for what may not be shown yet.
const LOOKS: u64 = 2 * READ_LAG.as_secs() / LAG_PAUSE.as_secs();
/// How long hosts that have ended may hold their group.
const HELD: Duration = Duration::from_secs(120);
const HELD_PAUSE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ports: &[&str]) -> RuleSet {
        let ports: Vec<InboundPort> = ports.iter().map(|port| port.parse().unwrap()).collect();
        rule_set(&Owner::default(), "vpc-1", &ports)
    }

    #[test]
    fn the_order_of_ports_does_not_matter_and_what_they_are_does() {
        assert_eq!(set(&["22", "80", "53/udp"]).name, set(&["53/udp", "80", "22"]).name);
        assert_ne!(set(&["22"]).name, set(&["22/udp"]).name);
        assert!(set(&[]).rules.is_empty());
    }

    #[test]
    fn a_port_from_anywhere_is_open_to_both_kinds_of_address() {
        let rules = set(&["8000-8010"]).rules;
        assert_eq!((rules[0].from_port(), rules[0].to_port()), (Some(8000), Some(8010)));
        assert_eq!((rules[0].ip_ranges().len(), rules[0].ipv6_ranges().len()), (1, 1));
    }

    #[test]
    fn a_port_twice_from_two_networks_is_one_rule() {
        let from = |net: &str| "443".parse::<InboundPort>().unwrap().from_source(net.parse().unwrap());
        let rules = rule_set(&Owner::default(), "vpc-1", &[from("192.0.2.0/24"), from("2001:db8::/32")]).rules;
        assert_eq!(rules.len(), 1);
        assert_eq!(rules[0].ip_ranges()[0].cidr_ip(), Some("192.0.2.0/24"));
        assert_eq!(rules[0].ipv6_ranges()[0].cidr_ipv6(), Some("2001:db8::/32"));
    }
}
