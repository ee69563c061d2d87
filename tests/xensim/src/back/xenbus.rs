//! What all back-ends do with xenstore: paths, states, keys, and faults of it.

use crate::{
    store::{Conn, Error},
    world::World,
};

/// XenbusState.
#[allow(missing_docs)] // Xen's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Unknown,
    Initialising,
    InitWait,
    Initialised,
    Connected,
    Closing,
    Closed,
    Reconfiguring,
    Reconfigured,
}

impl State {
    /// From the number in xenstore.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Initialising,
            2 => Self::InitWait,
            3 => Self::Initialised,
            4 => Self::Connected,
            5 => Self::Closing,
            6 => Self::Closed,
            7 => Self::Reconfiguring,
            8 => Self::Reconfigured,
            _ => Self::Unknown,
        }
    }
}

/// What a hostile or sick back-end does to the state key instead of moving on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateFault {
    /// Never leaves this state.
    StuckAt(State),
    /// Writes this text instead of a number, at this state.
    Text(State, String),
    /// Never writes anything.
    Silent,
}

/// One device's place in xenstore.
#[derive(Clone, Debug)]
pub struct Bus {
    /// Class: `vbd` or `vif`.
    pub class: &'static str,
    /// The guest.
    pub front_domid: u16,
    /// The back-end's domain.
    pub domid: u16,
    /// Device number.
    pub id: u32,
    /// The front-end's directory.
    pub front: String,
    /// The back-end's directory.
    pub back: String,
    /// Store connection with the watch on the front-end's state.
    pub conn: Conn,
    /// State as last written.
    pub state: State,
    /// The front-end's state as last seen.
    pub front_state: State,
    /// States of the front-end in the order seen (tests).
    pub history: Vec<State>,
    /// Fault of the state key.
    pub fault: Option<StateFault>,
    /// The toolstack asked to go away.
    pub unplugging: bool,
    /// Vanished without a word (surprise): the toolstack removes the nodes.
    pub gone: bool,
    /// Earliest time of the next step of the xenstore side (a slow back-end).
    pub not_before: u64,
    /// Delay added before each step of the xenstore side, nanoseconds.
    pub delay: u64,
}

impl Bus {
    /// Paths for a device; no connection yet.
    #[must_use]
    pub fn new(class: &'static str, front_domid: u16, domid: u16, id: u32) -> Self {
        Self {
            class,
            front_domid,
            domid,
            id,
            front: format!("/local/domain/{front_domid}/device/{class}/{id}"),
            back: format!("/local/domain/{domid}/backend/{class}/{front_domid}/{id}"),
            conn: 0,
            state: State::Initialising,
            front_state: State::Unknown,
            history: Vec::new(),
            fault: None,
            unplugging: false,
            gone: false,
            not_before: 0,
            delay: 0,
        }
    }

    /// A name for messages.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.class, self.id)
    }

    /// Connects to xenstore and watches both states.
    pub fn start(&mut self, world: &mut World) {
        self.conn = world.store.connect(0);
        let _ = world.store.watch(self.conn, &format!("{}/state", self.front), "front");
        let _ = world.store.watch(self.conn, &format!("{}/state", self.back), "back");
        let _ = world.store.watch(self.conn, &format!("{}/online", self.back), "back");
    }

    /// Ends the connection.
    pub fn stop(&mut self, world: &mut World) {
        world.store.disconnect(self.conn);
    }

    /// Whether the xenstore side has something to do.
    #[must_use]
    pub fn ready(&self, world: &World) -> bool {
        !self.gone && world.now >= self.not_before && world.store.has_events(self.conn)
    }

    /// When a delayed step is due.
    #[must_use]
    pub fn deadline(&self, world_has_events: bool) -> Option<u64> {
        (world_has_events && !self.gone && self.not_before > 0).then_some(self.not_before)
    }

    /// Takes the watch events; gives the front-end's state if it differs from the last one seen.
    pub fn take(&mut self, world: &mut World) -> Option<State> {
        while world.store.take_event(self.conn).is_some() {}
        if self.delay != 0 {
            self.not_before = world.now + self.delay;
        }
        let number = world.store.get_number(&format!("{}/state", self.front));
        let state = State::from_number(number.unwrap_or(0));
        if world.store.get(&format!("{}/online", self.back)).as_deref() == Some("0") {
            self.unplugging = true;
        }
        if state == self.front_state {
            return None;
        }
        self.front_state = state;
        self.history.push(state);
        Some(state)
    }

    /// Writes the back-end's state, as far as its fault lets it.
    pub fn switch(&mut self, world: &mut World, state: State) {
        if self.state == state {
            return;
        }
        match &self.fault {
            Some(StateFault::Silent) => return,
            Some(StateFault::StuckAt(at)) if self.state == *at => return,
            Some(StateFault::Text(at, text)) if state == *at => {
                let text = text.clone();
                self.state = state;
                self.write(world, "state", &text);
                return;
            }
            _ => {}
        }
        self.state = state;
        self.write(world, "state", &(state as u32).to_string());
    }

    /// Writes a key of the back-end.
    pub fn write(&self, world: &mut World, key: &str, value: &str) {
        let _ = world.store.write(self.conn, 0, &format!("{}/{key}", self.back), value.as_bytes());
    }

    /// Reads a key of the front-end as text.
    #[must_use]
    pub fn front_text(&self, world: &World, key: &str) -> Option<String> {
        world.store.get(&format!("{}/{key}", self.front))
    }

    /// Reads a key of the front-end as a number.
    #[must_use]
    pub fn front_number(&self, world: &World, key: &str) -> Option<u64> {
        self.front_text(world, key)?.trim().parse().ok()
    }

    /// The front-end's settings are not usable: says so in the error node, as real back-ends do.
    pub fn fail(&mut self, world: &mut World, what: &str) {
        let name = self.name();
        world.protocol_violation(&name, what);
        let node =
            format!("/local/domain/{}/error/{}/{}/{}/error", self.domid, "backend", self.class, self.id);
        let result: Result<(), Error> = world.store.write(self.conn, 0, &node, what.as_bytes());
        let _ = result;
        self.switch(world, State::Closing);
    }
}
