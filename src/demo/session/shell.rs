//! A toy shell in an imaginary container: a few builtins over files in memory. It never runs a program of the host.

mod builtins;
mod copying;
mod files;
mod screen;
mod streams;
mod syntax;
mod terminal;
mod wrapped;

use std::{collections::BTreeMap, time::Duration};

use futures::future::BoxFuture;

use super::{Target, agent::Pipes};
use crate::demo::world::{TaskId, World};
pub(super) use files::Files;
use streams::{Sink, Source, Streams};
use syntax::{Command, Redirection, SyntaxError, Values, When};
use terminal::Terminal;

/// How agents start the text of an error.
const ERROR: &str = "\n----------ERROR-------\n";
/// Shells that call each other deeper than this are refused.
const DEPTH: usize = 16;

/// Why a command ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Ctrl-C.
    Interrupt,
    /// The shell exits with this status.
    Exit(u8),
    /// Nobody reads the command's output.
    BrokenPipe,
    /// The agent has gone.
    HangUp,
}

/// What a program in the container or on the host can know.
#[derive(Debug, Clone)]
pub(super) struct Environment {
    hostname: String,
    program: String,
    variables: BTreeMap<String, String>,
    files: Files,
}

impl Environment {
    pub(super) fn of_target(world: &mut World, target: Target) -> Self {
        let (hostname, program, variables) = match target {
            Target::Container { task, container } => Self::of_container(world, task, container),
            Target::Host(instance) => Self::of_host(world, instance),
        };
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let files = world.sessions.files(target, || Files::of_image(&program, &hostname));
        Self { hostname, program, variables, files }
    }

    /// The host name, the program and the variables of a host.
    fn of_host(world: &World, instance: usize) -> (String, String, Vec<(&'static str, String)>) {
        let hostname = world.instances.get(instance).map_or_else(String::new, |instance| instance.ec2_id.clone());
        let variables = [
            ("HOME", "/home/ssm-user"),
            ("HOSTNAME", &hostname),
            ("LANG", "C.UTF-8"),
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"),
            ("PWD", "/"),
            ("TERM", "xterm-256color"),
            ("USER", "ssm-user"),
        ];
        let variables = variables.map(|(name, value)| (name, value.to_owned())).into();
        (hostname, "amazon-ecs-agent".to_owned(), variables)
    }

    /// The same of a container.
    fn of_container(world: &World, task: TaskId, container: usize) -> (String, String, Vec<(&'static str, String)>) {
        let task = world.tasks.get(&task);
        let spec = task.and_then(|task| task.definition.containers.get(container));
        let image = spec.map_or("", |spec| spec.image.as_str());
        let program = image.rsplit('/').next().and_then(|name| name.split([':', '@']).next()).unwrap_or_default();
        let hostname = task.map_or_else(String::new, |task| match task.site.instance {
            Some(_) => task.id.to_string()[..12].to_owned(),
            None => format!("ip-{}.{}.compute.internal", task.interface().address.replace('.', "-"), world.region),
        });
        let task_id = task.map_or_else(String::new, |task| task.id.to_string());
        let variables = [
            ("AWS_REGION", world.region.as_str()),
            ("AWS_DEFAULT_REGION", world.region.as_str()),
            (
                "AWS_EXECUTION_ENV",
                if task.is_some_and(|task| task.site.instance.is_some()) { "AWS_ECS_EC2" } else { "AWS_ECS_FARGATE" },
            ),
            ("ECS_CONTAINER_METADATA_URI_V4", &format!("http://169.254.170.2/v4/{task_id}")),
            ("HOME", "/root"),
            ("HOSTNAME", &hostname),
            ("LANG", "C.UTF-8"),
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("PWD", "/"),
            ("TERM", "xterm-256color"),
        ];
        let variables = variables.map(|(name, value)| (name, value.to_owned())).into();
        (hostname, program.to_owned(), variables)
    }
}

/// Runs the command line of a session on its terminal.
pub(super) async fn run(command: String, environment: Environment, pipes: Pipes) {
    let mut shell = Shell::new(environment, Terminal::new(pipes));
    let reason = match syntax::split(&command) {
        Err(_) => format!("{ERROR}Failed to parse commands input: EOF found when expecting closing quote"),
        Ok(words) => match words.first() {
            Some(name) if !builtins::exists(name) => format!(
                "{ERROR}Unable to start command: Failed to start pty: exec: \"{name}\": executable file not found in $PATH"
            ),
            _ => {
                shell.run_session(words).await;
                String::new()
            }
        },
    };
    shell.terminal.end(reason).await;
}

/// A shell and the container it is in.
struct Shell {
    terminal: Terminal,
    files: Files,
    hostname: String,
    program: String,
    directory: String,
    variables: BTreeMap<String, String>,
    /// `$0`, `$1` and so on.
    arguments: Vec<String>,
    /// `$?`
    status: u8,
    depth: usize,
}

impl Values for Shell {
    fn variable(&self, name: &str) -> String {
        match name {
            "?" => self.status.to_string(),
            "$" => (40 + self.depth).to_string(),
            "#" => self.arguments().len().to_string(),
            "@" | "*" => self.arguments().join(" "),
            _ => match name.parse::<usize>() {
                Ok(number) => self.arguments.get(number).cloned().unwrap_or_default(),
                Err(_) => self.variables.get(name).cloned().unwrap_or_default(),
            },
        }
    }

    fn arguments(&self) -> &[String] {
        self.arguments.get(1..).unwrap_or_default()
    }
}

impl Shell {
    fn new(environment: Environment, terminal: Terminal) -> Self {
        let Environment { hostname, program, variables, files } = environment;
        Self {
            terminal,
            files,
            hostname,
            program,
            directory: "/".to_owned(),
            variables,
            arguments: vec!["sh".to_owned()],
            status: 0,
            depth: 0,
        }
    }

    /// Runs the arguments of a session, as the agent starts them.
    async fn run_session(&mut self, words: Vec<String>) {
        if let Some(wrapped) = wrapped::recognize(&words) {
            // An error: the agent has gone, and nobody reads it.
            let _ = wrapped::run(self, wrapped).await;
            return;
        }
        let words = if words.is_empty() { vec!["sh".to_owned()] } else { words };
        let result = self.run_command(words, Streams::terminal()).await;
        if result == Err(Stop::Interrupt) {
            let _ = self.terminal.write(b"^C\n").await;
        }
    }

    /// Reads and runs lines until the end of input.
    async fn interact(&mut self) -> Result<u8, Stop> {
        let mut script = String::new();
        loop {
            let prompt = if script.is_empty() { format!("{} # ", self.directory) } else { "> ".to_owned() };
            let line = match self.terminal.write(prompt.as_bytes()).await {
                Ok(()) => self.terminal.line().await,
                Err(stop) => Err(stop),
            };
            let ran = match line {
                Ok(None) => {
                    self.terminal.write(b"exit\n").await?;
                    return Ok(self.status);
                }
                Ok(Some(line)) => {
                    script.push_str(&String::from_utf8_lossy(&line));
                    if syntax::parse(&script) == Err(SyntaxError::Unfinished) {
                        continue;
                    }
                    self.run_script(&std::mem::take(&mut script), Streams::terminal()).await
                }
                Err(stop) => Err(stop),
            };
            match ran {
                Ok(status) => self.status = status,
                Err(Stop::Interrupt) => {
                    script.clear();
                    self.status = 130;
                    self.terminal.write(b"^C\n").await?;
                }
                Err(Stop::Exit(status)) => return Ok(status),
                Err(Stop::BrokenPipe) => self.status = 141,
                Err(Stop::HangUp) => return Err(Stop::HangUp),
            }
        }
    }

    /// Runs a script; returns its status.
    fn run_script<'a>(&'a mut self, script: &'a str, streams: Streams) -> BoxFuture<'a, Result<u8, Stop>> {
        Box::pin(async move {
            let pipelines = match syntax::parse(script) {
                Ok(pipelines) => pipelines,
                Err(error) => {
                    let what = match error {
                        SyntaxError::Unfinished => "unexpected end of file".to_owned(),
                        SyntaxError::Unexpected(token) => format!("unexpected \"{token}\""),
                    };
                    self.complain(&streams, &format!("sh: syntax error: {what}")).await?;
                    return Ok(2);
                }
            };
            for pipeline in pipelines {
                let skipped = match pipeline.when {
                    When::Always => false,
                    When::Success => self.status != 0,
                    When::Failure => self.status == 0,
                };
                if !skipped {
                    self.status = self.run_pipeline(pipeline.commands, streams.clone()).await?;
                }
            }
            Ok(self.status)
        })
    }

    /// Runs the commands one after the other, each with the output of the one before.
    async fn run_pipeline(&mut self, commands: Vec<Command>, streams: Streams) -> Result<u8, Stop> {
        let last = commands.len().saturating_sub(1);
        let mut input = streams.input.clone();
        let mut status = 0;
        for (at, command) in commands.into_iter().enumerate() {
            let output = if at == last { streams.output.clone() } else { Sink::buffer() };
            let streams = Streams { input, output: output.clone(), errors: streams.errors.clone() };
            status = match self.run_redirected(command, streams).await {
                Err(Stop::BrokenPipe) => 141,
                // Every command of a pipeline has a shell of its own.
                Err(Stop::Exit(status)) if last > 0 => status,
                other => other?,
            };
            input = Source::bytes(output.take());
        }
        Ok(status)
    }

    async fn run_redirected(&mut self, command: Command, mut streams: Streams) -> Result<u8, Stop> {
        let mut files = Vec::new();
        for redirection in &command.redirections {
            let failure = match redirection {
                Redirection::ErrorsToOutput => {
                    streams.errors = streams.output.clone();
                    None
                }
                Redirection::OutputToErrors => {
                    streams.output = streams.errors.clone();
                    None
                }
                Redirection::Read(file) => {
                    let path = self.path_of(file);
                    match self.files.read(&path) {
                        Ok(content) => streams.input = Source::bytes(content.to_vec()),
                        Err(_) if path == "/dev/null" => streams.input = Source::Empty,
                        Err(error) => {
                            self.complain(&streams, &format!("sh: can't open {path}: {error}")).await?;
                            return Ok(1);
                        }
                    }
                    None
                }
                Redirection::Write { errors, append, file } => {
                    let path = self.path_of(file);
                    let before = self.files.read(&path).map(|content| content.to_vec()).unwrap_or_default();
                    let content = if *append { before } else { Vec::new() };
                    let failure = self.files.write(&path, content.clone()).err();
                    let sink = if path == "/dev/null" { Sink::Null } else { Sink::buffer() };
                    *(if *errors { &mut streams.errors } else { &mut streams.output }) = sink.clone();
                    files.push((path.clone(), content, sink));
                    failure.map(|error| format!("sh: can't create {path}: {error}"))
                }
            };
            if let Some(failure) = failure {
                self.complain(&Streams::terminal(), &failure).await?;
                return Ok(1);
            }
        }
        let words: Vec<String> = command.words.iter().flat_map(|word| syntax::expand(word, self)).collect();
        let result = self.run_command(words, streams).await;
        for (path, mut content, sink) in files {
            content.extend(sink.take());
            // It could be created, so it can be written.
            let _ = self.files.write(&path, content);
        }
        result
    }

    fn path_of(&self, word: &str) -> String {
        files::absolute(&self.directory, &syntax::expand(word, self).concat())
    }

    /// Runs one command with its arguments.
    async fn run_command(&mut self, words: Vec<String>, streams: Streams) -> Result<u8, Stop> {
        let Some((name, arguments)) = words.split_first() else { return Ok(0) };
        if let Some((variable, value)) = name.split_once('=').filter(|(variable, _)| is_name(variable)) {
            self.variables.insert(variable.to_owned(), value.to_owned());
            return Box::pin(self.run_command(arguments.to_vec(), streams)).await;
        }
        match builtins::base_name(name) {
            shell @ ("sh" | "bash" | "ash") => self.run_shell(shell, arguments, streams).await,
            "exec" if !arguments.is_empty() => {
                let status = Box::pin(self.run_command(arguments.to_vec(), streams)).await?;
                Err(Stop::Exit(status))
            }
            "exit" => Err(Stop::Exit(
                arguments.first().and_then(|code| code.parse::<i64>().ok()).map_or(self.status, |code| code as u8),
            )),
            "sleep" => {
                let seconds = arguments.first().and_then(|text| text.trim_end_matches('s').parse::<f64>().ok());
                let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                self.terminal.wait(duration.unwrap_or_default()).await?;
                Ok(0)
            }
            "top" => screen::top(self).await,
            "vi" | "vim" => screen::edit(self, arguments).await,
            _ => builtins::run(self, name, arguments, streams).await,
        }
    }

    /// Runs `sh`: a script with `-c` or from its input, or a dialogue on the terminal.
    async fn run_shell(&mut self, name: &str, arguments: &[String], mut streams: Streams) -> Result<u8, Stop> {
        if self.depth == DEPTH {
            self.complain(&streams, "sh: can't fork: Resource temporarily unavailable").await?;
            return Ok(2);
        }
        let script = match arguments {
            [option, script, rest @ ..] if option.ends_with('c') && option.starts_with('-') => {
                Some((script.clone(), rest.to_vec()))
            }
            [file, ..] if !file.starts_with('-') => {
                let path = files::absolute(&self.directory, file);
                match self.files.read(&path) {
                    Ok(content) => Some((String::from_utf8_lossy(&content).into_owned(), arguments.to_vec())),
                    Err(error) => {
                        self.complain(&streams, &format!("{name}: can't open '{file}': {error}")).await?;
                        return Ok(2);
                    }
                }
            }
            _ if streams.input.is_terminal() => None,
            _ => Some((
                String::from_utf8_lossy(&streams.input.read_all(&mut self.terminal).await?).into_owned(),
                Vec::new(),
            )),
        };
        // A shell of its own: what it changes does not outlive it, but for files.
        let own = (self.directory.clone(), self.variables.clone(), self.arguments.clone(), self.status);
        self.depth += 1;
        self.status = 0;
        let result = match script {
            Some((script, arguments)) => {
                if !arguments.is_empty() {
                    self.arguments = arguments;
                }
                self.run_script(&script, streams).await
            }
            None => Box::pin(self.interact()).await,
        };
        self.depth -= 1;
        (self.directory, self.variables, self.arguments, self.status) = own;
        match result {
            Err(Stop::Exit(status)) => Ok(status),
            other => other,
        }
    }

    /// Writes a line to standard error.
    async fn complain(&mut self, streams: &Streams, message: &str) -> Result<(), Stop> {
        streams.errors.write(&mut self.terminal, format!("{message}\n").as_bytes()).await
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}
