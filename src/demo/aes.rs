//! AES-256-GCM, as KMS and sessions use it: the nonce, then the ciphertext, then the tag.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

pub(super) const KEY: usize = 32;

/// Encrypts a plaintext, and authenticates `context` with it. A nonce must not be used twice with a key.
pub(super) fn seal(key: &[u8; KEY], nonce: [u8; NONCE_LEN], context: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    let key = UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).ok()?;
    let mut text = plaintext.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut text).ok()?;
    Some([nonce.as_slice(), &text].concat())
}

/// Decrypts; `None` if the key or the context is another, or the bytes were changed.
pub(super) fn open(key: &[u8; KEY], context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).ok()?;
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut text = text.to_vec();
    let plaintext = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut text).ok()?;
    Some(plaintext.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_encrypted_like_the_reference() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let key: [u8; KEY] = std::array::from_fn(|at| at as u8 + 32);
        let sealed = seal(&key, std::array::from_fn(|at| 0xa0 + at as u8), b"", b"ls\r").unwrap();
        assert_eq!(hex(&sealed), "a0a1a2a3a4a5a6a7a8a9aaab124fa9c3be5ea267c186006575655e2404c2cb");
        assert_eq!(open(&key, b"", &sealed).unwrap(), b"ls\r");
    }

    #[test]
    fn another_key_or_context_opens_nothing() {
        let sealed = seal(&[1; KEY], [0; NONCE_LEN], b"one", b"text").unwrap();
        assert_eq!(open(&[1; KEY], b"one", &sealed).unwrap(), b"text");
        assert_eq!(open(&[2; KEY], b"one", &sealed), None);
        assert_eq!(open(&[1; KEY], b"two", &sealed), None);
        assert_eq!(open(&[1; KEY], b"one", &sealed[..5]), None);
    }
}
