//! The rules of the handshake.
//!
//! ```text
//!  Idle ─start→ Attaching ─attached→ Opening ─InitWait→ Negotiating ─published→ Connecting ─Connected→
//!  ReadingProperties ─properties→ Running ─stop, violation, loss→ Closing → Closed → Opening | Stopped | Failed
//! ```
//!
//! * Reading happens in two phases: features when the back-end is in InitWait (or beyond), properties
//!   only once it is Connected, because some back-ends publish them only then.
//! * The front-end's own `state` left over from a former life (driver reload, kernel crash) is closed
//!   first; otherwise the back-end would go on using dead rings.
//! * A back-end that goes to Closing asks for the device: the driver asks the system. A veto leaves
//!   everything running; the back-end serves requests while it is in Closing.
//! * A back-end that is Closed, gone, or at the start again while we run has been restarted: the rings
//!   are torn down and the connection is made anew. Requests stay with the driver, which re-issues.
//! * Every wait has a deadline. What runs out is closed and tried again, `attempts` times in all; then
//!   the device has failed. A failed device still follows a back-end that starts anew.
//! * States that make no sense are counted and ignored; the deadline deals with a back-end that stays
//!   in one.

use arrayvec::ArrayVec;

use super::XenbusState;

/// What differs between classes of devices. Times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The state that makes the back-end connect: `Initialised` for vbd; `Connected` for vif, whose
    /// back-end ignores `Initialised`.
    pub publish_as: XenbusState,
    /// Bound on waiting for InitWait.
    pub open_timeout: u64,
    /// Bound on waiting for Connected.
    pub connect_timeout: u64,
    /// Bound on each of the two steps of closing.
    pub close_timeout: u64,
    /// Connection attempts before the device counts as failed.
    pub attempts: u8,
}

impl Config {
    /// Block devices.
    pub const VBD: Self = Self {
        publish_as: XenbusState::Initialised,
        open_timeout: 60_000_000_000,
        connect_timeout: 60_000_000_000,
        close_timeout: 30_000_000_000,
        attempts: 3,
    };
    /// Network devices.
    pub const VIF: Self = Self {
        publish_as: XenbusState::Connected,
        open_timeout: 60_000_000_000,
        connect_timeout: 30_000_000_000,
        close_timeout: 10_000_000_000,
        attempts: 3,
    };
}

/// Why a device does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The store could not be read or written.
    Store,
    /// The back-end does not offer what is needed.
    Unsupported,
    /// No grants, ports or memory.
    Resources,
    /// The back-end did not reach the expected state in time.
    TimedOut,
    /// The back-end broke the protocol on a ring.
    Violation,
    /// The back-end's folder is gone.
    BackendGone,
    /// The back-end closed before the connection was made: a refusal.
    Refused,
}

/// What the driver has to do. Actions with "answer" end with a call back into the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read `backend` and `backend-id`, watch the back-end's `state`, read both states; answer with
    /// [`Handshake::attached`], or [`Handshake::attach_failed`].
    Attach,
    /// Write the front-end's `state`, but not where the front-end's folder is gone: that would make
    /// a ghost of a removed device. When the store fails, [`Handshake::store_failed`].
    SetState(XenbusState),
    /// Phase one: read features, make rings, grants and ports, publish them; answer with
    /// [`Handshake::published`].
    Publish,
    /// Phase two: read properties; answer with [`Handshake::properties_read`].
    ReadProperties,
    /// The device works: let requests through, re-issue those from before.
    Enable,
    /// Stop submitting; requests are kept.
    Disable,
    /// End grants, close ports, free rings, as far as [`Action::Publish`] got with them. Grants still
    /// mapped are kept aside.
    Disconnect,
    /// Ask the system whether the device may go; answer with [`Handshake::eject_answer`].
    AskEject,
    /// Write the reason to the front-end's error node and to the event log.
    Report(Failure),
    /// The device does not work and will not without the back-end's doing: fail requests.
    Fail(Failure),
    /// Closing on the driver's own request is complete.
    Stopped,
}

/// Where the handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not started.
    Idle,
    /// Waits for [`Handshake::attached`].
    Attaching,
    /// Waits for the back-end's InitWait.
    Opening,
    /// Waits for [`Handshake::published`].
    Negotiating,
    /// Waits for the back-end's Connected.
    Connecting,
    /// Waits for [`Handshake::properties_read`].
    ReadingProperties,
    /// The device works.
    Running,
    /// Our state is Closing; waits for the back-end to follow.
    Closing,
    /// Our state is Closed; waits for the back-end to let go.
    Closed,
    /// Closed on request.
    Stopped,
    /// Given up.
    Failed,
    /// Between suspend and resume.
    Suspended,
}

/// What a suspend led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The same domain goes on (cancelled, or resumed in place): rings and grants are as they were.
    SameDomain,
    /// A new domain: grants and ports are void, the back-end may be another.
    NewDomain,
}

/// What comes after closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Reopen,
    Stop,
    Fail(Failure),
}

/// Pause before another attempt, in nanoseconds.
const RETRY_PAUSE: u64 = 1_000_000_000;
/// How often a failed device follows a back-end that starts anew, until it works again.
const MAX_REVIVALS: u8 = 16;
/// Most actions between two calls of [`Handshake::next_action`].
const MAX_ACTIONS: usize = 16;

/// The handshake of one device.
#[derive(Clone, Debug)]
pub struct Handshake {
    config: Config,
    phase: Phase,
    before_suspend: Phase,
    back: Option<XenbusState>,
    next: Next,
    /// Rings may exist, so that something has to be disconnected.
    connected_rings: bool,
    enabled: bool,
    asked_eject: bool,
    reclosed: bool,
    stop_wanted: bool,
    violated: bool,
    attempts: u8,
    revivals: u8,
    deadline: Option<u64>,
    actions: ArrayVec<Action, MAX_ACTIONS>,
    /// States that made no sense.
    strange: u32,
}

use XenbusState as S;

impl Handshake {
    /// A handshake that has not started.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            phase: Phase::Idle,
            before_suspend: Phase::Idle,
            back: None,
            next: Next::Stop,
            connected_rings: false,
            enabled: false,
            asked_eject: false,
            reclosed: false,
            stop_wanted: false,
            violated: false,
            attempts: 0,
            revivals: 0,
            deadline: None,
            actions: ArrayVec::new(),
            strange: 0,
        }
    }

    /// Where it is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// True while requests may be submitted.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// The back-end's state as last told; `None` when its folder is not there.
    #[must_use]
    pub const fn back_state(&self) -> Option<XenbusState> {
        self.back
    }

    /// States of the back-end that made no sense, so far.
    #[must_use]
    pub const fn strange_states(&self) -> u32 {
        self.strange
    }

    /// The oldest action that is still to be carried out.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_at(0)
    }

    /// When [`Handshake::poll`] has to be called at the latest.
    #[must_use]
    pub const fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// Begins, or begins again after Stopped or Failed.
    pub fn start(&mut self) {
        if matches!(self.phase, Phase::Idle | Phase::Stopped | Phase::Failed) {
            self.attempts = 0;
            self.attach();
        }
    }

    /// [`Action::Attach`] is done: the front-end's own state and the back-end's.
    pub fn attached(&mut self, now: u64, own: XenbusState, back: Option<XenbusState>) {
        if self.phase != Phase::Attaching {
            return;
        }
        self.back = back;
        let fresh = matches!(own, S::Initialising | S::Unknown);
        let stale = match back {
            None | Some(S::Initialising | S::InitWait | S::Closed | S::Unknown) => false,
            Some(S::Initialised | S::Closing) => !fresh,
            // Somebody before us was connected, and the back-end still is: to rings that are no more.
            Some(S::Connected | S::Reconfiguring | S::Reconfigured) => true,
        };
        if stale {
            self.close(now, Next::Reopen);
        } else {
            self.open(now);
        }
    }

    /// [`Action::Attach`] could not be carried out.
    pub fn attach_failed(&mut self, now: u64) {
        if self.phase == Phase::Attaching {
            self.retry_or_fail(now, Failure::Store);
        }
    }

    /// A write to the store failed.
    pub fn store_failed(&mut self, now: u64) {
        match self.phase {
            Phase::Idle | Phase::Stopped | Phase::Failed | Phase::Suspended | Phase::Attaching => {}
            // Nothing that closing could tell the back-end would arrive; go on with the deadlines.
            Phase::Closing | Phase::Closed => {}
            _ => self.retry_or_fail(now, Failure::Store),
        }
    }

    /// The back-end's `state` was read after its watch fired; `None` when the node is not there.
    pub fn back_state_changed(&mut self, now: u64, back: Option<XenbusState>) {
        if back == Some(S::Unknown) {
            self.strange = self.strange.saturating_add(1);
            return;
        }
        if back != Some(S::Closing) {
            self.asked_eject = false;
        }
        let begins = |state| matches!(state, Some(S::Initialising | S::InitWait));
        let revived = begins(back) && !begins(self.back);
        self.back = back;
        if self.phase == Phase::Failed && revived && self.revivals < MAX_REVIVALS {
            self.revivals += 1;
            self.attempts = self.config.attempts.saturating_sub(1);
            self.open(now);
        } else {
            self.step(now);
        }
    }

    /// The front-end's `backend` node names another folder: attach anew.
    pub fn backend_moved(&mut self, now: u64) {
        match self.phase {
            Phase::Idle | Phase::Stopped | Phase::Suspended => {}
            Phase::Closing | Phase::Closed if self.next != Next::Reopen => self.let_go(now),
            _ => {
                self.tear_down();
                self.attempts = 0;
                self.attach();
            }
        }
    }

    /// [`Action::Publish`] is done, or why it could not be.
    pub fn published(&mut self, now: u64, result: Result<(), Failure>) {
        if self.phase != Phase::Negotiating {
            return;
        }
        match result {
            Ok(()) => {
                self.push(Action::SetState(self.config.publish_as));
                self.enter(Phase::Connecting, Some(now.saturating_add(self.config.connect_timeout)));
                self.step(now);
            }
            Err(failure) => self.retry_or_fail(now, failure),
        }
    }

    /// [`Action::ReadProperties`] is done, or why it could not be.
    pub fn properties_read(&mut self, now: u64, result: Result<(), Failure>) {
        if self.phase != Phase::ReadingProperties {
            return;
        }
        match result {
            Ok(()) => {
                if self.config.publish_as != S::Connected {
                    self.push(Action::SetState(S::Connected));
                }
                self.attempts = 0;
                self.revivals = 0;
                self.reclosed = false;
                self.enabled = true;
                self.enter(Phase::Running, None);
                self.push(Action::Enable);
                self.step(now);
            }
            Err(failure) => self.retry_or_fail(now, failure),
        }
    }

    /// The system's answer to [`Action::AskEject`]: when it agrees, the device is closed for good;
    /// otherwise everything goes on.
    pub fn eject_answer(&mut self, now: u64, agreed: bool) {
        if agreed && self.asked_eject {
            self.stop(now);
        }
    }

    /// The driver wants the device closed; ends with [`Action::Stopped`].
    pub fn stop(&mut self, now: u64) {
        match self.phase {
            Phase::Stopped => {}
            Phase::Idle | Phase::Attaching | Phase::Failed => {
                self.tear_down();
                self.finish(now, Next::Stop);
            }
            Phase::Suspended => self.stop_wanted = true,
            Phase::Closing | Phase::Closed => self.next = Next::Stop,
            _ => self.close(now, Next::Stop),
        }
    }

    /// The back-end broke the protocol: the device is closed and has failed.
    pub fn violation(&mut self, now: u64) {
        match self.phase {
            Phase::Idle | Phase::Stopped | Phase::Failed | Phase::Closing | Phase::Closed => {}
            Phase::Suspended => self.violated = true,
            _ => {
                self.push(Action::Report(Failure::Violation));
                self.close(now, Next::Fail(Failure::Violation));
            }
        }
    }

    /// The domain is about to be suspended.
    pub fn suspend(&mut self) {
        if matches!(self.phase, Phase::Idle | Phase::Stopped | Phase::Suspended) {
            return;
        }
        if self.enabled {
            self.enabled = false;
            self.push(Action::Disable);
        }
        self.before_suspend = self.phase;
        self.phase = Phase::Suspended;
        self.deadline = None;
    }

    /// The domain runs again.
    pub fn resume(&mut self, now: u64, wake: Wake) {
        if self.phase != Phase::Suspended {
            return;
        }
        let (stop, violated) = (self.stop_wanted, self.violated);
        (self.stop_wanted, self.violated) = (false, false);
        self.phase = self.before_suspend;
        let ends = matches!(self.phase, Phase::Closing | Phase::Closed) && self.next != Next::Reopen;
        if wake == Wake::NewDomain {
            self.tear_down();
            self.attempts = 0;
            if stop {
                self.finish(now, Next::Stop);
            } else if ends {
                self.finish(now, self.next);
            } else {
                self.attach();
            }
            return;
        }
        match self.phase {
            Phase::Running => {
                self.enabled = true;
                self.push(Action::Enable);
            }
            // What the driver answered while we were suspended is lost, so these steps begin again.
            Phase::Attaching | Phase::Negotiating | Phase::ReadingProperties => {
                self.tear_down();
                self.attach();
            }
            Phase::Opening => self.deadline = Some(now.saturating_add(self.config.open_timeout)),
            Phase::Connecting => self.deadline = Some(now.saturating_add(self.config.connect_timeout)),
            Phase::Closing | Phase::Closed => {
                self.deadline = Some(now.saturating_add(self.config.close_timeout));
            }
            Phase::Idle | Phase::Stopped | Phase::Failed | Phase::Suspended => {}
        }
        if stop {
            self.stop(now);
        } else if violated {
            self.violation(now);
        }
        // A watch event may have been lost in between.
        self.step(now);
    }

    /// Time has passed.
    pub fn poll(&mut self, now: u64) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        self.deadline = None;
        match self.phase {
            Phase::Opening | Phase::Connecting => {
                let failure = if self.back.is_none() { Failure::BackendGone } else { Failure::TimedOut };
                self.retry_or_fail(now, failure);
            }
            // The back-end does not follow: go on without it. Grants that it still maps stay pinned.
            Phase::Closing => self.closed(now),
            Phase::Closed => self.let_go(now),
            // The pause before another attempt is over.
            Phase::Attaching => self.push(Action::Attach),
            _ => {}
        }
    }

    /// Does what the back-end's state calls for in the present phase.
    fn step(&mut self, now: u64) {
        match self.phase {
            Phase::Opening => match self.back {
                Some(S::InitWait | S::Initialised) => {
                    self.enter(Phase::Negotiating, None);
                    // Whatever comes in between, and however far the driver gets: from here on there
                    // is something to disconnect.
                    self.connected_rings = true;
                    self.push(Action::Publish);
                }
                // Connected to what? Not to us: it would not look at new rings. Once it is asked to
                // close; one that stays so runs into the deadline.
                Some(S::Connected | S::Reconfiguring | S::Reconfigured) => {
                    self.strange = self.strange.saturating_add(1);
                    if !self.reclosed {
                        self.reclosed = true;
                        self.close(now, Next::Reopen);
                    }
                }
                _ => {}
            },
            Phase::Connecting => match self.back {
                Some(S::Connected) => {
                    self.enter(Phase::ReadingProperties, None);
                    self.push(Action::ReadProperties);
                }
                Some(S::Closing | S::Closed) => self.retry_or_fail(now, Failure::Refused),
                None => self.retry_or_fail(now, Failure::BackendGone),
                Some(S::Reconfiguring | S::Reconfigured) => self.strange = self.strange.saturating_add(1),
                _ => {}
            },
            Phase::Negotiating | Phase::ReadingProperties => {
                // The driver is at work; what it was told is looked at when it answers.
            }
            Phase::Running => self.step_running(now),
            Phase::Closing => {
                if matches!(self.back, None | Some(S::Closing | S::Closed | S::Initialising | S::InitWait)) {
                    self.closed(now);
                }
            }
            Phase::Closed => {
                if matches!(self.back, None | Some(S::Closed | S::Initialising | S::InitWait)) {
                    self.let_go(now);
                }
            }
            Phase::Idle | Phase::Attaching | Phase::Stopped | Phase::Failed | Phase::Suspended => {}
        }
    }

    fn step_running(&mut self, now: u64) {
        match self.back {
            Some(S::Connected | S::Reconfiguring | S::Reconfigured | S::Unknown) => {}
            Some(S::Closing) => {
                if !self.asked_eject {
                    self.asked_eject = true;
                    self.push(Action::AskEject);
                }
            }
            // It never saw our connection, or forgot it.
            Some(S::Closed | S::Initialising | S::InitWait | S::Initialised) | None => {
                self.tear_down();
                self.open(now);
            }
        }
    }

    fn attach(&mut self) {
        self.enter(Phase::Attaching, None);
        self.next = Next::Stop;
        self.asked_eject = false;
        self.reclosed = false;
        self.push(Action::Attach);
    }

    fn open(&mut self, now: u64) {
        self.push(Action::SetState(S::Initialising));
        self.enter(Phase::Opening, Some(now.saturating_add(self.config.open_timeout)));
        self.step(now);
    }

    fn close(&mut self, now: u64, next: Next) {
        if self.enabled {
            self.enabled = false;
            self.push(Action::Disable);
        }
        self.next = next;
        self.push(Action::SetState(S::Closing));
        self.enter(Phase::Closing, Some(now.saturating_add(self.config.close_timeout)));
        self.step(now);
    }

    fn closed(&mut self, now: u64) {
        self.push(Action::SetState(S::Closed));
        self.enter(Phase::Closed, Some(now.saturating_add(self.config.close_timeout)));
        self.step(now);
    }

    /// The back-end has unmapped, or will not in any bounded time.
    fn let_go(&mut self, now: u64) {
        self.tear_down();
        let next = self.next;
        self.finish(now, next);
    }

    fn finish(&mut self, now: u64, next: Next) {
        match next {
            Next::Reopen if self.attempts == 0 => self.open(now),
            // After a failure: a pause, then everything is read again.
            Next::Reopen => self.enter(Phase::Attaching, Some(now.saturating_add(RETRY_PAUSE))),
            Next::Stop => {
                self.enter(Phase::Stopped, None);
                self.push(Action::Stopped);
            }
            Next::Fail(failure) => {
                self.enter(Phase::Failed, None);
                self.push(Action::Fail(failure));
            }
        }
    }

    fn retry_or_fail(&mut self, now: u64, failure: Failure) {
        self.attempts = self.attempts.saturating_add(1);
        self.push(Action::Report(failure));
        let last = self.attempts >= self.config.attempts || failure == Failure::Unsupported;
        if self.phase == Phase::Attaching {
            if last {
                self.finish(now, Next::Fail(failure));
            } else {
                // Nothing is open yet, so there is nothing to close: try again after a pause.
                self.enter(Phase::Attaching, Some(now.saturating_add(RETRY_PAUSE)));
            }
            return;
        }
        self.close(now, if last { Next::Fail(failure) } else { Next::Reopen });
    }

    fn tear_down(&mut self) {
        if self.enabled {
            self.enabled = false;
            self.push(Action::Disable);
        }
        if self.connected_rings {
            self.connected_rings = false;
            self.push(Action::Disconnect);
        }
    }

    fn enter(&mut self, phase: Phase, deadline: Option<u64>) {
        self.phase = phase;
        self.deadline = deadline;
    }

    fn push(&mut self, action: Action) {
        // The driver carries out all actions after each call, so that a full list means that it does
        // not; dropping the oldest keeps the newest, which says where we are.
        if self.actions.is_full() {
            self.actions.remove(0);
        }
        self.actions.push(action);
    }
}
