//! Description of a capacity provider.

use super::{CapacityProvider, in_words};
use crate::resource::{Document, Tone, format::one_line};

pub(super) fn provider(provider: &CapacityProvider) -> Document {
    let failed = provider.update_tone() == Tone::Bad;
    let mut document = Document::default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    if failed {
        let reason = provider.update_status_reason.as_deref().map(|reason| format!(": {}", one_line(reason)));
        let failed = provider.update_status.as_deref().map(in_words).unwrap_or_default();
        let finding = format!("{failed}{}", reason.unwrap_or_default());
        document.section("Findings").text(0, finding, Tone::Bad);
    }
    document
        .section("Capacity provider")
        .field("Name", &*provider.name)
        .field("Type", provider.type_in_words().unwrap_or_default())
        .toned("Status", provider.status.as_deref().map(in_words).unwrap_or_default(), provider.tone())
        .toned(
            "Last update",
            provider.update_status.as_deref().map(in_words).unwrap_or_default(),
            provider.update_tone(),
        )
        .field("Reason", if failed { String::new() } else { text(&provider.update_status_reason) })
        .field("Cluster", text(&provider.cluster_name))
        .field("ARN", &*provider.capacity_provider_arn);
    if let Some(group) = &provider.auto_scaling_group {
        let steps = match group.steps {
            (Some(least), Some(most)) => format!("{least} to {most} instances at once"),
            _ => String::new(),
        };
        document
            .section("Auto Scaling group")
            .field("Group", group.name())
            .field("Managed scaling", text(&group.managed_scaling))
            .field("Target capacity", group.target_capacity.map(|it| format!("{it}%")).unwrap_or_default())
            .field("Scaling steps", steps)
            .field("Instance warm-up", group.warmup.map(|it| format!("{it} s")).unwrap_or_default())
            .field("Termination protection", text(&group.termination_protection))
            .field("Managed draining", text(&group.draining));
    }
    if let Some(managed) = &provider.managed_instances {
        let stays = |seconds| if seconds < 0 { "never".to_owned() } else { format!("{seconds} s idle") };
        document
            .section("Managed instances")
            .field("Capacity", managed.capacity_option.as_deref().map(in_words).unwrap_or_default())
            .field("Scale in after", managed.scale_in_after.map(stays).unwrap_or_default())
            .field("Auto repair", text(&managed.auto_repair))
            .field("Tags from", managed.propagate_tags.as_deref().map(in_words).unwrap_or_default())
            .field("Infrastructure role", text(&managed.infrastructure_role_arn));
    }
    document.tags(&provider.tags);
    document
}
