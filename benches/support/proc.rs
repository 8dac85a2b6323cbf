//! CPU time and memory of a process, from `/proc`.

use std::{fs, time::Duration};

use rustix::process::{Pid, getpid};

/// Clock ticks per second in `/proc`, the same on every Linux.
const TICKS: u64 = 100;

/// This process.
pub fn myself() -> Pid {
    getpid()
}

/// Processor time used so far.
pub fn cpu(pid: Pid) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1_000 / TICKS)
}

/// Resident memory.
pub fn resident_mib(pid: Pid) -> u64 {
    status_mib(pid, "VmRSS:")
}

/// Peak of resident memory.
pub fn peak_mib(pid: Pid) -> u64 {
    status_mib(pid, "VmHWM:")
}

fn status_mib(pid: Pid, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}
