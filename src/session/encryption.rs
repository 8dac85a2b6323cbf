//! The encryption of a session whose cluster has a KMS key: AES-256-GCM with one key for each direction.
//!
//! On the wire, the nonce comes first, then the ciphertext, then the tag.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use bytes::Bytes;
use zeroize::Zeroize;

/// The length of the data key: one key for each direction.
pub const DATA_KEY: usize = 64;

const KEY: usize = DATA_KEY / 2;

/// A data key as KMS generates it, with its encrypted form for the agent. Wiped when it is dropped; Debug shows nothing.
pub struct DataKey {
    plaintext: [u8; DATA_KEY],
    pub ciphertext: Vec<u8>,
}

impl DataKey {
    /// `None` if the plaintext has another length than was asked for.
    pub fn new(plaintext: &[u8], ciphertext: Vec<u8>) -> Option<Self> {
        Some(Self { plaintext: plaintext.try_into().ok()?, ciphertext })
    }
}

impl Drop for DataKey {
    fn drop(&mut self) {
        self.plaintext.zeroize();
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

/// A payload that was encrypted with another key or was changed, or a failure of the random number generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload can't be decrypted")]
pub struct CipherError;

/// The keys of the client's end.
pub struct Cipher {
    encrypts: LessSafeKey,
    decrypts: LessSafeKey,
}

impl Cipher {
    /// The first half of the data key is that of the agent's messages, the second that of the client's.
    ///
    /// # Errors
    ///
    /// Never for a key of this length.
    pub fn new(key: &DataKey) -> Result<Self, CipherError> {
        let (agent, client) = key.plaintext.split_at(KEY);
        let key = |bytes| UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| CipherError);
        Ok(Self { encrypts: key(client)?, decrypts: key(agent)? })
    }

    /// Encrypts with a new random nonce.
    ///
    /// # Errors
    ///
    /// If there are no random numbers.
    pub fn encrypt(&self, plaintext: &[u8]) -> Result<Bytes, CipherError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| CipherError)?;
        self.encrypt_with(nonce, plaintext)
    }

    fn encrypt_with(&self, nonce: [u8; NONCE_LEN], plaintext: &[u8]) -> Result<Bytes, CipherError> {
        let mut wire = [&nonce, plaintext].concat();
        let unique = Nonce::assume_unique_for_key(nonce);
        let tag = self.encrypts.seal_in_place_separate_tag(unique, Aad::empty(), &mut wire[NONCE_LEN..]);
        wire.extend_from_slice(tag.map_err(|_| CipherError)?.as_ref());
        Ok(wire.into())
    }

    /// Decrypts what the agent sent.
    ///
    /// # Errors
    ///
    /// If it was encrypted with another key, or was changed.
    pub fn decrypt(&self, wire: &[u8]) -> Result<Bytes, CipherError> {
        let (nonce, ciphertext) = wire.split_first_chunk().ok_or(CipherError)?;
        let mut plaintext = ciphertext.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.decrypts.open_in_place(nonce, Aad::empty(), &mut plaintext).map_err(|_| CipherError)?.len();
        plaintext.truncate(length);
        Ok(plaintext.into())
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher")
    }
}

/// The other end's keys, for tests.
#[cfg(test)]
impl Cipher {
    pub(super) fn of_agent(key: &DataKey) -> Self {
        let Self { encrypts, decrypts } = Self::new(key).unwrap();
        Self { encrypts: decrypts, decrypts: encrypts }
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    fn key() -> DataKey {
        DataKey::new(&(0..64).collect::<Vec<u8>>(), vec![1, 2, 3]).unwrap()
    }

    fn nonce(first: u8) -> [u8; NONCE_LEN] {
        std::array::from_fn(|index| first + index as u8)
    }

    #[test]
    fn payloads_are_encrypted_as_in_the_specification() {
        let (client, agent) = (Cipher::new(&key()).unwrap(), Cipher::of_agent(&key()));
        let input = b"\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\x12\x4f\xa9\xc3\xbe\x5e\xa2\x67\xc1\x86\x00\x65\x75\x65\x5e\x24\x04\xc2\xcb";
        assert_eq!(client.encrypt_with(nonce(0xa0), b"ls\r").unwrap(), &input[..]);
        assert_eq!(agent.decrypt(input).unwrap(), "ls\r");
        let output = b"\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xbb\xf1\x30\x36\xc7\x83\xc0\xb1\x35\xdd\xe2\x10\xb5\xed\x58\x1c\x92\xa1\x75\x04\xad\xa6\x1a\x36";
        assert_eq!(agent.encrypt_with(nonce(0xb0), b"hello\r\n").unwrap(), &output[..]);
        assert_eq!(client.decrypt(output).unwrap(), "hello\r\n");
    }

    #[test]
    fn the_challenge_is_answered_as_in_the_specification() {
        let client = Cipher::new(&key()).unwrap();
        let request = "wMHCw8TFxsfIycrLZC1BAB8R/DX0tJPNQt2aJTgGlUhEm2XBVr41dbf8/TU4ExEg+lLPiETA2pZpVfcaGfBJ7UpUOoIYuLBPQkaZvlYWOLg2wXOtDneBQVvVDz4=";
        let challenge = client.decrypt(&STANDARD.decode(request).unwrap()).unwrap();
        assert_eq!(challenge, (100..164).collect::<Vec<u8>>());
        let response = client.encrypt_with(nonce(0xd0), &challenge).unwrap();
        assert_eq!(
            STANDARD.encode(response),
            "0NHS09TV1tfY2drbmAy6Cbia8e9wF6gSPBbc9AyGLbNKV6OOi1zbHONICyvNqD5gPJnhW8FYQfWrhVSqzAh/MpP7fjtnq+RAvEq5uzLm1nWPp7dvxHGGGIAoRbw="
        );
    }

    #[test]
    fn each_message_has_its_own_nonce() {
        let (client, agent) = (Cipher::new(&key()).unwrap(), Cipher::of_agent(&key()));
        let (one, other) = (client.encrypt(b"x").unwrap(), client.encrypt(b"x").unwrap());
        assert_ne!(one[..NONCE_LEN], other[..NONCE_LEN]);
        assert_eq!((agent.decrypt(&one).unwrap(), agent.decrypt(&other).unwrap()), ("x".into(), "x".into()));
    }

    #[test]
    fn a_changed_payload_is_refused() {
        let (client, agent) = (Cipher::new(&key()).unwrap(), Cipher::of_agent(&key()));
        let wire = client.encrypt(b"secret").unwrap();
        for at in 0..wire.len() {
            let mut changed = wire.to_vec();
            changed[at] ^= 1;
            assert_eq!(agent.decrypt(&changed), Err(CipherError));
            assert_eq!(agent.decrypt(&wire[..at]), Err(CipherError));
        }
        assert_eq!(client.decrypt(&wire), Err(CipherError));
    }

    #[test]
    fn keys_of_another_length_are_refused_and_none_is_shown() {
        assert!(DataKey::new(&[0; 32], Vec::new()).is_none());
        assert_eq!(format!("{:?} {:?}", key(), Cipher::new(&key()).unwrap()), "DataKey Cipher");
    }
}
