//! The other end of a guest's connections, in the Xen rig's dom0 (linked statically: dom0's C library is
//! not the build machine's).

mod bench;
mod net;
mod netbench;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Programs of dom0 in the Xen rig.
#[derive(Parser)]
#[command(name = "xenpeer")]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Echo servers for TCP and UDP on port 7, v4 and v6; until killed
    Echo,
    /// Takes one connection and sends a file on it
    Give { port: u16, file: PathBuf },
    /// Takes one connection and receives a file from it
    Take { port: u16, file: PathBuf },
    /// Measures a disk (in a Linux guest)
    Bench(bench::Options),
    /// Serves the other end of `net-bench`; until killed
    NetServe,
    /// Measures a network (in a Linux guest)
    NetBench(netbench::Options),
    /// Runs the disk's front-end against a back-end, or the simulated one, and prints what was answered
    Blkfront {
        /// The front-end's directory, relative to this domain's
        #[arg(long)]
        front: Option<String>,
        /// Over xensim, on a disk of so many MiB
        #[arg(long, conflicts_with = "front")]
        simulated: Option<u64>,
    },
    /// Runs the network's front-end against a back-end, or the simulated one, and prints what was answered
    Netfront {
        /// The front-end's directory, relative to this domain's
        #[arg(long, requires = "interface")]
        front: Option<String>,
        /// The back-end's interface in this domain
        #[arg(long)]
        interface: Option<String>,
    },
    /// Serves a disk of the simulator to this domain's front-end, and leaves its content in a file
    Blkback {
        /// Its size in MiB
        #[arg(long)]
        mib: u64,
        image: PathBuf,
    },
    /// Serves an interface of the simulator, with a mirror behind it, to this domain's front-end
    Netback,
    /// Sends a file in datagrams to where each comes back from, and compares
    Mirrored { address: std::net::SocketAddr, file: PathBuf },
    /// Connects, sends a file, receives another
    Exchange { address: std::net::IpAddr, port: u16, file: PathBuf, answer: PathBuf },
}

fn tell(lines: &[String]) -> Result<()> {
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

fn act(action: Action) -> Result<()> {
    match action {
        Action::Echo => net::echo(),
        Action::Give { port, file } => net::give(port, &file),
        Action::Take { port, file } => net::take(port, &file),
        Action::Bench(options) => bench::run(&options),
        Action::NetServe => netbench::serve(),
        Action::NetBench(options) => netbench::run(&options),
        Action::Blkfront { front, simulated } => {
            let told = match (front, simulated) {
                (Some(front), _) => frontcheck::linux::disk(&front, 0)?,
                (None, Some(mib)) => frontcheck::simulated::disk(mib)?,
                (None, None) => anyhow::bail!("give --front or --simulated"),
            };
            tell(&told)
        }
        Action::Netfront { front, interface } => match (front, interface) {
            (Some(front), Some(interface)) => tell(&frontcheck::linux::network(&front, 0, &interface)?),
            _ => tell(&frontcheck::simulated::network()?),
        },
        Action::Blkback { mib, image } => Ok(std::fs::write(image, frontcheck::driver::disk(mib, 0)?)?),
        Action::Netback => tell(&[format!("{} packets came back", frontcheck::driver::network(0)?)]),
        Action::Mirrored { address, file } => net::mirrored(address, &file),
        Action::Exchange { address, port, file, answer } => net::exchange(address, port, &file, &answer),
    }
}

fn main() -> ExitCode {
    match act(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xenpeer: {error:#}");
            ExitCode::FAILURE
        }
    }
}
