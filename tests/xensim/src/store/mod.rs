//! xenstored: a tree of nodes with permissions, watches, transactions with conflict detection,
//! quotas; [`ring`] puts it on the wire.

mod access;
pub mod ring;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

pub use tree::{Node, Perm, Perms};

use crate::flavour::StoreLimits;

/// A connection: the guest's ring, or an internal client (toolstack, back-end, test).
pub type Conn = u32;
/// The guest's connection.
pub const GUEST: Conn = 0;

/// An error by the name that goes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Bad argument.
    EINVAL,
    /// No permission.
    EACCES,
    /// Exists already.
    EEXIST,
    /// No such node.
    ENOENT,
    /// Quota reached (nodes).
    ENOSPC,
    /// Not known.
    ENOSYS,
    /// Too many transactions.
    EBUSY,
    /// Transaction conflict.
    EAGAIN,
    /// Too much for a reply, or too many watches.
    E2BIG,
    /// Quota of oxenstored.
    EQUOTA,
    /// Root cannot be removed.
    EPERM,
}

impl Error {
    /// The string on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EINVAL => "EINVAL",
            Self::EACCES => "EACCES",
            Self::EEXIST => "EEXIST",
            Self::ENOENT => "ENOENT",
            Self::ENOSPC => "ENOSPC",
            Self::ENOSYS => "ENOSYS",
            Self::EBUSY => "EBUSY",
            Self::EAGAIN => "EAGAIN",
            Self::E2BIG => "E2BIG",
            Self::EQUOTA => "EQUOTA",
            Self::EPERM => "EPERM",
        }
    }
}

/// A watch event: the path in the form in which the watch was given, and its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Path that changed.
    pub path: String,
    /// The watcher's token.
    pub token: String,
}

#[derive(Clone, Debug)]
struct Watch {
    conn: Conn,
    /// Absolute path.
    path: String,
    token: String,
    /// Given relative to this prefix, which is cut off reported paths.
    cut: usize,
}

#[derive(Clone)]
struct Transaction {
    /// The tree as it was at the start.
    base: Rc<Node>,
    /// The tree with the changes.
    root: Rc<Node>,
    /// Nodes that the outcome depends on.
    seen: BTreeSet<String>,
    /// Changes in order.
    changes: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(String, Vec<u8>),
    Mkdir(String),
    Remove(String),
    SetPerms(String, Perms),
}

struct Client {
    domid: u16,
    events: VecDeque<Event>,
    transactions: BTreeMap<u32, Transaction>,
}

/// The store.
pub struct XenStore {
    root: Rc<Node>,
    generation: u64,
    clients: BTreeMap<Conn, Client>,
    watches: Vec<Watch>,
    next_conn: Conn,
    next_transaction: u32,
    /// Limits for unprivileged domains.
    pub limits: StoreLimits,
    /// Makes the next n commits of the guest fail with EAGAIN whatever they touched.
    pub force_again: u32,
    /// Changes so far (tests).
    pub writes: u64,
}

/// The result of a store operation.
pub type Result<T> = std::result::Result<T, Error>;

impl XenStore {
    /// A store with an empty tree; the guest's connection exists from the start.
    #[must_use]
    pub fn new(limits: StoreLimits, domid: u16) -> Self {
        let root = Node { perms: vec![Perm::none(0)], ..Node::default() };
        let mut store = Self {
            root: Rc::new(root),
            generation: 1,
            clients: BTreeMap::new(),
            watches: Vec::new(),
            next_conn: GUEST,
            next_transaction: 1,
            limits,
            force_again: 0,
            writes: 0,
        };
        store.connect(domid);
        store
    }

    /// A new client in a domain; domain 0 may do everything.
    pub fn connect(&mut self, domid: u16) -> Conn {
        let conn = self.next_conn;
        self.next_conn += 1;
        let client = Client { domid, events: VecDeque::new(), transactions: BTreeMap::new() };
        self.clients.insert(conn, client);
        conn
    }

    /// A client goes away with its watches and transactions.
    pub fn disconnect(&mut self, conn: Conn) {
        self.watches.retain(|watch| watch.conn != conn);
        self.clients.remove(&conn);
    }

    /// The guest's connection starts anew, for the domain `domid` (migration, or a ring reset).
    pub fn reset_guest(&mut self, domid: u16) {
        self.watches.retain(|watch| watch.conn != GUEST);
        let client = Client { domid, events: VecDeque::new(), transactions: BTreeMap::new() };
        self.clients.insert(GUEST, client);
    }

    fn domid(&self, conn: Conn) -> u16 {
        self.clients.get(&conn).map_or(u16::MAX, |client| client.domid)
    }

    fn privileged(&self, conn: Conn) -> bool {
        self.domid(conn) == 0
    }

    /// Watches that the guest has.
    #[must_use]
    pub fn guest_watches(&self) -> Vec<(String, String)> {
        self.watches
            .iter()
            .filter(|watch| watch.conn == GUEST)
            .map(|watch| (watch.path.clone(), watch.token.clone()))
            .collect()
    }

    /// Transactions that the guest has open.
    #[must_use]
    pub fn guest_transactions(&self) -> usize {
        self.clients.get(&GUEST).map_or(0, |client| client.transactions.len())
    }

    /// Next watch event of a client.
    pub fn take_event(&mut self, conn: Conn) -> Option<Event> {
        self.clients.get_mut(&conn)?.events.pop_front()
    }

    /// Whether a client has events.
    #[must_use]
    pub fn has_events(&self, conn: Conn) -> bool {
        self.clients.get(&conn).is_some_and(|client| !client.events.is_empty())
    }

    /// Queues an event for a client whatever watches it has (floods, hostile use).
    pub fn push_event(&mut self, conn: Conn, event: Event) {
        if let Some(client) = self.clients.get_mut(&conn) {
            client.events.push_back(event);
        }
    }

    /// Makes a path absolute for a client; checks its form.
    ///
    /// # Errors
    /// `EINVAL`.
    pub fn canonical(&self, conn: Conn, path: &str) -> Result<String> {
        let valid = |path: &str| {
            path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-/_@".contains(&byte) || byte == b':')
                && !path.contains("//")
                && (path == "/" || !path.ends_with('/'))
        };
        if path.is_empty() || !valid(path) {
            return Err(Error::EINVAL);
        }
        if path.starts_with('/') {
            if path.len() > crate::abi::xs::ABS_PATH_MAX {
                return Err(Error::EINVAL);
            }
            return Ok(path.into());
        }
        if path.len() > crate::abi::xs::REL_PATH_MAX {
            return Err(Error::EINVAL);
        }
        Ok(format!("/local/domain/{}/{path}", self.domid(conn)))
    }

    /// XS_WATCH. Fires once at once.
    ///
    /// # Errors
    /// Wire errors.
    pub fn watch(&mut self, conn: Conn, path: &str, token: &str) -> Result<()> {
        let special = path.starts_with('@');
        let absolute = if special { path.into() } else { self.canonical(conn, path)? };
        if self.watches.iter().any(|w| w.conn == conn && w.path == absolute && w.token == token) {
            return Err(Error::EEXIST);
        }
        let held = self.watches.iter().filter(|watch| watch.conn == conn).count();
        if !self.privileged(conn) && held >= self.limits.watches {
            return Err(if self.limits.name == "oxenstored" { Error::EQUOTA } else { Error::E2BIG });
        }
        let cut = absolute.len() - path.len();
        self.watches.push(Watch { conn, path: absolute, token: token.into(), cut });
        self.push_event(conn, Event { path: path.into(), token: token.into() });
        Ok(())
    }

    /// XS_UNWATCH.
    ///
    /// # Errors
    /// `ENOENT` without such a watch.
    pub fn unwatch(&mut self, conn: Conn, path: &str, token: &str) -> Result<()> {
        let absolute = if path.starts_with('@') { path.into() } else { self.canonical(conn, path)? };
        let at = self.watches.iter().position(|w| w.conn == conn && w.path == absolute && w.token == token);
        self.watches.remove(at.ok_or(Error::ENOENT)?);
        Ok(())
    }

    /// XS_RESET_WATCHES: watches and transactions of the client end.
    ///
    /// # Errors
    /// `ENOSYS` where the server is too old.
    pub fn reset_watches(&mut self, conn: Conn) -> Result<()> {
        if !self.limits.reset_watches {
            return Err(Error::ENOSYS);
        }
        self.watches.retain(|watch| watch.conn != conn);
        if let Some(client) = self.clients.get_mut(&conn) {
            client.events.clear();
            client.transactions.clear();
        }
        Ok(())
    }

    /// Tells watchers that `path` changed; a removal also tells those below it.
    fn fire(&mut self, path: &str, removed: bool) {
        let below = |path: &str, root: &str| {
            root == "/" || path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
        };
        let mut events = Vec::new();
        for watch in &self.watches {
            let hit = if below(path, &watch.path) {
                path
            } else if removed && below(&watch.path, path) {
                watch.path.as_str()
            } else {
                continue;
            };
            // Who may not read a node does not learn that it changed (unless it is gone).
            if !removed && !self.may(watch.conn, &self.root, hit, Access::Read) {
                continue;
            }
            let path = hit.get(watch.cut..).unwrap_or(hit).into();
            events.push((watch.conn, Event { path, token: watch.token.clone() }));
        }
        for (conn, event) in events {
            self.push_event(conn, event);
        }
    }

    /// Fires a special watch (`@introduceDomain`, `@releaseDomain`).
    pub fn fire_special(&mut self, name: &str) {
        let hits: Vec<(Conn, String)> = self
            .watches
            .iter()
            .filter(|watch| watch.path == name)
            .map(|watch| (watch.conn, watch.token.clone()))
            .collect();
        for (conn, token) in hits {
            self.push_event(conn, Event { path: name.into(), token });
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}
