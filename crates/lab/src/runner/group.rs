//! A process with everything that it has started.

use std::io;
use std::process::ExitStatus;

use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// A process that leads a group of its own, to which all belong that it starts.
///
/// # Drop
///
/// Ends every process of the group.
#[derive(Debug)]
pub struct Group {
    child: Child,
    /// The group's number, which is the child's, until the child has been waited for: then the number may be another's.
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    /// Starts `command` in a group of its own.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(mut command: Command) -> io::Result<Self> {
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        Ok(Group {
            #[cfg(unix)]
            leader: child.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?)),
            child,
        })
    }

    /// What it prints and what it complains about, where both are pipes. Only the first call has them.
    pub fn take_pipes(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits until the process has ended, and ends what it has left behind.
    ///
    /// # Errors
    ///
    /// When the operating system cannot tell.
    ///
    /// # Cancel safety
    ///
    /// It can be dropped and called again.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.end();
        Ok(status)
    }

    #[cfg(unix)]
    fn end(&mut self) {
        if let Some(leader) = self.leader.take() {
            // An error says that the group has ended already.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn end(&mut self) {
        // The same: it has ended, then.
        let _ = self.child.start_kill();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}
