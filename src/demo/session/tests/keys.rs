//! Encrypted sessions.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{client::Client, *};
use crate::demo::{aes, session::frame::payload};

const GENERATE: &str = "TrentService.GenerateDataKey";

struct Keys {
    agent: [u8; aes::KEY],
    client: [u8; aes::KEY],
}

/// Answers the request for encryption with a data key of KMS.
async fn agree(stage: &Stage, client: &mut Client, session: &Value) -> Keys {
    let request: Value = serde_json::from_slice(&client.expect_other(payload::HANDSHAKE_REQUEST).await).unwrap();
    let action = &request["RequestedClientActions"][1]["ActionParameters"];
    let task = TaskId::parse(&stage.task("web")).unwrap();
    let target = stage.endpoint.with(|world| Target::Container { task, container: 0 }.name(world));
    let context = json!({ "aws:ssm:SessionId": session["sessionId"], "aws:ssm:TargetId": target });
    let input = json!({ "KeyId": action["KMSKeyId"], "NumberOfBytes": 64, "EncryptionContext": context });
    let (status, key) = stage.call(GENERATE, &input).await;
    assert_eq!(status, 200, "{key}");
    let result = json!({ "KMSCipherTextKey": key["CiphertextBlob"], "KMSCipherTextHash": null });
    let encryption = json!({ "ActionType": "KMSEncryption", "ActionStatus": 1, "ActionResult": result, "Error": "" });
    client.shake_hands(json!([session_type(), encryption])).await;
    let plaintext = BASE64_STANDARD.decode(key["Plaintext"].as_str().unwrap()).unwrap();
    Keys { agent: plaintext[..32].try_into().unwrap(), client: plaintext[32..].try_into().unwrap() }
}

async fn answer_challenge(client: &mut Client, keys: &Keys) {
    let challenge: Value = serde_json::from_slice(&client.expect_other(payload::ENC_CHALLENGE_REQUEST).await).unwrap();
    let sealed = BASE64_STANDARD.decode(challenge["Challenge"].as_str().unwrap()).unwrap();
    let plain = aes::open(&keys.agent, &[], &sealed).unwrap_or_default();
    let sealed = aes::seal(&keys.client, [1; 12], &[], &plain).unwrap();
    let response = json!({ "Challenge": BASE64_STANDARD.encode(sealed) });
    client.send(payload::ENC_CHALLENGE_RESPONSE, response.to_string().as_bytes()).await;
}

#[tokio::test]
async fn an_encrypted_command_is_read_with_the_keys_only() {
    let stage = Stage::new().await;
    stage.endpoint.add_fault("session-encrypted".parse().unwrap());
    let session = stage.execute("echo secret").await;
    let mut client = Client::connect(&session, "client-1").await.unwrap();
    let keys = agree(&stage, &mut client, &session).await;
    answer_challenge(&mut client, &keys).await;
    let complete = client.expect_other(payload::HANDSHAKE_COMPLETE).await;
    assert!(String::from_utf8_lossy(&complete).contains("This session is encrypted using AWS KMS."));
    client.expect_end().await;
    assert_eq!(aes::open(&keys.agent, &[], &client.output).unwrap(), b"secret\r\n");
}

#[tokio::test]
async fn a_wrong_challenge_and_a_denied_decryption_end_the_session() {
    for (fault, text) in [
        ("session-wrong-challenge", "Encryption challenge does not match"),
        ("deny:Decrypt", "Fetching data key failed: Unable to retrieve data key, AccessDeniedException"),
    ] {
        let stage = Stage::new().await;
        stage.endpoint.add_fault("session-encrypted".parse().unwrap());
        stage.endpoint.add_fault(fault.parse().unwrap());
        let session = stage.execute("echo secret").await;
        let mut client = Client::connect(&session, "client-1").await.unwrap();
        let keys = agree(&stage, &mut client, &session).await;
        if fault == "session-wrong-challenge" {
            answer_challenge(&mut client, &keys).await;
        }
        client.expect_end().await;
        let closed = client.closed.unwrap();
        assert!(closed.contains(text) && client.output.is_empty(), "{closed}");
    }
}

#[tokio::test]
async fn the_clusters_name_the_key() {
    let stage = Stage::new().await;
    stage.endpoint.add_fault("session-encrypted".parse().unwrap());
    let input = json!({ "clusters": ["prod"], "include": ["CONFIGURATIONS"] });
    let (_, answer) = stage.call("AmazonEC2ContainerServiceV20141113.DescribeClusters", &input).await;
    let key = answer["clusters"][0]["configuration"]["executeCommandConfiguration"]["kmsKeyId"].as_str().unwrap();
    assert!(key.starts_with("arn:aws:kms:eu-west-1:123456789012:key/"), "{key}");
}
