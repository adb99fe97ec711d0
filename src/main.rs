//! The program: everything is in the library's `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    keep_freed_memory();
    flipchain::cli::main()
}

/// Solvers take and free vectors of the same lengths thousands of times. glibc gives such memory
/// back to the system at once and faults it in again, page by page: 15 to 30 % of the processor
/// time of long runs, in the kernel, where threads wait for each other.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_freed_memory() {
    /// Most free memory that an arena keeps.
    const KEPT: i32 = 256 << 20;
    /// Larger blocks than these are the system's; glibc allows no more.
    const LARGE: i32 = 32 << 20;
    // SAFETY: `mallopt` takes numbers alone, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}
