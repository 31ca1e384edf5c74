//! VMs that are the hosts of a provider, by the command.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use cloud_types::{ErrorKind, MachineTypeName, MiB, Name};
use cocoon::{Acceleration, Config, DirectKernel, HostMark, VmSpec};

use crate::support::{Installation, guest};

#[tokio::test]
async fn a_host_is_a_vm_that_every_command_knows() {
    let Some(here) = Installation::new() else { return };
    let cocoon = Config::new().root_dir(here.root()).acceleration(Acceleration::None).build();
    let mark = HostMark {
        name: Name::new("web-1").unwrap(),
        labels: BTreeMap::from([("role".to_owned(), "web".to_owned())]),
        machine_type: MachineTypeName::new("small").unwrap(),
        image: "debian 12".to_owned(),
        ssh_user: "debian".to_owned(),
        address: Ipv4Addr::LOCALHOST,
        ran: false,
    };
    let kernel = DirectKernel { kernel: guest().unwrap().to_owned(), ..DirectKernel::default() };
    let vm = "web-1-3fa9c2d1e0";
    let spec = VmSpec::new(Name::new(vm).unwrap(), here.disk()).memory(MiB(32)).kernel(kernel).host(mark);
    let made = match cocoon.create(&spec).await {
        Err(error) if error.kind() == ErrorKind::Unsupported => return eprintln!("skipped: {error}"),
        made => made.unwrap(),
    };
    assert_eq!(here.names(), [made.name.as_str()]);
    here.succeed(&["start", vm]);
    let inspected = here.inspect(vm);
    assert_eq!((&inspected["host"]["name"], &inspected["state"]), (&"web-1".into(), &"running".into()));
    here.wait_for_console(vm, "test guest");
    here.succeed(&["stop", vm]);
    assert_eq!(here.inspect(vm)["host"]["ran"], true);
    here.succeed(&["rm", vm]);
    here.assert_empty();
}
