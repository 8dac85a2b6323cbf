//! Python programs for conformance tests, each in its own virtual environment below `target/`.
//!
//! An environment is created on first use and kept until its requirements change. Where Python, pip or the package index is
//! missing, the test is skipped with a notice; in CI (the variable `CI` is set) that is a failure.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A virtual environment with its requirements installed.
#[derive(Debug)]
pub struct Venv {
    bin: PathBuf,
}

impl Venv {
    /// Returns the environment `name` with `requirements` for pip (pinned: `boto3==1.44.5`).
    ///
    /// `None`, with a notice on the terminal, when it can't be created.
    ///
    /// # Panics
    /// When it can't be created in CI.
    pub fn with(name: &str, requirements: &[&str]) -> Option<Venv> {
        match Self::make(name, requirements) {
            Ok(venv) => Some(venv),
            Err(reason) if std::env::var_os("CI").is_some() => panic!("no Python environment {name}: {reason}"),
            Err(reason) => {
                // Straight to the terminal, because output of macros is hidden when a test passes.
                let _ = writeln!(io::stderr(), "SKIPPED: no Python environment {name}: {reason}");
                None
            }
        }
    }

    /// A command of the environment: `python`, or one installed by a requirement. It gets dummy credentials and none of the
    /// caller's Python or AWS settings.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command
            .env_clear()
            .env("PATH", &self.bin)
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_ACCESS_KEY_ID", "AKIADEMO")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    fn make(name: &str, requirements: &[&str]) -> Result<Venv, String> {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("venv");
        fs::create_dir_all(&root).map_err(|error| error.to_string())?;
        // Several test processes may create it at once; the lock is released with the file handle.
        let lock = File::create(root.join(format!("{name}.lock"))).map_err(|error| error.to_string())?;
        lock.lock().map_err(|error| error.to_string())?;

        let home = root.join(name);
        let venv = Venv { bin: home.join("bin") };
        // Written last, so that an incomplete environment is created again.
        let (stamp, wanted) = (home.join("requirements.txt"), requirements.join("\n"));
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(venv);
        }
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        run(Command::new(venv.bin.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(requirements))?;
        fs::write(&stamp, wanted).map_err(|error| error.to_string())?;
        Ok(venv)
    }
}

/// Runs a command to its end. The error is its error output.
fn run(command: &mut Command) -> Result<Output, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let printed = [output.stdout, output.stderr].concat();
    Err(format!("{program}: {}: {}", output.status, String::from_utf8_lossy(&printed).trim()))
}
