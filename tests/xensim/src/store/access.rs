//! Operations on nodes, inside and outside of transactions.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    Access, Change, Conn, Error, GUEST, Node, Perm, Perms, Result, Transaction, XenStore, tree::parent,
};

/// What a change did: paths that fire, and whether by removal.
type Fired = Vec<(String, bool)>;

impl XenStore {
    fn root(&self, conn: Conn, txn: u32) -> Result<Rc<Node>> {
        if txn == 0 {
            return Ok(Rc::clone(&self.root));
        }
        let transaction = self.clients.get(&conn).and_then(|client| client.transactions.get(&txn));
        transaction.map(|transaction| Rc::clone(&transaction.root)).ok_or(Error::ENOENT)
    }

    /// Notes that a transaction depends on a node.
    fn depend(&mut self, conn: Conn, txn: u32, path: &str) {
        if let Some(transaction) =
            self.clients.get_mut(&conn).and_then(|client| client.transactions.get_mut(&txn))
        {
            transaction.seen.insert(path.into());
        }
    }

    pub(super) fn may(&self, conn: Conn, root: &Rc<Node>, path: &str, access: Access) -> bool {
        if self.privileged(conn) {
            return true;
        }
        let domid = self.domid(conn);
        // An absent node is judged by the nearest ancestor that is there.
        let mut at = path;
        let node = loop {
            if let Some(node) = root.find(at) {
                break node;
            }
            match parent(at) {
                Some(up) => at = up,
                None => return false,
            }
        };
        if node.owner() == domid {
            return true;
        }
        let perm = node.perms.iter().skip(1).find(|perm| perm.domid == domid).or(node.perms.first());
        perm.is_some_and(|perm| if access == Access::Read { perm.read } else { perm.write })
    }

    fn readable(&mut self, conn: Conn, txn: u32, path: &str) -> Result<Rc<Node>> {
        let path = self.canonical(conn, path)?;
        let root = self.root(conn, txn)?;
        self.depend(conn, txn, &path);
        // Absence is only told to who could read the node.
        if !self.may(conn, &root, &path, Access::Read) {
            return Err(Error::EACCES);
        }
        root.find(&path).cloned().ok_or(Error::ENOENT)
    }

    /// XS_READ.
    ///
    /// # Errors
    /// Wire errors.
    pub fn read(&mut self, conn: Conn, txn: u32, path: &str) -> Result<Vec<u8>> {
        Ok(self.readable(conn, txn, path)?.value.clone())
    }

    /// XS_DIRECTORY.
    ///
    /// # Errors
    /// Wire errors.
    pub fn list(&mut self, conn: Conn, txn: u32, path: &str) -> Result<Vec<String>> {
        Ok(self.readable(conn, txn, path)?.children.keys().cloned().collect())
    }

    /// Generation of a node, as XS_DIRECTORY_PART reports it.
    ///
    /// # Errors
    /// Wire errors.
    pub fn node_generation(&mut self, conn: Conn, txn: u32, path: &str) -> Result<u64> {
        Ok(self.readable(conn, txn, path)?.generation)
    }

    /// XS_GET_PERMS.
    ///
    /// # Errors
    /// Wire errors.
    pub fn get_perms(&mut self, conn: Conn, txn: u32, path: &str) -> Result<Perms> {
        Ok(self.readable(conn, txn, path)?.perms.clone())
    }

    /// XS_WRITE.
    ///
    /// # Errors
    /// Wire errors.
    pub fn write(&mut self, conn: Conn, txn: u32, path: &str, value: &[u8]) -> Result<()> {
        if !self.privileged(conn) && value.len() > self.limits.node_size {
            return Err(Error::ENOSPC);
        }
        let path = self.canonical(conn, path)?;
        self.change(conn, txn, Change::Write(path, value.into()))
    }

    /// XS_MKDIR.
    ///
    /// # Errors
    /// Wire errors.
    pub fn mkdir(&mut self, conn: Conn, txn: u32, path: &str) -> Result<()> {
        let path = self.canonical(conn, path)?;
        let root = self.root(conn, txn)?;
        if root.find(&path).is_some() {
            self.depend(conn, txn, &path);
            return if self.may(conn, &root, &path, Access::Write) { Ok(()) } else { Err(Error::EACCES) };
        }
        self.change(conn, txn, Change::Mkdir(path))
    }

    /// XS_RM. Removing what is not there is fine as long as its parent is.
    ///
    /// # Errors
    /// Wire errors.
    pub fn remove(&mut self, conn: Conn, txn: u32, path: &str) -> Result<()> {
        let path = self.canonical(conn, path)?;
        if path == "/" {
            return Err(Error::EINVAL);
        }
        let root = self.root(conn, txn)?;
        if root.find(&path).is_none() {
            self.depend(conn, txn, &path);
            if !self.may(conn, &root, &path, Access::Write) {
                return Err(Error::EACCES);
            }
            let there = parent(&path).is_some_and(|up| root.find(up).is_some());
            return if there { Ok(()) } else { Err(Error::ENOENT) };
        }
        self.change(conn, txn, Change::Remove(path))
    }

    /// XS_SET_PERMS.
    ///
    /// # Errors
    /// Wire errors.
    pub fn set_perms(&mut self, conn: Conn, txn: u32, path: &str, perms: Perms) -> Result<()> {
        let path = self.canonical(conn, path)?;
        if perms.is_empty() {
            return Err(Error::EINVAL);
        }
        if !self.privileged(conn) && perms.len() > self.limits.perms {
            return Err(Error::ENOSPC);
        }
        let root = self.root(conn, txn)?;
        let node = root.find(&path).ok_or(Error::ENOENT)?;
        // Only the owner (or domain 0) changes permissions; only domain 0 gives a node away.
        if !self.privileged(conn) {
            if node.owner() != self.domid(conn) {
                return Err(Error::EACCES);
            }
            if perms[0].domid != node.owner() {
                return Err(Error::EPERM);
            }
        }
        self.change(conn, txn, Change::SetPerms(path, perms))
    }

    fn change(&mut self, conn: Conn, txn: u32, change: Change) -> Result<()> {
        let path = match &change {
            Change::Write(path, _) | Change::Mkdir(path) | Change::Remove(path) => path.clone(),
            Change::SetPerms(path, _) => path.clone(),
        };
        let mut root = self.root(conn, txn)?;
        self.depend(conn, txn, &path);
        if !matches!(change, Change::SetPerms(..)) && !self.may(conn, &root, &path, Access::Write) {
            return Err(Error::EACCES);
        }
        self.quota(conn, &root, &path, &change)?;
        if txn == 0 {
            let mut root = std::mem::take(&mut self.root);
            let fired = self.apply(conn, &mut root, &change);
            self.root = root;
            self.writes += 1;
            for (path, removed) in fired {
                self.fire(&path, removed);
            }
            return Ok(());
        }
        // A node that comes into being, or goes, changes its parent's list.
        if root.find(&path).is_none() || matches!(change, Change::Remove(_)) {
            let mut up = parent(&path);
            while let Some(at) = up {
                let there = root.find(at).is_some();
                self.depend(conn, txn, at);
                up = if there { None } else { parent(at) };
            }
        }
        let _ = self.apply(conn, &mut root, &change);
        if let Some(transaction) =
            self.clients.get_mut(&conn).and_then(|client| client.transactions.get_mut(&txn))
        {
            transaction.root = root;
            transaction.changes.push(change);
        }
        Ok(())
    }

    fn quota(&self, conn: Conn, root: &Rc<Node>, path: &str, change: &Change) -> Result<()> {
        if self.privileged(conn) || !matches!(change, Change::Write(..) | Change::Mkdir(_)) {
            return Ok(());
        }
        if root.find(path).is_none() && root.owned(self.domid(conn)) >= self.limits.nodes {
            return Err(if self.limits.name == "oxenstored" { Error::EQUOTA } else { Error::ENOSPC });
        }
        Ok(())
    }

    /// Carries out a change on a tree; gives the paths whose watches fire.
    fn apply(&mut self, conn: Conn, root: &mut Rc<Node>, change: &Change) -> Fired {
        self.generation += 1;
        let generation = self.generation;
        match change {
            Change::Write(path, value) => {
                Self::ensure(root, path, self.domid(conn), self.privileged(conn), generation);
                if let Some(node) = root.find_mut(path) {
                    node.value.clone_from(value);
                    node.generation = generation;
                }
                vec![(path.clone(), false)]
            }
            Change::Mkdir(path) => {
                Self::ensure(root, path, self.domid(conn), self.privileged(conn), generation);
                vec![(path.clone(), false)]
            }
            Change::Remove(path) => {
                if let Some(up) = parent(path).and_then(|up| root.find_mut(up)) {
                    let name = path.rsplit('/').next().unwrap_or_default();
                    up.children.remove(name);
                    up.generation = generation;
                }
                vec![(path.clone(), true)]
            }
            Change::SetPerms(path, perms) => {
                if let Some(node) = root.find_mut(path) {
                    node.perms.clone_from(perms);
                    node.generation = generation;
                }
                vec![(path.clone(), false)]
            }
        }
    }

    /// Makes a node and its parents; a new node has its parent's permissions, owned by its maker.
    fn ensure(root: &mut Rc<Node>, path: &str, domid: u16, privileged: bool, generation: u64) {
        let mut node = Rc::make_mut(root);
        for part in path.split('/').filter(|part| !part.is_empty()) {
            if !node.children.contains_key(part) {
                let mut perms = node.perms.clone();
                if perms.is_empty() {
                    perms.push(Perm::none(0));
                }
                if !privileged {
                    perms[0].domid = domid;
                }
                let child = Node { perms, generation, ..Node::default() };
                node.children.insert(part.into(), Rc::new(child));
                node.generation = generation;
            }
            let Some(child) = node.children.get_mut(part) else { return };
            node = Rc::make_mut(child);
        }
    }

    /// XS_TRANSACTION_START.
    ///
    /// # Errors
    /// `ENOSPC` (`EQUOTA` from oxenstored) beyond the limit.
    pub fn begin(&mut self, conn: Conn) -> Result<u32> {
        let limit = self.limits.transactions;
        let privileged = self.privileged(conn);
        let root = Rc::clone(&self.root);
        let client = self.clients.get_mut(&conn).ok_or(Error::EINVAL)?;
        if !privileged && client.transactions.len() >= limit {
            return Err(if self.limits.name == "oxenstored" { Error::EQUOTA } else { Error::ENOSPC });
        }
        let id = self.next_transaction;
        self.next_transaction = self.next_transaction.wrapping_add(1).max(1);
        let base = Rc::clone(&root);
        let transaction = Transaction { base, root, seen: BTreeSet::new(), changes: Vec::new() };
        client.transactions.insert(id, transaction);
        Ok(id)
    }

    /// XS_TRANSACTION_END.
    ///
    /// # Errors
    /// `EAGAIN` when a node that the transaction read or wrote has changed meanwhile.
    pub fn end(&mut self, conn: Conn, txn: u32, commit: bool) -> Result<()> {
        let client = self.clients.get_mut(&conn).ok_or(Error::EINVAL)?;
        let transaction = client.transactions.remove(&txn).ok_or(Error::ENOENT)?;
        if !commit {
            return Ok(());
        }
        if conn == GUEST && self.force_again > 0 {
            self.force_again -= 1;
            return Err(Error::EAGAIN);
        }
        let generation = |root: &Rc<Node>, path: &str| root.find(path).map_or(0, |node| node.generation);
        let conflict = transaction
            .seen
            .iter()
            .any(|path| generation(&self.root, path) != generation(&transaction.base, path));
        if conflict {
            return Err(Error::EAGAIN);
        }
        let mut root = std::mem::take(&mut self.root);
        let mut fired = Vec::new();
        for change in &transaction.changes {
            fired.extend(self.apply(conn, &mut root, change));
        }
        self.root = root;
        self.writes += transaction.changes.len() as u64;
        for (path, removed) in fired {
            self.fire(&path, removed);
        }
        Ok(())
    }

    /// Whether a node is there; a test's or back-end's shortcut.
    #[must_use]
    pub fn exists(&self, path: &str) -> bool {
        self.root.find(path).is_some()
    }

    /// The text of a node as domain 0 sees it.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<String> {
        self.root.find(path).map(|node| String::from_utf8_lossy(&node.value).into_owned())
    }

    /// A number in a node, as domain 0 sees it.
    #[must_use]
    pub fn get_number(&self, path: &str) -> Option<u64> {
        self.get(path)?.trim().parse().ok()
    }

    /// Children of a node, as domain 0 sees them.
    #[must_use]
    pub fn children(&self, path: &str) -> Vec<String> {
        self.root.find(path).map(|node| node.children.keys().cloned().collect()).unwrap_or_default()
    }

    /// All paths and values below a node, for dumps.
    #[must_use]
    pub fn dump(&self, path: &str) -> Vec<(String, String)> {
        fn walk(node: &Node, path: &str, out: &mut Vec<(String, String)>) {
            for (name, child) in &node.children {
                let path = format!("{path}/{name}");
                out.push((path.clone(), String::from_utf8_lossy(&child.value).into_owned()));
                walk(child, &path, out);
            }
        }
        let mut out = Vec::new();
        if let Some(node) = self.root.find(path) {
            walk(node, path.trim_end_matches('/'), &mut out);
        }
        out
    }
}
