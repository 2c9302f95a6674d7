//! seccomp: which system calls are answered.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, apply_filter, sock_filter,
};

/// What an argument of a call is compared by.
#[derive(Clone, Copy, Debug)]
pub enum Is {
    /// It is this.
    Equal(u32),
    /// It is something else.
    Not(u32),
    /// These of its bits are all set.
    Has(u32),
    /// Those of its bits that are in the first number make the second.
    Masked(u32, u32),
}

/// A list of system calls, which becomes a filter of this thread and of whatever it starts.
#[derive(Debug, Default)]
pub struct Calls {
    rules: BTreeMap<i64, Vec<SeccompRule>>,
}

impl Calls {
    /// These calls, whatever their arguments are.
    pub fn new(calls: impl IntoIterator<Item = i64>) -> Self {
        Self { rules: calls.into_iter().map(|call| (call, Vec::new())).collect() }
    }

    /// Another call, where all of this is so; a call that is named again is meant where any of its conditions is met.
    ///
    /// # Errors
    /// Where no filter can say that.
    pub fn when(mut self, call: i64, conditions: &[(u8, Is)]) -> io::Result<Self> {
        let conditions = conditions.iter().map(|&(argument, is)| {
            let (operator, value) = match is {
                Is::Equal(value) => (SeccompCmpOp::Eq, value),
                Is::Not(value) => (SeccompCmpOp::Ne, value),
                Is::Has(bits) => (SeccompCmpOp::MaskedEq(bits.into()), bits),
                Is::Masked(mask, value) => (SeccompCmpOp::MaskedEq(mask.into()), value),
            };
            // The arguments that are looked at are 32 bits wide: the kernel does not look at the rest of the register either.
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value.into())
        });
        let conditions = conditions.collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
        let rules = self.rules.entry(call).or_default();
        if !conditions.is_empty() {
            rules.push(SeccompRule::new(conditions).map_err(io::Error::other)?);
        }
        Ok(self)
    }

    /// Refuses every other call as not permitted.
    ///
    /// # Errors
    /// Where the kernel takes no such filter.
    pub fn allow_only(self) -> io::Result<()> {
        self.apply(SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)
    }

    /// Refuses these as not permitted, and lets every other one pass.
    ///
    /// # Errors
    /// Where the kernel takes no such filter.
    pub fn refuse(self) -> io::Result<()> {
        self.apply(SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32))
    }

    /// Has `clone3`, which hides its arguments from filters, not exist: whoever is told so takes the older call.
    ///
    /// # Errors
    /// Where the kernel takes no such filter.
    pub fn without_clone3() -> io::Result<()> {
        Self::new([libc::SYS_clone3]).apply(SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))
    }

    /// Has the second set of numbers not exist that x86-64 kernels may know all calls by (x32): lists of refused calls name the first.
    ///
    /// # Errors
    /// Where the kernel takes no such filter.
    pub fn without_second_numbers() -> io::Result<()> {
        if !cfg!(target_arch = "x86_64") {
            return Ok(());
        }
        const X32: u32 = 0x4000_0000;
        let step = |code: u32, jt, jf, k| sock_filter { code: code as u16, jt, jf, k };
        let program: BpfProgram = vec![
            // The number of the call is what the kernel hands over first.
            step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
            step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, X32),
            step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32),
            step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
        ];
        apply_filter(&program).map_err(io::Error::other)
    }

    fn apply(self, otherwise: SeccompAction, listed: SeccompAction) -> io::Result<()> {
        let architecture = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
        let filter = SeccompFilter::new(self.rules, otherwise, listed, architecture).map_err(io::Error::other)?;
        let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
        apply_filter(&program).map_err(io::Error::other)
    }
}
