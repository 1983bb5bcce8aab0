//! Looks into values: one item after the other, one at a key, one beside another.

use super::{ITEMS_OF_A_STEP, Machine, Next, Step};
use crate::code::{Operand, Register};
use crate::evaluation_error::EvaluationError;
use crate::heap::{UnknownId, Value, View};
use crate::taint::Taint;
use crate::unknowns::{Kind, Truth};

impl Machine<'_> {
    /// Puts the next item of what is gone through into its registers; false where there is none.
    pub(super) fn item(
        &mut self,
        from: Value,
        index: usize,
        key: Register,
        value: Register,
    ) -> Result<bool, EvaluationError> {
        let (found_key, found) = match self.heap.view(from) {
            View::Array(items) => match items.get(index) {
                Some(it) => (None, *it),
                None => return Ok(false),
            },
            View::Set(items) => match items.get(index) {
                Some(it) => (Some(*it), *it),
                None => return Ok(false),
            },
            View::Object(items) => match items.get(index) {
                Some([key, it]) => (Some(*key), *it),
                None => return Ok(false),
            },
            View::Unknown(id) => {
                let Some((key, it, taint)) = self.unknowns.possibility(id, index) else { return Ok(false) };
                self.taint = self.taints.union(self.taint, taint);
                (Some(key), it)
            }
            View::Null | View::Bool(_) | View::Number(_) | View::String(_) => return Ok(false),
        };
        let found_key = match found_key {
            Some(it) => it,
            None => self.heap.integer(i64::try_from(index).unwrap_or(i64::MAX))?,
        };
        self.write(key, found_key);
        self.write(value, found);
        if self.unknowns.may_be_missing(&self.heap, found) {
            // It may turn out that there is none.
            self.hang_on(found);
        }
        Ok(true)
    }

    pub(super) fn index(&mut self, to: Register, from: Operand, key_from: Operand) -> Step {
        let (from, key) = (self.read(from), self.read(key_from));
        if let View::Unknown(id) = self.heap.view(from) {
            self.spend(self.unknowns.items(id).map_or(0, |it| it.len() as u64))?;
            if !key.has_unknown()
                && let Some(found) = self.possible(id, key)
            {
                return Ok(match found {
                    Some((value, taint)) => {
                        self.write(to, value);
                        self.taint = self.taints.union(self.taint, taint);
                        if self.unknowns.may_be_missing(&self.heap, value) {
                            self.hang_on(value);
                        }
                        Next::Go
                    }
                    None => Next::Fail,
                });
            }
            self.hang_on(from);
            self.hang_on(key);
            let taint = self.taint_of(from);
            let value = self.unknowns.derived(taint);
            self.write(to, value);
            return Ok(Next::Go);
        }
        if key.has_unknown() || matches!(self.heap.view(from), View::Set(_)) && from.has_unknown() {
            if !matches!(self.heap.view(from), View::Array(_) | View::Object(_) | View::Set(_)) {
                return Ok(Next::Fail);
            }
            self.hang_on(from);
            self.hang_on(key);
            let (of_collection, of_key) = (self.taint_of(from), self.taint_of(key));
            let taint = self.taints.union(of_collection, of_key);
            let value = self.unknowns.derived(taint);
            self.write(to, value);
            return Ok(Next::Go);
        }
        match self.member_at(from, key, key_from) {
            Some(value) => {
                self.write(to, value);
                if self.unknowns.may_be_missing(&self.heap, value) {
                    // It may turn out that there is none.
                    self.hang_on(value);
                }
                Ok(Next::Go)
            }
            None => Ok(Next::Fail),
        }
    }

    /// What a collection has at a key. Objects of one kind mostly have a key at the same place: that of a constant is looked
    /// for where it was before.
    fn member_at(&mut self, from: Value, key: Value, key_from: Operand) -> Option<Value> {
        let hint = match key_from {
            Operand::Constant(id) => self.hints.get_mut(id.0 as usize),
            Operand::Register(_) => None,
        };
        let (View::Object(pairs), Some(hint)) = (self.heap.view(from), hint) else {
            return self.heap.get(from, key);
        };
        if let Some((place, there)) = hint
            && let Some([key, value]) = pairs.get(*place)
            && key.is(*there)
        {
            return Some(*value);
        }
        let place = self.heap.place(pairs, key)?;
        let [there, value] = pairs.get(place)?;
        if self.heap.is_text_below(*there) {
            *hint = Some((place, *there));
        }
        Some(*value)
    }

    /// What an uncertain collection has at a key, as far as that is certain: a value and what it hangs on, or nothing.
    pub(super) fn possible(&self, id: UnknownId, key: Value) -> Option<Option<(Value, Taint)>> {
        let kind = self.unknowns.kind(id)?;
        let mut found: Option<(Value, Taint)> = None;
        let mut is_open = false;
        for item in self.unknowns.items(id)? {
            let at = match kind {
                Kind::Set => item.value,
                Kind::Object => item.key,
                Kind::Array => return None,
            };
            match self.unknowns.equal(&self.heap, at, key) {
                Truth::No => {}
                Truth::Yes if found.is_none_or(|it| !it.1.is_none()) && item.taint.is_none() => {
                    found = Some((item.value, item.taint));
                }
                Truth::Yes if found.is_none() => found = Some((item.value, item.taint)),
                // One of several may be it.
                Truth::Yes | Truth::Open => is_open = true,
            }
        }
        match found {
            // What else may be equal to a member of a set is that member.
            Some((_, taint)) if kind == Kind::Set && taint.is_none() => Some(found),
            _ if is_open => None,
            _ => Some(found),
        }
    }

    pub(super) fn equal(&mut self, a: Value, b: Value) -> Step {
        self.spend(self.heap.weight(a).min(self.heap.weight(b)))?;
        Ok(self.compared(a, b))
    }

    /// Takes steps for looking at what stands in values.
    pub(super) fn spend(&mut self, weight: u64) -> Result<(), EvaluationError> {
        self.steps = self.steps.checked_sub(weight / ITEMS_OF_A_STEP).ok_or(EvaluationError::OutOfSteps)?;
        Ok(())
    }

    fn compared(&mut self, a: Value, b: Value) -> Next {
        match self.unknowns.equal(&self.heap, a, b) {
            Truth::Yes => Next::Go,
            Truth::No => Next::Fail,
            Truth::Open => {
                self.hang_on(a);
                self.hang_on(b);
                Next::Go
            }
        }
    }
}
