//! The syntax of the shell: lists, pipelines, redirections, quotes and variables.

/// When a pipeline runs, after the status of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    Success,
    Failure,
}

/// Commands whose output and input are connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pipeline {
    pub(super) when: When,
    pub(super) commands: Vec<Command>,
}

/// Words are kept as written; [`expand`] makes arguments of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Command {
    pub(super) words: Vec<String>,
    pub(super) redirections: Vec<Redirection>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Redirection {
    /// `< FILE`
    Read(String),
    /// `> FILE`, `>> FILE`, `2> FILE`
    Write { errors: bool, append: bool, file: String },
    /// `2>&1`
    ErrorsToOutput,
    /// `>&2`
    OutputToErrors,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum SyntaxError {
    /// A quote is open: more lines may follow.
    Unfinished,
    Unexpected(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Operator(&'static str),
}

/// Longer operators before their beginnings.
const OPERATORS: [&str; 12] = ["2>&1", "1>&2", "2>>", ">&2", "2>", "&&", "||", ">>", ";", "|", "&", "<"];

fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '\n' {
            tokens.push(Token::Operator(";"));
            rest = &rest[1..];
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '#' {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if let Some(operator) = OPERATORS.iter().chain(&[">"]).find(|operator| rest.starts_with(**operator)) {
            tokens.push(Token::Operator(operator));
            rest = &rest[operator.len()..];
        } else {
            let length = word_length(rest)?;
            tokens.push(Token::Word(rest[..length].to_owned()));
            rest = &rest[length..];
        }
    }
    Ok(tokens)
}

/// The length of the word at the start of `text`.
fn word_length(text: &str) -> Result<usize, SyntaxError> {
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (None | Some('"'), '\\') => drop(characters.next()),
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, _) if character.is_whitespace() || ";|&<>".contains(character) => return Ok(at),
            _ => {}
        }
    }
    if quote.is_some() { Err(SyntaxError::Unfinished) } else { Ok(text.len()) }
}

/// Parses a script.
pub(super) fn parse(text: &str) -> Result<Vec<Pipeline>, SyntaxError> {
    let mut script = Vec::new();
    let (mut when, mut commands, mut command) = (When::Always, Vec::new(), Command::default());
    let mut tokens = tokens(text)?.into_iter();
    while let Some(token) = tokens.next() {
        let operator = match token {
            Token::Word(word) => {
                command.words.push(word);
                continue;
            }
            Token::Operator(operator) => operator,
        };
        let mut file = || match tokens.next() {
            Some(Token::Word(file)) => Ok(file),
            Some(Token::Operator(other)) => Err(SyntaxError::Unexpected(other.to_owned())),
            None => Err(SyntaxError::Unexpected("newline".to_owned())),
        };
        match operator {
            "<" => command.redirections.push(Redirection::Read(file()?)),
            "2>&1" => command.redirections.push(Redirection::ErrorsToOutput),
            "1>&2" | ">&2" => command.redirections.push(Redirection::OutputToErrors),
            ">" | ">>" | "2>" | "2>>" => command.redirections.push(Redirection::Write {
                errors: operator.starts_with('2'),
                append: operator.ends_with(">>"),
                file: file()?,
            }),
            _ => {
                let empty = command == Command::default();
                if !empty {
                    commands.push(std::mem::take(&mut command));
                } else if operator != ";" || when != When::Always || !commands.is_empty() {
                    return Err(SyntaxError::Unexpected(operator.to_owned()));
                }
                if operator != "|" {
                    if !commands.is_empty() {
                        script.push(Pipeline { when, commands: std::mem::take(&mut commands) });
                    }
                    when = match operator {
                        "&&" => When::Success,
                        "||" => When::Failure,
                        _ => When::Always,
                    };
                }
            }
        }
    }
    if command != Command::default() {
        commands.push(command);
    } else if when != When::Always || !commands.is_empty() {
        return Err(SyntaxError::Unfinished);
    }
    if !commands.is_empty() {
        script.push(Pipeline { when, commands });
    }
    Ok(script)
}

/// The values that words refer to.
pub(super) trait Values {
    fn variable(&self, name: &str) -> String;
    fn arguments(&self) -> &[String];
}

/// No variables: `$` is an ordinary character, as for the agent.
struct NoValues;

impl Values for NoValues {
    fn variable(&self, name: &str) -> String {
        format!("${name}")
    }

    fn arguments(&self) -> &[String] {
        &[]
    }
}

/// Splits a command line as the agent does: quotes and backslashes count, nothing else does.
pub(super) fn split(line: &str) -> Result<Vec<String>, SyntaxError> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let mut length = word_length(rest)?;
        while length < rest.len() && !rest[length..].starts_with(char::is_whitespace) {
            length += 1;
            length += word_length(&rest[length..])?;
        }
        words.extend(expand(&rest[..length], &NoValues));
        rest = rest[length..].trim_start();
    }
    Ok(words)
}

/// The arguments that a word stands for: quotes removed, variables replaced.
pub(super) fn expand(word: &str, values: &dyn Values) -> Vec<String> {
    if word == "\"$@\"" {
        return values.arguments().to_vec();
    }
    let (mut arguments, mut current, mut started) = (Vec::new(), String::new(), false);
    let mut quote = None;
    let mut rest = word;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match (quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None, '\'' | '"') => (quote, started) = (Some(character), true),
            (None | Some('"'), '\\') => {
                let Some(next) = rest.chars().next() else { break };
                if quote.is_some() && !"\"\\$`\n".contains(next) {
                    current.push('\\');
                }
                current.push(next);
                started = true;
                rest = &rest[next.len_utf8()..];
            }
            (None | Some('"'), '$') if name_length(rest) > 0 => {
                let (name, after) = rest.split_at(name_length(rest));
                rest = after;
                let value = values.variable(name.trim_matches(['{', '}']));
                if quote.is_some() {
                    current.push_str(&value);
                    continue;
                }
                // Outside quotes a value is split at its spaces.
                let mut parts = value.split_whitespace().peekable();
                while let Some(part) = parts.next() {
                    current.push_str(part);
                    started = true;
                    if parts.peek().is_some() {
                        arguments.push(std::mem::take(&mut current));
                    }
                }
            }
            _ => {
                current.push(character);
                started = true;
            }
        }
    }
    if started {
        arguments.push(current);
    }
    arguments
}

/// The length of a variable's name after `$`, braces included.
fn name_length(text: &str) -> usize {
    if text.starts_with('{') {
        return text.find('}').map_or(0, |end| end + 1);
    }
    match text.bytes().next() {
        Some(byte) if b"?$@#*0123456789".contains(&byte) => 1,
        _ => text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_splits_a_command_line_by_quotes_and_backslashes_only() {
        let words = split(r#"sh -c 'a "b" | c; $X' sh one\ two "x\"y" '' 'it'\''s'"#).unwrap();
        assert_eq!(words, ["sh", "-c", "a \"b\" | c; $X", "sh", "one two", "x\"y", "", "it's"]);
        assert_eq!(split("ls | wc").unwrap(), ["ls", "|", "wc"]);
        assert_eq!(split("a;b>c").unwrap(), ["a;b>c"]);
        assert_eq!(split("sh 'open"), Err(SyntaxError::Unfinished));
    }

    #[test]
    fn lists_pipelines_and_redirections_are_parsed() {
        let script = parse("command -v bash >/dev/null 2>&1 && exec bash; exec sh").unwrap();
        let whens: Vec<_> = script.iter().map(|pipeline| pipeline.when).collect();
        assert_eq!(whens, [When::Always, When::Success, When::Always]);
        let first = &script[0].commands[0];
        assert_eq!(first.words, ["command", "-v", "bash"]);
        assert_eq!(first.redirections.len(), 2);
        assert_eq!(parse("a | b |\n"), Err(SyntaxError::Unexpected(";".into())));
        assert_eq!(parse("echo 'a"), Err(SyntaxError::Unfinished));
        assert_eq!(parse("a &&"), Err(SyntaxError::Unfinished));
        assert_eq!(parse(" \n\n# nothing\n"), Ok(vec![]));
    }
}
