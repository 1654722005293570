//! What the machine must give: CPUs to stay on, and files to open.

use crate::compare::workload::Place;

/// Files a process needs beside its connections.
const OTHER_FILES: usize = 200;

/// The two CPUs of the comparison; one twice where there is only one, none where they cannot be chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpus {
    chosen: Option<(usize, usize)>,
}

/// Who is to stay where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    Client,
    Server,
}

impl Cpus {
    /// The first two on which this process may run.
    pub(crate) fn first_two() -> Self {
        let mut allowed = affinity::allowed().into_iter();
        let first = allowed.next();
        Cpus { chosen: first.map(|first| (first, allowed.next().unwrap_or(first))) }
    }

    /// What a reader of the tables should know.
    pub(crate) fn describe(self) -> String {
        match self.chosen {
            None => "CPUs cannot be chosen on this system: nothing is pinned".to_owned(),
            Some((one, two)) if one == two => format!("there is only CPU {one}: all share it"),
            Some((one, two)) => format!("client on CPU {one}, server on CPU {two}; multi_thread(2) on both"),
        }
    }

    fn of(self, who: Who, place: Place) -> Vec<usize> {
        let Some((one, two)) = self.chosen else { return Vec::new() };
        match (place, who) {
            (Place::OneCpu, _) | (Place::Apart, Who::Client) => vec![one],
            (Place::Apart | Place::Both, Who::Server) => vec![two],
            (Place::Both, Who::Client) => vec![one, two],
        }
    }

    /// Moves the server, which is one thread.
    pub(crate) fn place_server(self, process: u32, place: Place) {
        affinity::set(Some(process), &self.of(Who::Server, place));
    }

    /// Starts a child where the client belongs: it is born where its parent is at that moment.
    pub(crate) fn beside_client<T>(self, place: Place, start: impl FnOnce() -> T) -> T {
        let home = affinity::allowed();
        affinity::set(None, &self.of(Who::Client, place));
        let started = start();
        affinity::set(None, &home);
        started
    }
}

/// Raises the limit of open files as far as it goes, for this process and its children. Returns how many idle
/// connections there can be, at most `wanted`.
#[cfg(unix)]
pub(crate) fn room_for_idle(wanted: usize) -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Refused only where the system allows less than its own limit says; then the old one stays.
    let _refused = setrlimit(Resource::Nofile, limit);
    let files = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files as usize);
    wanted.min(files.saturating_sub(OTHER_FILES))
}

/// Nothing is known of a limit.
#[cfg(not(unix))]
pub(crate) fn room_for_idle(wanted: usize) -> usize {
    wanted
}

#[cfg(target_os = "linux")]
mod affinity {
    use rustix::process::Pid;
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    pub(super) fn allowed() -> Vec<usize> {
        let Ok(set) = sched_getaffinity(None) else { return Vec::new() };
        (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect()
    }

    /// Where the system refuses, nothing moves: figures are less steady then, not wrong.
    pub(super) fn set(process: Option<u32>, cpus: &[usize]) {
        if cpus.is_empty() {
            return;
        }
        let mut set = CpuSet::new();
        cpus.iter().for_each(|&cpu| set.set(cpu));
        let process = process.and_then(|process| Pid::from_raw(process as i32));
        let _refused = sched_setaffinity(process, &set);
    }
}

#[cfg(not(target_os = "linux"))]
mod affinity {
    pub(super) fn allowed() -> Vec<usize> {
        Vec::new()
    }

    pub(super) fn set(_process: Option<u32>, _cpus: &[usize]) {}
}
