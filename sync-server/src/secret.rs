//! Random tokens and their hashes, access tokens, and passwords.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use kernel::{Error, PersonId, Random, Result, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// A stream of randomness from the operating system.
///
/// # Errors
/// `Internal` when the system has none.
pub fn random() -> Result<Random> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|source| Error::internal(source.to_string()))?;
    Ok(Random::new(seed))
}

/// A token with 256 bits of chance, in letters and digits that survive a link.
#[must_use]
pub fn token(random: &mut Random) -> String {
    kernel::id::encode(&random.bytes()) + &kernel::id::encode(&random.bytes())
}

/// What is stored of a token. A token is random, so a fast hash is enough, and finding it by its hash leaks no prefix of it.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

/// Bytes in hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a device's public key.
///
/// # Errors
/// `Invalid` when it is not 64 hex digits that name a point of the curve.
pub fn device_key(text: &str) -> Result<[u8; 32]> {
    let wrong = || Error::invalid("device_key", ("The key of the device can't be read.", "Ключ устройства не читается."));
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>().ok_or_else(wrong)?;
    let bytes: [u8; 32] = digits.chunks(2).map(|pair| (pair.len() == 2).then(|| pair[0] << 4 | pair[1])).collect::<Option<Vec<u8>>>().and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
    // A weak key signs anything for anybody.
    ed25519_dalek::VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak()).ok_or_else(wrong)?;
    Ok(bytes)
}

/// What an access token says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The person.
    pub sub: PersonId,
    /// The session.
    pub sid: String,
    /// The device's key in hex, or none for a browser.
    pub device: Option<String>,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
}

/// Signs and checks access tokens with the server's own key.
#[derive(Clone)]
pub struct Signer {
    encoding: Arc<EncodingKey>,
    decoding: Arc<DecodingKey>,
}

/// The fixed head of an Ed25519 private key in PKCS #8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

impl Signer {
    /// The signer with this seed.
    #[must_use]
    pub fn new(seed: &[u8; 32]) -> Self {
        let der = [PKCS8.as_slice(), seed].concat();
        let public = SigningKey::from_bytes(seed).verifying_key().to_bytes();
        Self { encoding: Arc::new(EncodingKey::from_ed_der(&der)), decoding: Arc::new(DecodingKey::from_ed_der(&public)) }
    }

    /// An access token.
    ///
    /// # Errors
    /// `Internal` when it can't be signed.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        jsonwebtoken::encode(&Header::new(jsonwebtoken::Algorithm::EdDSA), claims, &self.encoding).map_err(Error::internal)
    }

    /// What a token says, if this server signed it and it has not ended at `now`.
    ///
    /// # Errors
    /// `Unauthorized` for everything else, another algorithm included.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Claims> {
        let mut validation = Validation::new(jsonwebtoken::Algorithm::EdDSA);
        // The time is passed in, so that a test can move it.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).map_err(|source| identity::rules::signed_out().because(source))?.claims;
        if claims.exp.saturating_mul(1_000) <= now.millis() {
            return Err(identity::rules::signed_out().because("the access token has ended"));
        }
        Ok(claims)
    }
}

/// Hashes and checks passwords on a bounded number of threads; each takes about 20 MB for some tens of milliseconds.
#[derive(Clone)]
pub struct Passwords {
    room: Arc<Semaphore>,
    /// Checked when there is no such account, so that both answers take the same time.
    nobody: Arc<str>,
}

/// RFC 9106 and the OWASP cheat sheet: argon2id, 19 MiB, two passes, one lane.
fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).expect("the parameters are within argon2's bounds"))
}

fn phc(password: &str) -> Result<String> {
    let salt: [u8; 16] = random()?.bytes();
    let salt = SaltString::encode_b64(&salt).map_err(|source| Error::internal(source.to_string()))?;
    Ok(argon().hash_password(password.as_bytes(), &salt).map_err(|source| Error::internal(source.to_string()))?.to_string())
}

impl Passwords {
    /// A pool of so many threads.
    ///
    /// # Errors
    /// `Internal` when the system has no randomness.
    pub fn new(threads: usize) -> Result<Self> {
        Ok(Self { room: Arc::new(Semaphore::new(threads)), nobody: phc("nobody has this password")?.into() })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let room = self.room.clone();
        let room = tokio::time::timeout(std::time::Duration::from_secs(5), room.acquire_owned()).await.map_err(|_| crate::storage::busy())?.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let _room = room;
            work()
        })
        .await
        .map_err(Error::internal)?
    }

    /// The hash that is stored (PHC form).
    ///
    /// # Errors
    /// `Offline` when too many wait.
    pub async fn hash(&self, password: identity::Password) -> Result<String> {
        self.run(move || phc(password.reveal())).await
    }

    /// Whether a password is the one behind the hash. Without a hash the answer is no, after the same time.
    ///
    /// # Errors
    /// `Offline` when too many wait.
    pub async fn check(&self, password: String, hash: Option<String>) -> Result<bool> {
        let nobody = self.nobody.clone();
        self.run(move || {
            let stored = hash.as_deref().unwrap_or(&nobody);
            let parsed = PasswordHash::new(stored).map_err(|source| Error::internal(source.to_string()))?;
            let fits = argon().verify_password(password.as_bytes(), &parsed).is_ok();
            Ok(fits && hash.is_some())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(exp: i64) -> Claims {
        Claims { sub: PersonId::from_bytes([1; 16]), sid: "ses".into(), device: None, exp, iat: 0 }
    }

    #[test]
    fn a_token_is_good_until_it_ends_and_only_from_this_key() {
        let (ours, other) = (Signer::new(&[1; 32]), Signer::new(&[2; 32]));
        let token = ours.sign(&claims(100)).unwrap();
        assert_eq!(ours.check(&token, Timestamp::from_millis(99_999)).unwrap(), claims(100));
        assert!(ours.check(&token, Timestamp::from_millis(100_000)).is_err());
        assert!(other.check(&token, Timestamp::from_millis(0)).is_err());
    }

    #[test]
    fn a_token_without_or_with_another_algorithm_is_refused() {
        // {"alg":"none"} and {"alg":"HS256"} over the same claims, with an empty and with a made-up signature.
        let body = Signer::new(&[1; 32]).sign(&claims(1 << 40)).unwrap().split('.').nth(1).unwrap().to_owned();
        for forged in [format!("eyJhbGciOiJub25lIn0.{body}."), format!("eyJhbGciOiJIUzI1NiJ9.{body}.AAAA"), format!("eyJhbGciOiJFZERTQSJ9.{body}."), "a.b.c".into(), String::new()] {
            assert!(Signer::new(&[1; 32]).check(&forged, Timestamp::from_millis(0)).is_err(), "{forged}");
        }
    }

    #[test]
    fn device_keys_are_points_in_hex() {
        let key = SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
        assert_eq!(device_key(&hex(&key)).unwrap(), key);
        for wrong in ["", "00", &"0".repeat(64), &"zz".repeat(32), &hex(&key)[1..]] {
            assert!(device_key(wrong).is_err(), "{wrong}");
        }
    }
}
