//! Python programs as independent judges, each in a virtual environment of its own below `target/`.
//!
//! An environment is made on first use and kept until its requirements change. Where Python, pip or the package index is
//! missing, a judge is skipped with a notice; in CI (the variable `CI` is set) that is a failure.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A virtual environment that has its requirements.
#[derive(Debug)]
pub struct Venv {
    bin: PathBuf,
}

impl Venv {
    /// The environment called `name`, with `requirements` as pip takes them (pin them: `boto3==1.44.5`).
    ///
    /// `None` when it can't be had here; the notice is printed.
    ///
    /// # Panics
    /// When it can't be had in CI.
    pub fn with(name: &str, requirements: &[&str]) -> Option<Venv> {
        match Self::make(name, requirements) {
            Ok(venv) => Some(venv),
            Err(reason) if std::env::var_os("CI").is_some() => panic!("no Python environment {name}: {reason}"),
            Err(reason) => {
                // Straight to the terminal: what tests print with macros is swallowed when they pass.
                let _ = writeln!(io::stderr(), "SKIPPED: no Python environment {name}: {reason}");
                None
            }
        }
    }

    /// A command of the environment, `python` or one that a requirement installed. Nothing of the caller's own Python
    /// or AWS settings reaches it; dummy credentials do.
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
        // Several test processes may want it at once; the lock goes with the file handle.
        let lock = File::create(root.join(format!("{name}.lock"))).map_err(|error| error.to_string())?;
        lock.lock().map_err(|error| error.to_string())?;

        let home = root.join(name);
        let venv = Venv { bin: home.join("bin") };
        // Written last, so an environment that was interrupted in the making is made anew.
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

/// Runs a command to its end; what it complained of when it failed.
fn run(command: &mut Command) -> Result<Output, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{program}: {}: {}", output.status, String::from_utf8_lossy(&said).trim()))
}
