//! The account that the rows belong to: always the same during the lifetime of a data layer.

use super::Poller;
use crate::aws::{Failure, Identity};

impl Poller {
    /// Sets the identity, and with it the account of the rows.
    pub(super) fn identify(&mut self, identity: Identity) {
        if let Some(scope) = identity.scope_id() {
            self.history.set_scope(scope);
        }
        self.identity = identity;
    }

    /// Rejects a response with ids of another account: the credentials were replaced by those of an account whose
    /// clusters may have the same names.
    pub(super) fn check_account<'a>(
        &mut self,
        operation: &'static str,
        mut ids: impl Iterator<Item = &'a str>,
    ) -> Result<(), Failure> {
        // All ids in a response are of one account.
        let Some(account) = ids.find_map(account_of) else { return Ok(()) };
        let known = self.account.get_or_insert_with(|| account.to_owned()).clone();
        if known != account {
            return Err(Failure::of_another_account(operation, account, &known));
        }
        if self.identity.account.is_none() {
            // If STS returns no account, an ARN contains it.
            self.identify(Identity { account: Some(known), ..self.identity.clone() });
        }
        Ok(())
    }
}

/// ARNs that always contain the account of the caller. A capacity provider may be owned by AWS.
const OWN: &[&str] = &["cluster/", "service/", "task/", "container-instance/"];

/// The account in such an ARN; some emulators leave it out.
fn account_of(arn: &str) -> Option<&str> {
    let mut parts = arn.strip_prefix("arn:")?.splitn(5, ':');
    let (account, resource) = (parts.nth(3)?, parts.next()?);
    let digits = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    (digits && OWN.iter().any(|kind| resource.starts_with(kind))).then_some(account)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("arn:aws:ecs:eu-west-1:123456789012:cluster/prod", Some("123456789012"))]
    #[case("arn:aws-cn:ecs:cn-north-1:1:task/prod/a", Some("1"))]
    #[case("arn:aws:ecs:eu-west-1::cluster/prod", None)]
    #[case("arn:aws:ecs:eu-west-1:aws:cluster/prod", None)]
    #[case("arn:aws:ecs:eu-west-1:123456789012:capacity-provider/FARGATE", None)]
    #[case("prod", None)]
    fn the_account_is_read_from_an_arn(#[case] arn: &str, #[case] expected: Option<&str>) {
        assert_eq!(account_of(arn), expected);
    }
}
