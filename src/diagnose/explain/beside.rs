//! What an explanation consults beyond the row it explains.

use crate::resource::{
    Query, Row, Status, View, container::Container, deployment::Deployment, event::ServiceEvent, instance,
    instance::Instance, revision, service, service::Service, task, task::Task,
};

/// The views an explanation of `row` consults beyond the row's own: the cluster's stopped tasks, which are polled with
/// the services anyway, and what the row points at.
pub fn beside(row: &dyn Row) -> Vec<View> {
    let row = row.any();
    if let Some(of) = row.downcast_ref::<Service>() {
        of_service(of)
    } else if let Some(of) = row.downcast_ref::<Deployment>() {
        let mut views = vec![one_service(&of.cluster_name, &of.service_name), stopped(&of.cluster_name)];
        views.push(running(&of.cluster_name, &of.service_name));
        views.extend(of.task_definition.as_deref().and_then(revision::view));
        views
    } else if let Some(of) = row.downcast_ref::<ServiceEvent>() {
        vec![one_service(&of.cluster_name, &of.service_name), stopped(&of.cluster_name)]
    } else if let Some(of) = row.downcast_ref::<Task>() {
        of_task(of)
    } else if let Some(of) = row.downcast_ref::<Container>() {
        vec![View::new(&task::KIND, Query::task(&*of.cluster_name, &*of.task_arn))]
    } else if let Some(of) = row.downcast_ref::<Instance>() {
        of_instance(of)
    } else {
        Vec::new()
    }
}

fn of_service(service: &Service) -> Vec<View> {
    let Service { cluster_name, service_name, .. } = service;
    let mut views = vec![stopped(cluster_name)];
    if service.running_count + service.pending_count > 0 && !service.settled() {
        views.push(running(cluster_name, service_name));
    }
    if service.on_instances() && !service.settled() {
        views.push(instances(cluster_name));
        views.extend(service.task_definition.as_deref().and_then(revision::view));
    }
    views
}

fn of_task(task: &Task) -> Vec<View> {
    let mut views: Vec<View> = task.service().map(|name| one_service(&task.cluster_name, name)).into_iter().collect();
    views.extend(task.task_definition_arn.as_deref().and_then(revision::view));
    if let Some(instance) = &task.container_instance_arn {
        views.push(View::new(&instance::KIND, Query::instance(&*task.cluster_name, &**instance)));
    }
    if task.stopped() && task.service().is_some() {
        views.push(stopped(&task.cluster_name));
    }
    views
}

fn of_instance(instance: &Instance) -> Vec<View> {
    let query = Query::instance(&*instance.cluster_name, &*instance.container_instance_arn);
    let mut views = vec![View::new(&task::KIND, query)];
    if instance.status.as_deref() == Some("DRAINING") {
        views.push(View::new(&service::KIND, Query::cluster(&*instance.cluster_name)));
    }
    views
}

/// The stopped tasks of a whole cluster: what the services table counts failures by.
fn stopped(cluster: &str) -> View {
    View::new(&task::KIND, Query { status: Status::Stopped, ..Query::cluster(cluster) })
}

fn running(cluster: &str, service: &str) -> View {
    View::new(&task::KIND, Query::service(cluster, service))
}

fn one_service(cluster: &str, service: &str) -> View {
    View::new(&service::KIND, Query::service(cluster, service))
}

fn instances(cluster: &str) -> View {
    View::new(&instance::KIND, Query::cluster(cluster))
}
