//! Links to log lines in the CloudWatch console.

use std::fmt::Write;

use jiff::Timestamp;

use crate::logs::Stream;

/// The URL of a stream from `at` on; `region` is used if the stream has none.
pub(super) fn console(stream: &Stream, region: &str, at: Timestamp) -> String {
    let region = stream.region.as_deref().unwrap_or(region);
    let domain = match region {
        region if region.starts_with("cn-") => "console.amazonaws.cn",
        region if region.starts_with("us-gov-") => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    let (group, name, from) = (twice(&stream.group), twice(&stream.name), at.as_millisecond());
    format!(
        "https://{region}.{domain}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}/log-events/{name}\
         $3Fstart$3D{from}"
    )
}

/// Encodes a name for the router of the CloudWatch console: percent-encoded twice, with `$` for the outer `%`.
fn twice(name: &str) -> String {
    name.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte.into()),
            // Writing to a string can't fail.
            byte => drop(write!(encoded, "$25{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn link(region: Option<&str>, group: &str, name: &str) -> String {
        let stream = Stream { region: region.map(Into::into), group: group.into(), name: name.into() };
        console(&stream, "eu-west-1", Timestamp::from_millisecond(1_700_000_000_123).unwrap())
    }

    #[test]
    fn names_are_encoded_twice_and_the_time_is_included() {
        assert_eq!(
            link(None, "/ecs/web#1", "ecs/app/0123abcd"),
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/\
             $252Fecs$252Fweb$25231/log-events/ecs$252Fapp$252F0123abcd$3Fstart$3D1700000000123"
        );
        assert!(link(None, "/é", "[$LATEST]").contains("$252F$25C3$25A9/log-events/$255B$2524LATEST$255D$3F"));
    }

    #[rstest]
    #[case(Some("us-east-1"), "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#")]
    #[case(Some("cn-north-1"), "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1#")]
    #[case(Some("us-gov-west-1"), "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov")]
    fn a_stream_in_another_region_has_its_own_url(#[case] region: Option<&str>, #[case] begins: &str) {
        assert!(link(region, "a", "b").starts_with(begins), "{}", link(region, "a", "b"));
    }
}
