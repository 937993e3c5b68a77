//! The key of the store: in the system's keyring, behind a passphrase, or in a file that only its owner can read.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use kernel::{Code, Error, Result};

/// How long the keyring may take: a locked one may open a prompt that nobody sees.
const PATIENCE: Duration = Duration::from_secs(2);
const SERVICE: &str = "scantling";

/// Where the key lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Home {
    /// The keyring of the system.
    Keyring,
    /// A vault that a passphrase opens.
    Passphrase,
    /// A file with mode 0600 beside the store.
    File,
}

/// Finds the key of the store in `folder`, or makes one where there is no store yet.
/// `wish` is where a new key should live; without one the keyring is tried first, then the file.
///
/// # Errors
/// `Damaged` when a store exists and its key is nowhere to be found, `Unauthorized` when the passphrase is wrong.
pub fn obtain(folder: &Path, wish: Option<Home>, passphrase: Option<&str>) -> Result<([u8; 32], Home)> {
    let (file, vault) = (folder.join("store.key"), folder.join("store.vault"));
    if vault.exists() {
        let passphrase = passphrase.ok_or_else(|| Error::new(Code::Unauthorized, ("This workspace is protected by a passphrase. Name a file that holds it in SCANTLING_PASSPHRASE_FILE.", "Рабочее место защищено парольной фразой. Укажите файл с ней в SCANTLING_PASSPHRASE_FILE.")))?;
        return Ok((open_vault(&fs::read(&vault).map_err(unreadable)?, passphrase)?, Home::Passphrase));
    }
    if file.exists() {
        let bytes = fs::read(&file).map_err(unreadable)?;
        let key = bytes.try_into().map_err(|_| lost(folder))?;
        return Ok((key, Home::File));
    }
    let account = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf()).display().to_string();
    let exists = folder.join("store.db").exists();
    // The wish is for a new key; that of an existing store is looked for wherever it may be.
    let asked = if exists || matches!(wish, None | Some(Home::Keyring)) { keyring(&account, None) } else { None };
    if let Some(Some(key)) = asked {
        return Ok((key, Home::Keyring));
    }
    if exists {
        return Err(lost(folder));
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|source| Error::internal(source.to_string()))?;
    match wish {
        Some(Home::Passphrase) => {
            let passphrase = passphrase.ok_or_else(|| Error::new(Code::Invalid, ("Name a file that holds the passphrase in SCANTLING_PASSPHRASE_FILE.", "Укажите файл с парольной фразой в SCANTLING_PASSPHRASE_FILE.")))?;
            write_private(&vault, &seal(&key, passphrase)?)?;
            return Ok((key, Home::Passphrase));
        }
        None | Some(Home::Keyring) if asked.is_some() && keyring(&account, Some(key)).is_some() => return Ok((key, Home::Keyring)),
        Some(Home::Keyring) => return Err(Error::new(Code::Internal, ("The system's keyring does not answer. Unlock it and start again.", "Системная связка ключей не отвечает. Разблокируйте её и запустите программу снова."))),
        _ => {}
    }
    write_private(&file, &key)?;
    Ok((key, Home::File))
}

fn unreadable(source: io::Error) -> Error {
    Error::new(Code::Damaged, ("The key of the store can't be read. Check the permissions of its folder.", "Ключ хранилища не читается. Проверьте права на его папку.")).because(source)
}

fn lost(folder: &Path) -> Error {
    Error::damaged((
        format!("The store in {} is encrypted and its key is not here: the keyring is locked, or the key file is gone. Unlock the keyring or restore store.key; nothing was changed.", folder.display()),
        format!("Хранилище в {} зашифровано, а ключа к нему здесь нет: связка ключей заблокирована или файл ключа пропал. Разблокируйте связку ключей или верните store.key; ничего не изменено.", folder.display()),
    ))
}

/// Reads the key, or writes and reads back `new`. `None` when the keyring does not answer; `Some(None)` when it holds nothing.
/// The keyring speaks D-Bus and may block for ever, so it has a thread of its own.
fn keyring(account: &str, new: Option<[u8; 32]>) -> Option<Option<[u8; 32]>> {
    let (answer, answered) = mpsc::channel();
    let account = account.to_owned();
    std::thread::spawn(move || {
        let ask = || -> keyring_core::Result<Option<[u8; 32]>> {
            let store = zbus_secret_service_keyring_store::Store::new()?;
            keyring_core::set_default_store(store);
            let entry = keyring_core::Entry::new(SERVICE, &account)?;
            if let Some(key) = new {
                entry.set_secret(&key)?;
            }
            match entry.get_secret() {
                Ok(secret) => Ok(secret.try_into().ok()),
                Err(keyring_core::Error::NoEntry) => Ok(None),
                Err(error) => Err(error),
            }
        };
        // Nobody listens any more after the time is up.
        let _ = answer.send(ask());
    });
    match answered.recv_timeout(PATIENCE) {
        Ok(Ok(key)) if new.is_none() || key == new => Some(key),
        Ok(Ok(_)) => None,
        Ok(Err(error)) => {
            tracing::info!(%error, "the keyring does not answer");
            None
        }
        Err(_) => {
            tracing::info!("the keyring did not answer in time");
            None
        }
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        let temporary: PathBuf = path.with_extension("new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&temporary, path)?;
        // A store must not outlive a power cut that its key did not.
        #[cfg(unix)]
        fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    };
    write().map_err(|source| Error::new(Code::Internal, ("The key of the store can't be written. Check the folder's permissions and the free space.", "Не удалось записать ключ хранилища. Проверьте права на папку и свободное место.")).because(source))
}

fn derive(passphrase: &str, salt: &[u8]) -> Result<Key> {
    let mut key = [0; 32];
    // 64 MiB and three passes: the second recommended option of RFC 9106, section 4.
    let parameters = argon2::Params::new(64 * 1024, 3, 4, Some(32)).map_err(|source| Error::internal(source.to_string()))?;
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters)
        .hash_password_into(passphrase.as_bytes(), salt, &mut key)
        .map_err(|source| Error::internal(source.to_string()))?;
    Ok(key.into())
}

/// A vault is version, salt, nonce and the sealed key.
fn seal(key: &[u8; 32], passphrase: &str) -> Result<Vec<u8>> {
    let mut salt = [0; 16];
    let mut nonce = [0; 24];
    getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut nonce)).map_err(|source| Error::internal(source.to_string()))?;
    let sealed = XChaCha20Poly1305::new(&derive(passphrase, &salt)?).encrypt(&XNonce::from(nonce), key.as_slice()).map_err(|source| Error::internal(source.to_string()))?;
    Ok([&[1], salt.as_slice(), &nonce, &sealed].concat())
}

fn open_vault(bytes: &[u8], passphrase: &str) -> Result<[u8; 32]> {
    let broken = || Error::damaged(("The vault with the store's key is damaged. Restore store.vault from a backup.", "Файл с ключом хранилища повреждён. Восстановите store.vault из резервной копии."));
    let (Some(1), Some(salt), Some(nonce), Some(sealed)) = (bytes.first(), bytes.get(1..17), bytes.get(17..41), bytes.get(41..)) else { return Err(broken()) };
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| broken())?;
    let key = XChaCha20Poly1305::new(&derive(passphrase, salt)?)
        .decrypt(&XNonce::from(nonce), sealed)
        .map_err(|_| Error::new(Code::Unauthorized, ("The passphrase is wrong.", "Парольная фраза неверна.")))?;
    key.try_into().map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_opens_by_its_passphrase_and_by_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let (key, home) = obtain(folder.path(), Some(Home::Passphrase), Some("correct horse")).unwrap();
        assert_eq!(home, Home::Passphrase);
        assert_eq!(obtain(folder.path(), None, Some("correct horse")).unwrap().0, key);
        assert_eq!(obtain(folder.path(), None, Some("wrong")).unwrap_err().code, Code::Unauthorized);
        let mut bytes = fs::read(folder.path().join("store.vault")).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(folder.path().join("store.vault"), bytes).unwrap();
        assert!(obtain(folder.path(), None, Some("correct horse")).is_err());
    }

    #[test]
    fn a_key_file_is_private_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let (key, home) = obtain(folder.path(), Some(Home::File), None).unwrap();
        assert_eq!((obtain(folder.path(), None, None).unwrap().0, home), (key, Home::File));
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(folder.path().join("store.key")).unwrap().permissions()) & 0o777, 0o600);
    }

    #[test]
    fn a_store_without_its_key_is_not_given_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("store.db"), b"sealed").unwrap();
        assert_eq!(obtain(folder.path(), Some(Home::File), None).unwrap_err().code, Code::Damaged);
    }
}
