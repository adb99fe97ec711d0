//! What stands in a run directory, for tests that compare two of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every file of a run, with its bytes; of the summary what does not measure the machine. What that
/// is, is said in docs/howto/watch.md.
pub fn files(place: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![place.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = std::fs::read(&path).expect("a file");
            if path.ends_with("summary.json") {
                let mut summary: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
                for key in ["wall_seconds", "cpu_seconds", "peak_memory_bytes", "threads"] {
                    summary[key].take();
                }
                bytes = summary.to_string().into_bytes();
            }
            found.insert(path.strip_prefix(place).expect("it is inside").to_path_buf(), bytes);
        }
    }
    found
}
