//! What the registry's content keeps through changes, flushes and power cuts.

use super::*;

const SERVICES: &str = "\\Registry\\Machine\\System\\CurrentControlSet\\Services";

fn with_service() -> (Tree, KeyId) {
    let mut tree = Tree::new();
    let (id, created) =
        tree.create(None, &alloc::format!("{SERVICES}\\Sample"), false, "", 1).expect("creates");
    assert!(created);
    tree.set(id, "Start", 4, &0u32.to_le_bytes(), 1).expect("sets");
    (tree, id)
}

#[test]
fn names_fold_and_links_resolve() {
    let (tree, id) = with_service();
    let other = "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\services\\SAMPLE";
    assert_eq!(tree.open(None, other), Ok(id));
    assert_eq!(tree.value(id, "START").expect("value").dword(), Some(0));
    assert_eq!(tree.path(id), "\\REGISTRY\\Machine\\SYSTEM\\ControlSet001\\Services\\Sample");
    assert_eq!(tree.open(None, "\\Registry\\Machine\\None\\x"), Err(CmError::PathNotFound));
    assert_eq!(tree.open(None, "\\Registry\\Machine\\None"), Err(CmError::NotFound));
    assert_eq!(tree.open(Some(id), "\\Registry"), Err(CmError::InvalidName));
}

#[test]
fn volatile_rules() {
    let (mut tree, id) = with_service();
    let (v, _) = tree.create(Some(id), "V", true, "", 1).expect("creates");
    assert_eq!(tree.create(Some(v), "S", false, "", 1), Err(CmError::ChildMustBeVolatile));
    tree.set(v, "x", 4, &[1, 0, 0, 0], 1).expect("sets");
    assert_eq!(tree.delete(id, 2), Err(CmError::HasSubkeys));
    tree.restart();
    assert_eq!(tree.open(Some(id), "V"), Err(CmError::NotFound));
    assert_eq!(tree.key(v).map(|_| ()), Err(CmError::Deleted));
    assert!(tree.open(None, "\\Registry\\Machine\\HARDWARE").is_ok());
    assert!(tree.value(id, "Start").is_ok());
}

#[test]
fn power_cut_takes_back_a_tail() {
    for kept in 0..=4 {
        let (mut tree, id) = with_service();
        tree.flush(id).expect("flushes");
        tree.set(id, "Start", 4, &3u32.to_le_bytes(), 2).expect("sets");
        let (sub, _) = tree.create(Some(id), "Sub", false, "", 2).expect("creates");
        tree.set(sub, "a", 1, &sz("text"), 2).expect("sets");
        tree.delete_value(id, "Start", 2).expect("deletes");
        tree.power_cut(|path, n| {
            if path.ends_with("SYSTEM") {
                assert_eq!(n, 4)
            }
            kept
        });
        let start = tree.value(id, "Start").ok().and_then(Value::dword);
        assert_eq!(start, [Some(0), Some(3), Some(3), Some(3), None][kept], "{kept}");
        assert_eq!(tree.open(Some(id), "Sub").is_ok(), kept >= 2);
        if kept >= 2 {
            assert_eq!(tree.value(sub, "A").is_ok(), kept >= 3);
        }
    }
}

#[test]
fn boot_phase_flush_is_not_durable() {
    let (mut tree, id) = with_service();
    tree.flush(id).expect("flushes");
    tree.writes = Writes::Boot;
    tree.set(id, "Start", 4, &1u32.to_le_bytes(), 2).expect("sets");
    assert_eq!(tree.flush(id), Ok(()));
    assert_eq!(tree.value(id, "Start").expect("value").dword(), Some(1));
    tree.power_cut(|_, n| n);
    assert_eq!(tree.value(id, "Start").expect("value").dword(), Some(0));
    tree.writes = Writes::Failing;
    assert_eq!(tree.flush(id), Err(CmError::Io));
}

#[test]
fn deletion_and_undo_of_trees() {
    let (mut tree, id) = with_service();
    tree.create(Some(id), "Parameters", false, "", 1).expect("creates");
    tree.flush(id).expect("flushes");
    tree.delete_tree(id, 2).expect("deletes");
    assert_eq!(tree.value(id, "Start").map(|_| ()), Err(CmError::Deleted));
    tree.power_cut(|_, _| 0);
    assert_eq!(tree.value(id, "Start").expect("value").dword(), Some(0));
    assert!(tree.open(Some(id), "Parameters").is_ok());
}

#[test]
fn value_forms() {
    let value = Value { name: "m".into(), kind: 7, data: multi_sz(&["a", "bc"]) };
    assert_eq!(value.texts(), Some(alloc::vec!["a".into(), "bc".into()]));
    let short = Value { name: "d".into(), kind: 4, data: alloc::vec![1, 2] };
    assert_eq!(short.dword(), None);
}
