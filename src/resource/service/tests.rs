use super::*;
use crate::resource::Zone;

#[test]
fn a_service_with_only_a_name_is_shown() {
    let service = Service::from_sdk(Sdk::builder().service_name("web").build()).unwrap();
    let cx = Context { now: Timestamp::UNIX_EPOCH, zone: Zone::UTC };
    for field in Service::fields() {
        assert!(!(field.cell)(&service, &cx).text.is_empty(), "{}", field.column.name);
    }
    assert!(!Resource::describe(&service, &cx).sections.is_empty());
}
