//! What the crate is made of: the licences of everything it is built from, and one version of the array library.

use serde_json::Value;
use std::process::Command;

/// Licences that ask for no more than to be named.
const ALLOWED: [&str; 10] =
    ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "Unicode-3.0", "Unlicense", "0BSD", "CC0-1.0"];

/// The packages of this platform; the others need not have been fetched.
fn packages() -> Vec<Value> {
    let version = Command::new("rustc").arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Whether an SPDX expression can be met with the allowed licences: one side of every OR, both of every AND. An exception only adds freedom.
fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    expression.split(" AND ").all(|part| {
        part.split(" OR ").any(|licence| ALLOWED.contains(&licence.split(" WITH ").next().unwrap_or("").trim()))
    })
}

#[test]
fn everything_the_program_is_built_from_has_a_permissive_licence() {
    for package in packages() {
        let licence = package["license"].as_str().unwrap_or("");
        assert!(allowed(licence), "{} {}: licence {licence:?}", package["name"], package["version"]);
    }
}

#[test]
fn there_is_one_version_of_the_array_library() {
    let versions = packages().iter().filter(|package| package["name"] == "ndarray").count();
    assert_eq!(versions, 1);
}
