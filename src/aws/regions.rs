//! The Regions of AWS's public, GovCloud and China partitions, for completion and for typos.

use std::sync::LazyLock;

use regex::Regex;

use crate::nearest;

/// All Regions known at build time, by partition and continent.
/// <https://docs.aws.amazon.com/general/latest/gr/ecs-service.html>
pub static REGIONS: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "eusc-de-east-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "cn-north-1",
    "cn-northwest-1",
];

/// AWS opens Regions more often than programs are updated, so any name with the form of a Region is accepted.
#[expect(clippy::expect_used, reason = "the pattern is a constant, which a test compiles")]
static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[a-z]{2,4}(-(gov|de|iso[a-z]?))?-(north|south|east|west|central|(north|south)(east|west))-[1-9][0-9]?$",
    )
    .expect("a constant pattern")
});

/// Whether `name` is a Region, or may be a newer one.
pub fn plausible(name: &str) -> bool {
    REGIONS.contains(&name) || SHAPE.is_match(name)
}

/// The message for an unknown Region.
pub fn unknown(name: &str) -> String {
    nearest::unknown("Region", name, REGIONS.iter().copied())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn known_regions_have_the_form_of_a_region() {
        for region in REGIONS {
            assert!(SHAPE.is_match(region), "{region}");
        }
    }

    #[rstest]
    #[case("eu-west-9", true)]
    #[case("nz-north-1", true)]
    #[case("us-isob-east-1", true)]
    #[case("eu-wset-1", false)]
    #[case("eu-west", false)]
    #[case("EU-WEST-1", false)]
    #[case("Frankfurt", false)]
    #[case("", false)]
    fn plausibility(#[case] name: &str, #[case] expected: bool) {
        assert_eq!(plausible(name), expected);
    }
}
