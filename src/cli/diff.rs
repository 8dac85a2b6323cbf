//! `ecsight diff`: how two task definition revisions, or what services run of them, differ.

use std::slice;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{
    Refusal, ScopeArgs, WaitArgs, complete, console,
    output::{pretty, print, print_coloured},
    session::CliSession,
    subject::NameQuery,
    wait::{Wait, retry},
    why::{printed, width},
};
use crate::{
    aws::ScopeSpec,
    change::check_revision,
    config::Paths,
    data::fetch_diff,
    model::Settings,
    resource::{
        diff::{Diff, DiffQuestion, DiffSide},
        format::last_part,
    },
};

/// Arguments of `ecsight diff`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DiffArgs {
    /// Revision (web:56) or service, by name or ARN; alone, it is compared with the one before it
    #[arg(value_name = "OLD", value_parser = side, add = complete::services())]
    pub old: String,
    /// Revision or service to compare it with
    #[arg(value_name = "NEW", value_parser = side, add = complete::services())]
    pub new: Option<String>,
    /// Include what is the same, and what AWS fills in
    #[arg(long)]
    pub all: bool,
    /// Output format
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: DiffFormat,
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// Output format of `diff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// Fields of the old side after `-`, of the new side after `+`
    Text,
    /// Sections and their lines, for scripts
    Json,
}

const EXAMPLES: &str = "\
Examples:
  ecsight diff checkout:56 checkout:57
  ecsight diff checkout:57                   what this revision changed
  ecsight diff checkout -c prod              what the last deployment of the service changed
  ecsight diff checkout:57 checkout -c prod  what the service has that the revision does not

Exit codes:
  0  no differences
  1  differences
  2  a mistake in the command line, not found, or a call to AWS failed or timed out";

/// Checks the form of a side: a revision has a number after a colon, a service has no colon.
fn side(text: &str) -> Result<String, String> {
    if is_revision(text) {
        check_revision(text)?;
    }
    Ok(text.to_owned())
}

fn is_revision(text: &str) -> bool {
    last_part(text).contains(':')
}

/// Prints the differences, and returns 1 if there are any.
///
/// # Errors
/// Everything else, with exit code 2, because it does not mean that there are differences.
pub(super) async fn run(
    args: DiffArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    compare(args, scope, settings, paths).await.map_err(|refusal| Refusal::Usage(refusal.to_string()))
}

async fn compare(args: DiffArgs, scope: &ScopeArgs, settings: &Settings, paths: Option<&Paths>) -> Result<u8, Refusal> {
    let sides: Vec<&str> = [Some(&*args.old), args.new.as_deref()].into_iter().flatten().collect();
    let spec = console::scope(scope).await?;
    let spec = ScopeSpec { region: spec.region.or_else(|| sides.iter().find_map(|side| region(side))), ..spec };
    let clients = console::clients(&spec, settings).await?;
    let mut session = CliSession::open(clients, args.wait, settings, paths);
    let diff = fetch(&sides, scope, &args, &mut session).await;
    session.close().await;
    let diff = diff?;
    match args.output {
        DiffFormat::Text => print_coloured(&printed(&diff.document(args.all), width(), settings)),
        DiffFormat::Json => print(&pretty(&diff_json(&diff, args.all))?),
    }?;
    Ok(u8::from(diff.differences() > 0))
}

/// Finds both sides and compares them.
async fn fetch(sides: &[&str], scope: &ScopeArgs, args: &DiffArgs, session: &mut CliSession) -> Result<Diff, Refusal> {
    let question = match sides {
        [old, new] => DiffQuestion::Sides(find(old, scope, session).await?, find(new, scope, session).await?),
        [revision] if is_revision(revision) => {
            let side = |name: &str| DiffSide::TaskDefinition(name.to_owned());
            DiffQuestion::Sides(side(&before(revision)?), side(revision))
        }
        words => {
            let service = NameQuery::service(words.first().unwrap_or(&""), scope.cluster.as_deref())?;
            let row = service.find(session).await?.row;
            DiffQuestion::about(slice::from_ref(&row)).map_err(Refusal::Failed)?
        }
    };
    let wait = Wait::new("both sides", args.wait.timeout);
    retry(wait, async || fetch_diff(&session.clients, &question).await).await
}

/// The side that a word means.
async fn find(text: &str, scope: &ScopeArgs, session: &mut CliSession) -> Result<DiffSide, Refusal> {
    if is_revision(text) {
        return Ok(DiffSide::TaskDefinition(text.to_owned()));
    }
    let row = NameQuery::service(text, scope.cluster.as_deref())?.find(session).await?.row;
    let cluster = row.cluster().unwrap_or_default().to_owned();
    Ok(DiffSide::Service { cluster, service: row.name().into_owned() })
}

/// The revision before this one. An ARN stays an ARN.
fn before(revision: &str) -> Result<String, Refusal> {
    let (family, number) = revision.rsplit_once(':').unwrap_or((revision, ""));
    match number.parse::<u32>() {
        Ok(number @ 2..) => Ok(format!("{family}:{}", number - 1)),
        _ => Err(Refusal::Usage(format!("{} has no earlier revision; name two", last_part(revision)))),
    }
}

/// The Region of an ARN.
fn region(text: &str) -> Option<String> {
    let region = text.strip_prefix("arn:")?.split(':').nth(2)?;
    Some(region.to_owned()).filter(|region| !region.is_empty())
}

/// What differs; the values are masked already.
fn diff_json(diff: &Diff, all: bool) -> Value {
    let sections = diff.shown(all).map(|(title, lines)| {
        let lines = lines.into_iter().map(|line| {
            json!({
                "field": line.path,
                "old": line.old,
                "new": line.new,
                "same": line.same,
                "filledInByAws": line.by_aws,
            })
        });
        json!({ "title": title, "lines": lines.collect::<Vec<_>>() })
    });
    json!({
        "old": diff.old,
        "new": diff.new,
        "differences": diff.differences(),
        "sections": sections.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_before_keeps_the_form_of_the_name() {
        let arn = "arn:aws:ecs:eu-west-1:1:task-definition/web";
        assert_eq!(before("web:12").unwrap(), "web:11");
        assert_eq!(before(&format!("{arn}:2")).unwrap(), format!("{arn}:1"));
        assert_eq!(before(&format!("{arn}:1")).unwrap_err().to_string(), "web:1 has no earlier revision; name two");
        assert_eq!(region(arn).as_deref(), Some("eu-west-1"));
        assert_eq!(region("web:12"), None);
    }
}
