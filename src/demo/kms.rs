//! The data keys of KMS, with which sessions are encrypted.
//!
//! A data key's ciphertext holds all that is needed to decrypt it, so nothing is stored.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    aes,
    wire::ApiError,
    world::{Rng, World},
};

/// The key of an account that encrypts its data keys.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    pub(super) seed: u64,
    pub(super) account_id: &'a str,
    pub(super) region: &'a str,
}

type Context = BTreeMap<String, String>;

/// The ARN of the key that encrypts ECS Exec sessions.
pub(super) fn exec_key(world: &World) -> String {
    format!("arn:aws:kms:{}:{}:key/3d3dc1f0-demo-4000-8000-ecsexec00000", world.region, world.account_id)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Input {
    key_id: String,
    number_of_bytes: Option<usize>,
    key_spec: Option<String>,
    encryption_context: Context,
    ciphertext_blob: String,
}

impl<'a> Keys<'a> {
    pub(super) fn of(world: &'a World) -> Self {
        Self { seed: world.seed, account_id: &world.account_id, region: &world.region }
    }

    /// Answers one KMS operation; `None` if there is no such operation. `number` is that of the request.
    pub(super) fn call(&self, operation: &str, input: &Value, number: u64) -> Option<Result<Value, ApiError>> {
        let input =
            Input::deserialize(input).map_err(|error| ApiError::client("SerializationException", error.to_string()));
        match operation {
            "GenerateDataKey" => Some(input.and_then(|input| self.generate(&input, number))),
            "Decrypt" => Some(input.and_then(|input| {
                let blob = BASE64_STANDARD.decode(&input.ciphertext_blob).unwrap_or_default();
                let (key_id, plaintext) = self.decrypt(&blob, &input.encryption_context).ok_or_else(invalid)?;
                Ok(json!({
                    "KeyId": key_id,
                    "Plaintext": BASE64_STANDARD.encode(plaintext),
                    "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                }))
            })),
            _ => None,
        }
    }

    fn generate(&self, input: &Input, number: u64) -> Result<Value, ApiError> {
        let arn = self
            .arn(&input.key_id)
            .ok_or_else(|| ApiError::client("NotFoundException", format!("Key '{}' does not exist", input.key_id)))?;
        let length = match (input.number_of_bytes, input.key_spec.as_deref()) {
            (Some(length @ 1..=1024), None) => length,
            (None, Some("AES_256")) => 32,
            (None, Some("AES_128")) => 16,
            _ => {
                let message = "Please specify either number of bytes or key spec.";
                return Err(ApiError::client("ValidationException", message));
            }
        };
        let mut random = Rng::stream(self.seed, &format!("data key {number}"));
        let plaintext: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let nonce = std::array::from_fn(|_| random.next() as u8);
        let sealed = aes::seal(&self.key(&arn), nonce, &written(&input.encryption_context), &plaintext);
        let sealed = sealed.ok_or_else(|| ApiError::client("KMSInternalException", "The request failed."))?;
        let blob = [&(arn.len() as u16).to_be_bytes(), arn.as_bytes(), &sealed].concat();
        Ok(json!({
            "CiphertextBlob": BASE64_STANDARD.encode(blob),
            "Plaintext": BASE64_STANDARD.encode(plaintext),
            "KeyId": arn,
        }))
    }

    /// The key's ARN and the plaintext of a data key.
    pub(super) fn decrypt(&self, blob: &[u8], context: &Context) -> Option<(String, Vec<u8>)> {
        let (length, rest) = blob.split_first_chunk::<2>()?;
        let (arn, sealed) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let arn = String::from_utf8(arn.to_vec()).ok()?;
        let plaintext = aes::open(&self.key(&arn), &written(context), sealed)?;
        Some((arn, plaintext))
    }

    /// The ARN of a key given by ARN, alias or id; `None` if it is not of this account.
    fn arn(&self, key_id: &str) -> Option<String> {
        let prefix = format!("arn:aws:kms:{}:{}:", self.region, self.account_id);
        match key_id {
            "" => None,
            arn if arn.starts_with("arn:") => arn.starts_with(&prefix).then(|| arn.to_owned()),
            alias if alias.starts_with("alias/") => Some(format!("{prefix}{alias}")),
            id => Some(format!("{prefix}key/{id}")),
        }
    }

    fn key(&self, arn: &str) -> [u8; aes::KEY] {
        let mut random = Rng::stream(self.seed, &format!("key {arn}"));
        std::array::from_fn(|_| random.next() as u8)
    }
}

fn invalid() -> ApiError {
    ApiError::client("InvalidCiphertextException", "")
}

/// The context in one form, whatever the order of the request.
fn written(context: &Context) -> Vec<u8> {
    serde_json::to_vec(context).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys<'static> = Keys { seed: 7, account_id: "123456789012", region: "eu-west-1" };

    fn call(operation: &str, input: Value) -> Result<Value, ApiError> {
        KEYS.call(operation, &input, 1).unwrap()
    }

    #[test]
    fn a_data_key_is_decrypted_with_the_same_context_only() {
        let context = json!({ "aws:ssm:SessionId": "s-1", "aws:ssm:TargetId": "ecs:a_b_c" });
        let key = call("GenerateDataKey", json!({ "KeyId": "k-1", "NumberOfBytes": 64, "EncryptionContext": context }));
        let key = key.unwrap();
        assert_eq!(key["KeyId"], "arn:aws:kms:eu-west-1:123456789012:key/k-1");
        assert_eq!(BASE64_STANDARD.decode(key["Plaintext"].as_str().unwrap()).unwrap().len(), 64);
        let decrypt =
            |context| call("Decrypt", json!({ "CiphertextBlob": key["CiphertextBlob"], "EncryptionContext": context }));
        assert_eq!(decrypt(context).unwrap()["Plaintext"], key["Plaintext"]);
        assert_eq!(decrypt(json!({ "aws:ssm:SessionId": "s-2" })).unwrap_err().code, "InvalidCiphertextException");
        assert_ne!(
            KEYS.generate(&Input { key_id: "k".into(), number_of_bytes: Some(64), ..Input::default() }, 2),
            Ok(key)
        );
    }

    #[test]
    fn keys_of_other_accounts_do_not_exist() {
        let other = "arn:aws:kms:eu-west-1:999999999999:key/k-1";
        let error = call("GenerateDataKey", json!({ "KeyId": other, "KeySpec": "AES_256" })).unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            ("NotFoundException", &*format!("Key '{other}' does not exist"))
        );
        let error = call("GenerateDataKey", json!({ "KeyId": "alias/exec" })).unwrap_err();
        assert_eq!(error.code, "ValidationException");
        assert!(KEYS.call("ListKeys", &json!({}), 1).is_none());
    }
}
