//! Which Go there is on this machine.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::go::GoError;
use crate::scenario::Policy;

/// What stands in the way of a build that gives the same program everywhere.
const CLEAN: [(&str, &str); 7] = [
    ("CGO_ENABLED", "0"),
    ("GO111MODULE", "on"),
    ("GOENV", "off"),
    ("GOFLAGS", ""),
    ("GOPROXY", "off"),
    ("GOTOOLCHAIN", "local"),
    ("GOWORK", "off"),
];

/// Variables that change what a Go program or compiler does.
const REMOVED: [&str; 9] =
    ["GOARCH", "GODEBUG", "GOEXPERIMENT", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOOS", "GORACE", "GOROOT"];

/// A Go toolchain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Toolchain {
    /// The program `go`.
    pub path: PathBuf,
    /// As it says it: `go1.27.3`.
    pub version: String,
    /// The 27 of 1.27.3.
    pub minor: u32,
}

/// Where to look for one.
#[derive(Clone, Debug, Default)]
pub struct Search {
    named: Vec<PathBuf>,
    places: Vec<PathBuf>,
}

impl Search {
    /// `named` is what the user has named; then nothing else counts. Otherwise the variable `GO`, `PATH`, and where
    /// systems put Go.
    pub fn new(named: &[PathBuf]) -> Self {
        Search::of(named, std::env::var_os("GO"), std::env::var_os("PATH"))
    }

    fn of(named: &[PathBuf], go: Option<OsString>, path: Option<OsString>) -> Self {
        let mut places: Vec<PathBuf> = path
            .iter()
            .flat_map(std::env::split_paths)
            .map(|folder| folder.join(format!("go{}", std::env::consts::EXE_SUFFIX)))
            .collect();
        // Debian's packages: one folder per version. Names sort as versions do, the newest comes first.
        let packaged: BTreeSet<PathBuf> = std::fs::read_dir("/usr/lib")
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("go-"))
            .map(|entry| entry.path().join("bin/go"))
            .collect();
        places.extend(packaged.into_iter().rev());
        places.push("/usr/local/go/bin/go".into());
        let mut named = named.to_vec();
        // The variable is a wish, and a wish beats whatever else is there.
        named.extend(go.filter(|go| named.is_empty() && !go.is_empty()).map(PathBuf::from));
        Search { named, places }
    }

    /// The first toolchain that there is.
    ///
    /// # Errors
    ///
    /// When there is none, or what was named is none.
    pub fn any(&self) -> Result<Toolchain, GoError> {
        self.first("at all", |_| true)
    }

    /// The first toolchain that behaves as a policy does.
    ///
    /// # Errors
    ///
    /// When there is none, or what was named is none.
    pub fn for_policy(&self, policy: Policy) -> Result<Toolchain, GoError> {
        let wanted = match policy {
            Policy::Go1_12 => "of version 1.19 to 1.22, for the policy go1.12",
            Policy::Go1_27 => "of version 1.27 or newer, for the policy go1.27",
        };
        self.first(wanted, |go| go.policy() == Some(policy))
    }

    fn first(&self, wanted: &str, fits: impl Fn(&Toolchain) -> bool) -> Result<Toolchain, GoError> {
        let mut looked_at = Vec::new();
        for path in &self.named {
            let go = Toolchain::at(path)?;
            if fits(&go) {
                return Ok(go);
            }
            looked_at.push(go.to_string());
        }
        let places = if self.named.is_empty() { &self.places[..] } else { &[] };
        for path in places.iter().filter(|path| path.is_file()) {
            match Toolchain::at(path) {
                Ok(go) if fits(&go) => return Ok(go),
                Ok(go) => looked_at.push(go.to_string()),
                // Something else is called go, too.
                Err(error) => looked_at.push(error.to_string()),
            }
        }
        if looked_at.is_empty() {
            looked_at = ["GO", "PATH", "/usr/lib/go-*/bin", "/usr/local/go/bin"].map(str::to_owned).into();
        }
        Err(GoError::None { wanted: wanted.to_owned(), looked_at })
    }
}

impl Toolchain {
    /// The toolchain whose program `go` this is.
    ///
    /// # Errors
    ///
    /// When it cannot be run, or does not answer as Go does.
    pub fn at(path: &Path) -> Result<Self, GoError> {
        let not_go = |why: String| GoError::NotGo { path: path.to_owned(), why };
        let mut asked = Command::new(path);
        let answer = clean(asked.arg("version")).output().map_err(|error| not_go(error.to_string()))?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let version = text
            .strip_prefix("go version ")
            .and_then(|rest| rest.split_whitespace().find(|word| word.starts_with("go1.") || word.contains("-go1.")))
            .map(|word| &word[word.find("go1.").unwrap_or(0)..])
            .ok_or_else(|| not_go(format!("`go version` says {:?}", text.trim())))?;
        let digits: String = version["go1.".len()..].chars().take_while(char::is_ascii_digit).collect();
        let minor = digits.parse().map_err(|_| not_go(format!("it calls itself {version:?}")))?;
        Ok(Toolchain { path: path.to_owned(), version: version.to_owned(), minor })
    }

    /// Which policy it is the model of, if any: up to Go 1.22 the body of a response is waited for with four arms, and
    /// from Go 1.27 on a body that is closed early is drained.
    pub fn policy(&self) -> Option<Policy> {
        match self.minor {
            19..=22 => Some(Policy::Go1_12),
            27.. => Some(Policy::Go1_27),
            _ => None,
        }
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.version, self.path.display())
    }
}

/// Makes a command independent of the user's own settings for Go.
pub(crate) fn clean(command: &mut Command) -> &mut Command {
    for name in REMOVED {
        command.env_remove(name);
    }
    command.envs(CLEAN)
}

/// The same for a program that Go has built.
pub(crate) fn clean_run(command: &mut tokio::process::Command) -> &mut tokio::process::Command {
    for name in REMOVED {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_any_go_the_error_says_what_to_do() {
        let search = Search { named: Vec::new(), places: vec!["/nowhere/bin/go".into()] };
        let error = search.for_policy(Policy::Go1_12).unwrap_err().to_string();
        assert!(error.starts_with("no Go of version 1.19 to 1.22, for the policy go1.12: install one"), "{error}");
        assert!(error.contains("--go PATH") && error.contains("variable GO") && error.contains("PATH"), "{error}");
    }

    #[test]
    fn what_is_named_and_is_no_go_is_an_error_and_nothing_else_is_tried() {
        let named = [PathBuf::from("/nowhere/go")];
        let error = Search::of(&named, Some("/elsewhere/go".into()), None).any().unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/go is no Go toolchain: "), "{error}");
    }

    #[test]
    fn the_variable_counts_when_nothing_is_named() {
        let error = Search::of(&[], Some("/elsewhere/go".into()), None).any().unwrap_err().to_string();
        assert!(error.starts_with("/elsewhere/go is no Go toolchain: "), "{error}");
    }

    #[test]
    fn a_version_says_which_policy_it_is_the_model_of() {
        let policy = |minor| Toolchain { path: "go".into(), version: format!("go1.{minor}"), minor }.policy();
        assert_eq!(policy(18), None);
        assert_eq!(policy(19), Some(Policy::Go1_12));
        assert_eq!(policy(23), None);
        assert_eq!(policy(27), Some(Policy::Go1_27));
        assert_eq!(policy(31), Some(Policy::Go1_27));
    }
}
