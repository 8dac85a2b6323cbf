use rstest::rstest;

use super::*;

async fn chosen(config: &str, credentials: &str, env: &[(&str, &str)], explicit: Option<&str>) -> String {
    let files = [("/aws/config", config), ("/aws/credentials", credentials)]
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let files_in = [("AWS_CONFIG_FILE", "/aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "/aws/credentials")];
    let env = Env::from_slice(&[&files_in, env].concat());
    match choose(&Fs::from_map(files.into_iter().collect()), &env, explicit).await {
        Ok(choice) => choice.source.name().to_owned(),
        Err(refusal) => refusal.to_string(),
    }
}

const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile keys]\naws_access_key_id = a\naws_secret_access_key = b\n\
                      [profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = keys\n\
                      [profile empty]\nregion = eu-west-1\n";
const KEY: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIA");
const TOKEN: (&str, &str) = ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token");

#[rstest]
#[case::nothing(&[], None, "instance")]
#[case::keys_in_the_environment(&[KEY], None, "env")]
#[case::a_blank_key(&[("AWS_ACCESS_KEY_ID", " ")], None, "instance")]
#[case::a_profile_by_name(&[KEY, TOKEN], Some("keys"), "keys")]
#[case::a_profile_in_the_environment(&[("AWS_PROFILE", "keys")], None, "keys")]
#[case::keys_before_a_profile_in_the_environment(&[("AWS_PROFILE", "keys"), KEY], None, "env")]
#[case::the_older_variable_first(&[("AWS_PROFILE", "nosuch"), ("AWS_DEFAULT_PROFILE", "keys")], None, "keys")]
#[case::a_token_before_keys_of_a_profile(&[("AWS_PROFILE", "keys"), TOKEN], None, "web-identity")]
#[case::a_role_before_a_token(&[("AWS_PROFILE", "role"), TOKEN], None, "role")]
#[case::a_profile_without_credentials(&[KEY], Some("empty"), "instance")]
#[case::in_a_container(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x")], Some("empty"), "container")]
#[case::no_such_profile(&[KEY], Some("rolle"), "unknown profile `rolle`; did you mean role?")]
#[case::none_in_the_environment(
    &[KEY, ("AWS_PROFILE", "rolle")],
    None,
    "AWS_PROFILE: unknown profile `rolle`; did you mean role?"
)]
#[tokio::test]
async fn the_source_is_chosen_as_botocore_chooses_it(
    #[case] env: &[(&str, &str)],
    #[case] explicit: Option<&str>,
    #[case] expected: &str,
) {
    assert_eq!(chosen(CONFIG, "", env, explicit).await, expected);
}

#[test]
fn only_the_end_of_a_key_is_logged() {
    assert_eq!(key_end("AKIAIOSFODNN7EXAMPLE"), "…MPLE");
    assert_eq!(key_end("short"), "…");
}
