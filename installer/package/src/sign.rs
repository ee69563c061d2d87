//! Signatures: by osslsigncode with a certificate in files, in a PKCS #12 container or behind PKCS #11, by any other
//! program, or not at all.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail, ensure};
use der::{DecodePem as _, Encode as _, asn1::ObjectIdentifier};
use x509_cert::{
    Certificate,
    ext::pkix::{ExtendedKeyUsage, KeyUsage},
};

const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// What Windows shows when it asks whether a publisher is trusted.
const DESCRIPTION: &str = "Xen PV drivers for Windows";

/// Who signs.
#[derive(Clone, Debug)]
pub enum Signer {
    /// Nobody.
    Nobody,
    /// A certificate (with its chain) and a key in PEM files.
    Files {
        /// Certificate.
        certificate: PathBuf,
        /// Private key.
        key: PathBuf,
    },
    /// A PKCS #12 container.
    Pkcs12(PathBuf),
    /// A token.
    Pkcs11 {
        /// PKCS #11 library of the token.
        module: PathBuf,
        /// Engine of OpenSSL, where the default one is not there.
        engine: Option<PathBuf>,
        /// PKCS #11 URI of the certificate, or a PEM file.
        certificate: String,
        /// PKCS #11 URI of the key.
        key: String,
    },
    /// A program that signs the file whose path is its last argument, in place.
    Command(Vec<String>),
}

/// How to sign.
#[derive(Clone, Debug)]
pub struct Signing {
    /// Who.
    pub signer: Signer,
    /// File with the password or PIN.
    pub password: Option<PathBuf>,
    /// RFC 3161 time stamp server. Without one signatures end with the certificate.
    pub timestamp: Option<String>,
    /// Seconds since 1970 for the signing time where there is no time stamp.
    pub time: u64,
    /// Certificates that verification trusts; without them what was signed is not verified here.
    pub trust: Option<PathBuf>,
}

/// The certificate for tests: made once, kept in `dir`.
///
/// # Errors
/// A folder that cannot be written, no openssl.
pub fn test_certificate(dir: &Path) -> Result<(PathBuf, PathBuf)> {
    let (certificate, key) = (dir.join("certificate.pem"), dir.join("key.pem"));
    if certificate.is_file() && key.is_file() {
        return Ok((certificate, key));
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot write to {}", dir.display()))?;
    let new = tempfile::tempdir_in(dir)?;
    let fresh = |name: &str| new.path().join(name);
    run(Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:3072", "-sha256", "-nodes", "-days", "3650"])
        .args(["-subj", "/CN=Xen PV drivers test certificate (do not trust)"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", "keyUsage=critical,digitalSignature"])
        .args(["-addext", "extendedKeyUsage=codeSigning"])
        .arg("-keyout")
        .arg(fresh("key.pem"))
        .arg("-out")
        .arg(fresh("certificate.pem")))
    .context("cannot make a test certificate")?;
    fs::rename(fresh("key.pem"), &key)?;
    fs::rename(fresh("certificate.pem"), &certificate)?;
    Ok((certificate, key))
}

/// A certificate in a PEM file as DER, for Windows to import.
///
/// # Errors
/// A file that is no certificate.
pub fn der(certificate: &Path) -> Result<Vec<u8>> {
    load(certificate)?.to_der().context("the certificate cannot be encoded")
}

fn load(path: &Path) -> Result<Certificate> {
    let text = fs::read(path).with_context(|| format!("cannot read the certificate {}", path.display()))?;
    Certificate::from_pem(text).with_context(|| format!("{} is not a certificate (PEM)", path.display()))
}

impl Signing {
    /// Finds out before anything is made whether this can work.
    ///
    /// # Errors
    /// A certificate that cannot be read, has expired, is not for code, or is not the key's.
    pub fn check(&self) -> Result<()> {
        match &self.signer {
            Signer::Nobody => Ok(()),
            Signer::Files { certificate, key } => {
                let public = self.openssl_public_key(key)?;
                judge(&load(certificate)?, &certificate.display().to_string(), Some(&public))
            }
            Signer::Pkcs12(file) => self.check_pkcs12(file),
            Signer::Pkcs11 { module, .. } => {
                ensure!(module.is_file(), "the PKCS #11 module {} is not there", module.display());
                Ok(())
            }
            Signer::Command(words) => {
                ensure!(words.first().is_some_and(|word| !word.is_empty()), "the signing command is empty");
                Ok(())
            }
        }
    }

    fn openssl_public_key(&self, key: &Path) -> Result<Vec<u8>> {
        ensure!(key.is_file(), "the private key {} is not there", key.display());
        let mut command = Command::new("openssl");
        command.args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(key);
        command.arg("-passin").arg(self.password_argument());
        run(&mut command).with_context(|| format!("cannot use the private key {}", key.display()))
    }

    fn password_argument(&self) -> String {
        match &self.password {
            Some(file) => format!("file:{}", file.display()),
            None => "pass:".to_owned(),
        }
    }

    fn check_pkcs12(&self, file: &Path) -> Result<()> {
        ensure!(file.is_file(), "the container {} is not there", file.display());
        let mut command = Command::new("openssl");
        command.args(["pkcs12", "-nokeys", "-clcerts", "-in"]).arg(file);
        command.arg("-passin").arg(self.password_argument());
        let text = run(&mut command)
            .with_context(|| format!("cannot open {} (wrong password, or not PKCS #12)", file.display()))?;
        let start = text.windows(5).position(|w| w == b"-----").context("there is no certificate inside")?;
        let certificate = Certificate::from_pem(&text[start..])
            .with_context(|| format!("{} has no certificate of its own", file.display()))?;
        judge(&certificate, &file.display().to_string(), None)
    }

    /// Signs a file in place. Nothing is left behind when it fails.
    ///
    /// # Errors
    /// What the signing program said.
    pub fn sign(&self, file: &Path) -> Result<()> {
        if let Signer::Nobody = self.signer {
            return Ok(());
        }
        if let Signer::Command(words) = &self.signer {
            let (program, arguments) = words.split_first().context("the signing command is empty")?;
            run(Command::new(program).args(arguments).arg(file))
                .with_context(|| format!("the signing command failed on {}", file.display()))?;
            return Ok(());
        }
        let mut out = file.as_os_str().to_owned();
        out.push(".signed");
        let out = PathBuf::from(out);
        let mut command = osslsigncode("sign");
        command.args(["-h", "sha256", "-n", DESCRIPTION]);
        match &self.signer {
            Signer::Files { certificate, key } => {
                command.arg("-certs").arg(certificate).arg("-key").arg(key);
            }
            Signer::Pkcs12(file) => {
                command.arg("-pkcs12").arg(file);
            }
            Signer::Pkcs11 { module, engine, certificate, key } => {
                if let Some(engine) = engine {
                    command.arg("-pkcs11engine").arg(engine);
                }
                command.arg("-pkcs11module").arg(module);
                let option = if Path::new(certificate).is_file() { "-certs" } else { "-pkcs11cert" };
                command.args([option, certificate, "-key", key]);
            }
            Signer::Nobody | Signer::Command(_) => {}
        }
        if let Some(password) = &self.password {
            command.arg("-readpass").arg(password);
        }
        match &self.timestamp {
            Some(url) => {
                command.args(["-ts", url]);
            }
            None => {
                command.arg("-time").arg(self.time.to_string());
            }
        }
        command.arg("-in").arg(file).arg("-out").arg(&out);
        let result = run(&mut command).with_context(|| format!("cannot sign {}", file.display()));
        if result.is_err() {
            let _ = fs::remove_file(&out);
        }
        result?;
        fs::rename(&out, file)?;
        Ok(())
    }

    /// Verifies a signed file, by `catalog` if one is given. Says whether there was anything to verify by.
    ///
    /// # Errors
    /// A file that is not what was signed, or not by whom.
    pub fn verify(&self, file: &Path, catalog: Option<&Path>) -> Result<bool> {
        let (Some(trust), false) = (&self.trust, matches!(self.signer, Signer::Nobody)) else {
            return Ok(false);
        };
        let mut command = osslsigncode("verify");
        command.arg("-CAfile").arg(trust).args(offline());
        if let Some(catalog) = catalog {
            command.arg("-catalog").arg(catalog);
        }
        command.arg("-in").arg(file);
        run(&mut command).with_context(|| format!("the signature of {} is not valid", file.display()))?;
        Ok(true)
    }
}

fn judge(certificate: &Certificate, name: &str, public_key: Option<&[u8]>) -> Result<()> {
    let body = &certificate.tbs_certificate;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (from, to) =
        (body.validity.not_before.to_unix_duration(), body.validity.not_after.to_unix_duration());
    ensure!(from <= now, "the certificate {name} is not valid yet");
    ensure!(now <= to, "the certificate {name} has expired");
    let usage = body.get::<ExtendedKeyUsage>().ok().flatten();
    ensure!(
        usage.is_some_and(|(_, usage)| usage.0.contains(&CODE_SIGNING)),
        "the certificate {name} is not for signing code (extended key usage)"
    );
    if let Ok(Some((_, usage))) = body.get::<KeyUsage>() {
        ensure!(usage.digital_signature(), "the certificate {name} is not for signatures (key usage)");
    }
    if let Some(key) = public_key {
        let theirs = body.subject_public_key_info.to_der()?;
        ensure!(theirs == key, "the private key is not the one of the certificate {name}");
    }
    Ok(())
}

/// osslsigncode with one of its verbs.
fn osslsigncode(verb: &str) -> Command {
    let mut command = Command::new("osslsigncode");
    command.arg(verb);
    command
}

/// Options for a verification without a network, as far as this release knows them: 2.5, which Debian 12 has, never asks
/// anybody for revocation lists.
fn offline() -> &'static [&'static str] {
    static KNOWN: OnceLock<Vec<&'static str>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let help = osslsigncode("verify").arg("--help").stdin(Stdio::null()).output();
        let help = help.map(|out| [out.stdout, out.stderr].concat()).unwrap_or_default();
        let help = String::from_utf8_lossy(&help);
        ["-ignore-cdp", "-ignore-crl"].into_iter().filter(|option| help.contains(option)).collect()
    })
}

/// Runs a program; gives what it printed, or its words as the error.
fn run(command: &mut Command) -> Result<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{name}`; `cargo xtask setup` installs what is missing"))?;
    if !out.status.success() {
        let mut said = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        if said.is_empty() {
            said = String::from_utf8_lossy(&out.stdout).trim().to_owned();
        }
        let last: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        bail!("`{name}` failed ({}): {}", out.status, last[last.len().saturating_sub(3)..].join("; "));
    }
    Ok(out.stdout)
}
