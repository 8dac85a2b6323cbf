//! The signature of a WebSocket's upgrade, by the SDK's own signer: the SDK makes no such request itself.

use std::time::SystemTime;

use aws_credential_types::{Credentials, provider::ProvideCredentials};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};

use super::{Clients, Failure, FailureKind, operation::OPEN_DATA_CHANNEL};

impl Clients {
    /// The headers that sign a `GET` of `url` as [`OPEN_DATA_CHANNEL`], with the credentials of now.
    ///
    /// # Errors
    ///
    /// If there are no credentials.
    #[expect(clippy::disallowed_methods, reason = "a signature is made for the time of now")]
    pub async fn sign_upgrade(&self, url: &str) -> Result<Vec<(String, String)>, Failure> {
        let credentials = self.credentials().await?;
        signature(credentials, self.region(), url, SystemTime::now())
            .ok_or_else(|| unsigned("the session's address can't be signed"))
    }

    /// The credentials of now.
    ///
    /// # Errors
    ///
    /// If there are none.
    pub async fn credentials(&self) -> Result<Credentials, Failure> {
        self.sign_in().await?;
        let provider = self.config.credentials_provider().ok_or_else(|| unsigned("there are no credentials"))?;
        provider.provide_credentials().await.map_err(|error| Failure::unsigned(self.whose(), &error))
    }

    /// The Region in use.
    pub fn region(&self) -> &str {
        self.config.region().map(AsRef::as_ref).unwrap_or_default()
    }
}

fn unsigned(why: &str) -> Failure {
    Failure::local(OPEN_DATA_CHANNEL.name, FailureKind::Credentials, why.to_owned())
}

/// The headers of the signature; `None` if the URL can't be signed.
fn signature(credentials: Credentials, region: &str, url: &str, time: SystemTime) -> Option<Vec<(String, String)>> {
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(OPEN_DATA_CHANNEL.service)
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .ok()?;
    let request = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(&[])).ok()?;
    let (instructions, _) = sign(request, &parameters.into()).ok()?.into_parts();
    Some(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "role=publish_subscribe",
        None,
        "host;x-amz-date",
        "01674a4416e528dcc28dfbc1e65a9a01bf988add7fd1a94b6adbd9ebad3f40f0"
    )]
    #[case(
        "role=publish_subscribe&cell-number=AAEAAZ+b/c=",
        Some("TOKEN"),
        "host;x-amz-date;x-amz-security-token",
        "c5e77541a074be14be1407df59f0096a22a087e370158f1978fa1f695dbd0099"
    )]
    fn an_upgrade_is_signed_as_in_the_specification(
        #[case] query: &str,
        #[case] token: Option<&str>,
        #[case] signed: &str,
        #[case] expected: &str,
    ) {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new("AKIDEXAMPLE", secret, token.map(str::to_owned), None, "test");
        let host = "ssmmessages.us-east-1.amazonaws.com";
        let url = format!("https://{host}/v1/data-channel/ecs-execute-command-0123456789abcdef0?{query}");
        // 2026-01-02T03:04:05Z
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        let headers = signature(credentials, "us-east-1", &url, time).unwrap();
        let get = |name: &str| headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/ssmmessages/aws4_request, \
             SignedHeaders={signed}, Signature={expected}"
        );
        assert_eq!(get("authorization"), Some(&*expected));
        assert_eq!((get("x-amz-date"), get("x-amz-security-token")), (Some("20260102T030405Z"), token));
        assert_eq!(headers.len(), 2 + usize::from(token.is_some()));
    }
}
