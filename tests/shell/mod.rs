//! Lines of a page as a shell runs them, with the program on its path.

use std::path::Path;
use std::process::{Command, Output};

/// Runs a line in a folder; it must end well.
pub fn run(folder: &Path, line: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_flipchain")).parent().expect("a folder");
    let path = std::env::var_os("PATH").expect("a path");
    let places = std::iter::once(program.to_path_buf()).chain(std::env::split_paths(&path));
    let output = Command::new("sh")
        .current_dir(folder)
        .env("PATH", std::env::join_paths(places).expect("places without colons"))
        .args(["-c", line])
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
