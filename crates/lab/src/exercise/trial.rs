//! Builds variants of exercises and runs their tests.
//!
//! Variants are built in a temporary workspace: nothing there can touch the reader's work. All of them are built by one
//! call of Cargo into the target folder that the reader's checks use too, so the port is built once for all.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use toml::{Table, Value};

use crate::error::Error;
use crate::exercise::{Exercise, Wrong};
use crate::record::{cargo, wait};
use crate::workspace::Workspace;

/// What became of the tests of one variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// All passed.
    Passed,
    /// At least one failed. This is what was printed.
    Failed(String),
    /// They did not end in this time and were ended. This is what had been printed.
    Hung(Duration, String),
    /// The variant does not compile. This is what the compiler said.
    DoesNotCompile(String),
}

/// An exercise with this code as its `src/lib.rs`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variant<'a> {
    /// The exercise.
    pub exercise: &'a Exercise,
    /// A word for it that no other variant of the exercise has: `solution`.
    pub label: String,
    /// Where its code stands.
    pub file: PathBuf,
    /// Its code.
    pub code: String,
}

impl<'a> Variant<'a> {
    /// An exercise with one of its typical mistakes.
    ///
    /// # Errors
    ///
    /// When its file cannot be read.
    pub fn mistake(exercise: &'a Exercise, wrong: &Wrong) -> Result<Self, Error> {
        let file = exercise.dir.join("wrong").join(format!("{}.rs", wrong.name));
        let code = Error::read(&file)?;
        Ok(Variant { exercise, label: format!("wrong-{}", wrong.name), file, code })
    }

    /// Its package has a hash of all that is compiled in its name. So an unchanged variant need not be built a second time,
    /// and a changed one is never taken for built, whatever the times of the files are.
    fn package(&self, tests: &str) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.code, tests).hash(&mut hasher);
        format!("{}-{}-{:016x}", self.exercise.name, self.label, hasher.finish())
    }
}

/// Tries the reader's own code, where it lies. What the compiler says goes to the terminal.
///
/// # Errors
///
/// When Cargo cannot be started, or fails for another reason than the reader's code.
pub fn try_in_place(workspace: &Workspace, exercise: &Exercise) -> Result<Verdict, Error> {
    let mut command = build(workspace);
    command.args(["--package", &exercise.name, "--message-format", "json-render-diagnostics"]);
    let output = command.stderr(Stdio::inherit()).output().map_err(Error::io("cannot start cargo"))?;
    let said = Said::read(&String::from_utf8_lossy(&output.stdout));
    // Cargo names paths without symbolic links.
    let dir = exercise.dir.canonicalize().map_err(Error::io(format!("cannot find {}", exercise.dir.display())))?;
    match said.executables.get(&dir) {
        Some(program) => run(exercise, program, &exercise.dir),
        None => Ok(Verdict::DoesNotCompile(String::new())),
    }
}

/// Tries each variant; the verdicts come in the same order.
///
/// # Errors
///
/// When Cargo cannot be started, or fails for another reason than a variant's code.
pub fn try_all(workspace: &Workspace, variants: &[Variant<'_>]) -> Result<Vec<Verdict>, Error> {
    if variants.is_empty() {
        return Ok(Vec::new());
    }
    let temporary = tempfile::tempdir().map_err(Error::io("cannot make a temporary directory"))?;
    // Cargo names paths without symbolic links.
    let root = temporary.path().canonicalize().map_err(Error::io("cannot find the temporary directory"))?;
    let dirs: Vec<_> = variants.iter().map(|variant| root.join(&variant.exercise.name).join(&variant.label)).collect();
    lay_out(workspace, &root, variants, &dirs)?;
    let mut command = build(workspace);
    command.arg("--manifest-path").arg(root.join("Cargo.toml"));
    command.args(["--workspace", "--keep-going", "--message-format", "json"]);
    let output = command.output().map_err(Error::io("cannot start cargo"))?;
    let mut said = Said::read(&String::from_utf8_lossy(&output.stdout));
    let mut verdicts = Vec::new();
    for (variant, dir) in variants.iter().zip(&dirs) {
        verdicts.push(match (said.executables.get(dir), said.errors.remove(dir)) {
            (Some(program), _) => run(variant.exercise, program, dir)?,
            (None, Some(errors)) => Verdict::DoesNotCompile(errors),
            (None, None) => {
                let stderr = String::from_utf8_lossy(&output.stderr);
                let what = format!("cargo did not build {} ({}):\n{stderr}", variant.exercise.name, variant.label);
                return Err(Error::Exercise(what));
            }
        });
    }
    Ok(verdicts)
}

/// `cargo build` of the tests of exercises. Run from their workspace, so that its settings hold.
pub(crate) fn build(workspace: &Workspace) -> Command {
    let mut command = cargo();
    command.args(["build", "--quiet", "--test", "exercise"]);
    command.current_dir(workspace.exercises()).stdin(Stdio::null());
    command
}

/// Runs the built tests, at most as long as the exercise allows.
fn run(exercise: &Exercise, program: &Path, dir: &Path) -> Result<Verdict, Error> {
    let limit = exercise.time_limit();
    let kept = tempfile::NamedTempFile::new().map_err(Error::io("cannot make a temporary file"))?;
    let output = |file: &File| file.try_clone().map_err(Error::io("cannot share a temporary file"));
    let child = Command::new(program)
        .current_dir(dir)
        // What a test has to say is in its message; where it panicked in the runtime is not for the reader.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(output(kept.as_file())?)
        .stderr(output(kept.as_file())?)
        .spawn()
        .map_err(Error::io(format!("cannot start {}", program.display())))?;
    let status = wait(child, limit).map_err(Error::io("cannot wait for the tests"))?;
    let bytes = std::fs::read(kept.path()).map_err(Error::io("cannot read what the tests printed"))?;
    let printed = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match status {
        None => Verdict::Hung(limit, printed),
        Some(status) if status.success() => Verdict::Passed,
        Some(_) => Verdict::Failed(printed),
    })
}

/// What Cargo says as JSON, by the folder of the crate.
#[derive(Default)]
struct Said {
    executables: BTreeMap<PathBuf, PathBuf>,
    errors: BTreeMap<PathBuf, String>,
}

/// One line of it, as far as it matters here.
#[derive(Deserialize)]
struct Line {
    manifest_path: Option<PathBuf>,
    executable: Option<PathBuf>,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    rendered: Option<String>,
}

impl Said {
    fn read(text: &str) -> Self {
        let mut said = Said::default();
        for line in text.lines() {
            let Ok(Line { manifest_path: Some(manifest), executable, message }) = serde_json::from_str(line) else {
                continue;
            };
            let dir = manifest.parent().unwrap_or(&manifest).to_path_buf();
            if let Some(executable) = executable {
                said.executables.insert(dir, executable);
            } else if let Some(Message { level, rendered: Some(rendered) }) = message
                && level.starts_with("error")
            {
                said.errors.entry(dir).or_default().push_str(&rendered);
            }
        }
        said
    }
}

/// Writes the temporary workspace: a crate for each variant, each under a name of its own.
fn lay_out(workspace: &Workspace, root: &Path, variants: &[Variant<'_>], dirs: &[PathBuf]) -> Result<(), Error> {
    let home = workspace.exercises();
    let mut manifest = read_toml(&home.join("Cargo.toml"))?;
    make_absolute(&mut manifest, &home, false);
    let members = dirs.iter().map(|dir| Value::from(dir.to_string_lossy().into_owned())).collect();
    if let Some(Value::Table(workspace)) = manifest.get_mut("workspace") {
        workspace.insert("members".to_owned(), Value::Array(members));
    }
    Error::write(&root.join("Cargo.toml"), &manifest.to_string())?;
    let mut packages = Vec::new();
    for (variant, dir) in variants.iter().zip(dirs) {
        for folder in ["src", "tests"] {
            let folder = dir.join(folder);
            std::fs::create_dir_all(&folder).map_err(Error::io(format!("cannot make {}", folder.display())))?;
        }
        let tests = Error::read(&variant.exercise.dir.join("tests/exercise.rs"))?;
        let package = variant.package(&tests);
        Error::write(&dir.join("Cargo.toml"), &member(variant, &package)?.to_string())?;
        write_as_old(&dir.join("src/lib.rs"), &variant.code)?;
        write_as_old(&dir.join("tests/exercise.rs"), &tests)?;
        packages.push((variant.exercise.name.as_str(), package));
    }
    lock(&home, root, &packages)
}

/// A variant's Cargo.toml: the exercise's own, with absolute paths, under another package name. The library keeps its
/// name, which the tests know.
fn member(variant: &Variant<'_>, package_name: &str) -> Result<Table, Error> {
    let Exercise { name, dir, .. } = variant.exercise;
    let mut manifest = read_toml(&dir.join("Cargo.toml"))?;
    make_absolute(&mut manifest, dir, false);
    if let Some(Value::Table(package)) = manifest.get_mut("package") {
        package.insert("name".to_owned(), Value::from(package_name));
    }
    let library = manifest.entry("lib").or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(library) = library {
        library.entry("name").or_insert_with(|| Value::from(name.as_str()));
    }
    Ok(manifest)
}

/// The exercises' Cargo.lock with an entry for each package of (its exercise, its name), so that nothing has to be looked up.
fn lock(home: &Path, root: &Path, added: &[(&str, String)]) -> Result<(), Error> {
    let path = home.join("Cargo.lock");
    if !path.exists() {
        return Ok(());
    }
    let mut lock = read_toml(&path)?;
    if let Some(Value::Array(packages)) = lock.get_mut("package") {
        for (exercise, name) in added {
            let of_exercise = |package: &&Value| package.get("name").and_then(Value::as_str) == Some(exercise);
            if let Some(Value::Table(mut package)) = packages.iter().find(of_exercise).cloned() {
                package.insert("name".to_owned(), Value::from(name.as_str()));
                packages.push(Value::Table(package));
            }
        }
    }
    Error::write(&root.join("Cargo.lock"), &lock.to_string())
}

fn read_toml(path: &Path) -> Result<Table, Error> {
    let text = Error::read(path)?;
    text.parse().map_err(|error| Error::Exercise(format!("{}: {error}", path.display())))
}

/// Makes the paths of all dependencies absolute; they are relative to `dir`.
fn make_absolute(table: &mut Table, dir: &Path, of_dependencies: bool) {
    for (key, value) in table.iter_mut() {
        match value {
            Value::Table(inner) => make_absolute(inner, dir, of_dependencies || key.ends_with("dependencies")),
            Value::String(path) if of_dependencies && key == "path" => {
                *path = dir.join(&*path).to_string_lossy().into_owned();
            }
            // Settings of other kinds hold no paths of dependencies.
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => {}
        }
    }
}

/// Writes a file that Cargo takes for an old one: the name of its package says whether it has changed.
fn write_as_old(path: &Path, text: &str) -> Result<(), Error> {
    Error::write(path, text)?;
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
    let set = File::options().write(true).open(path).and_then(|file| file.set_modified(long_ago));
    set.map_err(Error::io(format!("cannot set the time of {}", path.display())))
}
