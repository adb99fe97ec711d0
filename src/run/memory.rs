//! Sizes of memory: what the machine has left, and how a person reads them.

/// Bytes as a person reads them.
pub fn size(bytes: f64) -> String {
    match bytes {
        b if b < 1024.0 => format!("{b:.0} bytes"),
        b if b < 1024f64.powi(2) => format!("{:.0} KiB", b / 1024.0),
        b if b < 1024f64.powi(3) => format!("{:.0} MiB", b / 1024f64.powi(2)),
        b => format!("{:.1} GiB", b / 1024f64.powi(3)),
    }
}

/// The memory that the machine has for a new program, in bytes; `None` where it does not say.
pub fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// The bytes that a computation may take: what the caller allows, or what the machine has left.
pub(super) fn limit(memory_limit: Option<u64>) -> Option<f64> {
    memory_limit.or_else(available).map(|limit| limit as f64)
}

/// The most memory that this process has had.
pub(crate) fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Ticks a second of the counters in /proc/self/stat (fixed at 100 for user space on Linux).
const TICKS: f64 = 100.0;

/// The processor time of this process so far.
pub(crate) fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The command name may contain spaces; it ends at the last parenthesis. User and system time
    // are fields 14 and 15.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 2..].split(' ').collect();
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / TICKS)
}
