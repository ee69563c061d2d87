//! Nodes: a persistent tree (shared until written), so that a transaction's snapshot costs nothing.

use std::collections::BTreeMap;
use std::rc::Rc;

/// A permission: who, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Perm {
    /// Domain.
    pub domid: u16,
    /// May read.
    pub read: bool,
    /// May write.
    pub write: bool,
}

impl Perm {
    /// Owner or domain without rights for others.
    #[must_use]
    pub const fn none(domid: u16) -> Self {
        Self { domid, read: false, write: false }
    }
    /// May read.
    #[must_use]
    pub const fn read(domid: u16) -> Self {
        Self { domid, read: true, write: false }
    }
    /// May read and write.
    #[must_use]
    pub const fn both(domid: u16) -> Self {
        Self { domid, read: true, write: true }
    }
    /// As on the wire, for example `r5`.
    #[must_use]
    pub fn wire(self) -> String {
        let letter = match (self.read, self.write) {
            (false, false) => 'n',
            (true, false) => 'r',
            (false, true) => 'w',
            (true, true) => 'b',
        };
        format!("{letter}{}", self.domid)
    }
    /// From the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let domid = text.get(1..)?.parse().ok()?;
        let (read, write) = match text.as_bytes()[0] {
            b'n' => (false, false),
            b'r' => (true, false),
            b'w' => (false, true),
            b'b' => (true, true),
            _ => return None,
        };
        Some(Self { domid, read, write })
    }
}

/// The first entry names the owner and gives the rights of everyone not listed.
pub type Perms = Vec<Perm>;

/// A node.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Value.
    pub value: Vec<u8>,
    /// Permissions.
    pub perms: Perms,
    /// Children by name.
    pub children: BTreeMap<String, Rc<Node>>,
    /// Changes with every write of the node or of its list of children.
    pub generation: u64,
}

impl Node {
    /// The node at an absolute path.
    #[must_use]
    pub fn find<'a>(self: &'a Rc<Self>, path: &str) -> Option<&'a Rc<Self>> {
        path.split('/').filter(|part| !part.is_empty()).try_fold(self, |node, part| node.children.get(part))
    }

    /// The node at a path, for writing.
    pub fn find_mut<'a>(self: &'a mut Rc<Self>, path: &str) -> Option<&'a mut Self> {
        path.split('/')
            .filter(|part| !part.is_empty())
            .try_fold(Rc::make_mut(self), |node, part| node.children.get_mut(part).map(Rc::make_mut))
    }

    /// The owner.
    #[must_use]
    pub fn owner(&self) -> u16 {
        self.perms.first().map_or(0, |perm| perm.domid)
    }

    /// Nodes in this subtree that `domid` owns.
    #[must_use]
    pub fn owned(&self, domid: u16) -> usize {
        usize::from(self.owner() == domid)
            + self.children.values().map(|child| child.owned(domid)).sum::<usize>()
    }
}

/// Parent of an absolute path; the root has none.
#[must_use]
pub fn parent(path: &str) -> Option<&str> {
    if path == "/" {
        return None;
    }
    let at = path.rfind('/')?;
    Some(if at == 0 { "/" } else { &path[..at] })
}
