//! Nothing of a run stays on the host. Works by names, needs no memory, may be called any number of times.

use crate::{
    runner::Trouble,
    serve,
    toolstack::{Toolstack, is_run},
};

/// Removes all of a run, and looks whether it worked.
///
/// # Errors
/// [`Trouble`]; what is left is named.
pub fn run(stack: &dyn Toolstack, name: &str) -> Result<(), Trouble> {
    if !is_run(name) {
        return Err(Trouble::Failed(format!("`{name}` is no name of a run")));
    }
    serve::stop(stack, name)?;
    stack.sweep(name)?;
    let left = stack.leftovers(name)?;
    if left.is_empty() {
        Ok(())
    } else {
        Err(Trouble::Failed(format!("still on the host: {}", left.join(", "))))
    }
}
