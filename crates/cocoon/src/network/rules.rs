//! The rules for packets, in the words of `nft`: <https://wiki.nftables.org>.
//!
//! A table for each network and two for each VM that runs, made and replaced each in one transaction. They decide about what
//! comes from or goes to our own interfaces alone.

use std::net::Ipv4Addr;

use super::connection::NetworkAddress;
use super::names;
use super::record::NetworkRecord;
use crate::state::{Hardware, PublishedPort};

/// What a network needs: a way out, and none in.
pub(super) fn network(record: &NetworkRecord) -> String {
    let (bridge, ipv4, ipv6) = (&record.bridge, record.range(), record.ipv6);
    replace(
        "inet",
        &names::table(bridge),
        &format!(
            r#"chain first {{
            type filter hook prerouting priority raw
            iifname "{bridge}" ip daddr 127.0.0.0/8 drop
        }}
        chain forward {{
            type filter hook forward priority filter
            iifname "{bridge}" oifname "{bridge}" accept
            iifname "{bridge}" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
            oifname "{bridge}" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
            oifname "{bridge}" ct state established,related accept
            oifname "{bridge}" ct status dnat accept
            oifname "{bridge}" drop
        }}
        chain postrouting {{
            type nat hook postrouting priority srcnat
            oifname != "{bridge}" ip saddr {ipv4} masquerade
            oifname != "{bridge}" ip6 saddr {ipv6}/64 masquerade
            oifname "{bridge}" ip saddr 127.0.0.0/8 masquerade
            oifname "{bridge}" ip saddr {ipv4} ct status dnat masquerade
        }}"#
        ),
    )
}

/// What a VM needs: the ports that lead to it, and nobody's address but its own.
pub(super) fn vm(record: &NetworkRecord, address: &NetworkAddress, hardware: &Hardware) -> String {
    let NetworkAddress { tap, ipv4, .. } = address;
    let (mac, prefix, table) = (&hardware.mac, record.ipv6, names::table(tap));
    let honest = replace(
        "bridge",
        &table,
        &format!(
            r#"chain honest {{
            type filter hook prerouting priority dstnat
            iifname "{tap}" ether saddr != {mac} drop
            iifname "{tap}" arp saddr ip != {{ 0.0.0.0, {ipv4} }} drop
            iifname "{tap}" ip saddr != {{ 0.0.0.0, {ipv4} }} drop
            iifname "{tap}" ip6 saddr != {{ ::, fe80::/10, {prefix}/64 }} drop
            iifname "{tap}" udp sport {{ 67, 547 }} drop
            iifname "{tap}" icmpv6 type nd-router-advert drop
        }}"#
        ),
    );
    let ports: String = hardware.published.iter().map(|port| published(port, *ipv4)).collect();
    let published = replace(
        "inet",
        &table,
        &format!(
            r#"chain from_others {{
            type nat hook prerouting priority dstnat{ports}
        }}
        chain from_this_box {{
            type nat hook output priority -100{ports}
        }}"#
        ),
    );
    honest + &published
}

/// The rule of a published port. Its comment is by what it is found by others.
fn published(port: &PublishedPort, ipv4: Ipv4Addr) -> String {
    let PublishedPort { address, host, guest } = port;
    let to = match address.is_unspecified() {
        true => "meta nfproto ipv4 fib daddr type local".to_owned(),
        false => format!("ip daddr {address}"),
    };
    format!("\n            {to} tcp dport {host} dnat ip to {ipv4}:{guest} comment \"{address}:{host}\"")
}

/// Makes a table anew, whether there was one or not, in one transaction.
fn replace(family: &str, table: &str, content: &str) -> String {
    format!("table {family} {table}\ndelete table {family} {table}\ntable {family} {table} {{\n        {content}\n}}\n")
}

/// Removes the tables of an interface, whether there are any or not.
pub(super) fn without(interface: &str) -> String {
    let table = names::table(interface);
    ["inet", "bridge"].map(|family| format!("table {family} {table}\ndelete table {family} {table}\n")).concat()
}
