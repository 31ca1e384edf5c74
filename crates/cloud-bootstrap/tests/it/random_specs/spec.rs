//! Random wishes: how they are made, the bootstrap of each, and what its user data must hold.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_bootstrap::{Bootstrap, Bundle, Command, DataDisk, File, HostKey, Mode, Sha256, Swap, Unit, User};
use cloud_types::MiB;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

/// A wish in plain data.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    users: Vec<(String, Vec<String>, bool, bool)>,
    host_key: bool,
    packages: Vec<String>,
    files: Vec<(String, Content, u16)>,
    commands: Vec<(Vec<String>, Environment)>,
    podman: bool,
    data_disk: bool,
    swap: Option<u64>,
    bundle: Option<String>,
    unit: Option<(Vec<String>, String)>,
}

/// Name, value, and whether it is secret.
type Environment = Vec<(String, String, bool)>;

#[derive(Debug, Clone)]
enum Content {
    Text(String),
    Secret(String),
    Bytes(Vec<u8>),
}

pub(crate) fn spec() -> impl Strategy<Value = Spec> {
    let user = ("[a-z_][a-z0-9_-]{0,12}", vec("[a-z]{1,8}", 0..3), any::<bool>(), any::<bool>());
    let content = prop_oneof![
        6 => text().prop_map(Content::Text),
        2 => text().prop_map(Content::Secret),
        2 => vec(any::<u8>(), 0..300).prop_map(Content::Bytes),
        1 => vec(any::<u8>(), 2_000..60_000).prop_map(Content::Bytes),
        1 => "[ -~\n]{1000,9000}".prop_map(Content::Text),
    ];
    let folder = select(vec!["/etc", "/srv/data", "/opt/a b", "/opt/#"]);
    let file = ((folder, "[A-Za-z0-9#'\" :$%&!._-]{1,20}"), content, 0..=0o7777_u16)
        .prop_map(|((folder, name), content, mode)| (format!("{folder}/x{name}"), content, mode));
    let command = (vec(text(), 0..4), vec(("[A-Z_][A-Z0-9_]{0,8}", text(), any::<bool>()), 0..3));
    (
        vec(user, 0..4),
        any::<bool>(),
        vec("[a-z0-9][a-z0-9+.-]{0,20}[a-z0-9]", 0..6),
        vec(file, 0..6),
        vec(command, 0..4),
        (any::<bool>(), any::<bool>()),
        option::of(1_u64..100_000),
        option::of(text()),
        option::of((vec("[^\0\r\n]{0,20}", 0..3), "[^\0\r\n]{0,20}")),
    )
        .prop_map(|(users, host_key, packages, files, commands, (podman, data_disk), swap, bundle, unit)| Spec {
            users: distinct(users, |user| &user.0),
            host_key,
            packages: distinct(packages, |package| package),
            files: distinct(files, |file| &file.0),
            commands: commands
                .into_iter()
                .map(|(words, env)| (std::iter::once("run".to_owned()).chain(words).collect(), env))
                .collect(),
            podman,
            data_disk,
            swap,
            bundle,
            unit,
        })
}

/// Any text without a NUL, and those that readers of YAML, of shells and of messages have stumbled over.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => select(NASTY.to_vec()).prop_map(str::to_owned),
        1 => (select(NASTY.to_vec()), select(NASTY.to_vec())).prop_map(|(a, b)| format!("{a}{b}")),
        1 => (select(NASTY.to_vec()), select(NASTY.to_vec())).prop_map(|(a, b)| format!("{a}\n{b}\n")),
        3 => vec(any::<char>().prop_filter("no NUL", |character| *character != '\0'), 0..60)
            .prop_map(|characters| characters.into_iter().collect()),
        2 => "[ -~\n\t]{0,120}",
    ]
}

const NASTY: &[&str] = &[
    "",
    " ",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "N",
    "true",
    "False",
    "null",
    "Null",
    "~",
    "1_000",
    "0x1f",
    "0o17",
    "017",
    "12:30:45",
    "1e3",
    ".inf",
    ".NaN",
    "-.5",
    "+1",
    "2001-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "=",
    "<<",
    "---",
    "--- a",
    "...",
    "#",
    "# a",
    " #a",
    "a #b",
    "a: b",
    "a:",
    ": a",
    "- a",
    "-",
    "? a",
    "?",
    "!tag",
    "!!str a",
    "&a",
    "*a",
    "%TAG",
    "@a",
    "`a`",
    "|",
    ">",
    "|-",
    "{a: b}",
    "[a]",
    "{",
    "]",
    ",",
    "'",
    "\"",
    "''",
    "'a'",
    "\"a\"",
    "\\",
    "\\n",
    "\n",
    "\n\n",
    "a\n",
    "\na",
    " a",
    "a ",
    "a\n ",
    "  a\n b\n",
    "\ta",
    "a\t",
    "\t",
    "\r",
    "\r\n",
    "a\rb",
    "\u{85}",
    "a\u{85}b",
    "\u{2028}",
    "a\u{2028}b",
    "\u{2029}",
    "\u{feff}",
    "\u{feff}a",
    "\u{a0}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{7f}",
    "\u{80}",
    "\u{1}",
    "\u{1b}[0m",
    "é",
    "漢字",
    "🦀",
    "👩‍👩‍👧",
    "$HOME",
    "$(id)",
    "${a}",
    "%s",
    "step",
    "ready",
    "From me",
    "MIME-Version: 1.0",
    "Content-Type: text/plain\n\n--first-boot",
    "--",
    "END",
    "\nEND\n",
    "a\nEND\nb",
    "#cloud-config\nusers: []",
    "#!/bin/sh",
];

fn distinct<T>(items: Vec<T>, name: impl Fn(&T) -> &String) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        if name(&item) != "root" && !kept.iter().any(|other| name(other) == name(&item)) {
            kept.push(item);
        }
    }
    kept
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
const MOUNT: &str = "/srv/data";

fn host_key() -> &'static HostKey {
    static KEY: OnceLock<HostKey> = OnceLock::new();
    KEY.get_or_init(|| HostKey::generate().unwrap())
}

impl Spec {
    pub(crate) fn bootstrap(&self) -> Bootstrap {
        let mut bootstrap = Bootstrap::new();
        for (name, groups, sudo, key) in &self.users {
            let mut user = User::new(name).unwrap();
            user = groups.iter().fold(user, |user, group| user.group(group).unwrap());
            user = if *sudo { user.sudo() } else { user };
            bootstrap = bootstrap.user(if *key { user.key(KEY.parse().unwrap()) } else { user });
        }
        if self.host_key {
            bootstrap = bootstrap.host_key(host_key().clone());
        }
        for package in &self.packages {
            bootstrap = bootstrap.package(package.parse().unwrap());
        }
        for (path, content, mode) in &self.files {
            let file = match content {
                Content::Text(text) => File::text(path, text),
                Content::Secret(text) => File::secret(path, text.as_str()),
                Content::Bytes(bytes) => File::bytes(path, bytes.as_slice()),
            };
            bootstrap = bootstrap.file(file.unwrap().mode(Mode::new(*mode).unwrap()));
        }
        for (words, environment) in &self.commands {
            let mut command = Command::new(words).unwrap();
            for (name, value, secret) in environment {
                command =
                    if *secret { command.secret_env(name, value.as_str()) } else { command.env(name, value) }.unwrap();
            }
            bootstrap = bootstrap.command(command);
        }
        bootstrap = if self.podman { bootstrap.podman() } else { bootstrap };
        bootstrap = if self.data_disk { bootstrap.data_disk(DataDisk::new(MOUNT).unwrap()) } else { bootstrap };
        if let Some(size) = self.swap {
            bootstrap = bootstrap.swap(Swap::new(MiB(size)).unwrap());
        }
        if let Some(query) = &self.bundle {
            bootstrap = bootstrap.bundle(Bundle::new("app", &address(query), Sha256::of(b"app")).unwrap());
        }
        if let Some((words, value)) = &self.unit {
            let exec = std::iter::once("/bin/app").chain(words.iter().map(String::as_str));
            bootstrap = bootstrap.unit(Unit::new("app", exec).unwrap().secret_env("A", value.as_str()).unwrap());
        }
        bootstrap
    }

    /// What a cloud-config says but for files.
    pub(crate) fn config(&self) -> Value {
        let mut config = Map::new();
        if !self.users.is_empty() {
            let users = self.users.iter().map(|(name, groups, sudo, key)| {
                let mut user = json!({ "name": name, "shell": "/bin/bash", "lock_passwd": true });
                if !groups.is_empty() {
                    user["groups"] = json!(distinct(groups.clone(), |group| group));
                }
                if *sudo {
                    user["sudo"] = json!("ALL=(ALL) NOPASSWD:ALL");
                }
                if *key {
                    user["ssh_authorized_keys"] = json!([KEY]);
                }
                user
            });
            config.insert("users".into(), std::iter::once(json!("default")).chain(users).collect());
        }
        if self.host_key {
            let (private, public) = (host_key().to_openssh(), host_key().public().to_openssh());
            let keys = json!({ "ed25519_private": private.expose_secret(), "ed25519_public": public });
            config.insert("ssh_keys".into(), keys);
        }
        if !self.packages.is_empty() {
            config.insert("package_update".into(), json!(true));
            config.insert("packages".into(), json!(self.packages));
        }
        Value::Object(config)
    }

    /// The files that a cloud-config has: path, mode and content.
    pub(crate) fn files(&self) -> Vec<[String; 3]> {
        let early = self.files.iter().filter(|(path, _, _)| !self.on_data_disk(path));
        early
            .map(|(path, content, mode)| [path.clone(), format!("{mode:04o}"), STANDARD.encode(content.bytes())])
            .collect()
    }

    fn on_data_disk(&self, path: &str) -> bool {
        self.data_disk && path.starts_with(MOUNT)
    }

    /// The words of the plan: of all of it, or of what a cloud-config beside it does not say.
    pub(crate) fn words(&self, whole: bool) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        let mut add = |step: &[&str]| words.extend(step.iter().map(|word| (*word).to_owned()));
        if whole && self.host_key {
            let (private, public) = (host_key().to_openssh(), host_key().public().to_openssh());
            add(&["step", "host-key", "install_host_key", private.expose_secret(), &public]);
        }
        for (name, groups, sudo, key) in self.users.iter().filter(|_| whole) {
            add(&["step", "users", "add_user", name, "/bin/bash", if *sudo { "yes" } else { "no" }]);
            distinct(groups.clone(), |group| group).iter().for_each(|group| add(&[group]));
            if *key {
                add(&["step", "users", "authorize_keys", name, KEY]);
            }
        }
        if !self.packages.is_empty() {
            add(&["step", "packages", "install_packages"]);
            self.packages.iter().for_each(|package| add(&[package]));
        }
        let tools = [
            (self.podman, "podman=podman"),
            (self.data_disk, "mkfs.btrfs=btrfs-progs"),
            (self.bundle.is_some(), "curl=curl"),
        ];
        if tools.iter().any(|(used, _)| *used) {
            add(&["step", "packages", "install_tools"]);
            tools.iter().filter(|(used, _)| *used).for_each(|(_, tool)| add(&[tool]));
        }
        if self.data_disk {
            add(&["step", "data-disk", "mount_data_disk", MOUNT, "cloud-data", ""]);
        }
        if let Some(size) = self.swap {
            add(&["step", "swap", "make_swap", "/swapfile", &size.to_string()]);
        }
        for (path, content, mode) in self.files.iter().filter(|(path, _, _)| whole || self.on_data_disk(path)) {
            add(&["step", "files", "write_file", path, &format!("{mode:04o}"), "root"]);
            match content {
                Content::Text(text) | Content::Secret(text) => add(&["text", text]),
                Content::Bytes(bytes) => add(&["base64", &STANDARD.encode(bytes)]),
            }
        }
        if let Some(query) = &self.bundle {
            let url = url::Url::parse(&address(query)).unwrap().to_string().replace('\\', "%5C");
            add(&["step", "bundle", "install_bundle", "app", &url, Sha256::of(b"app").as_str(), ""]);
        }
        for (command, environment) in &self.commands {
            add(&["step", "command", "run_command", "3600"]);
            environment.iter().for_each(|(name, value, _)| add(&[name, value]));
            add(&["--"]);
            command.iter().for_each(|word| add(&[word]));
        }
        if let Some((exec, value)) = &self.unit {
            let mut text =
                "[Unit]\nDescription=app\nWants=network-online.target\nAfter=network-online.target\n".to_owned();
            text += "StartLimitIntervalSec=0\n";
            if self.data_disk {
                text += "RequiresMountsFor=/srv/data\n";
            }
            let escape = |word: &String| {
                let word = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
                format!(" \"{word}\"")
            };
            text += "\n[Service]\nType=exec\nExecStart=\"/bin/app\"";
            text.extend(exec.iter().map(escape));
            text += "\nUser=root\nEnvironmentFile=/etc/cloud-boot/app.service.env\nRestart=always\nRestartSec=2\n";
            text += "\n[Install]\nWantedBy=multi-user.target\n";
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`");
            add(&["step", "unit", "start_unit", "app.service", &text, &format!("A=\"{value}\"\n")]);
        }
        words
    }
}

impl Content {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) | Self::Secret(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

fn address(query: &str) -> String {
    format!("https://example.com/app.tgz?{}", query.replace('#', ""))
}
