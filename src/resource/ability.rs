//! What can be done with the rows of a kind.

/// Something that a kind's rows can do, or have. What keys and commands need, and a kind claims with
/// [`Kind::abilities`](super::Kind::abilities).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ability {
    /// Can be explained.
    Explain,
    /// Can be asked about beyond what is polled, itself or its [`Resource::parent`](super::Resource::parent).
    Evidence,
    /// Stand for tasks, whose logs can be read.
    Logs,
    /// Are running, stopped, or both in one table.
    Status,
    /// Have tasks, some of which may have stopped.
    StoppedTasks,
    /// Have events.
    Events,
    /// Have deployments.
    Deployments,
    /// Have a timeline, or are part of one.
    Timeline,
    /// Run a task definition.
    TaskDefinition,
    /// Run on a container instance.
    Instance,
    /// Are a service, or belong to one: it can be deployed, scaled and rolled back.
    Service,
    /// Are tasks, or part of one, that can be stopped.
    StopTask,
    /// Can be drained, and taken back into use.
    Drain,
    /// Stay in the history after AWS has forgotten them, so a table of them can reach back.
    Archive,
}
