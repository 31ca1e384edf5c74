//! Random wishes, rendered in every format under every provider's limit, and read back by Python: YAML by PyYAML's
//! `safe_load`, messages by its `email`, the plan by its `shlex`.
//!
//! With `CLOUD_BOOTSTRAP_PYTHON`, a Python that has PyYAML, there are 10,000 of them, and it must work; without, there are
//! fewer, by `python3`, if that has PyYAML. With `CLOUD_INIT_SCHEMA`, the folder that cloud-init's package was unpacked to,
//! each cloud-config is held to cloud-init's schema too.

mod python;
mod spec;

use cloud_bootstrap::{Bootstrap, Format, TooLarge};
use cloud_types::ErrorKind;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use python::Python;
use spec::{Spec, spec};

#[test]
fn whatever_is_asked_for_is_in_the_user_data_and_fits() {
    let Some((python, cases)) = Python::find() else { return };
    let counts = std::thread::scope(|scope| {
        let halves = [1, 2].map(|seed| {
            let python = &python;
            scope.spawn(move || read_back(python, cases / 2, seed))
        });
        halves.map(|half| half.join().unwrap())
    });
    let [fitted, too_large] = [0, 1].map(|index| counts[0][index] + counts[1][index]);
    eprintln!("{cases} random specs: {fitted} read back as they were asked for, {too_large} refused as too large");
    assert!(too_large * 100 > cases && fitted * 2 > cases, "the limits are tried from both sides");
}

/// How many fitted and were read back, and how many were refused as too large.
fn read_back(python: &Python, cases: usize, seed: u8) -> [usize; 2] {
    let mut reader = python.start();
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    // Half of the cloud-configs' time goes into the script in them.
    let formats = prop_oneof![
        2 => Just(Format::CloudConfig), 2 => Just(Format::Mime), 1 => Just(Format::Script)
    ];
    let strategy = (spec(), formats, select(LIMITS.to_vec()));
    let mut counts = [0, 0];
    for _ in 0..cases {
        let (spec, format, limit) = strategy.new_tree(&mut runner).unwrap().current();
        let bootstrap = spec.bootstrap();
        match bootstrap.render(format, limit) {
            Ok(data) => {
                assert!(data.len() <= limit, "{} bytes of {limit}", data.len());
                let answer = reader.ask(&case(&spec, &bootstrap, format, data.expose()));
                assert_eq!(answer, "ok", "{format:?} {limit} {spec:#?}");
                counts[0] += 1;
            }
            Err(error) => {
                assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidRequest, Some("user_data")), "{error}");
                let sizes = TooLarge::of(&error).unwrap();
                assert!(sizes.size > limit && sizes.limit == limit, "{sizes:?}");
                counts[1] += 1;
            }
        }
    }
    counts
}

/// What the providers take, in bytes.
const LIMITS: &[usize] = &[16_384, 32_768, 65_536, 261_120];

fn case(spec: &Spec, bootstrap: &Bootstrap, format: Format, text: &str) -> String {
    let name = match format {
        Format::CloudConfig => "cloud-config",
        Format::Mime => "mime",
        _ => "script",
    };
    let words = spec.words(format == Format::Script);
    let id = bootstrap.boot_id();
    json!({
        "format": name, "text": text, "id": id.as_str(), "config": spec.config(), "files": spec.files(), "words": words
    })
    .to_string()
}

#[test]
fn the_same_wish_renders_the_same_bytes() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..20 {
        let spec = spec().new_tree(&mut runner).unwrap().current();
        for format in [Format::CloudConfig, Format::Mime, Format::Script] {
            for limit in [usize::MAX, 0] {
                let render = || spec.bootstrap().render(format, limit).map(|data| data.expose().to_owned());
                match (render(), render()) {
                    (Ok(one), Ok(other)) => assert_eq!(one, other),
                    (Err(one), Err(other)) => assert_eq!(TooLarge::of(&one), TooLarge::of(&other)),
                    _ => panic!("one fits and the other does not"),
                }
            }
        }
    }
}
