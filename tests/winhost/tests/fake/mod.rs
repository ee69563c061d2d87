//! A Xen host that is not there: programs on a PATH of their own ask [`world::World`], in whose virtual time
//! stand-in guests live.

pub mod world;
mod xe;
mod xl;

use std::{
    fs,
    io::{Read, Write},
    net::Shutdown,
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use winhost::{
    clock::Clock,
    runner::{Host, Place},
    toolstack::{Toolstack, Xe, Xl},
};
use world::World;

/// Programs that ask the world.
const ASKING: [&str; 7] = ["xl", "xe", "xenstore-read", "xenstore-write", "qemu-img", "losetup", "up"];

/// Runs what it is told, when the host is up.
const SSH: &str = "#!/bin/sh\nup || { echo 'ssh: connect to host fake port 22: No route to host' >&2; exit 255; }\n\
    for last; do :; done\nexec sh -c \"$last\"\n";
/// The bridge's address.
const IP: &str = "#!/bin/sh\necho '3: xenbr0    inet 127.0.0.1/8 scope global xenbr0'\n";
/// What the host is called.
const HOSTNAME: &str = "#!/bin/sh\necho fake\n";
/// A server that serves nothing, is slow to start, and lives until it is ended.
const PYTHON: &str = "#!/bin/sh\nfor last; do :; done\nsleep 0.2\necho 8000 >\"$last\"\nexec sleep 600\n";

/// The host, its time, and the folder that both live in.
pub struct Fake {
    dir: tempfile::TempDir,
    world: Arc<Mutex<World>>,
}

impl Fake {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("winhost-").tempdir().expect("folder");
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).expect("folder");
        for name in ASKING {
            symlink(env!("CARGO_BIN_EXE_winhost-fake"), bin.join(name)).expect("link");
        }
        for (name, text) in [("ssh", SSH), ("ip", IP), ("python3", PYTHON), ("hostname", HOSTNAME)] {
            script(&bin.join(name), text);
        }
        let world = Arc::new(Mutex::new(World::new(dir.path())));
        let listener = UnixListener::bind(dir.path().join("socket")).expect("socket");
        let shared = Arc::clone(&world);
        thread::spawn(move || serve(&listener, &shared));
        Self { dir, world }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        // A test that failed elsewhere has said so already.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn store(&self) -> String {
        self.path("store").display().to_string()
    }

    fn host(&self, place: Place) -> Host {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        let socket = self.path("socket").display().to_string();
        Host::new(place).with_environment(vec![("PATH".into(), path), ("WINHOST_FAKE".into(), socket)])
    }

    /// `xl` over `ssh`.
    pub fn xl(&self) -> Xl {
        Xl::new(self.host(Place::Ssh("root@fake".into())), &self.store())
    }

    /// `xl` here.
    pub fn local(&self) -> Xl {
        Xl::new(self.host(Place::Local), &self.store())
    }

    /// `xe` over `ssh`.
    pub fn xe(&self) -> Xe {
        Xe::new(self.host(Place::Ssh("root@fake".into())), &self.store())
    }

    /// All of a run that is still on the host, by the world's own books.
    pub fn left(&self, run: &str) -> Vec<String> {
        let mut left = self.world().left(run);
        let folder = Path::new(&self.store()).join("run").join(run);
        if folder.exists() {
            left.push(folder.display().to_string());
        }
        left
    }

    /// Whether the toolstack thinks so, too.
    pub fn agrees(&self, stack: &dyn Toolstack, run: &str) -> bool {
        stack.leftovers(run).expect("the host is up").is_empty() == self.left(run).is_empty()
    }
}

fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).expect("script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("script");
}

fn serve(listener: &UnixListener, world: &Mutex<World>) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { return };
        let mut text = String::new();
        if stream.read_to_string(&mut text).is_err() {
            continue;
        }
        let arguments: Vec<String> = serde_json::from_str(&text).expect("arguments");
        let answer = world.lock().unwrap_or_else(PoisonError::into_inner).call(&arguments);
        let answer = serde_json::to_vec(&answer).expect("JSON");
        // The program may have been ended in between.
        drop(stream.write_all(&answer));
        drop(stream.shutdown(Shutdown::Both));
    }
}

impl Clock for Fake {
    fn now(&self) -> Duration {
        self.world().now
    }

    fn sleep(&self, time: Duration) {
        self.world().pass(time);
    }
}
