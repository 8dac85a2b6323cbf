//! Placement constraints: the common part of the cluster query language.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html>

use regex::Regex;

use crate::resource::instance::Instance;

/// Whether `instance` meets `expression`; absent if it can't be parsed.
pub(super) fn satisfies(expression: &str, instance: &Instance) -> Option<bool> {
    if expression.contains(['(', ')']) || expression.contains(" or ") || expression.contains("||") {
        return None;
    }
    let conditions = expression.split(" and ").flat_map(|part| part.split("&&"));
    conditions.map(|condition| condition_holds(condition.trim(), instance)).try_fold(true, |all, one| Some(all && one?))
}

/// One comparison: `attribute:ecs.instance-type == m5.large`, `attribute:gpu exists`, `ecs.os-type in [linux]`.
fn condition_holds(condition: &str, instance: &Instance) -> Option<bool> {
    let (subject, rest) = condition.split_once(char::is_whitespace)?;
    let (operator, wanted) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    let wanted = wanted.trim();
    let name = subject.strip_prefix("attribute:")?;
    let here = instance.attributes.iter().any(|(known, _)| known == name);
    let value = instance.attribute(name);
    let listed = || {
        let list = wanted.strip_prefix('[')?.strip_suffix(']')?;
        Some(list.split(',').any(|item| value == Some(unquoted(item))))
    };
    match operator {
        "==" | "equals" => Some(value == Some(unquoted(wanted))),
        "!=" | "not_equals" => Some(value != Some(unquoted(wanted))),
        "exists" => Some(here),
        "!exists" | "not_exists" => Some(!here),
        "in" => listed(),
        "!in" | "not_in" => listed().map(|found| !found),
        "=~" | "matches" => pattern(wanted).map(|pattern| value.is_some_and(|value| pattern.is_match(value))),
        "!~" | "not_matches" => pattern(wanted).map(|pattern| !value.is_some_and(|value| pattern.is_match(value))),
        _ => None,
    }
}

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{})$", unquoted(text))).ok()
}

/// Without quotes and blanks around it.
fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("attribute:ecs.instance-type == m5.large", Some(true))]
    #[case("attribute:ecs.instance-type != m5.large", Some(false))]
    #[case("attribute:ecs.instance-type =~ m5.*", Some(true))]
    #[case("attribute:ecs.instance-type =~ m", Some(false))]
    #[case("attribute:ecs.instance-type in [t3.small, m5.large]", Some(true))]
    #[case("attribute:ecs.instance-type not_in [t3.small, m5.large]", Some(false))]
    #[case("attribute:trunk exists", Some(true))]
    #[case("attribute:gpu !exists", Some(true))]
    #[case("attribute:trunk exists and attribute:ecs.instance-type == t3.small", Some(false))]
    #[case("attribute:missing == x", Some(false))]
    #[case("not (attribute:trunk exists)", None)]
    #[case("attribute:a == b or attribute:c == d", None)]
    #[case("task:group == service:web", None)]
    #[case("attribute:x =~ *", None)]
    #[case("", None)]
    fn a_constraint_is_evaluated_if_it_can_be_parsed(#[case] expression: &str, #[case] meets: Option<bool>) {
        let attribute = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let attributes = vec![attribute("ecs.instance-type", Some("m5.large")), attribute("trunk", None)];
        let instance = Instance { attributes, ..Instance::default() };
        assert_eq!(super::satisfies(expression, &instance), meets);
    }
}
