//! One boot of the outer machine: QEMU with emulated SVM, Xen, dom0. Bounded in time; everything it
//! writes is in one folder, so that runs can go side by side.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use host::run::make_dir;

use crate::image::Images;

/// The settings without which guests crash under QEMU's emulated SVM (docs/xenhost.md).
const XEN_ARGS: &str = "placeholder dom0_mem=1024M,max:1024M dom0_max_vcpus=1 dom0_vcpus_pin cpuidle=0 \
    spec-ctrl=eager-fpu com1=115200,8n1 console=com1 loglvl=warning guest_loglvl=all noreboot conring_size=1M sync_console=no";
const KERNEL_ARGS: &str = "root=/dev/ram0 rw console=hvc0 quiet loglevel=4 panic=1";

/// One run's folders and limits.
pub struct Boot<'a> {
    /// What to boot.
    pub images: &'a Images,
    /// The folder that dom0 sees as /host.
    pub share: PathBuf,
    /// Where the console log goes.
    pub log: PathBuf,
    /// Outer processors.
    pub processors: u32,
    /// Outer memory in MiB.
    pub memory: u32,
    /// The machine's clock counts instructions: what is measured in it does not depend on what else the computer does.
    pub counted: bool,
    /// The longest the whole run may take.
    pub bound: Duration,
}

struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        // Already ended, or has to: nothing to do about an error here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn qemu(images: &Images) -> Result<Command> {
    let host = &images.host;
    let mut command = host.program("usr/bin/qemu-system-x86_64")?;
    for firmware in ["usr/share/qemu", "usr/share/seabios"] {
        command.arg("-L").arg(host.path(firmware));
    }
    command.env("QEMU_MODULE_DIR", host.path("usr/lib/x86_64-linux-gnu/qemu"));
    Ok(command)
}

impl Boot<'_> {
    fn command(&self) -> Result<Command> {
        let mut command = qemu(self.images)?;
        let share = self.share.display();
        command
            .args(["-M", "pc", "-cpu", "EPYC,+svm,+npt,check=off"])
            .args(["-smp", &self.processors.to_string(), "-m", &self.memory.to_string()])
            .args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"])
            .arg("-kernel")
            .arg(&self.images.xen)
            .args(["-append", XEN_ARGS])
            .arg("-initrd")
            .arg(format!("{} {KERNEL_ARGS},{}", self.images.kernel.display(), self.images.initrd.display()))
            .arg("-drive")
            .arg(format!("file={},format=raw,if=virtio,snapshot=on,cache=unsafe", self.images.disk.display()))
            .args(["-virtfs", &format!("local,path={share},mount_tag=host,security_model=none,id=host")]);
        if self.counted {
            // A nanosecond an instruction, of all processors in turns.
            command.args(["-accel", "tcg,thread=single", "-icount", "shift=0"]);
        } else {
            command.args(["-accel", "tcg,thread=multi"]);
        }
        Ok(command)
    }

    /// Boots with the console on the terminal, until dom0 powers off.
    pub fn interactive(&self) -> Result<()> {
        let status = self.command()?.args(["-serial", "mon:stdio"]).status().context("cannot start QEMU")?;
        if !status.success() {
            bail!("QEMU ended with {status}");
        }
        Ok(())
    }

    /// Boots, shows the rig's lines as they come, and waits for the end.
    ///
    /// # Errors
    /// When the machine does not power off within the bound, or Xen or dom0 crash.
    pub fn run(&self, mut progress: impl FnMut(&str)) -> Result<()> {
        make_dir(self.log.parent().unwrap_or(Path::new(".")))?;
        let mut command = self.command()?;
        let errors = fs::File::create(self.log.with_extension("qemu"))?;
        let child = command
            .args(["-serial", "stdio"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .context("cannot start QEMU")?;
        let mut machine = Machine(child);
        let console = machine.0.stdout.take().context("no console")?;
        let (send, lines) = mpsc::channel();
        let log = self.log.clone();
        let reader = std::thread::spawn(move || -> Result<()> {
            let mut out = fs::File::create(log)?;
            let mut input = BufReader::new(console);
            let mut line = Vec::new();
            while input.read_until(b'\n', &mut line)? > 0 {
                std::io::Write::write_all(&mut out, &line)?;
                // The receiver goes away when the run is over; the log is still written.
                let _ = send.send(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
            Ok(())
        });
        let end = Instant::now() + self.bound;
        let mut fatal = None;
        loop {
            match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(at) = line.find("rig: ") {
                        progress(&line[at + 5..]);
                    }
                    if line.contains("Panic on CPU") || line.contains("Kernel panic") {
                        fatal = Some(line.clone());
                    }
                    if fatal.is_some() && line.contains("Reboot") {
                        break;
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    bail!(
                        "the machine was still running after {} s; its console is in {}",
                        self.bound.as_secs(),
                        self.log.display()
                    )
                }
            }
        }
        drop(machine);
        // The reader ends with the pipe.
        let _ = reader.join();
        match fatal {
            Some(line) => bail!("{line}; the console is in {}", self.log.display()),
            None => Ok(()),
        }
    }
}
