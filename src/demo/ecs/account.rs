//! Account settings.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::parse,
    json::Object,
    paging::{PageRequest, page},
};
use crate::demo::world::World;

/// Names and values of the account settings, as for an account created recently.
const SETTINGS: [(&str, &str); 10] = [
    ("awsvpcTrunking", "disabled"),
    ("containerInsights", "enabled"),
    ("containerInstanceLongArnFormat", "enabled"),
    ("defaultLogDriverMode", "non-blocking"),
    ("fargateFIPSMode", "disabled"),
    ("fargateTaskRetirementWaitPeriod", "7"),
    ("guardDutyActivate", "off"),
    ("serviceLongArnFormat", "enabled"),
    ("tagResourceAuthorization", "off"),
    ("taskLongArnFormat", "enabled"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Settings {
    name: Option<String>,
    value: Option<String>,
    principal_arn: Option<String>,
    #[serde(flatten)]
    page: PageRequest,
}

pub(super) fn settings(world: &mut World, input: &Value) -> Answer {
    let request: Settings = parse(input)?;
    let root = format!("arn:aws:iam::{}:root", world.account_id);
    let principal = request.principal_arn.unwrap_or(root);
    let items = SETTINGS
        .iter()
        .filter(|(name, _)| request.name.as_deref().is_none_or(|wanted| wanted == *name))
        .filter(|(_, value)| request.value.as_deref().is_none_or(|wanted| wanted == *value))
        .map(|(name, value)| {
            let setting = json!({ "name": name, "value": value, "principalArn": principal, "type": "user" });
            ((*name).to_owned(), setting)
        })
        .collect();
    let (settings, next) = page(&request.page, "settings", 10, 10, items)?;
    Ok(Object::new().set("settings", settings).maybe("nextToken", next).done())
}
