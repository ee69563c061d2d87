//! The program behind `cargo xtask package`.
#![forbid(unsafe_code)]

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::{Args, Parser};
use xenpv_package::{
    ship::{self, Input, Portal},
    sign::{self, Signer, Signing},
};

/// Makes the installation package out of built drivers and programs.
#[derive(Parser)]
#[command(name = "cargo xtask package")]
struct Cli {
    /// Folder with the built drivers
    #[arg(long)]
    drivers: PathBuf,
    /// Folder with xenpv-setup.exe and xenpvmsi.dll
    #[arg(long)]
    userland: PathBuf,
    /// Folder for the result, which is replaced as a whole
    #[arg(long)]
    out: PathBuf,
    /// The checkout
    #[arg(long)]
    root: PathBuf,
    /// Seconds since 1970 for all dates in the result
    #[arg(long)]
    time: u64,
    /// Compiler that built the drivers
    #[arg(long, default_value = "unknown")]
    compiler: String,
    /// Folder for the certificate for tests
    #[arg(long)]
    test_certificates: PathBuf,
    #[command(flatten)]
    signing: SigningOptions,
    /// Driver packages signed by Microsoft's portal: folder with <driver>/<driver>.{inf,sys,cat}
    #[arg(long, requires = "portal_kind")]
    portal: Option<PathBuf>,
    /// What the portal's signature is
    #[arg(long, value_parser = ["attested", "whql"])]
    portal_kind: Option<String>,
}

#[derive(Args)]
struct SigningOptions {
    /// Do not sign
    #[arg(long, group = "signer")]
    unsigned: bool,
    /// Sign with this certificate (PEM, with its chain)
    #[arg(long, group = "signer", requires = "key")]
    certificate: Option<PathBuf>,
    /// Private key of --certificate (PEM)
    #[arg(long)]
    key: Option<PathBuf>,
    /// Sign with this PKCS #12 container
    #[arg(long, group = "signer")]
    pkcs12: Option<PathBuf>,
    /// Sign with a token: its PKCS #11 library
    #[arg(long, group = "signer", requires_all = ["pkcs11_certificate", "pkcs11_key"])]
    pkcs11_module: Option<PathBuf>,
    /// OpenSSL's engine for PKCS #11, where it is not in its usual place
    #[arg(long)]
    pkcs11_engine: Option<PathBuf>,
    /// PKCS #11 URI of the certificate, or a PEM file
    #[arg(long)]
    pkcs11_certificate: Option<String>,
    /// PKCS #11 URI of the private key
    #[arg(long)]
    pkcs11_key: Option<String>,
    /// Sign by this command (a remote signer); the file is added as its last argument and signed in place
    #[arg(long, group = "signer")]
    sign_command: Option<String>,
    /// File with the password or PIN
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// RFC 3161 time stamp server
    #[arg(long)]
    timestamp: Option<String>,
    /// Certificates to verify the result by (PEM); the certificate for tests verifies itself
    #[arg(long)]
    trust: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(lines) => {
            for line in lines {
                println!("{line}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<Vec<String>> {
    let options = cli.signing;
    let mut trust = options.trust;
    let mut test_certificate = None;
    let signer = if options.unsigned {
        Signer::Nobody
    } else if let (Some(certificate), Some(key)) = (options.certificate, options.key) {
        Signer::Files { certificate, key }
    } else if let Some(container) = options.pkcs12 {
        Signer::Pkcs12(container)
    } else if let (Some(module), Some(certificate), Some(key)) =
        (options.pkcs11_module, options.pkcs11_certificate, options.pkcs11_key)
    {
        Signer::Pkcs11 { module, engine: options.pkcs11_engine, certificate, key }
    } else if let Some(command) = options.sign_command {
        Signer::Command(command.split_whitespace().map(str::to_owned).collect())
    } else {
        if cli.portal.is_some() {
            bail!(
                "drivers signed by Microsoft with a certificate for tests around them: name a certificate of yours"
            );
        }
        let (certificate, key) = sign::test_certificate(&cli.test_certificates)?;
        trust.get_or_insert_with(|| certificate.clone());
        test_certificate = Some(certificate.clone());
        Signer::Files { certificate, key }
    };
    let portal = cli.portal.zip(cli.portal_kind).map(|(folder, kind)| Portal { folder, kind });
    ship::make(&Input {
        root: cli.root,
        drivers: cli.drivers,
        userland: cli.userland,
        out: cli.out,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        time: cli.time,
        shipped: ["xenpci", "xenvbd", "xennet", "xenpv-setup", "xenpvmsi"].map(str::to_owned).into(),
        compiler: cli.compiler,
        signing: Signing {
            signer,
            password: options.password_file,
            timestamp: options.timestamp,
            time: cli.time,
            trust,
        },
        portal,
        test_certificate,
    })
}
