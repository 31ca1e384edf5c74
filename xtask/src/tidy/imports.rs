//! The paths by which a file reaches others, read from its text: `use` trees and paths in expressions alike.

use crate::sources::Source;

/// A path that a file names, and the line on which it begins.
#[derive(Debug, PartialEq)]
pub(super) struct Import {
    /// From the crate's root, such as `["catalog", "Sold"]`; of another crate with its name first, such as
    /// `["aws_sdk_ec2", "types", "Instance"]`.
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// The paths below one of these roots, `crate`, `super` or another crate's name, in a file without its tests.
pub(super) fn imports(source: &Source, roots: &[&str]) -> Vec<Import> {
    let code = code(source);
    let module = module(source);
    let mut found = Vec::new();
    for root in roots {
        let start = format!("{root}::");
        for (at, _) in code.match_indices(&start) {
            let before = code[..at].trim_end_matches("super::");
            if before.ends_with(|last: char| last.is_alphanumeric() || "_:$".contains(last))
                || before.ends_with("in ")
                || (*root == "super" && code[..at].ends_with("super::"))
            {
                continue; // the end of another path, a visibility, or a `super` that was read before
            }
            let line = code[..at].matches('\n').count() + 1;
            for mut names in tree(&code[at..]) {
                let supers = names.iter().take_while(|name| *name == "super").count();
                match *root {
                    "crate" => drop(names.remove(0)),
                    "super" => {
                        let above = module.len().saturating_sub(supers);
                        names.splice(..supers, module[..above].iter().cloned());
                    }
                    _ => {}
                }
                found.push(Import { path: names, line });
            }
        }
    }
    found.sort_by_key(|import| import.line);
    found
}

/// The names that a crate's root takes from its modules, each with the module: `Acme` and `host` of
/// `pub use host::Acme;`.
pub(super) fn reexports(root: &Source) -> Vec<(String, String)> {
    let code = code(root);
    let paths = code.match_indices("use ").flat_map(|(at, word)| tree(&code[at + word.len()..]));
    let pairs = paths.filter(|path| path.len() > 1).map(|mut path| {
        let item = path.pop().unwrap_or_default();
        (item, path.swap_remove(usize::from(path[0] == "crate")))
    });
    pairs.collect()
}

/// The module that a file is, such as `["catalog", "sold"]` for `src/catalog/sold.rs`; nothing for the crate's root.
pub(super) fn module(source: &Source) -> Vec<String> {
    let file = source.within_package().trim_start_matches("src/").trim_end_matches(".rs");
    let file = file.strip_suffix("/mod").unwrap_or(file);
    let is_root = matches!(file, "lib" | "main" | "mod");
    if is_root { Vec::new() } else { file.split('/').map(str::to_owned).collect() }
}

/// Whether a file is a module of tests alone, declared as `#[cfg(test)] mod name;` above it.
pub(super) fn is_test_module(source: &Source, rust: &[Source]) -> bool {
    let mut above = module(source);
    let Some(name) = above.pop() else { return false };
    let declared = format!("#[cfg(test)]\nmod {name};");
    let parents = rust.iter().filter(|other| other.package() == source.package() && module(other) == above);
    parents.into_iter().any(|parent| parent.text.contains(&declared))
}

/// The text without its tests and its comments, line for line.
fn code(source: &Source) -> String {
    let lines = source.lines_without_tests().map(|(_, line)| line.split("//").next().unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths of a `use` tree, or the one path, with which a text begins.
fn tree(text: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    read_tree(text, &mut Vec::new(), &mut paths);
    paths
}

/// Reads one branch and gives what stands behind it.
fn read_tree<'a>(text: &'a str, before: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> &'a str {
    let depth = before.len();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            loop {
                rest = rest.trim_start().trim_start_matches(',').trim_start();
                if rest.is_empty() || rest.starts_with('}') {
                    rest = rest.strip_prefix('}').unwrap_or(rest);
                    break;
                }
                let behind = read_tree(rest, before, paths);
                if behind.len() == rest.len() {
                    break; // no tree after all
                }
                rest = behind;
            }
            break;
        }
        let end = rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len());
        if end == 0 {
            if before.len() > depth || rest.starts_with('*') {
                paths.push(before.clone());
            }
            rest = rest.strip_prefix('*').unwrap_or(rest);
            break;
        }
        before.push(rest[..end].to_owned());
        rest = &rest[end..];
        let Some(behind) = rest.strip_prefix("::") else {
            paths.push(before.clone());
            let renamed = rest.trim_start().strip_prefix("as ").map(str::trim_start);
            if let Some(renamed) = renamed {
                rest = renamed.trim_start_matches(|next: char| next.is_alphanumeric() || next == '_');
            }
            break;
        };
        rest = behind;
    }
    before.truncate(depth);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str, text: &str) -> Vec<String> {
        let found = imports(&Source::new(path, text), &["crate", "super", "sdk"]);
        found.into_iter().map(|import| format!("{} {}", import.line, import.path.join("::"))).collect()
    }

    #[test]
    fn use_trees_are_taken_apart() {
        let text = "use crate::host::{Acme, named};\nuse crate::{\n    convert::{self as c, Place},\n    wire,\n};\n";
        let found = paths("crates/cloud-acme/src/create.rs", text);
        assert_eq!(found, ["1 host::Acme", "1 host::named", "2 convert::self", "2 convert::Place", "2 wire"]);
    }

    #[test]
    fn paths_in_code_are_read_and_comments_and_tests_are_not() {
        let tests = "#[cfg(test)]\nmod tests {\n    use crate::t;\n}\n";
        let code = "// crate::a::B\nfn f() -> crate::wire::Server { sdk::types::X(mycrate::b) }\n";
        let text = &format!("{code}\n{tests}");
        assert_eq!(paths("crates/cloud-acme/src/create.rs", text), ["2 wire::Server", "2 sdk::types::X"]);
    }

    #[test]
    fn a_path_above_is_resolved() {
        let text = "use super::Sold;\nuse super::super::host::Acme;\npub(in crate::x) fn f() {}\n";
        assert_eq!(paths("crates/cloud-acme/src/catalog/sold.rs", text), ["1 catalog::Sold", "2 host::Acme"]);
    }

    #[test]
    fn a_root_tells_where_its_names_come_from() {
        let root =
            Source::new("crates/cloud-acme/src/lib.rs", "mod host;\npub use host::{Acme, Other};\nuse std::fmt;\n");
        let pair = |item: &str, module: &str| (item.to_owned(), module.to_owned());
        assert_eq!(reexports(&root), [pair("Acme", "host"), pair("Other", "host"), pair("fmt", "std")]);
    }

    #[test]
    fn a_module_of_tests_is_told_from_the_others() {
        let file = |path: &str, text: &str| Source::new(format!("crates/cloud-acme/src/{path}"), text);
        let root = file("wire/mod.rs", "mod page;\n#[cfg(test)]\nmod documented;\n");
        let rust = [root, file("wire/documented.rs", ""), file("wire/page.rs", ""), file("documented.rs", "")];
        assert_eq!(rust.each_ref().map(|source| is_test_module(source, &rust)), [false, true, false, false]);
    }

    #[test]
    fn a_file_is_a_module() {
        let module = |path: &str| module(&Source::new(format!("crates/cloud-acme/src/{path}"), "")).join("::");
        assert_eq!(
            (module("lib.rs"), module("wire/mod.rs"), module("wire/page.rs")),
            (String::new(), "wire".to_owned(), "wire::page".to_owned())
        );
    }
}
