//! What the crate is made of: the licences of everything it is built from, one version of the array
//! library, the files in its package, the oldest compiler.

mod left_out;

use serde_json::Value;
use std::process::Command;

/// Licences that ask for no more than to be named.
const ALLOWED: [&str; 10] = [
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unlicense",
    "0BSD",
    "CC0-1.0",
];

/// The packages of this platform; the others need not have been fetched.
fn packages() -> Vec<Value> {
    let version = Command::new("rustc").arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--offline",
            "--locked",
            "--format-version",
            "1",
            "--filter-platform",
            host,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Whether an SPDX expression can be met with the allowed licences: one side of every OR, both of
/// every AND. An exception only adds freedom.
fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    expression.split(" AND ").all(|part| {
        part.split(" OR ")
            .any(|licence| ALLOWED.contains(&licence.split(" WITH ").next().unwrap_or("").trim()))
    })
}

#[test]
fn everything_the_program_is_built_from_has_a_permissive_licence() {
    for package in packages() {
        let licence = package["license"].as_str().unwrap_or("");
        assert!(
            allowed(licence),
            "{} {}: licence {licence:?}",
            package["name"],
            package["version"]
        );
    }
}

#[test]
fn without_default_features_nothing_of_a_program_is_built() {
    let tree = |more: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p}"])
            .args(more)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let names: Vec<String> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .filter_map(|line| line.split(' ').next().map(str::to_owned))
            .collect();
        assert!(names.iter().any(|name| name == "faer"), "the tree has no faer: {names:?}");
        names
    };
    let of_the_program = ["clap", "clap_complete", "clap_mangen", "ctrlc", "indicatif", "plotters"];
    for name in of_the_program {
        let has = |tree: &[String]| tree.iter().any(|package| package == name);
        assert!(has(&tree(&[])), "{name} is no dependency any more: take it off this list");
        assert!(!has(&tree(&["--no-default-features"])), "{name} without default features");
        let figures = tree(&["--no-default-features", "--features", "figures"]);
        assert_eq!(has(&figures), name == "plotters", "{name} with figures alone");
    }
}

#[test]
fn there_is_one_version_of_the_array_library() {
    let versions = packages().iter().filter(|package| package["name"] == "ndarray").count();
    assert_eq!(versions, 1);
}

#[test]
fn the_package_holds_what_is_in_the_repository_and_nothing_else() {
    let run = |program: &str, arguments: &[&str]| {
        let output =
            Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        output.ok().filter(|o| o.status.success()).map(|o| String::from_utf8(o.stdout).unwrap())
    };
    let Some(tracked) = run("git", &["ls-files"]) else {
        left_out::say("the files of the package (this is no git repository)");
        return;
    };
    let package = run(env!("CARGO"), &["package", "--list", "--allow-dirty", "--offline"])
        .expect("cargo lists the package");
    // Made by cargo: what the manifest was before it was normalized, and the commit.
    let made = ["Cargo.toml.orig", ".cargo_vcs_info.json"];
    for file in package.lines().filter(|file| !made.contains(file)) {
        assert!(
            tracked.lines().any(|known| known == file),
            "{file} is in the package and not in the repository"
        );
        assert!(
            !file.starts_with("runs/") && !file.starts_with(".ci/"),
            "{file} is of no use to a user"
        );
    }
    let needed = [
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "src/lib.rs",
        "src/main.rs",
        "docs/tutorial.md",
    ];
    for file in needed {
        assert!(package.lines().any(|packed| packed == file), "{file} is not in the package");
    }
}

#[test]
fn the_crate_and_the_one_it_is_made_with_can_be_published() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("crates/transforms").exists() {
        left_out::say("publishing (this is a package already)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["package", "-p", "flipchain", "-p", "flipchain-transforms", "--no-verify"])
        .args(["--allow-dirty", "--offline", "--target-dir"])
        .arg(folder.path())
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let packed: Vec<String> = std::fs::read_dir(folder.path().join("package"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".crate"))
        .collect();
    assert_eq!(packed.len(), 2, "{packed:?}");
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        let [ours, inner] =
            ["", "crates/transforms"].map(|at| std::fs::read(root.join(at).join(licence)).unwrap());
        assert_eq!(ours, inner, "{licence}");
    }
}

#[test]
fn the_readme_and_the_documentation_name_the_oldest_compiler() {
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    for page in ["README.md", "docs/tutorial.md", "docs/reference/library.md"] {
        let text =
            std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page))
                .unwrap();
        let named: Vec<&str> = text
            .split("Rust ")
            .skip(1)
            .filter_map(|rest| rest.split([' ', ',', ';', ')']).next())
            .collect();
        let named: Vec<&str> = named.into_iter().filter(|v| v.starts_with("1.")).collect();
        assert!(
            !named.is_empty() && named.iter().all(|v| *v == oldest),
            "{page}: found {named:?}, Cargo.toml says {oldest}"
        );
    }
}

#[test]
fn the_citation_is_that_of_this_version() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let (citation, version) = (read("CITATION.cff"), env!("CARGO_PKG_VERSION"));
    let field = |name: &str| {
        let line = citation.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")[..]));
        line.unwrap_or_else(|| panic!("CITATION.cff has no {name}")).to_string()
    };
    assert_eq!(field("version"), version);
    let heading = format!("## {version} ({})", field("date-released"));
    assert!(read("CHANGELOG.md").contains(&heading), "CHANGELOG.md has no {heading}");
}
