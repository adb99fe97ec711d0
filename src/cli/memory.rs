//! How much memory a run will take, said before it starts, and refused where it would not fit.

use super::{Error, RunArgs};

/// A number of bytes with a unit: 4GiB, 500MiB, 2e9 (bytes), 3GB.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| c.is_ascii_alphabetic() && !"eE".contains(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "" | "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024f64.powi(2),
        "GiB" => 1024f64.powi(3),
        "TiB" => 1024f64.powi(4),
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        _ => 0.0,
    };
    match number.trim().parse::<f64>() {
        Ok(value) if value * factor >= 1.0 && value * factor < 1e18 => Ok((value * factor) as u64),
        _ => Err("allowed: a size such as 4GiB, 500MiB or 3GB".into()),
    }
}

/// Bytes as a person reads them.
fn readable(bytes: f64) -> String {
    if bytes < 1024f64.powi(3) {
        format!("{:.0} MiB", bytes / 1024f64.powi(2))
    } else {
        format!("{:.1} GiB", bytes / 1024f64.powi(3))
    }
}

/// What the machine has left for a new program; `None` where it does not say.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// States the memory a run needs (unless -q) and refuses one that does not fit; `bonds` is its N, for the largest N that would.
pub fn check(args: &RunArgs, needed: u64, bonds: usize) -> Result<(), Error> {
    let limit = args.memory_limit.or_else(available);
    if !args.quiet {
        let of = limit.map_or(String::new(), |limit| format!(" of {}", readable(limit as f64)));
        eprintln!("memory: about {}{of}", readable(needed as f64));
    }
    let Some(limit) = limit.filter(|&limit| needed > limit) else { return Ok(()) };
    let whose = if args.memory_limit.is_some() { "--memory-limit allows" } else { "this machine has left" };
    // The covariance grows like N².
    let fits = (bonds as f64 * (limit as f64 / needed as f64).sqrt()) as usize;
    Err(Error::BadInput(format!(
        "chain.bonds: found {bonds}; the covariance then needs about {}, and {whose} {}; allowed here: up to about {fits}, or fewer \
         covariances to keep (--covariance-times), or a larger --memory-limit",
        readable(needed as f64),
        readable(limit as f64),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, bytes) in
            [("4GiB", 4 << 30), ("500 MiB", 500 << 20), ("2e9", 2_000_000_000), ("3GB", 3_000_000_000), ("1kB", 1000)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "GiB", "-1GiB", "4 gigs", "nan", "0", "1e30GiB"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }
}
