//! Abilities of kinds.

/// An ability of a kind's rows. Keys and commands require abilities; a kind lists its own in
/// [`Kind::abilities`](super::Kind::abilities).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ability {
    /// Can be explained.
    Explain,
    /// Have more evidence to fetch than what is polled, for the row or its [`Resource::parent`](super::Resource::parent).
    Evidence,
    /// Have tasks whose logs can be read.
    Logs,
    /// Can be listed as running, stopped or both.
    Status,
    /// Have tasks that may have stopped.
    StoppedTasks,
    /// Have events.
    Events,
    /// Are rolled out by ECS, or are a rollout: it can be watched.
    Rollout,
    /// Have a timeline, or are entries of one.
    Timeline,
    /// Run a task definition.
    TaskDefinition,
    /// Run or are a task definition revision, which can be compared with another one.
    Diff,
    /// Run on a container instance.
    Instance,
    /// Are a service, or belong to one: it can be deployed, scaled and rolled back.
    Service,
    /// Are a service, belong to one, or are a revision: a revision can be deployed.
    Deploy,
    /// Are a service, a task or a task definition: a task like it can be run.
    Run,
    /// Are tasks, or part of one, that can be stopped.
    StopTask,
    /// Are containers, have some, or are their hosts: a shell can be opened there.
    Shell,
    /// Are containers, or have some, that ECS Exec may enter.
    Exec,
    /// Are services, tasks or containers, whose ports can be forwarded.
    Forward,
    /// Can be drained, and taken back into use.
    Drain,
    /// Are task definition revisions, which can be deregistered.
    Deregister,
    /// Have tags of their own.
    Tag,
    /// Stay in the history after AWS has forgotten them, so a table of them can reach back.
    Archive,
}
