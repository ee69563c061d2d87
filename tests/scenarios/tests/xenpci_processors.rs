//! Processors: vectors, groups, hot-add.
#![allow(missing_docs)]

use ntsim::{
    cm,
    pnp::{self, node::NodeState, removal},
};
use scenarios::rig::{Rig, boot, node, state_of, wait_until};
use xensim::{Flavour, NicConfig, Wake, Xen};

const BUS: &str = "PCI\\VEN_5853&DEV_0001";
const PARAMETERS: &str = r"\Registry\Machine\System\CurrentControlSet\Services\xenpvpci\Parameters";

fn plug(rig: &Rig, id: u32) {
    let before = pnp::dump().matches("XENPV\\VIF").count();
    rig.xen.plug_nic(NicConfig::new(id));
    wait_until("one more interface", 20, || pnp::dump().matches("XENPV\\VIF").count() == before + 1);
}

/// An added processor has no vector of its own and uses the others; suspends park it too.
#[test]
fn hot_add() {
    for (vcpus, hot) in [(2, 1), (4, 2), (80, 20)] {
        let xen = Xen::builder().vcpus(vcpus).build();
        let rig = Rig::with(xen, vcpus as u64, |b| b.config(|c| c.hot_add = hot));
        rig.run(|| {
            boot(&["xenpvpci"]);
            assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
            let first = vcpus as u32 - hot;
            assert!(rig.console().contains(&format!("{first} processors, {first} vectors")));
            for n in 0..hot {
                let index = ntsim::ke::processors::hot_add(ntsim::kernel()).unwrap();
                assert_eq!(index, first + n);
                plug(&rig, n);
            }
            for (round, wake) in
                [Wake::Cancelled, Wake::Same, Wake::New(Box::default())].into_iter().enumerate()
            {
                rig.xen.suspend(wake, 1_000_000);
                wait_until("the wake", 30, || rig.console().matches("resumed (Some(").count() == round + 1);
            }
            plug(&rig, 100);
            // Started again, the bus takes the new ones in. (Beyond the 32nd their places with the hypervisor
            // are made at boot only.)
            removal::disable(node(BUS)).unwrap();
            removal::enable(node(BUS));
            wait_until("started again", 10, || state_of(BUS) == Some((NodeState::Started, 0)));
            let vectors = if vcpus <= 32 { vcpus } else { first as usize };
            let line = format!("{vcpus} processors, {vectors} vectors");
            assert!(rig.console().contains(&line), "{line}: {}", rig.console());
            let all = hot as usize + 1;
            wait_until("all interfaces", 20, || pnp::dump().matches("XENPV\\VIF").count() == all);
            plug(&rig, 101);
        });
        rig.xen.assert_clean();
    }
}

/// Both ways of delivery and both schemes of event channels, switched by setting or by what there is.
#[test]
fn line_and_vectors_fifo_and_two_level() {
    for (fifo, vectors) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        for flavour in [Flavour::xen_4_20(), Flavour::plain()] {
            let has = flavour.fifo;
            let rig = Rig::new(Xen::builder().vcpus(3).flavour(flavour).build(), 5);
            rig.run(|| {
                pnp::boot::prepare_registry();
                cm::set_dword(PARAMETERS, "FifoEventChannels", fifo, false);
                cm::set_dword(PARAMETERS, "UpcallVectors", vectors, false);
                boot(&["xenpvpci"]);
                assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
                let scheme = if has && fifo == 1 { "FIFO" } else { "2-level" };
                let count = if has && vectors == 1 { 3 } else { 0 };
                let line = format!("{count} vectors, {scheme} events");
                assert!(rig.console().contains(&line), "{line}: {}", rig.console());
                plug(&rig, 1);
                rig.xen.suspend(Wake::New(Box::default()), 1_000_000);
                wait_until("the wake", 30, || rig.console().contains("resumed (Some(NewDomain))"));
                plug(&rig, 2);
                removal::disable(node(BUS)).unwrap();
            });
            assert_ne!(rig.xen.sim().world.hv.param(xensim::abi::xen::hvm::PARAM_CALLBACK_IRQ), 0);
            rig.xen.assert_clean();
        }
    }
}

/// Xen's leaves may start at any of 256 places.
#[test]
fn the_hypervisor_is_found_wherever_its_leaves_are() {
    for base in [0x4000_0000, 0x4000_0100, 0x4000_0a00, 0x4000_ff00] {
        let rig = Rig::new(Xen::builder().vcpus(1).cpuid_base(base).build(), 6);
        rig.run(|| {
            boot(&["xenpvpci"]);
            assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{base:#x}: {}", pnp::dump());
        });
    }
}
